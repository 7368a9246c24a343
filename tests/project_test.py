"""Who refers to whom, across the resources and the documents of a run."""
from __future__ import annotations

import json
import time
from typing import Any

import pytest

from thera_lint import states
from thera_lint.project import Project
from thera_lint.source import read
from thera_lint.source import Source
from thera_lint.template import Resource
from thera_lint.template import Template
from thera_lint.values import UNKNOWN

REGION = '${AWS::Region}:${AWS::AccountId}'
FUNCTION_ARN = f'arn:${{AWS::Partition}}:lambda:{REGION}:function'


def no_file(template: str, path: str) -> Source:
    raise LookupError(path)


def template(resources: Any, filename: str = 't.yaml', **rest: Any) -> Template:
    return Template(read(filename, json.dumps({'Resources': resources, **rest})), {})


def project(*templates: Template) -> Project:
    return Project(list(templates), [], no_file)


def resource(type: str, **properties: Any) -> dict[str, Any]:
    return {'Type': f'AWS::{type}', 'Properties': properties}


def user(value: Any) -> dict[str, Any]:
    """A resource of no kind that matters, with the value in it."""
    return resource('Custom::User', Value=value)


def ids(found: list[Resource]) -> list[str]:
    return sorted(f'{one.template.filename[0]}:{one.logical_id}' for one in found)


def found(in_project: Project, *types: str) -> list[str]:
    """What the value of `User`, in whichever template, names."""
    for one in in_project.resources('AWS::Custom::User'):
        names = [f'AWS::{kind}' for kind in types]
        return ids(in_project.find(one.properties.get('Value'), one.template, *names))
    raise AssertionError('no user')


def using(in_project: Project, logical_id: str, filename: str = 't.yaml') -> list[tuple[str, str]]:
    """Who uses a resource, and where."""
    for one in in_project.resources():
        if (one.template.filename, one.logical_id) == (filename, logical_id):
            return sorted(
                (use.user.logical_id, '.'.join(map(str, use.path)))
                for use in in_project.uses(one)
            )
    raise AssertionError(logical_id)


def sub(text: str, **values: Any) -> dict[str, Any]:
    return {'Fn::Sub': [text, values] if values else text}


def get(logical_id: str, attribute: str = 'Arn') -> dict[str, Any]:
    return {'Fn::GetAtt': [logical_id, attribute]}


# --- one template

ALL = {
    'Fn': resource('Lambda::Function', FunctionName='worker'),
    'Nameless': resource('Lambda::Function'),
    'Live': resource('Lambda::Alias', FunctionName={'Ref': 'Fn'}, Name='live'),
    'Numbered': resource('Lambda::Version', FunctionName=get('Fn')),
    'Table': resource('DynamoDB::Table', TableName=sub('${AWS::StackName}-items')),
    'Bucket': resource('S3::Bucket'),
    'Logs': resource('Logs::LogGroup', LogGroupName='/custom/group'),
    'Queue': resource('SQS::Queue', QueueName='queue'),
    'Topic': resource('SNS::Topic', TopicName='topic'),
    'Stream': resource('Kinesis::Stream', Name='stream'),
    'Machine': resource('StepFunctions::StateMachine', StateMachineName='machine'),
    'MachineVersion': resource(
        'StepFunctions::StateMachineVersion', StateMachineArn={'Ref': 'Machine'},
    ),
    'MachineAlias': resource(
        'StepFunctions::StateMachineAlias', Name='live',
        DeploymentPreference={'StateMachineVersionArn': {'Ref': 'MachineVersion'}},
    ),
    'WorkGroup': resource('Athena::WorkGroup', Name='analysts'),
    'Bus': resource('Events::EventBus', Name='orders'),
    'Alarm': resource('CloudWatch::Alarm', AlarmName='late'),
    'Job': resource('Glue::Job', Name='job'),
    'Worldwide': resource('DynamoDB::GlobalTable', TableName='worldwide'),
}


