"""Findings for people: place and sentence, the source marked, the cost, the way out."""
from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Sequence
from itertools import groupby

from thera_lint.engine import Found
from thera_lint.ignores import Ignored
from thera_lint.reports import Look
from thera_lint.reports import Run
from thera_lint.reports import summary
from thera_lint.reports.notes import notes
from thera_lint.reports.notes import printable
from thera_lint.source import Span

# So much of a long (minified) line is shown around the marked place.
_WIDTH = 100

_COLOURS = {'error': '31', 'warning': '33', 'informational': '36'}


def render(run: Run, look: Look) -> Iterator[str]:
    yield from findings(run.found, run.texts, colour=look.colour)
    if look.show_ignored:
        for one in run.ignored:
            yield from _ignored(one, colour=look.colour)
    yield from summary.lines(run)


def findings(
        found: Sequence[Found], texts: Callable[[str], str | None], *, colour: bool,
) -> Iterator[str]:
    lines: dict[str, list[str]] = {}
    # One value in SAM's Globals is found in every function: many sentences, one excerpt.
    for (filename, span, _), group in groupby(found, lambda f: (f.filename, f.span, f.rule.id)):
        together = list(group)
        code = _COLOURS[together[0].rule.severity]
        bar = _painted('|', '34', colour)
        for one in together:
            id = _painted(one.rule.id, f'1;{code}', colour)
            yield f'{_place(one, colour)}: {id} {printable(one.message)}'
        if filename not in lines:
            lines[filename] = (texts(filename) or '').split('\n')
        margin = ' ' * len(str(span.line + 1))
        if span.line < len(lines[filename]) and lines[filename][span.line].strip():
            excerpt, mark = _excerpt(lines[filename][span.line], span)
            yield f'  {span.line + 1} {bar} {excerpt}'
            yield f'  {margin} {bar} {_painted(mark, code, colour)}'
        for note in notes(together):
            yield f'  {margin} {_painted("=", "34", colour)} {note}'
        yield ''


def _ignored(one: Ignored, *, colour: bool) -> Iterator[str]:
    found = one.found
    id = _painted(f'{found.rule.id} ignored:', '2', colour)
    yield f'{_place(found, colour)}: {id} {printable(found.message)}'
    margin = ' ' * len(str(found.span.line + 1))
    said = f'by {one.by}: {one.reason}' if one.reason else f'by {one.by}'
    yield f'  {margin} {_painted("=", "34", colour)} {printable(said)}'
    yield ''


def _place(one: Found, colour: bool) -> str:
    place = f'{one.filename}:{one.span.line + 1}:{one.span.column + 1}'
    return _painted(printable(place), '1', colour)


def _painted(text: str, code: str, colour: bool) -> str:
    return f'\x1b[{code}m{text}\x1b[0m' if colour else text


def _excerpt(line: str, span: Span) -> tuple[str, str]:
    start = span.column
    end = span.end_column if span.end_line == span.line else len(line)
    end = max(start + 1, min(end, len(line)))
    first = 0
    if len(line) > _WIDTH:
        first = max(0, min(start - _WIDTH // 4, len(line) - _WIDTH))
        end = min(end, first + _WIDTH)
    text = printable(line[first:first + _WIDTH])
    return text.rstrip(), ' ' * (start - first) + '^' * (end - start)
