"""Changes of a tree as splices of its text, in the style of what stands around them."""
from __future__ import annotations

import json
import re
from collections.abc import Iterator
from collections.abc import Sequence
from functools import lru_cache
from typing import Any
from typing import NamedTuple

from thera_lint.texttree import CannotEdit
from thera_lint.texttree import column_of
from thera_lint.texttree import Document
from thera_lint.texttree import entry_start
from thera_lint.texttree import function_of
from thera_lint.texttree import indent_of
from thera_lint.texttree import line_start
from thera_lint.texttree import line_stop
from thera_lint.texttree import Node
from thera_lint.texttree import REST_OF_LINE
from thera_lint.texttree import shown
from thera_lint.texttree import Spot
from thera_lint.values import as_number
from thera_lint.values import Path

# Scalars that a YAML of some version or tool reads as something else than text.
_SPECIAL = re.compile(r'[-+]?(?:0o?[0-7_]+|[\d_]+|\.inf|\.nan)|y|n|<<|=|', re.I)
_INDICATORS = frozenset('-?:,[]{}#&*!|>\'"%@`')
# What YAML takes as a line break or not at all, beyond what JSON escapes anyway.
_UNPRINTABLE = re.compile('[\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]')
_COLON = re.compile(r'[ \t]*:')
_COMMENT_LINE = re.compile(r'(?:\n[ \t]*)*\n( *)#.*')
_BLANK_LINE = re.compile(r'\n[ \t]*\n')


class Splice(NamedTuple):
    """`text` in place of what stands from `start` to `end` in the file's normalised text."""

    start: int
    end: int
    text: str


class _Layout(NamedTuple):
    """How the neighbours of a place are laid out."""

    unit: str
    """What one level is indented by."""
    colon: str
    """Between a key and its value, on one line in flow style or JSON."""
    comma: str
    """Between two entries on one line in flow style or JSON."""
    dash: int
    """How far a block list is indented below its key."""
    gap: str
    """Between a dash and its item."""


class Change(NamedTuple):
    """One step: `kind` is set, add (to the mapping or list `spot`, under `key`) or remove."""

    kind: str
    spot: Spot
    key: str | None = None
    value: Any = None


def as_splices(document: Document, changes: list[Change]) -> Iterator[Splice]:
    collections: dict[Path, tuple[Spot, list[Change], list[int]]] = {}
    for change in changes:
        if change.kind == 'set':
            yield from _replaced(document, change.spot, change.value)
            continue
        spot = change.spot if change.kind == 'add' else change.spot.parent
        assert spot is not None
        _, added, removed = collections.setdefault(spot.path, (spot, [], []))
        if change.kind == 'add':
            added.append(change)
        else:
            removed.append(change.spot.number)
    # Where an inner and an outer one end on one line, what is new in the inner comes first.
    for spot, added, removed in sorted(
            collections.values(), key=lambda one: -len(one[0].path)):
        yield from _changed(document, spot, added, sorted(removed))


def _changed(
        document: Document, spot: Spot, added: list[Change], removed: list[int],
) -> Iterator[Splice]:
    """Entries added to a collection that has some, and others removed from it."""
    node = spot.node
    last = len(node.value) - 1
    if added and last in removed:
        # The new ones take its place, so that no separator comes or goes.
        start, end = node.entries[last]
        blank = ' ' if start == end else ''
        yield Splice(start, end, blank + _inline_entries(document, spot, added))
        removed = removed[:-1]
    elif added:
        add = _added_flow if node.flow else _added_block
        yield from add(document, spot, added)
    if removed:
        remove = _removed_flow if node.flow else _removed_block
        yield from remove(document, spot, removed, emptied=len(removed) > last)


# --- entries that come


def _added_block(document: Document, spot: Spot, added: list[Change]) -> Iterator[Splice]:
    text, node = document.text, spot.node
    at = line_stop(text, node.entries[-1][1])
    *_, last = node.nodes()
    if at == len(text) and last.style in ('|', '>'):
        raise CannotEdit('the file ends in a text without a line end')
    column = column_of(text, node)
    at = _below_comments(text, at, column)
    indent = ' ' * column
    layout = _layout(document, spot)
    between = '\n'
    if len(node.value) > 1 and isinstance(added[0].value, dict) and _BLANK_LINE.search(
            text, node.entries[-2][1], node.entries[-1][0]):
        between = '\n\n'
    lines = ['\n'.join(_entry(document, layout, indent, one)) for one in added]
    yield Splice(at, at, between + between.join(lines))


