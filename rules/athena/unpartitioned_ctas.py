from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from thera_lint.rule import Finding
from thera_lint.rules.athena import _queries
from thera_lint.rules.athena import _sql

if TYPE_CHECKING:
    from thera_lint.rules.athena._queries import Query


class UnpartitionedCtas(_queries.QueryRule):
    """A CREATE TABLE AS makes a table in one piece.

    ## Why it costs

    A table that is neither partitioned nor bucketed is read from end to end by every query
    that names a column of it, however narrow its condition is. Partitioned by what most
    queries filter by, a query about a day reads that day.

    ## When it is right

    For small tables, which most results are: below some hundred megabytes partitions only
    make small files. Iceberg tables, which may be partitioned later, a table WITH NO DATA,
    a result of at most one row and a result with a LIMIT are left alone.

    ## References

    - https://docs.aws.amazon.com/athena/latest/ug/ctas-partitioning-and-bucketing.html
    - https://docs.aws.amazon.com/athena/latest/ug/create-table-as.html
    - https://aws.amazon.com/athena/pricing/
    """

    id = 'IC3011'
    remedy = 'add partitioned_by with the column that most queries filter by'

    def judged(self, query: Query, statement: _sql.Statement) -> Iterator[Finding]:
        properties = statement.properties
        if statement.kind != 'ctas' or statement.target is None or properties.get('no_data'):
            return
        if {'bucketed_by', 'partitioned_by', 'partitioning'}.intersection(properties):
            return
        if str(properties.get('table_type', '')).upper() == 'ICEBERG':
            return
        if _sql.reads_nothing(statement.top) or _sql.one_row(statement.top):
            return
        if statement.top.expression.args.get('limit'):
            return
        yield Finding(
            query.path,
            f'`{query.name}` makes `{query.shown(statement.target.name)}` without partitions or '
            f'buckets, so each later query reads it all: {_queries.scan()} it holds',
        )
