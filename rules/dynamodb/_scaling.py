"""Who scales what: scalable targets and scaling policies of DynamoDB, in all documents."""
from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from thera_lint.project import Project
from thera_lint.rules.dynamodb import _tables
from thera_lint.template import Resource
from thera_lint.values import Map
from thera_lint.values import Path

TARGET = 'AWS::ApplicationAutoScaling::ScalableTarget'
POLICY = 'AWS::ApplicationAutoScaling::ScalingPolicy'

_Key = tuple[str, str]

# An unknown part of a canonical text, and what it may turn out to be.
_HOLE = re.compile(r'⟨[^⟩]*⟩')
_ANYTHING = r'(?:⟨[^⟩]*⟩|[^/⟨])+'


def is_dynamodb(target: Resource) -> bool:
    """Whether a scalable target is certainly one of DynamoDB."""
    properties = target.properties
    dimension = properties.text('ScalableDimension') or ''
    return properties.get('ServiceNamespace') == 'dynamodb' or dimension.startswith('dynamodb:')


def side(target: Resource) -> _tables.Side | None:
    """What a target or policy says that it scales; None where unknown."""
    dimension = target.properties.text('ScalableDimension') or ''
    return next((one for one in _tables.SIDES if dimension.endswith(one.units)), None)


def table(target: Resource, project: Project) -> Resource | None:
    """The table of this run that a target is for, in a view that can go with it."""
    value = target.properties.get('ResourceId')
    found = project.find(value, target.template, *_tables.TABLES)
    return next((one for one in found if one.agrees(target)), None)


def at_standard_price(scaling: Resource, project: Project) -> bool:
    """Whether nothing of this run says that what a target or policy scales has other prices."""
    targets = project.find(scaling.properties.get('ScalingTargetId'), scaling.template, TARGET)
    tables = [table(one, project) for one in (scaling, *targets)]
    return all(one is None or _tables.standard_class(one) for one in tables)


# --- who covers a table

class _Claim(NamedTuple):
    """A scalable target, and the canonical text of its ResourceId."""

    target: Resource
    text: str


def _claims(project: Project) -> dict[_Key | None, list[_Claim]]:
    """All targets by the table that they name; under None where that is nobody known."""
    result: dict[_Key | None, list[_Claim]] = {}
    for target in project.resources(TARGET):
        namespace = target.properties.text('ServiceNamespace')
        if namespace is not None and namespace != 'dynamodb':
            continue
        value = target.properties.get('ResourceId')
        claim = _Claim(target, project.text(value, target.template))
        tables = {one.key for one in project.find(value, target.template, *_tables.TABLES)}
        for one in tables or (None,):
            result.setdefault(one, []).append(claim)
    return result


def covered(
        table: Resource, index: _tables.Index | None, side: _tables.Side, project: Project,
) -> bool:
    """Whether a scalable target is, or may be, for this side of a table or of its index."""
    claims = project.once(_claims)
    if not claims:
        return False
    tail = ''
    if index is not None:
        name = project.text(index.properties.get('IndexName'), table.template)
        tail = f'/index/{name}'
    own = [
        claim.target for claim in claims.get(table.key, ())
        if _may_be(''.join(claim.text.partition('/index/')[1:]), tail)
    ]
    whole = f'table/{project.name(table)}{tail}'
    unnamed = table.properties.absent('TableName')  # then no literal is its name
    own += [
        claim.target for claim in claims.get(None, ())
        if _HOLE.fullmatch(claim.text) or _fits(claim.text, whole) or
        (not unnamed and _fits(whole, claim.text))
    ]
    return any(
        one.agrees(table) and
        (one.properties.text('ScalableDimension') or side.units).endswith(side.units)
        for one in own
    )


def _may_be(one: str, other: str) -> bool:
    return _fits(one, other) or _fits(other, one)


def _fits(pattern: str, text: str) -> bool:
    """Whether a canonical text with unknown parts may turn out to be another."""
    if pattern == text or '⟨' not in pattern:
        return pattern == text
    return re.fullmatch(_ANYTHING.join(map(re.escape, _HOLE.split(pattern))), text) is not None


# --- who uses a target

def _policies(project: Project) -> dict[_Key | str | None, list[Resource]]:
    """Policies by the target they name, or by ResourceId; under None where that is unknown."""
    result: dict[_Key | str | None, list[Resource]] = {}
    for policy in project.resources(POLICY):
        named = project.find(policy.properties.get('ScalingTargetId'), policy.template, TARGET)
        names: set[_Key | str | None] = {one.key for one in named}
        if not names:
            text = _resource_id(policy, project)
            names = {None if '⟨' in text else text}
        for name in names:
            result.setdefault(name, []).append(policy)
    return result


