from __future__ import annotations

from collections.abc import Iterator

from thera_lint import schedules
from thera_lint.project import Project
from thera_lint.rule import Cost
from thera_lint.rule import Finding
from thera_lint.rule import Options
from thera_lint.rule import ResourceRule
from thera_lint.rules.eventbridge import _targets
from thera_lint.schedules import Schedule
from thera_lint.template import Resource


class OverlappingSchedules(ResourceRule):
    """Two schedules start the same work at the same minute.

    ## Why it costs

    A daily and a weekly schedule of one pipeline meet once a week: on that day everything
    runs twice, at twice the price, and often on the same data, so that the two runs get in
    each other's way as well. Nothing fails, so nobody sees it but on the bill.

    Compared are the minutes of a whole year, with time zones, daylight saving time, StartDate
    and EndDate, of schedules that are enabled, have the same target and give it the same
    input. Less than about one clash a month is not reported. A rate without StartDate counts
    from its deployment, at a minute that nobody knows: two of them are reported only if they
    are the same rate.

    ## When it is right

    Hardly ever. Where the weekly run is meant to do more than the daily one, its Input says
    so, and then they are not the same; where the target asks which rule has called it, say
    that in the Input too. Take the day of the one out of the other, as in
    `cron(0 6 ? * TUE-SUN *)`.

    ## References

    - https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-scheduled-rule-pattern.html
    - https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html
    """

    id = 'WC6002'
    resources = (_targets.RULE, _targets.SCHEDULE)
    remedy = 'take the shared minutes out of one schedule, or give the two a different Input'

    def check(self, resource: Resource, project: Project, options: Options) -> Iterator[Finding]:
        own = _schedule(resource)
        if own is None:
            return
        for _, target in _targets.targets(resource):
            job = _targets.job(target, resource.template, project)
            for other, schedule in project.once(_by_job).get(job, ()) if job else ():
                if other.key == resource.key:
                    break  # those that follow see this one
                clash = schedules.clashes(own, schedule) if resource.agrees(other) else None
                if clash is None or round(clash.per_month) < 1:
                    continue
                started = _targets.name(target, resource.template, project)
                bill = _targets.bill(clash.per_month, target, resource.template, project)
                yield Finding(
                    ('ScheduleExpression',),
                    f'`{resource.logical_id}` starts {started} with the same input as '
                    f'`{other.logical_id}`, {clash.when}: about {clash.per_month:,.0f} '
                    f'{"run" if round(clash.per_month) == 1 else "runs"} a month for nothing'
                    f'{f", {bill}" if bill and bill.usd >= 0.01 else ""}',
                    Cost(bill.basis) if bill else None,
                )
                break


def _by_job(project: Project) -> dict[_targets.Job, list[tuple[Resource, Schedule]]]:
    """Every enabled schedule of the run, by what it does."""
    result: dict[_targets.Job, list[tuple[Resource, Schedule]]] = {}
    for resource in project.resources(_targets.RULE, _targets.SCHEDULE):
        schedule = _schedule(resource)
        for _, target in _targets.targets(resource) if schedule else ():
            job = _targets.job(target, resource.template, project)
            if job is not None and schedule is not None:
                result.setdefault(job, []).append((resource, schedule))
    return result


def _schedule(resource: Resource) -> Schedule | None:
    window = resource.properties.map('FlexibleTimeWindow')
    if resource.type == _targets.SCHEDULE and (window is None or window.get('Mode') != 'OFF'):
        return None  # within the window, it fires at a minute that nobody knows
    return schedules.of(resource.properties) if _targets.is_enabled(resource) else None
