"""A text as a tree of nodes, each with its place to the character, for those who edit it.

PyYAML's own tree lacks where an alias stands, and where a block collection or a block scalar
ends: its marks run over the comments and blank lines that follow.
"""
from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any
from typing import NamedTuple

from thera_lint.intrinsics import LOOP
from thera_lint.source import Source
from thera_lint.values import Path

# The functions into whose arguments an edit may go.
_TRANSPARENT = ('Fn::If', 'Fn::ToJsonString')
_SHORT = re.compile(r'(?:^|[ \t\[,{])!(?:Ref|Sub|GetAtt|Join|If|Select|FindInMap|ImportValue)\b')
_LONG = re.compile(r'\bFn::[A-Z]\w+["\']?:|\bRef["\']?:')
_PROPERTIES = re.compile(r'(?:[&!][^\s,\[\]{}]*[ \t]*){0,2}')
REST_OF_LINE = re.compile(r'[ \t]*(?:(?<=[ \t])#.*)?$', re.M)


class CannotEdit(Exception):
    """Why the edits of a target can't be made in its text."""


class Node:
    """A mapping (pairs of nodes), a sequence (nodes), a scalar or an alias (text).

    `start` is before its anchor and tag, `body` behind them; `end` is behind the last
    character that belongs to it.
    """

    __slots__ = ('id', 'value', 'start', 'body', 'end', 'tag', 'style', 'flow', 'shared')

    def __init__(self, id: str, value: Any, start: int, end: int, style: str, flow: bool) -> None:
        self.id = id
        self.value = value
        self.start = self.body = start
        self.end = end
        self.tag = ''
        self.style = style
        self.flow = flow
        self.shared = False
        """Whether an alias refers to it."""

    @property
    def entries(self) -> list[tuple[int, int]]:
        """Where each item, or key with its value, starts and ends; an item without its dash."""
        if self.id == 'sequence':
            return [(item.start, item.end) for item in self.value]
        return [(key.start, max(key.end, value.end)) for key, value in self.value]

    def nodes(self) -> Iterator[Node]:
        """All below it, and itself."""
        yield self
        if self.id in ('sequence', 'mapping'):
            for entry in self.value:
                for node in entry if self.id == 'mapping' else (entry,):
                    yield from node.nodes()


class Document(NamedTuple):
    text: str
    data: Any
    root: Node
    json: bool
    long: bool
    """Whether functions are written in their long form."""
    quote: str


@lru_cache(maxsize=1)
def document_of(source: Source) -> Document:
    text = source.text
    tree = source.json_tree()
    root = _of_json(tree) if tree is not None else _composed(text)
    return Document(
        text,
        source.data,
        root,
        tree is not None,
        tree is not None or (_LONG.search(text) is not None and _SHORT.search(text) is None),
        '"' if text.count('"') > text.count("'") else "'",
    )


def _of_json(node: Any) -> Node:
    value = node.value
    if node.id == 'mapping':
        value = [(_of_json(key), _of_json(child)) for key, child in value]
    elif node.id == 'sequence':
        value = [_of_json(child) for child in value]
    return Node(node.id, value, node.start, node.end, '"', True)


def _composed(text: str) -> Node:
    import yaml  # as in source: only when a file needs it

    anchors: dict[str, Node] = {}
    stack: list[Node] = [Node('sequence', [], 0, 0, '', False)]
    event: Any
    for event in yaml.parse(text, Loader=yaml.CSafeLoader):
        kind = type(event)
        if issubclass(kind, yaml.CollectionEndEvent):
            node = stack.pop()
            if node.flow:
                node.end = event.end_mark.index
            else:
                last = node.value[-1]
                node.end = max(one.end for one in (last if node.id == 'mapping' else (last,)))
        if not issubclass(kind, yaml.NodeEvent):
            continue
        start, end = event.start_mark.index, event.end_mark.index
        if kind is yaml.AliasEvent:
            node = Node('alias', event.anchor, start, end, '', False)
            if event.anchor in anchors:
                anchors[event.anchor].shared = True
            _put(stack[-1], node)
            continue
        if kind is yaml.ScalarEvent:
            style = event.style or ''
            if style in ('|', '>'):
                end = _block_end(text, start, end)
            node = Node('scalar', event.value, start, end, style, stack[-1].flow)
            if event.tag or event.anchor:
                properties = _PROPERTIES.match(text, start, end)
                node.body = properties.end() if properties else start
        else:
            id = 'mapping' if kind is yaml.MappingStartEvent else 'sequence'
            node = Node(id, [], start, end, '', bool(event.flow_style))
            if event.flow_style:
                node.body = end - 1
            elif event.tag or event.anchor:
                # The mark is behind the first dash where the list is not indented.
                node.body = end - (id == 'sequence' and text[end:end + 1] != '-')
        node.tag = event.tag or ''
        if event.anchor:
            anchors[event.anchor] = node
        _put(stack[-1], node)
        if node.id != 'scalar':
            stack.append(node)
    root: Node = stack[0].value[0]
    return root


