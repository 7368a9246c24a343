"""A baseline: the findings that a team leaves as they are, so that only new waste is told.

An entry is known by rule, file, resource and state, never by line. Of several findings that
share these, the path, the sentence (without its numbers) and a hash of what is written there
decide which is which. A file that was renamed is known again by that hash; a copy is not, and
neither is a logical id that was renamed: CloudFormation makes a new resource of it.

Text and findings in, text and lists out; names of files are relative to the baseline.
"""
from __future__ import annotations

import json
import os.path
import re
from collections import Counter
from collections.abc import Callable
from collections.abc import Collection
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
from functools import cache
from typing import Any
from typing import NamedTuple

from thera_lint.builtin import UnreadableFile
from thera_lint.engine import Found
from thera_lint.project import Project
from thera_lint.rule import ProjectRule
from thera_lint.source import Problem
from thera_lint.source import read as read_source
from thera_lint.source import Source
from thera_lint.source import SourceError
from thera_lint.states import MACHINE
from thera_lint.values import Path

_VERSION = 1
_ABOUT = (
    'Findings that thera-lint leaves out. To renew: thera-lint --write-baseline with the name '
    'of this file'
)
# Not written where they are empty.
_OPTIONAL = ('resource', 'state')
_NUMBER = re.compile(r'\$?\d(?:[\d,.]*\d)?')
# The root of a definition that a template refers to: Resources, logical id, Properties, key.
_ROOT = 4


class Entry(NamedTuple):
    """A finding that is left out."""

    rule: str
    file: str
    """With `/`, seen from the baseline's folder."""
    resource: str
    state: str
    path: Path
    """As in `Found`, but below the definition where that has a file of its own."""
    message: str
    content: str
    """Hashes of the list items that the path leads through, innermost first; else of its end."""


class Scope(NamedTuple):
    """What a run looked at."""

    project: Project
    linted: Collection[str]
    """The files that were taken, by their names in an Entry; skipped ones too."""
    relative: Callable[[str], str]
    """The name in an Entry for a file's name in a Found."""
    exists: Callable[[str], bool]
    """Whether there is a file of this name in an Entry."""
    ran: Callable[[str], bool]
    """Whether the rule with this id was run, or is no more."""


class Applied(NamedTuple):
    left: list[Found]
    """Those without an entry, in their order."""
    held: list[tuple[Found, Entry]]
    idle: list[Entry]
    """Entries that this run had a finding for if they were needed."""


def read(filename: str, text: str) -> list[Entry]:
    """The entries of a baseline's text; raises SourceError with all that is wrong in it."""
    # The .yaml makes the reader bear a comma behind the last entry: people take lines out.
    source = read_source(f'{filename}.yaml', text)
    data = source.data
    if not isinstance(data, dict) or not isinstance(data.get('entries'), list):
        message = 'this is not a baseline; thera-lint --write-baseline FILE writes one'
        raise SourceError([Problem(source.span(('entries',)), message)])
    if data.get('version') != _VERSION:
        message = f'this thera-lint reads version {_VERSION} of baselines'
        raise SourceError([Problem(source.span(('version',)), message)])
    problems = [
        problem for number, one in enumerate(data['entries'])
        for problem in _problems(source, ('entries', number), one)
    ]
    if problems:
        raise SourceError(problems)
    return [
        Entry(**{**dict.fromkeys(_OPTIONAL, ''), **one, 'path': tuple(one['path'])})
        for one in data['entries']
    ]


def _problems(source: Source, place: Path, data: Any) -> Iterator[Problem]:
    if not isinstance(data, dict):
        yield Problem(source.span(place), 'an entry is a mapping')
        return
    for name in Entry._fields:
        if name not in data and name not in _OPTIONAL:
            yield Problem(source.span(place), f'this entry needs the key {name}')
    for name, value in data.items():
        if name not in Entry._fields:
            known = ', '.join(Entry._fields)
            yield Problem(source.span((*place, name)), f'no key {name!r}; there are: {known}')
        elif name != 'path':
            if not isinstance(value, str):
                yield Problem(source.span((*place, name)), f'{name} is text')
        elif not isinstance(value, list) or not all(type(part) in (str, int) for part in value):
            yield Problem(source.span((*place, name)), 'path is a list of names and numbers')


def written(entries: Iterable[Entry]) -> str:
    """The text of a baseline: the same for the same entries, one a line."""
    lines = ',\n'.join(
        json.dumps({
            name: value for name, value in one._asdict().items()
            if value or name not in _OPTIONAL
        })
        for one in sorted(entries, key=_order)
    )
    about, body = json.dumps(_ABOUT), f'\n{lines}\n' if lines else ''
    return f'{{\n"about": {about},\n"version": {_VERSION},\n"entries": [{body}]\n}}\n'


