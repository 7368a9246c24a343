from __future__ import annotations

from collections.abc import Iterator

from thera_lint import schedules
from thera_lint.project import Project
from thera_lint.rule import Cost
from thera_lint.rule import Finding
from thera_lint.rule import Option
from thera_lint.rule import Options
from thera_lint.rule import ResourceRule
from thera_lint.rules.eventbridge import _targets
from thera_lint.template import Resource


class ScheduleTooFrequent(ResourceRule):
    """A schedule starts its target more often than every five minutes.

    ## Why it costs

    The schedule itself costs next to nothing; what it starts is paid every time, whether
    there was anything to do or not. Once a minute is 43,800 times a month: that many calls
    of a function with all that they call in turn, or that many executions of a state
    machine with every state they enter. What polls for work can mostly be started by the
    work: by an event, a queue or a stream.

    Counted is a twelfth of a year of 365 days, in the schedule's own time zone and between
    its StartDate and EndDate; the days on which it does not fire count as well, so a minute
    schedule of a few hours a day may stay below the limit.

    ## When it is right

    Where something must be looked at every minute, nothing tells of its change, and to look
    is cheap. Raise `max_firings_per_day` to what you mean then.

    ## References

    - https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-scheduled-rule-pattern.html
    - https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html
    - https://aws.amazon.com/eventbridge/pricing/
    """

    id = 'WC6001'
    resources = (_targets.RULE, _targets.SCHEDULE)
    remedy = 'start it less often, or by the event that makes the work'
    options = (
        Option('max_firings_per_day', 288, 'How often a schedule may fire on an average day.'),
    )

    def check(self, resource: Resource, project: Project, options: Options) -> Iterator[Finding]:
        schedule = schedules.of(resource.properties)
        limit = options.max_firings_per_day
        if schedule is None or schedule.per_day <= limit or not _targets.is_enabled(resource):
            return
        started = _targets.names(resource, project)
        if not started:
            return
        month = schedule.per_month
        bills = [
            one for _, target in _targets.targets(resource)
            if (one := _targets.bill(month, target, resource.template, project))
        ]
        yield Finding(
            ('ScheduleExpression',),
            f'`{resource.logical_id}` starts {started} {month:,.0f} times a month'
            f'{", " if bills else ""}{" and ".join(map(str, bills))}: '
            f'{schedule.per_day:,.0f} times a day, and the limit is {limit:,}',
            Cost('; '.join(dict.fromkeys(one.basis for one in bills))) if bills else None,
        )
