"""Intrinsic functions: what a raw template value is, as far as it can be known.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference.html
"""
from __future__ import annotations

import json
import re
from collections.abc import Callable
from collections.abc import Mapping
from typing import Any
from typing import NamedTuple

from thera_lint.values import as_number
from thera_lint.values import as_text
from thera_lint.values import At
from thera_lint.values import Import
from thera_lint.values import is_known
from thera_lint.values import joined
from thera_lint.values import Map
from thera_lint.values import MAX_TEXT
from thera_lint.values import Parameter
from thera_lint.values import Path
from thera_lint.values import Reference
from thera_lint.values import Seq
from thera_lint.values import UNKNOWN

LOOP = 'Fn::ForEach::'
NO_VALUE = object()  # Ref AWS::NoValue: the key or item that holds it is not there

# So many copies nested loops make of one body at most; CloudFormation takes 500 resources.
_MAX_COPIES = 1_000

SUB = re.compile(r'\$\{([^${}]*)\}')


class World(NamedTuple):
    """One consistent way the template may be deployed, as far as somebody asked.

    `conditions` gives truth to condition names; `parameters` the values that a parameter
    may have where these hold (None stands for any value not named anywhere).
    """

    conditions: Mapping[str, bool]
    parameters: Mapping[str, frozenset[str | None]]

    def agrees(self, other: World) -> bool:
        """Whether both can be true of one deployment."""
        return all(
            other.conditions.get(name, truth) == truth for name, truth in self.conditions.items()
        ) and all(
            values & other.parameters.get(name, values)
            for name, values in self.parameters.items()
        )


ANY_WORLD = World({}, {})