def applied(entries: Sequence[Entry], found: Sequence[Found], scope: Scope) -> Applied:
    """Which findings are new, which are held, and which entries are no longer needed."""
    pairs, new = _matched(entries, found, scope)
    return Applied(
        [one for number, one in enumerate(found) if number not in pairs],
        [(found[number], entries[pairs[number]]) for number in sorted(pairs)],
        _idle(_without(entries, pairs), new, scope),
    )


def renewed(entries: Sequence[Entry], found: Sequence[Found], scope: Scope) -> list[Entry]:
    """The entries for these findings, and the old ones that this run cannot judge."""
    pairs, new = _matched(entries, found, scope)
    unmatched = _without(entries, pairs)
    idle = set(_idle(unmatched, new, scope))
    return sorted([*new, *(one for one in unmatched if one not in idle)], key=_order)


def _without(entries: Sequence[Entry], pairs: Mapping[int, int]) -> list[Entry]:
    matched = set(pairs.values())
    return [one for number, one in enumerate(entries) if number not in matched]


def _order(entry: Entry) -> tuple[Any, ...]:
    path = [(isinstance(part, int), part) for part in entry.path]
    return entry.file, entry.resource, entry.state, entry.rule, path, entry.message, entry.content


# --- which entry is which finding


class _Marks(NamedTuple):
    """What an entry is known by."""

    file: str
    rule: str
    resource: str
    """Empty in a definition that has a file of its own."""
    state: str
    path: Path
    names: Path
    """The path without the places in lists."""
    sentence: str
    content: str
    item: str
    """The innermost of the hashes in `content`."""

    @property
    def where(self) -> tuple[str, str, str, str]:
        return self.file, self.rule, self.resource, self.state

    @property
    def elsewhere(self) -> tuple[object, ...]:
        """The same in a file that was renamed, and in a copy."""
        return self.rule, self.resource, self.state, self.path, self.content


# From the strictest to the loosest. The item of a list keeps its content where it moves
# (its old path is another's then), and an edited one its path.
_ALIKE: tuple[Callable[[_Marks], object], ...] = (
    lambda one: (one.where, one.names, one.sentence, one.content),
    lambda one: (one.where, one.names, one.sentence, one.item),
    lambda one: (one.where, one.path, one.sentence),
    lambda one: (one.where, one.path),
    lambda one: (one.where, one.item),
)


def _matched(
        entries: Sequence[Entry], found: Sequence[Found], scope: Scope,
) -> tuple[dict[int, int], list[Entry]]:
    """The index of its entry by that of each finding which has one; all findings as entries."""
    contents = _Contents(scope.project)
    relative = cache(scope.relative)
    new = [_entry(one, relative(one.filename), contents) for one in found]
    gone = {file for file in {one.file for one in entries} if not scope.exists(file)}
    strange = {one.file for one in new}.difference(one.file for one in entries)
    moved = gone | strange
    of_run = {one.rule.id for one in found if isinstance(one.rule, ProjectRule)}

    def in_another_file(one: _Marks) -> object:
        return one.elsewhere if one.file in moved else None

    def of_the_run(one: _Marks) -> object:
        """What the whole run lacks is shown at some resource or other."""
        return one.rule if one.rule in of_run and len(one.path) == 2 else None

    # Sorted, so that of two that are alike the same one is matched, in whatever order they come.
    left = {number: _marks(new[number]) for number in _sorted(new)}
    waiting = {number: _marks(entries[number]) for number in _sorted(entries)}
    renamed = _renamed(
        [one for one in waiting.values() if one.file in gone],
        [one for one in left.values() if one.file in strange],
    )
    for number, marks in waiting.items():
        waiting[number] = marks._replace(file=renamed.get(marks.file, marks.file))
    pairs: dict[int, int] = {}
    for alike in (*_ALIKE, in_another_file, of_the_run):
        by_key: dict[object, list[int]] = {}
        for number in reversed(waiting):
            by_key.setdefault(alike(waiting[number]), []).append(number)
        by_key.pop(None, None)
        for number, marks in [*left.items()]:
            same = by_key.get(alike(marks))
            if same:
                pairs[number] = same.pop()
                del left[number], waiting[pairs[number]]
    return pairs, new


def _sorted(entries: Sequence[Entry]) -> list[int]:
    return sorted(range(len(entries)), key=lambda number: _order(entries[number]))


def _marks(entry: Entry) -> _Marks:
    # Of a file as a whole (it is unreadable, an ignore is idle) only the sentence can be known.
    path = entry.path if entry.resource else (entry.message,)
    return _Marks(
        entry.file,
        entry.rule,
        '' if _apart(entry) else entry.resource,
        entry.state,
        path,
        tuple(part for part in path if not isinstance(part, int)),
        _NUMBER.sub('#', entry.message),
        entry.content,
        entry.content.partition(' ')[0],
    )


