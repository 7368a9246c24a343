from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from thera_lint.project import Project
from thera_lint.rule import Finding
from thera_lint.rule import Options
from thera_lint.rule import ResourceRule
from thera_lint.rules.cloudwatch import _alarms
from thera_lint.template import Resource
from thera_lint.values import Map
from thera_lint.values import Path
from thera_lint.values import Reference
from thera_lint.values import Text

_UNKNOWN = '⟨?⟩'  # in canonical text


class AlarmWithoutAction(ResourceRule):
    """An alarm has no action, so it is paid for and tells nobody.

    ## Why it costs

    Each metric of an alarm is billed every month, and so is a composite alarm. Without
    AlarmActions, or with ActionsEnabled false, the alarm changes its colour in the console and
    nothing else: what it should have stopped goes on until somebody happens to look. OKActions
    alone do not help, they tell only when it is over.

    ## When it is right

    Where something reads the alarm's state: a composite alarm, a deployment that rolls back, a
    health check, a rule on the events of aws.cloudwatch. What this run holds of those is found,
    in all of its documents, and so is an alarm that an output hands to somebody else, or that a
    dashboard shows. InsufficientDataActions count as actions: some alarms wait for silence.

    ## References

    - https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/AlarmThatSendsEmail.html
    - https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-cloudwatch-alarm.html
    - https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Create_Composite_Alarm.html
    - https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch-and-eventbridge.html
    - https://aws.amazon.com/cloudwatch/pricing/
    """

    id = 'WC7016'
    resources = (_alarms.ALARM, _alarms.COMPOSITE)
    remedy = 'give it an AlarmActions, such as an SNS topic, or delete it'

    def check(self, resource: Resource, project: Project, options: Options) -> Iterator[Finding]:
        why = _why(resource.properties)
        if why is None or _is_read(resource, project):
            return
        path, reason = why
        yield Finding(
            path,
            f'`{resource.logical_id}` tells nobody{_alarms.said(resource)}: {reason}',
            _alarms.cost(resource),
        )


def _why(properties: Map) -> tuple[Path, str] | None:
    """Where and why an alarm does nothing; None where it does, or may do, something."""
    if properties.flag('ActionsEnabled') is False:
        return ('ActionsEnabled',), 'ActionsEnabled is false'
    actions = [
        key for key in ('AlarmActions', 'InsufficientDataActions')
        if not properties.absent(key) and properties.seq(key) != []
    ]
    if actions or properties.open:
        return None
    if 'AlarmActions' in properties:
        return ('AlarmActions',), 'AlarmActions is empty'
    if not properties.absent('OKActions'):
        return (), 'it has OKActions but no AlarmActions'
    return (), 'it has no AlarmActions'


def _is_read(alarm: Resource, project: Project) -> bool:
    """Whether anything of this run learns of the alarm's state, or may learn of it."""
    rules = project.once(_rules)
    name = project.name(alarm)
    return (
        any(name in rule or '(' not in rule or _UNKNOWN in rule for rule in rules) or
        _has_event_rule(alarm, project) or
        any(_mentions(one, alarm.logical_id) for one in alarm.template.outputs.values()) or
        any(_mentions(one, alarm.logical_id) for one in _deployments(alarm.template.raw)) or
        bool(project.uses(alarm))
    )


def _rules(project: Project) -> tuple[str, ...]:
    """The rules of all composite alarms."""
    return tuple(
        project.text(one.properties.get('AlarmRule'), one.template)
        for one in project.resources(_alarms.COMPOSITE)
    )


def _has_event_rule(alarm: Resource, project: Project) -> bool:
    """Whether a rule on the events of alarms is in the run, or may be in the alarm's template."""
    for rule in project.resources('AWS::Events::Rule'):
        properties = rule.properties
        pattern = properties.map('EventPattern')
        if pattern is None:
            if rule.template is alarm.template and not properties.absent('EventPattern'):
                return True
        elif 'aws.cloudwatch' in (pattern.seq('source') or ()):
            return True
        elif 'CloudWatch Alarm State Change' in (pattern.seq('detail-type') or ()):
            return True
    return False


def _deployments(raw: dict[str, Any]) -> Iterator[Any]:
    """What SAM functions deploy by; the CodeDeploy that SAM makes of it is not expanded."""
    for section in (raw.get('Globals'), raw.get('Resources')):
        for one in section.values() if isinstance(section, dict) else ():
            properties = one.get('Properties', one) if isinstance(one, dict) else None
            if isinstance(properties, dict) and 'DeploymentPreference' in properties:
                yield properties['DeploymentPreference']


def _mentions(value: Any, logical_id: str) -> bool:
    """Whether a resolved or a raw value refers to a resource."""
    if isinstance(value, str):
        return logical_id in re.split(r'\W+', value)
    if isinstance(value, dict):
        return any(_mentions(one, logical_id) for one in value.values())
    if isinstance(value, (list, tuple)):
        return any(_mentions(one, logical_id) for one in value)
    if isinstance(value, Text):
        return _mentions(value.parts, logical_id)
    return isinstance(value, Reference) and value.logical_id == logical_id
