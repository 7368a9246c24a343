from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from thera_lint.rule import Finding
from thera_lint.rules.athena import _queries
from thera_lint.rules.athena import _sql

if TYPE_CHECKING:
    from sqlglot.optimizer.scope import Scope

    from thera_lint.rules.athena._queries import Query


class SelectStar(_queries.QueryRule):
    """A query asks for every column of a stored table.

    ## Why it costs

    Athena bills what it reads. In Parquet and ORC a column that nobody names is not read,
    so a table of forty columns costs a tenth where the query names four. `*` reads all of
    them, and more with each column that somebody adds. LIMIT does not make it read fewer
    columns. In an INSERT, a CREATE TABLE AS or an UNLOAD, all of them are also written and
    kept.

    Only a `*` that reaches the result counts: what an outer query does not name is not read,
    so `count(*)`, EXISTS, and a CTE with `*` whose reader names its columns are left alone,
    and so is a view. A table that this run declares in a row format (JSON, text, CSV) is read
    as a whole anyway; there only what writes the columns is reported.

    ## When it is right

    Where every column is needed, as in an archive copy. Naming them says so, and keeps the
    query from growing with the table.

    ## References

    - https://docs.aws.amazon.com/athena/latest/ug/performance-tuning-data-optimization-techniques.html
    - https://docs.aws.amazon.com/athena/latest/ug/columnar-storage.html
    - https://aws.amazon.com/athena/pricing/
    """

    id = 'WC3008'
    remedy = 'name the columns that are needed'

    def judged(self, query: Query, statement: _sql.Statement) -> Iterator[Finding]:
        if statement.kind not in ('select', 'ctas', 'insert', 'unload'):
            return
        reported = set()
        for source in _starred(statement.top):
            known = _queries.table_of(source.table, query)
            name = query.shown(source.table.name)
            if name in reported:
                continue
            reported.add(name)
            if known is None or not known.rows:
                consequence = f'reads every column of `{name}`: {_queries.scan()} they hold'
            elif statement.kind != 'select':
                consequence = (
                    f'writes every column of `{name}`, needed or not: '
                    f'more to keep, and {_queries.scan()} that is read again'
                )
            else:
                continue
            yield Finding(query.path, f'`{query.name}` selects * and {consequence}')


def _starred(scope: Scope) -> Iterator[_sql.Source]:
    """The stored tables whose columns all reach the result of a SELECT."""
    from sqlglot import exp

    for one in scope.set_operation_scopes:
        yield from _starred(one)
    if scope.set_operation_scopes:
        return
    own = {source.alias: source for source in _sql.of_scope(scope)}
    for alias, (_, inner) in scope.selected_sources.items():
        if any(_sql.star_of(one, alias.lower()) for one in _sql.selects(scope)):
            if alias.lower() in own:
                yield own[alias.lower()]
            elif not isinstance(inner, exp.Table):
                yield from _starred(inner)
