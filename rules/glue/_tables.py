"""Glue tables as Athena reads them; what the rules on tables share, no rule itself."""
from __future__ import annotations

import re
from collections.abc import Iterator

from thera_lint.project import Project
from thera_lint.rule import Option
from thera_lint.template import Resource
from thera_lint.values import Map
from thera_lint.values import Path
from thera_lint.values import Text

TABLE = 'AWS::Glue::Table'
DATABASE = 'AWS::Glue::Database'

SMALL_NAMES = Option(
    'small_name_pattern', '(^|[_-])(lookup|dim|ref|reference)s?([_-]|$)',
    'Regular expression of the names of small tables, for which neither format nor partitions pay.',
)

# Not those for logs (RegexSerDe, GrokSerDe, CloudTrailSerde): nobody here chose their format.
_ROW_SERDES = {
    'JsonSerDe': 'JSON',
    'OpenCSVSerde': 'CSV',
    'LazySimpleSerDe': 'delimited text',
    'MultiDelimitSerDe': 'delimited text',
}
_ROW_CLASSIFICATIONS = {'json': 'JSON', 'csv': 'CSV', 'tsv': 'delimited text'}

_LAKE = frozenset(('iceberg', 'delta', 'hudi'))

_FILE = re.compile(r'[^/⟩]\.(csv|tsv|txt|json|jsonl|gz|bz2|zip|parquet|orc)\Z', re.IGNORECASE)


class Stored:
    """An external table over files in S3 whose layout the catalogue alone decides."""

    def __init__(self, resource: Resource, project: Project, table: Map, storage: Map) -> None:
        self.table = table
        self.storage = storage
        self.parameters = table.map('Parameters') or Map()
        self._resource = resource
        self._project = project

    def text(self, value: object) -> str:
        return self._project.text(value, self._resource.template)

    @property
    def name(self) -> str:
        return self.text(self.table.get('Name'))

    @property
    def is_one_file(self) -> bool:
        locations = (self.storage.get('Location'), self.parameters.get('storage.location.template'))
        return any(
            _FILE.search(self.text(one)) for one in locations if isinstance(one, (str, Text))
        )

    def names(self) -> Iterator[str]:
        """All that may say what the table is for: its own, its database's, its place."""
        yield self._resource.logical_id
        yield self.name
        yield self.text(self.storage.get('Location'))
        database = self._resource.properties.get('DatabaseName')
        yield self.text(database)
        for one in self._project.find(database, self._resource.template, DATABASE):
            given = one.properties.map('DatabaseInput')
            if given is not None:
                yield self._project.text(given.get('Name'), one.template)

    def row_format(self) -> tuple[str, Path] | None:
        """JSON, CSV or delimited text, and where that is written below Properties."""
        storage: Path = ('TableInput', 'StorageDescriptor')
        if not self.storage.absent('SerdeInfo'):
            library = (self.storage.map('SerdeInfo') or Map()).text('SerializationLibrary')
            if library is not None:
                said = _ROW_SERDES.get(library.rpartition('.')[2])
                return (said, (*storage, 'SerdeInfo', 'SerializationLibrary')) if said else None
        said = _ROW_CLASSIFICATIONS.get((self.parameters.text('classification') or '').lower())
        return (said, ('TableInput', 'Parameters', 'classification')) if said else None


def stored(resource: Resource, project: Project) -> Stored | None:
    """None for a view, Iceberg, Delta and Hudi, another store than S3, and where unknown."""
    properties = resource.properties
    table = properties.map('TableInput')
    if table is None or table.open or not properties.absent('OpenTableFormatInput'):
        return None
    storage = table.map('StorageDescriptor')
    kind = 'EXTERNAL_TABLE' if table.absent('TableType') else table.text('TableType')
    if storage is None or storage.open or kind != 'EXTERNAL_TABLE':
        return None
    location = storage.get('Location')
    start = location.parts[0] if isinstance(location, Text) else location
    if not isinstance(start, str) or not re.match('s3[an]?://', start):
        return None
    parameters = table.map('Parameters')
    if parameters is None:
        if not table.absent('Parameters'):
            return None
    elif parameters.open or not parameters.absent('metadata_location') or any(
        (parameters.text(key) or '').lower() in _LAKE
        for key in ('table_type', 'spark.sql.sources.provider', 'classification')
    ):
        return None
    return Stored(resource, project, table, storage)
