from __future__ import annotations

import math
from collections.abc import Iterator

from thera_lint import graph
from thera_lint.prices import dollars
from thera_lint.prices import price
from thera_lint.project import Project
from thera_lint.rule import Cost
from thera_lint.rule import Finding
from thera_lint.rule import Option
from thera_lint.rule import Options
from thera_lint.rule import ResourceRule
from thera_lint.rules.stepfunctions import _maps
from thera_lint.rules.stepfunctions import _runs
from thera_lint.rules.stepfunctions import _workflows
from thera_lint.states import MACHINE
from thera_lint.states import State
from thera_lint.states import StateMachine
from thera_lint.template import Resource

_RETRY = {'IntervalSeconds': 1, 'MaxAttempts': 3, 'BackoffRate': 2, 'MaxDelaySeconds': math.inf}
"""Where nothing is written: a retry waits, how often, how much longer each, at most."""

_EXPRESS_SECONDS = 300
"""How long an Express run may last."""

# What an Express workflow knows nothing of: asking for a run, stopping it, events of its end.
_NEEDS_STANDARD = (
    'DescribeExecution', 'GetExecutionHistory', 'ListExecutions', 'RedriveExecution',
    'StopExecution',
)


class StandardForShortFrequentRuns(ResourceRule):
    """A Standard workflow runs often, and nothing in it needs more than an Express one.

    ## Why it costs

    A Standard workflow bills each state that a run enters, $25 per million. An Express
    workflow bills a run, $1 per million, and its time at the memory it takes, about $1
    per million seconds at the least. For short runs of several states that is a small part.

    A workflow is reported where a schedule starts it often enough, or an API, a pipe or a
    pattern for events of applications or of S3 does; and where it has no job, callback,
    activity or distributed Map to wait for, no long Wait, no circle, no timeout above five
    minutes, no retries that go on for so long, no function that may run so long or that is
    unknown, and nobody asks after its executions. The Express side of the sum is an
    assumption: `assumed_run_seconds` at 64 MB.

    ## When it is right

    An Express run may be started more than once and is not tried from where it stopped: its
    tasks must be idempotent, safe to run twice. A run must end within five minutes. Its
    history is only in its logs, and these are paid by the GB: level ALL with the data of the
    executions may cost more than the workflow saves. Where one of these counts, STANDARD is
    right. The type of a workflow can't be changed: it is replaced.

    ## References

    - https://docs.aws.amazon.com/step-functions/latest/dg/choosing-workflow-type.html
    - https://docs.aws.amazon.com/step-functions/latest/dg/sfn-best-practices.html
    - https://aws.amazon.com/step-functions/pricing/
    """

    id = 'WC2015'
    resources = (MACHINE,)
    remedy = 'make it EXPRESS, once its tasks may run twice'
    options = (
        Option('min_runs_per_month', 1000, 'What a schedule must start to be often.'),
        Option('min_monthly_usd_saved', 1, 'What it must save a month, where a schedule tells.'),
        Option('assumed_run_seconds', 10, 'How long a run takes, for what Express would cost.'),
        Option('assumed_map_items', 10, 'Items of a Map whose list is not written down.'),
        Option('max_wait_seconds', 240, 'Longer than all Wait states together may wait.'),
    )

    def check(self, resource: Resource, project: Project, options: Options) -> Iterator[Finding]:
        machine = project.machine(resource)
        if machine is None or machine.type != 'STANDARD':
            return
        if not _is_short(machine, options.max_wait_seconds):
            return
        run = _runs.entered(machine, project, options.assumed_map_items, nested=False)
        if run is None or not all(_is_quick(one, project) for one in machine.states()):
            return
        standard = run.usual * price('sfn.standard.transition').usd
        seconds = options.assumed_run_seconds
        express = price('sfn.express.request').usd + seconds * _workflows.express_second()
        if standard <= express or _is_watched(resource, project):
            return
        starters = list(_runs.starters(resource, project))
        runs = sum(one.per_month or 0 for one in starters)
        unlimited = [one for one in starters if one.per_month is None]
        if unlimited:
            often = f'`{unlimited[0].resource.logical_id}` ({unlimited[0].kind})'
            runs, sums, monthly = 1e6, 'for a million runs', None
        else:
            names = dict.fromkeys(f'`{one.resource.logical_id}`' for one in starters)
            often = f'{" and ".join(names)} {runs:,.0f} times a month'
            sums, monthly = 'a month', (standard - express) * runs
            if runs < options.min_runs_per_month or monthly < options.min_monthly_usd_saved:
                return
        entered = f'{run.usual:,.0f} transition{"s" * (run.usual != 1)}'
        assumed = f'{seconds} s and 64 MB a run'
        if _runs.entered(machine, project, 0, nested=False) != run:
            assumed = f'{options.assumed_map_items} items for a Map, {assumed}'
        yield Finding(
            () if resource.properties.absent('StateMachineType') else ('StateMachineType',),
            f'`{resource.logical_id}`, started by {often}, waits for no job, callback or activity '
            'nor for long, so it could be EXPRESS where its tasks are idempotent (Express runs at '
            f'least once) and done in 5 minutes: as STANDARD {entered} a run cost'
            f'{"s" * (run.usual == 1)} {dollars(standard * runs)} {sums}, as EXPRESS '
            f'{dollars(express * runs)} at an assumed {assumed}',
            Cost(
                f'{entered} at '
                f'{dollars(price("sfn.standard.transition").usd * 1e6)} per million, against '
                f'{dollars(price("sfn.express.request").usd * 1e6)} and '
                f'{dollars(_workflows.express_second() * 1e6)} a second per million runs at 64 MB, '
                f'assuming {assumed}, '
                # No sum of its own: WC2019 counts the same transitions, at the schedule.
                'us-east-1, without the free tier',
            ),
        )


