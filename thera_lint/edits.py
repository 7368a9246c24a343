"""The edits of a fix as splices of the file's text, which leave every other byte as it is.

An edit that would touch more than its own place, or whose place can't be told for certain,
is refused with the reason: see `CannotEdit`.
"""
from __future__ import annotations

import bisect
import json
import re
from collections.abc import Iterable
from collections.abc import Iterator
from itertools import accumulate
from typing import Any
from typing import NoReturn

from thera_lint.engine import Target
from thera_lint.rule import Declare
from thera_lint.rule import Edit
from thera_lint.rule import Remove
from thera_lint.rule import Set
from thera_lint.source import read
from thera_lint.source import read_definition
from thera_lint.source import Source
from thera_lint.source import SourceError
from thera_lint.template import Template
from thera_lint.texttree import CannotEdit as CannotEdit
from thera_lint.texttree import check_shared
from thera_lint.texttree import Document
from thera_lint.texttree import document_of
from thera_lint.texttree import function_of
from thera_lint.texttree import line_start
from thera_lint.texttree import line_stop
from thera_lint.texttree import Node
from thera_lint.texttree import shown
from thera_lint.texttree import Spot
from thera_lint.texttree import spot_at
from thera_lint.typesetting import as_splices
from thera_lint.typesetting import Change
from thera_lint.typesetting import Splice as Splice
from thera_lint.values import as_flag
from thera_lint.values import as_number
from thera_lint.values import as_text
from thera_lint.values import At
from thera_lint.values import Map
from thera_lint.values import Path
from thera_lint.values import Seq
from thera_lint.values import Unknown


def splices(target: Target, text: str) -> list[Splice]:
    """The changes that make the target's edits in `text`, sorted; CannotEdit if there are none.

    `text` is the whole file `target.source.filename`, as `source.decode` gives it. Splices of
    two targets that touch each other must not be applied together: both may add one key.
    """
    source = target.source
    _check_apart(target.edits)
    moved = _Moved(source, text)
    document = document_of(source)
    changes: list[Change] = []
    for edit in target.edits:
        changes += _changes(document, target.root, edit, changes)
    changes = _combined(changes)
    if not changes:
        raise CannotEdit('it is so already')
    inner = list(_merged(as_splices(document, changes)))
    result = [moved.splice(one) for one in inner]
    expected = _expected(source.data, changes)
    try:
        right = _reads_alone(document, source, changes, inner, expected) or _same(
            _read_again(source, _spliced(source.text, inner)), expected,
        )
        if moved.inside:
            _check_around(source, text, _spliced(text, result), _spliced(source.text, inner))
    except SourceError as error:
        raise CannotEdit(f'it cannot be written here: {error}') from None
    if not right:
        raise CannotEdit('it cannot be written here without changing something else')
    _check_transform(target, expected)
    return result


def _check_apart(edits: tuple[Edit, ...]) -> None:
    paths = [one.path for one in edits if not isinstance(one, Declare)]
    for number, path in enumerate(paths):
        if any(path == other[:len(path)] for other in paths[:number] + paths[number + 1:]):
            raise CannotEdit('its edits overlap')


def applied(raw: bytes, splices: Iterable[Splice]) -> bytes:
    """The file's bytes with the splices made; CannotEdit where two of them touch."""
    body = raw.decode('utf-8-sig')
    bom = raw[:len(raw) - len(body.encode('utf-8'))]
    # A \r\n is one character of the normalised text.
    ends = [match.start() for match in re.finditer('\r\n', body)]
    shifted = [end - index for index, end in enumerate(ends)]
    pieces: list[str] = []
    position = 0
    touched = -1
    for start, end, text in sorted(splices):
        if start <= touched:
            raise CannotEdit('two edits touch each other')
        touched = end
        start += bisect.bisect_left(shifted, start)
        end += bisect.bisect_left(shifted, end)
        pieces.append(body[position:start])
        pieces.append(text.replace('\n', _line_end(body, start)) if '\n' in text else text)
        position = end
    return bom + ''.join([*pieces, body[position:]]).encode('utf-8')


