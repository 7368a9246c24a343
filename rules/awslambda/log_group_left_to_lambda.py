from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import count
from typing import Any
from typing import NamedTuple

from thera_lint import invokers
from thera_lint.intrinsics import LOOP
from thera_lint.prices import dollars
from thera_lint.prices import price
from thera_lint.project import Project
from thera_lint.rule import Cost
from thera_lint.rule import Declare
from thera_lint.rule import Finding
from thera_lint.rule import Fix
from thera_lint.rule import Options
from thera_lint.rule import ResourceRule
from thera_lint.rules.awslambda import _calls
from thera_lint.template import Resource
from thera_lint.template import Template
from thera_lint.values import bare
from thera_lint.values import Map
from thera_lint.values import Reference
from thera_lint.values import Seq
from thera_lint.values import Text
from thera_lint.values import Unknown

_PREFIX = '/aws/lambda/'
_ANYTHING = '.*'
_CUSTOM = 'AWS::CloudFormation::CustomResource'
_GROUP = 'AWS::Logs::LogGroup'
_DAYS = 30


class LogGroupLeftToLambda(ResourceRule):
    """A function's log group is declared by nobody, so Lambda makes one that never expires.

    ## Why it costs

    With the first call Lambda creates `/aws/lambda/<name>`, without a retention. Every log line
    since then is stored, and billed each month, until somebody deletes it by hand, also after
    the stack is gone: no stack owns the group. Declared as a resource, it has a retention,
    tags, and an end.

    ## When it is right

    Where something outside the templates sets the retention of every new log group, as an account
    automation does. And where the function may not write logs.

    A log group that exists already can't be created again: import it into the stack first, or
    give the function a new group through LoggingConfig.

    Functions that CloudFront runs (Lambda@Edge) are left alone, as they log to a group in every
    region, and so are those behind a custom resource or a macro, or called by nothing but such,
    which log a few lines per deployment.

    In CDK the feature flag `@aws-cdk/aws-lambda:useCdkManagedLogGroup` declares the group of every
    function, those of CDK's own constructs too. Its logs are kept for two years where logRetention
    or logGroup says nothing else.

    The fix declares the group with 30 days and the function's own tags and condition. It is
    unsafe: logs older than that go, all of them go with the stack, and where the function has
    logged before, the group exists and the deployment fails until it is imported or deleted.
    There is no fix where the group is missing under some conditions only, and none for functions
    that Fn::ForEach makes.

    ## References

    - https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-loggroups.html
    - https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-logs-loggroup.html
    - https://aws.amazon.com/cloudwatch/pricing/
    """

    id = 'WC1003'
    resources = ('AWS::Lambda::Function',)
    remedy = 'declare its log group, /aws/lambda/ and its name, with RetentionInDays'

    def check(self, resource: Resource, project: Project, options: Options) -> Iterator[Finding]:
        if _has_group(resource, project):
            return
        if invokers.only_by_deployments(resource, project) or _calls.at_the_edge(resource, project):
            return
        stored = price('cw.logs.storage.standard').usd
        yield Finding(
            (),
            f'`{resource.logical_id}` logs into a group that Lambda makes and never empties, '
            f'at {dollars(stored)} a month for each GB stored, as nobody declares it here',
            Cost(
                f'{dollars(stored)} a GB-month of stored, compressed logs, us-east-1; usage '
                'decides the sum',
            ),
            _fix(resource, project),
        )


def _fix(function: Resource, project: Project) -> Fix | None:
    """A group of its own, where the function has none in any of its forms."""
    template = function.template
    if str(function.attributes.place[1]).startswith(LOOP) or any(
            _has_group(view, project) for view in template.views(function.logical_id)):
        return None
    raw = bare(template.declared[function.logical_id])
    properties = raw.get('Properties') or {}
    name = properties.get('FunctionName', {'Ref': function.logical_id})
    # A name that isn't written as such comes from a parameter, as another may.
    own = name if isinstance(name, str) else f'${{{function.logical_id}}}'
    group = _PREFIX + own
    resource = {
        'Type': _GROUP,
        **{key: raw[key] for key in ('Condition',) if key in raw},
        'Properties': {
            'LogGroupName': group if isinstance(name, str) else {'Fn::Sub': group},
            'RetentionInDays': _DAYS,
            **_tags(properties.get('Tags')),
        },
    }
    return Fix(
        f'declare its log group and keep logs for {_DAYS} days',
        False,
        (Declare(_free(f'{function.logical_id}LogGroup', template), resource),),
    )


def _tags(tags: Any) -> dict[str, Any]:
    """The function's own tags, without that which SAM gives to functions."""
    own = [
        tag for tag in tags if not isinstance(tag, dict) or tag.get('Key') != 'lambda:createdBy'
    ] if isinstance(tags, list) else []
    return {'Tags': own} if own else {}


def _free(wanted: str, template: Template) -> str:
    """A logical id that nothing in the template has."""
    taken = {*template.declared, *template.raw['Resources'], *template.resolver.parameters}
    names = (wanted if number == 1 else f'{wanted}{number}' for number in count(1))
    return next(name for name in names if name not in taken)


def _has_group(function: Resource, project: Project) -> bool:
    return _logs_elsewhere(function.properties) or _declared(function, project)


def _logs_elsewhere(function: Map) -> bool:
    """Whether LoggingConfig names a log group, or may."""
    if function.absent('LoggingConfig'):
        return False
    config = function.map('LoggingConfig')
    return config is None or not config.absent('LogGroup')


def _declared(function: Resource, project: Project) -> bool:
    """Whether the run declares the function's log group, or may."""
    groups = project.once(_groups)
    reference = project.text(Reference(function.logical_id), function.template)
    for name in {project.name(function), reference}:
        if any(group.agrees(function) for group in groups.by_name.get(_PREFIX + name, ())):
            return True
    name = _PREFIX + project.name(function)
    return any(
        pattern.fullmatch(name) and group.agrees(function) and (
            pattern.pattern != _ANYTHING or group.template is function.template
        )
        for pattern, group in groups.unsettled
    )


class _Groups(NamedTuple):
    by_name: dict[str, list[Resource]]
    unsettled: list[tuple[re.Pattern[str], Resource]]
    """With names that are known in part, or not at all."""


def _groups(project: Project) -> _Groups:
    """What a run declares of log groups."""
    groups = _Groups({}, [])
    for group in project.resources():
        if group.type == _GROUP:
            names = [group.properties.get('LogGroupName')]
        elif group.type.startswith('Custom::') or group.type == _CUSTOM:
            names = list(group.properties.values())  # CDK's Custom::LogRetention, and its like
        else:
            continue
        for name in names:
            if name is None or isinstance(name, (Map, Seq)):
                continue
            text = project.text(name, group.template)
            groups.by_name.setdefault(text, []).append(group)
            if group.type == _GROUP and isinstance(name, Unknown):
                if _may_be_of_a_function(name) and not project.find(
                        name, group.template, 'AWS::Lambda::Function',
                ):
                    groups.unsettled.append((_pattern(name), group))
    return groups


def _may_be_of_a_function(name: Unknown) -> bool:
    head = name.parts[0] if isinstance(name, Text) else name
    return not isinstance(head, str) or head.startswith(_PREFIX) or _PREFIX.startswith(head)


def _pattern(name: Unknown) -> re.Pattern[str]:
    parts = name.parts if isinstance(name, Text) else (name,)
    return re.compile(''.join(
        re.escape(part) if isinstance(part, str) else _ANYTHING for part in parts
    ))