def _below_comments(text: str, at: int, column: int) -> int:
    """Behind the comments that follow and are indented deeper: they are about what ends here."""
    while (match := _COMMENT_LINE.match(text, at)) and len(match[1]) > column:
        at = match.end()
    return at


def _added_flow(document: Document, spot: Spot, added: list[Change]) -> Iterator[Splice]:
    text, node = document.text, spot.node
    layout = _layout(document, spot)
    if not node.value:
        yield from _replaced(document, spot, _collected(added))
        return
    start, end = node.entries[-1]
    indent = indent_of(text, start)
    if not text[line_start(text, start):start].strip():
        comma = re.compile(r'[ \t]*,').match(text, end)
        stop = comma.end() if comma else end
        entries = [indent + _flow_entry(document, layout, indent, one) for one in added]
        block = ',\n'.join(entries) + (',' if comma else '')
        if not comma:
            yield Splice(end, end, ',')
        if REST_OF_LINE.match(text, stop):
            stop = line_stop(text, stop)
        yield Splice(stop, stop, '\n' + block)
        return
    pad = indent if '\n' in text[start:end] else None
    for one in added:
        yield Splice(end, end, layout.comma + _flow_entry(document, layout, pad, one))


def _inline_entries(document: Document, spot: Spot, added: list[Change]) -> str:
    """Entries as text that begins where another entry began."""
    text, node = document.text, spot.node
    layout = _layout(document, spot)
    start = node.entries[-1][0]
    if not node.flow:
        indent = ' ' * column_of(text, node)
        lines = [line for one in added for line in _entry(document, layout, indent, one)]
        if node.id == 'sequence':
            lines[0] = lines[0].replace('-' + layout.gap, '', 1)
        return '\n'.join(lines).lstrip(' ')
    indent = indent_of(text, start)
    if text[line_start(text, start):start].strip():
        return layout.comma.join(_flow_entry(document, layout, None, one) for one in added)
    return f',\n{indent}'.join(_flow_entry(document, layout, indent, one) for one in added)


def _collected(added: list[Change]) -> Any:
    if added[0].key is None:
        return [one.value for one in added]
    return {str(one.key): one.value for one in added}


def _entry(document: Document, layout: _Layout, indent: str, one: Change) -> list[str]:
    """The lines of a new entry in block style."""
    if one.key is None:
        return _block_item(document, layout, indent, one.value)
    return _block_pair(document, layout, indent, one.key, one.value)


def _block_pair(
        document: Document, layout: _Layout, indent: str, key: str, value: Any,
) -> list[str]:
    name = f'{indent}{_yaml_scalar(document, key)}:'
    inline = _inline(document, layout, value)
    if inline is not None:
        return [f'{name} {inline}']
    return [name, *_block(document, layout, indent, value)]


def _block_item(document: Document, layout: _Layout, indent: str, value: Any) -> list[str]:
    inline = _inline(document, layout, value)
    if inline is not None:
        return [f'{indent}-{layout.gap}{inline}']
    inner = indent + ' ' + ' ' * len(layout.gap)
    first, *others = _block_lines(document, layout, inner, value)
    return [f'{indent}-{layout.gap}{first[len(inner):]}', *others]


def _block(document: Document, layout: _Layout, indent: str, value: Any) -> list[str]:
    """The lines of a mapping or list below a key that is indented by `indent`."""
    inner = indent + (' ' * layout.dash if isinstance(value, list) else layout.unit)
    return _block_lines(document, layout, inner, value)


def _block_lines(document: Document, layout: _Layout, indent: str, value: Any) -> list[str]:
    if isinstance(value, list):
        return [line for one in value for line in _block_item(document, layout, indent, one)]
    return [
        line
        for key, one in value.items()
        for line in _block_pair(document, layout, indent, key, one)
    ]


