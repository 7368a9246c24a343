"""The starter that `thera-lint init` writes: what it says, and that all of it may be set."""
from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path as File
from typing import Any

import pytest
from docs_test import blocks
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from thera_lint import config
from thera_lint import engine
from thera_lint import registry
from thera_lint import states
from thera_lint.config import Config
from thera_lint.config import Layer
from thera_lint.engine import Found
from thera_lint.project import Project
from thera_lint.source import read
from thera_lint.source import Source
from thera_lint.source import Span
from thera_lint.starter import starter
from thera_lint.template import Template

ROOT = File(__file__).parent.parent
RULES = registry.all_rules()
RULE = {rule.id: rule for rule in RULES}
SCHEMA = (
    '# yaml-language-server: $schema='
    'https://raw.githubusercontent.com/thera-lint/thera-lint/main/docs/thera-lint.schema.json\n'
)
DOCS = (
    '# Remove a # to make a setting count. All of them: '
    'https://github.com/thera-lint/thera-lint/blob/main/docs/configuration.md\n'
)

SAM = """\
Transform: AWS::Serverless-2016-10-31
Parameters:
  Stage: {Type: String, Default: dev, AllowedValues: [dev, staging, prod]}
  AlertEmail: {Type: String}
  Memory: {Type: Number}
  Architecture: {Type: String, AllowedValues: [arm64, x86_64]}
  Vpc: {Type: AWS::EC2::VPC::Id}
  Key: {Type: AWS::SSM::Parameter::Value<String>}
  Password: {Type: String, NoEcho: true}
  Limit: {Type: Number, Default: 5}
Globals:
  Function:
    Tags: {Project: thera, Stage: !Ref Stage, Team: !Ref AlertEmail}
Resources:
  Pull: {Type: AWS::Serverless::Function, Properties: {Handler: app.pull}}
  Push: {Type: AWS::Serverless::Function, Properties: {Handler: app.push}}
  Daily:
    Type: AWS::Serverless::StateMachine
    Properties:
      Definition: {StartAt: End, States: {End: {Type: Succeed}}}
      Tags: {Project: thera, Name: daily}
"""
PLAIN = """\
Parameters:
  Memory: {Type: Number}
Resources:
  Bronze: {Type: AWS::S3::Bucket}
"""
MACHINE = '{"StartAt": "End", "States": {"End": {"Type": "Succeed"}}}'

WANTED = SCHEMA + """\
# thera-lint found here: 3 templates and 2 state machines: Lambda, S3, Step Functions
""" + DOCS + """\

# Costs are split by these tags: most of the 5 resources that may carry them do.
tags:
  required: [Project]
  # What --fix writes where one is missing:
  # values:
  #   Project: thera

# If a rule does not suit you, with your reason; the loudest here are:
# ignore:
#   WC8001: your reason  # 3 findings: untagged_resource
#   WC4001: your reason  # 2 findings: bucket_without_lifecycle
#   WC1003: your reason  # 1 finding: log_group_left_to_lambda

# To hear only of what is new, with 9 findings set aside:
# baseline: .thera-lint-baseline.json  # thera-lint --write-baseline .thera-lint-baseline.json

# If a budget outside these templates watches:
# budget: elsewhere

# To hear of opportunities too, which need a person to judge them:
# include: [IC]

# If all of it is deployed in one region:
# region: eu-central-1

# To judge what one environment gets; on the command line --environment names another:
# environments:
#   dev: {parameters: {Stage: dev}}
#   staging: {parameters: {Stage: staging}}
#   prod: {parameters: {Stage: prod}}
# environment: prod

# To judge what depends on 3 parameters without a default:
# parameters:
#   Memory: '<Number>'
#   Architecture: arm64  # [arm64, x86_64]
#   AlertEmail: '<String>'

# If other rules count for tests, samples or trials:
# paths:
#   - path: infra/tests  # 2 files
#     select: [E]
"""


MAY = '# If no other values are right:'
WRITTEN = '# What --fix writes where one is missing:'


def no_file(template: str, path: str) -> Source:
    raise LookupError(path)


def project(**texts: str) -> Project:
    return files({f'{name}.yaml': text for name, text in texts.items()})


def files(texts: dict[str, str]) -> Project:
    sources = [read(name, text) for name, text in texts.items()]
    return Project(
        [Template(one, {}) for one in sources if 'States' not in one.data],
        [states.standalone(one) for one in sources if 'States' in one.data],
        no_file,
    )


