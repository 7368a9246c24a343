from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Sequence
from difflib import get_close_matches

from thera_lint import graph
from thera_lint.project import Project
from thera_lint.rule import Finding
from thera_lint.rule import MachineRule
from thera_lint.rule import Options
from thera_lint.states import Level
from thera_lint.states import State
from thera_lint.states import StateMachine
from thera_lint.values import Map
from thera_lint.values import Unknown

_GO_ON = ('Task', 'Pass', 'Wait', 'Parallel', 'Map')
_TYPES = ('Task', 'Pass', 'Choice', 'Wait', 'Succeed', 'Fail', 'Parallel', 'Map')


class BrokenDefinition(MachineRule):
    """A state machine that Step Functions rejects.

    ## Why it costs

    The template is valid, so the deployment starts, makes what stands before the state
    machine, fails at it and takes everything back; what was made in the meantime bills.
    And what can't be read can't be checked: no other rule on state machines saw this one.

    Reported are a definition that is not JSON, a StartAt, Next, Default or Catch that
    leads to no state of its level, a level without StartAt or States, a state whose Type is
    absent or unknown, and one with neither Next nor End. A file of its own that is neither
    JSON nor YAML is EC0001.

    ## When it is right

    Never. A `${name}` that something else fills in before the deployment is not a mistake,
    and the rule is silent about it.

    ## References

    - https://states-language.net/spec.html
    - https://docs.aws.amazon.com/step-functions/latest/dg/statemachine-structure.html
    """

    id = 'EC2028'
    remedy = 'mend the definition at this place'

    def check(
            self, machine: StateMachine, project: Project, options: Options,
    ) -> Iterator[Finding]:
        for index, problem in enumerate(machine.problems):
            yield Finding(
                (index,),
                f'the definition of `{machine.name}` cannot be read, {problem.message}',
            )
        for level in graph.levels(machine):
            yield from _level(level)


def _level(level: Level) -> Iterator[Finding]:
    data = level.data
    owner = f'`{level.machine.name}`'
    if level.owner is not None:
        owner = f'what `{level.owner.name}` runs'
    for key in ('StartAt', 'States'):
        if data.absent(key):
            yield Finding(level.path, f'{owner} has no {key}, so the deployment fails')
    names = _names(level)
    if names is not None and level.start is not None and level.start not in names:
        yield Finding(
            (*level.path, 'StartAt'),
            f'{owner} starts at {_nowhere(level.start, names)}',
        )
    for name, value in (data.map('States') or Map()).items():
        if not isinstance(value, (Map, Unknown)):
            yield Finding(
                (*level.path, 'States', name),
                f'`{name}` is not an object with a Type, so the deployment fails',
            )
    for state in level.states.values():
        yield from _state(state, names)


def _state(state: State, names: list[str] | None) -> Iterator[Finding]:
    if state.data.absent('Type'):
        yield Finding(state.path, f'`{state.name}` has no Type, so the deployment fails')
    elif state.type is not None and state.type not in _TYPES:
        yield Finding(
            (*state.path, 'Type'),
            f'`{state.name}` is of Type {state.type}{_near(state.type.capitalize(), _TYPES)}, '
            'which does not exist, so the deployment fails',
        )
    for edge in state.edges:
        if names is not None and edge.target not in names:
            yield Finding(
                edge.path,
                f'`{state.name}` leads to {_nowhere(edge.target, names)}',
            )
    if state.type in _GO_ON and not _goes_on(state):
        yield Finding(
            state.path,
            f'`{state.name}` has neither Next nor End, so the deployment fails',
        )


def _goes_on(state: State) -> bool:
    return not state.data.absent('Next') or state.data.get('End', False) is not False


def _names(level: Level) -> list[str] | None:
    """The names of all states of a level; None where one of them is not known."""
    states = level.data.map('States')
    if states is None or states.open or any('${' in name for name in states):
        return None
    return list(states)


def _nowhere(target: str, names: list[str]) -> str:
    return f'`{target}`{_near(target, names)}, no state of its level, so the deployment fails'


def _near(name: str, names: Sequence[str]) -> str:
    near = get_close_matches(name, names, 1)
    return f' (`{near[0]}` is close)' if near else ''
