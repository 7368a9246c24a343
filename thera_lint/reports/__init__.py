"""What a run found, in the format that was asked for.

A format is a module of its name with one function, `render(run, look)`, that yields lines.
It is loaded only when it is asked for.
"""
from __future__ import annotations

from collections.abc import Callable
from collections.abc import Collection
from collections.abc import Iterator
from collections.abc import Sequence
from typing import NamedTuple
from typing import Protocol

from thera_lint.engine import Found
from thera_lint.ignores import Ignored

FORMATS = ('text', 'json', 'sarif', 'junit', 'github', 'gitlab', 'markdown')


class Run(Protocol):
    """What every format is made from."""

    @property
    def found(self) -> Sequence[Found]:
        """Sorted by place."""

    @property
    def ignored(self) -> Sequence[Ignored]: ...

    @property
    def checked(self) -> Collection[str]:
        """The files that are templates or state machines, or were meant to be."""

    @property
    def skipped(self) -> Collection[str]:
        """The files that are neither."""

    @property
    def texts(self) -> Callable[[str], str | None]:
        """The text of a file by its name; None if it was never read."""


class Look(NamedTuple):
    """How a report for people should look."""

    colour: bool = False
    show_ignored: bool = False


def render(
        format: str, run: Run, *, colour: bool = False, show_ignored: bool = False,
) -> Iterator[str]:
    """The lines of a report; `format` is one of FORMATS."""
    from importlib import import_module

    if format not in FORMATS:
        raise ValueError(f'no format {format!r}; there are {", ".join(FORMATS)}')
    lines: Iterator[str] = import_module(f'{__name__}.{format}').render(
        run, Look(colour, show_ignored),
    )
    return lines
