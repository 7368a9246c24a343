"""State machines: every way to write one down, where its parts lie, what its tasks call."""
from __future__ import annotations

import json
from collections.abc import Iterator
from collections.abc import Mapping
from pathlib import Path
from textwrap import dedent
from textwrap import indent
from typing import Any

import pytest
from hypothesis import given
from hypothesis import HealthCheck
from hypothesis import settings
from hypothesis import strategies as st

import thera_lint
from thera_lint import files
from thera_lint import states
from thera_lint.source import read
from thera_lint.source import Source
from thera_lint.source import SourceError
from thera_lint.source import Span
from thera_lint.states import StateMachine
from thera_lint.states import Task
from thera_lint.template import Template
from thera_lint.values import Map
from thera_lint.values import Parameter
from thera_lint.values import Reference
from thera_lint.values import Text
from thera_lint.values import UNKNOWN
from thera_lint.values import Unknown

DEFINITION = {
    'StartAt': 'Work',
    'States': {
        'Work': {'Type': 'Task', 'Resource': 'arn:aws:states:::lambda:invoke', 'Next': 'Done'},
        'Done': {'Type': 'Succeed'},
    },
}
TEXT = json.dumps(DEFINITION)


def no_file(path: str) -> Source:
    raise LookupError(path)


def machines(
        text: str, given: Mapping[str, str] | None = None, logical_id: str = 'Machine',
) -> list[StateMachine | None]:
    """The machine of each view."""
    template = Template(read('t.yaml', dedent(text)), given or {})
    return [states.of_resource(view, no_file) for view in template.views(logical_id)]


def machine(text: str, given: Mapping[str, str] | None = None) -> StateMachine:
    """The machine of the one view."""
    [only] = machines(text, given)
    assert only is not None
    return only


def template(properties: Any, type: str = 'AWS::StepFunctions::StateMachine', **rest: Any) -> str:
    return json.dumps(
        {'Resources': {'Machine': {'Type': type, 'Properties': properties}}, **rest},
    )


def of_definition(definition: Any, **rest: Any) -> StateMachine:
    return machine(template({'Definition': definition}, **rest))


def names(of: StateMachine) -> list[str]:
    return [state.name for state in of.states()]


def state(of: StateMachine, name: str) -> states.State:
    return next(one for one in of.states() if one.name == name)


def task(resource: Any, **fields: Any) -> states.State:
    """A Task in a template that also has a function, an alias, an activity and a topic."""
    resources = {
        'Machine': {
            'Type': 'AWS::StepFunctions::StateMachine',
            'Properties': {
                'Definition': {
                    'StartAt': 'Work',
                    'States': {'Work': {'Type': 'Task', 'Resource': resource, **fields}},
                },
                'DefinitionSubstitutions': {
                    'FunctionArn': {'Fn::GetAtt': ['Fn', 'Arn']},
                    'FunctionName': {'Ref': 'Fn'},
                    'Partition': {'Ref': 'AWS::Partition'},
                },
            },
        },
        'Fn': {'Type': 'AWS::Lambda::Function'},
        'Live': {'Type': 'AWS::Lambda::Alias'},
        'Activity': {'Type': 'AWS::StepFunctions::Activity'},
        'Topic': {'Type': 'AWS::SNS::Topic'},
    }
    return state(machine(json.dumps({'Resources': resources})), 'Work')


# --- where a definition may be written


def test_an_object() -> None:
    found = machine("""\
        Resources:
          Machine:
            Type: AWS::StepFunctions::StateMachine
            Properties:
              Definition:
                StartAt: Work
                States:
                  Work:
                    Type: Task
                    Resource: !Sub arn:${AWS::Partition}:states:::lambda:invoke
                    End: true
    """)
    assert names(found) == ['Work']
    assert found.name == 'Machine'
    assert found.type == 'STANDARD'
    assert found.root == ('Resources', 'Machine', 'Properties', 'Definition')
    assert found.span(('States', 'Work', 'End')) == Span(10, 12, 10, 21)
    assert found.source.filename == 't.yaml'


@pytest.mark.parametrize(('properties', 'expected'), [
    ({}, 'STANDARD'),
    ({'StateMachineType': 'EXPRESS'}, 'EXPRESS'),
    ({'StateMachineType': {'Fn::ImportValue': 'kind'}}, None),
])
def test_type(properties: dict[str, Any], expected: str | None) -> None:
    found = machine(template({'DefinitionString': TEXT, **properties}))
    assert found.type == expected