def _line_end(body: str, offset: int) -> str:
    """The line end of the line at `offset`; that of the line above where it has none."""
    match = re.compile('\r\n|\r|\n').search(body, offset)
    if match is not None:
        return match.group()
    above = list(re.finditer('\r\n|\r|\n', body))
    return above[-1].group() if above else '\n'


def _spliced(text: str, splices: list[Splice]) -> str:
    for start, end, new in reversed(splices):
        text = text[:start] + new + text[end:]
    return text


def _merged(splices: Iterable[Splice]) -> Iterator[Splice]:
    """Splices that meet at one offset as one, in the order in which they were made."""
    order = sorted(splices, key=lambda one: (one.start, one.end))
    last: Splice | None = None
    for one in order:
        if last is not None and one.start < last.end:
            raise CannotEdit('its edits overlap')
        if last is not None and one.start == last.end:
            last = Splice(last.start, one.end, last.text + one.text)
            continue
        if last is not None:
            yield last
        last = one
    if last is not None:
        yield last


class _Moved:
    """From offsets in a source's text to offsets in the text of its file."""

    def __init__(self, source: Source, text: str) -> None:
        line, self._column = source.origin
        self.inside = source.origin != (0, 0)
        if not self.inside and source.text == text:
            return
        inner, outer = source.text.split('\n'), text.split('\n')[line:]
        if not self.inside or len(inner) > len(outer) or any(
                mine.rstrip() != whole[self._column:].rstrip() or whole[:self._column].strip()
                for mine, whole in zip(inner, outer, strict=False)
        ):
            raise CannotEdit('the definition is escaped in a string')
        self._starts = [0, *accumulate(len(mine) + 1 for mine in inner)]
        begin = len(text) - len('\n'.join(outer))
        self._outer = [begin, *accumulate((len(whole) + 1 for whole in outer), initial=begin)][1:]

    def splice(self, one: Splice) -> Splice:
        if not self.inside:
            return one
        text = one.text.replace('\n', '\n' + ' ' * self._column)
        return Splice(self._offset(one.start), self._offset(one.end), text)

    def _offset(self, offset: int) -> int:
        line = bisect.bisect_right(self._starts, offset) - 1
        moved = self._outer[line] + self._column + offset - self._starts[line]
        return min(moved, self._outer[line + 1] - 1)  # a blank line may be shorter


# --- from an edit to what changes where


class _Made(dict[str, Any]):
    """A mapping that is not asked for itself, but has to hold what is."""


def _changes(
        document: Document, root: Map, edit: Edit, before: list[Change],
) -> list[Change]:
    """The steps of one edit; those of the edits `before` count where it appends to a list."""
    if isinstance(edit, Declare):
        return _declared(document, edit)
    if isinstance(edit, Remove):
        return [_removed(document, root, edit.path)]
    value = _plain(edit.value)
    place, rest, current = _located(root, edit.path)
    done = edit.path[:len(edit.path) - len(rest)]
    if place[:1] in (('Parameters',), ('Mappings',)):
        raise CannotEdit(f'the value comes from elsewhere: {place[0]} {place[1]}')
    spot, missing = spot_at(document, place)
    if missing and done and not (missing == done[-1:] and _is_of_map(current, rest)):
        if not isinstance(spot.data, dict) or missing[0] not in spot.data:
            raise CannotEdit('it is not written here')
        if rest or len(missing) > 1:
            raise CannotEdit('it comes in through a merge key (<<)')
        # It comes in through a merge key; its own goes before that.
        return [Change('add', _plain_collection(document, spot), str(missing[0]), value)]
    rest = (*missing, *rest)
    if not missing:
        spot = _branch(document, spot, current)
    collection = isinstance(spot.data, (dict, list)) and function_of(spot.data) is None
    if collection and done and not missing and not _ends_in(spot.path, done[-1]):
        raise CannotEdit('it is not written here')
    if not rest:
        _check_written(document, spot, current)
        return list(_set(document, spot, value))
    at_end = len(current) if isinstance(current, Seq) else 0
    at_end += sum(one.kind == 'add' and one.spot.path == spot.path for one in before)
    return _created(document, _plain_collection(document, spot), rest, value, at_end)