def _inline(document: Document, layout: _Layout, value: Any) -> str | None:
    """A value as it stands behind a colon or a dash; None where it needs lines of its own."""
    if isinstance(value, (dict, list)) and value and (
            document.long or not isinstance(value, dict) or function_of(value) is None):
        return None
    return _short(document, layout, value) or _flow(document, layout, None, value, block=True)


def _short(document: Document, layout: _Layout, value: Any, *, block: bool = True) -> str | None:
    """A function in its short form; None where it has none here."""
    name = function_of(value)
    if document.long or name is None or name == 'Condition':
        return None
    argument = value[name]
    tag = '!' + name.removeprefix('Fn::')
    if name == 'Fn::GetAtt' and isinstance(argument, list) and (
            all(isinstance(part, str) for part in argument)):
        argument = '.'.join(argument)
    if function_of(argument) is not None:  # one tag can't follow another
        argument_text = _flow(document._replace(long=True), layout, None, argument)
    else:
        argument_text = _flow(document, layout, None, argument, block=block)
    return f'{tag} {argument_text}'


def _flow_entry(document: Document, layout: _Layout, indent: str | None, one: Change) -> str:
    value = _flow(document, layout, indent, one.value)
    return value if one.key is None else (
        f'{_flow(document, layout, None, one.key)}{layout.colon}{value}'
    )


def _flow(
        document: Document,
        layout: _Layout,
        indent: str | None,
        value: Any,
        *,
        block: bool = False,
) -> str:
    """A value in flow style or JSON, on one line where `indent` is None.

    `indent` is that of the line on which it begins; `block` is true outside any brackets.
    """
    short = _short(document, layout, value, block=block)
    if short is not None:
        return short
    if not isinstance(value, (dict, list)):
        return _json_scalar(value) if document.json else _yaml_scalar(
            document, value, flow=not block,
        )
    opening, closing = '{}' if isinstance(value, dict) else '[]'
    if not value:
        return opening + closing
    inner = indent + layout.unit if indent is not None else None
    entries = [
        _flow(document, layout, None, key) + layout.colon + _flow(document, layout, inner, one)
        for key, one in value.items()
    ] if isinstance(value, dict) else [_flow(document, layout, inner, one) for one in value]
    if inner is None:
        return opening + layout.comma.join(entries) + closing
    lines = f',\n{inner}'.join(entries)
    return f'{opening}\n{inner}{lines}\n{indent}{closing}'


# --- entries that go


def _removed_block(
        document: Document, spot: Spot, removed: list[int], *, emptied: bool,
) -> Iterator[Splice]:
    text, node = document.text, spot.node
    starts = [entry_start(text, node, index) for index in range(len(node.value))]
    if emptied:
        empty = '{}' if node.id == 'mapping' else '[]'
        if spot.key is None:
            if '#' in _between_entries(text, node):
                raise CannotEdit('there are comments between its entries')
            yield Splice(starts[0], node.end, empty)
            return
        at = _behind(document, spot)
        yield Splice(at, at, f' {empty}')
    lifted = 0
    for index in removed:
        if index < lifted:
            continue
        start = starts[index]
        line = line_start(text, start)
        stop = line_stop(text, node.entries[index][1])
        if text[line:start].strip():  # the first entry of an item, behind the dash
            after = next((one for one in range(len(starts)) if one not in removed), None)
            if after is None:
                raise CannotEdit('its list is written in an unusual way')
            ends = [line_stop(text, end) for _, end in node.entries[:after]]
            if all(
                not text[one:line_start(text, other)].strip()
                for one, other in zip(ends, starts[1:after + 1], strict=True)
            ):
                # What is kept moves up to the dash.
                yield Splice(start, starts[after], '')
                lifted = after
            else:
                yield Splice(len(text[:start].rstrip(' ')), stop, '')
        elif stop < len(text):
            yield Splice(line, stop + 1, '')
        else:  # the line end before the last line goes in the place of its own
            yield Splice(max(line - 1, 0), stop, '')


