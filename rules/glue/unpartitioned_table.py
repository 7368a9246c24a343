from __future__ import annotations

import re
from collections.abc import Iterator

from thera_lint.prices import dollars
from thera_lint.prices import price
from thera_lint.project import Project
from thera_lint.rule import Cost
from thera_lint.rule import Finding
from thera_lint.rule import Options
from thera_lint.rule import ResourceRule
from thera_lint.rules.glue import _tables
from thera_lint.template import Resource


class UnpartitionedTable(ResourceRule):
    """An external table has no partitions, so each query reads all of it.

    ## Why it costs

    Athena bills by the bytes that it reads. In a table with partitions, a day each for example,
    a query with a predicate on the partition's column reads those folders only; without them it
    reads everything that was ever written, and the same query costs more every day. Raw tables
    are the largest of all, and need partitions most.

    ## When it is right

    For a table that stays small, as Athena bills 10 MB a query at least: names of lookup tables
    (`small_name_pattern`) and single files are not reported. Neither are views, buckets
    (CLUSTERED BY), partition projection, tables that a crawler of the project refers to, and
    Iceberg, Delta and Hudi, which keep their partitions in their own metadata.

    ## References

    - https://docs.aws.amazon.com/athena/latest/ug/partitions.html
    - https://docs.aws.amazon.com/athena/latest/ug/partition-projection.html
    - https://aws.amazon.com/athena/pricing/
    """

    id = 'WC3006'
    resources = (_tables.TABLE,)
    remedy = 'add PartitionKeys, with partition projection, by what queries filter on'
    options = (_tables.SMALL_NAMES,)

    def check(self, resource: Resource, project: Project, options: Options) -> Iterator[Finding]:
        table = _tables.stored(resource, project)
        if table is None or not table.table.absent('PartitionKeys') and (
            table.table.seq('PartitionKeys') != []
        ):
            return
        # Projection without keys, and the crawler that will find them.
        known = ('projection.enabled', 'UPDATED_BY_CRAWLER')
        if any(not table.parameters.absent(key) for key in known) or table.is_one_file or re.search(
            options.small_name_pattern, table.name, re.IGNORECASE,
        ):
            return
        columns = table.storage.seq('BucketColumns')
        if columns or columns is None and not table.storage.absent('BucketColumns'):
            return
        if any(use.user.type == 'AWS::Glue::Crawler' for use in project.uses(resource)):
            return
        rate = price('athena.sql.scanned_tb').usd
        yield Finding(
            ('TableInput',),
            f'each query of `{resource.logical_id}` reads all that was ever written to it, at '
            f'{dollars(rate)} a TB: it has no partitions',
            Cost(f'{dollars(rate)} a TB that Athena scans, us-east-1; usage decides the sum'),
        )
