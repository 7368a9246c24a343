"""Resources without intrinsic functions, in each of their distinct views."""
from __future__ import annotations

import json
import time
from collections.abc import Iterator
from collections.abc import Mapping
from pathlib import Path as File
from typing import Any

import pytest
import yaml

from thera_lint import engine
from thera_lint import files
from thera_lint import registry
from thera_lint.engine import Settings
from thera_lint.project import Project
from thera_lint.rule import Finding
from thera_lint.rule import Options
from thera_lint.rule import ResourceRule
from thera_lint.source import read
from thera_lint.template import is_template
from thera_lint.template import Resource
from thera_lint.template import Template
from thera_lint.values import Map
from thera_lint.values import Parameter
from thera_lint.values import Reference
from thera_lint.values import Unknown

TABLE = """
Parameters:
  Stage: {Type: String, Default: dev}
  Bare: {Type: String}
Conditions:
  IsProd: !Equals [!Ref Stage, prod]
  IsTest: !Equals [!Ref Stage, test]
  IsBig: !Equals [!Ref Bare, big]
  Never: !And [!Condition IsProd, !Condition IsTest]
  Always: !Not [!Condition Never]
Resources:
  Table:
    Type: AWS::DynamoDB::Table
    Properties:
"""


class Everything(ResourceRule):
    """Says every property and its value."""

    id = 'WC1999'
    remedy = 'nothing'
    resources = ('*',)

    def check(self, resource: Resource, project: Project, options: Options) -> Iterator[Finding]:
        if not resource.properties:
            yield Finding((), f'{resource.logical_id} has nothing')
        for key, value in resource.properties.items():
            yield Finding((key,), f'{key} is {value!r}')


def template(text: str, given: Mapping[str, str] = {}) -> Template:
    return Template(read('t.yaml', text), given)


def findings(made: Template) -> list[engine.Found]:
    def no_file(template: str, path: str) -> Any:
        raise LookupError(path)

    result = engine.run(Project([made], [], no_file), [Everything()], Settings().options_of)
    assert not result.crashes
    return result.found


def said(text: str) -> list[str]:
    return [found.message for found in findings(template(TABLE + text))]


def test_two_choices_by_one_condition_are_two_views() -> None:
    made = template(TABLE + """
      BillingMode: !If [IsProd, PROVISIONED, PAY_PER_REQUEST]
      ProvisionedThroughput: !If [IsProd, {ReadCapacityUnits: 5}, !Ref AWS::NoValue]
""")
    views = {
        tuple(world.conditions['IsProd'] for world in view.worlds): view.properties
        for view in made.views('Table')
    }
    assert views == {
        (True,): {'BillingMode': 'PROVISIONED', 'ProvisionedThroughput': {'ReadCapacityUnits': 5}},
        (False,): {'BillingMode': 'PAY_PER_REQUEST'},
    }
    assert views[False,].absent('ProvisionedThroughput')


@pytest.mark.parametrize(('text', 'expected'), [
    # the compared parameter has the view's value
    ('      A: !If [IsProd, !Ref Stage, !Sub "${Stage}!"]', [{'A': 'prod'}, {'A': 'dev!'}]),
    ('      A: !If [IsBig, !Ref Bare, !Ref Bare]', [{'A': 'big'}, {'A': Parameter('Bare')}]),
    # nested, and excluding each other
    ('      A: !If [IsProd, 1, !If [IsTest, 2, 3]]', [{'A': 1}, {'A': 2}, {'A': 3}]),
    ('      A: !If [IsProd, !If [IsTest, 1, 2], 3]', [{'A': 2}, {'A': 3}]),
    ('      A: !If [Never, 1, 2]', [{'A': 2}]), ('      A: !If [Always, 1, 2]', [{'A': 1}]),
    # what does not differ is one view
    ('      A: !If [IsProd, 1, 1]', [{'A': 1}]), ('      A: 1', [{'A': 1}]),
    ('      A: !If [Nowhere, 1, 2]', [{'A': 1}, {'A': 2}]),
    ('      A: [!If [IsProd, 1, !Ref AWS::NoValue], 2]', [{'A': [1, 2]}, {'A': [2]}]),
    ('      A: !If [IsProd]', [{'A': Unknown}]), ('      A: !If [{a: 1}, 1, 2]', [{'A': Unknown}]),
    ('      !If [IsProd, {A: 1}, !Ref AWS::NoValue]', [{'A': 1}, {}]),
])
def test_views(text: str, expected: list[dict[str, Any]]) -> None:
    views = template(TABLE + text).views('Table')
    assert len(views) == len(expected)
    if expected[0].get('A') is Unknown:
        assert isinstance(views[0].properties['A'], Unknown)
    else:
        assert all(view.properties in expected for view in views)