def _removed_flow(
        document: Document, spot: Spot, removed: list[int], *, emptied: bool,
) -> Iterator[Splice]:
    text, node = document.text, spot.node
    entries = node.entries
    if emptied:
        first, last = text[node.body + 1:entries[0][0]], text[entries[-1][1]:node.end - 1]
        if '#' in first + _between_entries(text, node) + last:
            raise CannotEdit('there are comments between its entries')
        yield Splice(node.body + 1, node.end - 1, '')
        return
    kept = max(index for index in range(len(entries)) if index not in removed)
    trailing = re.compile(r'[ \t]*,').match(text, entries[-1][1])
    for index in removed:
        start, end = entries[index]
        if index < len(entries) - 1 or trailing is not None:
            end = text.index(',', end) + 1
        before = text.index(',', entries[index - 1][1], start) + 1 if index > kept else start
        if index == kept + 1 and trailing is None:  # it becomes the last
            yield Splice(before - 1, before, '')
        line = line_start(text, start)
        rest = REST_OF_LINE.match(text, end)
        if not text[line:start].strip() and rest is not None:
            yield Splice(line - 1, rest.end(), '')
        elif index > kept and '\n' not in text[before:start]:
            yield Splice(before, end, '')
        elif index < kept and not text[end:entries[index + 1][0]].strip():
            yield Splice(start, entries[index + 1][0], '')
        else:
            yield Splice(start, end, '')


def _between_entries(text: str, node: Node) -> str:
    entries = node.entries
    return ''.join(
        text[one[1]:other[0]] for one, other in zip(entries, entries[1:], strict=False)
    )


# --- values that change


def _replaced(document: Document, spot: Spot, value: Any) -> Iterator[Splice]:
    text, node = document.text, spot.node
    if node.tag[:1] == '!' or node.tag[:18] == 'tag:yaml.org,2002:' and '!' in text[
            node.start:node.body]:
        raise CannotEdit(f'it has a tag of its own: {shown(document, spot)}')
    if node.id == 'scalar' and not isinstance(value, (dict, list)):
        yield from _scalar(document, spot, value)
        return
    layout = _layout(document, spot.parent or spot)
    if document.json or spot.parent is not None and spot.parent.node.flow:
        indent = indent_of(text, node.start) if _is_expanded(text, spot) else None
        new = _flow(document, layout, indent, value)
        yield Splice(node.body if node.id == 'scalar' else node.start, node.end, new)
        return
    inline = _inline(document, layout, value)
    if spot.key is None:
        column = node.start - line_start(text, node.start)
        lines = [inline] if inline is not None else _block_lines(
            document, layout, ' ' * column, value,
        )
        yield Splice(node.start, node.end, _padded(text, node, '\n'.join(lines).lstrip(' ')))
        return
    at = _behind(document, spot)
    if '#' in text[at:node.start] or '\n' in text[at:node.start].rstrip() or (
            node.style in ('|', '>')):
        raise CannotEdit(f'it runs over several lines: {shown(document, spot)}')
    if inline is not None:
        yield Splice(at, node.end, f' {inline}')
        return
    assert spot.parent is not None
    indent = ' ' * column_of(text, spot.parent.node)
    if at < node.end:
        yield Splice(at, node.end, '')
    stop = line_stop(text, max(at, node.end))
    yield Splice(stop, stop, '\n' + '\n'.join(_block(document, layout, indent, value)))


def _padded(text: str, node: Node, new: str) -> str:
    """With a blank before it, where nothing was written until now."""
    return f' {new}' if node.body == node.end and text[node.body - 1:node.body] in ':-' else new


def _behind(document: Document, spot: Spot) -> int:
    """The offset behind the colon of a key, or behind the anchor of its value."""
    text, key, node = document.text, spot.key, spot.node
    assert key is not None
    colon = _COLON.match(text, key.end)
    if colon is None:
        raise CannotEdit('its key is written in an unusual way')
    if node.start < colon.end() or text[node.start:node.start + 1] != '&':
        return colon.end()
    return node.start + len(re.split(r'\s', text[node.start:], maxsplit=1)[0])


