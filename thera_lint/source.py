"""Text to plain data, and from any path in the data to its place in the text.

YAML is composed once by PyYAML's C parser: data and places come from that one pass.
JSON goes through `json`, and its places are scanned only when somebody asks. Short-form
intrinsic functions (`!Sub`) come out in their long form (`Fn::Sub`).
"""
from __future__ import annotations

import bisect
import json
import re
from collections.abc import Iterator
from typing import Any
from typing import NamedTuple
from typing import NoReturn

from thera_lint.values import Path

# CloudFormation templates stay below 60; deeper is a mistake or an attack.
MAX_DEPTH = 200
# Nodes that aliases may add; a "billion laughs" file asks for 10^9 and more.
MAX_ALIASED = 1_000_000
# libyaml's composer recurses on the C stack: fine at 5,000 levels, dead at 100,000.
_COMPOSER_DEPTH = 5_000
# The libyaml that comes with PyYAML 6.0.4 ends at 1,000 levels, before it composes anything.
_TOO_DEEP = 'exceeded maximum nesting depth'
# A line of `- - -` nests too; the look-behind keeps the search linear.
_COMPACT_DEPTH = re.compile(f'(?<![ \t?:-])[ \t?:-]{{{_COMPOSER_DEPTH}}}')

_OURS = re.compile(r'AWS::|AWSTemplateFormatVersion|"StartAt"|^[ \t]*StartAt:', re.M)
# What YAML allows nowhere; as a list of what is forbidden it compiles in a tenth of the time.
_FORBIDDEN = r'[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]'
_JSON_TOKEN = re.compile(
    r'[ \t\r\n]*(?:'
    r'(?P<punctuation>[{}\[\],:])|'
    r'(?P<string>"[^"\\]*(?:\\.[^"\\]*)*")|'
    r'(?P<literal>true|false|null|-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?)|'
    r'(?P<placeholder>\$\{[^}\r\n]*\})'
    r')',
    re.S,
)


class Span(NamedTuple):
    """A place in a text: zero-based lines and columns (code points), end exclusive."""

    line: int
    column: int
    end_line: int
    end_column: int


class Problem(NamedTuple):
    """Why a text can't be read, and where."""

    span: Span
    message: str


class SourceError(Exception):
    """A text that is not what it should be; holds at least one `Problem`.

    `filename` is empty until it is known to whoever reads files.
    """

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__('; '.join(problem.message for problem in problems))
        self.problems = problems
        self.filename = ''


class Placeholder(str):
    """An unquoted `${name}` in a state machine definition; the text includes the braces."""

    __slots__ = ()


class _JsonNode:
    """Shaped like a PyYAML node, so that one lookup serves both; offsets, not marks."""

    __slots__ = ('id', 'value', 'start', 'end')
    tag = ''
    style = '"'

    def __init__(self, id: str, value: Any, start: int, end: int) -> None:
        self.id = id
        self.value = value
        self.start = start
        self.end = end


