from __future__ import annotations

from collections.abc import Iterator

from thera_lint import graph
from thera_lint.prices import dollars
from thera_lint.prices import price
from thera_lint.project import Project
from thera_lint.rule import Finding
from thera_lint.rule import MachineRule
from thera_lint.rule import Options
from thera_lint.rules.stepfunctions import _loops
from thera_lint.rules.stepfunctions import _workflows
from thera_lint.states import State
from thera_lint.states import StateMachine


class EndlessLoop(MachineRule):
    """A loop has no way out.

    ## Why it costs

    A run that enters the loop goes round, and bills each state of each turn and all that
    its tasks do, until an error or a quota stops it. A Standard run fails when its history
    holds 25,000 events, which is up to 12,500 transitions, $0.31; at a Wait of a minute
    that takes days. An Express run fails after five minutes. Either way the run fails, and
    whoever starts it again pays again.

    Where no state of the whole workflow ends it, CreateStateMachine rejects the
    definition.

    ## When it is right

    A Choice or a Catch that leaves the loop is a way out, and so are a Fail inside a
    Parallel or Map state of it, a Fail in a branch beside it, a task that stops the
    execution, and TimeoutSeconds on the whole workflow; the rule is silent on these. A loop
    that runs for ever on purpose is a schedule: let EventBridge Scheduler start a run for
    each turn.

    ## References

    - https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
    - https://docs.aws.amazon.com/step-functions/latest/dg/state-choice.html
    - https://aws.amazon.com/step-functions/pricing/
    """

    id = 'EC2009'
    remedy = 'give the loop a Choice that leads to its end'

    def check(
            self, machine: StateMachine, project: Project, options: Options,
    ) -> Iterator[Finding]:
        if not machine.definition.absent('TimeoutSeconds'):
            return
        for level in graph.levels(machine):
            if not graph.is_closed(level) or _loops.is_ended_from_outside(level):
                continue
            entered = graph.reachable(level)
            for loop in graph.cycles(level):
                first = loop[0]
                if first.name not in entered or graph.ways_out(loop) or any(map(_ends, loop)):
                    continue
                kind = _workflows.execution_type(first)
                paid = '' if kind == 'EXPRESS' else _price(len(loop))
                goes = 'goes' if len(loop) == 1 else 'go'
                yield Finding(
                    first.path,
                    f'{_loops.named(loop)} {goes} round without a way out{paid}: a run in '
                    f'there goes on until an error ends it or {_loops.limit(kind)}',
                )


def _price(states: int) -> str:
    paid = dollars(states * 1e6 * price('sfn.standard.transition').usd)
    return f', {paid} per million turns in a Standard workflow'


def _ends(state: State) -> bool:
    """Whether a run can end at a state of a loop, or in it."""
    if graph.is_terminal(state) or state.type == 'Task' and state.task is None:
        return True
    if state.task is not None and state.task.action == 'stopExecution':
        return True
    return any(inner.type == 'Fail' for level in state.levels for inner in level.walk())
