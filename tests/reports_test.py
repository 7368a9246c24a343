"""What all formats share: summary, fingerprints, documentation, and surviving hostile text."""
from __future__ import annotations

import json
import re
import string
import subprocess
import sys
from collections.abc import Callable
from collections.abc import Collection
from collections.abc import Sequence
from itertools import permutations
from pathlib import Path
from typing import Any
from typing import NamedTuple
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from thera_lint import reports
from thera_lint.builtin import UnreadableFile
from thera_lint.engine import Found
from thera_lint.ignores import Ignored
from thera_lint.reports import docs
from thera_lint.reports import identity
from thera_lint.reports import summary
from thera_lint.rule import Cost
from thera_lint.rule import Rule
from thera_lint.source import Span


class Sample(Rule):
    """A sample.

    ## Why it costs

    It costs, and
    goes on.

    ## References

    - https://docs.aws.amazon.com/
    """

    id = 'WC9901'
    remedy = 'do it'


class Run(NamedTuple):
    found: Sequence[Found] = ()
    ignored: Sequence[Ignored] = ()
    checked: frozenset[str] = frozenset(['a.yaml'])
    skipped: Collection[str] = ()
    texts: Callable[[str], str | None] = lambda filename: None


def rule(id: str) -> Rule:
    made: Rule = type('Sample', (Sample,), {'id': id, '__doc__': Sample.__doc__})()
    return made


FIRST = Span(0, 0, 0, 1)


def found(span: Span = FIRST, message: str = 'said', **more: Any) -> Found:
    base = Found('a.yaml', span, Sample(), message, ('Resources', 'A'), 'A', None, None)
    return base._replace(**more)


def costing(monthly: float | None, line: int = 0, resource: str = 'A', **more: Any) -> Found:
    return found(
        Span(line, 0, line, 1), cost=Cost('by the hour', monthly), resource=resource, **more,
    )


def rendered(format: str, run: Run, **look: bool) -> str:
    return '\n'.join(reports.render(format, run, **look))


# --- summary


@pytest.mark.parametrize(('severities', 'checked', 'skipped', 'ignored', 'expected'), [
    ('', '', 0, 0, 'nothing found in 0 files'), ('', 'a', 0, 0, 'nothing found in 1 file'),
    ('W', 'ab', 0, 0, '1 warning in 2 files'),
    ('EEWWII', 'ab', 3, 4,
     '2 errors, 2 warnings, 2 informational in 2 files; '
     '3 skipped: neither template nor state machine; 4 ignored'),
])
def test_counts(severities: str, checked: str, skipped: int, ignored: int, expected: str) -> None:
    some = [found(rule=rule(f'{letter}C9901')) for letter in severities]
    dropped = [Ignored(found(), '', 'comment')] * ignored
    run = Run(some, dropped, frozenset(f'{name}.yaml' for name in checked), ['x'] * skipped)
    assert list(summary.lines(run)) == [expected]


def test_a_file_that_only_a_template_refers_to_is_counted_with_its_findings() -> None:
    run = Run([found(), found(filename='daily.asl.json')])
    assert summary.counts(run) == '2 warnings in 2 files'


def test_known_waste_is_listed_dearest_first() -> None:
    some = [
        costing(2.5, 3, 'Two'), costing(1200, 9, 'Dear'), costing(None, 1, 'Nobody knows'),
        costing(0.004, 2, 'Cheap'), costing(0, 4, 'Free'), found(resource='No cost'),
    ]
    assert list(summary.lines(Run(some)))[1:] == [
        'known waste: about $1,203 a month',
        '  $1,200  a.yaml:10 WC9901 `Dear`',
        '   $2.50  a.yaml:4 WC9901 `Two`',
        '  $0.004  a.yaml:3 WC9901 `Cheap`',
    ]


def test_five_are_listed_and_all_are_added() -> None:
    some = [costing(line + 1, line, f'R{line}') for line in range(9)]
    first, *dearest = list(summary.lines(Run(some)))[1:]
    assert first == 'known waste: about $45 a month'
    assert [line.split('`')[1] for line in dearest] == ['R8', 'R7', 'R6', 'R5', 'R4']


