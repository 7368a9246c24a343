"""What only deployments run."""
from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies

from thera_lint.invokers import only_by_deployments
from thera_lint.project import Project
from thera_lint.source import read
from thera_lint.source import Source
from thera_lint.template import Template


def no_file(template: str, path: str) -> Source:
    raise LookupError(path)


def template(resources: Any, filename: str = 't.yaml', **rest: Any) -> Template:
    return Template(read(filename, json.dumps({'Resources': resources, **rest})), {})


def resource(type: str, **properties: Any) -> dict[str, Any]:
    return {'Type': f'AWS::{type}', 'Properties': properties}


def get(logical_id: str, attribute: str = 'Arn') -> dict[str, Any]:
    return {'Fn::GetAtt': [logical_id, attribute]}


def function(*names: Any, **properties: Any) -> dict[str, Any]:
    """A function with these in its environment."""
    variables = {f'NAME{index}': name for index, name in enumerate(names)}
    return resource('Lambda::Function', Environment={'Variables': variables}, **properties)


def machine(logical_id: str) -> dict[str, Any]:
    """A machine that calls a function."""
    state = {'Type': 'Task', 'Resource': get(logical_id), 'End': True}
    return resource(
        'StepFunctions::StateMachine',
        Definition={'StartAt': 'Ask', 'States': {'Ask': state}},
    )


def custom(logical_id: str, **properties: Any) -> dict[str, Any]:
    return {'Type': 'Custom::Any', 'Properties': {'ServiceToken': get(logical_id), **properties}}


def policy(action: str, logical_id: str, role: str) -> dict[str, Any]:
    statement = {'Effect': 'Allow', 'Action': [action], 'Resource': [get(logical_id)]}
    return resource(
        'IAM::Policy', Roles=[{'Ref': role}], PolicyDocument={'Statement': [statement]},
    )


def deploying(*templates: Template) -> list[str]:
    project = Project(list(templates), [], no_file)
    types = ('AWS::Lambda::Function', 'AWS::StepFunctions::StateMachine')
    return sorted({
        one.logical_id for one in project.resources(*types) if only_by_deployments(one, project)
    })


WAITER = {
    'Custom': custom('Create'),
    'Create': function(get('Ours'), {'Ref': 'Await'}),
    'Ours': function(),
    'Await': machine('Ready'),
    'Ready': function(),
}


def test_what_a_custom_resource_waits_with() -> None:
    assert deploying(template(WAITER)) == ['Await', 'Create', 'Ours', 'Ready']


def test_what_is_no_resource() -> None:
    assert not only_by_deployments(None, Project([], [], no_file))


@pytest.mark.parametrize(('more', 'expected'), [
    ({'Any': resource('Scheduler::Schedule', Target={'Arn': {'Ref': 'Await'}})}, 'Create Ours'),
    ({'Any': resource('Events::Rule', Targets=[{'Arn': get('Ready')}])}, 'Await Create Ours'),
    ({'Any': function(get('Ours'))}, 'Await Create Ready'),
    ({'Any': machine('Ours')}, 'Await Create Ready'),
    ({'Any': resource('Lambda::Url', TargetFunctionArn=get('Ready'))}, 'Await Create Ours'),
    # Behind a custom resource it stays, whoever else calls it.
    ({'Any': resource('Lambda::Url', TargetFunctionArn=get('Create'))}, 'Await Create Ours Ready'),
    ({'Any': {
        'Type': 'Custom::S3BucketNotifications',
        'Properties': {'NotificationConfiguration': {'Lambda': get('Ready')}},
    }}, 'Await Create Ours'),
], ids=str)
def test_what_others_start_too(more: dict[str, Any], expected: str) -> None:
    assert deploying(template({**WAITER, **more})) == expected.split()


