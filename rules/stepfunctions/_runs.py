"""What starts a state machine, and what a run of it enters; no rule itself."""
from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from thera_lint import graph
from thera_lint import schedules
from thera_lint.graph import Transitions
from thera_lint.project import Project
from thera_lint.rules.stepfunctions import _maps
from thera_lint.states import MACHINE
from thera_lint.states import State
from thera_lint.states import StateMachine
from thera_lint.template import Resource

# Who names a machine below this key starts it.
_STARTERS = {
    ('AWS::ApiGateway::Method', 'Integration'): 'an API',
    ('AWS::ApiGateway::RestApi', 'Body'): 'an API',
    ('AWS::ApiGatewayV2::Api', 'Body'): 'an API',
    ('AWS::ApiGatewayV2::Integration', 'RequestParameters'): 'an API',
    ('AWS::Events::Rule', 'Targets'): 'a rule',
    ('AWS::Pipes::Pipe', 'Target'): 'a pipe',
    ('AWS::Scheduler::Schedule', 'Target'): 'a schedule',
}
_MANY = 10 ** 9


class Starter(NamedTuple):
    """`per_month` is None where only the use decides how often it starts the machine."""

    resource: Resource
    kind: str
    per_month: float | None


def starters(machine: Resource, project: Project) -> Iterator[Starter]:
    """Everything that certainly starts a machine by itself, each once."""
    seen: set[tuple[str, str]] = set()
    for user, path in project.uses(machine):
        kind = _STARTERS.get((user.type, str(path[0])))
        if kind is None or user.key in seen or not is_on(user) or not machine.agrees(user):
            continue
        if kind in ('an API', 'a pipe'):
            seen.add(user.key)
            yield Starter(user, kind, None)
        elif not user.properties.absent('ScheduleExpression'):
            schedule = schedules.of(user.properties)
            if schedule is not None:
                seen.add(user.key)
                yield Starter(user, 'a schedule', schedule.per_month)
        elif _is_busy(user):
            seen.add(user.key)
            yield Starter(user, 'an event pattern', None)


def is_on(starter: Resource) -> bool:
    """Certainly; a state that only the deployment knows may be off."""
    key = 'DesiredState' if starter.type == 'AWS::Pipes::Pipe' else 'State'
    if starter.properties.absent(key):
        return True
    return starter.properties.text(key) not in (None, 'DISABLED', 'STOPPED')


def _is_busy(rule: Resource) -> bool:
    """Whether a pattern takes what applications send, or S3 for each object.

    Other events of AWS itself tell of alarms, deployments and the like: a few a day.
    """
    pattern = rule.properties.map('EventPattern')
    sources = pattern.seq('source') if pattern is not None else None
    return bool(sources) and all(
        isinstance(one, str) and (one == 'aws.s3' or not one.startswith('aws.'))
        for one in sources or ()
    )


def entered(
        machine: StateMachine, project: Project, assumed_map_items: int, *, nested: bool = True,
) -> Transitions | None:
    """What a run enters; None where the definition is not known well enough to say.

    Items that are not written count as `assumed_map_items`. With `nested`, what the run
    starts as executions of their own is counted too, as far as that is STANDARD.
    """
    return _entered(machine, project, assumed_map_items, nested, ())


def _entered(
        machine: StateMachine,
        project: Project,
        assumed: int,
        nested: bool,
        above: tuple[StateMachine, ...],
) -> Transitions | None:
    if not all(map(graph.is_closed, graph.levels(machine))):
        return None

    def items(state: State) -> int:
        written = _maps.at_once(state, _MANY)
        return assumed if written is None or written == _MANY else written

    def child(state: State) -> Transitions | None:
        one = started(state, project) if nested else None
        if one is None or one.type != 'STANDARD' or one is machine or one in above:
            return None
        return _entered(one, project, assumed, nested, (*above, machine))

    return graph.transitions(machine.top, items, child)


def started(state: State, project: Project) -> StateMachine | None:
    """The machine that a task starts an execution of, if there is exactly one."""
    task, resource = state.task, state.machine.resource
    if task is None or resource is None or task.action not in (
            'startExecution', 'startSyncExecution'):
        return None
    found = project.find(task.target, resource.template, MACHINE)
    return project.machine(found[0]) if len(found) == 1 else None


def in_map(state: State) -> bool:
    """Whether a state is entered once for each item of a Map."""
    owner = state.parent
    while owner is not None and owner.type != 'Map':
        owner = owner.parent
    return owner is not None