def found(**counts: int) -> list[Found]:
    return [
        Found('t.yaml', Span(line, 0, line, 1), RULE[id], 'it costs', (), '')
        for id, count in counts.items() for line in range(count)
    ]


def template(resources: dict[str, Any], **rest: Any) -> str:
    return json.dumps({'Resources': resources, **rest})


def bucket(*tags: tuple[str, Any]) -> dict[str, Any]:
    written = [{'Key': key, 'Value': value} for key, value in tags]
    return {'Type': 'AWS::S3::Bucket', 'Properties': {'Tags': written}}


def section(text: str, key: str) -> list[str]:
    """The lines of the paragraph in which a key stands."""
    return next(
        (one.splitlines() for one in text.split('\n\n') if re.search(f'^(# )?{key}:', one, re.M)),
        [],
    )


def is_setting(line: str) -> bool:
    return re.match(' *# [a-z "\']', line) is not None


def variants(text: str) -> list[str]:
    """As written, with each commented setting set, and with all of them."""
    lines = text.splitlines()
    groups: list[list[int]] = []
    for index, line in enumerate(lines):
        if index > 2 and is_setting(line):  # not the head
            if groups and groups[-1][-1] == index - 1:
                groups[-1].append(index)
            else:
                groups.append([index])

    def with_set(indexes: Sequence[int]) -> str:
        return ''.join(
            (re.sub('^( *)# ', r'\1', line) if index in indexes else line) + '\n'
            for index, line in enumerate(lines)
        )

    return [text, *map(with_set, groups), with_set([i for group in groups for i in group])]


def read_all(text: str) -> list[Config]:
    return [config.read('.thera-lint.yaml', one, RULES) for one in variants(text)]


# --- a small project


def small() -> Project:
    return files({
        'app/template.yaml': SAM, 'app/infra/tests/a.yaml': PLAIN, 'app/infra/tests/m.asl': MACHINE,
        'app/buckets.yaml': PLAIN,
    })


def test_a_small_project() -> None:
    loud = found(WC7010=1, WC8001=3, WC4001=2, WC1003=1, EC7018=2)
    assert starter(small(), loud, 'app') == WANTED


def test_every_setting_of_it_may_be_set() -> None:
    written, *_, everything = configs = read_all(WANTED)
    assert len(configs) == 11
    options = {id: said for id, said in written.top.options.items() if said}
    assert 'WC8002' in options and all(id.startswith('WC8') for id in options)
    assert all(said == {'required': ('Project',)} for said in options.values())
    assert written._replace(top=Layer()) == Config(folder=written.folder, paths=written.paths)
    assert written.paths.layers == () and written.top == Layer(options=written.top.options)
    assert everything.top.include == ('IC',)
    assert everything.top.ignore == ('WC8001', 'WC4001', 'WC1003')
    assert everything.options_of(RULE['WC7010'], '').budget_elsewhere
    assert everything.options_of(RULE['WC8002'], '').required == ('Project',)
    assert everything.baseline == '.thera-lint-baseline.json'
    assert everything.parameters_of('template.yaml') == {
        'AWS::Region': 'eu-central-1', 'Stage': 'prod', 'Memory': '<Number>',
        'Architecture': 'arm64', 'AlertEmail': '<String>',
    }
    assert not everything.counts(RULE['WC4002'], 'infra/tests/a.yaml')
    assert everything.counts(RULE['WC4002'], 'infra/a.yaml')


def test_the_first_line_is_that_of_the_documentation() -> None:
    text = (ROOT / 'docs' / 'configuration.md').read_text(encoding='utf-8')
    assert blocks(text, 'yaml')[0].startswith(SCHEMA)


def test_it_is_read_from_real_findings() -> None:
    result = engine.lint(small(), engine.Settings())
    text = starter(small(), result.found, 'app')
    assert section(text, 'budget')[-1] == '# budget: elsewhere'
    assert '#   WC4001: your reason  # 2 findings: bucket_without_lifecycle' in text
    assert text == starter(small(), result.found, 'app')


