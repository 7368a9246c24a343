"""What a function's role lets it do to one resource; no rule itself."""
from __future__ import annotations

import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Any
from typing import NamedTuple

from thera_lint.project import Project
from thera_lint.template import Resource
from thera_lint.values import Map
from thera_lint.values import Seq

# SAM policy templates that write, with the parameter that names what is written to.
# https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/serverless-policy-template-list.html
_TEMPLATES = {
    'DynamoDBCrudPolicy': ('TableName', 'dynamodb:PutItem'),
    'DynamoDBWritePolicy': ('TableName', 'dynamodb:PutItem'),
    'EventBridgePutEventsPolicy': ('EventBusName', 'events:PutEvents'),
    'KinesisCrudPolicy': ('StreamName', 'kinesis:PutRecord'),
    'S3CrudPolicy': ('BucketName', 's3:PutObject'),
    'S3FullAccessPolicy': ('BucketName', 's3:PutObject'),
    'S3WritePolicy': ('BucketName', 's3:PutObject'),
    'SNSCrudPolicy': ('TopicName', 'sns:Publish'),
    'SNSPublishMessagePolicy': ('TopicName', 'sns:Publish'),
    'SQSSendMessagePolicy': ('QueueName', 'sqs:SendMessage'),
}
# Managed policies of AWS that write, with the service that they are for.
_FULL = {
    'AmazonDynamoDBFullAccess': 'dynamodb:',
    'AmazonKinesisFullAccess': 'kinesis:',
    'AmazonS3FullAccess': 's3:',
    'AmazonSNSFullAccess': 'sns:',
    'AmazonSQSFullAccess': 'sqs:',
}
_ATTACHED = ('AWS::IAM::Policy', 'AWS::IAM::ManagedPolicy', 'AWS::IAM::RolePolicy')
_UNKNOWN = re.compile(r'⟨[^⟩]*⟩')
_HOLE = '\0'


class Grant(NamedTuple):
    """That a role may write: `said` names the permission.

    `key` is how the keys of all objects begin that it may write, where it is a bucket;
    `everywhere` is true of a permission that names no resource.
    """

    said: str
    key: str = ''
    everywhere: bool = False


def grants(
        function: Resource,
        starter: Resource,
        target: Resource,
        actions: tuple[str, ...],
        project: Project,
) -> list[Grant] | None:
    """The permissions for one of `actions` on `target`; None where the role is unknown.

    Only those that there are where `starter` is, which makes `target` start the function.

    Empty where something may be denied: nobody knows then what is left.
    """
    found: list[Grant] = []
    roles = project.find(function.properties.get('Role'), function.template, 'AWS::IAM::Role')
    if not roles:
        return None
    for role in roles:
        if not (role.agrees(function) and role.agrees(starter)):
            continue
        for arn in role.properties.seq('ManagedPolicyArns') or ():
            name = arn.rpartition('/')[2] if isinstance(arn, str) else ''
            service = _FULL.get(name)
            if service and actions[0].startswith(service):
                found.append(Grant(name, everywhere=True))
        for holder, policy in _policies(role, starter, project):
            for statement in _statements(policy):
                if statement.text('Effect') != 'Allow':
                    return []
                found += _allowed(statement, holder, target, actions, project)
            found += _template(policy, holder, target, actions, project)
    return found


def _policies(
        role: Resource, starter: Resource, project: Project,
) -> Iterator[tuple[Resource, Map]]:
    """Every known policy of a role, with the resource that it is written in."""
    for _, policy in role.properties.maps('Policies'):
        yield role, policy
    attached = [
        use.user for use in project.uses(role)
        if use.user.type in _ATTACHED and use.path[0] in ('Roles', 'RoleName')
    ]
    for arn in role.properties.seq('ManagedPolicyArns') or ():
        attached += project.find(arn, role.template, 'AWS::IAM::ManagedPolicy')
    for other in dict.fromkeys(attached):
        if other.agrees(role) and other.agrees(starter):
            yield other, other.properties


def _statements(policy: Map) -> Iterator[Map]:
    document = policy.map('PolicyDocument') or Map()
    for statement in _listed(document.get('Statement')):
        if isinstance(statement, Map):
            yield statement


def _listed(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, Seq) else [value]


def _allowed(
        statement: Map,
        holder: Resource,
        target: Resource,
        actions: tuple[str, ...],
        project: Project,
) -> Iterator[Grant]:
    if not all(map(statement.absent, ('Condition', 'NotAction', 'NotResource'))):
        return
    allowed = [
        pattern for pattern in _listed(statement.get('Action')) if isinstance(pattern, str) and
        any(fnmatchcase(action.lower(), pattern.lower()) for action in actions)
    ]
    for resource in _listed(statement.get('Resource')) if allowed else ():
        if resource == '*':
            yield Grant(allowed[0], everywhere=True)
        if target not in project.find(resource, holder.template):
            continue
        text = _UNKNOWN.sub(_HOLE, project.text(resource, holder.template))
        if target.type == 'AWS::S3::Bucket':
            _, separator, key = text.partition('/')
            if separator:
                yield Grant(allowed[0], re.split(r'[*?\0]', key)[0])
        elif '/index/' not in text and '/stream/' not in text:
            yield Grant(allowed[0])


def _template(
        policy: Map, holder: Resource, target: Resource, actions: tuple[str, ...], project: Project,
) -> Iterator[Grant]:
    for name, parameters in policy.items():
        if name in _TEMPLATES and isinstance(parameters, Map):
            key, action = _TEMPLATES[name]
            found = project.find(parameters.get(key), holder.template)
            if action in actions and target in found:
                yield Grant(name)
