"""For people: the marked line, and nothing that moves the cursor."""
from __future__ import annotations

import pytest
from reports_test import found
from reports_test import rendered
from reports_test import Run

from thera_lint.engine import Found
from thera_lint.ignores import Ignored
from thera_lint.rule import Cost
from thera_lint.rule import Fix
from thera_lint.source import read
from thera_lint.source import Span
from thera_lint.template import Template


def lines(one: Found, text: str | None) -> list[str]:
    return rendered('text', Run([one], texts=lambda _: text)).split('\n')[:-1]


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
        Span(0, 0, 0, 1), 'a\x1b[2J\nb', filename='n\x1b\u202e.yaml', cost=Cost('c\x07\r'),
    )
    text = '\n'.join(lines(one, 'x\x9b\x1b'))
    assert all(character.isprintable() or character == '\n' for character in text)
    assert text.startswith('n??.yaml:1:1: WC9901 a?[2J b\n')


@pytest.mark.parametrize(('safe', 'said'), [(True, '--fix'), (False, '--fix --unsafe-fixes')])
def test_a_fix_says_how(safe: bool, said: str) -> None:
    one = found(fix=Fix('keep logs for 30 days', safe, ()))
    assert lines(one, None)[1] == f'    = way out: keep logs for 30 days ({said})'


def test_the_construct_is_named() -> None:
    source = read('a.json', """{"Resources": {"LogsB32F1": {
        "Type": "AWS::Logs::LogGroup", "Metadata": {"aws:cdk:path": "Stack/Logs/Resource"}
    }}}""")
    [view] = Template(source, {}).views('LogsB32F1')
    assert lines(found(home=view), None)[1:-1] == [
        '    = construct: Stack/Logs/Resource', '    = way out: do it',
    ]


def test_one_place_is_shown_once() -> None:
    some = [found(Span(0, 0, 0, 1), f'`{name}`', resource=name) for name in 'AB']
    assert rendered('text', Run(some, texts=lambda _: 'k')).split('\n') == [
        'a.yaml:1:1: WC9901 `A`', 'a.yaml:1:1: WC9901 `B`', '  1 | k', '    | ^',
        '    = way out: do it', '', '2 warnings in 1 file',
    ]


def test_ignored_findings_are_shown_when_asked_for() -> None:
    run = Run([], [
        Ignored(found(message='first'), 'nightly batch', 'comment'),
        Ignored(found(Span(9, 1, 9, 2), 'second'), '', 'Metadata of A'),
    ])
    assert rendered('text', run) == 'nothing found in 1 file; 2 ignored'
    assert rendered('text', run, show_ignored=True).split('\n') == [
        'a.yaml:1:1: WC9901 ignored: first', '    = by comment: nightly batch', '',
        'a.yaml:10:2: WC9901 ignored: second', '     = by Metadata of A', '',
        'nothing found in 1 file; 2 ignored',
    ]


def test_colours() -> None:
    run = Run([found()], [Ignored(found(), 'why', 'comment')], texts=lambda _: 'k')
    first, _, mark, *rest = rendered('text', run, colour=True, show_ignored=True).split('\n')
    assert first == '\x1b[1ma.yaml:1:1\x1b[0m: \x1b[1;33mWC9901\x1b[0m said'
    assert mark == '    \x1b[34m|\x1b[0m \x1b[33m^\x1b[0m'
    assert rest[2] == '\x1b[1ma.yaml:1:1\x1b[0m: \x1b[2mWC9901 ignored:\x1b[0m said'