def _is_short(machine: StateMachine, max_wait_seconds: int) -> bool:
    """Whether nothing says that a run may take longer than an Express one."""
    definition = machine.definition
    if not definition.absent('TimeoutSeconds'):
        timeout = definition.number('TimeoutSeconds')
        if timeout is None or timeout > _EXPRESS_SECONDS:
            return False
    waits = [one.data.number('Seconds') for one in machine.states() if one.type == 'Wait']
    if any(graph.cycles(level) for level in graph.levels(machine)) or None in waits:
        return False
    total: float = sum(one or 0 for one in waits)
    return total <= max_wait_seconds


def _is_quick(state: State, project: Project) -> bool:
    """Whether a state can be Express, and certainly ends soon."""
    if _backs_off(state) > _EXPRESS_SECONDS:
        return False
    if state.type == 'Map':
        return bool(_maps.mode(state) == 'INLINE')
    if state.type != 'Task':
        return True
    task, resource = state.task, state.machine.resource
    if task is None or resource is None or _workflows.pattern(task) is not None:
        return False
    limits = [state.data.number('TimeoutSeconds')]
    if task.service == 'lambda':
        for one in project.find(task.target, resource.template, 'AWS::Lambda::Function'):
            own = one.properties
            limits.append(3 if own.absent('Timeout') else own.number('Timeout'))
        if limits == [None]:
            return False
    return all(limit is None or limit <= _EXPRESS_SECONDS for limit in limits)


def _backs_off(state: State) -> float:
    """How long a state waits between its retries, all in all; infinite where that is unknown."""
    if state.data.absent('Retry'):
        return 0
    if state.data.seq('Retry') is None:
        return math.inf
    longest: float = 0
    for _, retrier in state.data.maps('Retry'):
        interval, attempts, rate, most = (
            default if retrier.absent(key) else retrier.number(key)
            for key, default in _RETRY.items()
        )
        if interval is None or attempts is None or rate is None or most is None:
            return math.inf
        waits: float = 0
        for _ in range(min(int(attempts), _EXPRESS_SECONDS + 1)):  # each is a second at least
            waits += min(interval, most)
            interval = min(interval * rate, _EXPRESS_SECONDS)
        longest = max(longest, waits)
    return longest


def _is_watched(resource: Resource, project: Project) -> bool:
    """Whether somebody waits for its executions, asks after them, or hears of their end."""
    for user, path in project.uses(resource):
        if 'EventPattern' in path or any(word in repr(user.properties) for word in _NEEDS_STANDARD):
            return True
        machine = project.machine(user) if user.type == MACHINE else None
        if machine is not None and any(
                one.task is not None and one.task.pattern
                for one in machine.states() if _runs.started(one, project) is not None):
            return True
    return False
