from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from thera_lint.project import Project
from thera_lint.rule import Finding
from thera_lint.rule import Options
from thera_lint.rule import ResourceRule
from thera_lint.rules.awslambda import _callers
from thera_lint.rules.awslambda import _grants
from thera_lint.template import Resource
from thera_lint.values import Map

# What makes each of them start a function. Deletions end by themselves.
_WRITES = {
    'AWS::DynamoDB::GlobalTable': ('dynamodb:PutItem', 'dynamodb:UpdateItem'),
    'AWS::DynamoDB::Table': ('dynamodb:PutItem', 'dynamodb:UpdateItem'),
    'AWS::Events::EventBus': ('events:PutEvents',),
    'AWS::Kinesis::Stream': ('kinesis:PutRecord', 'kinesis:PutRecords'),
    'AWS::S3::Bucket': ('s3:PutObject',),
    'AWS::SNS::Topic': ('sns:Publish',),
    'AWS::SQS::Queue': ('sqs:SendMessage',),
}
# What arrives there, for the message.
_ARRIVES = {
    'AWS::DynamoDB::GlobalTable': 'changed item',
    'AWS::DynamoDB::Table': 'changed item',
    'AWS::Events::EventBus': 'event',
    'AWS::Kinesis::Stream': 'record',
    'AWS::S3::Bucket': 'object',
    'AWS::SNS::Topic': 'message',
    'AWS::SQS::Queue': 'message',
}
# https://docs.aws.amazon.com/lambda/latest/dg/invocation-recursion.html
_DETECTED = ('AWS::S3::Bucket', 'AWS::SNS::Topic', 'AWS::SQS::Queue')
_CALLS_UNTIL_DETECTED = 16

_CREATED = ('s3:ObjectCreated:*', 's3:ObjectCreated:Put')
# A variable of such a name says where a function writes to.
_OUTPUT = re.compile(r'(?i)(^|_)(dest|destination|out|output|publish|sink|target|write)(_|$)')


class SelfTriggeringFunction(ResourceRule):
    """A function may write to what starts it, so that it starts itself.

    ## Why it costs

    A function that is called for every object in a bucket and puts one there is called for that
    one too, and so on. Each event then costs not one call but a chain of them, and the writes
    with it. Lambda detects such a chain through S3, SQS and SNS and stops it after about 16
    calls, if the function uses a current SDK; it does not detect one through DynamoDB, Kinesis
    or EventBridge, and none at all where RecursiveLoop is Allow. Then it goes on until somebody
    sees the bill.

    ## When it is right

    Where the code makes sure that it ends: it writes only what it does not react to, or counts.
    Say it in the template, so that nobody has to trust the code: a prefix for the notification
    and another one in the policy, FilterCriteria on the mapping, a policy that only reads. All of
    these make this rule silent. A permission that names no resource ("*") counts only where the
    environment names the resource.

    A function that sends work back to its own queue, to look again later, needs RecursiveLoop:
    Allow to get beyond 16 calls, and pays for each of them; a Wait state in a state machine waits
    for nothing.

    ## References

    - https://docs.aws.amazon.com/lambda/latest/dg/invocation-recursion.html
    - https://docs.aws.amazon.com/lambda/latest/dg/with-s3.html
    - https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-how-to-filtering.html
    """

    id = 'WC1008'
    resources = ('AWS::Lambda::Function',)
    remedy = 'write to another place, filter what starts the function, or let its role only read'

    def check(self, resource: Resource, project: Project, options: Options) -> Iterator[Finding]:
        is_allowed = (resource.properties.text('RecursiveLoop') or '').lower() == 'allow'
        if is_allowed:
            yield Finding(
                ('RecursiveLoop',),
                f'`{resource.logical_id}` may start itself for ever: RecursiveLoop Allow switches '
                f'off what stops such a loop after about {_CALLS_UNTIL_DETECTED} paid calls',
            )
        said = set()
        for caller in _callers.callers(resource, project):
            for trigger in _triggers(caller, project):
                way = _way_back(resource, caller.user, trigger, project)
                if way and trigger.resource.logical_id not in said:
                    said.add(trigger.resource.logical_id)
                    # Through EventBridge, nothing is detected.
                    is_stopped = trigger.resource.type in _DETECTED and caller.kind != 'rule'
                    yield Finding((), _sentence(
                        resource, trigger.resource, way,
                        'which nothing stops' if is_allowed else
                        f'which Lambda stops after about {_CALLS_UNTIL_DETECTED}' if is_stopped
                        else 'which Lambda does not detect',
                    ))


