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
from thera_lint.edits import applied
from thera_lint.edits import splices
from thera_lint.engine import Found
from thera_lint.engine import Progress
from thera_lint.texttree import CannotEdit
from thera_lint.typesetting import Splice

# An edit may make way for another at the same place; more rounds than this go round in circles.
_ROUNDS = 10

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
        name = filename.replace(os.sep, '/')
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
        self._done: list[Found] = []
        self._refused: dict[_Key, Refused] = {}

    def all(self) -> Fixed:
        for _ in range(_ROUNDS):
            keys = [_key(one) for one in self._candidates()]
            if not keys:
                break
            self._attempt(keys)
        return Fixed(self._linted, self._changes, self._done, list(self._refused.values()))

    def _candidates(self) -> Iterator[Found]:
        for one in self._linted.found:
            if one.fix is not None and (one.fix.safe or self._unsafe):
                if _key(one) not in self._refused:
                    yield one

    def _attempt(self, keys: Sequence[_Key]) -> None:
        """Make these edits together, or where that does not hold, in halves."""
        wanted = set(keys)
        batch = [one for one in self._candidates() if _key(one) in wanted]
        chosen, changes = self._edited(batch)
        if not chosen:
            return
        changes = {**self._changes, **changes}
        after = self._relint({filename: change.new for filename, change in changes.items()})
        reason = _worse(self._linted, after, chosen)
        if reason is None:
            self._changes = changes
            self._linted = after
            self._done += chosen
        elif len(chosen) == 1:
            self._refuse(chosen[0], reason)
        else:
            chosen_keys = [_key(one) for one in chosen]
            middle = len(chosen) // 2
            self._attempt(chosen_keys[:middle])
            self._attempt(chosen_keys[middle:])

    def _edited(self, batch: Sequence[Found]) -> tuple[list[Found], dict[str, Change]]:
        """Those whose edits do not meet, and the files with them made; the rest must wait."""
        chosen: list[Found] = []
        made: dict[str, list[Splice]] = {}
        changes: dict[str, Change] = {}
        for one in batch:
            assert one.target is not None
            try:
                if one.filename not in changes:
                    changes[one.filename] = self._unchanged(one.filename)
                mine = splices(one.target, self._linted.texts(one.filename) or '')
            except CannotEdit as error:
                self._refuse(one, str(error))
                continue
            except OSError as error:
                self._refuse(one, f'cannot read the file: {error.strerror or error}')
                continue
            others = made.setdefault(one.filename, [])
            new = [splice for splice in mine if splice not in others]
            if not any(_meet(splice, other) for splice in new for other in others):
                others += new
                chosen.append(one)
        return chosen, {
            filename: changes[filename]._replace(new=applied(changes[filename].new, wanted))
            for filename, wanted in made.items() if wanted
        }

    def _unchanged(self, filename: str) -> Change:
        """A file as it is on the disk, and as it has become so far."""
        known = self._changes.get(filename)
        if known is not None:
            return known
        raw = files.bytes_of(filename)
        return Change(raw, raw)

    def _refuse(self, found: Found, reason: str) -> None:
        self._refused[_key(found)] = Refused(found, reason)


def _key(found: Found) -> _Key:
    """The same before and after an edit elsewhere in the file."""
    return found.filename, found.rule.id, found.path, found.message


def _meet(one: Splice, other: Splice) -> bool:
    """Whether two edits touch: what is put at one place must not depend on their order."""
    return one.start <= other.end and other.start <= one.end


def _worse(before: Linted, after: Linted, chosen: Sequence[Found]) -> str | None:
    """Why the edits must not stay, if so."""
    if len(after.crashes) > len(before.crashes):
        return 'a rule fails on the result'
    old, new = _counted(before), _counted(after)
    gone = Counter(_place(one) for one in chosen)
    for place, count in new.items():
        if count > old[place]:
            _, rule, resource, _ = place
            if rule == UnreadableFile.id:
                return 'the result could not be read'
            return f'it would bring {rule}{f" at `{resource}`" if resource else ""}'
    if any(new[place] > old[place] - count for place, count in gone.items()):
        return 'the finding would stay'
    return None


def _place(found: Found) -> tuple[str, str, str, str]:
    return found.filename, found.rule.id, found.resource, found.state


def _counted(linted: Linted) -> Counter[tuple[str, str, str, str]]:
    return Counter(_place(one) for one in linted.found)
