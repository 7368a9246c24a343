"""State machines as rules see them: states, edges, nesting, wherever they were written.

https://states-language.net/ and
https://docs.aws.amazon.com/step-functions/latest/dg/concepts-amazon-states-language.html
"""
from __future__ import annotations

import json
import os.path
import re
from collections.abc import Callable
from collections.abc import Iterator
from functools import cached_property
from typing import Any
from typing import NamedTuple

from thera_lint.intrinsics import LOOP
from thera_lint.intrinsics import NO_VALUE
from thera_lint.source import Placeholder
from thera_lint.source import Problem
from thera_lint.source import read
from thera_lint.source import read_definition
from thera_lint.source import Source
from thera_lint.source import SourceError
from thera_lint.source import Span
from thera_lint.template import Resource
from thera_lint.values import as_text
from thera_lint.values import joined
from thera_lint.values import locate
from thera_lint.values import Map
from thera_lint.values import Path
from thera_lint.values import Reference
from thera_lint.values import Seq
from thera_lint.values import Text
from thera_lint.values import UNKNOWN
from thera_lint.values import Unknown

_HOLE = re.compile(r'\$\{([^${}]*)\}')
_STATES_ARN = re.compile(r'arn:[^:]*:states:[^:]*:[^:]*:(?P<tail>.+)\Z', re.S)
_FUNCTION_ARN = re.compile(r'arn:[^:]*:lambda:[^:]*:[^:]*:function:.+\Z', re.S)
# The parameter of an integration that names what it starts.
_TARGETS = {'lambda': 'FunctionName', 'states': 'StateMachineArn', 'sfn': 'StateMachineArn'}

MACHINE = 'AWS::StepFunctions::StateMachine'


class _Escaped(Source):
    """A definition in an escaped string: it has no lines of its own, only its property's.

    That is looked up when somebody asks: in a JSON template, all of it is scanned for that.
    """

    def __init__(self, template: Source, place: Path, definition: Source) -> None:
        super().__init__(template.filename, definition.text, definition.data)
        self._template = template
        self._place = place

    def span(self, path: Path) -> Span:
        return self._template.span(self._place)


class Edge(NamedTuple):
    """A way out of a state: `kind` is next, choice, default or catch."""

    kind: str
    target: str
    path: Path


class Task(NamedTuple):
    """What a Task state calls.

    `kind` is lambda (the function's own ARN), activity, optimized, sdk or http; `service`
    and `action` are as in the integration's ARN; `pattern` is '' (request and response),
    sync or waitForTaskToken; `target` is the function, activity or machine it names.
    """

    kind: str
    service: str
    action: str
    pattern: str
    target: Any


class State:
    """One state; `path` leads to it from the definition's root."""

    def __init__(self, level: Level, name: str, data: Map, path: Path) -> None:
        self.level = level
        self.name = name
        self.data = data
        self.path = path
        self.type = data.text('Type')

    def __repr__(self) -> str:
        return f'<{self.type} {self.name}>'

    @property
    def machine(self) -> StateMachine:
        return self.level.machine

    @property
    def parent(self) -> State | None:
        """The Map or Parallel state that this one lies in."""
        return self.level.owner

    @cached_property
    def jsonata(self) -> bool:
        """Whether the state's fields are JSONata rather than JSONPath."""
        language = self.data.text('QueryLanguage') or self.machine.definition.text('QueryLanguage')
        return language == 'JSONata'

    @property
    def parameters(self) -> Map:
        """Parameters (JSONPath) or Arguments (JSONata); open where they are an expression."""
        key = 'Arguments' if self.jsonata else 'Parameters'
        value = self.data.get(key)
        if isinstance(value, Map):
            return value
        return Map((*self.data.place, key), open=value is not None)

    @property
    def children_type(self) -> str | None:
        """The ExecutionType of a DISTRIBUTED Map, which must be written; None if unknown."""
        processor = self.data.map('ItemProcessor')
        config = processor.map('ProcessorConfig') if processor is not None else None
        return config.text('ExecutionType') if config is not None else None

    @cached_property
    def levels(self) -> list[Level]:
        """Item processor or branches, in order."""
        result = []
        for key in ('ItemProcessor', 'Iterator'):
            inner = self.data.map(key)
            if inner is not None and self.type == 'Map':
                result.append(Level(self.machine, self, inner, (*self.path, key)))
        if self.type == 'Parallel':
            for index, branch in self.data.maps('Branches'):
                result.append(Level(self.machine, self, branch, (*self.path, 'Branches', index)))
        return result

    @cached_property
    def edges(self) -> list[Edge]:
        """Every way to another state of the same level."""
        edges = []

        def add(kind: str, holder: Map, key: str, path: Path) -> None:
            target = holder.text(key)
            if target is not None:
                edges.append(Edge(kind, target, (*path, key)))

        add('next', self.data, 'Next', self.path)
        for index, choice in self.data.maps('Choices'):
            add('choice', choice, 'Next', (*self.path, 'Choices', index))
        add('default', self.data, 'Default', self.path)
        for index, catcher in self.data.maps('Catch'):
            add('catch', catcher, 'Next', (*self.path, 'Catch', index))
        return edges

    @cached_property
    def task(self) -> Task | None:
        """The decoded resource of a Task; None for other states and unknown resources."""
        return _decoded(self) if self.type == 'Task' else None