def test_what_is_said_of_one_resource_is_added_once() -> None:
    """Under two conditions, by two rules; but in two files it is two resources."""
    some = [
        costing(8, 1, message='dear when IsProd is true'),
        costing(3, 1, message='dear when IsProd is false'),
        costing(7, 5, rule=rule('WC9902')),
        costing(1, 1, filename='b.yaml'),
    ]
    for order in permutations(some):
        assert summary.waste(summary.counted(order)) == 'about $9 a month'


@given(st.lists(st.tuples(st.floats(0, 1e6), st.sampled_from('ABC'))))
def test_the_sum_is_never_more_than_the_parts(parts: list[tuple[float, str]]) -> None:
    some = [costing(usd, resource=resource) for usd, resource in parts]
    total = sum(map(summary.monthly, summary.counted(some)))
    assert total <= sum(usd for usd, _ in parts) + 1e-6
    assert total >= max((usd for usd, _ in parts), default=0)


# --- fingerprints


def prints(run: Run) -> dict[Found, str]:
    return {one.found: one.fingerprint for one in identity.marked(run)}


def test_a_fingerprint_survives_moved_lines_and_other_words() -> None:
    before = [found(Span(3, 2, 3, 9), 'at 4096 MB'), found(Span(9, 0, 9, 1), resource='B')]
    after = [found(Span(70, 4, 71, 1), 'at 8192 MB'), found(Span(80, 0, 80, 1), resource='B')]
    assert list(prints(Run(before)).values()) == list(prints(Run(after)).values())


@pytest.mark.parametrize('other', [
    {'filename': 'b.yaml'}, {'rule': rule('WC9902')}, {'resource': 'B'}, {'state': 'S'},
    {'path': ('Resources', 'A', 'Properties')}, {'path': ('Resources', 'A', 0)},
])
def test_each_part_tells_fingerprints_apart(other: dict[str, Any]) -> None:
    first, second = prints(Run([found(), found(**other)])).values()
    assert first != second


def test_an_index_and_a_key_are_two_paths() -> None:
    first, second = prints(Run([found(path=('A', 0)), found(path=('A', '0'))])).values()
    assert first != second


def test_findings_that_come_and_go_change_no_other_fingerprint() -> None:
    one, other = found(Span(5, 0, 5, 1), resource='A'), found(Span(2, 0, 2, 1), resource='B')
    assert prints(Run([one]))[one] == prints(Run([one, other]))[one]


def test_ignoring_the_first_of_two_alike_changes_neither() -> None:
    first, second = found(Span(1, 0, 1, 1), 'one'), found(Span(1, 0, 1, 1), 'two')
    before = prints(Run([first, second]))
    assert len(set(before.values())) == 2
    assert prints(Run([second], [Ignored(first, '', 'comment')])) == before


def test_a_file_is_the_same_by_any_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    by_path, by_name = found(filename=str(tmp_path / 'a.yaml')), found()
    assert [*prints(Run([by_path])).values()] == [*prints(Run([by_name])).values()]


@pytest.mark.parametrize(('filename', 'expected'), [
    ('a.yaml', 'a.yaml'), ('b/../c/a.yaml', 'c/a.yaml'), ('../a.yaml', None),
    ('/elsewhere/a.yaml', None), ('..a.yaml', '..a.yaml'), ('<stdin>', '<stdin>'), ('', None),
])
def test_relative(filename: str, expected: str | None) -> None:
    assert identity.relative(filename) == expected


# --- documentation


def test_page() -> None:
    page = docs.page(UnreadableFile())
    headings = [line for line in page.splitlines() if line.startswith('#')]
    assert headings == [
        '# EC0001 unreadable_file', '## Why it costs', '## When it is right', '## What to do',
        '## References',
    ]
    assert page.endswith('.html\n')


# --- every format


@pytest.mark.parametrize('format', reports.FORMATS)
def test_a_format_is_loaded_only_when_asked_for(format: str) -> None:
    program = (
        'import sys; from thera_lint import reports\n'
        'class Run: found = ignored = checked = skipped = (); texts = {}.get\n'
        f'list(reports.render({format!r}, Run()))\n'
        'print(*(name for name in sys.modules if name.startswith("thera_lint.reports.")))'
    )
    done = subprocess.run([sys.executable, '-c', program], capture_output=True, text=True)
    assert done.stderr == ''
    loaded = {name.rpartition('.')[2] for name in done.stdout.split()}
    # A failure of JUnit's is told as people are told.
    assert loaded & set(reports.FORMATS) - {'text'} == {format} - {'text'}


