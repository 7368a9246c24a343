"""Linting as a function: paths and texts, configuration, unsaved files, baselines."""
from __future__ import annotations

import json
from pathlib import Path as File

import pytest

import thera_lint
from thera_lint import api
from thera_lint import baseline
from thera_lint import cli
from thera_lint import Config
from thera_lint.api import Linted
from thera_lint.config import Layer
from thera_lint.config import with_arguments
from thera_lint.source import SourceError

GROUP = """\
Resources:
  Logs:
    Type: AWS::Logs::LogGroup
    Properties:
      Tags: [{Key: Team, Value: data}]
"""
ONLY = Config(arguments=Layer(select=('WC7001', 'WC4001', 'EC0001', 'WC0003', 'EC0002')))


@pytest.fixture
def folder(tmp_path: File, monkeypatch: pytest.MonkeyPatch) -> File:
    monkeypatch.chdir(tmp_path)
    (tmp_path / '.git').mkdir()
    (tmp_path / 'a.yaml').write_text(GROUP)
    (tmp_path / 'b.json').write_text('{"Resources": {"Bronze": {"Type": "AWS::S3::Bucket"}}}')
    (tmp_path / 'c.yaml').write_text('name: CI\n')
    return tmp_path


def told(linted: Linted) -> list[str]:
    return [
        f'{one.filename}:{one.span.line + 1}:{one.span.column + 1} {one.rule.id}'
        for one in linted.found
    ]


def test_paths(folder: File) -> None:
    assert told(thera_lint.lint('a.yaml', config=ONLY)) == ['a.yaml:2:3 WC7001']
    assert told(thera_lint.lint(File('a.yaml'), config=ONLY)) == ['a.yaml:2:3 WC7001']
    both = ['a.yaml:2:3 WC7001', 'b.json:1:16 WC4001']
    assert told(thera_lint.lint(['b.json', File('a.yaml')], config=ONLY)) == both
    linted = thera_lint.lint('.', config=ONLY)
    assert told(linted) == both
    assert (linted.checked, linted.skipped) == (['a.yaml', 'b.json'], ['c.yaml'])
    assert linted.texts('a.yaml') == GROUP
    assert linted.texts('d.yaml') is None
    assert told(thera_lint.lint('nowhere.yaml', config=ONLY)) == ['nowhere.yaml:1:1 EC0001']


def test_texts() -> None:
    assert told(thera_lint.lint(GROUP, config=ONLY)) == ['template.yaml:2:3 WC7001']
    linted = thera_lint.lint(GROUP.encode(), name='new.yaml', config=ONLY)
    assert told(linted) == ['new.yaml:2:3 WC7001']
    one_line = '{"Resources": {"Bronze": {"Type": "AWS::S3::Bucket"}}}'
    assert told(thera_lint.lint(one_line, config=ONLY)) == ['template.yaml:1:16 WC4001']
    assert told(thera_lint.lint(b'', name='x', config=ONLY)) == ['x:1:1 EC0001']


def test_the_command_finds_the_same(folder: File, capsys: pytest.CaptureFixture[str]) -> None:
    cli.main(['--format', 'json', '.'])
    printed = json.loads(capsys.readouterr().out)
    found = thera_lint.lint('.').found
    assert [one['Message'] for one in printed] == [one.message for one in found]
    assert len(found) > 2


def test_the_nearest_configuration(folder: File) -> None:
    (folder / '.thera-lint.yaml').write_text('select: [WC7001]\n')
    assert told(thera_lint.lint('.')) == ['a.yaml:2:3 WC7001']
    assert len(thera_lint.lint('.', config=Config()).found) > 1
    (folder / 'other.yml').write_text('select: [WC4001]\n')
    assert told(thera_lint.lint('.', config='other.yml')) == ['b.json:1:16 WC4001']
    (folder / '.thera-lint.yaml').write_text('selec: [WC7001]\n')
    with pytest.raises(SourceError) as caught:
        thera_lint.lint('.')
    assert caught.value.filename == '.thera-lint.yaml'
    with pytest.raises(OSError):
        thera_lint.lint('.', config='nowhere.yml')