class Level:
    """A StartAt with its States: the machine itself, an item processor or a branch."""

    def __init__(self, machine: StateMachine, owner: State | None, data: Map, path: Path) -> None:
        self.machine = machine
        self.owner = owner
        self.data = data
        self.path = path
        self.start = data.text('StartAt')

    @cached_property
    def states(self) -> dict[str, State]:
        return {
            name: State(self, name, state, (*self.path, 'States', name))
            for name, state in (self.data.map('States') or {}).items()
            if isinstance(state, Map)
        }

    def walk(self) -> Iterator[State]:
        """Every state, with those nested in it right after it."""
        for state in self.states.values():
            yield state
            for level in state.levels:
                yield from level.walk()


class StateMachine:
    """A definition, and where it was written.

    `resource` is None for a standalone file. `root` is the path of the definition as it
    is reported. `problems` is not empty where the definition can't be read; `definition`
    is an empty, open Map then.
    """

    def __init__(
            self,
            source: Source,
            definition: Map,
            root: Path,
            resource: Resource | None = None,
            problems: tuple[Problem, ...] = (),
    ) -> None:
        self.source = source
        self.definition = definition
        self.root = root
        self.resource = resource
        self.problems = problems
        self.top = Level(self, None, definition, ())

    @property
    def name(self) -> str:
        """What a message calls it: the logical id, or the file's name."""
        if self.resource is not None:
            return self.resource.logical_id
        return self.source.filename.replace('\\', '/').rsplit('/', 1)[-1]

    @property
    def type(self) -> str | None:
        """STANDARD or EXPRESS; None where it is unknown."""
        if self.resource is None:
            return None
        if self.resource.properties.absent('StateMachineType'):
            return 'STANDARD'
        return self.resource.properties.text('StateMachineType')

    def states(self) -> Iterator[State]:
        yield from self.top.walk()

    def span(self, path: Path) -> Span:
        """The place of `path` below the definition, in `source`."""
        return self.source.span(locate(self.definition, path))


def innermost(path: Path) -> str:
    """The name of the innermost state that a path below a definition leads into; else empty."""
    name = ''
    while len(path) > 1 and path[0] == 'States':
        name, path = str(path[1]), path[2:]
        if path[:1] == ('Branches',):
            path = path[2:]
        elif path and path[0] in ('ItemProcessor', 'Iterator'):
            path = path[1:]
        else:
            break
    return name


def is_state_machine(data: Any) -> bool:
    """Whether parsed data is a state machine definition on its own."""
    return isinstance(data, dict) and 'StartAt' in data and isinstance(data.get('States'), dict)


def standalone(source: Source) -> StateMachine:
    """The machine of a file of its own."""
    return StateMachine(source, _tree(source.data, (), _holes({})), ())


