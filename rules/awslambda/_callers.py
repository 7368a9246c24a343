"""What starts a function; shared by the rules of this folder, no rule itself."""
from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from thera_lint.invokers import SILENT
from thera_lint.project import Project
from thera_lint.template import Resource
from thera_lint.values import Map
from thera_lint.values import Path

# Who refers to a function at this key starts it, and this is what he is.
_KINDS = {
    ('AWS::ApiGateway::Method', 'Integration'): 'REST API',
    ('AWS::ApiGateway::RestApi', 'Body'): 'REST API',
    ('AWS::ApiGatewayV2::Api', 'Body'): 'HTTP API',
    ('AWS::ApiGatewayV2::Api', 'Target'): 'HTTP API',
    ('AWS::ApiGatewayV2::Integration', 'IntegrationUri'): 'HTTP API',
    ('AWS::ElasticLoadBalancingV2::TargetGroup', 'Targets'): 'load balancer',
    ('AWS::Events::Rule', 'Targets'): 'rule',
    ('AWS::Lambda::EventSourceMapping', 'FunctionName'): 'mapping',
    ('AWS::Lambda::Url', 'TargetFunctionArn'): 'function URL',
    ('AWS::S3::Bucket', 'NotificationConfiguration'): 'bucket',
    ('AWS::SNS::Subscription', 'Endpoint'): 'topic',
    ('AWS::SNS::Topic', 'Subscription'): 'topic',
    ('AWS::Scheduler::Schedule', 'Target'): 'schedule',
    # As CDK writes a bucket's notifications.
    ('Custom::S3BucketNotifications', 'NotificationConfiguration'): 'bucket',
}
_MACHINE = 'AWS::StepFunctions::StateMachine'
_SOURCES = {
    'AWS::DynamoDB::GlobalTable': 'DynamoDB',
    'AWS::DynamoDB::Table': 'DynamoDB',
    'AWS::Kinesis::Stream': 'Kinesis',
    'AWS::Kinesis::StreamConsumer': 'Kinesis',
    'AWS::MSK::Cluster': 'Kafka',
    'AWS::MSK::ServerlessCluster': 'Kafka',
    'AWS::SQS::Queue': 'SQS',
}
_SERVICES = {'dynamodb': 'DynamoDB', 'kafka': 'Kafka', 'kinesis': 'Kinesis', 'sqs': 'SQS'}
_SERVICE = re.compile(r'arn:[^:]*:([a-z]+):')


class Caller(NamedTuple):
    """Who starts a function: a kind from above, 'state machine', or '' for anybody else.

    `user` names the function at `path`, below its Properties.
    """

    kind: str
    user: Resource
    path: Path

    @property
    def holder(self) -> Map | None:
        """The innermost mapping that the function is named in."""
        found: Map | None = None
        node: object = self.user.properties
        for part in self.path:
            if isinstance(node, Map):
                found, node = node, node.get(str(part))
            elif isinstance(node, list) and isinstance(part, int):
                node = node[part]
            else:  # below a definition that is a string
                return None
        return found


class Source(NamedTuple):
    """What an event source mapping reads.

    `kind` is SQS, Kinesis, DynamoDB, Kafka, 'stream' for Kinesis or DynamoDB, '' for others
    and where it is unknown; `resource` is there if a document of the run declares it.
    """

    kind: str
    resource: Resource | None

    @property
    def said(self) -> str:
        """What a message calls it."""
        if self.resource is not None:
            return f'`{self.resource.logical_id}`'
        return {
            'SQS': 'a queue', 'Kafka': 'a Kafka topic', 'Kinesis': 'a Kinesis stream',
            'DynamoDB': 'a DynamoDB stream', 'stream': 'a stream',
        }.get(self.kind, 'its event source')


def callers(function: Resource, project: Project) -> Iterator[Caller]:
    """Everybody who may start a function, directly or through its alias or version."""
    for user, path in project.uses(function):
        if user.type.startswith(SILENT) or not function.agrees(user):
            continue
        kind = _KINDS.get((user.type, str(path[0])), '')
        if user.type == _MACHINE:
            if path[0] == 'DefinitionSubstitutions' and project.machine(user) is not None:
                continue  # the definition says what becomes of it
            kind = 'state machine'
        elif path[0] == 'Body' and 'x-amazon-apigateway-integration' not in path:
            kind = ''  # an authorizer
        elif kind in ('rule', 'schedule') and path[-1] != 'Arn':
            kind = ''  # what another target gets
        yield Caller(kind, user, path)


def source(mapping: Resource, project: Project) -> Source:
    """What an AWS::Lambda::EventSourceMapping reads."""
    properties = mapping.properties
    if not properties.absent('SelfManagedEventSource') or not properties.absent('Topics'):
        return Source('Kafka', None)
    if not properties.absent('Queues') or not properties.absent('DocumentDBEventSourceConfig'):
        return Source('', None)
    arn = properties.get('EventSourceArn')
    for found in project.find(arn, mapping.template, *_SOURCES):
        return Source(_SOURCES[found.type], found)
    match = _SERVICE.search(project.text(arn, mapping.template))
    if match:
        return Source(_SERVICES.get(match[1], ''), None)
    # A queue has no position, Kafka has a topic: what is left is a stream.
    return Source('' if properties.get('StartingPosition') is None else 'stream', None)


def disabled(mapping: Resource) -> bool:
    """Whether a mapping certainly hands on nothing."""
    return mapping.properties.flag('Enabled') is False


def called(mapping: Resource, project: Project) -> str:
    """What a message calls the function of a mapping."""
    name = mapping.properties.get('FunctionName')
    for function in project.find(name, mapping.template, 'AWS::Lambda::Function'):
        return f'`{function.logical_id}`'
    return f'the function of `{mapping.logical_id}`'


# Where a caller that only connects two others names the one that a person thinks of.
_BEHIND = {
    'AWS::ApiGateway::Method': 'RestApiId',
    'AWS::ApiGatewayV2::Integration': 'ApiId',
    'AWS::Lambda::EventSourceMapping': 'EventSourceArn',
    'AWS::SNS::Subscription': 'TopicArn',
    'Custom::S3BucketNotifications': 'BucketName',
}


def behind(caller: Caller, project: Project) -> Resource | None:
    """The API, queue, topic or bucket behind a caller; None where no document declares it."""
    key = _BEHIND.get(caller.user.type)
    if key is None:
        return caller.user
    found = project.find(caller.user.properties.get(key), caller.user.template)
    return found[0] if found else None


def listed(callers: list[Caller], project: Project) -> str:
    """The names of some callers, for a message: two of them, or one and how many more."""
    named = [behind(caller, project) or caller.user for caller in callers]
    # Sorted, because SAM makes them in another order than they are written in.
    names = sorted({f'`{one.logical_id}`' for one in named})
    if len(names) > 2:
        return f'{names[0]} and {len(names) - 1} others'
    return ' and '.join(names)