@pytest.mark.parametrize(('value', 'expected'), [
    ({'Ref': 'Fn'}, 'Fn'),
    (get('Fn'), 'Fn'),
    ({'Fn::GetAtt': 'Fn.Arn'}, 'Fn'),
    (sub('${Fn.Arn}'), 'Fn'),
    (sub('${Fn}'), 'Fn'),
    ('worker', 'Fn'),
    (sub('${Name}', Name='worker'), 'Fn'),
    ('worker:$LATEST', 'Fn'),
    ('worker:7', 'Fn'),
    (sub('${Nameless}:7'), 'Nameless'),
    ('arn:aws:lambda:eu-west-1:123456789012:function:worker', 'Fn'),
    ('arn:aws:lambda:eu-west-1:123456789012:function:worker:$LATEST', 'Fn'),
    (sub(f'{FUNCTION_ARN}:worker'), 'Fn'),
    (sub(f'{FUNCTION_ARN}:worker:live'), 'Fn Live'),
    (sub(f'{FUNCTION_ARN}:${{Fn}}:live'), 'Fn Live'),
    (sub(f'{FUNCTION_ARN}:${{Nameless}}:other'), 'Nameless'),
    (sub('${Fn.Arn}:live'), 'Fn'),
    ({'Fn::Join': [':', [get('Fn'), 'live']]}, 'Fn'),
    ({'Fn::Join': ['', ['arn:aws:lambda:eu-west-1:1:function:', {'Ref': 'Nameless'}]]}, 'Nameless'),
    ('/aws/lambda/worker', 'Fn'),
    (sub('/aws/lambda/${Fn}'), 'Fn'),
    (sub('/aws/lambda/${Nameless}'), 'Nameless'),
    ({'Fn::Join': ['/', ['/aws/lambda', {'Ref': 'Nameless'}]]}, 'Nameless'),
    ('function:worker:live', 'Fn Live'),
    (sub('function:${Fn}:live'), 'Fn Live'),
    (sub('function:${Nameless}:live'), 'Nameless'),
    ({'Ref': 'Live'}, 'Fn Live'),
    ({'Ref': 'Numbered'}, 'Fn Numbered'),
    ('worker:live', 'Fn Live'),
    (sub('arn:aws:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/${Fn.Arn}/invocations'),
     'Fn'),
    (sub('arn:aws:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/${Live}/invocations'),
     'Fn Live'),
    (sub('arn:aws:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/'
         f'{FUNCTION_ARN}:worker/invocations'), 'Fn'),
    (sub('table/${Table}'), 'Table'),
    (sub('table/${Table}/index/by-day'), 'Table'),
    (sub('table/${AWS::StackName}-items'), 'Table'),
    ('table/worldwide', 'Worldwide'),
    ({'Fn::Join': ['/', ['table', {'Ref': 'Table'}]]}, 'Table'),
    (sub(f'arn:aws:dynamodb:{REGION}:table/${{Table}}/index/*'), 'Table'),
    (get('Table', 'StreamArn'), 'Table'),
    ({'Ref': 'Bucket'}, 'Bucket'),
    (sub('s3://${Bucket}/results/'), 'Bucket'),
    ({'Fn::Join': ['', ['s3://', {'Ref': 'Bucket'}, '/results/']]}, 'Bucket'),
    (sub('arn:aws:s3:::${Bucket}/*'), 'Bucket'),
    (sub('${Bucket.Arn}/*'), 'Bucket'),
    (get('Logs'), 'Logs'),
    ('/custom/group', 'Logs'),
    (sub(f'arn:aws:logs:{REGION}:log-group:/custom/group:*'), 'Logs'),
    (sub(f'arn:aws:logs:{REGION}:log-group:/custom/group:log-stream:a/b'), 'Logs'),
    (sub(f'arn:aws:logs:{REGION}:log-group:${{Logs}}:*'), 'Logs'),
    (get('Queue'), 'Queue'),
    (sub(f'arn:aws:sqs:{REGION}:queue'), 'Queue'),
    (sub(f'arn:aws:sqs:{REGION}:${{Queue.QueueName}}'), 'Queue'),
    ({'Ref': 'Topic'}, 'Topic'),
    (sub(f'arn:aws:sns:{REGION}:${{Topic.TopicName}}'), 'Topic'),
    (sub(f'arn:aws:kinesis:{REGION}:stream/stream'), 'Stream'),
    ({'Ref': 'Machine'}, 'Machine'),
    (get('Machine'), 'Machine'),
    (sub(f'arn:aws:states:{REGION}:stateMachine:machine'), 'Machine'),
    (sub(f'arn:aws:states:{REGION}:stateMachine:${{Machine.Name}}'), 'Machine'),
    (sub('${Machine}:live'), 'Machine'),
    ({'Ref': 'MachineAlias'}, 'Machine MachineAlias MachineVersion'),
    ('analysts', 'WorkGroup'),
    (sub(f'arn:aws:athena:{REGION}:workgroup/analysts'), 'WorkGroup'),
    (sub(f'arn:aws:events:{REGION}:event-bus/orders'), 'Bus'),
    (sub(f'arn:aws:cloudwatch:{REGION}:alarm:late'), 'Alarm'),
    (sub(f'arn:aws:glue:{REGION}:job/job'), 'Job'),
], ids=str)
def test_find(value: Any, expected: str) -> None:
    assert found(project(template({**ALL, 'User': user(value)}))) == [
        f't:{logical_id}' for logical_id in expected.split()
    ]