def _created(
        document: Document, spot: Spot, path: Path, value: Any, at_end: int,
) -> list[Change]:
    """The step that makes `path` below `spot`; a list grows at the index `at_end`.

    That may be less than its length as it is written: some items are there conditionally.
    """
    part, *deeper = path
    for step in reversed(deeper):
        if isinstance(step, int) and step:
            raise CannotEdit(f'there is no item {step} to edit')
        value = _Made({step: value}) if isinstance(step, str) else [value]
    if isinstance(part, str) and isinstance(spot.data, dict):
        if part not in spot.data:
            return [Change('add', spot, part, value)]
        # Here under some condition only, or nothing yet.
        inner, left = spot_at(document, (*spot.path, part))
        if left or inner.data not in (None, '', {}, []):
            _refuse(document, inner)
        return list(_set(document, inner, value))
    if isinstance(part, int) and isinstance(spot.data, list):
        if part not in (at_end, len(spot.data)):
            raise CannotEdit(f'there is no item {part} to edit')
        return [Change('add', spot, None, value)]
    if spot.data in (None, '', {}, []):
        if isinstance(part, int) and part:
            raise CannotEdit(f'there is no item {part} to edit')
        value = _Made({part: value}) if isinstance(part, str) else [value]
        return list(_set(document, spot, value))
    raise CannotEdit(f'{part} does not fit into {shown(document, spot)}')


def _combined(changes: Iterable[Change]) -> list[Change]:
    """The changes with those made one that create the same mapping; none lies in another."""
    result: dict[Any, Change] = {}
    for number, change in enumerate(changes):
        # Items of a list come one after the other, and nothing goes twice.
        one = change.kind == 'remove' or change.kind == 'add' and change.key is None
        place = number if one else (change.kind, change.spot.path, change.key)
        known = result.get(place)
        if known is not None:
            change = known._replace(value=_joined(known.value, change.value))
        result[place] = change
    gone = [(number, one.spot.path) for number, one in result.items() if one.kind != 'add']
    for number, path in gone:
        for other, change in result.items():
            if number != other and change.spot.path[:len(path)] == path:
                raise CannotEdit('its edits overlap')
    return list(result.values())


def _declared(document: Document, edit: Declare) -> list[Change]:
    spot, rest = spot_at(document, ('Resources',))
    if rest or not isinstance(spot.data, dict):
        raise CannotEdit('there is no section Resources to add it to')
    if edit.logical_id in spot.data:
        raise CannotEdit(f'there is a resource {edit.logical_id} already')
    return [Change('add', spot, edit.logical_id, _plain(edit.resource))]


def _removed(document: Document, root: Map, path: Path) -> Change:
    place, rest, _ = _located(root, path, entry=True)
    spot, missing = spot_at(document, place)
    if rest or missing or spot.parent is None or not _ends_in(place, path[-1]):
        raise CannotEdit('it is not written here')
    if function_of(spot.data) == 'Fn::If' or _is_argument(spot):
        _refuse(document, spot)
    _check_below(document, spot.node)
    _plain_collection(document, spot.parent)
    return Change('remove', spot)


def _ends_in(place: Path, part: str | int) -> bool:
    """Whether a place is that of the key or item `part`: SAM makes one thing of another."""
    while place[-2:-1] == ('Fn::If',):
        place = place[:-2]
    last = place[-1] if place else ''
    return last == part if isinstance(part, str) else isinstance(last, int)


