"""The configuration file and the command line: every key works, and what comes over what."""
from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from pathlib import Path as File
from typing import Any

import pytest
from docs_test import blocks
from hypothesis import given
from hypothesis import strategies as st

from thera_lint import cli
from thera_lint import config
from thera_lint import registry
from thera_lint.config import Config
from thera_lint.config import with_arguments
from thera_lint.config import WrongArgument
from thera_lint.ignores import Ignore
from thera_lint.rule import Option
from thera_lint.rule import Rule
from thera_lint.schema import schema
from thera_lint.source import SourceError
from thera_lint.source import Span

ROOT = File(__file__).parent.parent
RULES = registry.every_rule()
BY_ID = {rule.id: rule for rule in RULES}
# Warnings of several services: one that an option brings, and some that options take away.
TEMPLATE = """\
Parameters:
  Memory: {Type: Number, Default: 512}
Resources:
  Pull:
    Type: AWS::Lambda::Function
    Properties:
      MemorySize: !Ref Memory
      Timeout: 60
      Tags: [{Key: Team, Value: data}, {Key: Stage, Value: prod}]
  Bronze:
    Type: AWS::S3::Bucket
"""
Lint = Callable[..., tuple[int, list[str], str]]


@pytest.fixture
def lint(
        tmp_path: File, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
) -> Lint:
    """Writes a configuration and lints; gives status, `file id resource` and standard error."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / '.git').mkdir()
    (tmp_path / 'template.yaml').write_text(TEMPLATE)

    def run(text: str | None, *arguments: str) -> tuple[int, list[str], str]:
        if text is not None:
            (tmp_path / '.thera-lint.yaml').write_text(text)
        try:
            status = cli.main(['--format', 'json', *arguments])
        except SystemExit as end:
            status = int(end.code or 0)
        out, err = capsys.readouterr()
        found = [
            f'{one["Filename"]} {one["Rule"]["Id"]} {(one["Location"]["Path"] or ["", ""])[1]}'
            for one in json.loads(out or '[]')
        ]
        return status, found, err

    return run


def ids(found: list[str]) -> set[str]:
    return {one.split()[1] for one in found}


def test_without_a_file_nothing_changes(
        lint: Lint, capsys: pytest.CaptureFixture[str],
) -> None:
    status, found, err = lint(None)
    assert (status, err) == (4, '')
    assert {'WC4001', 'WC8001', 'WC8002', 'WC7010'} <= ids(found)
    assert lint('# nothing said\n\n') == (status, found, '')
    assert cli.main([]) == 4
    assert capsys.readouterr().out.endswith(' warnings in 1 file\n'), 'nor is the file skipped'


def test_select_include_and_ignore(lint: Lint) -> None:
    assert ids(lint('select: [WC4001, WC8001]')[1]) == {'WC4001', 'WC8001'}
    assert ids(lint('select: [WC4001, WC8]\nignore: [WC8002]')[1]) == {'WC4001', 'WC8001'}
    assert any(id[0] == 'I' for id in ids(lint('include: [IC]')[1]))
    assert not any(id.startswith('WC8') for id in ids(lint('ignore: [WC8]')[1]))


@pytest.mark.parametrize('rule', ['WC1001', 'memory_above_ceiling'])
def test_options_by_id_and_by_name(rule: str, lint: Lint) -> None:
    select = 'select: [WC1001]\n'
    assert lint(select)[1] == []
    text = f'{select}rules:\n  {rule}:\n    max_memory_mb: 256\n'
    assert lint(text)[1] == ['template.yaml WC1001 Pull']
    assert lint(text, '-x', 'WC1001:max_memory_mb=512')[1] == []


@pytest.mark.parametrize('key', ['id', 'name'])
def test_every_option_can_be_set(key: str) -> None:
    others = {bool: lambda it: not it, int: lambda it: it + 1, str: lambda it: it + 'x',
              tuple: lambda it: [*it, 'x']}
    wanted = {
        getattr(rule, key): {
            one.name: others[type(one.default)](one.default) for one in rule.options
        } for rule in RULES
    }
    asked = config.read('.thera-lint.yaml', json.dumps({'rules': wanted}), RULES)
    for rule in RULES:
        for name, value in wanted[getattr(rule, key)].items():
            found = getattr(asked.options_of(rule, ''), name)
            assert found == (tuple(value) if isinstance(value, list) else value)


def test_the_least_severity_of_the_exit_status(lint: Lint, tmp_path: File) -> None:
    assert lint('include: [IC]\n')[0] == 12
    assert lint('include: [IC]\nexit-on: informational')[0] == 12
    assert lint('include: [IC]\nexit-on: warning')[0] == 4
    status, found, _ = lint('include: [IC]\nexit-on: error')
    assert status == 0 and 'WC4001' in ids(found)
    (tmp_path / 'template.yaml').write_text('Resources: {{ resources }}\n# AWS::\n')
    assert lint('exit-on: error')[:2] == (2, ['template.yaml EC0001 '])
    assert lint('exit-on: never')[:2] == (0, ['template.yaml EC0001 '])
    assert lint(None, '--exit-zero')[0] == 0


def test_tags(lint: Lint) -> None:
    select = 'select: [WC8001, WC8002, WC8003]\n'
    untagged, incomplete, outside = 'WC8001', 'WC8002', 'WC8003'
    assert ids(lint(select)[1]) == {untagged, incomplete}
    assert ids(lint(f'{select}tags: {{required: [Team, Stage]}}')[1]) == {untagged}
    assert ids(lint(f'{select}tags: {{from_stack: [Project]}}')[1]) == {incomplete}
    text = select + 'tags:\n  required: [Team]\n  allowed:\n    Stage: [dev, {}]\n'
    assert ids(lint(text.format('prod'))[1]) == {untagged}
    assert ids(lint(text.format('p*'))[1]) == {untagged}
    assert ids(lint(text.format('live'))[1]) == {untagged, outside}
    text = text.format('prod') + 'rules: {WC8002: {required: [Other]}}'
    assert ids(lint(text)[1]) == {untagged, incomplete}


def test_a_budget_elsewhere(lint: Lint) -> None:
    select = 'select: [WC7010, IC7022]\n'
    assert 'WC7010' in ids(lint(select)[1])
    assert lint(f'{select}budget: elsewhere')[1] == []
    text = f'{select}budget: elsewhere\nrules: {{WC7010: {{budget_elsewhere: false}}}}'
    assert ids(lint(text)[1]) == {'WC7010'}


def test_parameters_and_region(lint: Lint, tmp_path: File) -> None:
    select = 'select: [WC1001]\n'
    assert ids(lint(f'{select}parameters: {{Memory: 4096}}')[1]) == {'WC1001'}
    assert lint(None, '--parameter', 'Memory=128')[1] == []
    asked = config.read('.thera-lint.yaml', (
        'region: eu-central-1\nparameters: {Ports: [80, 443], Live: true, Account: "012", Max:\n 5}'
    ), RULES)
    assert asked.parameters_of('') == {
        'Ports': '80,443', 'Live': 'true', 'Account': '012', 'Max': '5',
        'AWS::Region': 'eu-central-1',
    }
    (tmp_path / 'template.yaml').write_text(TEMPLATE.replace('!Ref Memory', (
        '!FindInMap [Sizes, !Ref AWS::Region, Memory]'
    )) + 'Mappings: {Sizes: {eu-central-1: {Memory: 4096}, eu-west-1: {Memory: 128}}}\n')
    assert ids(lint(f'{select}region: eu-central-1')[1]) == {'WC1001'}
    assert lint(None, '--parameter', 'AWS::Region=eu-west-1')[1] == []
    assert lint(f'{select}region: eu-west-1')[1] == []


@pytest.mark.parametrize(('path', 'matched'), [
    ('template.yaml', []),
    ('legacy', ['legacy/a.yaml', 'legacy/deep/b.yaml']),
    ('legacy/', ['legacy/a.yaml', 'legacy/deep/b.yaml']),
    ('./legacy/*', ['legacy/a.yaml', 'legacy/deep/b.yaml']),
    ('legacy/*.yaml', ['legacy/a.yaml']),
    ('legacy/**/*.yaml', ['legacy/a.yaml', 'legacy/deep/b.yaml']),
    ('**/b.yaml', ['legacy/deep/b.yaml']),
    ('**/?.yaml', ['legacy/a.yaml', 'legacy/deep/b.yaml']),
    ('lega[c]y/**', []),
    ('**', ['legacy/a.yaml', 'legacy/deep/b.yaml']),
    ('.', ['legacy/a.yaml', 'legacy/deep/b.yaml']),
])
def test_rules_by_path(path: str, matched: list[str], lint: Lint, tmp_path: File) -> None:
    (tmp_path / 'legacy' / 'deep').mkdir(parents=True)
    (tmp_path / 'template.yaml').unlink()
    for name in ('legacy/a.yaml', 'legacy/deep/b.yaml'):
        (tmp_path / name).write_text(TEMPLATE)
    text = f'select: [WC4001, WC8001]\npaths:\n- path: "{path}"\n  ignore: [WC8]\n'
    for arguments in ([], [str(tmp_path)], ['legacy']):
        _, found, _ = lint(text, *arguments)
        untagged = {one.split()[0] for one in found if 'WC8001' in one}
        relative = {os.path.relpath(name) for name in untagged}
        assert relative == {'legacy/a.yaml', 'legacy/deep/b.yaml'} - {*matched}
        assert len([one for one in found if 'WC4001' in one]) == 2


def test_select_and_include_by_path(lint: Lint, tmp_path: File) -> None:
    (tmp_path / 'live').mkdir()
    (tmp_path / 'live' / 'a.yaml').write_text(TEMPLATE)
    text = 'select: [WC4001]\npaths:\n- path: live\n  select: [WC8001]\n  include: [WC8002]\n'
    assert lint(text, '.')[1] == [
        'live/a.yaml WC8002 Pull', 'live/a.yaml WC8001 Bronze', 'template.yaml WC4001 Bronze',
    ]
    assert ids(lint(None, '.', '--select', 'WC4001')[1]) == {'WC4001', 'WC8002'}
    assert ids(lint(text + '- path: live/a.*\n  ignore: [WC8001]\n', 'live')[1]) == {'WC8002'}
    assert lint(text, '.', '--ignore', 'WC8')[1] == ['template.yaml WC4001 Bronze']


def test_unreadable_files_can_be_left_out_by_path(lint: Lint, tmp_path: File) -> None:
    (tmp_path / 'template.yaml').write_text('Resources: {{ resources }}\n# AWS::\n')
    assert lint(None)[0] == 2
    assert lint('paths: [{path: template.yaml, ignore: [EC0001]}]')[:2] == (0, [])


def asked_for(text: str, **arguments: Any) -> Config:
    asked = config.read('conf/.thera-lint.yaml', text, RULES)
    return with_arguments(asked, lambda: RULES, **arguments)


def test_ignores_have_places_and_reasons(lint: Lint) -> None:
    select = 'select: [WC4001, WC8]\n'
    every = {'WC4001 Bronze', 'WC8001 Bronze', 'WC8002 Pull'}

    def left(text: str) -> set[str]:
        return {one.removeprefix('template.yaml ') for one in lint(select + text)[1]}

    assert left('') == every
    assert left('ignore: {WC8: ours are otherwise}') == {'WC4001 Bronze'}
    assert left('ignore: {Bronze: {WC8: raw}}') == every - {'WC8001 Bronze'}
    assert left('ignore: {WC8002: ours, Bronze: [WC4001]}') == {'WC8001 Bronze'}
    assert left('ignore: {Bronze: {WC8: raw}, Pull: {WC4001: none}}') - {'WC0003 '} == (
        every - {'WC8001 Bronze'}
    )
    there = 'paths:\n- path: {}\n  ignore: {{WC8002: later, Bronze: {{WC8: raw}}}}\n'
    assert left(there.format('template.yaml')) == {'WC4001 Bronze'}
    assert left(there.format('legacy')) == every


def test_a_state_is_ignored_by_its_name(lint: Lint, tmp_path: File) -> None:
    machine = {'StartAt': 'Fan', 'States': {
        name: {
            'Type': 'Map', 'ItemsPath': '$.items', 'Next': 'Again', 'ItemProcessor': {
                'StartAt': 'Call', 'States': {'Call': {
                    'Type': 'Task', 'Resource': 'arn:aws:states:::lambda:invoke', 'End': True,
                }},
            },
        } for name in ('Fan', 'Again')
    }}
    machine['States']['Again'] = {**machine['States']['Fan'], 'End': True}  # type: ignore[index]
    del machine['States']['Again']['Next']  # type: ignore[attr-defined]
    (tmp_path / 'template.yaml').unlink()
    (tmp_path / 'daily.asl.json').write_text(json.dumps(machine))
    select = 'select: [WC2001]\n'
    assert len(lint(select)[1]) == 2
    assert len(lint(select + 'ignore: {daily.asl.json/Fan: {WC2001: five items}}')[1]) == 1
    assert len(lint(select + 'ignore: {daily.asl.json: {WC2001: five items}}')[1]) == 0


def test_an_ignore_says_where_it_is_written() -> None:
    asked = asked_for(
        'ignore:\n  WC7: no logs\n  Bronze: {WC4001: "raw"}\n  Pipe/Fan: [WC2001]\n'
        'paths:\n- path: legacy\n  ignore: [WC8]\n- path: old\n  ignore: {Silver: {WC4: x}}\n',
    )
    where = 'configuration', 'conf/.thera-lint.yaml'
    raw = Ignore('WC4001', 'raw', 'Bronze', '', *where, Span(2, 11, 2, 24))
    fan = Ignore('WC2001', '', 'Pipe', 'Fan', *where, Span(3, 13, 3, 19))
    tags = Ignore('WC8', '', '', '', *where, Span(6, 11, 6, 14))
    silver = Ignore('WC4', 'x', 'Silver', '', *where, Span(8, 20, 8, 26))
    assert asked.all_ignores() == [raw, fan, tags, silver]
    assert asked.ignores('conf/a.yaml') == [raw, fan]
    assert asked.ignores('conf/legacy/a.yaml') == [raw, fan, tags]
    assert asked.ignores('legacy/a.yaml') == [raw, fan]
    assert not asked.counts(BY_ID['WC7001'], 'conf/a.yaml'), 'it need not run'
    assert not asked.to_run().enabled(BY_ID['WC7001'])
    for id in ('WC8001', 'WC4001', 'WC2001'):
        assert asked.counts(BY_ID[id], 'conf/legacy/a.yaml') and asked.to_run().enabled(BY_ID[id])


def test_options_by_path(lint: Lint, tmp_path: File) -> None:
    (tmp_path / 'live').mkdir()
    (tmp_path / 'live' / 'a.yaml').write_text(TEMPLATE)
    text = (
        'select: [WC1001]\nrules: {WC1001: {max_memory_mb: 4096}}\n'
        'paths:\n- path: live\n  rules: {memory_above_ceiling: {max_memory_mb: 128}}\n'
    )
    assert lint(text)[1] == ['live/a.yaml WC1001 Pull']
    later = '- path: live/a.yaml\n  rules: {WC1001: {max_memory_mb: 1024}}\n'
    assert lint(text + later)[1] == []
    assert lint(text, '-x', 'WC1001:max_memory_mb=2048')[1] == []
    rule = BY_ID['WC1001']
    asked = config.read('.thera-lint.yaml', text, RULES)
    values = [asked.options_of(rule, name).max_memory_mb for name in ('', 'a', 'live/a')]
    assert values == [4096, 4096, 128]
    asked = config.read('.thera-lint.yaml', text.replace('path: live', 'path: .'), RULES)
    values = [asked.options_of(rule, name).max_memory_mb for name in ('', 'a')]
    assert values == [4096, 128], 'the whole run is no path'


def test_parameters_by_path_and_environment(lint: Lint, tmp_path: File) -> None:
    text = (
        'parameters: {A: top, B: top, C: top, D: top}\nregion: eu-west-1\n'
        'environments:\n  prod: {parameters: {B: prod, C: prod, D: prod}, region: us-east-1}\n'
        '  dev: {}\n'
        'paths:\n- path: live\n  parameters: {C: live, D: live}\n  region: eu-central-1\n'
        '- path: live/**\n  parameters: {C: later}\n'
    )
    assert asked_for(text).parameters_of('conf/a.yaml') == {
        'A': 'top', 'B': 'top', 'C': 'top', 'D': 'top', 'AWS::Region': 'eu-west-1',
    }
    named = asked_for(text, environment='prod', parameters=['D=said'])
    assert named.environment == 'prod'
    assert named.parameters_of('conf/a.yaml') == {
        'A': 'top', 'B': 'prod', 'C': 'prod', 'D': 'said', 'AWS::Region': 'us-east-1',
    }
    assert named.parameters_of('conf/live/a.yaml') == {
        'A': 'top', 'B': 'prod', 'C': 'later', 'D': 'said', 'AWS::Region': 'eu-central-1',
    }
    said = 'region: eu-west-1\nparameters: {"AWS::Region": us-east-1}'
    assert asked_for(said).parameters_of('') == {'AWS::Region': 'us-east-1'}
    assert asked_for('environment: prod\n' + text).parameters_of('')['B'] == 'prod'
    named = asked_for('environment: prod\n' + text, environment='dev')
    assert named.parameters_of('')['B'] == 'top'
    select = 'select: [WC1001]\n'
    text = f'{select}environments: {{prod: {{parameters: {{Memory: 4096}}}}, dev: {{}}}}\n'
    assert lint(text)[1] == lint(None, '--environment', 'dev')[1] == []
    assert lint(None, '--environment', 'prod')[1] == ['template.yaml WC1001 Pull']
    assert lint(None, '--environment', 'prd')[::2] == (
        1, "thera-lint: no environment 'prd'; there are: prod, dev\n",
    )
    assert lint(select, '--environment', 'prd')[0] == 0, 'it may be of SAM'
    (tmp_path / 'samconfig.toml').write_text(
        '[prd.deploy.parameters]\nparameter_overrides = "Memory=4096"\n',
    )
    assert lint(None, '--environment', 'prd')[1] == ['template.yaml WC1001 Pull']
    assert lint(f'{select}environment: prd')[1] == ['template.yaml WC1001 Pull']


def test_parameter_files() -> None:
    asked = asked_for(
        'parameter-files: [one.json, ../two.json]\nparameters: {C: top}\nenvironment: prod\n'
        'environments: {prod: {parameter-files: [params/prod.json], parameters: {E: prod}}}\n'
        'paths: [{path: live, parameter-files: [live.json]}]\n',
        parameter_files=['said.json', './one.json'], parameters=['H=said'],
    )
    names = [
        'conf/one.json', 'two.json', 'conf/params/prod.json', 'conf/live.json', 'said.json',
        'one.json',
    ]
    assert asked.parameter_files() == names
    assert asked.parameters_of('') == {'C': 'top', 'E': 'prod', 'H': 'said'}, 'before they are read'
    # Each file says its own name for all keys from its own on.
    asked = asked._replace(contents={
        name: dict.fromkeys(keys, name) for name, keys in zip(
            names, ('ABCDEFGH', 'BCDEFGH', 'DEFGH', 'FGH', 'GH', 'H'), strict=True,
        )
    })
    assert asked.parameters_of('conf/live/a.yaml') == {
        'A': 'conf/one.json', 'B': 'two.json', 'C': 'top', 'D': 'conf/params/prod.json',
        'E': 'prod', 'F': 'conf/live.json', 'G': 'said.json', 'H': 'said',
    }


def test_parameter_files_are_read(lint: Lint, tmp_path: File) -> None:
    (tmp_path / 'prod.json').write_text('{"Parameters": {"Memory": 4096}}')
    select = 'select: [WC1001]\n'
    found = ['template.yaml WC1001 Pull']
    assert lint(f'{select}parameter-files: [prod.json]')[1] == found
    assert lint(f'{select}parameters: {{Memory: 128}}', '--parameter-file', 'prod.json')[1] == found
    (tmp_path / 'prod.json').write_text('{"Memory": {}}')
    assert lint(None, '--parameter-file', 'prod.json') == (
        1, [], 'prod.json:1:2: the value of Memory is text, a number, true, false or a list of '
        'such\n',
    )
    assert lint(None, '--parameter-file', 'nowhere.json')[0] == 1


def test_which_files_and_the_baseline() -> None:
    asked = asked_for(
        'files: [stacks, "**/*.cfn.yaml"]\nexclude: [stacks/old]\nbaseline: ../known.json\n',
    )
    assert asked.folder == os.path.abspath('conf') and asked.baseline == 'known.json'

    def matching(patterns: tuple[re.Pattern[str], ...]) -> list[str]:
        names = ['stacks/a.yaml', 'stacks/old/b.yaml', 'x/y.cfn.yaml', 'x/y.yaml', 'stacks.yaml']
        return [name for name in names if any(one.fullmatch(name) for one in patterns)]

    assert matching(asked.files) == ['stacks/a.yaml', 'stacks/old/b.yaml', 'x/y.cfn.yaml']
    assert matching(asked.exclude) == ['stacks/old/b.yaml']
    nothing = asked_for('select: [W]')
    assert (nothing.files, nothing.exclude, nothing.baseline) == ((), (), None)


def test_files_and_exclude(lint: Lint, tmp_path: File) -> None:
    (tmp_path / 'live' / 'old').mkdir(parents=True)
    for name in ('live/a.yaml', 'live/old/b.yaml'):
        (tmp_path / name).write_text(TEMPLATE)
    select = 'select: [WC4001]\n'
    assert lint(f'{select}files: [live]\nexclude: [live/old]')[1] == ['live/a.yaml WC4001 Bronze']
    assert lint(None, 'template.yaml')[1] == ['template.yaml WC4001 Bronze'], 'it was named'


def test_values_of_tags_are_an_option_of_the_rules_that_have_it() -> None:
    class Untagged(Rule):
        """A rule on tags."""

        id = 'WC8999'
        options = (Option('values', (), 'What to write.'), Option('required', (), 'Which.'))

    text = 'tags: {required: [Team, Owner], values: {Team: data, Owner: me=you}}'
    rules = [*RULES, Untagged()]
    options = config.read('.thera-lint.yaml', text, rules).options_of(rules[-1], '')
    assert options.values == ('Team=data', 'Owner=me=you')
    assert options.required == ('Team', 'Owner')


@pytest.mark.parametrize(('arguments', 'message'), [
    ({'select': ['WC4001, WC401x']}, "no rule begins with 'WC401x'; near: WC401"),
    ({'configure': ['memory:max_memory_mb=1']}, "no rule 'memory'"),
    ({'configure': ['WC1001:memory=1']}, "WC1001 has no option 'memory'; it has: max_memory_mb"),
    ({'configure': ['WC1001:max_memory_mb']}, "'max_memory_mb' is not -x ID:OPTION=VALUE"),
    ({'configure': ['WC1001:max_memory_mb=x']}, "max_memory_mb is a whole number, not 'x'"),
    ({'configure': ['WC1001:max_memory_mb=-1']}, "max_memory_mb is a whole number, not '-1'"),
    ({'parameters': ['=x']}, "'=x' is not --parameter KEY=VALUE"),
    ({'environment': 'x'}, "no environment 'x'; there are: dev"),
])
def test_wrong_arguments(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(WrongArgument) as caught:
        asked_for('environments: {dev: {}}', **arguments)
    assert str(caught.value).startswith(message)


def test_rules_are_not_imported_for_what_needs_none() -> None:
    def imported() -> list[Rule]:
        raise AssertionError

    asked = with_arguments(
        Config(), imported, parameters=['A=1'], parameter_files=['a.json'], environment='dev',
    )
    assert asked.parameters_of('a.yaml') == {'A': '1'}


def test_the_command_line_wins(lint: Lint) -> None:
    text = 'select: [WC8001]\nignore: [WC8002]\n'
    assert ids(lint(text)[1]) == {'WC8001'}
    assert ids(lint(text, '--select', 'WC4001')[1]) == {'WC4001'}
    assert ids(lint(text, '--include', 'WC4001')[1]) == {'WC4001', 'WC8001'}
    assert ids(lint(text, '--include', 'WC4001', '--ignore', 'WC80')[1]) == {'WC4001'}


def test_discovery(lint: Lint, tmp_path: File, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / 'repository' / '.git').mkdir(parents=True)
    deep = tmp_path / 'repository' / 'a' / 'b'
    deep.mkdir(parents=True)
    (deep / 'template.yaml').write_text(TEMPLATE)
    assert 'WC8001' in ids(lint('select: [WC4001]', str(deep))[1]), 'above the repository'
    (tmp_path / 'repository' / '.thera-lint.yml').write_text('select: [WC8001]')
    for path in (deep, deep / 'template.yaml'):
        assert ids(lint(None, str(path))[1]) == {'WC8001'}
    monkeypatch.chdir(deep)
    assert ids(lint(None)[1]) == {'WC8001'}
    (deep.parent / '.thera-lint.yaml').write_text('select: [WC4001]')
    assert ids(lint(None)[1]) == {'WC4001'}, 'the nearest'
    (deep.parent / '.thera-lint.yaml').write_text('selct: [WC4001]')
    assert lint(None)[2].startswith('../.thera-lint.yaml:1:1: ')


def test_standard_input_is_where_it_says(
        lint: Lint, tmp_path: File, monkeypatch: pytest.MonkeyPatch,
) -> None:
    import io
    import sys
    from types import SimpleNamespace

    (tmp_path / 'sub').mkdir()
    (tmp_path / 'sub' / '.thera-lint.yaml').write_text('select: [WC8001]')
    for name, expected in (('sub/x.yaml', {'WC8001'}), ('x.yaml', {'WC4001'})):
        given = io.BytesIO(TEMPLATE.encode())
        monkeypatch.setattr(sys, 'stdin', SimpleNamespace(buffer=given))
        assert ids(lint('select: [WC4001]', '--stdin-filename', name)[1]) == expected


def test_a_file_named(lint: Lint, tmp_path: File) -> None:
    (tmp_path / 'other.json').write_text('{"select": ["WC4001"]}')
    assert ids(lint('select: [WC8001]', '--config', 'other.json')[1]) == {'WC4001'}
    status, found, err = lint(None, '--config', 'nowhere.yaml')
    assert (status, found) == (1, [])
    assert err == 'thera-lint: cannot read nowhere.yaml: No such file or directory\n'
    (tmp_path / 'bytes.yaml').write_bytes(b'select: [\xff]')
    assert lint(None, '--config', 'bytes.yaml')[2].startswith('bytes.yaml:1:10: byte 0xff')
    assert lint(None, '--config', '.')[0] == 1


def test_the_guide(lint: Lint, tmp_path: File, capsys: pytest.CaptureFixture[str]) -> None:
    """Every example is accepted, and together they show every key."""
    guide = (ROOT / 'docs' / 'configuration.md').read_text(encoding='utf-8')
    shown: set[str] = set()
    cli.main(['--select', 'WC1002', '--write-baseline', '.thera-lint-baseline.json'])
    capsys.readouterr()
    (tmp_path / 'params').mkdir()
    for name in re.findall(r'params/\w+\.json', guide):
        (tmp_path / name).write_text('{}')
    for example in blocks(guide, 'yaml'):
        status, _, err = lint(example)
        assert err == '' and status in (0, 4), example
        shown |= set(re.findall(r'^[a-z-]+(?=:)', example, re.M))
    assert shown == set(schema(RULES)['properties'])
    (wrong,) = blocks(guide, 'text')
    text, expected = wrong.split('\n\n')
    assert lint(text)[0] == 1
    assert lint(text)[2] == expected
    # The templates: what they ignore is there, and nothing else of its kind.
    for example, left in zip(blocks(guide, 'yml'), ({'WC8001'}, set()), strict=True):
        (tmp_path / 'template.yaml').write_text(example)
        assert ids(lint('select: [WC4001, WC8001, WC2001, EC0, WC0]')[1]) == left


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.sampled_from([
        '', 'W', 'WC8', 'WC1001', 'elsewhere', 'error', 'eu-central-1', 'a|b', '**', '[', '\x1b',
    ]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from([
            'path', 'ignore', 'required', 'allowed', 'values', 'rules', 'WC8', 'WC1001',
            'max_memory_mb', 'WC8003', 'placeholders', 'parameters', 'parameter-files', 'region',
            'Bronze', 'Pipeline/Fan', 'a=b', '\x1b', '',
        ]),
        inner, max_size=3,
    ),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from([*schema(RULES)['properties'], 'x']), VALUES))
def test_whatever_is_in_it_is_a_config_or_a_problem(data: dict[str, Any]) -> None:
    text = json.dumps(data, indent=1)
    lines = text.split('\n')
    try:
        asked = config.read('.thera-lint.yaml', text, RULES)
        spans = [one.span for one in asked.all_ignores()]
    except SourceError as error:
        assert error.problems
        spans = [one.span for one in error.problems]
    else:
        assert asked.counts(RULES[0], 'a.yaml') in (True, False)
        assert type(asked.options_of(BY_ID['WC1001'], 'a.yaml').max_memory_mb) is int
        assert all(type(one) is str for pair in asked.parameters_of('a').items() for one in pair)
        assert {*asked.ignores('a.yaml')} <= {*asked.all_ignores()}
    for span in spans:
        assert span.line < len(lines) and span.column <= len(lines[span.line])


@pytest.mark.parametrize('text', ['{}', '[]', 'null', '""', '1', 'a', '? [a]\n: b', '*a', '\0'])
def test_odd_texts(text: str) -> None:
    try:
        assert isinstance(config.read('.thera-lint.yaml', text, RULES), config.Config)
    except SourceError as error:
        assert error.problems