class Source:
    """A text read: its `data`, and the span of every path in it.

    `origin` is the line and column at which the text begins in its file, for a definition
    inside a block scalar. `fixed`, when given, is the answer for every path: a definition
    inside an escaped string has no lines of its own.
    """

    def __init__(
            self,
            filename: str,
            text: str,
            data: Any,
            node: Any = None,
            *,
            origin: tuple[int, int] = (0, 0),
            fixed: Span | None = None,
    ) -> None:
        self.filename = filename
        self.text = text
        self.data = data
        self._node = node
        self._origin = origin
        self._fixed = fixed
        self._line_starts: list[int] | None = None
        self._mappings: dict[int, dict[str, tuple[Any, Any]]] = {}

    def span(self, path: Path) -> Span:
        """The place of the last part of `path` that is written in the text.

        A key is marked together with its value where both fit on one line.
        """
        if self._fixed is not None:
            return self._fixed
        self.json_tree()
        key, node, _ = self._walked(path)
        span = self._marked(key, node)
        line, column = self._origin
        return Span(
            span.line + line, span.column + column, span.end_line + line, span.end_column + column,
        )

    def json_tree(self) -> _JsonNode | None:
        """The node tree of a text that was read as JSON; None where it was read as YAML."""
        if self._node is None:
            self._node = _scan_json(self.text)[1]
        return self._node if isinstance(self._node, _JsonNode) else None

    @property
    def origin(self) -> tuple[int, int]:
        """Line and column at which the text begins in its file."""
        return self._origin

    def block_origin(self, path: Path) -> tuple[int, int] | None:
        """Line and column at which the literal block scalar at `path` begins, else None."""
        if self._node is None or isinstance(self._node, _JsonNode):
            return None
        _, node, whole = self._walked(path)
        if not whole or node.id != 'scalar' or node.style != '|':
            return None
        first = self._extent(node).line + 1
        starts = self._line_starts or []
        written = node.value.split('\n')
        head = next((i for i, line in enumerate(written) if line.strip()), None)
        if head is None or first + head >= len(starts):
            return None
        start = starts[first + head]
        end = self.text.find('\n', start)
        line = self.text[start:end if end >= 0 else None]
        column = line.find(written[head].rstrip())
        return (first, column) if column >= 0 else None

    def comments(self, word: str) -> Iterator[tuple[Span, str, int]]:
        """The comments of a YAML text that hold `word`, each with the line that it is about.

        That is its own line, or, where it stands alone, the next that is no comment.
        """
        if word not in self.text or self._node is None or isinstance(self._node, _JsonNode):
            return
        lines = self.text.split('\n')
        # A # inside a scalar begins no comment.
        scalars = sorted(_scalars(self._node))
        start = 0
        for number, line in enumerate(lines):
            if word in line:
                for match in re.finditer(r'(?:^|(?<=[ \t]))#', line):
                    at = start + match.start()
                    index = bisect.bisect_right(scalars, (at, len(self.text)))
                    if index and at < scalars[index - 1][1]:
                        continue
                    about = number
                    while not line[:match.start()].strip() and about + 1 < len(lines):
                        about += 1
                        if lines[about].lstrip()[:1] != '#':
                            break
                    span = Span(number, match.start(), number, len(line))
                    yield span, line[match.start():], about
                    break
            start += len(line) + 1

    def _walked(self, path: Path) -> tuple[Any, Any, bool]:
        """Key and value node of the last part of `path` that is written; whether all is."""
        key, node = None, self._node
        for part in path:
            if node.tag[:1] == '!' and part == _long_form(node.tag):
                node = _untagged(node)
                continue
            found = self._child(node, part)
            if found is None:
                return key, node, False
            key, node = found
        return key, node, True

    def _child(self, node: Any, part: str | int) -> tuple[Any, Any] | None:
        """The key node (None in a list) and the value node of one step down."""
        if node.id == 'sequence' and isinstance(part, int) and part < len(node.value):
            return None, node.value[part]
        if node.id != 'mapping' or not isinstance(part, str):
            return None
        return self._pairs(node).get(part)

    def _pairs(self, mapping: Any) -> dict[str, tuple[Any, Any]]:
        """Key and value nodes by name, those of merge keys (<<) behind the mapping's own.

        Kept, because a template of thousands of resources is asked for thousands of places.
        """
        pairs = self._mappings.get(id(mapping.value))
        if pairs is None:
            pairs = {}
            for key, value in mapping.value:
                if key.tag == 'tag:yaml.org,2002:merge':
                    for merged in value.value if value.id == 'sequence' else [value]:
                        pairs = {**self._pairs(merged), **pairs}
            for key, value in mapping.value:
                pairs[key.value] = key, value
            self._mappings[id(mapping.value)] = pairs
        return pairs

    def _marked(self, key: Any, node: Any) -> Span:
        value = self._extent(node)
        if key is None:
            if node.id != 'scalar' and node.value:
                first = node.value[0]
                return self._marked(*first) if node.id == 'mapping' else self._marked(None, first)
            return value if value.line == value.end_line else value._replace(
                end_line=value.line, end_column=value.column + 1,
            )
        name = self._extent(key)
        # The value of an alias stands at its anchor, elsewhere.
        near = name.line == value.end_line and name.end_column <= value.column
        if near and node.id == 'scalar' and node.style not in ('|', '>'):
            return Span(name.line, name.column, value.end_line, value.end_column)
        return name

    def _extent(self, node: Any) -> Span:
        if self._line_starts is None:
            self._line_starts = _line_starts(self.text)
        if isinstance(node, _JsonNode):
            return _between(self._line_starts, node.start, node.end)
        # Not the marks' lines: YAML also breaks lines at U+0085 and U+2028, editors don't.
        return _between(self._line_starts, node.start_mark.index, node.end_mark.index)


