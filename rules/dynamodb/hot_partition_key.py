from __future__ import annotations

from collections.abc import Iterator

from thera_lint.project import Project
from thera_lint.rule import Finding
from thera_lint.rule import Options
from thera_lint.rule import ResourceRule
from thera_lint.rules.dynamodb import _tables
from thera_lint.template import Resource

_FEW = frozenset((
    'date', 'day', 'enabled', 'flag', 'month', 'region', 'status', 'type', 'year',
))
_IDENTITY = frozenset(('guid', 'id', 'ids', 'key', 'name', 'uuid'))


class HotPartitionKey(ResourceRule):
    """A partition key takes so few values that its items crowd into one place.

    ## Why it costs

    All items with one partition key live together, and one partition takes 1,000 writes and
    3,000 reads a second, whatever the table may. Keyed by a date, every write of today goes
    to the same place; keyed by a status or a type, so does most of the table. Beyond that
    requests are throttled: no charge of its own, but each retry is another paid call of what
    made it, more capacity is bought that does not help, and a throttled index holds back the
    writes of its table.

    ## When it is right

    Well below these rates, which is most tables: a list of open orders by status is fine at
    ten writes a second. A sparse index, in which only the few items that matter have the
    attribute, is even advised. Composite keys (`tenantId#status`) and tables without a sort
    key, where each value is one item, are not reported.

    ## References

    - https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-design.html
    - https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-uniform-load.html
    """

    id = 'IC5011'
    resources = _tables.TABLES
    remedy = 'key by something with many values, or add a shard number to the value'

    def check(self, resource: Resource, project: Project, options: Options) -> Iterator[Finding]:
        schema = resource.properties.seq('KeySchema')
        key = _tables.hash_key(resource.properties)
        if key is not None and schema and len(schema) > 1 and _few(key[1]):
            yield Finding(key[0], _message(f'`{resource.logical_id}`', key[1]))
        for index in _tables.indexes(resource):
            key = _tables.hash_key(index.properties)
            if key is not None and _few(key[1]):
                yield Finding(
                    (*index.path, *key[0]),
                    _message(f'index `{index.name}` of `{resource.logical_id}`', key[1]),
                )


def _message(subject: str, key: str) -> str:
    return (
        f'{subject} is keyed by `{key}`: all items of one value share 1,000 writes and 3,000 reads '
        'a second, no charge of its own but a multiplier of throttled and repeated calls'
    )


def _few(key: str) -> bool:
    words = _tables.words(key)
    return bool(words) and not _IDENTITY.intersection(words) and (
        words[-1] in _FEW or words[0] == 'is' and len(words) > 1
    )