@pytest.mark.parametrize('written', [
    TEXT,
    {'Fn::Sub': TEXT},
    {'Fn::Sub': [TEXT, {}]},
    {'Fn::Join': ['', [TEXT[:30], TEXT[30:]]]},
    {'Fn::ToJsonString': DEFINITION},
    {'Ref': 'Text'},
    {'Fn::FindInMap': ['Texts', 'a', 'b']},
], ids=str)
def test_a_string(written: Any) -> None:
    found = machine(template(
        {'DefinitionString': written},
        Parameters={'Text': {'Type': 'String', 'Default': TEXT}},
        Mappings={'Texts': {'a': {'b': TEXT}}},
    ))
    assert names(found) == ['Work', 'Done']
    assert found.root == ('Resources', 'Machine', 'Properties', 'DefinitionString')
    assert state(found, 'Work').task is not None


def test_to_json_string_keeps_what_is_unknown_in_it() -> None:
    found = machine("""\
        Resources:
          Machine:
            Type: AWS::StepFunctions::StateMachine
            Properties:
              DefinitionString:
                Fn::ToJsonString:
                  StartAt: Work
                  States:
                    Work:
                      Type: Task
                      Resource: !GetAtt Fn.Arn
          Fn: {Type: AWS::Lambda::Function}
    """)
    assert state(found, 'Work').task == Task(
        'lambda', 'lambda', 'invoke', '', Reference('Fn', 'Arn'),
    )
    assert found.span(('States', 'Work')).line == 8


def test_join_as_cdk_writes_it() -> None:
    found = machine(template({'DefinitionString': {'Fn::Join': ['', [
        '{"StartAt":"Call","States":{"Call":{"Next":"Wait","Type":"Task","Resource":"arn:',
        {'Ref': 'AWS::Partition'},
        ':states:::lambda:invoke","Parameters":{"FunctionName":"',
        {'Fn::GetAtt': ['Fn', 'Arn']},
        '","Payload.$":"$"}},"Wait":{"Type":"Wait","Seconds":',
        {'Fn::ImportValue': 'seconds'},
        ',"End":true}}}',
    ]]}}))
    assert names(found) == ['Call', 'Wait']
    assert state(found, 'Call').task == Task(
        'optimized', 'lambda', 'invoke', '', Reference('Fn', 'Arn'),
    )
    assert isinstance(state(found, 'Wait').data['Seconds'], Unknown)


def test_holes_take_their_values() -> None:
    found = machine(
        template(
            {'DefinitionString': {'Fn::Sub': [
                '{"StartAt": "${Prefix}-a", "States": {"${Prefix}-a": {"Type": "Wait", '
                '"Seconds": ${Seconds}, "Comment": "${!Kept} ${Region} ${Local}"}}}',
                {'Local': {'Ref': 'Seconds'}, 'Region': {'Ref': 'AWS::Region'}},
            ]}},
            Parameters={
                'Prefix': {'Type': 'String', 'Default': 'first'},
                'Seconds': {'Type': 'Number'},
            },
        ),
        {'Seconds': '30'},
    )
    only = state(found, 'first-a')
    assert found.top.start == 'first-a'
    assert only.data['Seconds'] == 30
    assert only.data['Comment'] == Text((UNKNOWN, ' ', Parameter('AWS::Region'), ' 30'))


def test_substitutions_fill_an_object_and_a_string() -> None:
    substitutions = {'Limit': 5, 'Retry': '[{"MaxAttempts": 3}]', 'Odd': '{', 'Name': 'x'}
    definition = {
        'StartAt': 'A',
        'States': {'A': {'Type': 'Wait', 'Comment': '${Name}: ${Missing}', 'Seconds': '${Limit}'}},
    }
    found = machine(template(
        {'Definition': definition, 'DefinitionSubstitutions': substitutions},
    ))
    assert state(found, 'A').data['Seconds'] == '5'
    assert state(found, 'A').data['Comment'] == Text(('x: ', UNKNOWN))

    text = '{"StartAt": "A", "States": {"A": {"Type": "Wait", "Seconds": ${Limit}, ' \
        '"Retry": ${Retry}, "Odd": ${Odd}, "Lost": ${Missing}}}}'
    found = machine(template(
        {'DefinitionString': text, 'DefinitionSubstitutions': substitutions},
    ))
    data = state(found, 'A').data
    assert data['Seconds'] == 5
    assert [retry.number('MaxAttempts') for _, retry in data.maps('Retry')] == [3]
    assert data['Odd'] is UNKNOWN
    assert data['Lost'] is UNKNOWN
    # What came from a substitution lies where the substitution stands.
    assert found.span(('States', 'A', 'Retry', 0, 'MaxAttempts')).line == 0


def test_branches_of_if() -> None:
    text = """\
        Parameters: {Stage: {Type: String}}
        Conditions: {IsProd: !Equals [!Ref Stage, prod]}
        Resources:
          Machine:
            Type: AWS::StepFunctions::StateMachine
            Properties:
              DefinitionString:
                Fn::If:
                - IsProd
                - !Sub |
                  {
                    "StartAt": "Prod",
                    "States": {"Prod": {"Type": "Pass", "Result": "${AWS::Region}"}}
                  }
                - '{"StartAt": "Dev", "States": {"Dev": {"Type": "Succeed"}}}'
    """
    prod, dev = machines(text)
    assert prod is not None
    assert dev is not None
    assert names(prod) == ['Prod']
    assert names(dev) == ['Dev']
    assert prod.span(('States', 'Prod')).line == 12
    assert dev.span(('States', 'Dev')).line == 14


