"""What a property may hold: a known value, an unknown one, or nothing.

Known values are plain Python (str, int, float, bool, None) and the two containers
below. Whatever cannot be settled before deploy is an `Unknown`. An absent property is
simply not a key of its `Map`. Rules read through the typed accessors of `Map`, which
answer None for "absent or unknown", so that silence is the default.
"""
from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from typing import NamedTuple

Path = tuple[str | int, ...]


class At(NamedTuple):
    """A raw value that was written elsewhere in the file than where it now stands.

    `place` is the absolute path in the document. SAM and Fn::ForEach expansion build
    resources out of these, so that a finding can point at what the author wrote.
    """

    place: Path
    value: Any


def bare(raw: Any) -> Any:
    """A raw value as plain data, wherever its parts were written."""
    if isinstance(raw, At):
        return bare(raw.value)
    if isinstance(raw, dict):
        return {key: bare(value) for key, value in raw.items()}
    return [bare(item) for item in raw] if isinstance(raw, list) else raw


class Unknown:
    """A value that only the deployment knows."""

    __slots__ = ()

    def __repr__(self) -> str:
        return type(self).__name__


class Parameter(Unknown):
    """A template or pseudo parameter without a value; `name` as in Ref."""

    __slots__ = ('name',)

    def __init__(self, name: str) -> None:
        self.name = name

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Parameter) and self.name == other.name

    def __hash__(self) -> int:
        return hash((Parameter, self.name))


class Reference(Unknown):
    """Ref or Fn::GetAtt of a resource; `attribute` is None for Ref."""

    __slots__ = ('logical_id', 'attribute')

    def __init__(self, logical_id: str, attribute: str | None = None) -> None:
        self.logical_id = logical_id
        self.attribute = attribute

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Reference) and
            self.logical_id == other.logical_id and
            self.attribute == other.attribute
        )

    def __hash__(self) -> int:
        return hash((Reference, self.logical_id, self.attribute))


class Import(Unknown):
    """Fn::ImportValue; `name` is a known str or another Unknown."""

    __slots__ = ('name',)

    def __init__(self, name: Any) -> None:
        self.name = name

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Import) and self.name == other.name

    def __hash__(self) -> int:
        return hash((Import, str(self.name)))


class Text(Unknown):
    """A string known in part: literal str and Unknown parts in order."""

    __slots__ = ('parts',)

    def __init__(self, parts: tuple[str | Unknown, ...]) -> None:
        self.parts = parts

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Text) and self.parts == other.parts

    def __hash__(self) -> int:
        return hash((Text, self.parts))

    def shown(self, hole: str = '*') -> str:
        """The literal parts, with `hole` for each unknown one."""
        return ''.join(p if isinstance(p, str) else hole for p in self.parts)


UNKNOWN = Unknown()

# A template may hold a million bytes; a string that nests its own doublings asks for 2^100.
MAX_TEXT = 1_000_000


def joined(parts: list[Any]) -> Any:
    """Strings, numbers, Text and other Unknowns put together to one str or Text."""
    flat: list[str | Unknown] = []
    size = 0
    for part in parts:
        for piece in part.parts if isinstance(part, Text) else (part,):
            size += len(piece) if isinstance(piece, str) else 1
            if size > MAX_TEXT:
                return UNKNOWN
            if not isinstance(piece, Unknown):
                piece = as_text(piece)
                if piece is None:
                    return UNKNOWN
                if flat and isinstance(flat[-1], str):
                    flat[-1] += piece
                    continue
            flat.append(piece)
    flat = [piece for piece in flat if piece != '']
    if not flat:
        return ''
    if len(flat) == 1:
        return flat[0]
    return Text(tuple(flat))


def as_text(value: Any) -> str | None:
    """A known scalar as CloudFormation writes it into a string, else None."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return 'true' if value else 'false'
    if isinstance(value, (int, float)):
        return str(value)
    return None


def as_number(value: Any) -> int | float | None:
    """A known number, also one written as a string, as CloudFormation accepts it."""
    if isinstance(value, bool):
        return None
    if isinstance(value, (int, float)):
        return value
    if isinstance(value, str) and value and len(value) < 32:
        try:
            return int(value)
        except ValueError:
            pass
        try:
            number = float(value)
        except ValueError:
            return None
        return number if number - number == 0 else None  # neither inf nor nan
    return None


def as_flag(value: Any) -> bool | None:
    """A known boolean, also "true" and "false", as CloudFormation accepts them."""
    if isinstance(value, bool):
        return value
    if isinstance(value, str):
        return {'true': True, 'false': False}.get(value.lower())
    return None


class Seq(list[Any]):
    """A resolved list. `places` holds where each item was written."""

    __slots__ = ('places',)

    def __init__(self, items: list[Any], places: list[Path]) -> None:
        super().__init__(items)
        self.places = places

    def place_of(self, index: int) -> Path:
        return self.places[index]


class Map(dict[str, Any]):
    """A resolved mapping.

    `place` is where it was written; `moved` names the keys whose value was written
    elsewhere (a Globals section, a branch of Fn::If, a SAM event). `open` is true when
    it may hold more keys than are known here (Fn::Transform beside the others).
    """

    __slots__ = ('place', 'moved', 'open')

    def __init__(self, place: Path = (), *, open: bool = False) -> None:
        super().__init__()
        self.place = place
        self.moved: dict[str, Path] = {}
        self.open = open

    def place_of(self, key: str) -> Path:
        moved = self.moved.get(key)
        return moved if moved is not None else (*self.place, key)

    def absent(self, key: str) -> bool:
        """Certainly not written (a null counts as not written)."""
        return not self.open and self.get(key) is None

    def text(self, key: str) -> str | None:
        value = self.get(key)
        return value if isinstance(value, str) else None

    def number(self, key: str) -> int | float | None:
        return as_number(self.get(key))

    def flag(self, key: str) -> bool | None:
        return as_flag(self.get(key))

    def map(self, key: str) -> Map | None:
        value = self.get(key)
        return value if isinstance(value, Map) else None

    def seq(self, key: str) -> Seq | None:
        value = self.get(key)
        return value if isinstance(value, Seq) else None

    def maps(self, key: str) -> Iterator[tuple[int, Map]]:
        """The known mappings in a list, with their index; nothing when it is unknown."""
        for index, item in enumerate(self.seq(key) or ()):
            if isinstance(item, Map):
                yield index, item


def is_known(value: Any) -> bool:
    """Known to the last leaf."""
    if isinstance(value, Unknown):
        return False
    if isinstance(value, Map):
        return not value.open and all(is_known(v) for v in value.values())
    if isinstance(value, list):
        return all(is_known(v) for v in value)
    return True


def locate(root: Map, path: Path) -> Path:
    """Where `path` below `root` was written; its nearest ancestor if it was not."""
    place = root.place
    node: Any = root
    for part in path:
        if isinstance(node, Map) and isinstance(part, str) and part in node:
            place = node.place_of(part)
            node = node[part]
        elif isinstance(node, Seq) and isinstance(part, int) and 0 <= part < len(node):
            place = node.place_of(part)
            node = node[part]
        else:
            break
    return place
