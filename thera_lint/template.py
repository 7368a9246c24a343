"""A CloudFormation template as rules see it: resources without intrinsic functions."""
from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

from thera_lint import conditions
from thera_lint.conditions import Conditions
from thera_lint.intrinsics import ANY_WORLD
from thera_lint.intrinsics import LOOP
from thera_lint.intrinsics import NO_VALUE
from thera_lint.intrinsics import Resolver
from thera_lint.intrinsics import World
from thera_lint.source import Source
from thera_lint.values import At
from thera_lint.values import locate
from thera_lint.values import Map
from thera_lint.values import Path


class Resource:
    """One resource in one of its distinct views: what it is where `worlds` hold.

    `properties` is free of Fn::If, AWS::NoValue and SAM; `attributes` holds the rest
    (Type, Condition, Metadata, DeletionPolicy ...).
    """

    def __init__(
            self,
            template: Template,
            logical_id: str,
            type: str,
            attributes: Map,
            worlds: list[World],
    ) -> None:
        self.template = template
        self.logical_id = logical_id
        self.type = type
        self.attributes = attributes
        self.worlds = worlds
        properties = attributes.get('Properties')
        if isinstance(properties, Map):
            self.properties = properties
        else:
            written = properties is not None
            self.properties = Map((*attributes.place, 'Properties'), open=written)

    def __repr__(self) -> str:
        return f'<{self.type} {self.logical_id} in {self.template.filename}>'

    @property
    def key(self) -> tuple[str, str]:
        """The same for every view of one resource, and for no other of the run."""
        return self.template.filename, self.logical_id

    def place(self, path: Path) -> Path:
        """Where `path` below Properties was written; the logical id where nothing of it was."""
        if not path:
            return self.attributes.place
        place = locate(self.properties, path)
        return self.attributes.place if place == self.properties.place else place

    def agrees(self, other: Resource) -> bool:
        """Whether both views can be of one deployment."""
        if self.template is not other.template:
            return True
        return any(mine.agrees(theirs) for mine in self.worlds for theirs in other.worlds)


class Template:
    """One template; resources of SAM and Fn::ForEach stand expanded."""

    def __init__(
            self,
            source: Source,
            parameters: Mapping[str, str],
    ) -> None:
        """`parameters` are values given from outside, for template and pseudo parameters."""
        self.source = source
        self.filename = source.filename
        self.raw: dict[str, Any] = source.data
        self.resolver = Resolver(
            _section(self.raw, 'Parameters'), self.raw.get('Mappings'), parameters,
        )
        self.conditions = Conditions(self.raw.get('Conditions'), self.resolver)
        self._views: dict[str, list[Resource]] = {}

    @cached_property
    def declared(self) -> dict[str, Any]:
        """Raw resources by logical id, in order; each may be an `At`."""
        resources: dict[str, Any] = {}
        for key, value in _section(self.raw, 'Resources').items():
            if key[:len(LOOP)] == LOOP:
                resources.update(self.resolver.unrolled(value, ('Resources', key)) or {})
            else:
                resources[key] = value
        if self.raw.get('Transform') is None:
            return resources
        from thera_lint import sam  # 10 ms that other templates need not pay

        return sam.expand(self.raw, resources)

    @cached_property
    def types(self) -> dict[str, list[str]]:
        """Logical ids by resource type."""
        result: dict[str, list[str]] = {}
        for logical_id, raw in self.declared.items():
            body = raw.value if isinstance(raw, At) else raw
            kind = body.get('Type') if isinstance(body, dict) else None
            if isinstance(kind, At):
                kind = kind.value
            if isinstance(kind, str):
                result.setdefault(kind, []).append(logical_id)
        return result

    @cached_property
    def kinds(self) -> dict[str, str]:
        """Resource type by logical id."""
        return {logical_id: kind for kind, ids in self.types.items() for logical_id in ids}

    @cached_property
    def outputs(self) -> Map:
        """The resolved Outputs, whatever their conditions."""
        value = self.resolver.resolve(_section(self.raw, 'Outputs'), ('Outputs',))
        return value if isinstance(value, Map) else Map()

    @cached_property
    def _rewritten(self) -> bool:
        """Whether a macro of somebody's own gets the whole template and may add any property.

        AWS's own are known: SAM and Fn::ForEach are expanded here, and the others add
        resources, not properties (but AWS::Include, which adds anything).
        """
        transform = self.raw.get('Transform')
        names = [
            name.get('Name') if isinstance(name, dict) else name
            for name in (transform if isinstance(transform, list) else [transform])
        ]
        return any(
            isinstance(name, str) and (not name.startswith('AWS::') or name == 'AWS::Include')
            for name in names
        )

    def views(self, logical_id: str) -> list[Resource]:
        """The distinct forms that a resource takes under its conditions."""
        known = self._views.get(logical_id)
        if known is None:
            known = self._views[logical_id] = self._resolved(logical_id)
        return known

    def _resolved(self, logical_id: str) -> list[Resource]:
        kind = self.kinds.get(logical_id)
        if kind is None:
            return []
        raw = self.declared[logical_id]
        place: Path = ('Resources', logical_id)
        if isinstance(raw, At):
            place, raw = raw
        condition = raw.get('Condition')
        if isinstance(condition, At):
            condition = condition.value
        own = [condition] if isinstance(condition, str) else []
        names = [*own, *conditions.used(raw)] if self.raw.get('Conditions') or own else []
        worlds = self.conditions.worlds(names) if names else [ANY_WORLD]
        views: list[Resource] = []
        for world in worlds if worlds is not None else [ANY_WORLD]:
            if any(not world.conditions.get(name, True) for name in own):
                continue
            attributes = self.resolver.resolve(raw, place, world)
            if attributes is NO_VALUE or not isinstance(attributes, Map):
                continue
            if self._rewritten:
                properties = attributes.setdefault('Properties', Map((*place, 'Properties')))
                if isinstance(properties, Map):
                    properties.open = True
            for view in views:
                if view.attributes == attributes:
                    view.worlds.append(world)
                    break
            else:
                views.append(Resource(self, logical_id, kind, attributes, [world]))
        return views


def is_template(data: Any) -> bool:
    """Whether parsed data is a CloudFormation or SAM template."""
    if not isinstance(data, dict):
        return False
    if 'AWSTemplateFormatVersion' in data:
        return True
    resources = data.get('Resources')
    return isinstance(resources, dict) and any(
        key.startswith(LOOP) or
        isinstance(resource, dict) and isinstance(resource.get('Type'), str) and
        resource['Type'][:5] in ('AWS::', 'Custo', 'Alexa')
        for key, resource in resources.items()
    )


def _section(raw: dict[str, Any], name: str) -> dict[str, Any]:
    value = raw.get(name)
    return value if isinstance(value, dict) else {}