def test_a_resource_exists_only_where_its_condition_holds() -> None:
    text = TABLE.replace('Table:\n', 'Table:\n    Condition: IsProd\n')
    made = template(text + '      A: !If [IsProd, !If [IsBig, 1, 2], 3]\n')
    assert [view.properties for view in made.views('Table')] == [{'A': 1}, {'A': 2}]
    assert template(text.replace('Condition: IsProd', 'Condition: Never')).views('Table') == []
    assert template(text + '      A: 1\n', {'Stage': 'test'}).views('Table') == []
    (view,) = template(text + '      A: !Ref Stage\n').views('Table')
    assert view.properties == {'A': 'prod'}


def test_too_many_views_fall_back_to_silence_quickly() -> None:
    names = [f'C{i}' for i in range(30)]
    text = json.dumps({
        'Conditions': {name: {'Fn::Equals': [{'Ref': name}, 'x']} for name in names},
        'Resources': {'A': {'Type': 'AWS::S3::Bucket', 'Properties': {
            'Known': 1, **{name: {'Fn::If': [name, 1, {'Ref': 'AWS::NoValue'}]} for name in names},
        }}},
    })
    start = time.process_time()
    (view,) = template(text).views('A')
    assert time.process_time() - start < 2
    assert view.properties['Known'] == 1
    assert all(isinstance(view.properties[name], Unknown) for name in names)
    assert not any(view.properties.absent(name) for name in names)


@pytest.mark.parametrize(('text', 'expected'), [
    ('      A: 1', ['A is 1']),
    ('      A: !If [IsProd, 1, 1]', ['A is 1']),
    ('      A: !If [IsProd, 1, 2]', ['A is 1 when IsProd is true', 'A is 2 when IsProd is false']),
    ('      A: !If [IsProd, 1, !If [IsTest, 2, 3]]', [
        'A is 1 when IsProd is true', 'A is 2 when IsTest is true',
        'A is 3 when IsProd is false and IsTest is false',
    ]),
    ('      A: !If [IsProd, 1, !If [IsBig, 1, 3]]', [
        'A is 1 when IsProd is true or IsBig is true',
        'A is 3 when IsProd is false and IsBig is false',
    ]),
    ('      A: !If [IsProd, 1, !Ref AWS::NoValue]\n      B: !If [IsBig, 2, 2]', [
        'A is 1 when IsProd is true', 'B is 2',
    ]),
    ('      A: !If [Never, 1, 2]', ['A is 2']),
    ('      !If [IsBig, !Ref AWS::NoValue, {A: 1}]', [
        'Table has nothing when IsBig is true', 'A is 1 when IsBig is false',
    ]),
])
def test_a_finding_says_when_it_holds(text: str, expected: list[str]) -> None:
    assert sorted(said(text)) == sorted(expected)


def test_what_always_holds_where_the_resource_exists_says_nothing() -> None:
    text = TABLE.replace('Table:\n', 'Table:\n    Condition: IsProd\n')
    made = template(text + '      A: !If [IsProd, 1, 2]\n      B: !If [IsBig, 1, 2]\n')
    assert sorted(found.message for found in findings(made)) == [
        'A is 1', 'B is 1 when IsBig is true', 'B is 2 when IsBig is false',
    ]


def test_views_that_can_not_be_together_do_not_agree() -> None:
    made = template(TABLE + """      A: !If [IsProd, 1, 2]
  Other:
    Type: AWS::SNS::Topic
    Condition: IsTest
  Third:
    Type: AWS::SNS::Topic
""")
    prod, rest = made.views('Table')
    (other,), (third,) = made.views('Other'), made.views('Third')
    assert [prod.agrees(view) for view in (prod, rest, other, third)] == [True, False, False, True]
    assert rest.agrees(other) and other.agrees(third)
    assert prod.agrees(template(TABLE).views('Table')[0]), 'another template'


def test_places() -> None:
    made = template(TABLE + """
      Fn::Transform: {Name: AWS::Include}
      A: !If [IsProd, {B: 1}, 2]
""")
    view = made.views('Table')[0]
    root = ('Resources', 'Table', 'Properties')
    assert view.place(()) == ('Resources', 'Table')
    assert view.place(('A', 'B')) == (*root, 'A', 'Fn::If', 1, 'B')
    assert view.place(('A', 'C', 'D')) == (*root, 'A')
    assert view.place(('Nowhere',)) == ('Resources', 'Table')
    assert view.properties.open and not view.properties.absent('Nowhere')
    assert view.attributes['Type'] == view.type == 'AWS::DynamoDB::Table'


