from __future__ import annotations

import re
from collections.abc import Iterator

from thera_lint.prices import dollars
from thera_lint.prices import price
from thera_lint.project import Project
from thera_lint.rule import Cost
from thera_lint.rule import Finding
from thera_lint.rule import Option
from thera_lint.rule import Options
from thera_lint.rule import ResourceRule
from thera_lint.rules.glue import _tables
from thera_lint.template import Resource


class RowFormatTable(ResourceRule):
    """A table that is queried is stored as JSON, CSV or delimited text.

    ## Why it costs

    Athena bills by the bytes that it reads, and of a row format it reads every byte of every
    row, whichever columns the query names. Parquet and ORC keep each column for itself,
    compressed and with its least and greatest values, so a query reads the columns it names,
    and skips blocks that cannot match. In AWS's own example a query over 3 TB of text costs
    $15, and over the same data as compressed Parquet $1.25.

    ## When it is right

    Where the data arrive that way and are converted once: tables whose own name, database or
    location says so (`raw_name_pattern`) are not reported, nor are those whose reader is made
    for somebody else's logs (a regular expression, Grok, CloudTrail). Small tables and single
    files stay below the 10 MB that each query is billed at least: see `small_name_pattern`.
    Views and Iceberg, Delta and Hudi tables have no format of their own here, and a table
    whose location is a parameter is not judged.

    ## References

    - https://docs.aws.amazon.com/athena/latest/ug/columnar-storage.html
    - https://docs.aws.amazon.com/athena/latest/ug/supported-serdes.html
    - https://docs.aws.amazon.com/firehose/latest/dev/record-format-conversion.html
    - https://aws.amazon.com/athena/pricing/
    """

    id = 'WC3005'
    resources = (_tables.TABLE,)
    remedy = 'write Parquet (Firehose converts to it, as does a CTAS), and query that'
    options = (
        Option(
            'raw_name_pattern', 'raw|bronze|landing|staging|(?<!cata)log',
            'Regular expression, in the name, database or location of tables that keep the form '
            'in which their data arrive.',
        ),
        _tables.SMALL_NAMES,
    )

    def check(self, resource: Resource, project: Project, options: Options) -> Iterator[Finding]:
        table = _tables.stored(resource, project)
        found = table.row_format() if table is not None else None
        if table is None or found is None or table.is_one_file:
            return
        raw = re.compile(options.raw_name_pattern, re.IGNORECASE)
        if any(raw.search(name) for name in table.names()) or re.search(
            options.small_name_pattern, table.name, re.IGNORECASE,
        ):
            return
        said, path = found
        rate = price('athena.sql.scanned_tb').usd
        yield Finding(
            path,
            f'each query of `{resource.logical_id}` pays {dollars(rate)} a TB for every byte of '
            f'every row, not only for the columns that it names: it is stored as {said}',
            Cost(f'{dollars(rate)} a TB that Athena scans, us-east-1; usage decides the sum'),
        )