@pytest.mark.parametrize('value', [
    None, 5, True, '', 'nobody', [], {}, ['worker'], {'a': 'worker'},
    {'Ref': 'Undeclared'}, get('Undeclared'), sub('${Undeclared}-x'), {'Ref': 'Stage'},
    {'Fn::ImportValue': 'nowhere'}, {'Ref': 'AWS::Region'}, {'Fn::Base64': 'worker'},
    'arn:aws:lambda:eu-west-1:123456789012:function:nobody',
    'arn:aws:lambda:eu-west-1:123456789012:layer:worker', 'arn:aws:sns:eu-west-1:1:worker',
    '/aws/lambda/', '/aws/lambda/worker2', 'function:', 'table/worker', 's3://', 's3://worker/a',
    sub('worker-${Stage}'), 'WORKER', 'lambda:InvokeFunction', 'worker:other', 'arn:', '⟨0/Fn⟩x',
    '⟨7/Fn.Arn⟩',
], ids=str)
def test_find_nothing(value: Any) -> None:
    parameters = {'Stage': {'Type': 'String'}}
    assert found(project(template({**ALL, 'User': user(value)}, Parameters=parameters))) == []


def test_find_only_some_types() -> None:
    one = project(template({**ALL, 'User': user({'Ref': 'Live'})}))
    assert found(one, 'Lambda::Function') == ['t:Fn']
    assert found(one, 'Lambda::Function', 'Lambda::Alias') == ['t:Fn', 't:Live']
    assert found(one, 'S3::Bucket') == []


@pytest.mark.parametrize('name', [
    {'Fn::Select': [0, {'Ref': 'Stages'}]},
    {'Fn::Sub': ['x-${A}', {'A': {'Fn::Base64': 'x'}}]},
])
def test_unknown_names_are_not_equal(name: Any) -> None:
    one = project(template({
        'A': resource('S3::Bucket', BucketName=name),
        'B': resource('S3::Bucket', BucketName=name),
        'User': user(sub('s3://${A}/x')),
        'Other': user(name),
    }, Parameters={'Stages': {'Type': 'CommaDelimitedList'}}))
    assert found(one) == ['t:A']
    assert using(one, 'A') == [('User', 'Value')]
    assert using(one, 'B') == []


def test_views_are_found_together_by_ref_and_apart_by_name() -> None:
    resources = {
        'Fn': resource('Lambda::Function', FunctionName={'Fn::If': ['IsProd', 'prod', 'dev']}),
    }
    rest: dict[str, Any] = {
        'Conditions': {'IsProd': {'Fn::Equals': [{'Ref': 'Stage'}, 'prod']}},
        'Parameters': {'Stage': {'Type': 'String'}},
    }
    value: Any
    for value in ({'Ref': 'Fn'}, get('Fn'), sub('/aws/lambda/${Fn}'), sub('function:${Fn}:live')):
        assert found(project(template({**resources, 'User': user(value)}, **rest))) == ['t:Fn'] * 2
    for value in ('prod', '/aws/lambda/dev'):
        assert found(project(template({**resources, 'User': user(value)}, **rest))) == ['t:Fn']


# --- several templates


def test_same_logical_ids_are_not_mixed_up() -> None:
    """Neither by Ref, nor by names built alike from parameters of the same name."""
    def one(filename: str, value: Any) -> Template:
        return template(
            {
                'Fn': resource('Lambda::Function'),
                'Table': resource('DynamoDB::Table', TableName=sub('${Stage}-items')),
                'Logs': resource('Logs::LogGroup', LogGroupName=sub('/aws/lambda/${Fn}')),
                'Target': user(value),
            }, filename, Parameters={'Stage': {'Type': 'String'}},
        )

    for value, logical_id in (
        ({'Ref': 'Fn'}, 'Fn'), (get('Fn'), 'Fn'), (sub('function:${Fn}:live'), 'Fn'),
        (sub('${Fn.Arn}:live'), 'Fn'), (sub('table/${Table}'), 'Table'),
        (sub('table/${Stage}-items'), 'Table'),
    ):
        both = project(one('a.yaml', value), one('b.yaml', value))
        for filename in ('a.yaml', 'b.yaml'):
            assert ('Target', 'Value') in using(both, logical_id, filename)
            assert len(using(both, 'Fn', filename)) == 1 + (logical_id == 'Fn')


def test_names_join_templates() -> None:
    functions = template({
        'Fn': resource('Lambda::Function', FunctionName=sub('${Stage}-worker')),
        'Plain': resource('Lambda::Function', FunctionName='plain'),
    }, 'a.yaml', Parameters={'Stage': {'Type': 'String'}})
    for value, expected in (
        (sub('/aws/lambda/${Stage}-worker'), ['a:Fn']),
        ({'Fn::Join': ['', ['/aws/lambda/', {'Ref': 'Stage'}, '-worker']]}, ['a:Fn']),
        (sub('/aws/lambda/${Other}-worker'), []),
        ('/aws/lambda/plain', ['a:Plain']),
    ):
        logs = template({
            'Logs': resource('Logs::LogGroup', LogGroupName=value), 'User': user(value),
        }, 'b.yaml', Parameters={'Stage': {'Type': 'String'}, 'Other': {'Type': 'String'}})
        assert found(project(functions, logs), 'Lambda::Function') == expected
        # Its name is also the log group's, and that is not the function's.
        assert 'b:Logs' in found(project(functions, logs))
        if expected:
            assert ('Logs', 'LogGroupName') in using(
                project(functions, logs), expected[0][2:], 'a.yaml',
            )