def _scalar(document: Document, spot: Spot, value: Any) -> Iterator[Splice]:
    text, node = document.text, spot.node
    raw = text[node.body:node.end]
    quoted = raw[:1] in ('"', "'")
    if isinstance(value, str) and isinstance(spot.data, str) and spot.data:
        found = _middle(raw, spot.data, value, 'json' if document.json else node.style)
        if found is None and node.style == '|':
            found = _lines(text, node, spot.data, value)
        if found is not None:
            yield found._replace(start=node.body + found.start, end=node.body + found.end)
            return
    if '\n' in raw:
        raise CannotEdit(f'the text runs over several lines: {shown(document, spot)}')
    if document.json:
        ascii_only = raw.isascii() and json.dumps(spot.data) == raw
        new = _json_scalar(value, ascii_only=ascii_only)
    elif isinstance(value, str) and quoted:
        new = _quoted(value, raw[0])
    else:
        new = _yaml_scalar(document, value, flow=node.flow)
    if not raw and text[node.body - 1:node.body] not in (':', '-'):
        raise CannotEdit('its key is written in an unusual way')
    yield Splice(node.body, node.end, _padded(text, node, new))


def _middle(raw: str, old: str, new: str, style: str) -> Splice | None:
    """The part in which two texts differ, changed where `raw` holds a plain copy of it."""
    head = _common(old, new)
    tail = _common(old[head:][::-1], new[head:][::-1])
    changed = new[head:len(new) - tail]
    start, end = head, len(old) - tail
    while start and re.match(r'\w', old[start - 1]):
        start -= 1
    while end < len(old) and re.match(r'\w', old[end]):
        end += 1
    part = old[start:end]
    if not part or '\n' in changed or style in ('', '>', '|') and _UNPRINTABLE.search(changed):
        return None
    if style == '' and '\n' not in raw or style in ('json', '"') and re.search(r'["\\]', part) or (
            style == "'" and "'" in part):
        return None  # written anew: it may need other quotes now, or quotes and escapes count
    places = [match.start() for match in re.finditer(f'(?={re.escape(part)})', raw)]
    known = [match.start() for match in re.finditer(f'(?={re.escape(part)})', old)]
    if len(places) != len(known):
        return None
    at = places[known.index(start)] + head - start
    if style in ('json', '"'):
        changed = (_json_scalar(changed) if style == 'json' else _double_quoted(changed))[1:-1]
    elif style == "'":
        changed = changed.replace("'", "''")
    return Splice(at, at + len(old) - tail - head, changed)


def _common(one: Sequence[str], other: Sequence[str]) -> int:
    """The length of the common beginning."""
    size = 0
    for mine, theirs in zip(one, other, strict=False):
        if mine != theirs:
            break
        size += 1
    return size


def _lines(text: str, node: Node, old: str, new: str) -> Splice | None:
    """The lines in which two texts differ, changed in a literal block scalar."""
    header, *written = text[node.body:node.end].split('\n')
    was, now = old.split('\n'), new.split('\n')
    if was[-1] == '':
        was.pop()
        if now.pop() != '':
            return None
    if len(was) != len(written) or now[-1:] == [''] != was[-1:]:
        return None
    first = next((i for i, line in enumerate(was) if line.strip()), None)
    if first is None:
        return None
    indent = written[first][:len(written[first]) - len(was[first])]
    head = _common(was, now)
    tail = _common(was[head:][::-1], now[head:][::-1])
    changed = [indent + line if line else '' for line in now[head:len(now) - tail]]
    begin = len('\n'.join([header, *written[:head]]))
    end = len('\n'.join([header, *written[:len(written) - tail]]))
    return Splice(begin, end, ''.join('\n' + line for line in changed))


# --- scalars


def _json_scalar(value: Any, *, ascii_only: bool = False) -> str:
    if isinstance(value, float) and value - value != 0:
        raise CannotEdit(f'JSON knows no {value}')
    if isinstance(value, str) and re.search('[\ud800-\udfff]', value):
        ascii_only = True
    return json.dumps(value, ensure_ascii=ascii_only)


def _yaml_scalar(document: Document, value: Any, *, flow: bool = False) -> str:
    if isinstance(value, str):
        return value if _is_plain(value, flow) else _quoted(value, document.quote)
    if isinstance(value, float) and value - value != 0:
        return '.nan' if value != value else '.inf' if value > 0 else '-.inf'
    text = json.dumps(value)
    # YAML 1.1 knows no 1e+16.
    return text.replace('e', '.0e') if isinstance(value, float) and '.' not in text else text