@pytest.mark.parametrize('format', ['summary', 'html', ''])
def test_another_format_is_refused(format: str) -> None:
    with pytest.raises(ValueError, match='there are text, json, sarif, junit, '):
        reports.render(format, Run())


@pytest.mark.parametrize('format', reports.FORMATS)
def test_nothing_found(format: str) -> None:
    assert rendered(format, Run())


# Names that a file can have, and any text that a template can hold.
filenames = st.text(
    st.one_of(
        st.characters(exclude_characters='\0', exclude_categories=['Cs']),
        st.sampled_from('\n\r\t :,;%|`<>&"\'@#$()[]{}~*_\\\x1b\x9b\u2028\udc80\udcff'),
    ), min_size=1, max_size=20,
)
texts = st.one_of(
    st.text(st.one_of(
        st.characters(),
        st.sampled_from('\n\r\0\x0b\x85\u2028\ufffe\ud800|`<>&"\'@#$%:,\\[](){}*_~'),
    ), max_size=60),
    st.sampled_from([
        '\n::error::x', '%0A::error::x', '::stop-commands::x', '##[error]x', '<script>x</script>',
        '@everyone', 'a | b', '`|`', '``|``', '\\|', '`\\`|', '<!--', '-->', '</details>', ']]>',
        '</failure>', '![x](http://x)', '[x]: http://x', 'www.x.org', '&lt;b&gt;', '&#124;',
        '$a$', 'x\n\n| y |', '\x1b[2J', '\u202e', '`a``b`',
    ]),
)
founds = st.builds(
    found, st.builds(Span, *[st.integers(0, 9)] * 2, st.integers(9, 12), st.integers(0, 9)), texts,
    filename=filenames, resource=texts, state=texts,
    rule=st.sampled_from([rule('EC9901'), rule('WC9901'), rule('IC9901')]),
    path=st.tuples(texts, texts, st.integers(0, 3)),
    cost=st.one_of(st.none(), st.builds(Cost, texts, st.one_of(st.none(), st.floats(0, 1e5)))),
)
runs = st.builds(
    Run, st.lists(founds, max_size=3),
    st.lists(st.builds(Ignored, founds, texts, texts), max_size=2),
    st.frozensets(filenames, max_size=2), st.lists(filenames, max_size=2),
    texts.map(lambda text: lambda filename: text),
)


@given(runs)
def test_hostile_text_keeps_json_valid_and_ascii(run: Run) -> None:
    for format in ('json', 'sarif', 'gitlab'):
        text = rendered(format, run)
        assert text.isascii()
        data = json.loads(text)
        if format != 'json':  # which hands on what there is, half a surrogate pair too
            json.dumps(data, ensure_ascii=False).encode()
    assert len(data) == len(run.found)
    assert len({one['fingerprint'] for one in data}) == len(run.found)


@given(runs)
def test_hostile_text_keeps_xml_well_formed(run: Run) -> None:
    root = ElementTree.fromstring(rendered('junit', run))
    assert len(root.findall('*/*/failure')) == len(run.found)
    assert len(root.findall('*/*/skipped')) == len(run.ignored)


@given(runs)
@settings(max_examples=200)
def test_hostile_text_makes_no_second_command(run: Run) -> None:
    lines = re.split('[\r\n]', rendered('github', run))
    commands = [line for line in lines if line.lstrip().startswith('::')]
    assert len(commands) == len(run.found)
    assert all(re.match('::(error|warning|notice) file=', line) for line in commands)
    assert not any('##[' in line for line in lines if line not in commands)


@given(runs)
def test_hostile_text_moves_no_cursor(run: Run) -> None:
    lines = list(reports.render('text', run, show_ignored=True))
    assert all(line.isprintable() for line in lines)
    words = string.printable
    assert all(set(line) <= set(words) for line in list(summary.lines(run))[:2])
