from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from thera_lint.rule import Finding
from thera_lint.rules.athena import _queries
from thera_lint.rules.athena import _sql

if TYPE_CHECKING:
    from sqlglot import exp
    from sqlglot.optimizer.scope import Scope

    from thera_lint.rules.athena._queries import Query


class CrossJoin(_queries.QueryRule):
    """A query pairs every row of a table with every row of another.

    ## Why it costs

    Without a condition between its two sides a join of a million rows with a thousand is a
    thousand million rows. Athena bills what is read, not what is joined, so that is no charge
    of its own: it is a result that is written to S3 and kept, and more often a query that
    runs into the limit of 30 minutes and holds up others until then. A forgotten condition
    in a list of tables is the usual cause.

    ## When it is right

    With something small: one row of totals, a list of dates. UNNEST, a VALUES list, a series,
    and a subquery that reads no table or gives one row are left alone. So is a join whose
    condition stands in WHERE.

    ## References

    - https://docs.aws.amazon.com/athena/latest/ug/performance-tuning-query-optimization-techniques.html
    - https://docs.aws.amazon.com/athena/latest/ug/service-limits.html
    """

    id = 'WC3013'
    remedy = 'join on what the two sides have in common'

    def judged(self, query: Query, statement: _sql.Statement) -> Iterator[Finding]:
        for scope in statement.scopes:
            for left, right in _crossed(scope):
                yield Finding(
                    query.path,
                    f'`{query.name}` joins each row of `{query.shown(left)}` with each row of '
                    f'`{query.shown(right)}`, no charge of its own but a multiplier of rows to '
                    'write and keep, and of queries that time out',
                )


def _crossed(scope: Scope) -> Iterator[tuple[str, str]]:
    from sqlglot import exp

    args = scope.expression.args
    joins = args.get('joins') or []
    if not isinstance(scope.expression, exp.Select) or not joins or args.get('from_') is None:
        return
    linked = _links(scope)
    if linked is None:
        return
    before = [args['from_'].this]
    for join in joins:
        free = join.args.get('on') is None or not any(True for _ in join.args['on'].find_all(
            exp.Column, exp.Query,
        ))
        free = free and not join.args.get('using') and join.method != 'NATURAL'
        right = join.this
        name = right.alias_or_name.lower()
        group = linked.get(name, {name})
        names = [one.alias_or_name.lower() for one in before]
        if free and not group.intersection(names):
            many = [one for one in before if _is_many(one, scope)]
            if many and _is_many(right, scope):
                yield many[0].alias_or_name, right.alias_or_name
        before.append(right)


def _links(scope: Scope) -> dict[str, set[str]] | None:
    """Which tables the conditions tie together; None where a column does not say whose it is."""
    from sqlglot import exp

    groups: dict[str, set[str]] = {}
    for condition in _sql.conditions(scope):
        node = condition.this if isinstance(condition, (exp.Where, exp.Having)) else condition
        for one in _leaves(node):
            found = list(one.find_all(exp.Column))
            if len(found) > 1 and any(not column.table for column in found):
                return None
            tables = {column.table.lower() for column in found if column.table}
            merged = tables.union(*(groups.get(table, {table}) for table in tables))
            for table in merged:
                groups[table] = merged
    return groups


def _leaves(node: exp.Expr) -> Iterator[exp.Expr]:
    from sqlglot import exp

    for part in _sql.flat(node, exp.And):
        pieces = _sql.flat(part, exp.Or)
        if len(pieces) == 1:
            yield part
        else:
            for piece in pieces:
                yield from _leaves(piece)


def _is_many(node: exp.Expr, scope: Scope) -> bool:
    """Whether it may be many rows of a stored table."""
    from sqlglot import exp

    if isinstance(node, exp.Table):
        inner = scope.sources.get(node.alias_or_name)
        if isinstance(inner, exp.Table):
            return isinstance(inner.this, exp.Identifier) and not _queries.is_small(inner)
    elif isinstance(node, exp.Subquery):
        inner = scope.sources.get(node.alias_or_name)
    else:
        return False
    return inner is not None and not _sql.reads_nothing(inner) and not _sql.one_row(inner)