def test_a_stack_name_is_equal_within_its_template_only() -> None:
    name = sub('${AWS::StackName}-worker')
    resources = {'Fn': resource('Lambda::Function', FunctionName=name)}
    assert found(project(template({**resources, 'User': user(name)}))) == ['t:Fn']
    assert found(project(template(resources), template({'User': user(name)}, 'b.yaml'))) == []
    # Two stacks may be given one region.
    name = sub('${AWS::Region}-worker')
    resources = {'Fn': resource('Lambda::Function', FunctionName=name)}
    assert found(project(template(resources), template({'User': user(name)}, 'b.yaml'))) == ['t:Fn']


def exporting(value: Any, name: Any = 'shared', filename: str = 'a.yaml') -> Template:
    return template(
        {'Fn': resource('Lambda::Function'), 'Bucket': resource('S3::Bucket')}, filename,
        Outputs={'Shared': {'Value': value, 'Export': {'Name': name}}, 'Odd': 5, 'None': None},
    )


@pytest.mark.parametrize(('value', 'used', 'expected'), [
    (get('Fn'), {'Fn::ImportValue': 'shared'}, ['a:Fn']),
    ({'Ref': 'Fn'}, {'Fn::ImportValue': 'shared'}, ['a:Fn']),
    (sub('${Fn}'), sub('/aws/lambda/${Name}', Name={'Fn::ImportValue': 'shared'}), ['a:Fn']),
    ({'Ref': 'Bucket'}, sub('s3://${Name}/x', Name={'Fn::ImportValue': 'shared'}), ['a:Bucket']),
    (get('Bucket'), sub('${Arn}/*', Arn={'Fn::ImportValue': 'shared'}), ['a:Bucket']),
    (get('Fn'), {'Fn::ImportValue': 'other'}, []),
], ids=str)
def test_import(value: Any, used: Any, expected: list[str]) -> None:
    user_of = template({'Fn': resource('Lambda::Function'), 'User': user(used)}, 'b.yaml')
    for both in ([exporting(value), user_of], [user_of, exporting(value)]):
        assert found(project(*both)) == expected
    if expected:
        assert using(project(*both), expected[0][2:], 'a.yaml') == [('User', 'Value')]


def test_import_by_a_built_name() -> None:
    exported = exporting(get('Fn'), sub('${AWS::Region}-worker'))
    used = template({'User': user({'Fn::ImportValue': sub('${AWS::Region}-worker')})}, 'b.yaml')
    assert found(project(exported, used)) == ['a:Fn']
    used = template({'User': user({'Fn::ImportValue': sub('${AWS::StackName}-worker')})}, 'b.yaml')
    assert found(project(exported, used)) == []


def test_imports_of_the_same_unknown_are_equal() -> None:
    name = sub('${Prefix}-items', Prefix={'Fn::ImportValue': 'aws:prefix'})
    owner = template({'Table': resource('DynamoDB::Table', TableName=name)}, 'a.yaml')
    arn = sub(f'arn:aws:dynamodb:{REGION}:table/${{Prefix}}-items/index/x',
              Prefix={'Fn::ImportValue': 'aws:prefix'})
    assert found(project(owner, template({'User': user(arn)}, 'b.yaml'))) == ['a:Table']


# --- nested stacks


def nesting(url: str = './below/child.yaml', **parameters: Any) -> Template:
    return template({
        'Child': resource('CloudFormation::Stack', TemplateURL=url, Parameters=parameters),
        'Fn': resource('Lambda::Function', FunctionName='worker'),
        'Bucket': resource('S3::Bucket'),
    }, 'parent.yaml')


def child(value: Any, **rest: Any) -> Template:
    return template(
        {'Fn': resource('Lambda::Function'), 'User': user(value)}, 'below/child.yaml',
        Parameters={'Given': {'Type': 'String'}}, **rest,
    )