def looks_like_ours(text: str) -> bool:
    """Whether a text that can't be parsed was meant to be a template or a state machine."""
    return _OURS.search(text) is not None


def decode(raw: bytes) -> str:
    """Bytes of a file as text; raises SourceError with the place of the first bad byte."""
    if raw[:2] in (b'\xff\xfe', b'\xfe\xff'):
        raise SourceError([Problem(Span(0, 0, 0, 1), 'the file is UTF-16; save it as UTF-8')])
    try:
        text = raw.decode('utf-8-sig')
    except UnicodeDecodeError as error:
        before = raw[:error.start]
        line = before.count(b'\n')
        column = len(before[before.rfind(b'\n') + 1:].decode('utf-8', 'replace'))
        raise SourceError([Problem(
            Span(line, column, line, column + 1),
            f'byte 0x{raw[error.start]:02x} is not UTF-8; save the file as UTF-8',
        )]) from None
    return text.replace('\r\n', '\n').replace('\r', '\n') if '\r' in text else text


def read(filename: str, text: str) -> Source:
    """Parse YAML or JSON; raises SourceError with every problem that can be placed."""
    start = text.lstrip()[:1]
    if not start:
        raise SourceError([Problem(Span(0, 0, 0, 0), 'the file is empty')])
    if start not in '{[':
        return _read_yaml(filename, text)
    try:
        data = json.loads(text, object_pairs_hook=_unique, parse_constant=_not_json)
        _check_depth(text, data)
        return Source(filename, text, data)
    except (ValueError, RecursionError):
        try:
            _scan_json(text)
        except SourceError as error:
            if filename.endswith('.json'):
                raise
            try:
                return _read_yaml(filename, text)  # flow style, comments, trailing commas
            except SourceError:
                raise error from None
        raise


def read_definition(
        filename: str,
        text: str,
        *,
        origin: tuple[int, int] = (0, 0),
        fixed: Span | None = None,
) -> Source:
    """Parse the JSON of a state machine, with unquoted `${name}` as `Placeholder`.

    Raises SourceError whose spans are places in the file, as those of the Source are.
    """
    try:
        data, node = _scan_json(text, placeholders=True)
    except SourceError as error:
        line, column = origin
        raise SourceError([
            Problem(
                fixed or Span(
                    at.line + line, at.column + column,
                    at.end_line + line, at.end_column + column,
                ),
                message,
            )
            for at, message in error.problems
        ]) from None
    return Source(filename, text, data, node, origin=origin, fixed=fixed)


def _scalars(node: Any) -> Iterator[tuple[int, int]]:
    """Where the scalars of a node tree begin and end, those of an alias at its anchor."""
    done = set()
    waiting = [node]
    while waiting:
        node = waiting.pop()
        if id(node) in done:
            continue
        done.add(id(node))
        if node.id == 'scalar':
            yield node.start_mark.index, node.end_mark.index
        elif node.id == 'sequence':
            waiting += node.value
        else:
            waiting += [part for pair in node.value for part in pair]


def _untagged(node: Any) -> Any:
    copy = type(node)('', node.value, node.start_mark, node.end_mark)
    copy.style = getattr(node, 'style', None)
    return copy


