"""What Glue jobs may bill, and who starts them; what the rules on jobs share, no rule itself."""
from __future__ import annotations

from collections.abc import Iterator

from thera_lint.prices import price
from thera_lint.project import Project
from thera_lint.template import Resource
from thera_lint.values import Map

TRIGGER = 'AWS::Glue::Trigger'
EVENT_RULE = 'AWS::Events::Rule'
SCHEDULE = 'AWS::Scheduler::Schedule'
MACHINE = 'AWS::StepFunctions::StateMachine'

SPARK, STREAMING, SHELL = 'glueetl', 'gluestreaming', 'pythonshell'

# https://docs.aws.amazon.com/glue/latest/dg/worker-types.html; an R worker is billed by the
# M-DPU, which has another price.
_WORKER_DPUS = {
    'G.025X': 0.25, 'Standard': 1, 'G.1X': 1, 'G.2X': 2, 'G.4X': 4, 'G.8X': 8, 'G.12X': 12,
    'G.16X': 16,
}

_DEFAULT_DPUS = {SPARK: 10, SHELL: 0.0625}


def command(job: Resource) -> str | None:
    """glueetl, gluestreaming, pythonshell or glueray, where it is known."""
    one = job.properties.map('Command')
    return None if one is None else one.text('Name')


def version(job: Resource) -> float | None:
    return job.properties.number('GlueVersion')


def dpus(job: Resource) -> float | None:
    """The DPUs of one run at most; None where unknown, or not billed as DPUs."""
    properties = job.properties
    for key in ('MaxCapacity', 'AllocatedCapacity'):
        if not properties.absent(key):
            return properties.number(key)
    if properties.absent('WorkerType') and properties.absent('NumberOfWorkers'):
        return _DEFAULT_DPUS.get(command(job) or '')
    size = _WORKER_DPUS.get(properties.text('WorkerType') or '')
    count = properties.number('NumberOfWorkers')
    return None if size is None or count is None else size * count


def dpu_hour(job: Resource) -> float | None:
    """The price of a DPU-hour; None where the version or the execution class is unknown."""
    properties, glue = job.properties, version(job)
    if glue is None:
        return None
    if not properties.absent('ExecutionClass') and properties.text('ExecutionClass') != 'STANDARD':
        known = properties.text('ExecutionClass') == 'FLEX' and glue < 6
        return price('glue.flex.dpu_hour').usd if known else None
    return price('glue.etl.dpu_hour' if glue < 6 else 'glue.etl.dpu_hour.v6').usd


def runs(job: Resource, project: Project) -> Iterator[tuple[Resource, Map]]:
    """Whoever starts it, with what is passed to the run: triggers and state machines."""
    for use in project.uses(job):
        if not job.agrees(use.user):
            continue
        if use.user.type == TRIGGER:
            for index, action in use.user.properties.maps('Actions'):
                if use.path[:2] == ('Actions', index):
                    yield use.user, action
        machine = project.machine(use.user) if use.user.type == MACHINE else None
        if machine is None:
            continue
        path = use.path[1:]  # without the property that holds the definition
        for state in machine.states():
            if path[:len(state.path)] == state.path and state.task is not None and (
                state.task.service == 'glue'
            ):
                yield use.user, state.parameters


def argument(job: Resource, name: str) -> bool:
    """Whether the job itself gives a run this argument, or may."""
    return any(
        _holds(job.properties, key, name) for key in ('DefaultArguments', 'NonOverridableArguments')
    )


def gives(given: Map, key: str) -> bool:
    """Whether a run is given this, in a path of ASL too, or may be."""
    return not (given.absent(key) and given.absent(f'{key}.$'))


def passes(given: Map, name: str) -> bool:
    """Whether a run is given this argument, or may be."""
    return not given.absent('Arguments.$') or _holds(given, 'Arguments', name)


def _holds(holder: Map, key: str, name: str) -> bool:
    arguments = holder.map(key)
    if arguments is None:
        return not holder.absent(key)
    return not arguments.absent(f'{name}.$') or (
        not arguments.absent(name) and arguments.flag(name) is not False
    )


def scheduled_by(job: Resource, project: Project) -> Resource | None:
    """The trigger or schedule that starts it at set times, itself or through a state machine."""
    users = {
        id(use.user): use.user for use in project.uses(job) if job.agrees(use.user)
    }
    for user in list(users.values()):
        if user.type == MACHINE:
            users |= {id(use.user): use.user for use in project.uses(user)}
    return next((one for one in users.values() if _at_set_times(one)), None)


def _at_set_times(user: Resource) -> bool:
    properties = user.properties
    if properties.text('State') == 'DISABLED':
        return False
    if user.type == TRIGGER:
        return properties.text('Type') == 'SCHEDULED' and not properties.absent('Schedule')
    return user.type == SCHEDULE or (
        user.type == EVENT_RULE and not properties.absent('ScheduleExpression')
    )
