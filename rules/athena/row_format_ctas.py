from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from thera_lint.rule import Finding
from thera_lint.rule import Fix
from thera_lint.rule import Set
from thera_lint.rules.athena import _queries
from thera_lint.rules.athena import _sql

if TYPE_CHECKING:
    from thera_lint.rules.athena._queries import Query

_ROWS = ('AVRO', 'CSV', 'JSON', 'TEXTFILE')
_FORMAT = re.compile(r"\b(format\s*=\s*)'(?:AVRO|CSV|JSON|TEXTFILE)'", re.I)
# Properties that mean nothing, or something else, in a Parquet table.
_OF_THE_FORMAT = ('avro_schema_url', 'field_delimiter', 'null_format', 'write_compression')


class RowFormatCtas(_queries.QueryRule):
    """A query writes its result in a row format.

    ## Why it costs

    Every later query of a JSON, CSV, text or Avro table reads all of each row, named columns
    or not, and Athena bills what it reads. Parquet, which is also the default, lets it read
    the named columns only, and is smaller: AWS's own example of a 3 TB text file comes down
    from $15 to $1.25 a query.

    ## When it is right

    Where something else reads the files and knows no Parquet, which is what UNLOAD to CSV or
    JSON is often for.

    The fix is for tables only, as Athena reads them the same. It is unsafe where the query names
    the place of the files, since something else may read them there.

    ## References

    - https://docs.aws.amazon.com/athena/latest/ug/create-table-as.html
    - https://docs.aws.amazon.com/athena/latest/ug/unload.html
    - https://docs.aws.amazon.com/athena/latest/ug/columnar-storage.html
    - https://aws.amazon.com/athena/pricing/
    """

    id = 'WC3010'
    remedy = "write format = 'PARQUET'"

    def judged(self, query: Query, statement: _sql.Statement) -> Iterator[Finding]:
        written = statement.properties.get('format')
        if statement.kind not in ('ctas', 'unload') or not isinstance(written, str):
            return
        if written.upper() not in _ROWS:
            return
        what = 'its result'
        if statement.kind == 'ctas' and statement.target is not None:
            what = f'`{query.shown(statement.target.name)}`'
        yield Finding(
            query.path,
            f'`{query.name}` writes {what} as {written.upper()}, of which each later query reads '
            f'every column: {_queries.scan()} that it holds',
            fix=_fix(statement, query),
        )


def _fix(statement: _sql.Statement, query: Query) -> Fix | None:
    if statement.kind != 'ctas' or not query.plain or len(query.statements) > 1:
        return None
    if any(name in statement.properties for name in _OF_THE_FORMAT):
        return None
    text, count = _FORMAT.subn(r"\1'PARQUET'", query.text)
    if count != 1:
        return None
    # Where the files' place is named, something else may read them.
    safe = 'external_location' not in statement.properties
    return Fix("write format = 'PARQUET'", safe, (Set(query.path, text),))
