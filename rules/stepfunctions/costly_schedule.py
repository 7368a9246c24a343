from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from thera_lint import schedules
from thera_lint.prices import dollars
from thera_lint.prices import price
from thera_lint.project import Project
from thera_lint.rule import Cost
from thera_lint.rule import Finding
from thera_lint.rule import Option
from thera_lint.rule import Options
from thera_lint.rule import ResourceRule
from thera_lint.rules.stepfunctions import _runs
from thera_lint.states import MACHINE
from thera_lint.template import Resource


class CostlySchedule(ResourceRule):
    """A schedule starts a Standard workflow so often that its transitions alone cost a lot.

    ## Why it costs

    A Standard workflow bills every state that a run enters, $25 per million. A schedule
    fixes how often it runs, so the sum stands in the template: firings a month, times the
    states of a run. The states inside a Map count once for each item, and what the run
    starts as other Standard workflows counts too. What the tasks themselves cost comes on
    top of it.

    Counted is a usual run: without errors and retries, once round each loop, the longer
    way at a Choice, and `assumed_map_items` items where a Map's list is not written down.

    ## When it is right

    Where the runs are worth that much. Otherwise start it less often, start it by the
    event that makes the work, let an Express workflow do the many short steps, or put
    steps of one function together.

    ## References

    - https://aws.amazon.com/step-functions/pricing/
    - https://docs.aws.amazon.com/step-functions/latest/dg/sfn-best-practices.html
    - https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-rule-schedule.html
    """

    id = 'WC2019'
    resources = ('AWS::Events::Rule', 'AWS::Scheduler::Schedule')
    remedy = 'start it less often or by the event that makes the work, or let it enter fewer states'
    options = (
        Option('max_monthly_usd', 50, 'What the transitions of a schedule may cost a month.'),
        Option('assumed_map_items', 10, 'Items of a Map whose list is not written down.'),
    )

    def check(self, resource: Resource, project: Project, options: Options) -> Iterator[Finding]:
        schedule = schedules.of(resource.properties)
        if schedule is None or not schedule.per_month or not _runs.is_on(resource):
            return
        each = price('sfn.standard.transition').usd
        started = Counter(_machines(resource, project))
        for views, targets in started.items():
            bound = [_usual(view, project, options.assumed_map_items) for view in views]
            runs, entered = schedule.per_month * targets, min(bound)
            monthly = entered * runs * each
            if monthly <= options.max_monthly_usd:
                continue
            assumed = ''
            if bound != [_usual(view, project, 0) for view in views]:
                assumed = f' with {options.assumed_map_items:,} items assumed for a Map'
            yield Finding(
                ('ScheduleExpression',),
                f'`{resource.logical_id}` starts `{views[0].logical_id}` {runs:,.0f} times a '
                f'month, {entered:,.0f} transitions a run{assumed}: {dollars(monthly)} a month in '
                f'transitions alone, and the limit is {dollars(options.max_monthly_usd)}',
                Cost(
                    f'{entered:,.0f} transitions a run{assumed}, {runs:,.0f} runs a month, '
                    f'{dollars(each * 1e6)} per million transitions, us-east-1, without the free '
                    'tier', monthly,
                ),
            )


def _machines(resource: Resource, project: Project) -> Iterator[tuple[Resource, ...]]:
    """For each target that is a machine, its views that this one of the schedule can start."""
    targets = [resource.properties.map('Target')]
    targets += [target for _, target in resource.properties.maps('Targets')]
    for target in filter(None, targets):
        found = project.find(target.get('Arn'), resource.template, MACHINE)
        views = tuple(one for one in found if resource.agrees(one))
        if len({one.logical_id for one in views}) == 1:
            yield views


def _usual(view: Resource, project: Project, items: int) -> float:
    """The transitions of a usual run; 0 where they are not billed, or unknown."""
    machine = project.machine(view)
    if machine is None or machine.type != 'STANDARD':
        return 0
    run = _runs.entered(machine, project, items)
    return 0 if run is None else run.usual