def test_for_each_makes_resources() -> None:
    made = template("""
        Transform: AWS::LanguageExtensions
        Parameters: {Names: {Type: CommaDelimitedList, Default: 'a,b'}, Bare: {Type: String}}
        Resources:
          Fn::ForEach::Topics:
            - Name
            - !Ref Names
            - Topic${Name}:
                Type: AWS::SNS::Topic
                Properties: {TopicName: !Sub "t-${Name}", Key: !GetAtt "Key${Name}.Arn"}
              Fn::ForEach::Inner:
                - Kind
                - [x, y]
                - Queue${Name}${Kind}: {Type: 'AWS::SQS::Queue', Properties: {QueueName: '${Kind}'}}
          Fn::ForEach::Unknown: [Name, !Ref Bare, {'A${Name}': {Type: 'AWS::SNS::Topic'}}]
    """)
    assert made.types == {
        'AWS::SNS::Topic': ['Topica', 'Topicb'],
        'AWS::SQS::Queue': ['Queueax', 'Queueay', 'Queuebx', 'Queueby'],
    }
    (view,) = made.views('Topicb')
    assert view.properties == {'TopicName': 't-b', 'Key': Reference('Keyb', 'Arn')}
    assert made.views('Queueby')[0].properties == {'QueueName': 'y'}
    written = ('Resources', 'Fn::ForEach::Topics', 2, 'Topic${Name}')
    assert view.place(()) == written
    assert view.place(('TopicName',)) == (*written, 'Properties', 'TopicName')
    assert made.source.span(view.place(('TopicName',)))[:2] == (9, 29)
    found = {one.message: one.path for one in findings(made)}
    assert found["QueueName is 'y'"] == ('Resources', 'Queueay', 'Properties', 'QueueName')


@pytest.mark.parametrize(('data', 'expected'), [
    ({'AWSTemplateFormatVersion': '2010-09-09'}, True), ({'Resources': {}}, False),
    ({'Resources': {'A': {'Type': 'AWS::S3::Bucket'}}}, True),
    ({'Resources': {'A': {'Type': 'Custom::X'}}}, True),
    ({'Resources': {'A': {'Type': 'apps/v1'}}}, False), ({'Resources': {'A': {'Type': 5}}}, False),
    ({'Resources': [1]}, False), ({'Resources': {'A': 3}}, False), ([], False), (None, False),
])
def test_is_template(data: Any, expected: bool) -> None:
    assert is_template(data) is expected


NONSENSE: list[Any] = [
    None, [], {}, 'x', 5, [None], {'Ref': 'A'}, {'Fn::If': []}, {'Fn::If': ['A']},
]


@pytest.mark.parametrize('section', [
    'Parameters', 'Mappings', 'Conditions', 'Resources', 'Outputs', 'Globals', 'Metadata',
    'Transform', 'AWSTemplateFormatVersion',
])
@pytest.mark.parametrize('nonsense', NONSENSE, ids=repr)
def test_a_section_of_nonsense_is_borne(section: str, nonsense: Any) -> None:
    data = {
        'AWSTemplateFormatVersion': '2010-09-09',
        'Parameters': {'A': nonsense, 'B': {'Type': nonsense, 'Default': nonsense}},
        'Mappings': {'A': nonsense, 'B': {'C': nonsense}},
        'Conditions': {'A': nonsense, 'B': {'Fn::And': nonsense}},
        'Outputs': {'A': nonsense, 'B': {'Value': nonsense, 'Export': nonsense}},
        'Resources': {
            'A': nonsense, 'B': {'Type': nonsense},
            'C': {'Type': 'AWS::S3::Bucket', 'Properties': nonsense, 'Condition': nonsense},
            'D': {'Type': 'AWS::S3::Bucket', 'Properties': {
                'A': {'Fn::If': nonsense}, 'B': {'Fn::FindInMap': ['A', 'B', nonsense]},
                'C': {'Fn::If': ['A', nonsense, nonsense]}, 'D': {'Ref': 'B'},
                'Fn::ForEach::X': nonsense,
            }},
            'Fn::ForEach::X': nonsense,
        },
    }
    data[section] = nonsense
    made = Template(read('t.json', json.dumps(data)), {})
    assert isinstance(made.outputs, Map)
    for found in findings(made):
        assert found.span >= (0, 0, 0, 0)


# --- one template in two languages

FIXTURES = sorted(File(__file__).parent.glob('fixtures/*/fail*.yaml'))


def told(path: File) -> list[tuple[Any, ...]]:
    loaded = files.load([str(path)])
    assert not loaded.unreadable
    settings = Settings(select=('E', 'W', 'I'))
    rules = [rule for rule in registry.all_rules() if settings.enabled(rule)]
    result = engine.run(loaded.project, rules, settings.options_of)
    assert not result.crashes
    return sorted(
        (found.rule.id, found.resource, found.path, found.message) for found in result.found
    )


class _Whole(yaml.SafeDumper):
    """Without aliases: what two machines share would be one place, and told once."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


@pytest.mark.parametrize('path', FIXTURES, ids=lambda path: f'{path.parent.name}/{path.name}')
def test_json_and_yaml_are_told_the_same(path: File, tmp_path: File) -> None:
    data = read('t.yaml', path.read_text('utf-8')).data
    texts = {
        'minified/t': json.dumps(data, separators=(',', ':')),
        'indented/t': json.dumps(data, indent='\t'),
        'yaml/t': yaml.dump(data, Dumper=_Whole, sort_keys=False, allow_unicode=True),
    }
    found = []
    for name, text in texts.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, 'utf-8')
        found.append(told(tmp_path / name))
    assert found[0] == found[1] == found[2]
