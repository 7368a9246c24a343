"""Workflow commands of GitHub Actions: each finding a note at its line of the pull request.

https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands
"""
from __future__ import annotations

from collections.abc import Iterator

from thera_lint.engine import Found
from thera_lint.reports import identity
from thera_lint.reports import Look
from thera_lint.reports import Run
from thera_lint.reports import summary
from thera_lint.reports.notes import notes
from thera_lint.reports.notes import printable

_COMMANDS = {'error': 'error', 'warning': 'warning', 'informational': 'notice'}


def render(run: Run, look: Look) -> Iterator[str]:
    # GitHub shows ten of each command a step and drops the rest: the dearest come first.
    for one in sorted(run.found, key=summary.monthly, reverse=True):
        yield _command(one)
    yield summary.counts(run)
    dearest = summary.counted(run.found)
    if dearest:
        yield f'known waste: {summary.waste(dearest)}'


def _command(one: Found) -> str:
    properties = ','.join(f'{name}={_property(text)}' for name, text in _place(one).items())
    message = '\n'.join([printable(one.message), *notes([one])])
    return f'::{_COMMANDS[one.rule.severity]} {properties}::{_data(message)}'


def _place(one: Found) -> dict[str, str]:
    span = one.span
    # A span that ends before the first column of a line ends on the line above.
    last = span.end_line - (span.end_column == 0 and span.end_line > span.line)
    place = {
        'file': identity.shown(one.filename),
        'line': str(span.line + 1),
        'endLine': str(last + 1),
    }
    if last == span.line:  # GitHub drops the columns of what spans lines
        end = span.end_column if span.end_line == span.line else span.column
        place |= {'col': str(span.column + 1), 'endColumn': str(end + 1)}
    return {**place, 'title': f'{one.rule.id} {one.rule.name}'}


def _data(text: str) -> str:
    return text.replace('%', '%25').replace('\r', '%0D').replace('\n', '%0A')


def _property(text: str) -> str:
    return _data(text).replace(':', '%3A').replace(',', '%2C')