def _resource_id(scaling: Resource, project: Project) -> str:
    """What a target or policy is for; a physical id is `ResourceId|dimension|namespace`."""
    properties = scaling.properties
    key = 'ResourceId' if properties.absent('ScalingTargetId') else 'ScalingTargetId'
    return project.text(properties.get(key), scaling.template).partition('|')[0]


def used(target: Resource, project: Project) -> bool:
    """Whether a scaling policy of the run uses, or may use, a target."""
    policies = project.once(_policies)
    if any(policy.agrees(target) for policy in policies.get(target.key, ())):
        return True
    text = _resource_id(target, project)
    wanted = side(target)
    for policy in (*policies.get(text, ()), *policies.get(None, ())):
        if policy.agrees(target) and (wanted is None or side(policy) in (None, wanted)):
            theirs = _resource_id(policy, project)
            if _HOLE.fullmatch(theirs) or _may_be(theirs, text):
                return True
    return False


# --- capacity as it is written

class Capacity(NamedTuple):
    """Provisioned capacity: fixed units, or the settings of a GlobalTable's own scaling.

    `where` says of what: empty, or as in " of index `ByDomain`".
    """

    side: _tables.Side
    where: str
    secondary: _tables.Index | None
    path: Path
    units: float | None = None
    scaling: Map | None = None

    def at_standard_price(self, table: Resource) -> bool:
        """Whether the prices of a single table in the Standard class are the right ones.

        The writes of a global table are in every replica, each at the price of its region.
        """
        replicated = table.type == _tables.GLOBAL and self.side is _tables.WRITE
        return not replicated and _tables.standard_class(table)


def fixed(table: Resource, project: Project) -> list[Capacity]:
    """The known units of a provisioned table that no scalable target covers."""
    if _tables.mode(table) != 'PROVISIONED':
        return []
    return [
        one for one in _capacities(table)
        if one.units and not covered(table, one.secondary, one.side, project)
    ]


def own(table: Resource) -> Iterator[Capacity]:
    """The auto scaling that a provisioned GlobalTable brings itself."""
    if table.type == _tables.GLOBAL and _tables.mode(table) == 'PROVISIONED':
        for one in _capacities(table):
            if one.scaling is not None:
                yield one


def _capacities(table: Resource) -> Iterator[Capacity]:
    """All that is written of provisioned capacity.

    A GlobalTable's read units for all replicas together are left out: AWS documents neither
    which replicas they are for nor what overrides them.
    """
    indexes = list(_tables.indexes(table))
    if table.type == _tables.TABLE:
        for index in (None, *indexes):
            holder = table.properties if index is None else index.properties
            path = (*(index.path if index else ()), 'ProvisionedThroughput')
            throughput = holder.map('ProvisionedThroughput') or Map()
            for side in _tables.SIDES:
                units = throughput.number(side.units)
                yield Capacity(side, _of(index), index, (*path, side.units), units)
        return
    yield from _settings(table.properties, (), '', None, _tables.WRITE)
    for index in indexes:
        yield from _settings(index.properties, index.path, _of(index), index, _tables.WRITE)
    for number, replica in table.properties.maps('Replicas'):
        region = _tables.shown(replica.get('Region'))
        where = f' in `{region}`' if region else ''
        path = ('Replicas', number)
        yield from _settings(replica, path, where, None, _tables.READ)
        for other, settings in replica.maps('GlobalSecondaryIndexes'):
            for index in indexes:
                if settings.get('IndexName') == index.properties.get('IndexName'):
                    yield from _settings(
                        settings, (*path, 'GlobalSecondaryIndexes', other), _of(index) + where,
                        index, _tables.READ,
                    )


def _settings(
        holder: Map, path: Path, where: str, index: _tables.Index | None, side: _tables.Side,
) -> Iterator[Capacity]:
    """The settings of a GlobalTable: writes for all replicas, reads for each."""
    key = f'{side.title}ProvisionedThroughputSettings'
    settings = holder.map(key)
    if settings is not None:
        units = settings.number(side.units)
        yield Capacity(side, where, index, (*path, key, side.units), units)
        auto = f'{side.title}CapacityAutoScalingSettings'
        scaling = settings.map(auto)
        if scaling is not None:
            yield Capacity(side, where, index, (*path, key, auto), scaling=scaling)


def _of(index: _tables.Index | None) -> str:
    return '' if index is None else f' of index `{index.name}`'