def test_what_it_sets_changes_no_other_finding() -> None:
    def others(found: Sequence[Found]) -> list[tuple[str, Span, str, str]]:
        return [
            (one.filename, one.span, one.rule.id, one.message) for one in found
            if one.rule.id[:3] != 'WC8'
        ]

    before = engine.lint(small(), engine.Settings()).found
    asked = config.read('.thera-lint.yaml', starter(small(), before, 'app'), RULES)
    after = engine.lint(small(), asked.to_run(), asked.options_of).found
    assert others(after) == others(before) != []


def test_an_empty_folder() -> None:
    text = starter(project(), [], '')
    assert text == SCHEMA + '# thera-lint found here: no template yet\n' + DOCS + """
# If costs are split by other tags than these, name yours:
# tags:
#   required: [Project, Environment, CostCenter, Owner]

# To hear of opportunities too, which need a person to judge them:
# include: [IC]

# If all of it is deployed in one region:
# region: eu-central-1
"""
    written, *_, everything = read_all(text)
    assert written == Config(folder=written.folder)
    assert everything.parameters_of('t.yaml') == {'AWS::Region': 'eu-central-1'}


def test_only_machines() -> None:
    text = starter(files({'m.asl': MACHINE}), [], '')
    assert text.splitlines()[1] == '# thera-lint found here: 1 state machine'


# --- tags


def test_tags_that_some_resources_carry() -> None:
    resources = {
        'A': bucket(('Team', 'a')), 'B': bucket(('Team', 'b'), ('Once', 'x')),
        'C': bucket(('Team', 'a')), 'D': bucket(), 'E': bucket(), 'F': bucket(),
    }
    assert section(starter(project(t=template(resources)), [], ''), 'tags') == [
        '# If costs are split by these tags, which some resources carry:',
        '# tags:',
        '#   required: [Team]',
        '#   allowed:',
        '#     Team: [a, b]',
    ]


@pytest.mark.parametrize('tags', [
    [('Name', 'a')], [('aws:cdk', 'a')], [('k8s.io/cluster', 'a')], [('Team\ud800', 'a')],
    [('T' * 129, 'a')],
])
def test_tags_that_nobody_splits_costs_by(tags: list[tuple[str, str]]) -> None:
    resources = {'A': bucket(*tags), 'B': bucket(*tags)}
    text = starter(project(t=template(resources)), [], '')
    assert section(text, 'tags')[0] == '# If costs are split by other tags than these, name yours:'


def test_one_resource_is_no_custom() -> None:
    text = starter(project(t=template({'A': bucket(('Team', 'a'))})), [], '')
    assert '#   required: [Project, Environment, CostCenter, Owner]' in section(text, 'tags')


def test_tags_of_the_whole_stack_count() -> None:
    source = read('t.yaml', template({'A': bucket(), 'B': bucket(('Team', 'b'))}))
    tagged = Project([Template(source, {})], [], no_file, lambda filename: {'Team': 'a'})
    lines = section(starter(tagged, [], ''), 'tags')
    assert lines[2:5] == ['  required: [Team]', f'  {MAY}', '  # allowed:']


def test_alarms_do_not_count_as_untagged() -> None:
    alarms = {f'Alarm{n}': {'Type': 'AWS::CloudWatch::Alarm'} for n in range(9)}
    resources = {'A': bucket(('Team', 'a')), 'B': bucket(('Team', 'a')), **alarms}
    assert '  required: [Team]' in section(starter(project(t=template(resources)), [], ''), 'tags')


@pytest.mark.parametrize(('values', 'wanted'), [
    (['b', 'a', 'a'], [MAY, '# allowed:', '#   Team: [a, b]']),
    (['012', 'Yes'], [MAY, '# allowed:', "#   Team: ['012', 'Yes']"]),
    (['staging', 'dev'], [MAY, '# allowed:', '#   Team: [staging, dev]']),
    ([{'Ref': 'Stage'}] * 2, [MAY, '# allowed:', '#   Team: [dev, prod]']),
    ([{'Ref': 'Usual'}] * 2, [MAY, '# allowed:', '#   Team: [dev, prod]']),
    (['a', 'a'], [WRITTEN, '# values:', '#   Team: a']),
    ([{'Ref': 'AWS::StackName'}] * 2, []),
    (['a|b', 'c'], []),
    (['a*', 'c'], []),
    (['', 'c'], []),
    (list('abcdefg'), []),
])
def test_values_of_tags(values: list[Any], wanted: list[str]) -> None:
    allowed = {'Type': 'String', 'AllowedValues': ['dev', 'prod']}
    text = template(
        {f'Bucket{index}': bucket(('Team', value)) for index, value in enumerate(values)},
        Parameters={'Stage': allowed, 'Usual': {**allowed, 'Default': 'dev'},
                    'Env': {**allowed, 'Default': 'dev'}},
    )
    lines = section(starter(project(t=text), [], ''), 'tags')
    assert lines[3:] == [f'  {line}' for line in wanted]