def _put(parent: Node, node: Node) -> None:
    """Add a key, a value or an item to the collection that is open."""
    if parent.id == 'mapping' and parent.value and len(parent.value[-1]) == 1:
        parent.value[-1] = (*parent.value[-1], node)
    else:
        parent.value.append((node,) if parent.id == 'mapping' else node)


def _block_end(text: str, start: int, end: int) -> int:
    """Where the last line of a block scalar ends; the parser's mark is behind blank lines."""
    header, _, body = text[start:end].partition('\n')
    if '+' in header.partition('#')[0]:
        return end - 1 if body.endswith('\n') else end
    lines = body.split('\n')
    indent = next((len(line) - len(line.lstrip(' ')) for line in lines if line.strip(' ')), 0)
    while lines and not lines[-1].strip(' ') and (len(lines[-1]) <= indent or not indent):
        lines.pop()
    return start + len('\n'.join([header, *lines]))


class Spot(NamedTuple):
    """A node with its data and the way to it; `key` is None in a list and at the root."""

    node: Node
    data: Any
    parent: Spot | None = None
    key: Node | None = None
    number: int = 0
    path: Path = ()


def spot_at(document: Document, place: Path) -> tuple[Spot, Path]:
    """The node at `place`, or the last on the way that is written, and what is left of it."""
    spot = Spot(document.root, document.data)
    entered = False  # whether the argument of the short form at `spot` was asked for
    for step, part in enumerate(place):
        if isinstance(part, str) and (part.startswith(LOOP) or part == 'Fn::Transform'):
            raise CannotEdit(f'it comes out of {part}')
        if isinstance(part, str) and part[:4] == 'Fn::' and part not in _TRANSPARENT:
            raise CannotEdit(f'it stands inside {part}')
        node = spot.node
        check_shared(document, node)
        if not entered and node.tag[:1] == '!' and isinstance(spot.data, dict) and (
                part in spot.data):
            spot = spot._replace(data=spot.data[part], path=(*spot.path, part))
            entered = True
            continue
        index = _index(node, part)
        if index is None:
            if isinstance(spot.data, dict) and part in spot.data and step + 1 < len(place):
                raise CannotEdit('it comes in through a merge key (<<)')
            return spot, place[step:]
        key, child = node.value[index] if node.id == 'mapping' else (None, node.value[index])
        spot = Spot(child, spot.data[part], spot, key, index, (*spot.path, part))
        entered = False
    check_shared(document, spot.node)
    return spot, ()


def _index(node: Node, part: str | int) -> int | None:
    if node.id == 'mapping':
        return next((i for i, (key, _) in enumerate(node.value) if key.value == part), None)
    if node.id == 'sequence' and isinstance(part, int) and part < len(node.value):
        return part
    return None


def check_shared(document: Document, node: Node) -> None:
    if node.shared:
        anchor = document.text[node.start:].partition('&')[2].split()[0]
        raise CannotEdit(f'it is used elsewhere as well, through its anchor &{anchor}')
    if node.id == 'alias':
        raise CannotEdit(f'the value comes from elsewhere: *{node.value}')


def function_of(data: Any) -> str | None:
    """The intrinsic function that raw data is."""
    if isinstance(data, dict) and len(data) == 1:
        name, argument = next(iter(data.items()))
        if name == 'Ref' or name[:4] == 'Fn::' or name == 'Condition' and isinstance(argument, str):
            return str(name)
    return None


def shown(document: Document, spot: Spot) -> str:
    """The text of a value on one line, shortened."""
    text = ' '.join(document.text[spot.node.start:spot.node.end].split())
    return text if len(text) <= 60 else f'{text[:57]}...'


def column_of(text: str, node: Node) -> int:
    """The column of the keys or dashes of a block collection."""
    start = entry_start(text, node, 0)
    return start - line_start(text, start)


def entry_start(text: str, node: Node, index: int) -> int:
    """Where an entry of a block collection starts, with its dash."""
    if node.id == 'mapping':
        start: int = node.value[index][0].start
        if text[node.body:start].strip() and not index:
            raise CannotEdit('its key is written in an unusual way')
        return start
    if not index:
        return node.body
    column = node.body - line_start(text, node.body)
    line = line_start(text, node.value[index - 1].end)
    stop = node.value[index].start
    while (line := text.find('\n', line) + 1) and line + column <= stop:
        if text[line:line + column + 1] == ' ' * column + '-':
            return line + column
    raise CannotEdit('its list is written in an unusual way')


def line_start(text: str, offset: int) -> int:
    return text.rfind('\n', 0, offset) + 1


def line_stop(text: str, offset: int) -> int:
    """The end of the line at `offset`, on which nothing but a comment may follow."""
    match = REST_OF_LINE.match(text, offset)
    if match is None:
        raise CannotEdit('there is something else on its line')
    return match.end()


def indent_of(text: str, offset: int) -> str:
    line = text[line_start(text, offset):]
    return line[:len(line) - len(line.lstrip(' \t'))]