class Resolver:
    """Resolves raw values of one template."""

    def __init__(
            self,
            parameters: Mapping[str, Any],
            mappings: Any,
            given: Mapping[str, str],
    ) -> None:
        """`parameters` and `mappings` are the raw sections; `given` are values from outside."""
        self.parameters = parameters
        self.given = given
        self._mappings = mappings if isinstance(mappings, dict) else {}
        self._copies = 1
        self._functions: dict[str, Callable[[Any, Path, World], Any]] = {
            'Ref': self._ref,
            'Fn::FindInMap': self._find_in_map,
            'Fn::GetAtt': self._get_att,
            'Fn::If': self._if,
            'Fn::ImportValue': self._import_value,
            'Fn::Join': self._join,
            'Fn::Length': self._length,
            'Fn::Select': self._select,
            'Fn::Split': self._split,
            'Fn::Sub': self._sub,
            'Fn::ToJsonString': self._to_json_string,
        }

    def resolve(self, raw: Any, place: Path, world: World = ANY_WORLD) -> Any:
        """The value of `raw`, which was written at `place`; NO_VALUE where it vanishes."""
        if isinstance(raw, dict):
            if len(raw) == 1:
                name, argument = next(iter(raw.items()))
                if name == 'Ref' or (name[:4] == 'Fn::' and name[:len(LOOP)] != LOOP):
                    function = self._functions.get(name)
                    if function is None:
                        return UNKNOWN
                    return function(argument, (*place, name), world)
            return self._mapping(raw, place, world)
        if isinstance(raw, At):
            return self.resolve(raw.value, raw.place, world)
        if isinstance(raw, list):
            return self._sequence(raw, place, world)
        return raw

    def _mapping(self, raw: dict[str, Any], place: Path, world: World) -> Map:
        result = Map(place)
        for key, value in raw.items():
            if key[:4] == 'Fn::':
                if key[:len(LOOP)] == LOOP:
                    self._loop(result, value, (*place, key), world)
                else:
                    result.open = True  # Fn::Transform puts keys here that nobody sees
                continue
            self._put(result, key, value, (*place, key), world)
        return result

    def _put(self, result: Map, key: str, value: Any, place: Path, world: World) -> None:
        if isinstance(value, At):
            place, value = value
        child = self.resolve(value, place, world)
        if child is NO_VALUE:
            return
        result[key] = child
        if place != (*result.place, key):
            result.moved[key] = place

    def _loop(self, result: Map, value: Any, place: Path, world: World) -> None:
        bodies = self.unrolled(value, place, world)
        if bodies is None:
            result.open = True
            return
        outer = self._copies
        self._copies *= max(1, len(bodies))
        for key, body in bodies.items():
            self._put(result, key, body, body.place, world)
        self._copies = outer

    def _sequence(self, raw: list[Any], place: Path, world: World) -> Seq:
        items, places = [], []
        for index, value in enumerate(raw):
            item = self.resolve(value, (*place, index), world)
            if item is NO_VALUE:
                continue
            items.append(item)
            if isinstance(item, Map):
                places.append(item.place)
            else:
                places.append(value.place if isinstance(value, At) else (*place, index))
        return Seq(items, places)

    # --- references

    def ref(self, name: str, world: World = ANY_WORLD) -> Any:
        """The value of Ref `name`."""
        if name == 'AWS::NoValue':
            return NO_VALUE
        possible = world.parameters.get(name)
        if possible is not None and len(possible) == 1 and None not in possible:
            return self._typed(name, next(iter(possible)))
        outside = self.outside(name)
        if outside is not None:
            return self._typed(name, outside)
        if name[:5] == 'AWS::':
            return Parameter(name)
        if name not in self.parameters:
            return Reference(name)
        default = self.default(name)
        if default is None or (possible is not None and default not in possible):
            return Parameter(name)
        return self._typed(name, default)

    def outside(self, name: str) -> str | None:
        """The value given from outside; None where there is none, or it only names the value."""
        return None if self._is_name(name) else self.given.get(name)

    def default(self, name: str) -> str | None:
        """A parameter's default as text; None where it has none, or only names the value."""
        declared = self.parameters.get(name)
        if not isinstance(declared, dict) or self._is_name(name):
            return None
        return as_text(declared.get('Default'))

    def allowed(self, name: str) -> list[str]:
        """A parameter's allowed values as text; empty where any value is."""
        declared = self.parameters.get(name)
        if not isinstance(declared, dict):
            return []
        values = declared.get('AllowedValues')
        if not isinstance(values, list) or self._is_name(name):
            return []
        return [text for text in map(as_text, values) if text is not None]

    def _is_name(self, name: str) -> bool:
        """Whether a parameter holds the name of an SSM parameter, which holds the value."""
        declared = self.parameters.get(name)
        return isinstance(declared, dict) and str(declared.get('Type')).startswith('AWS::SSM::')

    def _typed(self, name: str, value: str | None) -> Any:
        declared = self.parameters.get(name)
        kind = str(declared.get('Type', '')) if isinstance(declared, dict) else ''
        if value is not None and (kind == 'CommaDelimitedList' or kind.startswith('List<')):
            items = [item.strip() for item in value.split(',')]
            return Seq(items, [('Parameters', name, 'Default')] * len(items))
        return value

    def _ref(self, argument: Any, place: Path, world: World) -> Any:
        return self.ref(argument, world) if isinstance(argument, str) else UNKNOWN

    def _get_att(self, argument: Any, place: Path, world: World) -> Any:
        if isinstance(argument, str):
            argument = argument.split('.', 1)
        if isinstance(argument, list) and len(argument) >= 2 and isinstance(argument[0], str):
            attribute = self.resolve(argument[1], place, world)
            if isinstance(attribute, str):
                rest = [part for part in argument[2:] if isinstance(part, str)]
                return Reference(argument[0], '.'.join([attribute, *rest]))
        return UNKNOWN

    def _import_value(self, argument: Any, place: Path, world: World) -> Any:
        return Import(self.resolve(argument, place, world))

    # --- strings and lists

    def _sub(self, argument: Any, place: Path, world: World) -> Any:
        local: Any = {}
        if isinstance(argument, list) and len(argument) == 2:
            argument, local = argument
        if not isinstance(argument, str) or not isinstance(local, dict):
            return UNKNOWN
        values = {
            name: self.resolve(value, (*place, 1, name), world) for name, value in local.items()
        }
        parts: list[Any] = []
        position = 0
        for match in SUB.finditer(argument):
            parts.append(argument[position:match.start()])
            position = match.end()
            name = match.group(1).strip()
            if name[:1] == '!':
                parts.append('${' + name[1:] + '}')
            elif name in values:
                parts.append(values[name])
            elif '.' in name:
                parts.append(self._get_att(name, place, world))
            else:
                parts.append(self.ref(name, world))
        parts.append(argument[position:])
        return joined(parts)

    def _join(self, argument: Any, place: Path, world: World) -> Any:
        if not isinstance(argument, list) or len(argument) != 2:
            return UNKNOWN
        delimiter, items = argument[0], self.resolve(argument[1], (*place, 1), world)
        if not isinstance(delimiter, str) or not isinstance(items, Seq):
            return UNKNOWN
        parts: list[Any] = []
        for item in items:
            parts += [delimiter, item]
        return joined(parts[1:])

    def _split(self, argument: Any, place: Path, world: World) -> Any:
        if not isinstance(argument, list) or len(argument) != 2:
            return UNKNOWN
        delimiter, text = argument[0], self.resolve(argument[1], (*place, 1), world)
        if not isinstance(delimiter, str) or not delimiter or not isinstance(text, str):
            return UNKNOWN
        items = text.split(delimiter)
        return Seq(items, [place] * len(items))

    def _select(self, argument: Any, place: Path, world: World) -> Any:
        if not isinstance(argument, list) or len(argument) != 2:
            return UNKNOWN
        index = as_number(self.resolve(argument[0], (*place, 0), world))
        items = self.resolve(argument[1], (*place, 1), world)
        if isinstance(items, Seq) and isinstance(index, int) and 0 <= index < len(items):
            return items[index]
        return UNKNOWN

    def _length(self, argument: Any, place: Path, world: World) -> Any:
        items = self.resolve(argument, place, world)
        return len(items) if isinstance(items, Seq) else UNKNOWN

    def _to_json_string(self, argument: Any, place: Path, world: World) -> Any:
        value = self.resolve(argument, place, world)
        text = json.dumps(value) if is_known(value) else ''
        return text if 0 < len(text) <= MAX_TEXT else UNKNOWN

    # --- choices

    def _find_in_map(self, argument: Any, place: Path, world: World) -> Any:
        if not isinstance(argument, list) or len(argument) not in (3, 4):
            return UNKNOWN
        keys = [
            self.resolve(key, (*place, index), world) for index, key in enumerate(argument[:3])
        ]
        if not all(isinstance(key, str) for key in keys):
            keys = [as_text(key) for key in keys]
        found: Any = self._mappings
        for key in keys:
            if key is None or not isinstance(found, dict):
                return UNKNOWN
            if key not in found:
                fallback = argument[3] if len(argument) == 4 else None
                if isinstance(fallback, dict) and 'DefaultValue' in fallback:
                    return self.resolve(
                        fallback['DefaultValue'], (*place, 3, 'DefaultValue'), world,
                    )
                return UNKNOWN
            found = found[key]
        if isinstance(found, list):
            at: Path = ('Mappings', *(str(key) for key in keys))
            return Seq(found, [(*at, index) for index in range(len(found))])
        return UNKNOWN if isinstance(found, dict) else found

    def _if(self, argument: Any, place: Path, world: World) -> Any:
        if not isinstance(argument, list) or len(argument) != 3:
            return UNKNOWN
        truth = world.conditions.get(argument[0]) if isinstance(argument[0], str) else None
        if truth is not None:
            branch = 1 if truth else 2
            return self.resolve(argument[branch], (*place, branch), world)
        first = self.resolve(argument[1], (*place, 1), world)
        second = self.resolve(argument[2], (*place, 2), world)
        same = first is second or (first is not NO_VALUE and first == second)
        return first if same else UNKNOWN

    # --- Fn::ForEach

    def unrolled(self, loop: Any, place: Path, world: World = ANY_WORLD) -> dict[str, At] | None:
        """The keys that a Fn::ForEach stands for, with raw values; None if unknown.

        https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference-foreach.html
        """
        if isinstance(loop, At):
            place, loop = loop
        if not isinstance(loop, list) or len(loop) != 3 or not isinstance(loop[0], str):
            return None
        items = self.resolve(loop[1], (*place, 1), world)
        if not isinstance(items, Seq) or not isinstance(loop[2], dict):
            return None
        copies = self._copies * max(1, len(items))
        if copies > _MAX_COPIES:
            return None
        outer, self._copies = self._copies, copies
        try:
            return self._copied(loop[0], items, loop[2], (*place, 2), world)
        finally:
            self._copies = outer

    def _copied(
            self, name: str, items: Seq, bodies: dict[str, Any], place: Path, world: World,
    ) -> dict[str, At] | None:
        result: dict[str, At] = {}
        for item in items:
            text = as_text(item)
            if text is None:
                return None
            for key, body in bodies.items():
                written: Path = (*place, key)
                if isinstance(body, At):  # an outer loop has changed this key
                    written, body = body
                body = _substitute(body, name, text, written)
                if key[:len(LOOP)] == LOOP:
                    inner = self.unrolled(body, written, world)
                    if inner is None:
                        return None
                    result.update(inner)
                else:
                    result[_substituted(key, name, text)] = At(written, body)
        return result


def _substituted(text: str, name: str, value: str) -> str:
    plain = re.sub(r'[^A-Za-z0-9]', '', value)
    return text.replace('${' + name + '}', value).replace('&{' + name + '}', plain)


def _substitute(raw: Any, name: str, value: str, place: Path) -> Any:
    """A copy of a loop's body with its identifier replaced."""
    if isinstance(raw, str):
        return _substituted(raw, name, value)
    if isinstance(raw, At):
        return At(raw.place, _substitute(raw.value, name, value, raw.place))
    if isinstance(raw, list):
        return [_substitute(item, name, value, (*place, i)) for i, item in enumerate(raw)]
    if not isinstance(raw, dict):
        return raw
    if raw == {'Ref': name}:
        return value
    result = {}
    for key, item in raw.items():
        fresh = _substituted(key, name, value)
        item = _substitute(item, name, value, (*place, key))
        moved = fresh != key and not isinstance(item, At)
        result[fresh] = At((*place, key), item) if moved else item
    return result
