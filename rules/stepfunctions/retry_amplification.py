from __future__ import annotations

import math
from collections.abc import Iterator
from typing import NamedTuple

from thera_lint.project import Project
from thera_lint.rule import Finding
from thera_lint.rule import MachineRule
from thera_lint.rule import Option
from thera_lint.rule import Options
from thera_lint.rules.stepfunctions import _maps
from thera_lint.states import MACHINE
from thera_lint.states import State
from thera_lint.states import StateMachine
from thera_lint.values import Map

_ANY = ''
"""An error of a task that no retrier names."""
_FAILED = 'a Fail state'
_THRESHOLD = 'States.ExceedToleratedFailureThreshold'
_BRANCH = 'States.BranchFailed'
# States.TaskFailed does not stand for these.
_NO_TASK_FAILED = frozenset((_FAILED, _THRESHOLD, 'States.Timeout', 'States.HeartbeatTimeout'))
# Errors that a task does not end with, or that are tried again nowhere.
_NOT_OF_TASKS = frozenset((
    _BRANCH, _THRESHOLD, 'States.ALL', 'States.DataLimitExceeded', 'States.IntrinsicFailure',
    'States.ItemReaderFailed', 'States.NoChoiceMatched', 'States.ParameterPathFailure',
    'States.QueryEvaluationError', 'States.ResultPathMatchFailure', 'States.ResultWriterFailed',
    'States.Runtime', 'States.TaskFailed',
))


class Factor(NamedTuple):
    """A state that is tried again, as the message calls it, and how often."""

    said: str
    attempts: int


class RetryAmplification(MachineRule):
    """Retries around retries multiply the calls of one task.

    ## Why it costs

    A task with three retries is called four times. Inside a Map with three retries, which
    runs all its items again each time, sixteen times; in a workflow that another one
    starts with three retries, 64 times. Each call and each transition is paid, and nobody
    sees it until the day on which an error stays.

    The number is the worst case for one error that stays: the product of 1 + MaxAttempts
    of the retrier that meets it, on the task, on each Map and Parallel state around it,
    and on the tasks of this run's other workflows that start this one and wait for it
    (`startExecution.sync`). A Catch that does not lead to a Fail state ends the chain, as
    does a distributed Map that tolerates failures. One retrier alone is no amplification:
    WC2007 looks at those.

    It is a multiplier of risk, not a charge.

    ## When it is right

    Where the outer retry is for an error that the inner ones do not meet: name that in
    its ErrorEquals instead of States.ALL.

    ## References

    - https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html
    - https://docs.aws.amazon.com/prescriptive-guidance/latest/cloud-design-patterns/retry-backoff.html
    - https://aws.amazon.com/builders-library/timeouts-retries-and-backoff-with-jitter/
    """

    id = 'WC2005'
    remedy = 'retry in one place, next to the call, and let what is around it fail'
    options = (
        Option('max_calls', 30, 'So many calls of one task may come of one error that stays.'),
    )

    def check(self, machine: StateMachine, project: Project, options: Options) -> Iterator[Finding]:
        worst: dict[tuple[Factor, ...], list[tuple[int, State, list[Factor]]]] = {}
        above: list[Factor] | None = None
        for state in machine.states():
            if state.type != 'Task':
                continue
            chains = []
            for error in _errors(state):
                chain, escapes = _chain(state, error, f'`{state.name}`')
                if escapes:
                    if above is None:
                        above = _above(machine, project, ())
                    chain = [*chain, *above]
                chains.append(chain)
            chain = max(chains, key=_calls)
            if len(chain) > 1 and _calls(chain) > options.max_calls:
                outer = tuple(one for one in chain if one.said != f'`{state.name}`')
                worst.setdefault(outer, []).append((_calls(chain), state, chain))
        for tasks in worst.values():
            calls, state, chain = max(tasks, key=lambda one: one[0])
            others = len(tasks) - 1
            plural = 's' * (others > 1)
            yield Finding(
                (*state.path, 'Retry'),
                f'`{state.name}` may be called {calls:,} times when an error stays, above the '
                f'ceiling of {options.max_calls}: '
                f'{" × ".join(f"{one.said} 1+{one.attempts}" for one in chain)}'
                f'{f" (and {others} more task{plural} beside it)" if others else ""}, '
                'no charge of its own but a multiplier of what one failure costs',
            )