def test_loop_gives_each_machine_its_own_text() -> None:
    text = """\
        Transform: AWS::LanguageExtensions
        Resources:
          Fn::ForEach::Machines:
          - Name
          - [A, B]
          - Machine${Name}:
              Type: AWS::StepFunctions::StateMachine
              Properties:
                DefinitionString: !Sub |
                  {"StartAt": "${Name}",
                   "States": {"${Name}": {"Type": "Succeed"}}}
    """
    for name in ('A', 'B'):
        [found] = machines(text, logical_id=f'Machine{name}')
        assert found is not None
        assert names(found) == [name]
        assert found.span(('States', name)).line == 10


@pytest.mark.parametrize('properties', [
    {},
    {'Definition': {'Fn::Transform': {'Name': 'AWS::Include'}}},
    {'DefinitionString': {'Ref': 'Unset'}},
    {'DefinitionString': {'Fn::If': ['Undeclared', TEXT, '{}']}},
    {'DefinitionString': {'Fn::ImportValue': 'text'}},
    {'DefinitionString': '[]'},
    {'DefinitionString': 5},
    {'DefinitionS3Location': {'Bucket': 'b', 'Key': 'k'}},
    {'DefinitionUri': 'missing.asl.json'},
], ids=str)
def test_an_unknown_definition_is_none(properties: dict[str, Any]) -> None:
    text = template(properties, Parameters={'Unset': {'Type': 'String'}})
    assert machines(text) == [None]


# --- places


@pytest.mark.parametrize('head', [
    'DefinitionString: |',
    'DefinitionString: |-',
    'DefinitionString: !Sub |',
    'DefinitionString: !Sub\n- |',
    'DefinitionString:\n  Fn::Sub: |',
    'DefinitionString:\n  Fn::Sub:\n  - |',
    'DefinitionString: &definition |',
])
def test_a_block_has_its_own_lines(head: str) -> None:
    block = '{\n  "StartAt": "A",\n  "States": {\n    "A": {"Type": "Wait", "Seconds": 9}\n  }\n}\n'
    rest = '- {}\n' if head.endswith('- |') else ''
    rest = indent(rest, '  ' if head.endswith('  - |') else '')
    text = 'Resources:\n  Machine:\n    Type: AWS::StepFunctions::StateMachine\n    Properties:\n'
    text += indent(f'{head}\n{indent(block, "      ")}{rest}', '      ')
    line = next(i for i, one in enumerate(text.split('\n')) if '"Wait"' in one)
    column = text.split('\n')[line].index('"Seconds"')
    found = machine(text)
    assert found.span(('States', 'A', 'Seconds')) == Span(line, column, line, column + 12)
    assert found.source.filename == 't.yaml'


@pytest.mark.parametrize('written', [
    json.dumps(TEXT),
    f"'{TEXT}'",
    f'!Sub {json.dumps(TEXT)}',
    f'!Sub [{json.dumps(TEXT)}, {{}}]',
    f"!Join ['', [{json.dumps(TEXT)}]]",
    f'{{"Fn::Sub": {json.dumps(TEXT)}}}',
    f'\n        Fn::Sub: {json.dumps(TEXT)}',
    f'>\n        {TEXT}',
], ids=range(8))
def test_an_escaped_string_lies_at_its_property(written: str) -> None:
    text = (
        'Resources:\n  Machine:\n    Type: AWS::StepFunctions::StateMachine\n    Properties:\n'
        f'      Tags: []\n      DefinitionString: {written}\n'
    )
    span = machine(text).span(('States', 'Work', 'Next'))
    assert span[:2] == (5, 6)


def test_an_escaped_string_in_json_lies_at_its_property() -> None:
    for written in (TEXT, {'Fn::Sub': TEXT}, {'Fn::Join': ['', [TEXT]]}):
        text = json.dumps({'Resources': {'Machine': {
            'Type': states.MACHINE, 'Properties': {'DefinitionString': written},
        }}}, indent=2)
        line = next(i for i, one in enumerate(text.split('\n')) if '"DefinitionString"' in one)
        assert machine(text).span(('States', 'Work'))[:2] == (line, 8)


# --- files


def load(folder: Path, texts: dict[str, str], *paths: str) -> files.Loaded:
    for name, text in texts.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(dedent(text))
    return files.load([str(folder / path) for path in paths])


def only(loaded: files.Loaded) -> StateMachine:
    [resource] = loaded.project.resources(states.MACHINE)
    found = loaded.project.machine(resource)
    assert found is not None
    return found


