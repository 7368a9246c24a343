from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from thera_lint.rule import Finding
from thera_lint.rules.athena import _queries
from thera_lint.rules.athena import _sql

if TYPE_CHECKING:
    from sqlglot.optimizer.scope import Scope

    from thera_lint.rules.athena._queries import Query


class FullTableScan(_queries.QueryRule):
    """A query reads all partitions of a table.

    ## Why it costs

    Athena bills what it reads, and partitions are what lets it read a day instead of five
    years. It skips those that a condition on the partition columns rules out, and nothing
    else: a condition on a timestamp inside the data, however narrow, still reads every
    partition. The price of such a query grows with the table, every day.

    Where the run declares the table (a Glue table, CREATE TABLE or CREATE TABLE AS), its
    partition columns are known. Of another table a query is reported only where it has no
    condition at all, in no SELECT that handles the rows, and joins nothing.

    ## When it is right

    For what is really about all of the data: a first load, a yearly count. CREATE TABLE AS
    and views are left alone, and so is a query that reads no column of the data
    (`count(*)`, `max(dt)`), a partition column in a join, and unknown tables that are named
    like views or lookups (view, v, dim, lookup, map, ref).

    ## References

    - https://docs.aws.amazon.com/athena/latest/ug/partitions.html
    - https://docs.aws.amazon.com/athena/latest/ug/performance-tuning-data-optimization-techniques.html
    - https://aws.amazon.com/athena/pricing/
    """

    id = 'WC3009'
    remedy = 'add a condition on a partition column'

    def judged(self, query: Query, statement: _sql.Statement) -> Iterator[Finding]:
        if statement.kind not in ('select', 'insert', 'unload'):
            return
        reported = set()
        for source in _sql.sources(statement):
            name = query.shown(source.table.name)
            known = _queries.table_of(source.table, query)
            read = _sql.read_columns(source)
            if name in reported or known is not None and known.view:
                continue
            if known is None or known.keys is None:
                if read == set() or known is None and _queries.is_small(source.table):
                    continue
                if _is_narrowed(source.scope, statement):
                    continue
                cause = 'has no condition at all'
            else:
                keys = set(known.keys)
                if not keys or read is not None and read <= keys:
                    continue
                if _sql.mentions(source, keys, statement):
                    continue
                listed = ', '.join(f'`{key}`' for key in known.keys)
                cause = f'has no condition on the partition column{"s"[:len(keys) > 1]} {listed}'
            reported.add(name)
            yield Finding(
                query.path,
                f'`{query.name}` reads all of `{name}`, because it {cause}: '
                f'{_queries.scan()} of it, at every run',
            )


def _is_narrowed(scope: Scope, statement: _sql.Statement) -> bool:
    """Whether any condition, join or plain LIMIT stands between a table and the result."""
    args = scope.expression.args
    if _sql.joins(scope) or args.get('laterals') or _sql.conditions(scope):
        return True
    if args.get('limit') and not (args.get('order') or args.get('group') or args.get('distinct')):
        if not any(one.find(*_aggregates()) for one in _sql.selects(scope)):
            return True  # it stops reading when it has that many rows
    return any(
        _is_narrowed(reader, statement) for reader, _ in _sql.readers(scope, statement)
    )


def _aggregates() -> tuple[type, ...]:
    from sqlglot import exp

    return (exp.AggFunc, exp.Window)
