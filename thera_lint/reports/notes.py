"""What is said of a finding beside its sentence, and text made fit to be shown."""
from __future__ import annotations

from collections.abc import Sequence

from thera_lint.engine import Found


def notes(found: Sequence[Found]) -> list[str]:
    """Construct, cost and way out of findings at one place, each once."""
    said = [f'construct: {one.construct}' for one in found if one.construct]
    said += [f'cost: {one.cost.basis}' for one in found if one.cost is not None]
    said += [f'way out: {way_out(one)}' for one in found]
    return [printable(note) for note in dict.fromkeys(said)]


def way_out(one: Found) -> str:
    if one.fix is None:
        return one.rule.remedy
    return f'{one.fix.title} ({"--fix" if one.fix.safe else "--fix --unsafe-fixes"})'


def printable(text: str) -> str:
    """Without what could move a cursor or break a format: template text goes everywhere.

    What is left is one line, and is allowed in XML.
    """
    if text.isprintable():
        return text
    return ''.join(c if c.isprintable() else ' ' if c in '\t\n' else '?' for c in text)