SAM = """\
    Transform: AWS::Serverless-2016-10-31
    Resources:
      Machine:
        Type: AWS::Serverless::StateMachine
        Properties:
          DefinitionUri: {uri}
          DefinitionSubstitutions: {{Seconds: 60, FunctionArn: !GetAtt Fn.Arn}}
      Fn:
        Type: AWS::Serverless::Function
        Properties: {{Runtime: python3.13, Handler: a.b, InlineCode: x}}
"""
JSON_FILE = """\
    {
      "StartAt": "Wait",
      "States": {
        "Wait": {
          "Type": "Wait",
          "Seconds": ${Seconds},
          "Next": "Call"
        },
        "Call": {"Type": "Task", "Resource": "${FunctionArn}", "End": true}
      }
    }
"""
YAML_FILE = """\
    # a comment
    StartAt: Wait
    States:
      Wait:
        Type: Wait
        Seconds: "${Seconds}"
        Next: Call
      Call:
        {Type: Task, Resource: "${FunctionArn}", End: true}
"""


@pytest.mark.parametrize(('name', 'text'), [
    ('m.asl.json', JSON_FILE), ('m.asl.yaml', YAML_FILE), ('m.asl.yml', YAML_FILE),
    ('m.json', JSON_FILE), ('m.yaml', JSON_FILE), ('m.asl', JSON_FILE),
])
def test_a_local_file(tmp_path: Path, name: str, text: str) -> None:
    found = only(load(tmp_path, {'t.yaml': SAM.format(uri=name), name: text}, 't.yaml'))
    assert found.source.filename == str(tmp_path / name)
    assert state(found, 'Wait').data.number('Seconds') == 60
    assert state(found, 'Call').task == Task(
        'lambda', 'lambda', 'invoke', '', Reference('Fn', 'Arn'),
    )
    assert found.span(('States', 'Wait', 'Seconds'))[0] == 5
    assert found.root == ('Resources', 'Machine', 'Properties', 'DefinitionUri')


def test_a_local_s3_location(tmp_path: Path) -> None:
    text = """\
        Resources:
          Machine:
            Type: AWS::StepFunctions::StateMachine
            Properties: {DefinitionS3Location: below/m.asl.json}
    """
    found = only(load(tmp_path, {'t.yaml': text, 'below/m.asl.json': TEXT}, 't.yaml'))
    assert names(found) == ['Work', 'Done']


@pytest.mark.parametrize('uri', [
    '../outside.asl.json', '/etc/passwd', 's3://bucket/key', 'missing.json', '.', '""',
    r'"a\0b"', '"file:///etc/passwd"', '{Bucket: b, Key: k}', 'link.asl.json', 'list.json',
])
def test_a_file_that_must_not_or_cannot_be_read(tmp_path: Path, uri: str) -> None:
    (tmp_path / 'in').mkdir()
    (tmp_path / 'in' / 'link.asl.json').symlink_to(tmp_path / 'outside.asl.json')
    loaded = load(tmp_path, {
        'outside.asl.json': TEXT, 'in/list.json': '[]', 'in/t.yaml': SAM.format(uri=uri),
    }, 'in')
    [resource] = loaded.project.resources(states.MACHINE)
    assert loaded.project.machine(resource) is None


def test_the_folder_above_is_read_within_a_repository(tmp_path: Path) -> None:
    (tmp_path / '.git').mkdir()
    texts = {'m.asl.json': TEXT, 'in/t.yaml': SAM.format(uri='../m.asl.json')}
    assert names(only(load(tmp_path, texts, 'in/t.yaml'))) == ['Work', 'Done']


def test_a_broken_file_says_where(tmp_path: Path) -> None:
    texts = {'in/t.yaml': SAM.format(uri='m.asl.json'), 'in/m.asl.json': '{\n  "StartAt" "A"\n}'}
    found = only(load(tmp_path, texts, 'in/t.yaml'))
    assert found.source.filename == str(tmp_path / 'in' / 'm.asl.json')
    assert [problem.span[:2] for problem in found.problems] == [(1, 12)]
    assert found.definition.open
    assert list(found.states()) == []


def test_standalone_files(tmp_path: Path) -> None:
    loaded = load(tmp_path, {'a.asl.json': JSON_FILE, 'b.asl.yaml': YAML_FILE, 'c.json': TEXT}, '')
    assert [one.name for one in loaded.project.machines] == ['a.asl.json', 'b.asl.yaml', 'c.json']
    for one in loaded.project.machines:
        assert one.resource is None
        assert one.type is None
        assert one.root == ()
        assert len(names(one)) == 2
    assert loaded.project.machines[0].span(('States', 'Wait', 'Next'))[:2] == (6, 6)


def test_a_file_of_a_template_is_not_also_standalone(tmp_path: Path) -> None:
    texts = {
        't.yaml': SAM.format(uri='./machines/../m.asl.json'),
        'm.asl.json': JSON_FILE,
        'other.asl.json': TEXT,
    }
    loaded = load(tmp_path, texts, 'm.asl.json', 't.yaml', 'other.asl.json')
    assert [one.name for one in loaded.project.machines] == ['other.asl.json']


