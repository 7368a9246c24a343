"""Findings as text and as JSON: the marked line, and nothing that moves the cursor."""
from __future__ import annotations

import json
from typing import Any

import pytest

from thera_lint import report
from thera_lint.engine import Found
from thera_lint.files import UnreadableFile
from thera_lint.rule import Cost
from thera_lint.source import Span


class Sample(UnreadableFile):
    """A sample."""

    id = 'WC9901'
    remedy = 'do it'


def found(span: Span, message: str = 'said', filename: str = 'a.yaml', **more: Any) -> Found:
    return Found(filename, span, Sample(), message, ('Resources', 'A'), 'A', None, None)._replace(
        **more,
    )


def lines(one: Found, text: str | None) -> list[str]:
    return list(report.as_text([one], lambda _: text, colour=False))


@pytest.mark.parametrize(('span', 'text', 'expected'), [
    (Span(0, 0, 0, 4), 'abcd', ['  1 | abcd', '    | ^^^^']),
    (Span(1, 2, 1, 3), 'x\n  y: 1\nz', ['  2 |   y: 1', '    |   ^']),
    (Span(1, 2, 4, 0), 'x\n  y:\n    1\nz\n', ['  2 |   y:', '    |   ^^']),
    (Span(0, 2, 0, 2), 'ab', ['  1 | ab', '    |   ^']),
    (Span(9, 0, 9, 1), '\n' * 9 + 'k', ['  10 | k', '     | ^']),
    (Span(0, 1, 0, 2), '\tk: 1', ['  1 |  k: 1', '    |  ^']),
    (Span(0, 0, 0, 1), '\x1b[2J\u202e\x00', ['  1 | ?[2J??', '    | ^']),
    (Span(0, 0, 0, 1), '   ', []), (Span(7, 0, 7, 1), 'a', []), (Span(0, 0, 0, 1), None, []),
])
def test_the_line_is_marked(span: Span, text: str | None, expected: list[str]) -> None:
    first, *marked, way_out, blank = lines(found(span), text)
    assert first == f'a.yaml:{span.line + 1}:{span.column + 1}: WC9901 said'
    assert marked == expected
    assert (way_out.strip(), blank) == ('= way out: do it', '')


@pytest.mark.parametrize('start', [0, 10, 99, 100, 101, 500, 990, 999])
def test_a_minified_line_is_cut_around_the_mark(start: int) -> None:
    text = ''.join(chr(0x4e00 + i) for i in range(1000))
    _, line, mark, *_ = lines(found(Span(0, start, 0, start + 5)), text)
    shown, marks = line.removeprefix('  1 | '), mark.removeprefix('    | ')
    assert len(shown) <= 100
    assert shown[marks.index('^')] == text[start]
    assert marks.strip() == '^' * min(5, 1000 - start)
    _, line, mark, *_ = lines(found(Span(0, start, 0, 1000)), text)
    assert len(mark) <= len(line)


def test_nothing_moves_the_cursor() -> None:
    one = found(
        Span(0, 0, 0, 1), 'a\x1b[2J\nb', 'n\x1b\u202e.yaml', cost=Cost('c\x07\r'),
    )
    text = '\n'.join(lines(one, 'x\x9b\x1b'))
    assert all(character.isprintable() or character == '\n' for character in text)
    assert text.startswith('n??.yaml:1:1: WC9901 a?[2J b\n')


def test_json_is_ascii_and_its_ids_differ() -> None:
    some = [found(Span(0, 0, 0, 1), 'é\ud800', 'b\udcff.yaml'), found(Span(0, 0, 0, 1), 'other')]
    text = report.as_json(some)
    assert text.isascii()
    first, second = json.loads(text)
    assert (first['Message'], first['Filename']) == ('é\ud800', 'b\udcff.yaml')
    assert first['Id'] != second['Id']


@pytest.mark.parametrize(('severities', 'counts', 'expected'), [
    ('', (0, 0, 0), 'nothing found in 0 files'), ('', (1, 0, 0), 'nothing found in 1 file'),
    ('W', (2, 0, 0), '1 warning in 2 files'),
    ('EEWWII', (2, 3, 4),
     '2 errors, 2 warnings, 2 informational in 2 files; '
     '3 skipped: neither template nor state machine; 4 ignored'),
])
def test_summary(severities: str, counts: tuple[int, int, int], expected: str) -> None:
    some = [
        found(Span(0, 0, 0, 1), rule=type('R', (Sample,), {'id': f'{letter}C9901'})())
        for letter in severities
    ]
    checked, skipped, ignored = counts
    assert report.summary(some, checked=checked, skipped=skipped, ignored=ignored) == expected


def test_page() -> None:
    page = report.page(UnreadableFile())
    headings = [line for line in page.splitlines() if line.startswith('#')]
    assert headings == [
        '# EC0001 unreadable_file', '## Why it costs', '## When it is right', '## What to do',
        '## References',
    ]
    assert page.endswith('.html\n')
