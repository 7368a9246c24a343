"""Making the edits that findings propose: which of them, in what order, and whether they held.

Every round is linted again in memory. An edit stays only if its finding is gone, no other has
come and every file still reads; nothing is written here.
"""
from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
from typing import NamedTuple

from thera_lint import files
from thera_lint.api import lint
from thera_lint.api import Linted
from thera_lint.builtin import UnreadableFile
from thera_lint.config import Config
from thera_lint.discovery import is_assembly
from thera_lint.edits import applied
from thera_lint.edits import splices
from thera_lint.engine import Found
from thera_lint.engine import Progress
from thera_lint.rule import Declare
from thera_lint.texttree import CannotEdit
from thera_lint.typesetting import Splice

_Relint = Callable[[Mapping[str, bytes]], Linted]
_Path = str | os.PathLike[str]
_Key = tuple[str, str, tuple[str | int, ...], str]


class Refused(NamedTuple):
    """A finding whose edit can't be made, and why."""

    found: Found
    reason: str


class Change(NamedTuple):
    """A file before and after."""

    old: bytes
    new: bytes


class Fixed(NamedTuple):
    """What became of the edits that findings propose; nothing is written yet."""

    linted: Linted
    """What is left, and the texts as they would be."""
    changes: dict[str, Change]
    """By file."""
    done: list[Found]
    """Findings that are gone with these changes."""
    refused: list[Refused]


def fix(
        paths: _Path | Sequence[_Path],
        *,
        unsafe: bool = False,
        config: Config | _Path | None = None,
        context: _Path | None = None,
        progress: Progress | None = None,
) -> Fixed:
    """Make every safe edit that holds, in memory; the unsafe ones too, if asked for.

    The arguments are those of `lint`, and so are the exceptions.
    """
    def relint(overlay: Mapping[str, bytes]) -> Linted:
        return lint(paths, config=config, context=context, overlay=overlay, progress=progress)

    return _Fixer(relint, unsafe).all()


def diff(changes: Mapping[str, Change]) -> Iterator[str]:
    """Lines of a unified diff, as `git apply` takes it."""
    import difflib

    for filename, change in changes.items():
        name = filename.replace(os.sep, '/').lstrip('/')
        # Not splitlines(): it also breaks at what is no line end to git.
        old, new = (re.findall('[^\n]*\n|[^\n]+', text.decode('utf-8')) for text in change)
        for line in difflib.unified_diff(old, new, f'a/{name}', f'b/{name}'):
            yield line.removesuffix('\n')
            if line[-1:] != '\n':
                yield '\\ No newline at end of file'


