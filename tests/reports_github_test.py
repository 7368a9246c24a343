"""Workflow commands, read back by the rules that the runner reads them by."""
from __future__ import annotations

import pytest
from hypothesis import given
from reports_test import costing
from reports_test import found
from reports_test import rendered
from reports_test import rule
from reports_test import Run
from reports_test import runs

from thera_lint.reports import identity
from thera_lint.rule import Cost
from thera_lint.source import Span


def decoded(line: str) -> tuple[str, dict[str, str], str]:
    """Command, properties and message: escapes are undone in this order, %25 last."""
    line = line.lstrip()
    assert line.startswith('::')
    info, _, message = line[2:].partition('::')
    name, _, written = info.partition(' ')
    properties = {}
    for pair in written.strip().split(','):
        key, _, value = pair.partition('=')
        for escape, character in (('%0D', '\r'), ('%0A', '\n'), ('%3A', ':'), ('%2C', ',')):
            value = value.replace(escape, character)
        properties[key] = value.replace('%25', '%')
    message = message.replace('%0D', '\r').replace('%0A', '\n').replace('%25', '%')
    return name, properties, message


def test_a_finding_is_one_command() -> None:
    one = found(
        Span(4, 2, 4, 8), '100 % of it: a, b', filename='a:b,c%0A.yaml', cost=Cost('by the hour'),
    )
    run = Run([one], checked=frozenset([one.filename]))
    command, counts = rendered('github', run).split('\n')
    assert command == (
        '::warning file=a%3Ab%2Cc%250A.yaml,line=5,endLine=5,col=3,endColumn=9,'
        'title=WC9901 sample::100 %25 of it: a, b%0Acost: by the hour%0Away out: do it'
    )
    assert counts == '1 warning in 1 file'
    assert decoded(command) == (
        'warning',
        {
            'file': 'a:b,c%0A.yaml', 'line': '5', 'endLine': '5', 'col': '3', 'endColumn': '9',
            'title': 'WC9901 sample',
        },
        '100 % of it: a, b\ncost: by the hour\nway out: do it',
    )


@pytest.mark.parametrize(('span', 'expected'), [
    (Span(1, 2, 1, 2), {'line': '2', 'endLine': '2', 'col': '3', 'endColumn': '3'}),
    (Span(1, 2, 3, 4), {'line': '2', 'endLine': '4'}),
    (Span(1, 2, 3, 0), {'line': '2', 'endLine': '3'}),
    (Span(1, 2, 2, 0), {'line': '2', 'endLine': '2', 'col': '3', 'endColumn': '3'}),
])
def test_columns_are_given_on_one_line_only(span: Span, expected: dict[str, str]) -> None:
    _, properties, _ = decoded(rendered('github', Run([found(span)])).split('\n')[0])
    assert {key: properties[key] for key in properties if key not in ('file', 'title')} == expected


def test_the_dearest_come_first_and_the_sum_last() -> None:
    some = [
        found(rule=rule('EC9901')), costing(1, 1, 'Cheap'), costing(20, 2, 'Dear'),
        found(Span(3, 0, 3, 1), rule=rule('IC9901')),
    ]
    *commands, counts, waste = rendered('github', Run(some)).split('\n')
    assert [(decoded(one)[0], decoded(one)[1]['line']) for one in commands] == [
        ('warning', '3'), ('warning', '2'), ('error', '1'), ('notice', '4'),
    ]
    assert counts == '1 error, 2 warnings, 1 informational in 1 file'
    assert waste == 'known waste: about $21 a month'


@given(runs)
def test_the_runner_reads_what_was_meant(run: Run) -> None:
    commands = rendered('github', run).split('\n')[:len(run.found)]
    read = sorted(decoded(one)[1]['file'] for one in commands)
    assert read == sorted(identity.shown(one.filename) for one in run.found)
    for one in commands:
        name, properties, message = decoded(one)
        assert name in ('error', 'warning', 'notice')
        assert int(properties['line']) <= int(properties['endLine'])
        assert message.split('\n')[-1] == 'way out: do it'
