"""The pull request comment, as a Markdown parser reads it."""
from __future__ import annotations

from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import settings
from markdown_it import MarkdownIt
from markdown_it.token import Token
from reports_test import costing
from reports_test import found
from reports_test import rendered
from reports_test import rule
from reports_test import Run
from reports_test import runs
from reports_test import texts

from thera_lint.ignores import Ignored
from thera_lint.reports.notes import printable
from thera_lint.rule import Fix
from thera_lint.source import Span

LIMIT = 65_536


class Page(NamedTuple):
    """What a reader sees: headings and paragraphs, rows of cells, our own HTML, links."""

    blocks: list[str]
    rows: list[list[str]]
    html: list[str]
    links: set[str]


def read(markdown: str) -> Page:
    page = Page([], [], [], set())
    in_row = False
    for token in MarkdownIt('gfm-like', {'linkify': False}).parse(markdown):
        if token.type == 'tr_open':
            page.rows.append([])
        in_row = token.type in ('th_open', 'td_open') or in_row and token.type != 'tr_close'
        if token.type == 'html_block':
            page.html.append(token.content.strip())
        elif token.type == 'inline':
            (page.rows[-1] if in_row else page.blocks).append(visible(token, page))
    return page


def visible(inline: Token, page: Page) -> str:
    text = ''
    for token in inline.children or ():
        if token.type == 'link_open':
            page.links.add(str(token.attrs['href']))
        elif token.type != 'html_inline':
            text += token.content
        elif token.content not in ('<code>', '</code>'):
            page.html.append(token.content)
    return text


def in_code(markdown: str) -> set[str]:
    """The texts of the code spans."""
    return {
        child.content for token in MarkdownIt('gfm-like', {'linkify': False}).parse(markdown)
        for child in token.children or () if child.type == 'code_inline'
    }


def test_the_dearest_come_first_and_the_rest_by_rule() -> None:
    run = Run([
        found(Span(9, 0, 9, 1), 'has `log_group` of 5 GB', rule=rule('WC9903')),
        costing(1, 1, 'Cheap', message='`Cheap` costs $1'),
        found(Span(8, 0, 8, 1), 'cannot work', rule=rule('EC9904')),
        costing(20, 2, 'Dear', fix=Fix('keep logs for 30 days', True, ())),
        found(Span(7, 0, 7, 1), 'may be', rule=rule('IC9902')),
        costing(4, 5, 'Dear', fix=Fix('cut it', False, ())),
    ], checked=frozenset(['a.yaml', 'b.yaml']), skipped=['x'])
    page = read(rendered('markdown', run))
    assert page.blocks == [
        'thera-lint: 1 error, 4 warnings, 1 informational in 2 files; '
        '1 skipped: neither template nor state machine',
        'Known waste: about $21 a month. Of what is found at one resource, only the dearest '
        'is added.',
    ]
    assert page.rows == [
        ['a month', 'where', 'rule', 'waste', 'way out'],
        ['$20', 'a.yaml:3', 'WC9901', 'said', 'keep logs for 30 days (--fix)'],
        ['$4', 'a.yaml:6', 'WC9901', 'said', 'cut it (--fix --unsafe-fixes)'],
        ['$1', 'a.yaml:2', 'WC9901', 'Cheap costs $1', 'do it'],
        ['where', 'rule', 'waste', 'way out'],
        ['a.yaml:9', 'EC9904', 'cannot work', 'do it'],
        ['a.yaml:10', 'WC9903', 'has log_group of 5 GB', 'do it'],
        ['a.yaml:8', 'IC9902', 'may be', 'do it'],
    ]
    assert page.html == ['<details><summary>3 without a known sum</summary>', '</details>']
    assert page.links == {'https://github.com/thera-lint/thera-lint/blob/main/docs/rules/sample.md'}


def test_the_only_table_is_open() -> None:
    page = read(rendered('markdown', Run([found()])))
    assert page.html[0] == '<details open><summary>1 without a known sum</summary>'


@pytest.mark.parametrize(('run', 'expected'), [
    (Run(), 'thera-lint looked at 1 file and found nothing that wastes money.'),
    (Run([], [Ignored(found(), '', 'comment')], frozenset('ab'), ['x'] * 3),
     'thera-lint looked at 2 files and found nothing that wastes money; '
     '3 skipped: neither template nor state machine; 1 ignored.'),
])
def test_nothing_found_is_one_line(run: Run, expected: str) -> None:
    assert read(rendered('markdown', run)) == Page([expected], [], [], set())


