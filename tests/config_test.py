"""The configuration file: every key works, every mistake has its place and a better word."""
from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from pathlib import Path as File
from typing import Any

import pytest
from docs_test import blocks
from docs_test import load
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from thera_lint import cli
from thera_lint import config
from thera_lint import registry
from thera_lint.files import UnreadableFile
from thera_lint.source import SourceError

ROOT = File(__file__).parent.parent
RULES = [UnreadableFile(), *registry.all_rules()]
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


def test_every_option_can_be_set() -> None:
    others = {bool: lambda it: not it, int: lambda it: it + 1, str: lambda it: it + 'x',
              tuple: lambda it: [*it, 'x']}
    for rule in RULES:
        wanted = {one.name: others[type(one.default)](one.default) for one in rule.options}
        for key in (rule.id, rule.name):
            text = json.dumps({'rules': {key: wanted}})
            options = config.read('.thera-lint.yaml', text, RULES).settings.options_of(rule)
            for name, value in wanted.items():
                found = getattr(options, name)
                assert found == (tuple(value) if isinstance(value, list) else value)


def test_the_least_severity_of_the_exit_status(lint: Lint) -> None:
    assert lint('include: [IC]\n')[0] == 12
    assert lint('include: [IC]\nexit-on: informational')[0] == 12
    assert lint('include: [IC]\nexit-on: warning')[0] == 4
    status, found, _ = lint('include: [IC]\nexit-on: error')
    assert status == 0 and 'WC4001' in ids(found)
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
    assert asked.parameters == {
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


@pytest.mark.parametrize(('text', 'message'), [
    ('select: [W]\nignor: [WC8]', "2:1: no key 'ignor'; near: ignore"),
    ('select: [W]\nqqq: 1', "2:1: no key 'qqq'; there are: select, include, ignore, rules, "),
    ('rules:\n  WC1081:\n    max_memory_mb: 1', "2:3: no rule 'WC1081'; near: WC10"),
    ('rules: {memory_above_ceilng: {}}',
     "1:9: no rule 'memory_above_ceilng'; near: memory_above_ceiling"),
    ('rules:\n  WC1001:\n    max_memory: 1',
     "3:5: WC1001 has no option 'max_memory'; it has: max_memory_mb"),
    ('rules: {WC4001: {days: 1}}', "1:18: WC4001 has no option 'days'; it has: none"),
    ('rules:\n  WC1001:\n    max_memory_mb: much',
     "3:5: max_memory_mb is a whole number, not 'much'"),
    ('rules: {WC1001: {max_memory_mb: 1.5}}', '1:18: max_memory_mb is a whole number, not 1.5'),
    ('rules: {WC1001: {max_memory_mb: true}}', '1:18: max_memory_mb is a whole number, not true'),
    ('rules: {WC7010: {budget_elsewhere: "yes"}}',
     "1:18: budget_elsewhere is true or false, not 'yes'"),
    ('rules: {WC8003: {placeholders: [no]}}',
     '1:33: each of placeholders is text, not false: put it in quotes'),
    ('rules: {WC1001: }', '1:9: WC1001 is a mapping, not empty'),
    ('rules: {WC1001: {}, memory_above_ceiling: {}}',
     '1:21: memory_above_ceiling is WC1001, which is here too'),
    ('ignore: WC8001', "1:1: ignore is a list, not 'WC8001'"),
    ('ignore:\n- WC8001\n- WC8009', "3:3: no rule begins with 'WC8009'; near: WC800"),
    ('select: [memory_above_ceiling]',
     "1:10: no rule begins with 'memory_above_ceiling'; near: WC1001"),
    ('include: [1]', "1:11: no rule begins with '1'"),
    ('exit-on: warnings',
     "1:1: exit-on is error or warning or informational, not 'warnings'"),
    ('exit-on: [error]', '1:1: exit-on is error or warning or informational, not a list'),
    ('budget: none', "1:1: budget is elsewhere, not 'none'"),
    ('tags: {require: [A]}', "1:8: no key 'require'; near: required"),
    ('tags: {required: Team}', "1:8: required is a list, not 'Team'"),
    ('tags: {allowed: {Stage: [1]}}', '1:26: each of Stage is text, not 1: put it in quotes'),
    ('tags: {allowed: {Stage: [a|b]}}', "1:26: 'a|b' is not a value without |"),
    ('tags: {allowed: {S=t: [a]}}', "1:18: 'S=t' is not a tag key without ="),
    ('parameters: {A: {B: 1}}', '1:14: A is text or a number or true or false or a list, not a m'),
    ('parameters:\n  Account: 012345670123', '2:3: YAML reads this as '),
    ('parameters: {Live: no}', '1:14: YAML reads this as false: put it in quotes'),
    ('parameters: {Versions: [3.9, 3.10]}', '1:30: YAML reads this as 3.1: put it in quotes'),
    ('region: Frankfurt', "1:1: 'Frankfurt' is not the code of an AWS region"),
    ('paths: [{path: ""}]', '1:10: path is empty'),
    ('tags: {required: [""]}', '1:19: each of required is empty'),
    ('paths: [{ignore: [WC8]}]', '1:10: each of paths needs the key path'),
    ('paths:\n- path: a\n  rules: {}', "3:3: no key 'rules'; there are: path, select, include, i"),
    ('paths:\n- path: a\n  ignore: [WX]', "3:12: no rule begins with 'WX'"),
    ('- select', '1:3: the configuration is a mapping, not a list'),
    ('select: [W', '2:1: not YAML: '),
    ('select: [W]\nselect: [E]', "2:1: the key 'select' stands here twice"),
])
def test_a_mistake_has_its_place(text: str, message: str, lint: Lint) -> None:
    status, found, err = lint(text)
    assert (status, found) == (1, [])
    assert err.startswith(f'.thera-lint.yaml:{message}'), err
    assert err.count('\n') == 1


def test_all_mistakes_are_told_at_once(lint: Lint) -> None:
    err = lint('ignor: [WC8]\nexit-on: x\nrules: {WC1001: {a: 1, b: 2}}')[2]
    assert [line.split(':')[1:3] for line in err.splitlines()] == [
        ['1', '1'], ['2', '1'], ['3', '18'], ['3', '24'],
    ]


def test_the_schema_is_fresh_and_a_schema() -> None:
    from jsonschema import Draft202012Validator

    path = ROOT / 'docs' / 'thera-lint.schema.json'
    wanted = load('schema').text()  # type: ignore[attr-defined]
    assert path.read_text(encoding='utf-8') == wanted, 'stale: run python scripts/schema.py'
    Draft202012Validator.check_schema(json.loads(wanted))


def test_the_guide(lint: Lint) -> None:
    """Every example is accepted, and together they show every key."""
    guide = (ROOT / 'docs' / 'configuration.md').read_text(encoding='utf-8')
    shown: set[str] = set()
    for example in blocks(guide, 'yaml'):
        status, _, err = lint(example)
        assert err == '' and status in (0, 4), example
        shown |= set(re.findall(r'^[a-z-]+(?=:)', example, re.M))
    assert shown == set(config.schema(RULES)['properties'])
    (wrong,) = blocks(guide, 'text')
    text, expected = wrong.split('\n\n')
    assert lint(text)[0] == 1
    assert lint(text)[2] == expected


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.sampled_from([
        '', 'WC8', 'WC1001', 'elsewhere', 'error', 'eu-central-1', 'a|b', '**', '[', '\x1b',
    ]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from([
            'path', 'ignore', 'required', 'allowed', 'WC1001', 'max_memory_mb', 'WC8003',
            'placeholders', 'a=b', '\x1b',
        ]),
        inner, max_size=3,
    ),
    max_leaves=8,
)


@settings(max_examples=150, deadline=None)
@given(st.dictionaries(st.sampled_from([*config.schema(RULES)['properties'], 'x']), VALUES))
def test_whatever_is_in_it_is_a_config_or_a_problem(data: dict[str, Any]) -> None:
    try:
        asked = config.read('.thera-lint.yaml', json.dumps(data), RULES)
    except SourceError as error:
        assert error.problems
    else:
        assert asked.counts(RULES[0], 'a.yaml') in (True, False)


@pytest.mark.parametrize('text', ['{}', '[]', 'null', '""', '1', 'a', '? [a]\n: b', '*a', '\0'])
def test_odd_texts(text: str) -> None:
    try:
        assert isinstance(config.read('.thera-lint.yaml', text, RULES), config.Config)
    except SourceError as error:
        assert error.problems