CDK = """\
    Resources:
      Machine:
        Type: AWS::StepFunctions::StateMachine
        Properties:
          DefinitionS3Location: {Bucket: !Sub 'assets-${AWS::Region}', Key: %s}
          DefinitionSubstitutions: {Seconds: 60, FunctionArn: !GetAtt Fn.Arn}
        Metadata: {'aws:cdk:path': Stack/Machine/Resource}
      Fn:
        Type: AWS::Lambda::Function
        Properties: {Runtime: python3.13, Handler: a.b, Code: {ZipFile: x}}
"""


def uploading(**paths: str) -> str:
    return json.dumps({'files': {
        key: {'source': {'path': path}, 'destinations': {'x': {'objectKey': f'some/{key}.json'}}}
        for key, path in paths.items()
    }})


@pytest.mark.parametrize('key', ['3f.json', 'some/3f.json'])
def test_a_file_that_cdk_uploads(tmp_path: Path, key: str) -> None:
    texts = {
        'Stack.template.json': CDK % key,
        'Stack.assets.json': uploading(**{'3f': 'asset.3f.json'}),
        'Other.assets.json': '{',
        'asset.3f.json': JSON_FILE,
    }
    loaded = load(tmp_path, texts, 'Stack.template.json', 'asset.3f.json')
    found = only(loaded)
    assert found.source.filename == str(tmp_path / 'asset.3f.json')
    assert found.root == ('Resources', 'Machine', 'Properties', 'DefinitionS3Location')
    assert state(found, 'Wait').data.number('Seconds') == 60
    assert found.span(('States', 'Wait', 'Seconds'))[0] == 5
    assert loaded.project.machines == []


@pytest.mark.parametrize('path', [
    '../outside.json', '/etc/passwd', 'https://x/3f.json', 'missing.json', '.', 'a\0b',
])
def test_an_asset_that_must_not_or_cannot_be_read(tmp_path: Path, path: str) -> None:
    texts = {
        'outside.json': JSON_FILE,
        'in/Stack.template.json': CDK % '3f.json',
        'in/Stack.assets.json': uploading(**{'3f': path}),
    }
    loaded = load(tmp_path, texts, 'in')
    [resource] = loaded.project.resources(states.MACHINE)
    assert loaded.project.machine(resource) is None


def test_a_finding_in_an_asset_has_its_construct(tmp_path: Path) -> None:
    machine = json.loads(TEXT)
    machine['States']['Work']['Retry'] = [
        {'ErrorEquals': ['States.ALL'], 'MaxAttempts': 9, 'BackoffRate': 1},
    ]
    texts = {
        'cdk.out/cdk.out': '{"version": "36.0.0"}',
        'cdk.out/manifest.json': '{"version": "36.0.0", "artifacts": {}}',
        'cdk.out/assembly-Prod/cdk.out': '{"version": "36.0.0"}',
        'cdk.out/assembly-Prod/manifest.json': '{"version": "36.0.0", "artifacts": {}}',
        'cdk.out/assembly-Prod/Stack.template.json': CDK % '3f.json',
        'cdk.out/assembly-Prod/Stack.assets.json': uploading(**{'3f': '../asset.3f.json'}),
        'cdk.out/asset.3f.json': json.dumps(machine),
    }
    load(tmp_path, texts)
    folder = tmp_path / 'cdk.out'
    found = [one for one in thera_lint.lint(folder).found if one.rule.id == 'WC2006']
    assert [(one.filename, one.construct, one.state) for one in found] == [
        (str(folder / 'asset.3f.json'), 'Stack/Machine/Resource', 'Work'),
    ]


# --- structure


def level(name: str, **fields: Any) -> dict[str, Any]:
    return {'StartAt': name, 'States': {name: {'Type': 'Pass', **fields}}}


def nested() -> dict[str, Any]:
    distributed = {'ProcessorConfig': {'Mode': 'DISTRIBUTED'}, **level('Leaf')}
    inner = {'Type': 'Map', 'Iterator': distributed}
    branches = [level('Left'), {'StartAt': 'Iterator', 'States': {'Iterator': inner}}]
    fork = {'Type': 'Parallel', 'Branches': branches}
    inline = {'ProcessorConfig': {'Mode': 'INLINE'}, 'StartAt': 'Fork', 'States': {'Fork': fork}}
    return {
        'StartAt': 'Outer',
        'States': {
            'Outer': {'Type': 'Map', 'ItemProcessor': inline, 'Next': 'Last'},
            'Last': {'Type': 'Pass', 'ItemProcessor': level('No'), 'Branches': [level('No')]},
        },
    }


