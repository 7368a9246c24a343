from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from thera_lint.rule import Finding
from thera_lint.rules.athena import _queries
from thera_lint.rules.athena import _sql

if TYPE_CHECKING:
    from thera_lint.rules.athena._queries import Query


class OrderWithoutLimit(_queries.QueryRule):
    """A query sorts all of its result.

    ## Why it costs

    To sort, one worker has to hold all rows. Athena bills what is read, so that is no
    charge of its own; it is what makes a query slow, and fail for lack of memory. With a
    LIMIT each worker keeps its own first rows only. All rows are also written to the
    results bucket, where they are kept.

    ## When it is right

    Where somebody reads the whole result in that order. Grouped results, which are mostly
    short, are left alone, and so is CREATE TABLE AS, INSERT, UNLOAD, and an ORDER BY inside
    a window or a subquery.

    ## References

    - https://docs.aws.amazon.com/athena/latest/ug/performance-tuning-query-optimization-techniques.html
    - https://aws.amazon.com/athena/pricing/
    """

    id = 'IC3014'
    remedy = 'add a LIMIT, or sort where the result is used'

    def judged(self, query: Query, statement: _sql.Statement) -> Iterator[Finding]:
        if statement.kind != 'select':
            return
        top = statement.top
        args = top.expression.args
        if not args.get('order') or args.get('limit'):
            return
        if args.get('group') or _sql.reads_nothing(top) or _sql.one_row(top):
            return
        yield Finding(
            query.path,
            f'`{query.name}` sorts its whole result without a LIMIT, no charge of its own but a '
            'multiplier of time, of failures for lack of memory, and of results to keep',
        )
