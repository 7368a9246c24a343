from __future__ import annotations

from collections.abc import Iterator

from thera_lint.prices import dollars
from thera_lint.prices import price
from thera_lint.project import Project
from thera_lint.rule import Cost
from thera_lint.rule import Finding
from thera_lint.rule import Options
from thera_lint.rule import ResourceRule
from thera_lint.rules.dynamodb import _tables
from thera_lint.template import Resource


class IndexProjectsEverything(ResourceRule):
    """An index that projects ALL stores, and writes, every item a second time.

    ## Why it costs

    An index is a second table that DynamoDB keeps in step. With ProjectionType ALL it holds
    every attribute: the storage is paid twice, and any change of any attribute is written,
    and billed, twice. With KEYS_ONLY, or INCLUDE and the attributes that its queries return,
    the copy is smaller, and a change of an attribute that is not in it costs nothing there.

    ## When it is right

    Where queries on the index return whole items: fetching them from the table by a second
    read costs more than the copy. Small items, and items that are written once and read
    often, gain little from a narrower projection. A projection cannot be changed: CloudFormation
    makes a new index, and fills it at the price of its writes.

    ## References

    - https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-indexes-general.html
    - https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/GSI.html
    - https://aws.amazon.com/dynamodb/pricing/on-demand/
    """

    id = 'IC5007'
    resources = _tables.TABLES
    remedy = 'project KEYS_ONLY, or INCLUDE the attributes that queries on the index return'

    def check(self, resource: Resource, project: Project, options: Options) -> Iterator[Finding]:
        for index in _tables.indexes(resource):
            if not index.projects_all:
                continue
            message = (
                f'index `{index.name}` of `{resource.logical_id}` projects ALL: a second copy of '
                'each item and a second write of each change'
            )
            path = *index.path, 'Projection', 'ProjectionType'
            if not _tables.standard_class(resource):
                yield Finding(path, message)
                continue
            storage = dollars(price('ddb.storage.standard').usd * 1000)
            writes = dollars(price('ddb.ondemand.wru').usd * 1e7)
            on_demand = _tables.mode(resource) == 'PAY_PER_REQUEST'
            yield Finding(
                path,
                f'{message}, {storage} a month for 1,000 GB' +
                (f' and {writes} for ten million writes of 1 KB' if on_demand else ''),
                Cost(
                    f'{storage} a month for 1,000 GB of items' +
                    (f', {writes} for ten million writes of up to 1 KB' if on_demand else '') +
                    ' (us-east-1, Standard table class); usage decides the sum',
                ),
            )
