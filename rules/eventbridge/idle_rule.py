from __future__ import annotations

from collections.abc import Iterator

from thera_lint.project import Project
from thera_lint.rule import Finding
from thera_lint.rule import Options
from thera_lint.rule import ResourceRule
from thera_lint.rules.eventbridge import _targets
from thera_lint.template import Resource


class IdleRule(ResourceRule):
    """A rule starts nothing: it has no targets.

    ## Why it costs

    The rule itself is free. What it stands for mostly is not: the bus, the partner's events
    or the trail that were set up for it go on being billed, and whatever it was to start is
    not started. It counts against the quota of rules of its bus as well.

    ## When it is right

    Where something outside the template puts the targets there, or the rule is only counted
    by its metrics. A disabled rule is left alone.

    ## References

    - https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rules.html
    - https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-events-rule.html
    """

    id = 'IC6010'
    resources = (_targets.RULE,)
    remedy = 'give the rule its target, or remove it with what feeds it'

    def check(self, resource: Resource, project: Project, options: Options) -> Iterator[Finding]:
        properties = resource.properties
        if not _targets.is_enabled(resource):
            return
        if properties.absent('Targets') or properties.seq('Targets') == []:
            scheduled = not properties.absent('ScheduleExpression')
            yield Finding(
                ('Targets',),
                f'`{resource.logical_id}` '
                f'{"fires" if scheduled else "matches events"} and starts nothing: it has no '
                f'targets{"" if scheduled else ", and what sends those events is paid in vain"}',
            )