@pytest.mark.parametrize('more', [
    {'Any': resource('CloudWatch::Alarm', Dimensions=[{'Value': {'Ref': 'Ready'}}])},
    {'Any': resource('Lambda::Permission', FunctionName={'Ref': 'Ready'})},
    {'Any': {'Type': 'Custom::LogRetention', 'Properties': {
        'LogGroupName': {'Fn::Sub': '/aws/lambda/${Ready}'},
    }}},
    {'Any': policy('lambda:GetFunction', 'Ready', 'Role'),
     'Role': resource('IAM::Role'), 'Other': function(Role=get('Role'))},
], ids=str)
def test_what_only_names_a_function_does_not_start_it(more: dict[str, Any]) -> None:
    assert deploying(template({**WAITER, **more})) == ['Await', 'Create', 'Ours', 'Ready']


@pytest.mark.parametrize(('action', 'expected'), [
    ('lambda:InvokeFunction', 'Called Create'),
    ('lambda:Invoke*', 'Called Create'),
    ('*', 'Called Create'),
    ('lambda:UpdateFunctionCode', 'Create'),
])
def test_a_policy_lets_call(action: str, expected: str) -> None:
    resources = {
        'Custom': custom('Create'),
        'Create': function(Role=get('Role')),
        'Role': resource('IAM::Role'),
        'Policy': policy(action, 'Called', 'Role'),
        'Called': function(Role=get('Role')),
    }
    assert deploying(template(resources)) == expected.split()
    inline = policy(action, 'Called', 'Role')['Properties']
    resources['Role'] = resource('IAM::Role', Policies=[inline])
    del resources['Policy']
    assert deploying(template(resources)) == expected.split()
    resources['Other'] = function(Role=get('Role'))
    assert deploying(template(resources)) == ['Create']


def test_nobody_is_known_to_start_it() -> None:
    named = custom('Create', Name=get('Alone'))
    resources = {'Custom': named, 'Create': function(), 'Alone': function()}
    assert deploying(template(resources)) == ['Create']


def test_circles() -> None:
    resources = {'One': function(get('Two')), 'Two': function(get('One'))}
    assert deploying(template(resources)) == []
    both = {**resources, 'Custom': custom('One')}
    assert deploying(template(both)) == ['One', 'Two']


def test_a_macro() -> None:
    resources = {
        'Macro': resource('CloudFormation::Macro', FunctionName=get('Expand')),
        'Expand': function({'Ref': 'Help'}),
        'Help': function(),
    }
    assert deploying(template(resources)) == ['Expand', 'Help']


def test_other_views_count_too() -> None:
    schedule = resource('Scheduler::Schedule', Target={'Arn': get('Ready')})
    given = template(
        {**WAITER, 'Any': {**schedule, 'Condition': 'Often'}},
        Parameters={'How': {'Type': 'String'}},
        Conditions={'Often': {'Fn::Equals': [{'Ref': 'How'}, 'often']}},
    )
    assert deploying(given) == ['Await', 'Create', 'Ours']


def test_a_custom_resource_of_the_template_above() -> None:
    stack = resource('CloudFormation::Stack', TemplateURL='below.yaml')
    above = template({'Below': stack, 'Custom': {
        'Type': 'Custom::Any', 'Properties': {'ServiceToken': get('Below', 'Outputs.Token')},
    }}, 'above.yaml')
    resources = {key: value for key, value in WAITER.items() if key != 'Custom'}
    below = template(resources, 'below.yaml', Outputs={'Token': {'Value': get('Create')}})
    assert deploying(above, below) == ['Await', 'Create', 'Ours', 'Ready']
    assert deploying(below) == []


@given(strategies.sets(strategies.tuples(
    strategies.integers(0, 6), strategies.integers(0, 6),
)), strategies.sets(strategies.integers(0, 6)))
def test_whoever_starts_it_only_deployments_do(
        calls: set[tuple[int, int]], behind: set[int],
) -> None:
    resources = {
        **{f'F{one}': function(*[get(f'F{b}') for a, b in calls if a == one]) for one in range(7)},
        **{f'C{one}': custom(f'F{one}') for one in behind},
    }
    found = set(deploying(template(resources)))
    assert {f'F{one}' for one in behind} <= found
    for name in found - {f'F{one}' for one in behind}:
        starters = {f'F{a}' for a, b in calls if f'F{b}' == name and a != b}
        assert starters and starters <= found