class _Trigger(NamedTuple):
    """What starts a function for all that arrives there, below a prefix for a bucket."""

    resource: Resource
    prefix: str = ''


def _sentence(function: Resource, trigger: Resource, way: str, end: str) -> str:
    one = _ARRIVES[trigger.type]
    return (
        f'`{function.logical_id}` is called for every {one} in `{trigger.logical_id}` and may '
        f'write there itself ({way}): one {one} may start a chain of paid calls, {end}'
    )


def _way_back(
        function: Resource, starter: Resource, trigger: _Trigger, project: Project,
) -> str:
    """How a function certainly reaches what starts it, in words; '' where it may not."""
    actions = _WRITES[trigger.resource.type]
    grants = _grants.grants(function, starter, trigger.resource, actions, project)
    for grant in grants or ():
        if not grant.everywhere and grant.key.startswith(trigger.prefix):
            return str(grant.said)
    variable = _variable(function, trigger.resource, project)
    if not variable or trigger.prefix:
        return ''
    for grant in grants or ():
        if grant.everywhere:
            return f'{grant.said} on everything, and {variable} names it'
    return f'{variable} names it' if grants is None and _OUTPUT.search(variable) else ''


def _variable(function: Resource, target: Resource, project: Project) -> str:
    """The variable of a function's environment that names a resource."""
    variables = (function.properties.map('Environment') or Map()).map('Variables') or Map()
    for name, value in variables.items():
        if target in project.find(value, function.template):
            return str(name)
    return ''


def _triggers(caller: _callers.Caller, project: Project) -> Iterator[_Trigger]:
    user, properties = caller.user, caller.user.properties
    source = _callers.behind(caller, project)
    if caller.kind == 'rule':
        yield from _of_rule(user, project)
        return
    if source is None or source.type not in _WRITES:
        return
    if caller.kind == 'mapping':
        if properties.absent('FilterCriteria') and not _callers.disabled(user):
            yield _Trigger(source)
    elif caller.kind == 'topic':
        if user is source or properties.absent('FilterPolicy'):
            yield _Trigger(source)
    elif caller.kind == 'bucket':
        prefix = _prefix(caller.holder)
        if prefix is not None:
            yield _Trigger(source, prefix)


def _prefix(notification: Map | None) -> str | None:
    """What the keys begin with that a notification is for; None where that is not all it asks."""
    if notification is None:
        return None
    events = notification.seq('Events') or [notification.get('Event')]
    if not any(event in _CREATED for event in events):
        return None
    if notification.absent('Filter'):
        return ''
    keys = notification.map('Filter') or Map(open=True)
    keys = keys.map('S3Key') or keys.map('Key') or Map(open=True)
    rules = keys.seq('Rules') or keys.seq('FilterRules')
    only = rules[0] if rules and len(rules) == 1 else None
    if not isinstance(only, Map) or (only.text('Name') or '').lower() != 'prefix':
        return None
    return only.text('Value')


def _of_rule(rule: Resource, project: Project) -> Iterator[_Trigger]:
    """The bus of a rule that takes every event, or the bucket of one for created objects."""
    pattern = rule.properties.map('EventPattern')
    if pattern is None or pattern.open or rule.properties.text('State') == 'DISABLED':
        return
    if not set(pattern) - {'account', 'region', 'version'}:
        bus = rule.properties.get('EventBusName')
        yield from map(_Trigger, project.find(bus, rule.template, 'AWS::Events::EventBus'))
        return
    detail = pattern.map('detail')
    names = (detail.map('bucket') or Map()).seq('name') if detail is not None else None
    if detail is None or names is None or set(detail) - {'bucket', 'object'}:
        return
    if 'Object Created' not in (pattern.seq('detail-type') or ()):
        return
    prefix = _key(detail)
    for name in names if prefix is not None else ():
        for bucket in project.find(name, rule.template, 'AWS::S3::Bucket'):
            yield _Trigger(bucket, prefix or '')


def _key(detail: Map) -> str | None:
    """What the keys begin with that a pattern is for; None where that is not all it asks."""
    if detail.absent('object'):
        return ''
    wanted = detail.map('object')
    if wanted is None or set(wanted) != {'key'}:
        return None
    keys = wanted.seq('key')
    only = keys[0] if keys and len(keys) == 1 else None
    return only.text('prefix') if isinstance(only, Map) and set(only) == {'prefix'} else None