@pytest.mark.parametrize(('given', 'used', 'expected'), [
    (get('Fn'), {'Ref': 'Given'}, ['p:Fn']),
    ({'Ref': 'Fn'}, sub('/aws/lambda/${Given}'), ['p:Fn']),
    ('worker', {'Ref': 'Given'}, ['p:Fn']),
    (get('Fn'), sub('${Given}:live'), ['p:Fn']),
    ({'Ref': 'Bucket'}, sub('s3://${Given}/x'), ['p:Bucket']),
], ids=str)
def test_a_parameter_handed_down(given: Any, used: Any, expected: list[str]) -> None:
    assert found(project(nesting(Given=given), child(used))) == expected
    assert found(project(nesting('s3://bucket/child.yaml', Given=given), child(used))) == []
    assert found(project(nesting('other.yaml', Given=given), child(used))) == []


def test_parameters_of_two_parents() -> None:
    parent = template({
        'One': resource('CloudFormation::Stack', TemplateURL='below/child.yaml',
                        Parameters={'Given': {'Ref': 'A'}}),
        'Two': resource('CloudFormation::Stack', TemplateURL='below/child.yaml',
                        Parameters={'Given': {'Ref': 'B'}}),
        'A': resource('S3::Bucket', BucketName='a'),
        'B': resource('S3::Bucket', BucketName='b'),
    }, 'parent.yaml')
    assert found(project(parent, child({'Ref': 'Given'}))) == ['p:A', 'p:B']
    both = project(parent, child(sub('s3://${Given}/x')))
    assert found(both) == []


def test_outputs_of_a_nested_stack() -> None:
    inner = child('x', Outputs={'Name': {'Value': {'Ref': 'Fn'}}, 'Arn': {'Value': get('Fn')}})
    for value in (get('Child', 'Outputs.Name'), get('Child', 'Outputs.Arn'),
                  sub('/aws/lambda/${Child.Outputs.Name}'), sub('${Child.Outputs.Arn}:live')):
        parent = template({
            'Child': resource('CloudFormation::Stack', TemplateURL='below/child.yaml'),
            'Asks': user(value),
        }, 'parent.yaml')
        assert ('Asks', 'Value') in using(project(parent, inner), 'Fn', 'below/child.yaml')
    unknown = template({
        'Child': resource('CloudFormation::Stack', TemplateURL='https://x/child.yaml'),
        'User': user(get('Child', 'Outputs.Name')),
    }, 'parent.yaml')
    assert found(project(unknown)) == ['p:Child']


def of_cdk(path: str | None, url: Any) -> Template:
    stack = resource('CloudFormation::Stack', TemplateURL=url, Parameters={'Given': get('Fn')})
    if path is not None:
        stack['Metadata'] = {'aws:asset:path': path}
    return template({'Child': stack, 'Fn': resource('Lambda::Function')}, 'parent.yaml')


IN_S3 = {'Fn::Join': ['', ['https://s3.', {'Ref': 'AWS::URLSuffix'}, '/assets/3f.json']]}


@pytest.mark.parametrize(('path', 'url', 'expected'), [
    ('below/child.yaml', IN_S3, ['p:Fn']),
    ('./below/child.yaml', 'https://s3.amazonaws.com/assets/other.json', ['p:Fn']),
    ('below/child.yaml', {'Ref': 'Url'}, ['p:Fn']),
    ('other.yaml', IN_S3, []),
    ('other.yaml', 'below/child.yaml', ['p:Fn']),
    (None, IN_S3, ['p:Fn']),
    (None, 'https://s3.amazonaws.com/assets/3f.json', ['p:Fn']),
    (None, 'https://s3.amazonaws.com/assets/4a.json', []),
    (None, {'Fn::Sub': 'https://s3.amazonaws.com/assets/3f.json${Suffix}'}, []),
    (None, {'Ref': 'Url'}, []),
], ids=str)
def test_a_nested_stack_of_cdk(path: str | None, url: Any, expected: list[str]) -> None:
    templates = [of_cdk(path, url), child({'Ref': 'Given'})]
    uploaded = {'3f.json': 'below/child.yaml'}
    one = Project(templates, [], no_file, assets={'parent.yaml': uploaded}.__getitem__)
    assert found(one) == expected


def test_tags_come_from_the_stacks_above_else_from_the_deployment() -> None:
    tags = {'parent.yaml': {'Team': 'data'}, 'below/child.yaml': {'Guess': 'x'}}

    def tags_below(parent: Template) -> Any:
        below = child('x')
        return Project([parent, below], [], no_file, tags.__getitem__).stack_tags(below)

    assert tags_below(of_cdk('below/child.yaml', IN_S3)) == {'Team': 'data'}
    assert tags_below(of_cdk(None, IN_S3)) == {'Guess': 'x'}


# --- who uses what


