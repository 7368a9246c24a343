from __future__ import annotations

import re
from collections.abc import Iterator

from thera_lint import graph
from thera_lint.project import Project
from thera_lint.rule import Finding
from thera_lint.rule import MachineRule
from thera_lint.rule import Option
from thera_lint.rule import Options
from thera_lint.rules.stepfunctions import _loops
from thera_lint.rules.stepfunctions import _workflows
from thera_lint.states import State
from thera_lint.states import StateMachine

_PAGE = re.compile(r'(?i)(next\w*|marker|\w*continuationtoken|paginationtoken|\w*startkey)(\.\$)?')


class BusyPolling(MachineRule):
    """A loop waits a minute or less before each turn.

    ## Why it costs

    A Standard workflow bills every state of every turn: a loop of three states that waits
    10 seconds is 1,080 transitions per hour, $0.027 for each run that is waiting. A
    longer Wait costs proportionally less, and what polls for an hour rarely needs to know
    within seconds. A callback (`.waitForTaskToken`) needs no loop at all: one transition,
    until whoever does the work sends the token back, for instance from an EventBridge
    rule on the end of the job.

    ## When it is right

    Where the wait is over after a few turns, or an answer within seconds is worth the
    price. A loop that works through items and pauses between them is no poll either; the
    pages of a listing (a task that hands on a NextToken) are left alone. So are Express
    workflows, which bill the time (`wait_in_express`), and loops that `.sync` would end
    (`polling_loop`).

    ## References

    - https://docs.aws.amazon.com/step-functions/latest/dg/connect-to-resource.html
    - https://docs.aws.amazon.com/step-functions/latest/dg/state-wait.html
    - https://aws.amazon.com/step-functions/pricing/
    """

    id = 'IC2026'
    remedy = 'wait longer between the turns, or let the job call back with a task token'
    options = (
        Option('max_poll_seconds', 60, 'A loop is reported that waits at most so many seconds.'),
    )

    def check(
            self, machine: StateMachine, project: Project, options: Options,
    ) -> Iterator[Finding]:
        for level in graph.levels(machine):
            for loop in graph.cycles(level):
                for state in loop:
                    if state.type == 'Wait':
                        yield from _check(state, loop, options.max_poll_seconds)


def _check(state: State, loop: list[State], limit: int) -> Iterator[Finding]:
    states = graph.way(state, state, loop)
    if states is None or _workflows.execution_type(state) == 'EXPRESS':
        return
    states = states[:-1]
    waiting = _loops.seconds(states)
    if not waiting or waiting > limit or _loops.poll(state, loop) is not None:
        return
    if not any(one.type in ('Task', 'Map', 'Parallel') for one in states):
        return
    if any(_is_paged(one) for one in states) or state is not _first_wait(states):
        return
    yield Finding(
        (*state.path, 'Seconds'),
        f'`{state.name}` waits {state.data.number("Seconds"):g} s, within the '
        f'{limit} s that count as busy, in a loop of '
        f'{_loops.named(states)}: {_loops.hourly(states, waiting)} in a Standard workflow',
    )


def _first_wait(states: list[State]) -> State:
    """The Wait of a loop that is written first: one loop is one finding."""
    order = list(states[0].level.states)
    waits = [state for state in states if state.type == 'Wait']
    return min(waits, key=lambda one: order.index(one.name))


def _is_paged(state: State) -> bool:
    """Whether a task hands on the token of a page."""
    return any(_PAGE.fullmatch(key) for key in state.parameters)