def test_nesting() -> None:
    found = of_definition(nested())
    outer = ('States', 'Outer')
    fork = (*outer, 'ItemProcessor', 'States', 'Fork')
    inner = (*fork, 'Branches', 1, 'States', 'Iterator')
    assert [(one.name, one.path) for one in found.states()] == [
        ('Outer', outer),
        ('Fork', fork),
        ('Left', (*fork, 'Branches', 0, 'States', 'Left')),
        ('Iterator', inner),
        ('Leaf', (*inner, 'Iterator', 'States', 'Leaf')),
        ('Last', ('States', 'Last')),
    ]
    leaf = state(found, 'Leaf')
    parents = []
    parent = leaf.parent
    while parent is not None:
        parents.append(parent.name)
        parent = parent.parent
    assert parents == ['Iterator', 'Fork', 'Outer']
    assert leaf.machine is found
    assert leaf.level.data.map('ProcessorConfig') == {'Mode': 'DISTRIBUTED'}
    assert [one.start for one in state(found, 'Fork').levels] == ['Left', 'Iterator']


def test_edges() -> None:
    found = of_definition({'StartAt': 'Choose', 'States': {
        'Choose': {
            'Type': 'Choice',
            'Choices': [
                {'Variable': '$.a', 'IsNull': True, 'Next': 'Work'},
                'odd',
                {'And': [{'Variable': '$.b', 'IsNull': True}], 'Next': 'Done'},
            ],
            'Default': 'Done',
        },
        'Work': {
            'Type': 'Task',
            'Next': 'Done',
            'Catch': [{'ErrorEquals': ['States.ALL'], 'Next': 'Choose'}],
        },
        'Done': {'Type': 'Succeed', 'End': True},
    }})
    at = ('States', 'Choose')
    assert state(found, 'Choose').edges == [
        ('choice', 'Work', (*at, 'Choices', 0, 'Next')),
        ('choice', 'Done', (*at, 'Choices', 2, 'Next')),
        ('default', 'Done', (*at, 'Default')),
    ]
    assert state(found, 'Work').edges == [
        ('next', 'Done', ('States', 'Work', 'Next')),
        ('catch', 'Choose', ('States', 'Work', 'Catch', 0, 'Next')),
    ]
    assert state(found, 'Done').edges == []


@pytest.mark.parametrize(('of_machine', 'of_state', 'expected'), [
    (None, None, False),
    ('JSONPath', None, False),
    ('JSONata', None, True),
    (None, 'JSONata', True),
    ('JSONata', 'JSONPath', False),
])
def test_query_language(of_machine: str | None, of_state: str | None, expected: bool) -> None:
    fields: dict[str, Any] = {'Parameters': {'by': 'path'}, 'Arguments': {'by': 'jsonata'}}
    if of_state:
        fields['QueryLanguage'] = of_state
    fork = {'Type': 'Parallel', 'Branches': [level('A', **fields)]}
    definition = {'StartAt': 'Fork', 'States': {'Fork': fork}}
    if of_machine:
        definition['QueryLanguage'] = of_machine
    found = state(of_definition(definition), 'A')
    assert found.jsonata is expected
    assert found.parameters == {'by': 'jsonata' if expected else 'path'}


def test_parameters_that_are_an_expression_are_open() -> None:
    definition = level('A', QueryLanguage='JSONata', Arguments='{% $x %}')
    expression = state(of_definition(definition), 'A')
    assert expression.parameters.open
    absent = state(of_definition(level('A')), 'A')
    assert absent.parameters.absent('FunctionName')


# --- tasks

FUNCTION = 'arn:aws:lambda:eu-west-1:123456789012:function:worker'
REGION = '${AWS::Region}:${AWS::AccountId}'