def of_resource(
        resource: Resource,
        open_file: Callable[[str], Source],
        asset: Callable[[str], str | None] = lambda object_key: None,
) -> StateMachine | None:
    """The machine that a AWS::StepFunctions::StateMachine defines; None if it is unknown.

    `open_file` reads a path relative to the template as a Source; it raises LookupError
    where it must not or can't, and SourceError as `source.read` does. `asset` says such a path
    for an object in S3 that is uploaded from it.
    """
    properties = resource.properties
    substitutions: dict[str, Any] = properties.map('DefinitionSubstitutions') or {}
    fill = _holes(substitutions)
    own = resource.template.source

    def root(key: str) -> Path:
        return ('Resources', resource.logical_id, 'Properties', key)

    definition = properties.get('Definition')
    if isinstance(definition, Map):
        return StateMachine(own, _tree(definition, (), fill), root('Definition'), resource)

    for key in ('DefinitionUri', 'DefinitionS3Location'):
        uri = properties.text(key)
        location = properties.map(key)
        object_key = location.text('Key') if location is not None else None
        if object_key is not None:
            uri = asset(object_key)
        if uri is not None:
            try:
                source = open_file(uri)
            except LookupError:
                return None
            except SourceError as error:
                filename = os.path.normpath(os.path.join(os.path.dirname(own.filename), uri))
                return _broken(Source(filename, '', {}), root(key), resource, error)
            return StateMachine(source, _tree(source.data, (), fill), root(key), resource)

    if properties.get('DefinitionString') is None:
        return None
    key = 'DefinitionString'
    place = properties.place_of(key)
    text, holes, place = _definition_text(resource, place)
    if text is None:
        return None
    if isinstance(text, Map):  # Fn::ToJsonString
        return StateMachine(own, _tree(text, (), fill), root(key), resource)
    origin = own.block_origin(place)
    written = place[:place.index('Fn::Sub')] if 'Fn::Sub' in place else place
    try:
        # Stripped, so that a text which ends too early does so on its own last line.
        source = read_definition(own.filename, text.rstrip(), origin=origin or (0, 0))
    except SourceError as error:
        if origin is None:
            error = SourceError([one._replace(span=own.span(written)) for one in error.problems])
        return _broken(own, root(key), resource, error)
    if origin is None:
        source = _Escaped(own, written, source)
    if not isinstance(source.data, dict):
        return None
    tree = _tree(source.data, (), _holes({**substitutions, **holes}))
    return StateMachine(source, tree, root(key), resource)


def read_file(filename: str, text: str) -> Source:
    """A definition file: YAML, or JSON in which `${name}` may stand unquoted."""
    try:
        return read(filename, text)
    except SourceError:
        try:
            return read_definition(filename, text)
        except SourceError:
            pass
        raise


def _broken(source: Source, root: Path, resource: Resource, error: SourceError) -> StateMachine:
    return StateMachine(source, Map(open=True), root, resource, tuple(error.problems))


def _definition_text(
        resource: Resource, place: Path,
) -> tuple[str | Map | None, dict[str, Any], Path]:
    """The text of a DefinitionString with its `${holes}`, their values, and its place.

    A Map is the definition itself.
    """
    template, world = resource.template, resource.worlds[0]
    raw: Any = template.source.data
    for part in place:
        if isinstance(part, str) and part[:len(LOOP)] == LOOP:
            raw = None  # as it is written, the loop's identifier is still in it
        try:
            raw = raw[part]
        except (LookupError, TypeError):
            raw = None
            break
    while (choice := _argument(raw, 'Fn::If', list)) and len(choice) == 3:
        truth = world.conditions.get(choice[0]) if isinstance(choice[0], str) else None
        if truth is None:
            return None, {}, place
        branch = 1 if truth else 2
        place, raw = (*place, 'Fn::If', branch), choice[branch]
    if isinstance(raw, str):
        return raw, {}, place
    written = _argument(raw, 'Fn::ToJsonString', dict)
    if written is not None:
        value = template.resolver.resolve(written, (*place, 'Fn::ToJsonString'), world)
        if isinstance(value, Map):
            return value, {}, place
    if isinstance(raw, dict) and set(raw) == {'Fn::Sub'}:
        argument = raw['Fn::Sub']
        place = (*place, 'Fn::Sub')
        text, local = argument, {}
        if isinstance(argument, list) and len(argument) == 2 and isinstance(argument[1], dict):
            (text, local), place = argument, (*place, 0)
        if isinstance(text, str):
            holes: dict[str, Any] = {}
            for name in set(_HOLE.findall(text)):
                if name[:1] == '!':
                    continue
                hole = {'Fn::Sub': ['${' + name + '}', local]}
                value = template.resolver.resolve(hole, place, world)
                holes[name] = UNKNOWN if value is NO_VALUE else value
            return text, holes, place
    value = resource.properties['DefinitionString']
    if isinstance(value, str):  # Fn::Join of known parts, Fn::ToJsonString
        return value, {}, place
    if isinstance(value, Text):
        parts: list[str] = []
        holes = {}
        for number, piece in enumerate(value.parts):
            if isinstance(piece, str):
                parts.append(piece)
            else:
                holes[f'#{number}'] = piece
                parts.append(f'${{#{number}}}')
        return ''.join(parts), holes, place
    return None, {}, place


