from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from thera_lint.rule import Finding
from thera_lint.rules.athena import _queries
from thera_lint.rules.athena import _sql

if TYPE_CHECKING:
    from sqlglot import exp

    from thera_lint.rules.athena._queries import Query


class DefeatedPartitionFilter(_queries.QueryRule):
    """A query filters by a partition column in a way that rules no partition out.

    ## Why it costs

    Athena skips a partition when the condition is false for that partition's values, whatever
    is in its files. Once a column of the data takes part, inside one function with the
    partition column (`concat(dt, hour)`), on the other side of the comparison
    (`dt = date_format(updated_at, '%Y-%m-%d')`) or in the other half of an OR, it has to open
    the files to know. The query looks filtered, and reads the whole table.

    A function of partition columns and constants alone, such as
    `date_trunc('month', date(dt)) = DATE '2024-01-01'`, is not reported: Athena works it out
    for each partition and skips as before.

    ## When it is right

    Where a check of the partitions themselves is the point, such as a search for records that
    lie under a wrong date.

    ## References

    - https://docs.aws.amazon.com/athena/latest/ug/partitions.html
    - https://docs.aws.amazon.com/athena/latest/ug/performance-tuning-data-optimization-techniques.html
    - https://github.com/trinodb/trino/issues/19097 (the plan of `date(partition) >= ...`)
    - https://github.com/trinodb/trino/issues/21460 (the plan of a comparison with a data column)
    - https://aws.amazon.com/athena/pricing/
    """

    id = 'WC3012'
    remedy = 'add a condition that compares the partition column with constants alone'

    def judged(self, query: Query, statement: _sql.Statement) -> Iterator[Finding]:
        if statement.kind not in ('ctas', 'insert', 'select', 'unload'):
            return
        for source in _sql.sources(statement):
            known = _queries.table_of(source.table, query)
            where = source.scope.expression.args.get('where')
            if where is None or known is None or not known.keys or known.view:
                continue
            if len(source.scope.selected_sources) > 1:  # a join may rule partitions out
                continue
            keys = set(known.keys)
            mixed = _mixed(where.this, keys)
            if mixed is None or _prunes(where.this, keys):
                continue
            if any(
                _sql.mentions(_sql.Source(source.table, name or '', reader), keys, statement)
                for reader, name in _sql.readers(source.scope, statement)
            ):
                continue
            key, other = mixed
            yield Finding(
                query.path,
                f'`{query.name}` filters `{query.shown(source.table.name)}` by its partition '
                f'column `{key}` only together with `{other}`, which is in the data, so it reads '
                f'all partitions: {_queries.scan()} of it',
            )


def _names(node: exp.Expr) -> list[str]:
    from sqlglot import exp

    return [column.name.lower() for column in node.find_all(exp.Column)]


def _prunes(node: exp.Expr, keys: set[str]) -> bool:
    """Whether partitions can fail a condition by their values alone."""
    from sqlglot import exp

    if isinstance(node.unnest(), exp.And):
        return any(_prunes(one, keys) for one in _sql.flat(node, exp.And))
    if isinstance(node.unnest(), exp.Or):
        return all(_prunes(one, keys) for one in _sql.flat(node, exp.Or))
    if node.find(exp.Query):
        return True  # what a subquery does is not looked at
    names = set(_names(node))
    hidden = any(name.startswith('$') for name in names)  # "$path" and "$partition" do prune
    return hidden or bool(names) and names <= keys


def _mixed(node: exp.Expr, keys: set[str]) -> tuple[str, str] | None:
    """A partition column and the data column that it stands together with."""
    from sqlglot import exp

    for one in _sql.flat(node, exp.And):
        names = _names(one)
        partition = [name for name in names if name in keys]
        data = [name for name in names if name not in keys]
        if partition and data:
            return partition[0], data[0]
    return None
