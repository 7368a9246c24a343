"""What the rules of this folder ask about a table: its mode, its indexes, its prices."""
from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from typing import NamedTuple

from thera_lint.prices import HOURS_PER_MONTH
from thera_lint.prices import price
from thera_lint.project import Project
from thera_lint.template import Resource
from thera_lint.values import Map
from thera_lint.values import Path
from thera_lint.values import Text

TABLE = 'AWS::DynamoDB::Table'
GLOBAL = 'AWS::DynamoDB::GlobalTable'
TABLES = (TABLE, GLOBAL)

_WORD = re.compile(r'[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+')


class Side(NamedTuple):
    """Reads or writes: how they are called, in properties and in the price book."""

    word: str
    units: str
    hour: str
    request: str

    @property
    def title(self) -> str:
        return self.word.capitalize()

    def month(self, units: float) -> float:
        """Provisioned units for a month, in the Standard table class."""
        return units * price(self.hour).usd * HOURS_PER_MONTH

    def full_use(self, units: float) -> float:
        """What a month of requests costs on demand that would use these units up."""
        return units * 3600 * HOURS_PER_MONTH * price(self.request).usd


READ = Side('read', 'ReadCapacityUnits', 'ddb.provisioned.rcu_hour', 'ddb.ondemand.rru')
WRITE = Side('write', 'WriteCapacityUnits', 'ddb.provisioned.wcu_hour', 'ddb.ondemand.wru')
SIDES = (READ, WRITE)


def mode(table: Resource) -> str | None:
    """PROVISIONED, also by omission, or PAY_PER_REQUEST; None where unknown."""
    if table.properties.absent('BillingMode'):
        return 'PROVISIONED'
    return table.properties.text('BillingMode')


def standard_class(table: Resource) -> bool:
    """Whether the table, in all its replicas, certainly has the Standard table class."""
    holders: list[Any] = [table.properties]
    if table.type == GLOBAL:
        holders = list(table.properties.seq('Replicas') or ())
    return bool(holders) and all(
        isinstance(one, Map) and (one.absent('TableClass') or one.get('TableClass') == 'STANDARD')
        for one in holders
    )


class Index(NamedTuple):
    """A secondary index; `properties` as written, `path` below the table's."""

    path: Path
    properties: Map

    @property
    def is_global(self) -> bool:
        return self.path[0] == 'GlobalSecondaryIndexes'

    @property
    def name(self) -> str:
        return shown(self.properties.get('IndexName')) or '?'

    @property
    def projects_all(self) -> bool:
        projection = self.properties.map('Projection')
        return projection is not None and projection.get('ProjectionType') == 'ALL'


def indexes(table: Resource, *, local: bool = False) -> Iterator[Index]:
    """The known global secondary indexes, and the local ones where asked for."""
    for key in ('GlobalSecondaryIndexes', *(('LocalSecondaryIndexes',) if local else ())):
        for number, properties in table.properties.maps(key):
            yield Index((key, number), properties)


def keys(holder: Map, table: Resource, project: Project) -> tuple[tuple[str, str], ...] | None:
    """Names (as canonical text) and types of a table's or index's keys; None where unknown."""
    schema = holder.seq('KeySchema')
    if not schema:
        return None
    result = []
    for item in schema:
        kind = item.text('KeyType') if isinstance(item, Map) else None
        if kind is None:
            return None
        name = project.text(item.get('AttributeName'), table.template)
        if '⟨?⟩' in name:
            return None
        result.append((name, kind))
    return tuple(result)


def hash_key(holder: Map) -> tuple[Path, str] | None:
    """Path and name of the only partition key; None where unknown or made of several."""
    found = [
        (('KeySchema', number, 'AttributeName'), item.text('AttributeName'))
        for number, item in holder.maps('KeySchema') if item.get('KeyType') == 'HASH'
    ]
    if len(found) != 1 or found[0][1] is None:
        return None
    return found[0][0], found[0][1]


def words(name: str) -> list[str]:
    """`expiresAt`, `expires_at` and `EXPIRES-AT` in lower-case words."""
    return [word.lower() for word in _WORD.findall(name)]


def shown(value: Any) -> str | None:
    """A name for people: with * for what is unknown in it."""
    if isinstance(value, Text):
        return value.shown()
    return value if isinstance(value, str) else None