def _located(root: Map, path: Path, *, entry: bool = False) -> tuple[Path, Path, Any]:
    """Where the last part of `path` that is there was written, what is left, and its value.

    A mapping in a branch of Fn::If is where its branch is; an `entry` is where the key is.
    """
    node: Any = root
    place = root.place
    for step, part in enumerate(path):
        if isinstance(node, Map) and isinstance(part, str) and part in node:
            place = node.place_of(part)
        elif isinstance(node, Seq) and isinstance(part, int) and 0 <= part < len(node):
            place = node.place_of(part)
        else:
            return place, path[step:], node
        node = node[part]
        if isinstance(node, Map) and not (entry and step + 1 == len(path)):
            place = node.place
    return place, (), node


def _branch(document: Document, spot: Spot, current: Any) -> Spot:
    """The branch of the Fn::If at `spot` that gave the value `current`, if only one can."""
    if function_of(spot.data) != 'Fn::If':
        return spot
    fitting = []
    for leaf in _branches(document, (*spot.path, 'Fn::If'), spot.data['Fn::If']):
        if leaf.data == {'Ref': 'AWS::NoValue'}:
            continue
        if isinstance(current, Seq):
            size = len(leaf.path)
            if isinstance(leaf.data, list) and (
                    any(place[:size] == leaf.path for place in current.places)):
                fitting.append(leaf)
        elif function_of(leaf.data) is not None:
            return spot
        elif type(leaf.data) is type(current) and leaf.data == current:
            fitting.append(leaf)
    return fitting[0] if len(fitting) == 1 else spot


def _branches(document: Document, place: Path, argument: Any) -> Iterator[Spot]:
    if not isinstance(argument, list) or len(argument) != 3:
        return
    for index in (1, 2):
        leaf, left = spot_at(document, (*place, index))
        if left:
            return
        if function_of(leaf.data) == 'Fn::If':
            yield from _branches(document, (*leaf.path, 'Fn::If'), leaf.data['Fn::If'])
        else:
            yield leaf


def _is_argument(spot: Spot) -> bool:
    """Whether it is the argument of a function, or a part of it that has its fixed place."""
    return any(str(part)[:4] == 'Fn::' for part in spot.path[-2:])


def _plain_collection(document: Document, spot: Spot) -> Spot:
    """`spot`, if entries may come and go there."""
    last = spot.path[-1] if spot.path else ''
    if function_of(spot.data) is not None or (
            isinstance(last, str) and last[:4] == 'Fn::' and last != 'Fn::ToJsonString'):
        _refuse(document, spot)
    return spot


def _check_written(document: Document, spot: Spot, current: Any) -> None:
    """Refuse where the value that a rule saw is made out of what is written."""
    kind = dict if isinstance(current, Map) else list if isinstance(current, Seq) else None
    plain = isinstance(spot.data, kind) if kind else (
        not isinstance(current, Unknown) and spot.data == current
    )
    if function_of(spot.data) is not None or not plain:
        _refuse(document, spot)
    if len(spot.path) > 1 and spot.path[-2] == 'Fn::If' and spot.path[-1] == 0:
        _refuse(document, spot)


def _refuse(document: Document, spot: Spot) -> NoReturn:
    raise CannotEdit(f'the value comes from elsewhere: {shown(document, spot)}')


def _check_below(document: Document, node: Node) -> None:
    """Refuse to take away what an alias elsewhere refers to."""
    for one in node.nodes():
        if one.shared:
            check_shared(document, one)


def _set(document: Document, spot: Spot, value: Any) -> Iterator[Change]:
    """The least changes that turn what stands at `spot` into `value`."""
    old = spot.data
    if isinstance(old, str) and spot.node.style in ('"', "'") and (
            as_number(old) is not None and as_number(value) is not None or
            as_flag(old) is not None and isinstance(value, bool)):
        value = as_text(value)
    if _same(old, value):
        return
    if function_of(old) is not None:
        _refuse(document, spot)
    check_shared(document, spot.node)
    if isinstance(old, dict) and isinstance(value, dict) and old and value and (
            function_of(value) is None):
        for key in old:
            inner, left = spot_at(document, (*spot.path, key))
            if key not in value:
                if left:
                    raise CannotEdit('it comes in through a merge key (<<)')
                _check_below(document, inner.node)
                yield Change('remove', inner)
            elif left:
                if not _same(old[key], value[key]):
                    yield Change('add', spot, key, value[key])
            else:
                yield from _set(document, inner, value[key])
        for key in value:
            if key not in old:
                yield Change('add', spot, key, value[key])
        return
    if isinstance(old, list) and isinstance(value, list) and old and value:
        for index in range(min(len(old), len(value))):
            yield from _set(document, spot_at(document, (*spot.path, index))[0], value[index])
        for index in range(len(value), len(old)):
            inner = spot_at(document, (*spot.path, index))[0]
            _check_below(document, inner.node)
            yield Change('remove', inner)
        for item in value[len(old):]:
            yield Change('add', spot, None, item)
        return
    _check_below(document, spot.node)
    yield Change('set', spot, None, value)