def test_an_overlay_is_read_instead_of_the_disk(folder: File) -> None:
    mended = GROUP + '      RetentionInDays: 30\n'
    assert told(thera_lint.lint('a.yaml', config=ONLY, overlay={'a.yaml': mended.encode()})) == []
    assert (folder / 'a.yaml').read_text() == GROUP


def test_context_is_known_and_not_linted(folder: File) -> None:
    bucket = Config(arguments=Layer(select=('WC7010',)))
    assert told(thera_lint.lint('b.json', config=bucket)) == ['b.json:1:16 WC7010']
    (folder / 'budget.yaml').write_text(
        'Resources:\n  Monthly:\n    Type: AWS::Budgets::Budget\n'
        '    Properties: {Budget: {BudgetType: COST, TimeUnit: MONTHLY}}\n',
    )
    assert told(thera_lint.lint('b.json', config=bucket, context='.')) == []


def test_progress(folder: File) -> None:
    seen: list[tuple[str, int, int]] = []
    thera_lint.lint('.', config=ONLY, progress=lambda *all: seen.append(all))
    reading = [(done, total) for doing, done, total in seen if doing == 'reading']
    assert reading == [(0, 3), (1, 3), (2, 3), (3, 3)]
    checking = [(done, total) for doing, done, total in seen if doing == 'checking']
    assert checking[0] == (0, checking[0][1])
    assert checking[-1] == (checking[0][1], checking[0][1])


def test_a_baseline(folder: File) -> None:
    entries = api.renewed_baseline(thera_lint.lint('.', config=ONLY), ONLY, 'base.json')
    (folder / 'base.json').write_text(baseline.written(entries))
    asked = ONLY._replace(baseline='base.json')
    linted = thera_lint.lint('.', config=asked)
    assert told(linted) == []
    assert [(one.found.rule.id, one.by) for one in linted.ignored] == [
        ('WC7001', 'baseline'), ('WC4001', 'baseline'),
    ]
    # New waste above the old; the file of the other is not looked at.
    (folder / 'a.yaml').write_text(GROUP.replace(
        'Resources:\n', 'Resources:\n  New: {Type: AWS::Logs::LogGroup}\n',
    ))
    linted = thera_lint.lint('a.yaml', config=asked)
    assert told(linted) == ['a.yaml:2:3 WC7001']
    assert linted.idle == []
    (folder / 'a.yaml').write_text(GROUP + '      RetentionInDays: 30\n')
    linted = thera_lint.lint('.', config=asked)
    assert told(linted) == []
    assert [(one.file, one.rule, one.resource) for one in linted.idle] == [
        ('a.yaml', 'WC7001', 'Logs'),
    ]
    (folder / 'base.json').write_text('{}')
    with pytest.raises(SourceError) as caught:
        thera_lint.lint('.', config=asked)
    assert caught.value.filename == 'base.json'


def test_what_a_configuration_ignores_at_a_place(folder: File) -> None:
    def asked(ignore: str) -> Linted:
        (folder / '.thera-lint.yaml').write_text(
            f'select: [WC7001, WC4001, WC0003]\nignore:\n  {ignore}\n',
        )
        return thera_lint.lint('.')

    linted = asked('Logs: {WC7001: kept by law}')
    assert told(linted) == ['b.json:1:16 WC4001']
    assert [(one.by, one.reason) for one in linted.ignored] == [('configuration', 'kept by law')]
    linted = asked('Logs: {WC4001: no bucket}')
    assert told(linted)[0] == '.thera-lint.yaml:3:10 WC0003'
    assert linted.found[0].message == 'the ignore of WC4001 at `Logs` drops nothing'
    assert told(asked('Gone: {WC4001: was once here}'))[0] == '.thera-lint.yaml:3:10 WC0003'
    # A run over one file can't say whether the others need it.
    assert told(thera_lint.lint('a.yaml')) == ['a.yaml:2:3 WC7001']


def test_what_a_configuration_ignores_by_path(folder: File) -> None:
    (folder / '.thera-lint.yaml').write_text(
        'select: [WC7001, WC4001, WC0003]\n'
        'paths:\n- path: a.yaml\n  ignore: {WC7001: old, WC4001: none here}\n',
    )
    linted = thera_lint.lint('.')
    assert told(linted) == ['b.json:1:16 WC4001'], 'a policy for a path is never idle'
    assert [(one.by, one.reason) for one in linted.ignored] == [('configuration', 'old')]