class _Fixer:
    def __init__(self, relint: _Relint, unsafe: bool) -> None:
        self._relint = relint
        self._unsafe = unsafe
        self._changes: dict[str, Change] = {}
        self._linted = relint({})
        self._names = _by_file(self._linted)
        self._done: list[Found] = []
        self._refused: dict[_Key, Refused] = {}

    def all(self) -> Fixed:
        # Every round makes or refuses at least one edit, and an edit leaves fewer findings.
        while by_file := self._candidates():
            self._attempt(by_file)
        return Fixed(self._linted, self._changes, self._done, list(self._refused.values()))

    def _candidates(self) -> dict[str, list[_Key]]:
        """The findings to mend now, by file: the safe ones first.

        What an unsafe one declares may take over the tags that a safe one writes.
        """
        fixable = [
            (one.fix.safe, one) for one in self._linted.found
            if one.fix is not None and _key(one) not in self._refused and
            one.filename in self._names
        ]
        if not self._unsafe or any(safe for safe, _ in fixable):
            fixable = [(safe, one) for safe, one in fixable if safe]
        by_file: dict[str, list[_Key]] = {}
        for _, one in fixable:
            by_file.setdefault(one.filename, []).append(_key(one))
        return by_file

    def _attempt(self, by_file: Mapping[str, list[_Key]]) -> None:
        """Make these edits; where that does not hold in a file, make fewer of them.

        All files go on together, because to lint again costs as much for one as for all.
        """
        waiting = {filename: [keys] for filename, keys in by_file.items()}
        while any(waiting.values()):
            group = {filename: groups.pop() for filename, groups in waiting.items() if groups}
            chosen, changes = self._edited(group)
            while changes:
                after = self._relinted(changes)
                wrong = _worse(self._linted, after, chosen)
                if not wrong:
                    self._linted = after
                    self._changes.update(changes)
                    self._done += [one for found in chosen.values() for one in found]
                    break
                if len(changes) > 1 and not _explained(wrong, chosen):
                    # What is edited in one file may bring a finding in another: fewer files.
                    keys = {name: [_key(one) for one in found] for name, found in chosen.items()}
                    names = list(keys)
                    for half in names[:len(names) // 2], names[len(names) // 2:]:
                        self._attempt({name: keys[name] for name in half})
                    break
                if wrong.keys() - changes.keys():
                    wrong = {filename: [one for told in wrong.values() for one in told]
                             for filename in changes}
                for filename, told in wrong.items():
                    del changes[filename]
                    waiting[filename] += self._without_culprits(chosen.pop(filename), told)

    def _without_culprits(
            self, chosen: Sequence[Found], wrong: Sequence[_Wrong],
    ) -> list[list[_Key]]:
        """What to try next of a file's edits that do not hold together, the last first."""
        left = list(chosen)
        for one in wrong:
            suspects = [found for found in left if one.resource in _touched(found)]
            if len(suspects) == 1 or len(left) == 1:
                culprit = suspects[0] if suspects else left[0]
                self._refuse(culprit, one.reason)
                left.remove(culprit)
        keys = [_key(found) for found in left]
        if len(left) < len(chosen):
            return [keys] if keys else []
        middle = len(keys) // 2
        return [keys[middle:], keys[:middle]]

    def _relinted(self, changes: Mapping[str, Change]) -> Linted:
        return self._relint({
            name: change.new
            for filename, change in {**self._changes, **changes}.items()
            for name in self._names[filename]
        })

    def _edited(
            self, group: Mapping[str, Sequence[_Key]],
    ) -> tuple[dict[str, list[Found]], dict[str, Change]]:
        """By file, the findings whose edits do not meet, and the file with them made."""
        wanted = {key for keys in group.values() for key in keys}
        chosen: dict[str, list[Found]] = {}
        made: dict[str, list[Splice]] = {}
        for one in self._linted.found:
            if _key(one) not in wanted or one.target is None:
                continue
            try:
                mine = splices(one.target, self._linted.texts(one.filename) or '')
            except CannotEdit as error:
                self._refuse(one, str(error))
                continue
            others = made.setdefault(one.filename, [])
            new = [splice for splice in mine if splice not in others]
            if not any(_meet(splice, other) for splice in new for other in others):
                others += new
                chosen.setdefault(one.filename, []).append(one)
        changes = {}
        for filename in list(chosen):
            try:
                before = self._before(filename)
                after = applied(before.new, _joined(made[filename]))
                changes[filename] = before._replace(new=after)
            except (CannotEdit, OSError) as error:
                for one in chosen.pop(filename):
                    self._refuse(one, f'cannot edit the file: {error}')
        return chosen, changes

    def _before(self, filename: str) -> Change:
        """A file as it is on the disk, and as it has become so far."""
        known = self._changes.get(filename)
        if known is not None:
            return known
        if is_assembly(os.path.dirname(filename) or '.'):
            raise CannotEdit('CDK writes it, so the construct must be changed')
        raw = files.bytes_of(filename)
        return Change(raw, raw)

    def _refuse(self, found: Found, reason: str) -> None:
        self._refused[_key(found)] = Refused(found, reason)


def _by_file(linted: Linted) -> dict[str, list[str]]:
    """All names of each file, a link's and a full path too, by the first; it is edited once."""
    together: dict[str, list[str]] = {}
    for name in dict.fromkeys([*linted.checked, *(one.filename for one in linted.found)]):
        together.setdefault(os.path.realpath(name), []).append(name)
    return {names[0]: names for names in together.values()}


def _key(found: Found) -> _Key:
    """The same before and after an edit elsewhere in the file."""
    return found.filename, found.rule.id, found.path, found.message


def _meet(one: Splice, other: Splice) -> bool:
    """Whether two edits touch, and are not just two things added at one place under two keys."""
    added = one.start == one.end == other.start == other.end
    if added and one.text[:1] == other.text[:1]:
        return one.text.partition(':')[0] == other.text.partition(':')[0]
    return one.start <= other.end and other.start <= one.end


def _joined(wanted: Sequence[Splice]) -> list[Splice]:
    """The same splices, with what is added at one place put together."""
    joined: dict[tuple[int, int], Splice] = {}
    for one in sorted(wanted, key=_outwards):
        before = joined.get((one.start, one.end))
        joined[one.start, one.end] = \
            one if before is None else one._replace(text=before.text + one.text)
    return list(joined.values())


def _outwards(one: Splice) -> tuple[int, bool]:
    """Sorts what is added where several blocks end: the inner first, an item before a key."""
    line = one.text.lstrip('\n')
    return len(line.lstrip(' ')) - len(line), not line.lstrip(' ').startswith('-')


class _Wrong(NamedTuple):
    """Why edits of a file must not stay, and at which resource that shows."""

    resource: str
    reason: str


def _worse(
        before: Linted, after: Linted, chosen: Mapping[str, Sequence[Found]],
) -> dict[str, list[_Wrong]]:
    """What is wrong with edits, by the file in which it shows.

    Where a file can't be read, that is all: a rule on the whole run may say anything without it.
    """
    wrong: dict[str, list[_Wrong]] = {}
    unread: dict[str, list[_Wrong]] = {}
    for crash in after.crashes[len(before.crashes):]:
        said = _Wrong('', f'{crash.rule.id} fails on the result')
        wrong.setdefault(crash.filename, []).append(said)
    old, new = _counted(before), _counted(after)
    gone = Counter(_place(one) for found in chosen.values() for one in found)
    for place in {**new, **gone}:
        filename, rule, resource, _ = place
        if new[place] > old[place] and rule == UnreadableFile.id:
            unread[filename] = [_Wrong('', 'the result could not be read')]
            continue
        if new[place] > old[place]:
            reason = f'it would bring {rule}'
        elif new[place] > old[place] - gone[place]:
            reason = 'the finding would stay'
        else:
            continue
        wrong.setdefault(filename, []).append(_Wrong(resource, reason))
    return unread or wrong


def _explained(
        wrong: Mapping[str, Sequence[_Wrong]], chosen: Mapping[str, Sequence[Found]],
) -> bool:
    """Whether all that is wrong shows where something was edited."""
    return all(
        any(one.resource in ('', *_touched(found)) for found in chosen.get(filename, ()))
        for filename, told in wrong.items() for one in told
    )


def _touched(found: Found) -> list[str]:
    """The resources that an edit changes or declares."""
    edits = found.target.edits if found.target is not None else ()
    return [found.resource, *(one.logical_id for one in edits if isinstance(one, Declare))]


def _place(found: Found) -> tuple[str, str, str, str]:
    return found.filename, found.rule.id, found.resource, found.state


def _counted(linted: Linted) -> Counter[tuple[str, str, str, str]]:
    return Counter(_place(one) for one in linted.found)