def test_uses_of_a_function() -> None:
    arn = get('Fn')
    definition = {'StartAt': 'Direct', 'States': {
        'Direct': {'Type': 'Task', 'Resource': arn, 'Next': 'worker'},
        'worker': {
            'Type': 'Task',
            'Resource': 'arn:aws:states:::lambda:invoke',
            'Parameters': {'FunctionName': {'Ref': 'Fn'}},
            'End': True,
        },
    }}
    one = project(template({
        'Fn': resource('Lambda::Function', FunctionName='worker'),
        'Namesake': resource('DynamoDB::Table', TableName='worker'),
        'Alias': resource('Lambda::Alias', FunctionName={'Ref': 'Fn'}, Name='live'),
        'Api': resource('ApiGateway::Method', Integration={'Uri': sub(
            'arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/${Fn.Arn}/invocations',
        )}),
        'HttpApi': resource('ApiGatewayV2::Integration', IntegrationUri=arn),
        'Logs': resource('Logs::LogGroup', LogGroupName=sub('/aws/lambda/${Fn}')),
        'Mapping': resource('Lambda::EventSourceMapping', FunctionName='worker'),
        'Notified': resource('S3::Bucket', NotificationConfiguration={
            'LambdaConfigurations': [{'Event': 's3:*', 'Function': arn}],
        }),
        'Permission': resource('Lambda::Permission', FunctionName=arn),
        'Pipe': resource('Pipes::Pipe', Target=arn, Enrichment=arn),
        'Rule': resource('Events::Rule', Targets=[{'Id': 'a', 'Arn': arn}]),
        'Schedule': resource('Scheduler::Schedule', Target={'Arn': arn}),
        'Subscription': resource('SNS::Subscription', Endpoint=arn),
        'Viewer': resource('Events::Rule', Targets=[{'Id': 'a', 'Arn': {'Ref': 'Alias'}}]),
        'Machine': resource('StepFunctions::StateMachine', Definition=definition),
        'Escaped': resource('StepFunctions::StateMachine', DefinitionString=sub(
            '{"StartAt": "A", "States": {"A": {"Type": "Task", "Resource": "${Fn.Arn}"}}}',
        )),
    }))
    assert using(one, 'Fn') == [
        ('Alias', 'FunctionName'),
        ('Api', 'Integration.Uri'),
        ('Escaped', 'DefinitionString.States.A.Resource'),
        ('HttpApi', 'IntegrationUri'),
        ('Logs', 'LogGroupName'),
        ('Machine', 'Definition.States.Direct.Resource'),
        ('Machine', 'Definition.States.worker.Parameters.FunctionName'),
        ('Mapping', 'FunctionName'),
        ('Notified', 'NotificationConfiguration.LambdaConfigurations.0.Function'),
        ('Permission', 'FunctionName'),
        ('Pipe', 'Enrichment'),
        ('Pipe', 'Target'),
        ('Rule', 'Targets.0.Arn'),
        ('Schedule', 'Target.Arn'),
        ('Subscription', 'Endpoint'),
        ('Viewer', 'Targets.0.Arn'),
    ]
    assert using(one, 'Alias') == [('Viewer', 'Targets.0.Arn')]


def test_uses_of_a_machine() -> None:
    start = {
        'Type': 'Task',
        'Resource': 'arn:aws:states:::states:startExecution.sync:2',
        'Parameters': {'StateMachineArn': {'Ref': 'Machine'}},
    }
    one = project(template({
        'Machine': resource('StepFunctions::StateMachine'),
        'Above': resource(
            'StepFunctions::StateMachine', Definition={'StartAt': 'A', 'States': {'A': start}},
        ),
        'Rule': resource('Events::Rule', Targets=[{'Arn': get('Machine')}]),
        'Api': resource('ApiGateway::Method', Integration={'RequestTemplates': {
            'application/json': sub('{"stateMachineArn": "${Machine}"}'),
        }}),
    }))
    assert using(one, 'Machine') == [
        ('Above', 'Definition.States.A.Parameters.StateMachineArn'),
        ('Api', 'Integration.RequestTemplates.application/json'),
        ('Rule', 'Targets.0.Arn'),
    ]


def test_task_targets_are_found() -> None:
    definition = {'StartAt': 'A', 'States': {
        name: {'Type': 'Task', 'Resource': written, 'Parameters': parameters}
        for name, written, parameters in (
            ('A', '${FunctionArn}', {}),
            ('B', 'arn:aws:states:::lambda:invoke', {'FunctionName': '${FunctionArn}:$LATEST'}),
            ('C', 'arn:aws:states:::lambda:invoke', {'FunctionName': 'worker'}),
            ('D', sub(f'{FUNCTION_ARN}:${{Fn}}'), {}),
            ('E', 'arn:aws:states:::states:startExecution', {'StateMachineArn': '${MachineArn}'}),
        )
    }}
    one = project(template({
        'Fn': resource('Lambda::Function', FunctionName='worker'),
        'Other': resource('StepFunctions::StateMachine'),
        'Machine': resource(
            'StepFunctions::StateMachine', Definition=definition,
            DefinitionSubstitutions={'FunctionArn': get('Fn'), 'MachineArn': {'Ref': 'Other'}},
        ),
    }))
    [view] = one.templates[0].views('Machine')
    machine = one.machine(view)
    assert machine is not None
    targets = {
        state.name: ids(one.find(state.task.target, view.template))
        for state in machine.states() if state.task is not None
    }
    assert targets == {
        'A': ['t:Fn'], 'B': ['t:Fn'], 'C': ['t:Fn'], 'D': ['t:Fn'], 'E': ['t:Other'],
    }