@pytest.mark.parametrize('text', [
    'select: [WC4001, WC0003]\nignore: {Logs: {WC7001: not selected}}',
    'select: [W]\nignore: {Logs: {IC7002: not included}}',
    # Which of two templates it is for, only a run over both can say.
    'select: [WC4001, WC0003]\nexclude: [a.yaml]\nignore: {Logs: {WC4001: not looked at}}',
    'select: [WC4001, WC0003]\nignore: {Gone: {WC4001: x}}\npaths: [{path: "*", ignore: [WC0003]}]',
    'select: [WC4001, WC0003]\nignore: {Bronze: {WC4001: x}}\npaths: [{path: b.*, select: [WC7]}]',
])
def test_an_ignore_at_a_place_that_nobody_can_judge(folder: File, text: str) -> None:
    (folder / '.thera-lint.yaml').write_text(text)
    assert 'WC0003' not in ' '.join(told(thera_lint.lint('.')))


def test_a_place_in_another_file_than_the_linted_one(folder: File) -> None:
    (folder / 'legacy').mkdir()
    (folder / 'legacy' / 'old.yaml').write_text(GROUP)
    (folder / 'a.yaml').write_text(GROUP + '      RetentionInDays: 30\n')
    for text in 'ignore: {Logs: [WC7001]}', 'paths: [{path: legacy, ignore: {Logs: [WC7001]}}]':
        (folder / '.thera-lint.yaml').write_text(f'select: [WC7001, WC0003]\n{text}\n')
        assert told(thera_lint.lint('a.yaml')) == [], text
        assert told(thera_lint.lint('.')) == [], text
    (folder / 'legacy' / 'old.yaml').unlink()
    assert told(thera_lint.lint('.')) == ['.thera-lint.yaml:2:40 WC0003']
    (folder / 'legacy' / 'conf.yml').write_text('select: [WC0003]\nignore: {Gone: [WC7001]}\n')
    # All that the configuration is of is below the folder that was named.
    more = Config(arguments=Layer(include=('WC7001',)))
    asked = api.configured('.', 'legacy/conf.yml')._replace(arguments=more.arguments)
    assert told(thera_lint.lint('.', config=asked)) == ['legacy/conf.yml:2:17 WC0003']
    assert told(thera_lint.lint('a.yaml', config=asked)) == []
    # It may stand in a file that can't be read.
    (folder / 'legacy' / 'old.yaml').write_text('AWSTemplateFormatVersion: [')
    assert 'WC0003' not in ' '.join(told(thera_lint.lint('.')))


def test_an_unreadable_file_is_told_whatever_is_selected(folder: File) -> None:
    (folder / 'a.yaml').write_text('AWSTemplateFormatVersion: [')
    asked = Config(arguments=Layer(select=('WC4001',)))
    both = ['a.yaml:2:1 EC0001', 'b.json:1:16 WC4001']
    assert told(thera_lint.lint('.', config=asked)) == both
    assert told(thera_lint.lint('nowhere.yaml', config=asked)) == ['nowhere.yaml:1:1 EC0001']
    ignoring = Config(arguments=Layer(select=('WC4001',), ignore=('EC0001',)))
    assert told(thera_lint.lint('.', config=ignoring)) == ['b.json:1:16 WC4001']


def test_a_baseline_of_another_deployment_is_left_as_it_is(folder: File) -> None:
    (folder / 'a.yaml').write_text(GROUP.replace('Type:', 'Condition: Live\n    Type:') + """\
Parameters: {Stage: {Type: String}}
Conditions: {Live: {Fn::Equals: [{Ref: Stage}, prod]}}
""")
    live = with_arguments(Config(), list, parameters=['Stage=prod'])
    trial = with_arguments(Config(), list, parameters=['Stage=dev'])
    entries = api.renewed_baseline(thera_lint.lint('.', config=live), live, 'base.json')
    assert 'Logs' in [one.resource for one in entries]
    (folder / 'base.json').write_text(baseline.written(entries))
    linted = thera_lint.lint('.', config=trial._replace(baseline='base.json'))
    assert (linted.found, linted.idle) == ([], [])
    assert api.renewed_baseline(linted._replace(found=[]), trial, 'base.json') == entries
