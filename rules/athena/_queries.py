"""The queries of a run, wherever they are written, and the tables that the run declares."""
from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from typing import NamedTuple
from typing import TYPE_CHECKING

from thera_lint.prices import dollars
from thera_lint.prices import price
from thera_lint.project import Project
from thera_lint.rule import Finding
from thera_lint.rule import Options
from thera_lint.rule import ResourceRule
from thera_lint.rule import StateRule
from thera_lint.rules.athena import _sql
from thera_lint.states import MACHINE
from thera_lint.states import State
from thera_lint.template import Resource
from thera_lint.template import Template
from thera_lint.values import as_text
from thera_lint.values import Map
from thera_lint.values import Parameter
from thera_lint.values import Path
from thera_lint.values import Reference
from thera_lint.values import Text
from thera_lint.values import UNKNOWN
from thera_lint.values import Unknown

if TYPE_CHECKING:
    from sqlglot import exp

RESOURCES = ('AWS::Athena::NamedQuery', 'AWS::Athena::PreparedStatement')

_TEXTS = {
    'AWS::Athena::NamedQuery': 'QueryString',
    'AWS::Athena::PreparedStatement': 'QueryStatement',
}
_FORMAT = re.compile(r"\s*States\.Format\(\s*'(?P<text>(?:[^'\\]|\\.)*)'\s*[,)]", re.S)
_ROWS = ('json', 'lazysimple', 'opencsv', 'regex', 'grok', 'cloudtrail')
# Small by convention, and views: nobody partitions these.
_SMALL = re.compile(r'(?:\A|_)(?:dim|lookup|map|mapping|ref|v|vw|view|views)(?:_|\Z)')


class Query(NamedTuple):
    """A query and where it stands; `name` is the resource or the state, for messages.

    `text` has `_sql.HOLE` for what is unknown; `holes` are the canonical text of each, and
    `labels` what a message says for it.
    `plain` says that the text was written as it is, without a function around it.
    """

    name: str
    path: Path
    text: str
    plain: bool
    holes: list[str]
    labels: list[str]
    database: str | None
    project: Project
    statements: tuple[_sql.Statement, ...]

    def shown(self, name: str) -> str:
        """A name in the text, for a message."""
        return str(_sql.HOLE.sub(lambda match: self.labels[int(match[1])], name))


class Table(NamedTuple):
    """What the run says about a table; `keys` is None where that is nothing certain."""

    keys: tuple[str, ...] | None = None
    view: bool = False
    rows: bool = False
    """Stored in a row format, of which a query reads every column anyway."""


class QueryRule(ResourceRule, StateRule):
    """A rule on Athena's queries, one statement at a time, wherever they are written."""

    resources = RESOURCES
    states = ('Task',)

    def check(
            self, place: Resource | State, project: Project, options: Options,
    ) -> Iterator[Finding]:
        query = of_place(place, project)
        if query is not None:
            for statement in query.statements:
                yield from self.judged(query, statement)

    def judged(self, query: Query, statement: _sql.Statement) -> Iterator[Finding]:
        """What there is to say of a statement of a query."""
        raise NotImplementedError


def scan() -> str:
    """What it costs to read a terabyte."""
    return f'{dollars(price("athena.sql.scanned_tb").usd)} for each TB'


def is_start(state: State) -> bool:
    """Whether a state starts a query."""
    task = state.task
    return (
        task is not None and task.service == 'athena' and
        task.action.lower() == 'startqueryexecution'
    )


def of_place(place: Resource | State, project: Project) -> Query | None:
    """The query of a resource or a state; None where there is none, or nothing of it is known."""
    if isinstance(place, Resource):
        key = _TEXTS[place.type]
        path: Path = (key,)
        value = place.properties.get(key)
        template: Template | None = place.template
        raw = _raw(place.template.source.data, place.place(path))
        database = place.properties.get('Database')
    else:
        if not is_start(place):
            return None
        owner = place.machine.resource
        template = owner.template if owner is not None else None
        holder = place.parameters
        words = 'Arguments' if place.jsonata else 'Parameters'
        key, value = _of_state(place, holder)
        path = (words, key)
        raw = value
        context = holder.map('QueryExecutionContext')
        database = context.get('Database') if context is not None else None
    filled = _filled(value, project, template)
    if filled is None:
        return None
    text, holes, labels = filled
    name = place.logical_id if isinstance(place, Resource) else place.name
    return Query(
        name, path, text, raw == value and path[-1] != 'QueryString.$', holes, labels,
        _canonical(database, project, template), project, _sql.parsed(text),
    )


def _of_state(state: State, holder: Map) -> tuple[str, Any]:
    """The key and the text of a state's query; a part that the execution fills is unknown."""
    if not state.jsonata and 'QueryString.$' in holder:
        expression = holder.get('QueryString.$')
        match = _FORMAT.match(expression) if isinstance(expression, str) else None
        if match is None:
            return 'QueryString.$', UNKNOWN
        pieces: list[Any] = []
        for piece in re.split(r'(\{\})', match['text']):
            pieces.append(UNKNOWN if piece == '{}' else re.sub(r'\\(.)', r'\1', piece))
        return 'QueryString.$', Text(tuple(pieces))
    value = holder.get('QueryString')
    if isinstance(value, str) and value.lstrip().startswith('{%'):
        value = UNKNOWN
    return 'QueryString', value


