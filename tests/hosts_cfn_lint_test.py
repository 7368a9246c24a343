"""cfn-lint finds what thera-lint finds: the same ids, places, words and exit status."""
from __future__ import annotations

import json
import os
import subprocess
import sysconfig
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cfnlint.config import ConfigMixIn
from cfnlint.match import Match
from cfnlint.rules import Rules
from cfnlint.runner.template.runner import run_template_by_file_path
from rules_test import fixtures
from rules_test import golden
from rules_test import line
from rules_test import named
from rules_test import rule_of
from rules_test import RULES

ROOT = Path(__file__).parent.parent
SCRIPTS = Path(sysconfig.get_path('scripts'))
MODULE = 'thera_lint.rules.cfn_lint'
LENT = Rules.create_from_module(MODULE)
# cfn-lint's own rules have a digit where ours have a C.
STOCK = [f'{letter}{digit}' for letter in 'EWI' for digit in range(10)]

LOGS = """\
Resources:
  ApolloLogs:
    Type: AWS::Logs::LogGroup
    Properties:
      LogGroupName: apollo
      Tags: [{ Key: Project, Value: thera }]
"""
PULL = """\
Parameters:
  Memory: { Type: Number, Default: 1536 }
Resources:
  ApolloDeltaPull:
    Type: AWS::Lambda::Function
    Properties:
      FunctionName: apollo-delta-pull
      Runtime: python3.12
      Handler: app.handler
      Role: arn:aws:iam::123456789012:role/thera
      Code: { ZipFile: pass }
      MemorySize: !Ref Memory
      Tags: [{ Key: Project, Value: thera }]
"""
PULL_LOGS = """\
Resources:
  PullLogs:
    Type: AWS::Logs::LogGroup
    Properties: { LogGroupName: /aws/lambda/apollo-delta-pull, RetentionInDays: 30 }
"""
LOOPED_LOGS = """\
AWSTemplateFormatVersion: '2010-09-09'
Transform: AWS::LanguageExtensions
Resources:
  Fn::ForEach::Sources:
    - Source
    - [Apollo, Firecrawl]
    - ${Source}Runs:
        Type: AWS::Logs::LogGroup
        Properties: { LogGroupName: !Sub 'thera-${Source}' }
"""


def runnable(verdict: str) -> list[Path]:
    """Fixtures that cfn-lint can read: it takes templates, one at a time."""
    return [
        path for path in fixtures(verdict)
        if path.is_file() and 'Resources' in path.read_text(encoding='utf-8')
    ]


def lent(*paths: Path, only: str, **config: Any) -> Iterator[Match]:
    """What cfn-lint's own machinery makes of one of our rules."""
    for path in paths:
        yield from run_template_by_file_path(
            str(path), ConfigMixIn([], include_checks=['I'], **config), Rules({only: LENT[only]}),
            False,
        )


@pytest.mark.parametrize('path', runnable('fail'), ids=named)
def test_fail_is_found_with_the_same_words(path: Path) -> None:
    found = [
        line(
            os.path.relpath(match.filename, path.parent),
            match.linenumber, match.columnnumber, match.rule.id, match.message,
        )
        for match in lent(path, only=rule_of(path).id)
    ]
    expected = golden(path).read_text(encoding='utf-8').splitlines(keepends=True)
    assert sorted(found) == sorted(expected)


@pytest.mark.parametrize('path', runnable('pass') + runnable('fixed'), ids=named)
def test_pass_is_silent(path: Path) -> None:
    assert list(lent(path, only=rule_of(path).id)) == []


def test_every_rule_is_lent() -> None:
    for rule in RULES.values():
        assert LENT[rule.id].shortdesc == rule.title
        assert LENT[rule.id].severity == rule.severity
        assert LENT[rule.id].config == {
            option.name: list(option.default) if isinstance(option.default, tuple)
            else option.default
            for option in rule.options
        }
    assert len(LENT) == len(RULES)


def test_a_rule_that_crashes_is_no_finding(
        monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, tmp_path: Path,
) -> None:
    def check(*_: Any) -> Iterator[Any]:
        raise ZeroDivisionError
        yield

    monkeypatch.setattr(type(RULES['log_group_without_retention']), 'check', check)
    assert list(lent(written(tmp_path / 'a.yaml', LOGS), only='WC7001')) == []
    assert 'WC7001 failed on' in caplog.text


