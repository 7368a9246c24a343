from __future__ import annotations

from collections.abc import Iterator

from thera_lint.prices import dollars
from thera_lint.prices import price
from thera_lint.project import Project
from thera_lint.rule import Cost
from thera_lint.rule import Finding
from thera_lint.rule import Fix
from thera_lint.rule import Options
from thera_lint.rule import Remove
from thera_lint.rule import ResourceRule
from thera_lint.rules.glue import _tables
from thera_lint.template import Resource
from thera_lint.values import Map
from thera_lint.values import Path

_CODECS = (
    'parquet.compression', 'orc.compress', 'write.compression', 'write_compression',
    'write.parquet.compression-codec', 'write.orc.compression-codec',
)

_OFF = ('none', 'uncompressed')


class UncompressedTable(ResourceRule):
    """A table switches off the compression that it would have by default.

    ## Why it costs

    Athena bills the bytes that it reads from S3, compressed as they are, and S3 bills the bytes
    that it keeps. What Athena and Glue write is compressed unless a property says otherwise, so
    this one property makes every query and every stored file dearer.

    The fix removes it. Files that are already there stay as they are, and readable.

    ## When it is right

    Hardly ever. The codecs that are the default cost less time to unpack than the bytes cost to
    fetch. Parameters that only describe files which others wrote, such as `compressionType` by
    a crawler or `Compressed`, are not reported.

    ## References

    - https://docs.aws.amazon.com/athena/latest/ug/compression-formats.html
    - https://docs.aws.amazon.com/athena/latest/ug/create-table.html
    - https://aws.amazon.com/athena/pricing/
    """

    id = 'WC3007'
    resources = (_tables.TABLE,)
    remedy = 'leave the compression to its default, or name ZSTD or SNAPPY'

    def check(self, resource: Resource, project: Project, options: Options) -> Iterator[Finding]:
        table = resource.properties.map('TableInput') or Map()
        serde = (table.map('StorageDescriptor') or Map()).map('SerdeInfo') or Map()
        places: tuple[tuple[Path, Map], ...] = (
            (('TableInput',), table), (('TableInput', 'StorageDescriptor', 'SerdeInfo'), serde),
        )
        scanned = price('athena.sql.scanned_tb').usd
        for path, holder in places:
            parameters = holder.map('Parameters') or Map()
            for key in _CODECS:
                if (parameters.text(key) or '').lower() not in _OFF:
                    continue
                written = (*path, 'Parameters', key)
                yield Finding(
                    written,
                    f'the files of `{resource.logical_id}` stay uncompressed, and queries pay '
                    f'{dollars(scanned)} a TB of them: {key} is {parameters.text(key)}',
                    Cost(f'{dollars(scanned)} a TB that Athena scans, us-east-1, and the storage'),
                    Fix(f'remove {key}', True, (Remove(written),)),
                )
