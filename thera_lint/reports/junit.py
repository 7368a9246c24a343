"""JUnit's XML: a suite a file, a case a finding, and a passed case for a clean file.

Only what the schema of Jenkins' xUnit plugin allows: it is the reader that forgives least.
"""
from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from xml.etree.ElementTree import Element
from xml.etree.ElementTree import indent
from xml.etree.ElementTree import SubElement
from xml.etree.ElementTree import tostring

from thera_lint.engine import Found
from thera_lint.ignores import Ignored
from thera_lint.reports import Look
from thera_lint.reports import Run
from thera_lint.reports import text
from thera_lint.reports.identity import shown
from thera_lint.reports.notes import printable


def render(run: Run, look: Look) -> Iterator[str]:
    suites: dict[str, Element] = {}
    names = {*run.checked, *(one.filename for one in run.found)}
    names.update(one.found.filename for one in run.ignored)
    for filename in sorted(names):
        name = printable(shown(filename))
        suites[filename] = Element('testsuite', name=name, file=name)
    seen: Counter[tuple[str, str]] = Counter()
    for one in run.found:
        failure = SubElement(
            _case(suites[one.filename], one, seen), 'failure',
            type=one.rule.severity, message=printable(one.message),
        )
        failure.text = '\n'.join(text.findings([one], run.texts, colour=False))
    for ignored in run.ignored:
        SubElement(
            _case(suites[ignored.found.filename], ignored.found, seen), 'skipped',
            type=printable(ignored.by), message=_why(ignored),
        )
    root = Element('testsuites', name='thera-lint')
    for suite in suites.values():
        if not len(suite):
            SubElement(suite, 'testcase', name='no finding', classname=suite.get('name', ''))
        _count(suite, failures='*/failure', errors='*/error', skipped='*/skipped')
        root.append(suite)
    _count(root, failures='*/*/failure', errors='*/*/error')
    indent(root)
    # ASCII, so that it is well-formed whatever the encoding of the output.
    yield '<?xml version="1.0" encoding="UTF-8"?>'
    yield tostring(root).decode('ascii')


def _case(suite: Element, one: Found, seen: Counter[tuple[str, str]]) -> Element:
    """Named without lines, to be known again; GitLab drops the second of one name."""
    where = f'{one.resource}/{one.state}' if one.state else one.resource
    name = printable(f'{one.rule.id} {where}'.rstrip())
    seen[one.filename, name] += 1
    if seen[one.filename, name] > 1:
        name += f' ({seen[one.filename, name]})'
    return SubElement(suite, 'testcase', name=name, classname=suite.get('name', ''))


def _why(ignored: Ignored) -> str:
    reason = f': {ignored.reason}' if ignored.reason else ''
    return printable(f'ignored by {ignored.by}{reason}')


def _count(element: Element, **paths: str) -> None:
    element.set('tests', str(sum(1 for _ in element.iter('testcase'))))
    for name, path in paths.items():
        element.set(name, str(len(element.findall(path))))