# --- parameters


def test_parameters_that_decide_come_first() -> None:
    both = {'Name': {'Type': 'String'}, 'Size': {'Type': 'Number'}}
    text = starter(project(
        a=template({}, Parameters={**both, 'Zone': {'Type': 'String'}, 'Region': {}}),
        b=template({'A': bucket()}, Parameters={
            **both, 'Zone': {'Type': 'String'}, 'List': {'Type': 'List<Number>'},
            'On': {'Type': 'String', 'AllowedValues': [True, 1]},
        }),
    ), [], '')
    assert section(text, 'parameters') == [
        '# To judge what depends on 6 parameters without a default:',
        '# parameters:',
        "#   Size: '<Number>'",
        "#   'On': 'true'  # ['true', '1']",
        "#   Name: '<String>'",
        "#   Zone: '<String>'",
        "#   Region: '<String>'",
    ]


def test_a_given_parameter_needs_no_value() -> None:
    source = read('t.yaml', template({'A': bucket()}, Parameters={'Size': {'Type': 'Number'}}))
    known = Project([Template(source, {'Size': '5'})], [], no_file)
    assert section(starter(known, [], ''), 'parameters') == []


@pytest.mark.parametrize(('name', 'values', 'wanted'), [
    ('Stage', ['dev', 'prod'], 'prod'),
    ('pEnvironment', ['Production', 'qa'], 'Production'),
    ('EnvType', ['test', 'staging'], 'staging'),
    ('ENV', ['live', 'sandbox'], 'live'),
    ('deploy_stage', ['PRD', 'DEV'], 'PRD'),
    ('Environment', ['a', 'b'], None),
    ('Stage', ['prod'], None),
    ('Invention', ['dev', 'prod'], None),
])
def test_stages(name: str, values: list[str], wanted: str | None) -> None:
    parameters = {name: {'Type': 'String', 'AllowedValues': values}}
    text = starter(project(t=template({'A': bucket()}, Parameters=parameters)), [], '')
    lines = section(text, 'environments')
    assert bool(section(text, 'parameters')) is (wanted is None)
    assert lines[2:] == ([] if wanted is None else [
        *(f'#   {value}: {{parameters: {{{name}: {value}}}}}' for value in values),
        f'# environment: {wanted}',
    ])


def test_two_names_for_the_stage() -> None:
    def stage(*values: str) -> dict[str, Any]:
        return {'Type': 'String', 'AllowedValues': list(values), 'Default': 'dev'}

    text = starter(project(
        a=template({'A': bucket()}, Parameters={'Env': stage('dev', 'prod')}),
        b=template({'A': bucket()}, Parameters={'Stage': stage('prod', 'qa')}),
    ), [], '')
    assert section(text, 'environments')[1:] == [
        '# environments:',
        '#   dev: {parameters: {Env: dev}}',
        '#   prod: {parameters: {Env: prod, Stage: prod}}',
        '#   qa: {parameters: {Stage: qa}}',
        '# environment: prod',
    ]


# --- folders


@pytest.mark.parametrize(('names', 'wanted'), [
    (['tests/a.yaml'], ['#   - path: tests  # 1 file', '#     select: [E]']),
    (['../up/tests/a.yaml', '../up/tests/b/c.yaml'],
     ['#   - path: tests  # 2 files', '#     select: [E]']),
    (['a/samples/a.yaml', 'b/samples/examples/a.yaml'],
     ["#   - path: '**/samples'  # 2 files", '#     select: [E]']),
    (['x/Sandbox/a.yaml', 'load-test/a.yaml', 'load-test/b.yaml'], [
        '#   - path: load-test  # 2 files', '#     select: [E]',
        '#   - path: x/Sandbox  # 1 file', '#     ignore: [WC8]',
    ]),
    (['#1: a/tests/a.yaml'], ["#   - path: '#1: a/tests'  # 1 file", '#     select: [E]']),
    (['tests.yaml', 'contest/a.yaml', 'devices/a.yaml', 'src/latest/a.yaml'], []),
    (['te\udcffst/tests/a.yaml'], []),
])
def test_folders(names: list[str], wanted: list[str]) -> None:
    folder = '../up' if names[0].startswith('../up') else ''
    text = starter(files(dict.fromkeys(names, PLAIN)), [], folder)
    assert section(text, 'paths')[2:] == wanted