def _renamed(old: Iterable[_Marks], new: Iterable[_Marks]) -> dict[str, str]:
    """The new name of each file that is gone, where most of its entries are in a new one."""
    before: dict[str, set[object]] = {}
    for one in old:
        before.setdefault(one.file, set()).add(one.elsewhere)
    holders: dict[object, set[str]] = {}
    for one in new:
        holders.setdefault(one.elsewhere, set()).add(one.file)
    renamed = {}
    for name, ones in before.items():
        counts = Counter(file for one in ones for file in holders.get(one, ()))
        likely = [file for file, count in counts.items() if 2 * count > len(ones)]
        if likely:
            # The name first: a folder is moved whose files are all alike.
            renamed[name] = max(likely, key=lambda file: (_tail(name, file), counts[file], file))
    return renamed


def _tail(one: str, other: str) -> int:
    """How many parts are the same at the end of two paths."""
    return len(os.path.commonprefix([one.split('/')[::-1], other.split('/')[::-1]]))


# --- which entries are no longer needed


def _idle(unmatched: Sequence[Entry], new: Sequence[Entry], scope: Scope) -> list[Entry]:
    """Those that this run had a finding for if they were needed."""
    machines = _machines(scope) if any(map(_apart, unmatched)) else {}
    unreadable = {one.file for one in new if one.rule == UnreadableFile.id}

    def looked_at(one: Entry) -> bool:
        if not scope.ran(one.rule):
            return False
        if one.file in unreadable and one.rule != UnreadableFile.id:
            return False
        # A definition file may be read without the template that makes a resource of it, and
        # then less is found in it.
        if _apart(one) and one.file in machines:
            names = machines[one.file]
            return one.resource in names or bool(names) and one.resource == _basename(one.file)
        return one.file in scope.linted

    return sorted(
        (one for one in unmatched if not scope.exists(one.file) or looked_at(one)), key=_order,
    )


def _machines(scope: Scope) -> dict[str, set[str]]:
    """By file, the names of the state machines that were linted in it."""
    project = scope.project
    machines = project.machines + [
        machine for template in project.templates
        for logical_id in template.types.get(MACHINE, ())
        for view in template.views(logical_id)
        if (machine := project.machine(view)) is not None
    ]
    names: dict[str, set[str]] = {}
    for one in machines:
        readable = [] if one.problems else [one.name]
        names.setdefault(scope.relative(one.source.filename), set()).update(readable)
    return names


# --- findings as entries


def _entry(found: Found, file: str, contents: _Contents) -> Entry:
    home = found.home
    apart = home is not None and home.template.filename != found.filename
    return Entry(
        found.rule.id,
        file,
        found.resource,
        found.state,
        found.path[_ROOT:] if apart else found.path,
        found.message,
        contents.of(found),
    )


def _apart(entry: Entry) -> bool:
    """Whether it lies in a definition that has a file of its own.

    There the file says which it is: two templates may make resources of it, or none.
    """
    return bool(entry.resource) and entry.path[:1] != ('Resources',)


def _basename(file: str) -> str:
    return file.rpartition('/')[2]


class _Contents:
    """Short hashes of what is written where findings lie, whatever its format."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._standalone = {
            one.source.filename: one.definition for one in project.machines if one.resource is None
        }
        self._known: dict[tuple[str, Path], str] = {}

    def of(self, found: Found) -> str:
        path = found.path
        if not found.resource:
            return _hash(found.message)
        items = [
            path[:end] for end in range(len(path), 0, -1) if isinstance(path[end - 1], int)
        ]
        return ' '.join(self._at(found, place) for place in items or [path])

    def _at(self, found: Found, path: Path) -> str:
        key = found.filename, path
        if key not in self._known:
            self._known[key] = _hash(self._data(found, path))
        return self._known[key]

    def _data(self, found: Found, path: Path) -> Any:
        """What is at the end of the path, or at the last part of it that is written."""
        home = found.home
        if home is None:
            return _reached(self._standalone.get(found.filename), path)[0]
        machine = self._project.machine(home) if home.type == MACHINE else None
        if machine is not None and path[:_ROOT] == machine.root:
            return _reached(machine.definition, path[_ROOT:])[0]
        data, whole = _reached(home.template.raw, path)
        # SAM's Globals and Fn::ForEach give resources what is not written in them.
        return data if whole else _reached(home.attributes, path[2:])[0]


def _hash(data: Any) -> str:
    from hashlib import sha256  # only for those who have a baseline

    text = json.dumps(data, sort_keys=True, default=repr)
    return sha256(text.encode()).hexdigest()[:12]


def _reached(data: Any, path: Path) -> tuple[Any, bool]:
    """Where a path leads to as far as it is written, and whether all of it is."""
    for part in path:
        if isinstance(data, dict) and part in data:
            data = data[part]
        elif isinstance(data, list) and isinstance(part, int) and part < len(data):
            data = data[part]
        else:
            return data, False
    return data, True