def test_ignored_findings_are_shown_when_asked_for() -> None:
    run = Run([], [Ignored(found(), 'nightly | batch', 'Metadata of `A`')])
    page = read(rendered('markdown', run, show_ignored=True))
    assert page.rows[1:] == [['a.yaml:1', 'WC9901', 'said', 'Metadata of A', 'nightly | batch']]
    assert page.html == ['<details><summary>1 ignored</summary>', '</details>']


@pytest.mark.parametrize(('message', 'expected'), [
    ('a | b', 'a | b'), ('`a|b` is', 'a|b is'), ('`a\\|b`', 'a\\|b'), ('a\\', 'a\\'),
    ('<script>x</script>', '<script>x</script>'), ('`<b>`', '<b>'), ('<code>', '<code>'),
    ('&lt;', '&lt;'),
    ('one ` tick', 'one ` tick'), ('``', '``'), ('`a``b`', 'ab'), ('`a`@b', 'a@b'),
    ('*a* _b_ ~~c~~', '*a* _b_ ~~c~~'), ('[a](http://b)', '[a](http://b)'),
    ('![a](b)', '![a](b)'), ('a\nb\n\n| c |', 'a b  | c |'), ('<!-- a', '<!-- a'),
    ('@everyone and #1', '@everyone and #1'), ('$x$ for $3', '$x$ for $3'),
    ('</details>', '</details>'), ('x' * 400, 'x' * 300 + '...'), ('` a `', ' a '),
])
def test_hostile_text_shows_as_it_is(message: str, expected: str) -> None:
    one = found(message=message, filename='a|`b`<i>\n.yaml', rule=rule('WC9901'))
    page = read(rendered('markdown', Run([one])))
    assert page.rows == [
        ['where', 'rule', 'waste', 'way out'], ['a|`b`<i> .yaml:1', 'WC9901', expected, 'do it'],
    ]
    assert len(page.html) == 2
    assert len(page.links) == 1


@pytest.mark.parametrize('word', [
    '@everyone', 'a@b.org', '(@team/x)', '#12', 'owner/repo#3', 'https://x.org', 'www.x.org', '$x$',
])
def test_what_would_come_alive_is_code(word: str) -> None:
    assert word in in_code(rendered('markdown', Run([found(message=f'see {word} there')])))


def test_a_sum_of_dollars_is_text() -> None:
    assert in_code(rendered('markdown', Run([costing(3, message='costs $3')]))) == {'a.yaml:1'}


@pytest.mark.parametrize('count', [100, 500, 3000])
def test_it_fits_into_a_comment(count: int) -> None:
    some = [
        costing(line % 3 or None, line, f'R{line}', message='`x` ' + 'said ' * (line % 50))
        for line in range(count)
    ]
    run = Run(some, [Ignored(one, 'why', 'comment') for one in some[:50]])
    text = rendered('markdown', run, show_ignored=True)
    assert len(text.encode()) <= LIMIT
    page = read(text)
    headers = {'a month', 'where'}
    shown = sum(1 for row in page.rows if row[0] not in headers)
    assert [block for block in page.blocks if block.startswith('...')] == (
        [] if shown == count + 50
        else [f'... and {count + 50 - shown} more, which thera-lint shows when it is run.']
    )
    if count == 3000:
        assert len(text.encode()) > LIMIT - 1000
        assert {row[0] for row in page.rows} == {'a month', '$2'}


@given(texts)
@settings(max_examples=300)
def test_any_sentence_shows_as_it_is(message: str) -> None:
    page = read(rendered('markdown', Run([found(message=message)])))
    assert [len(row) for row in page.rows] == [4, 4]
    said = page.rows[1][2].replace('`', '')
    assert said.strip() == printable(message).replace('`', '').strip()


@given(runs)
@settings(max_examples=200)
def test_hostile_text_keeps_the_tables(run: Run) -> None:
    page = read(rendered('markdown', run, show_ignored=True))
    widths = [len(row) for row in page.rows]
    assert set(widths) <= {4, 5}
    tables = sum(1 for row in page.rows if row[0] in ('a month', 'where'))
    assert len(page.rows) >= len(run.found) + len(run.ignored) + tables - 1
    assert all(one.startswith('<details') or one == '</details>' for one in page.html)
    assert len(page.links) <= 1
