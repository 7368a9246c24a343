"""Who starts functions and state machines, and which of them only deployments start."""
from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase

from thera_lint.project import Project
from thera_lint.project import Use
from thera_lint.states import MACHINE
from thera_lint.template import Resource
from thera_lint.values import Map

SILENT = (
    'AWS::ApplicationAutoScaling::',
    'AWS::CloudWatch::',
    'AWS::CodeDeploy::',
    'AWS::IAM::',
    'AWS::KMS::',
    'AWS::Lambda::Alias',
    'AWS::Lambda::EventInvokeConfig',
    'AWS::Lambda::Permission',
    'AWS::Lambda::Version',
    'AWS::Logs::LogGroup',
    'AWS::Logs::MetricFilter',
    'AWS::S3::BucketPolicy',
    'AWS::SNS::TopicPolicy',
    'AWS::SQS::QueuePolicy',
    'AWS::StepFunctions::StateMachineAlias',
    'AWS::StepFunctions::StateMachineVersion',
)
"""How the types begin that name a function or a state machine, and do not start it."""

_FUNCTION = 'AWS::Lambda::Function'
_POLICIES = ('AWS::IAM::ManagedPolicy', 'AWS::IAM::Policy', 'AWS::IAM::Role')
_STARTS = ('lambda:InvokeFunction', 'states:StartExecution', 'states:StartSyncExecution')


def only_by_deployments(resource: Resource | None, project: Project) -> bool:
    """Whether only the deployment of a stack runs a function or a machine: a few times a year.

    It is behind a custom resource or a macro, or nobody else is known to start it than what is.
    """
    return resource is not None and resource.key in project.once(_deploying)


def _deploying(project: Project) -> set[tuple[str, str]]:
    found: set[tuple[str, str]] = set()
    waiting: dict[tuple[str, str], set[tuple[str, str]]] = {}
    for resource in project.resources(_FUNCTION, MACHINE):
        uses = project.uses(resource)
        if any(_by_a_deployment(use) for use in uses):
            found.add(resource.key)
        else:
            starters = waiting.setdefault(resource.key, set())
            starters.update(one.key for one in _starters(resource, project))
    while ready := [key for key, starters in waiting.items() if starters and starters <= found]:
        found.update(ready)
        for key in ready:
            del waiting[key]
    return found


def _by_a_deployment(use: Use) -> bool:
    return use.path == ('ServiceToken',) or use.user.type == 'AWS::CloudFormation::Macro'


def _starters(resource: Resource, project: Project) -> Iterator[Resource]:
    """Everything that may start a function or a machine, but custom resources and itself.

    What a custom resource does with something that it names, nobody knows: but for CDK's
    notifications of a bucket.
    """
    for use in project.uses(resource):
        user = use.user
        if not resource.agrees(user):
            continue
        if user.type in _POLICIES:
            for holder in _holders(user, project) if _lets_start(use) else ():
                if holder.key != resource.key:
                    yield holder
        elif not user.type.startswith(SILENT) and not _is_custom(user):
            yield user


def _is_custom(user: Resource) -> bool:
    return user.type != 'Custom::S3BucketNotifications' and user.type.startswith(
        ('Custom::', 'AWS::CloudFormation::CustomResource'),
    )


def _lets_start(use: Use) -> bool:
    """Whether a policy allows to start what it names there."""
    actions: object = None
    node: object = use.user.properties
    for part in use.path:
        if isinstance(node, Map):
            actions = node.get('Action', actions)
            node = node.get(str(part))
        elif isinstance(node, list) and isinstance(part, int):
            node = node[part]
    return any(
        isinstance(pattern, str) and fnmatchcase(action.lower(), pattern.lower())
        for pattern in (actions if isinstance(actions, list) else [actions])
        for action in _STARTS
    )


def _holders(policy: Resource, project: Project) -> Iterator[Resource]:
    """The functions and machines of the roles that a policy is in, or attached to."""
    roles = [policy]
    if policy.type != 'AWS::IAM::Role':
        roles = [
            role for name in policy.properties.seq('Roles') or ()
            for role in project.find(name, policy.template, 'AWS::IAM::Role')
        ]
    for role in roles:
        for use in project.uses(role):
            if use.path in (('Role',), ('RoleArn',)):
                yield use.user