@pytest.mark.parametrize(('resource', 'expected'), [
    (FUNCTION, ('lambda', 'lambda', 'invoke', '')),
    (f'{FUNCTION}:$LATEST', ('lambda', 'lambda', 'invoke', '')),
    ({'Fn::GetAtt': ['Fn', 'Arn']}, ('lambda', 'lambda', 'invoke', '')),
    ({'Ref': 'Live'}, ('lambda', 'lambda', 'invoke', '')),
    ({'Fn::Sub': '${Fn.Arn}'}, ('lambda', 'lambda', 'invoke', '')),
    ({'Fn::Sub': '${Fn.Arn}:live'}, ('lambda', 'lambda', 'invoke', '')),
    ('${FunctionArn}', ('lambda', 'lambda', 'invoke', '')),
    ('${FunctionArn}:$LATEST', ('lambda', 'lambda', 'invoke', '')),
    ({'Fn::Sub': f'arn:${{AWS::Partition}}:lambda:{REGION}:function:${{Fn}}'},
     ('lambda', 'lambda', 'invoke', '')),
    ({'Fn::Join': [':', ['arn', {'Ref': 'AWS::Partition'}, 'lambda', {'Ref': 'AWS::Region'},
                         {'Ref': 'AWS::AccountId'}, 'function', {'Ref': 'Fn'}]]},
     ('lambda', 'lambda', 'invoke', '')),
    ('arn:aws:states:::lambda:invoke', ('optimized', 'lambda', 'invoke', '')),
    ('arn:${Partition}:states:::lambda:invoke', ('optimized', 'lambda', 'invoke', '')),
    ('arn:aws-cn:states:::lambda:invoke.waitForTaskToken',
     ('optimized', 'lambda', 'invoke', 'waitForTaskToken')),
    ({'Fn::Sub': 'arn:${AWS::Partition}:states:::athena:startQueryExecution.sync'},
     ('optimized', 'athena', 'startQueryExecution', 'sync')),
    ({'Fn::Join': ['', ['arn:', {'Ref': 'AWS::Partition'}, ':states:::sqs:sendMessage']]},
     ('optimized', 'sqs', 'sendMessage', '')),
    ('arn:aws:states:::states:startExecution.sync:2',
     ('optimized', 'states', 'startExecution', 'sync')),
    ('arn:aws:states:::aws-sdk:athena:startQueryExecution',
     ('sdk', 'athena', 'startQueryExecution', '')),
    ('arn:aws:states:::aws-sdk:lambda:invoke.waitForTaskToken',
     ('sdk', 'lambda', 'invoke', 'waitForTaskToken')),
    ('arn:aws:states:eu-west-1:123456789012:activity:manual',
     ('activity', 'states', 'activity', '')),
    ({'Fn::Sub': f'arn:aws:states:{REGION}:activity:manual'},
     ('activity', 'states', 'activity', '')),
    ({'Ref': 'Activity'}, ('activity', 'states', 'activity', '')),
    ('arn:aws:states:::http:invoke', ('http', 'http', 'invoke', '')),
], ids=str)
def test_decoded(resource: Any, expected: tuple[str, ...]) -> None:
    found = task(resource).task
    assert found is not None
    assert found[:4] == expected


@pytest.mark.parametrize('resource', [
    None, '', 'worker', '${Missing}', {'Ref': 'Topic'}, {'Ref': 'Undeclared'}, 5, ['a'],
    {'Fn::ImportValue': 'arn'}, 'arn:aws:sns:eu-west-1:123456789012:topic', '$.Arn',
], ids=str)
def test_not_decoded(resource: Any) -> None:
    assert task(resource).task is None


def test_only_tasks_are_decoded() -> None:
    definition = level('A', Resource='arn:aws:states:::lambda:invoke')
    assert state(of_definition(definition), 'A').task is None


@pytest.mark.parametrize(('resource', 'fields', 'expected'), [
    ('lambda:invoke', {'Parameters': {'FunctionName': 'worker'}}, 'worker'),
    ('lambda:invoke', {'Parameters': {'FunctionName': {'Ref': 'Fn'}}}, Reference('Fn')),
    ('lambda:invoke', {'Parameters': {'FunctionName': '${FunctionArn}:$LATEST'}},
     Text((Reference('Fn', 'Arn'), ':$LATEST'))),
    ('lambda:invoke', {'Parameters': {'FunctionName.$': '$.name'}}, UNKNOWN),
    ('lambda:invoke', {}, UNKNOWN),
    ('aws-sdk:lambda:invoke', {'Parameters': {'FunctionName': 'worker'}}, 'worker'),
    ('lambda:invoke', {'QueryLanguage': 'JSONata', 'Arguments': {'FunctionName': 'worker'}},
     'worker'),
    ('lambda:invoke', {'QueryLanguage': 'JSONata', 'Arguments': {'FunctionName': '{% $n %}'}},
     UNKNOWN),
    ('lambda:invoke', {'QueryLanguage': 'JSONata', 'Arguments': '{% $n %}'}, UNKNOWN),
    ('states:startExecution', {'Parameters': {'StateMachineArn': {'Ref': 'Other'}}},
     Reference('Other')),
    ('aws-sdk:sfn:startSyncExecution', {'Parameters': {'StateMachineArn': {'Ref': 'Other'}}},
     Reference('Other')),
    ('athena:startQueryExecution', {'Parameters': {'FunctionName': 'worker'}}, UNKNOWN),
], ids=str)
def test_target(resource: str, fields: dict[str, Any], expected: Any) -> None:
    found = task(f'arn:aws:states:::{resource}', **fields).task
    assert found is not None
    assert found.target == expected


def test_a_direct_target_is_the_function() -> None:
    found = task('${FunctionArn}').task
    assert found is not None
    assert found.target == Reference('Fn', 'Arn')


# --- what is broken