def test_uses_by_places_of_all_kinds() -> None:
    one = project(template({
        'Bucket': resource('S3::Bucket'),
        'Logging': resource('S3::Bucket', LoggingConfiguration={
            'DestinationBucketName': {'Ref': 'Bucket'},
        }),
        'WorkGroup': resource('Athena::WorkGroup', Name='w', WorkGroupConfiguration={
            'ResultConfiguration': {'OutputLocation': sub('s3://${Bucket}/results/')},
        }),
        'Query': resource('Athena::NamedQuery', WorkGroup={'Ref': 'WorkGroup'}),
        'Policy': resource('S3::BucketPolicy', Bucket={'Ref': 'Bucket'}),
        'Table': resource('DynamoDB::Table'),
        'Scaled': resource(
            'ApplicationAutoScaling::ScalableTarget', ResourceId=sub('table/${Table}'),
        ),
        'Fn': resource('Lambda::Function', FunctionName='worker'),
        'Live': resource('Lambda::Alias', FunctionName=get('Fn'), Name='live'),
        'Warm': resource(
            'ApplicationAutoScaling::ScalableTarget', ResourceId=sub('function:${Fn}:live'),
        ),
        'ScalingPolicy': resource(
            'ApplicationAutoScaling::ScalingPolicy', ScalingTargetId={'Ref': 'Scaled'},
        ),
        'Queue': resource('SQS::Queue'),
        'Mapping': resource('Lambda::EventSourceMapping', EventSourceArn=get('Queue')),
        'FromStream': resource(
            'Lambda::EventSourceMapping', EventSourceArn=get('Table', 'StreamArn'),
        ),
        'Pipe': resource('Pipes::Pipe', Source=get('Queue'), Target=get('Bus')),
        'Bus': resource('Events::EventBus', Name='bus'),
        'Self': resource('SQS::Queue', RedrivePolicy={'deadLetterTargetArn': get('Self')}),
    }))
    place = 'WorkGroupConfiguration.ResultConfiguration.OutputLocation'
    assert using(one, 'Bucket') == [
        ('Logging', 'LoggingConfiguration.DestinationBucketName'), ('Policy', 'Bucket'),
        ('WorkGroup', place),
    ]
    assert using(one, 'WorkGroup') == [('Query', 'WorkGroup')]
    assert using(one, 'Table') == [('FromStream', 'EventSourceArn'), ('Scaled', 'ResourceId')]
    assert using(one, 'Live') == [('Warm', 'ResourceId')]
    assert using(one, 'Fn') == [('Live', 'FunctionName'), ('Warm', 'ResourceId')]
    assert using(one, 'Scaled') == [('ScalingPolicy', 'ScalingTargetId')]
    assert using(one, 'Queue') == [('Mapping', 'EventSourceArn'), ('Pipe', 'Source')]
    assert using(one, 'Bus') == [('Pipe', 'Target')]
    assert using(one, 'Self') == []


def test_uses_of_what_sam_makes() -> None:
    event = {'Type': 'Schedule', 'Properties': {'Schedule': 'rate(1 hour)'}}
    from_queue = {'Type': 'SQS', 'Properties': {'Queue': get('Queue')}}
    function = {
        'Runtime': 'python3.13', 'Handler': 'a.b', 'InlineCode': 'x',
        'Events': {'Hourly': event, 'Queued': from_queue},
    }
    one = project(template({
        'Fn': {'Type': 'AWS::Serverless::Function', 'Properties': function},
        'Aliased': {'Type': 'AWS::Serverless::Function', 'Properties': {
            **function, 'AutoPublishAlias': 'live',
        }},
        'Queue': resource('SQS::Queue'),
        'Logs': resource('Logs::LogGroup', LogGroupName=sub('/aws/lambda/${Fn}')),
    }, Transform='AWS::Serverless-2016-10-31'))
    assert {'FnHourly', 'FnQueued', 'Logs'} <= {name for name, _ in using(one, 'Fn')}
    assert {'AliasedHourly', 'AliasedQueued', 'AliasedAliaslive'} <= {
        name for name, _ in using(one, 'Aliased')
    }
    assert {'FnQueued', 'AliasedQueued'} <= {name for name, _ in using(one, 'Queue')}


# --- names