def _argument(raw: Any, function: str, kind: type) -> Any:
    """The argument of an intrinsic function, where `raw` is that one, of that kind."""
    argument = raw.get(function) if isinstance(raw, dict) and len(raw) == 1 else None
    return argument if isinstance(argument, kind) else None


def _holes(values: dict[str, Any]) -> Callable[[str], Any]:
    """A function that fills the `${name}` of a string with their values."""

    def fill(text: str) -> Any:
        parts: list[Any] = []
        position = 0
        for match in _HOLE.finditer(text):
            parts.append(text[position:match.start()])
            position = match.end()
            parts.append(values.get(match.group(1).strip().lstrip('!'), UNKNOWN))
        parts.append(text[position:])
        value = joined(parts)
        if isinstance(text, Placeholder) and isinstance(value, str):
            try:
                return json.loads(value)
            except (ValueError, RecursionError):
                return UNKNOWN
        return value

    return fill


def _tree(data: Any, place: Path, fill: Callable[[str], Any]) -> Any:
    """A definition's data as Map and Seq, with its substitutions made."""
    if isinstance(data, str):
        filled = fill(data) if '${' in data else str(data)
        return _tree(filled, place, str) if isinstance(filled, (dict, list)) else filled
    if isinstance(data, dict):
        known = data if isinstance(data, Map) else None
        result = Map(known.place if known is not None else place)
        if known is not None:
            result.moved, result.open = dict(known.moved), known.open
        for key, value in data.items():
            child = known.place_of(key) if known is not None else (*place, key)
            name = fill(key) if '${' in key else key
            if not isinstance(name, str):
                name = key
            result[name] = _tree(value, child, fill)
            if name != key:
                result.moved[name] = child
        return result
    if isinstance(data, list):
        places = data.places if isinstance(data, Seq) else [(*place, i) for i in range(len(data))]
        return Seq([_tree(item, at, fill) for item, at in zip(data, places, strict=True)], places)
    return data


def _decoded(state: State) -> Task | None:
    resource = state.data.get('Resource')
    first = resource.parts[0] if isinstance(resource, Text) else resource
    if isinstance(first, Reference):  # in a Text, a qualifier follows
        template = state.machine.resource.template if state.machine.resource else None
        kind = template.kinds.get(first.logical_id.split('.')[0], '') if template else ''
        if kind.startswith('AWS::Lambda::'):
            return Task('lambda', 'lambda', 'invoke', '', resource)
        if kind == 'AWS::StepFunctions::Activity':
            return Task('activity', 'states', 'activity', '', resource)
        return None
    text = resource.shown() if isinstance(resource, Text) else as_text(resource)
    if text is None:
        return None
    if _FUNCTION_ARN.match(text):
        return Task('lambda', 'lambda', 'invoke', '', resource)
    match = _STATES_ARN.match(text)
    if match is None:
        return None
    tail = match.group('tail')
    if tail.startswith('activity:'):
        return Task('activity', 'states', 'activity', '', resource)
    kind = 'optimized'
    if tail.startswith('aws-sdk:'):
        kind, tail = 'sdk', tail[len('aws-sdk:'):]
    service, _, action = tail.partition(':')
    action, _, pattern = action.partition('.')
    pattern = pattern.partition(':')[0]  # .sync:2 differs in its output only
    if service == 'http':
        kind = 'http'
    return Task(kind, service, action, pattern, _target(state, service, action))


def _target(state: State, service: str, action: str) -> Any:
    """The function or state machine that an integration names, else UNKNOWN."""
    key = _TARGETS.get(service)
    value = state.parameters.get(key) if key else None
    if value is None or isinstance(value, str) and value[:2] == '{%':
        return UNKNOWN
    return value if isinstance(value, (str, Unknown)) else UNKNOWN