def _long_form(tag: str) -> str:
    name = tag[1:]
    return name if name in ('Ref', 'Condition') else f'Fn::{name}'


# --- YAML


def _read_yaml(filename: str, text: str) -> Source:
    import yaml  # 20 ms: only when a file needs it

    bad = re.search(_FORBIDDEN, text)
    if bad:
        _fail(text, bad.start(), f'character U+{ord(bad.group()):04X} is not allowed here')
    opened = text.count('[') + text.count('{') - text.count('${')
    if opened > _COMPOSER_DEPTH or _COMPACT_DEPTH.search(text):
        _check_yaml_depth(yaml, text)
    try:
        loader = yaml.CSafeLoader(text)
        try:
            node = loader.get_single_node()
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        message = ', '.join(filter(None, (error.context, error.problem)))
        line, column = (mark.line, mark.column) if mark else (0, 0)
        span = Span(line, column, line, column + 1)
        if error.problem == _TOO_DEEP:
            raise SourceError([_nested(span)]) from None
        raise SourceError([Problem(span, f'not YAML: {message}')]) from None
    except yaml.YAMLError as error:
        raise SourceError([Problem(Span(0, 0, 0, 1), f'not YAML: {error}')]) from None
    if node is None:
        raise SourceError([Problem(Span(0, 0, 0, 0), 'the file is empty')])
    constructor = _Constructor()
    data, _ = constructor.construct(node, 0)
    if constructor.problems:
        raise SourceError(constructor.problems)
    return Source(filename, text, data, node)


def _check_yaml_depth(yaml: Any, text: str) -> None:
    depth = 0
    try:
        for event in yaml.parse(text, Loader=yaml.CSafeLoader):
            if isinstance(event, yaml.CollectionStartEvent):
                depth += 1
                if depth > MAX_DEPTH:
                    mark = event.start_mark
                    raise SourceError([_nested(Span(
                        mark.line, mark.column, mark.line, mark.column + 1,
                    ))])
            elif isinstance(event, yaml.CollectionEndEvent):
                depth -= 1
    except yaml.YAMLError:
        pass  # composing says it with a place


def _nested(span: Span) -> Problem:
    return Problem(span, f'nested deeper than {MAX_DEPTH} levels')


