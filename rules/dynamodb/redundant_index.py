from __future__ import annotations

from collections.abc import Iterator

from thera_lint.prices import dollars
from thera_lint.project import Project
from thera_lint.rule import Cost
from thera_lint.rule import Finding
from thera_lint.rule import Options
from thera_lint.rule import ResourceRule
from thera_lint.rules.dynamodb import _scaling
from thera_lint.rules.dynamodb import _tables
from thera_lint.template import Resource
from thera_lint.values import Map


class RedundantIndex(ResourceRule):
    """An index answers nothing that the table, or another index, does not answer already.

    ## Why it costs

    Each index is stored, and written at each change, as a table of its own, and on a
    provisioned table it has a capacity of its own. With the keys of the table, or with those
    of another index that holds as much, it finds the same items by the same key.

    An index is compared by all its keys, in order. A local index is never called redundant
    because of a global one: only the local one can be read consistently, in another order
    than the table's.

    ## When it is right

    AWS describes two uses of an index with the table's own keys: as a replica for readers
    that must not use up the capacity of the table, and, projecting KEYS_ONLY, to list keys
    without paying for whole items. Ignore the finding with that reason. While one index
    replaces another, both are needed until the new one is filled.

    ## References

    - https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-indexes-general.html
    - https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-indexes-gsi-replica.html
    - https://aws.amazon.com/dynamodb/pricing/
    """

    id = 'WC5008'
    resources = _tables.TABLES
    remedy = 'remove the index and query what has the same keys'

    def check(self, resource: Resource, project: Project, options: Options) -> Iterator[Finding]:
        indexes = list(_tables.indexes(resource, local=True))
        # Local ones first: beside a global one with the same keys they are what stays.
        indexes.sort(key=lambda index: index.is_global)
        own = _tables.keys(resource.properties, resource, project)
        schemas = [_tables.keys(index.properties, resource, project) for index in indexes]
        gone: set[int] = set()
        # From the end: of two that are the same, the one written first stays.
        for number in range(len(indexes) - 1, -1, -1):
            index, schema = indexes[number], schemas[number]
            if schema is None:
                continue
            if schema == own:
                twin = 'the table itself'
            else:
                others = [
                    other for place, other in enumerate(indexes)
                    if place != number and place not in gone and schemas[place] == schema and
                    not (other.is_global and not index.is_global) and
                    _holds(other.properties, index.properties)
                ]
                if not others:
                    continue
                twin = f'index `{others[0].name}`, which projects as much'
            gone.add(number)
            yield _finding(resource, project, index, twin)


def _finding(
        table: Resource, project: Project, index: _tables.Index, twin: str,
) -> Finding:
    message = (
        f'index `{index.name}` of `{table.logical_id}` has the keys of {twin}: it is stored and '
        'written once more and answers nothing new'
    )
    monthly = sum(
        one.side.month(one.units or 0)
        for one in _scaling.fixed(table, project)
        if one.secondary is not None and one.secondary.path == index.path
    )
    if not monthly or not _tables.standard_class(table):
        return Finding(index.path, message)
    return Finding(
        index.path,
        f'{message}, for {dollars(monthly)} a month of fixed capacity',
        Cost(
            'the fixed units of the index for 730 hours (us-east-1, Standard table class, '
            'without the free tier)',
            monthly_usd=monthly,
        ),
    )


def _holds(index: Map, other: Map) -> bool:
    """Whether the first projects at least what the second does."""
    mine, theirs = index.map('Projection'), other.map('Projection')
    if mine is None or theirs is None:
        return False
    kinds = mine.text('ProjectionType'), theirs.text('ProjectionType')
    if None in kinds:
        return False
    if kinds[0] == 'ALL' or kinds[1] == 'KEYS_ONLY':
        return True
    if kinds != ('INCLUDE', 'INCLUDE'):
        return False
    ours, others = mine.seq('NonKeyAttributes'), theirs.seq('NonKeyAttributes')
    return ours is not None and others is not None and all(name in ours for name in others)