@pytest.mark.parametrize('text', [
    LOGS + 'Metadata: ' + '[' * 201 + ']' * 201 + '\n',
    LOGS + '? [a, b]\n: c\n',
    LOGS + LOGS,
    LOGS + '\t',
    'Resources: [',
    '',
    '[]',
    'Resources: {}',
    'Resources: { A: }',
    'Parameters:\nConditions: 3\nResources: { A: { Type: [], Properties: 1 } }',
])
def test_what_our_reader_refuses_is_left_to_cfn_lint(tmp_path: Path, text: str) -> None:
    path = written(tmp_path / 'a.yaml', text)
    try:
        found = list(lent(path, only='WC7001'))
    except Exception as error:  # some of these cfn-lint can't bear itself
        frames = traceback.extract_tb(error.__traceback__)
        assert not [frame for frame in frames if 'thera_lint/' in frame.filename]
    else:
        assert not [match for match in found if match.rule.id in ('E0002', 'WC7001')]


def test_each_set_of_parameters_counts(tmp_path: Path) -> None:
    path = written(tmp_path / 'a.yaml', PULL)
    sets = [{'Memory': '512'}, {'Memory': '2048'}, {'Memory': '4096'}, {'Memory': 4096}]
    messages = [match.message for match in lent(path, only='WC1001', parameters=sets)]
    assert [('2048' in message, '4096' in message) for message in messages] == [
        (True, False), (False, True),
    ]


def test_a_changed_file_is_read_again(tmp_path: Path) -> None:
    path = written(tmp_path / 'a.yaml', LOGS)
    assert len(list(lent(path, only='WC7001'))) == 1
    written(path, LOGS + '      RetentionInDays: 30\n')
    assert list(lent(path, only='WC7001')) == []


# --- both commands, as users start them


def written(path: Path, text: str) -> Path:
    path.write_text(text, encoding='utf-8')
    return path


class Outcome:
    """Exit status and findings of a command."""

    def __init__(self, process: subprocess.CompletedProcess[str]) -> None:
        assert process.returncode != 1 and not process.stderr, process.stderr
        self.status = process.returncode
        found = json.loads(process.stdout)
        self.found = sorted(
            (
                one['Filename'], *one['Location']['Start'].values(),
                *one['Location']['End'].values(), one['Rule']['Id'], one['Level'],
                one['Message'], json.dumps(one['Location']['Path']),
                one['Rule']['ShortDescription'], one['Rule']['Source'],
            )
            for one in found
        )
        self.ids = sorted(one['Rule']['Id'] for one in found)
        self.words = sorted((one['Rule']['Id'], one['Message']) for one in found)


def ran(arguments: list[str], folder: Path, given: str | None = None) -> Outcome:
    return Outcome(subprocess.run(
        arguments, cwd=folder, input=given, capture_output=True, encoding='utf-8', check=False,
    ))


def cfn_lint(folder: Path, *arguments: str, given: str | None = None) -> Outcome:
    return ran(
        [str(SCRIPTS / 'cfn-lint'), *arguments, '--format', 'json', '--ignore-checks', *STOCK],
        folder, given,
    )


def thera_lint(folder: Path, *arguments: str) -> Outcome:
    return ran([str(SCRIPTS / 'thera-lint'), '--format', 'json', *arguments], folder)


def test_the_rules_folder_lends_all_rules() -> None:
    # SAM, conditions, and a state machine in a file of its own.
    folder = ROOT / 'examples' / 'thera-pipeline'
    theirs = cfn_lint(folder, 'wasteful.yaml', '--append-rules', '../../rules')
    ours = thera_lint(folder, 'wasteful.yaml')
    assert theirs.found == ours.found
    assert {one[0] for one in ours.found} == {'wasteful.yaml', 'statemachine/wasteful.asl.json'}
    assert theirs.status == ours.status