def test_names_and_texts() -> None:
    one = template({
        **ALL,
        'Number': resource('SSM::Parameter', Name=5),
    })
    both = project(one, template({}, 'b.yaml'))
    views = {name: one.views(name)[0] for name in one.declared}
    assert both.name(views['Fn']) == 'worker'
    assert both.name(views['Live']) == 'worker:live'
    assert both.name(views['Number']) == '5'
    assert both.name(views['Nameless']) == both.text(one.resolver.ref('Nameless'), one)
    resolve = one.resolver.resolve
    assert both.text(resolve({'Ref': 'Machine'}, ()), one) == both.text(
        resolve(get('Machine'), ()), one,
    )
    assert both.text(resolve(sub('a-${Fn}-b'), ()), one) == 'a-worker-b'
    assert both.text(5, one) == '5'
    assert both.text(UNKNOWN, one) == '⟨?⟩'
    foreign = both.templates[1]
    assert both.text(one.resolver.ref('X'), one) != both.text(one.resolver.ref('X'), foreign)
    assert both.text(one.resolver.ref('AWS::Region'), one) == both.text(
        one.resolver.ref('AWS::Region'), foreign,
    )


@pytest.mark.parametrize('resources', [
    {'A': resource('S3::Bucket', BucketName={'Ref': 'A'})},
    {'A': resource('S3::Bucket', BucketName={'Ref': 'B'}),
     'B': resource('S3::Bucket', BucketName=sub('${A}-x'))},
    {'A': resource('Lambda::Alias', Name={'Ref': 'A'}, FunctionName={'Ref': 'A'})},
    {'A': resource('Lambda::Version', FunctionName={'Ref': 'B'}),
     'B': resource('Lambda::Alias', FunctionName={'Ref': 'A'})},
    {'A': resource('CloudFormation::Stack', TemplateURL='b.yaml', Parameters={'P': {'Ref': 'P'}})},
    {'A': resource('CloudFormation::Stack', TemplateURL='a.yaml', Parameters={
        'P': get('A', 'Outputs.O'),
    })},
    {'A': user({'Fn::ImportValue': 'x'})},
    {'A': user({'Fn::ImportValue': {'Fn::ImportValue': 'x'}})},
    {'A': user({'Fn::ImportValue': {'Ref': 'Stages'}})},
], ids=str)
def test_circles_end(resources: Any) -> None:
    """Two stacks nest each other, and import from each other what they export."""
    circles = [
        template(
            resources | {'C': resource(
                'CloudFormation::Stack', TemplateURL=other, Parameters={'P': {'Ref': 'P'}},
            )},
            filename,
            Parameters={'P': {'Type': 'String'}, 'Stages': {'Type': 'CommaDelimitedList'}},
            Outputs={
                'O': {'Value': {'Fn::ImportValue': 'x'}, 'Export': {'Name': 'x'}},
                'Q': {'Value': get('C', 'Outputs.Q'), 'Export': {'Name': {'Fn::ImportValue': 'x'}}},
                'R': {'Value': {'Ref': 'P'}, 'Export': {'Name': {'Ref': 'P'}}},
            },
        )
        for filename, other in (('a.yaml', 'b.yaml'), ('b.yaml', 'a.yaml'))
    ]
    both = project(*circles)
    for one in both.resources():
        both.name(one)
        both.uses(one)
        for value in one.properties.values():
            both.text(value, one.template)
            both.find(value, one.template)


def test_machines_by_view() -> None:
    choice = {'Fn::If': ['IsProd', 'StartAt', 'Other']}
    one = project(template(
        {'Machine': resource('StepFunctions::StateMachine', Definition={
            'StartAt': choice, 'States': {},
        })},
        Conditions={'IsProd': {'Fn::Equals': [{'Ref': 'Stage'}, 'prod']}},
        Parameters={'Stage': {'Type': 'String'}},
    ))
    views = list(one.resources(states.MACHINE))
    machines = [one.machine(view) for view in views]
    assert [machine and machine.top.start for machine in machines] == ['StartAt', 'Other']
    assert one.machine(views[0]) is machines[0]


# --- speed


def seconds(count: int) -> float:
    resources = {
        f'R{i}': resource(
            'Lambda::Function', FunctionName=sub(f'${{AWS::StackName}}-{i}'),
            Environment={'Variables': {'NEXT': {'Ref': f'R{i + 1}'}, 'ARN': get(f'R{i - 1}')}},
            Description=f'arn:aws:lambda:eu-west-1:123456789012:function:f{i}',
        )
        for i in range(count)
    }
    one = project(template(resources), *(template({}, f'{i}.yaml') for i in range(200)))
    started = time.process_time()
    for each in one.resources():
        assert len(one.uses(each)) <= 2
    return time.process_time() - started


def test_references_take_time_in_proportion() -> None:
    # Quadratic would be 10 times the time of a tenth, times 10; the margin is for noise.
    assert seconds(5000) < 4 * 10 * max(seconds(500), 0.005)