def _raw(data: Any, place: Path) -> Any:
    for part in place:
        try:
            data = data[part]
        except (LookupError, TypeError):
            return None
    return data


def _filled(
        value: Any, project: Project, template: Template | None,
) -> tuple[str, list[str], list[str]] | None:
    if isinstance(value, str):
        return value, [], []
    if not isinstance(value, Text):
        return None
    text = ''
    holes: list[str] = []
    labels: list[str] = []
    for index, part in enumerate(value.parts):
        if isinstance(part, str):
            text += part
            continue
        after = value.parts[index + 1] if index + 1 < len(value.parts) else ''
        written = _sql.hole(len(holes), text, after if isinstance(after, str) else '')
        if written is None and isinstance(part, Reference):
            written = f'zhole{len(holes)}z'  # what a resource is called is a name
        if written is None:
            return None
        text += written
        holes.append(_canonical(part, project, template) or '⟨?⟩')
        labels.append(_label(part))
    return text, holes, labels


def _label(part: Unknown) -> str:
    if isinstance(part, Parameter):
        return f'${{{part.name}}}'
    if isinstance(part, Reference):
        return f'${{{".".join(filter(None, (part.logical_id, part.attribute)))}}}'
    return '*'


def _canonical(value: Any, project: Project, template: Template | None) -> str | None:
    if value is None:
        return None
    if template is None:
        return as_text(value) or '⟨?⟩'
    return project.text(value, template)


# --- tables


class _Declared(NamedTuple):
    database: str | None
    table: Table


def table_of(table: exp.Table, query: Query) -> Table | None:
    """What the run says of a table that a query names; None where it says nothing."""
    name, database = _name(table.name, query), _name(table.db, query) or query.database
    found = [
        one.table for one in query.project.once(_declared).get(name, ())
        if not _other(database, one.database)
    ] if '⟨?⟩' not in name else []
    if len(set(found)) > 1:
        return Table()
    return found[0] if found else None


def is_small(table: exp.Table) -> bool:
    """Whether a table's name says that it is a view, or a short list to look up."""
    return _SMALL.search(table.name.lower()) is not None


def _name(name: str, query: Query) -> str:
    return str(_sql.HOLE.sub(lambda match: query.holes[int(match[1])], name)).lower()


def _other(one: str | None, other: str | None) -> bool:
    known = one and other and '⟨' not in one + other
    return bool(known) and str(one).lower() != str(other).lower()


def _declared(project: Project) -> dict[str, list[_Declared]]:
    result: dict[str, list[_Declared]] = {}
    for resource in project.resources('AWS::Glue::Table'):
        table = resource.properties.map('TableInput')
        if table is not None and table.get('Name') is not None:
            database = _canonical(
                resource.properties.get('DatabaseName'), project, resource.template,
            )
            iceberg = not resource.properties.absent('OpenTableFormatInput')
            declared = _Declared(database, Table() if iceberg else _glue_table(table))
            for name in (table['Name'], Reference(resource.logical_id)):
                text = project.text(name, resource.template).lower()
                result.setdefault(text, []).append(declared)
    for query in _all(project):
        for statement in query.statements:
            if statement.kind in ('ctas', 'view', 'table') and statement.target is not None:
                name = _name(statement.target.name, query)
                database = _name(statement.target.db, query) or query.database
                result.setdefault(name, []).append(_Declared(database, _created(statement)))
    return result


def _all(project: Project) -> Iterator[Query]:
    for resource in project.resources(*RESOURCES):
        query = of_place(resource, project)
        if query is not None:
            yield query
    defined = [project.machine(resource) for resource in project.resources(MACHINE)]
    for machine in (*project.machines, *defined):
        for state in machine.states() if machine is not None else ():
            query = of_place(state, project)
            if query is not None:
                yield query


def _glue_table(table: Map) -> Table:
    parameters = table.map('Parameters')
    iceberg = parameters is not None and str(parameters.get('table_type', '')).upper() == 'ICEBERG'
    keys: list[str] = []
    known = table.absent('PartitionKeys') or table.seq('PartitionKeys') is not None
    for item in table.seq('PartitionKeys') or ():
        name = item.text('Name') if isinstance(item, Map) else None
        known = known and name is not None
        keys.append((name or '').lower())
    storage = table.map('StorageDescriptor') or Map()
    serde = (storage.map('SerdeInfo') or Map()).text('SerializationLibrary') or ''
    return Table(
        tuple(keys) if known and not iceberg else None,
        table.text('TableType') == 'VIRTUAL_VIEW',
        any(word in serde.lower() for word in _ROWS),
    )


def _created(statement: _sql.Statement) -> Table:
    properties = statement.properties
    keys = properties.get('partitioned_by') or []
    iceberg = 'partitioning' in properties or (
        str(properties.get('table_type', '')).upper() == 'ICEBERG'
    )
    certain = statement.kind != 'view' and not iceberg and isinstance(keys, list)
    return Table(
        tuple(key.lower() for key in keys) if certain else None,
        statement.kind == 'view',
        str(properties.get('format', '')).upper() in ('JSON', 'TEXTFILE', 'CSV'),
    )
