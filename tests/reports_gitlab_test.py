"""GitLab's Code Quality report."""
from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from reports_test import found
from reports_test import rendered
from reports_test import rule
from reports_test import Run
from reports_test import runs

from thera_lint.ignores import Ignored
from thera_lint.source import Span

# What GitLab's documentation asks for, and nothing that it would not read.
SCHEMA = {
    'type': 'array',
    'items': {
        'type': 'object',
        'required': ['description', 'check_name', 'fingerprint', 'severity', 'location'],
        'additionalProperties': False,
        'properties': {
            'description': {'type': 'string'},
            'check_name': {'type': 'string', 'minLength': 1},
            'fingerprint': {'type': 'string', 'pattern': '^[0-9a-f]{64}$'},
            'severity': {'enum': ['info', 'minor', 'major', 'critical', 'blocker']},
            'location': {
                'type': 'object',
                'required': ['path', 'lines'],
                'additionalProperties': False,
                'properties': {
                    'path': {'type': 'string', 'minLength': 1, 'not': {'pattern': r'^\./'}},
                    'lines': {
                        'type': 'object',
                        'required': ['begin'],
                        'properties': {'begin': {'type': 'integer', 'minimum': 1}},
                    },
                },
            },
        },
    },
}


def report(run: Run) -> list[dict[str, Any]]:
    data: list[dict[str, Any]] = json.loads(rendered('gitlab', run))
    jsonschema.validate(data, SCHEMA)
    return data


def test_a_finding() -> None:
    [one] = report(Run([found(Span(4, 2, 6, 0), 'a\tb', filename='x/../y/a.yaml')]))
    assert len(one.pop('fingerprint')) == 64
    assert one == {
        'description': 'a b', 'check_name': 'WC9901', 'severity': 'major',
        'location': {'path': 'y/a.yaml', 'lines': {'begin': 5}},
    }


@pytest.mark.parametrize(('id', 'severity'), [
    ('EC9901', 'critical'), ('WC9901', 'major'), ('IC9901', 'info'),
])
def test_severities(id: str, severity: str) -> None:
    assert [one['severity'] for one in report(Run([found(rule=rule(id))]))] == [severity]


def test_a_name_that_is_not_unicode_is_still_json() -> None:
    [one] = report(Run([found(filename='b\udcff.yaml', message='half \ud800')]))
    assert (one['location']['path'], one['description']) == ('b?.yaml', 'half ?')


def test_what_is_ignored_is_left_out() -> None:
    assert report(Run([], [Ignored(found(), 'why', 'comment')])) == []


@given(runs)
def test_it_keeps_its_shape(run: Run) -> None:
    report(run)