def test_templates_of_a_run_know_each_other(tmp_path: Path) -> None:
    written(tmp_path / 'a.yaml', PULL)
    written(tmp_path / 'b.yaml', PULL_LOGS)
    (tmp_path / 'c').mkdir()
    written(tmp_path / 'c' / 'c.yaml', LOGS)
    written(tmp_path / 'c' / 'd.yaml', LOOPED_LOGS)
    names = ['a.yaml', 'b.yaml', 'c/c.yaml', 'c/d.yaml']
    theirs = cfn_lint(tmp_path, *names, '--append-rules', MODULE)
    ours = thera_lint(tmp_path, *names)
    assert theirs.found == ours.found
    assert theirs.status == ours.status == 4
    assert 'WC1003' not in theirs.ids  # b.yaml declares the log group of a.yaml's function
    assert theirs.ids.count('WC7001') == 3
    assert theirs.ids.count('WC7010') <= 1


def test_standard_input(tmp_path: Path) -> None:
    text = LOOPED_LOGS + LOGS.partition('\n')[2]
    theirs = cfn_lint(tmp_path, '--append-rules', MODULE, given=text)
    ours = thera_lint(tmp_path, str(written(tmp_path / 'a.yaml', text)))
    assert theirs.words == ours.words
    assert theirs.ids.count('WC7001') == 3
    assert theirs.status == ours.status


def test_options_and_parameters(tmp_path: Path) -> None:
    written(tmp_path / 'a.yaml', PULL)
    option = 'WC1001:max_memory_mb=2048'
    for memory, status in (('2048', 0), ('2049', 4)):
        theirs = cfn_lint(
            tmp_path, 'a.yaml', '--append-rules', MODULE, '-x', option,
            '--parameters', f'Memory={memory}', '--ignore-checks', *every_rule_but('WC1001'),
        )
        ours = thera_lint(
            tmp_path, 'a.yaml', '-x', option, '--parameter', f'Memory={memory}',
            '--select', 'WC1001',
        )
        assert theirs.found == ours.found
        assert theirs.status == ours.status == status


def every_rule_but(id: str) -> list[str]:
    return [*STOCK, *(rule.id for rule in RULES.values() if rule.id != id)]


@pytest.mark.parametrize(('severity', 'bit'), [('error', 2), ('warning', 4), ('informational', 8)])
def test_include_checks_and_exit_status(severity: str, bit: int) -> None:
    for path in runnable('fail'):
        if rule_of(path).severity == severity:
            include = ['-c', rule_of(path).id] if severity == 'informational' else []
            theirs = cfn_lint(path.parent, path.name, *include, '--append-rules', MODULE)
            ours = thera_lint(path.parent, path.name, *include)
            assert theirs.found == ours.found
            assert theirs.status == ours.status
            assert theirs.status & bit
            break


def test_cfnlintrc(tmp_path: Path) -> None:
    written(tmp_path / 'a.yaml', PULL)
    written(tmp_path / 'b.yaml', LOGS)
    written(tmp_path / '.cfnlintrc', json.dumps({
        'templates': ['*.yaml'],
        'append_rules': [MODULE],
        'ignore_checks': ['WC7', *STOCK],
        'configure_rules': {'WC1001': {'max_memory_mb': 1535}},
    }))
    theirs = ran([str(SCRIPTS / 'cfn-lint'), '--format', 'json'], tmp_path)
    ours = thera_lint(
        tmp_path, 'a.yaml', 'b.yaml', '--ignore', 'WC7', '-x', 'WC1001:max_memory_mb=1535',
    )
    assert theirs.found == ours.found
    assert 'WC1001' in theirs.ids and 'WC7001' not in theirs.ids
    assert theirs.status == ours.status


def test_metadata_in_both_places(tmp_path: Path) -> None:
    ignore = 'Metadata: { cfn-lint: { config: { ignore_checks: [%s] } } }\n'
    # In one file the template speaks, in the other a resource; neither for the other file.
    written(tmp_path / 'a.yaml', ignore % 'WC1' + PULL + LOGS.partition('\n')[2])
    written(tmp_path / 'b.yaml', LOGS + '    ' + ignore % 'WC7001')
    theirs = cfn_lint(tmp_path, 'a.yaml', 'b.yaml', '--append-rules', MODULE)
    ours = thera_lint(tmp_path, 'a.yaml', 'b.yaml')
    assert theirs.found == ours.found
    assert [one[0] for one in theirs.found if one[5] == 'WC7001'] == ['a.yaml']
    assert 'WC1001' not in theirs.ids
    assert theirs.status == ours.status
