"""What stays the same between two runs: a file's name and a finding's fingerprint."""
from __future__ import annotations

import os
from collections import Counter
from typing import NamedTuple

from thera_lint.engine import Found
from thera_lint.ignores import Ignored
from thera_lint.reports import Run


class Marked(NamedTuple):
    """A finding, who ignores it if anybody does, and its fingerprint."""

    found: Found
    ignored: Ignored | None
    fingerprint: str


def marked(run: Run) -> list[Marked]:
    """All findings of a run by place, ignored ones too.

    The fingerprint holds no line and no sentence, so it survives edits elsewhere in the file.
    Findings that would share one are numbered, the ignored among them, so that ignoring one
    leaves the others theirs.
    """
    import hashlib
    import json

    every: list[tuple[Found, Ignored | None]] = [(one, None) for one in run.found]
    every += [(one.found, one) for one in run.ignored]
    every.sort(key=lambda pair: (pair[0].filename, pair[0].span, pair[0].rule.id, pair[0].message))
    seen: Counter[str] = Counter()
    result = []
    for found, ignored in every:
        # Not repr(): what it escapes changes with Python's tables of Unicode.
        key = json.dumps([
            found.rule.id, shown(found.filename), found.resource, found.state, found.path,
        ])
        seen[key] += 1
        fingerprint = hashlib.sha256(f'{key}{seen[key]}'.encode()).hexdigest()
        result.append(Marked(found, ignored, fingerprint))
    return result


def relative(filename: str) -> str | None:
    """The name below the working folder, with slashes; None for a file outside of it."""
    try:
        path = os.path.relpath(filename)
    except ValueError:  # another drive on Windows, or no name at all
        return None
    return None if path.split(os.sep)[0] == os.pardir else path.replace(os.sep, '/')


def shown(filename: str) -> str:
    """The name below the working folder if it is there, else as it was given."""
    return relative(filename) or filename