@pytest.mark.parametrize(('block', 'line'), [
    ('{\n  "StartAt": "A",\n  "States": {\n    "A": {"Type" "Pass"}\n  }\n}', 3),
    ('{\n  "StartAt": "A"', 1),
    ('{\n  "StartAt": "A",\n  "StartAt": "B"\n}', 2),
    ('{\n  "StartAt": A\n}', 1),
    ('StartAt: A\nStates: {}', 0),
    ('{}\n{}', 1),
])
def test_a_broken_block_says_where(block: str, line: int) -> None:
    head = (
        'Resources:\n  Machine:\n    Type: AWS::StepFunctions::StateMachine\n    Properties:\n'
        '      DefinitionString: |\n'
    )
    found = machine(head + indent(block, ' ' * 8) + '\n')
    assert [problem.span.line for problem in found.problems] == [5 + line]
    assert found.problems[0].span.column >= 8
    assert found.definition.open
    assert names(found) == []


def test_a_broken_string_lies_at_its_property() -> None:
    text = """\
        Resources:
          Machine:
            Type: AWS::StepFunctions::StateMachine
            Properties:
              DefinitionString: "{\\"StartAt\\": "
    """
    found = machine(text)
    assert [problem.span[:2] for problem in found.problems] == [(4, 6)]


def test_a_bottomless_definition_is_a_problem() -> None:
    text = '{"States":' * 300 + '{}' + '}' * 300
    found = machine(template({'DefinitionString': text}))
    assert 'nested' in found.problems[0].message


SCALARS = (
    st.none() | st.booleans() | st.integers() | st.text(max_size=8) |
    st.floats(allow_nan=False, allow_infinity=False) |
    st.sampled_from((
        'A', 'B', 'Map', 'Parallel', 'Task', 'Choice', 'JSONata', '${x}', '${', 'Fn::Sub', '$.a',
        'arn:aws:states:::lambda:invoke', 'arn:aws:states:::', 'arn:aws:lambda:::function:x',
        '{% x %}', '${!x}', '${#0}', '.', ':',
    ))
)
KEYS = st.sampled_from((
    'StartAt', 'States', 'A', 'B', 'Type', 'Next', 'Choices', 'Default', 'Catch', 'Iterator',
    'ItemProcessor', 'Branches', 'Resource', 'Parameters', 'Arguments', 'FunctionName',
    'StateMachineArn', 'QueryLanguage', 'Ref', 'Fn::Sub', 'Fn::If', 'Fn::Join', 'Fn::GetAtt',
    'Fn::ToJsonString', 'Fn::ForEach::X', 'Fn::Transform', '${x}',
)) | st.text(max_size=3)
GARBAGE = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=5) |
        inner.map(lambda value: {'StartAt': 'A', 'States': {'A': value, 'B': value}}) |
        inner.map(lambda value: {'Type': 'Map', 'ItemProcessor': value, 'Iterator': value}) |
        inner.map(lambda value: {'Type': 'Parallel', 'Branches': [value]}) |
        inner.map(lambda value: {'Type': 'Task', 'Resource': value, 'Parameters': value})
    ),
    max_leaves=12,
)
QUICK = settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))


def walk(found: StateMachine) -> None:
    for one in found.states():
        assert one.jsonata in (True, False)
        assert isinstance(one.parameters, Map)
        assert one.task is None or one.type == 'Task'
        for edge in one.edges:
            found.span(edge.path)
        found.span((*one.path, 'Resource', 0))
    found.span(('States', 'A', 'Next'))


def forms(value: Any) -> Iterator[dict[str, Any]]:
    text = json.dumps(value)
    yield {'Definition': value, 'DefinitionSubstitutions': value}
    yield {'DefinitionString': value, 'DefinitionSubstitutions': {'x': value}}
    yield {'DefinitionString': text, 'DefinitionSubstitutions': {'x': value}}
    yield {'DefinitionString': {'Fn::Sub': text}}
    yield {'DefinitionString': {'Fn::Sub': [text, {'x': value}]}}
    yield {'DefinitionString': {'Fn::Join': ['', [text[:9], value, text[9:]]]}}
    yield {'DefinitionString': {'Fn::If': [value, text, value]}}
    yield {'DefinitionString': {'Fn::If': value}}
    yield {'DefinitionString': {'Fn::ToJsonString': value}}
    yield {'DefinitionUri': value}


@QUICK
@given(GARBAGE)
def test_garbage_never_raises(value: Any) -> None:
    for properties in forms(value):
        for of in machines(template(properties, Conditions={'A': value})):
            if of is not None:
                walk(of)


@QUICK
@given(st.text() | GARBAGE.map(json.dumps), st.integers(0, 80), st.text(max_size=3))
def test_garbled_text_is_a_problem_at_worst(text: str, cut: int, put: str) -> None:
    garbled = text[:cut] + put + text[cut:]
    for of in machines(template({'DefinitionString': garbled})):
        if of is not None:
            walk(of)
    try:
        source = states.read_file('m.asl.json', garbled)
    except SourceError as error:
        assert error.problems
    else:
        if states.is_state_machine(source.data):
            walk(states.standalone(source))