class _Constructor:
    """Node tree to plain data; aliases stay shared objects and cost nothing."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self._done: dict[int, tuple[Any, int, int]] = {}
        self._open: set[int] = set()
        self._aliased = 0
        self._deepest = 0

    def construct(self, node: Any, depth: int) -> tuple[Any, int]:
        """The data of a node, and how many nodes it stands for once aliases are expanded."""
        if node.id == 'scalar':
            tag = node.tag
            if tag[:1] == '!' and tag != '!':
                return _tagged(tag, node.value), 1
            return _scalar(node), 1
        known = self._done.get(id(node))
        if known is not None:
            data, size, height = known
            self._aliased += size
            if self._aliased > MAX_ALIASED:
                raise SourceError([Problem(_at(node), 'aliases expand to over a million values')])
            self._reach(node, depth + height)
            return data, size
        if id(node) in self._open:
            raise SourceError([Problem(_at(node), 'an anchor that contains an alias to itself')])
        before, self._deepest = self._deepest, depth
        self._reach(node, depth)
        self._open.add(id(node))
        build = self._sequence if node.id == 'sequence' else self._mapping
        data, size = build(node, depth)
        self._open.discard(id(node))
        if node.tag[:1] == '!' and node.tag != '!':
            data = _tagged(node.tag, data)
        self._done[id(node)] = data, size, self._deepest - depth
        self._deepest = max(before, self._deepest)
        return data, size

    def _reach(self, node: Any, depth: int) -> None:
        if depth > MAX_DEPTH:
            raise SourceError([_nested(_at(node))])
        self._deepest = max(self._deepest, depth)

    def _sequence(self, node: Any, depth: int) -> tuple[Any, int]:
        items, size = [], 1
        for child in node.value:
            item, cost = self.construct(child, depth + 1)
            items.append(item)
            size += cost
        return items, size

    def _mapping(self, node: Any, depth: int) -> tuple[Any, int]:
        own: dict[str, Any] = {}
        merged: dict[str, Any] = {}
        size = 1
        for key, child in node.value:
            if key.tag == 'tag:yaml.org,2002:merge':
                size += self._merge(child, merged, depth)
                continue
            if key.id != 'scalar':
                self.problems.append(Problem(_at(key), 'a key must be a plain string'))
                continue
            if key.value in own:
                self.problems.append(Problem(_at(key), f'the key {key.value!r} stands here twice'))
            own[key.value], cost = self.construct(child, depth + 1)
            size += cost
        if not merged:
            return own, size
        return {**merged, **own}, size

    def _merge(self, node: Any, merged: dict[str, Any], depth: int) -> int:
        size = 0
        for part in node.value if node.id == 'sequence' else [node]:
            data, cost = self.construct(part, depth + 1)
            if not isinstance(data, dict):
                self.problems.append(Problem(_at(part), 'only a mapping can be merged with <<'))
                continue
            size += cost
            for key, value in data.items():
                merged.setdefault(key, value)
        return size


def _at(node: Any) -> Span:
    mark = node.start_mark
    end = node.end_mark if node.end_mark.line == mark.line else None
    return Span(mark.line, mark.column, mark.line, end.column if end else mark.column + 1)


def _tagged(tag: str, value: Any) -> Any:
    if tag == '!GetAtt' and isinstance(value, str):
        value = value.split('.', 1)
    return {_long_form(tag): value}


_TRUE = frozenset(('true', 'yes', 'on'))


def _scalar(node: Any) -> Any:
    tag, text = node.tag, node.value
    if tag == 'tag:yaml.org,2002:str':
        return text
    try:
        if tag == 'tag:yaml.org,2002:bool':
            return text.lower() in _TRUE
        if tag == 'tag:yaml.org,2002:null':
            return None
        if tag == 'tag:yaml.org,2002:int':
            return _integer(text.replace('_', ''))
        if tag == 'tag:yaml.org,2002:float':
            return float(text.replace('_', '').replace('.inf', 'inf').replace('.nan', 'nan'))
    except ValueError:
        pass  # sexagesimals, a number of 5,000 digits: the text will do
    return text


def _integer(text: str) -> int:
    digits = text.lstrip('+-')
    if digits[:2] in ('0b', '0x'):
        return int(text, 0)
    if len(digits) > 1 and digits[0] == '0':
        return int(text, 8)
    return int(text)


# --- JSON


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    data = dict(pairs)
    if len(data) != len(pairs):
        raise ValueError('a key stands twice')
    return data


def _not_json(constant: str) -> NoReturn:
    raise ValueError(f'{constant} is not JSON')


def _check_depth(text: str, data: Any) -> None:
    level: list[Any] = [data]
    for _ in range(MAX_DEPTH):
        level = [
            child
            for node in level
            for child in (node.values() if isinstance(node, dict) else node)
            if isinstance(child, (dict, list))
        ]
        if not level:
            return
    raise RecursionError


def _line_starts(text: str) -> list[int]:
    return [0, *(match.end() for match in re.finditer('\n', text))]


def _between(line_starts: list[int], start: int, end: int) -> Span:
    line = bisect.bisect_right(line_starts, start) - 1
    end_line = bisect.bisect_right(line_starts, end) - 1
    return Span(line, start - line_starts[line], end_line, end - line_starts[end_line])


def _fail(text: str, offset: int, message: str) -> NoReturn:
    offset = min(offset, len(text))
    raise SourceError([Problem(_between(_line_starts(text), offset, offset + 1), message)])


def _tokens(text: str, *, placeholders: bool) -> Iterator[tuple[str, str, int, int]]:
    position = 0
    while True:
        match = _JSON_TOKEN.match(text, position)
        if match is None:
            rest = len(text) - len(text[position:].lstrip(' \t\r\n'))
            if rest < len(text):
                word = text[rest:rest + 20].partition('\n')[0]
                _fail(text, rest, f'not JSON: {word!r} is unexpected')
            yield 'end', '', len(text), len(text)
            return
        kind = match.lastgroup or ''
        if kind == 'placeholder' and not placeholders:
            _fail(text, match.start(kind), f'not JSON: {match.group(kind)} is not in quotes')
        yield kind, match.group(kind), match.start(kind), match.end(kind)
        position = match.end()


def _scan_json(text: str, *, placeholders: bool = False) -> tuple[Any, _JsonNode]:
    """Data and node tree of a JSON text, without recursion; raises SourceError."""
    repeated: list[tuple[str, int, int]] = []
    data, root = None, None
    # One entry for every container that is open: its data, its node, the key that waits.
    stack: list[tuple[Any, _JsonNode]] = []
    key: tuple[str, _JsonNode] | None = None
    expect = 'value'

    for kind, token, start, end in _tokens(text, placeholders=placeholders):
        if kind == 'end':
            if root is None or stack:
                _fail(text, start, 'not JSON: the text ends too early')
            break
        if root is not None and not stack:
            _fail(text, start, 'not JSON: there is more text after the end')
        if kind == 'punctuation' and token in '}],:':
            if token == ':' and expect == 'colon':
                expect = 'value'
            elif token == ',' and expect == 'comma':
                expect = 'key' if stack[-1][1].id == 'mapping' else 'value'
            elif stack and expect in ('comma', 'first') and token == (
                    '}' if stack[-1][1].id == 'mapping' else ']'):
                stack.pop()[1].end = end
                expect = 'comma'
            else:
                _fail(text, start, f'not JSON: {token!r} is unexpected')
            continue
        in_mapping = bool(stack) and stack[-1][1].id == 'mapping'
        if expect == 'key' or (expect == 'first' and in_mapping):
            if kind != 'string':
                _fail(text, start, 'not JSON: a key in double quotes is expected')
            name = _string(text, token, start)
            key = name, _JsonNode('scalar', name, start, end)
            if name in stack[-1][0]:
                repeated.append((name, start, end))
            expect = 'colon'
            continue
        if expect not in ('value', 'first'):
            what = 'a colon' if expect == 'colon' else 'a comma'
            _fail(text, start, f'not JSON: {what} is missing')
        value: Any
        if kind == 'punctuation':
            value = {} if token == '{' else []
            node = _JsonNode('mapping' if token == '{' else 'sequence', [], start, end)
        else:
            value = _literal(text, kind, token, start)
            node = _JsonNode('scalar', value, start, end)
        if not stack:
            data, root = value, node
        elif key is not None:
            stack[-1][0][key[0]] = value
            stack[-1][1].value.append((key[1], node))
        else:
            stack[-1][0].append(value)
            stack[-1][1].value.append(node)
        key = None
        expect = 'comma'
        if kind == 'punctuation':
            stack.append((value, node))
            expect = 'first'
            if len(stack) > MAX_DEPTH:
                raise SourceError([_nested(_between(_line_starts(text), start, end))])
    if repeated:
        line_starts = _line_starts(text)
        raise SourceError([
            Problem(_between(line_starts, start, end), f'the key {name!r} stands here twice')
            for name, start, end in repeated
        ])
    assert root is not None
    return data, root


def _literal(text: str, kind: str, token: str, start: int) -> Any:
    if kind == 'placeholder':
        return Placeholder(token)
    if kind == 'string':
        return _string(text, token, start)
    try:
        return json.loads(token)
    except ValueError:  # 007, or a number of 5,000 digits
        _fail(text, start, f'not JSON: {token[:20]} is not a number')


def _string(text: str, token: str, start: int) -> str:
    if '\\' not in token and token.isprintable():
        return token[1:-1]
    try:
        value: str = json.loads(token)
    except ValueError as error:
        position = getattr(error, 'pos', 0)
        _fail(text, start + position, f'not JSON: {getattr(error, "msg", error)}')
    return value