def _calls(chain: list[Factor]) -> int:
    return math.prod(1 + one.attempts for one in chain)


def _errors(state: State) -> list[str]:
    """The errors to think of: each that a retrier around the task names, and any other."""
    named = {_ANY}
    one: State | None = state
    while one is not None:
        for _, retrier in one.data.maps('Retry'):
            names = retrier.seq('ErrorEquals') or ()
            named.update(name for name in names if isinstance(name, str))
        one = one.parent
    return sorted(named - _NOT_OF_TASKS)


def _chain(state: State, error: str, said: str) -> tuple[list[Factor], bool]:
    """What tries a task again that fails with an error, inside its machine, from the task out.

    And whether the error leaves the machine.
    """
    chain: list[Factor] = []
    errors = {error}
    one = state
    while True:
        attempts = _attempts(one, errors)
        if attempts:
            chain.append(Factor(said, attempts))
        errors = _uncaught(one, errors)
        if not errors or one.parent is None:
            return chain, bool(errors)
        one = one.parent
        said = f'`{one.name}`'
        if one.type == 'Parallel':
            errors = errors | {_BRANCH}
        elif _maps.mode(one) == 'DISTRIBUTED':
            tolerant = any('Tolerated' in key for key in one.data)
            errors = set() if tolerant else {_THRESHOLD}
        if not errors:
            return chain, False


def _attempts(state: State, errors: set[str]) -> int:
    """MaxAttempts of the first retrier that meets an error; 0 where that is unknown."""
    for retrier in state.data.seq('Retry') or ():
        if not isinstance(retrier, Map) or retrier.seq('ErrorEquals') is None:
            return 0
        if _meets(retrier, errors):
            attempts = 3 if retrier.absent('MaxAttempts') else retrier.number('MaxAttempts')
            return int(attempts or 0)
    return 0


def _uncaught(state: State, errors: set[str]) -> set[str]:
    """As what an error goes on from a state; nothing where a Catch ends it, or may."""
    if state.data.absent('Catch'):
        return errors
    for catcher in state.data.seq('Catch') or (None,):
        if not isinstance(catcher, Map) or catcher.seq('ErrorEquals') is None:
            return set()
        if _meets(catcher, errors):
            return {_FAILED} if _fails(state, catcher.text('Next')) else set()
    return errors


def _fails(state: State, target: str | None) -> bool:
    """Whether what a Catch leads to always ends in a Fail state."""
    seen: set[str] = set()
    states = state.level.states
    while target in states and target not in seen:
        seen.add(target)
        one = states[target]
        if one.type == 'Fail':
            return True
        ways = {edge.target for edge in one.edges if edge.kind != 'catch'}
        target = ways.pop() if len(ways) == 1 else None
    return False


def _meets(handler: Map, errors: set[str]) -> bool:
    named = handler.seq('ErrorEquals') or ()
    return (
        'States.ALL' in named or
        'States.TaskFailed' in named and not errors & _NO_TASK_FAILED or
        any(error in errors for error in named if isinstance(error, str))
    )


def _above(
        machine: StateMachine, project: Project, seen: tuple[StateMachine, ...],
) -> list[Factor]:
    """The worst chain of what starts a machine and waits for it."""
    resource = machine.resource
    if resource is None or not _others(project):
        return []
    best: list[Factor] = []
    for user in dict.fromkeys(use.user for use in project.uses(resource)):
        caller = project.machine(user) if user.type == MACHINE else None
        if caller is None or caller in seen or not user.agrees(resource):
            continue
        for state in caller.states():
            task = state.task
            if task is None or task.service != 'states' or task.pattern != 'sync':
                continue
            started = project.find(task.target, user.template, MACHINE)
            if any(one.logical_id == resource.logical_id for one in started):
                chain, escapes = _chain(state, _ANY, f'`{state.name}` of `{caller.name}`')
                if escapes:
                    chain = [*chain, *_above(caller, project, (*seen, machine))]
                best = max(best, chain, key=_calls)
    return best


def _others(project: Project) -> bool:
    """Whether there is a second machine at all; who refers to whom takes time to find out."""
    return sum(len(template.types.get(MACHINE, ())) for template in project.documents) > 1
