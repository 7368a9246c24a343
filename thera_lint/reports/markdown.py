"""A comment for a pull request: the dearest first, then the rest by rule.

GitHub, GitLab and Azure DevOps render it; text from templates can neither break a table nor
bring HTML, links or mentions into it.
"""
from __future__ import annotations

import re
from collections.abc import Iterator
from collections.abc import Sequence
from typing import NamedTuple

from thera_lint.engine import Found
from thera_lint.ignores import Ignored
from thera_lint.prices import dollars
from thera_lint.reports import docs
from thera_lint.reports import Look
from thera_lint.reports import Run
from thera_lint.reports import summary
from thera_lint.reports.notes import printable
from thera_lint.reports.notes import way_out

# What GitHub takes for one comment. Counted in bytes, which are never fewer than characters.
_LIMIT = 65_536
_LONGEST_TEXT = 300
_ORDER = ('error', 'warning', 'informational')

_PIECES = re.compile(r'`([^`]+)`|(`|[^`\s]+|\s+)')
_SPECIAL = re.compile(r'[\\`*_\[\]<>|~&$]')
# Mentions, references and addresses come alive in text, and GitHub's $...$ is mathematics.
_ALIVE = re.compile(r'[@#]|://|www\.|\$(?!\d)')


class _Table(NamedTuple):
    before: list[str]
    rows: list[str]
    after: list[str]


def render(run: Run, look: Look) -> Iterator[str]:
    known = sorted(filter(summary.monthly, run.found), key=summary.monthly, reverse=True)
    unknown = sorted(
        (one for one in run.found if not summary.monthly(one)),
        key=lambda one: (_ORDER.index(one.rule.severity), one.rule.id),
    )
    if run.found:
        head = [f'## thera-lint: {summary.counts(run)}']
    else:
        head = [
            f'**thera-lint** looked at {summary.files(run)} and found nothing that wastes money'
            f'{summary.passed_over(run)}.',
        ]
    tables = [_known(known, run)] if known else []
    if unknown:
        tables.append(_unknown(unknown, open=not known))
    if look.show_ignored and run.ignored:
        tables.append(_ignored(run.ignored))
    return _fitted(head, tables)


def _fitted(head: list[str], tables: list[_Table]) -> Iterator[str]:
    """As many rows as a comment can hold, and how many more there are."""
    frames = [line for table in tables for line in (*table.before, *table.after)]
    more = '... and {} more, which `thera-lint` shows when it is run.'
    room = _LIMIT - _size([*head, *frames, '', more, ''])
    hidden = 0
    yield from head
    for table in tables:
        rows = []
        for row in table.rows:
            room -= _size([row])
            if room >= 0:
                rows.append(row)
        hidden += len(table.rows) - len(rows)
        if rows:
            yield from (*table.before, *rows, *table.after)
    if hidden:
        yield from ('', more.format(hidden))


def _size(lines: Sequence[str]) -> int:
    return sum(len(line.encode()) + 1 for line in lines)


def _known(found: Sequence[Found], run: Run) -> _Table:
    dearest = summary.counted(run.found)
    said = f'Known waste: **{summary.waste(dearest)}**.'
    if len(found) > len(dearest):
        said += ' Of what is found at one resource, only the dearest is added.'
    return _Table(
        ['', said, '', *_header('a month', 'where', 'rule', 'waste', 'way out')],
        [
            _row(dollars(summary.monthly(one)), *_cells(one), _cell(way_out(one)))
            for one in found
        ],
        [],
    )


def _unknown(found: Sequence[Found], *, open: bool) -> _Table:
    return _folded(
        f'{len(found)} without a known sum', ('where', 'rule', 'waste', 'way out'),
        [_row(*_cells(one), _cell(way_out(one))) for one in found], open=open,
    )


def _ignored(ignored: Sequence[Ignored]) -> _Table:
    return _folded(
        f'{len(ignored)} ignored', ('where', 'rule', 'waste', 'ignored by', 'reason'),
        [_row(*_cells(one.found), _cell(one.by), _cell(one.reason)) for one in ignored],
    )


def _folded(
        title: str, columns: Sequence[str], rows: list[str], *, open: bool = False,
) -> _Table:
    tag = '<details open>' if open else '<details>'
    return _Table(
        ['', f'{tag}<summary>{title}</summary>', '', *_header(*columns)],
        rows,
        ['', '</details>'],
    )


def _header(*columns: str) -> list[str]:
    return [_row(*columns), _row(*('---' for _ in columns))]


def _row(*cells: str) -> str:
    return f'| {" | ".join(cells)} |'


def _cells(one: Found) -> tuple[str, str, str]:
    place = _code(printable(f'{one.filename}:{one.span.line + 1}'))
    if one.construct:
        place += f' {_code(printable(one.construct))}'
    return place, f'[{one.rule.id}]({docs.address(one.rule)})', _cell(one.message)


def _cell(text: str) -> str:
    """Text that shows as it is; what stands between backticks, or might come alive, as code."""
    text = printable(text)
    if len(text) > _LONGEST_TEXT:
        text = f'{text[:_LONGEST_TEXT]}...'
    shown = ''
    for code, plain in _PIECES.findall(text):
        if code or _ALIVE.search(plain):
            # Two spans of code that touch would be one.
            shown += _code(code or plain, bare=not shown.endswith('`'))
        else:
            shown += _escaped(plain)
    return shown


def _code(text: str, *, bare: bool = True) -> str:
    if bare and text == text.strip() and not re.search(r'[`|\\]', text):
        return f'`{text}`'
    return f'<code>{_escaped(text)}</code>'


def _escaped(text: str) -> str:
    return _SPECIAL.sub(lambda match: f'&#{ord(match.group())};', text)