def _is_plain(text: str, flow: bool) -> bool:
    """Whether YAML reads a text without quotes as just that text."""
    import yaml

    if not text.isprintable() or text != text.strip() or text[:1] in _INDICATORS or (
            text.startswith('...') or ': ' in text or ' #' in text or text[-1:] == ':'):
        return False
    if flow and re.search(r'[,\[\]{}]|:$|:[,\[\]{}]', text):
        return False
    if _SPECIAL.fullmatch(text) or as_number(text) is not None:
        return False
    resolvers = yaml.SafeLoader.yaml_implicit_resolvers
    return not any(pattern.match(text) for _, pattern in resolvers.get(text[:1], ()))


def _quoted(text: str, quote: str) -> str:
    printable = not re.search('[\x00-\x1f]', text) and not _UNPRINTABLE.search(text)
    if printable and (quote == "'" or '"' in text or '\\' in text) and not (
            quote == '"' and "'" in text):
        return "'" + text.replace("'", "''") + "'"
    return _double_quoted(text)


def _double_quoted(text: str) -> str:
    escaped = json.dumps(text, ensure_ascii=False)
    return _UNPRINTABLE.sub(lambda match: f'\\u{ord(match.group()):04x}', escaped)


# --- how the neighbours look


def _layout(document: Document, spot: Spot) -> _Layout:
    text = document.text
    above: list[Spot] = []
    one: Spot | None = spot
    while one is not None:
        above.append(one)
        one = one.parent
    unit = _unit(text, above)
    colon, comma = _separators(document, above)
    dash, gap = (0, '') if document.json else _dash(text, above, len(unit))
    return _Layout(unit, colon, comma, dash, gap)


def _unit(text: str, above: list[Spot]) -> str:
    for spot in above:
        node = spot.node
        if node.id not in ('mapping', 'sequence') or not node.value:
            continue
        if node.flow:
            start = node.entries[-1][0]
            inner, outer = indent_of(text, start), indent_of(text, node.start)
            if not text[line_start(text, start):start].strip() and len(inner) > len(outer):
                return inner[len(outer):]
        elif node.id == 'mapping' and spot.key is not None and spot.parent is not None:
            step = column_of(text, node) - column_of(text, spot.parent.node)
            if step > 0:
                return ' ' * step
    return '  '


def _separators(document: Document, above: list[Spot]) -> tuple[str, str]:
    text = document.text
    colon = comma = None
    for spot in above:
        node = spot.node
        if not node.flow or node.id not in ('mapping', 'sequence'):
            continue
        if colon is None and node.id == 'mapping':
            gaps = [text[key.end:value.start] for key, value in node.value]
            colon = next((gap for gap in reversed(gaps) if ':' in gap and '\n' not in gap), None)
        if comma is None and len(node.value) > 1:
            gap = text[node.entries[-2][1]:node.entries[-1][0]]
            comma = gap if re.fullmatch(' *, *', gap) else None
    if colon is None or not document.json and not colon.endswith(' '):
        colon = ': '
    return colon, comma or (', ' if colon.endswith(' ') else ',')


def _dash(text: str, above: list[Spot], step: int) -> tuple[int, str]:
    """The indentation of block lists and the gap behind their dashes, as nearest by."""
    found = (_dash_below(text, spot.node) for spot in above)
    return next(filter(None, found), (step, ' '))


@lru_cache(maxsize=32)
def _dash_below(text: str, top: Node) -> tuple[int, str] | None:
    """The same of the first list below a node; kept, as every edit asks for the outer ones."""
    for node in top.nodes():
        if node.id != 'mapping' or node.flow:
            continue
        for _, value in node.value:
            if value.id == 'sequence' and not value.flow:
                start = entry_start(text, value, 0)
                gap = text[start + 1:value.value[0].start]
                return (
                    max(0, column_of(text, value) - column_of(text, node)),
                    gap if gap and not gap.strip(' ') else ' ',
                )
    return None


def _is_expanded(text: str, spot: Spot) -> bool:
    """Whether the entries around a value in flow style or JSON stand on lines of their own."""
    parent = spot.parent
    while parent is not None and parent.node.flow:
        if parent.node.value:
            start = parent.node.entries[-1][0]
            return not text[line_start(text, start):start].strip()
        parent = parent.parent
    return False