def _plain(value: Any) -> Any:
    """The value of an edit as plain data."""
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, Unknown):
        raise CannotEdit('a part of the new value is known at the deployment only')
    return value


# --- the same changes made in the data, to check the text by


def _expected(data: Any, changes: list[Change]) -> Any:
    """A copy of `data` with the changes made."""
    for change in changes:
        path = change.spot.path
        if change.kind == 'set':
            data = _with(data, path, lambda _, value=change.value: value)
        elif change.kind == 'add':
            data = _with(data, path, lambda old, change=change: _grown(old, change))
    # The inner before the outer and the last before the first: an index must still be right.
    gone = [one for one in changes if one.kind == 'remove']
    for change in sorted(gone, key=lambda one: (-len(one.spot.path), -one.spot.number)):
        last = change.spot.path[-1]
        data = _with(data, change.spot.path[:-1], lambda old, last=last: _without(old, last))
    return data


def _with(data: Any, path: Path, change: Any) -> Any:
    if not path:
        return change(data)
    copy = data.copy()
    copy[path[0]] = _with(data[path[0]], path[1:], change)
    return copy


def _grown(old: Any, change: Change) -> Any:
    if isinstance(old, list):
        return [*old, change.value]
    return {**old, change.key: change.value}


def _joined(one: Any, other: Any) -> Any:
    """Two new values at one place: mappings made on the way to values that differ."""
    if not isinstance(one, _Made) or not isinstance(other, _Made):
        raise CannotEdit('its edits overlap')
    result = _Made(one)
    for key, value in other.items():
        result[key] = _joined(result[key], value) if key in result else value
    return result


def _without(old: Any, last: Any) -> Any:
    if isinstance(old, list):
        return [*old[:last], *old[last + 1:]]
    return {key: value for key, value in old.items() if key != last}


def _same(one: Any, other: Any) -> bool:
    """Equal with types and the order of keys left aside."""
    if isinstance(one, dict):
        return isinstance(other, dict) and one.keys() == other.keys() and all(
            _same(value, other[key]) for key, value in one.items()
        )
    if isinstance(one, list):
        return isinstance(other, list) and len(one) == len(other) and all(map(_same, one, other))
    return isinstance(one, bool) == isinstance(other, bool) and bool(
        one == other or one != one and other != other
    ) and isinstance(one, str) == isinstance(other, str)


# --- the last look


def _reads_alone(
        document: Document,
        source: Source,
        changes: list[Change],
        splices: list[Splice],
        expected: Any,
) -> bool:
    """Whether the one resource or state that is edited reads as expected, without all the others.

    False is no answer: it may need them. Among 500 resources this is 25 times faster.
    """
    spot = _alone(document, changes)
    if spot is None or spot.key is None or spot.parent is None:
        return False
    text = document.text
    if document.json:
        start, end, form = spot.key.start, spot.node.end, '{%s}'
    elif not spot.parent.node.flow:
        start, end, form = line_start(text, spot.key.start), line_stop(text, spot.node.end), '%s\n'
    else:
        return False
    inner = [one._replace(start=one.start - start, end=one.end - start) for one in splices]
    if inner[0].start < 0 or splices[-1].end > end:
        return False
    try:
        data = _read_again(source, form % _spliced(text[start:end], inner))
    except SourceError:
        return False
    section = expected[spot.path[0]]
    added = [one.key for one in changes if len(one.spot.path) == 1]
    return _same(data, {key: section[key] for key in (spot.path[1], *added)})