def test_the_patterns_match_the_folders() -> None:
    names = ['a/tests/a.yaml', 'b/c/tests/d/a.yaml', 'sandbox/a.yaml', 'src/a.yaml']
    *_, everything = read_all(starter(files(dict.fromkeys(names, PLAIN)), [], ''))
    counts = [everything.counts(RULE['WC4001'], name) for name in names]
    ignored = [[one.rule for one in everything.ignores(name)] for name in names]
    assert counts == [False, False, True, True]
    assert ignored == [[], [], ['WC8'], []]


# --- whatever is found


def test_it_fits_on_a_screen() -> None:
    many = {f'Size{n}': {'Type': 'Number'} for n in range(99)}
    stages = {'Stage': {'Type': 'String', 'AllowedValues': [f'dev{n}' for n in range(99)]}}
    text = template(
        {f'B{n}': bucket(*((f'Key{k}', f'{n * k}') for k in range(50))) for n in range(2)},
        Parameters={**many, **stages},
    )
    names = [f'{folder}/t.yaml' for folder in ('tests', 'demo', 'dev', 'poc', 'examples', 'src')]
    loud = found(**{rule.id: 2 for rule in RULES})
    written = starter(files(dict.fromkeys(names, text)), loud, '')
    assert len(written.splitlines()) == 60
    assert len(read_all(written)) == 12


HOSTILE = st.sampled_from([
    'Yes', 'n', 'null', '~', '012', '3.10', '1e5', '0x1F', '1:30', '2001-01-01', '=', '<<', '*a',
    '&a', '!a', '- a', '? a', 'a: b', 'a #b', '#a', "'", '"', '\\', '{a}', '[a', ',', '%', '@',
    '`', '|', '>', 'é', '日本', '\x85', '\u2028', '\ufeff', '\ufffe', '\0', '\n', 'a\nb: c', '\t',
    ' a', 'a ', '\U0001f600', '\ud800', '---', '...', '', 'tests', 'sandbox', 'Stage', 'prod',
]) | st.text(max_size=8)


@settings(max_examples=150)
@given(
    st.lists(st.tuples(HOSTILE, HOSTILE), max_size=5),
    st.dictionaries(HOSTILE, st.tuples(HOSTILE, st.lists(HOSTILE, max_size=4)), max_size=4),
    st.lists(HOSTILE, max_size=3),
)
def test_hostile_names_are_read_as_they_are(
        tags: list[tuple[str, str]],
        parameters: dict[str, tuple[str, list[str]]],
        folders: list[str],
) -> None:
    parameters['Stage'] = 'String', [*(key for key, _ in tags), 'prod']
    text = template({'A': bucket(*tags), 'B': bucket(*tags)}, Parameters={
        name: {'Type': kind, 'AllowedValues': values}
        for name, (kind, values) in parameters.items()
    })
    safe = [re.sub(r'[/\0]', '', name) or 'x' for name in folders]
    written = starter(files({'/'.join([*safe, 't.yaml']): text}), found(WC8001=1), '')
    assert len(written.splitlines()) == written.count('\n') <= 60
    everything = variants(written)[-1]
    config.read('.thera-lint.yaml', written, RULES)
    config.read('.thera-lint.yaml', everything, RULES)
    data = read('.thera-lint.yaml', everything).data
    required = data['tags']['required']
    assert set(required) <= {key for key, _ in tags} or required == [
        'Project', 'Environment', 'CostCenter', 'Owner',
    ]
    assert data['tags'].get('values', {}).items() <= set(tags)
    for key, values in data['tags'].get('allowed', {}).items():
        assert dict(tags)[key] in values
    for name, value in data.get('parameters', {}).items():
        kind, values = parameters[name]
        assert value in values or value == f'<{kind or "String"}>'
    for name, environment in data.get('environments', {}).items():
        for key, value in environment['parameters'].items():
            assert value == name and name in parameters[key][1]
    for one in data.get('paths', ()):
        assert one['path'].split('/') == safe[:one['path'].count('/') + 1]
