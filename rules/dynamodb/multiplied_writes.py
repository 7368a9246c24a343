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


class MultipliedWrites(ResourceRule):
    """Each write of a global table is billed for every replica and every index in it.

    ## Why it costs

    A global table writes each item once in every region, and in every region once more in
    every index that the item is part of. Both multiply: three replicas with two indexes that
    project ALL make nine paid writes, and nine stored copies, out of one. Transfer between
    the regions comes on top.

    Counted are indexes that project ALL, global and local, because any change of any
    attribute is written there. An item without an index's keys is not in it, so the number
    is the most that a write can come to.

    ## When it is right

    Where users in every region query by these indexes and get whole items. If the other
    region is for recovery only, a cross-region backup copy costs a fraction. Narrower
    projections cut the product in every region at once.

    ## References

    - https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/GlobalTables.html
    - https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-indexes-general.html
    - https://aws.amazon.com/dynamodb/pricing/on-demand/
    """

    id = 'IC5014'
    resources = (_tables.GLOBAL,)
    remedy = 'drop replicas or indexes that are not read, or narrow what the indexes project'

    def check(self, resource: Resource, project: Project, options: Options) -> Iterator[Finding]:
        replicas = sum(1 for _ in resource.properties.maps('Replicas'))
        full = [one for one in _tables.indexes(resource, local=True) if one.projects_all]
        if replicas < 2 or not full:
            return
        times = replicas * (1 + len(full))
        message = (
            f'`{resource.logical_id}` pays for up to {times} writes where one is made: in '
            f'{replicas} replicas, each with {len(full)} index{"es" * (len(full) > 1)} that '
            f'project{"s" * (len(full) == 1)} ALL'
        )
        if _tables.mode(resource) != 'PAY_PER_REQUEST' or not _tables.standard_class(resource):
            yield Finding(('Replicas',), message)
            return
        single = price('ddb.ondemand.wru').usd * 1e7
        copies = price('ddb.ondemand.rwru').usd * 1e7
        total = replicas * (copies + len(full) * single)
        yield Finding(
            ('Replicas',),
            f'{message}, {dollars(total)} for ten million items of 1 KB against '
            f'{dollars(single)} in one table without an index',
            Cost(
                f'{dollars(copies)} for ten million replicated writes and {dollars(single)} for '
                'ten million writes of an index, at the prices of us-east-1 in every region, '
                'Standard table class; usage decides the sum',
            ),
        )
