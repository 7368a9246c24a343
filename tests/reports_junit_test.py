"""JUnit's XML, as CI systems read it."""
from __future__ import annotations

from xml.etree import ElementTree

from hypothesis import given
from junitparser import Failure
from junitparser import JUnitXml
from junitparser import Skipped
from reports_test import found
from reports_test import rendered
from reports_test import Run
from reports_test import runs

from thera_lint.ignores import Ignored
from thera_lint.rule import Cost
from thera_lint.source import Span

# By element: what the schema of Jenkins' xUnit plugin (junit-10.xsd) requires, allows besides,
# and holds. That plugin refuses a report with anything else.
ALLOWED: dict[str, tuple[set[str], set[str], set[str]]] = {
    'testsuites': (set(), {'name', 'time', 'tests', 'failures', 'errors'}, {'testsuite'}),
    'testsuite': (
        {'name', 'tests', 'failures', 'errors'},
        {
            'group', 'time', 'skipped', 'timestamp', 'hostname', 'id', 'package', 'file', 'log',
            'url',
        },
        {'testsuite', 'properties', 'testcase', 'system-out', 'system-err'},
    ),
    'testcase': (
        {'name'}, {'time', 'classname', 'group'},
        {'skipped', 'error', 'failure', 'system-out', 'system-err'},
    ),
    'failure': (set(), {'type', 'message'}, set()),
    'skipped': (set(), {'type', 'message'}, set()),
}


def check_shape(element: ElementTree.Element) -> None:
    required, optional, children = ALLOWED[element.tag]
    assert required <= set(element.attrib) <= required | optional
    assert {child.tag for child in element} <= children
    for child in element:
        check_shape(child)


def test_findings_ignored_ones_and_clean_files() -> None:
    run = Run(
        [
            found(Span(0, 0, 0, 1), 'first', resource='Table', cost=Cost('by the hour')),
            found(Span(1, 0, 1, 1), 'second', resource='Table'),
            found(Span(1, 0, 1, 1), 'third', resource='Machine', state='Call'),
        ],
        [Ignored(found(message='fourth', resource='Table'), 'nightly batch', 'comment'),
         Ignored(found(message='fifth', filename='b.yaml', resource=''), '', 'baseline')],
        frozenset(['a.yaml', 'b.yaml', 'clean.yaml']),
        texts=lambda filename: 'k\nl',
    )
    first, second, clean = JUnitXml.fromstring(rendered('junit', run).encode())
    assert [(suite.name, suite.tests, suite.failures, suite.errors, suite.skipped)
            for suite in (first, second, clean)] == [
        ('a.yaml', 4, 3, 0, 1), ('b.yaml', 1, 0, 0, 1), ('clean.yaml', 1, 0, 0, 0),
    ]
    assert [(case.classname, case.name) for case in first] == [
        ('a.yaml', 'WC9901 Table'), ('a.yaml', 'WC9901 Table (2)'),
        ('a.yaml', 'WC9901 Machine/Call'), ('a.yaml', 'WC9901 Table (3)'),
    ]
    failed, *_, ignored = first
    [failure] = failed.result
    assert isinstance(failure, Failure)
    assert (failure.type, failure.message) == ('warning', 'first')
    assert failure.text == (
        'a.yaml:1:1: WC9901 first\n  1 | k\n    | ^\n    = cost: by the hour\n'
        '    = way out: do it\n'
    )
    [skipped] = ignored.result
    assert isinstance(skipped, Skipped)
    assert (skipped.type, skipped.message) == ('comment', 'ignored by comment: nightly batch')
    [passed] = clean
    assert (passed.name, passed.is_passed) == ('no finding', True)


def test_the_counts_of_all() -> None:
    run = Run([found(), found(filename='b.yaml')], checked=frozenset(['c.yaml']))
    xml = JUnitXml.fromstring(rendered('junit', run).encode())
    assert (xml.tests, xml.failures, xml.errors) == (3, 2, 0)


def test_it_says_its_encoding() -> None:
    text = rendered('junit', Run([found(message='é 数')]))
    assert text.startswith('<?xml version="1.0" encoding="UTF-8"?>\n<testsuites ')
    assert text.isascii()
    assert [one.get('message') for one in ElementTree.fromstring(text).iter('failure')] == ['é 数']


@given(runs)
def test_it_keeps_the_shape_that_readers_know(run: Run) -> None:
    check_shape(ElementTree.fromstring(rendered('junit', run)))