def _alone(document: Document, changes: list[Change]) -> Spot | None:
    """The one that is edited; what is declared comes behind the last."""
    place = changes[0].spot.path[:2]
    if any(
            one.spot.path[:2] != place or len(one.spot.path) < 3 and one.kind != 'add'
            for one in changes
    ):
        return None
    section = changes[0].spot
    if len(place) == 1 and section.node.id == 'mapping' and section.node.value:
        last = section.node.value[-1][0].value
        place = (*place, last) if last in section.data else place  # not <<
    try:
        spot, left = spot_at(document, place)
    except CannotEdit:  # others use it
        return None
    return None if left or len(place) < 2 else spot


def _read_again(source: Source, text: str) -> Any:
    if source.json_tree() is not None:
        try:
            json.loads(text)  # `read` would take what is YAML only
        except ValueError:
            return read_definition(source.filename, text).data  # `${name}` without quotes
    return read(source.filename, text).data


def _check_around(source: Source, before: str, after: str, definition: str) -> None:
    """A definition inside a template: of its key and block, that one text must differ."""
    old = read(source.filename, _block(source, before, source.text)).data
    new = read(source.filename, _block(source, after, definition)).data
    changed = list(_differences(old, new))
    if [(one.rstrip(), other.rstrip()) for one, other in changed] != [
            (source.text.rstrip(), definition.rstrip())]:
        raise CannotEdit('it cannot be written here without changing something else')


def _block(source: Source, text: str, definition: str) -> str:
    """The lines of a definition, and that of its key: with all others it would take seconds."""
    first, _ = source.origin
    return '\n'.join(text.split('\n')[first - 1:first + definition.count('\n') + 1])


def _differences(old: Any, new: Any) -> Iterator[tuple[Any, Any]]:
    if isinstance(old, dict) and isinstance(new, dict) and old.keys() == new.keys():
        for key in old:
            yield from _differences(old[key], new[key])
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for one, other in zip(old, new, strict=True):
            yield from _differences(one, other)
    elif not _same(old, new):
        yield str(old), str(new)


def _check_transform(target: Target, expected: Any) -> None:
    """An edit of a SAM resource must show in what the transform makes of it."""
    from thera_lint import sam

    root = target.root
    edited = [edit for edit in target.edits if not isinstance(edit, Declare)]
    if root.place[:1] != ('Resources',) or not isinstance(expected, dict):
        return
    if not sam.is_sam(expected):
        return
    # All the others would take seconds.
    alone = {root.place[1]: expected['Resources'][root.place[1]]}
    template = Template(Source(target.source.filename, '', {**expected, 'Resources': alone}), {})
    views = [
        view
        for logical_id, raw in template.declared.items()
        if (raw.place if isinstance(raw, At) else ('Resources', logical_id)) == root.place[:-1]
        for view in template.views(logical_id)
        if view.properties.place == root.place
    ]
    if views and not any(all(_holds(view.properties, one) for one in edited) for view in views):
        raise CannotEdit('the SAM resource has no such property')


def _is_of_map(current: Any, rest: Path) -> bool:
    """Whether a key is meant of a mapping of tags, of which SAM makes a list."""
    return isinstance(current, Seq) and len(rest) == 1 and isinstance(rest[0], str)


def _holds(properties: Map, edit: Set | Remove) -> bool:
    """Whether an edit shows in the resource that comes out."""
    _, rest, value = _located(properties, edit.path)
    if isinstance(edit, Remove):
        return bool(rest) or isinstance(edit.path[-1], int)
    if _is_of_map(value, rest):
        return {'Key': rest[0], 'Value': edit.value} in value
    return not rest and (
        isinstance(edit.value, (dict, list)) or as_text(value) == as_text(edit.value)
    )
