from __future__ import annotations

from collections.abc import Iterator

from thera_lint import graph
from thera_lint.prices import dollars
from thera_lint.prices import price
from thera_lint.project import Project
from thera_lint.rule import Finding
from thera_lint.rule import Options
from thera_lint.rule import StateRule
from thera_lint.rules.stepfunctions import _loops
from thera_lint.rules.stepfunctions import _workflows
from thera_lint.states import State
from thera_lint.values import Map

_ANY = {'States.ALL', 'States.TaskFailed', 'States.Timeout', 'States.Runtime'}
_HOUR = 3600


class CatchThatLoops(StateRule):
    """A Catch leads back to the state that failed.

    ## Why it costs

    Retry stops after MaxAttempts. A Catch that goes back to its own state does not: an
    error that stays (a permission that is missing, a table that is gone) repeats the call
    for ever, and each turn bills the call, its retries and the states on the way. A
    Standard run does that until its history holds 25,000 events, thousands of calls,
    an Express run for five minutes.

    ## When it is right

    The rule is silent where the way back passes a Choice that can end it, a Wait of at
    least an hour or of unknown length, an approval by task token, a state that may count
    the turns (Assign, States.MathAdd, an Output with a sum), or, for one error by name, a task that
    may mend it (create the table that was not found). TimeoutSeconds on the whole workflow
    ends it too, and so may a Fail in a branch beside it.

    ## References

    - https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html
    - https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
    - https://aws.amazon.com/step-functions/pricing/
    """

    id = 'WC2010'
    states = ('Task', 'Map', 'Parallel')
    remedy = 'use Retry with MaxAttempts, or count the turns and end in a Fail'

    def check(self, state: State, project: Project, options: Options) -> Iterator[Finding]:
        catchers = list(state.data.maps('Catch'))
        if not catchers or not state.machine.definition.absent('TimeoutSeconds'):
            return
        for index, catcher in catchers:
            target = state.level.states.get(catcher.text('Next') or '')
            region = graph.between(target, state) if target is not None else None
            if target is None or region is None or _counts(catcher) or any(map(_may_end, region)):
                continue
            if not graph.is_closed(state.level) or _loops.is_ended_from_outside(state.level):
                continue
            errors = catcher.seq('ErrorEquals')
            if errors is None or not all(isinstance(error, str) for error in errors):
                continue
            if not _ANY.intersection(errors) and any(one.type == 'Task' for one in region):
                continue
            kind = _workflows.execution_type(state)
            way = (graph.way(target, state) or [])[:-1] if region else []
            through = f' through {_loops.named(way)}' if way else ''
            states = len(way) + 1
            least = 'at least ' if len(region) > len(way) else ''
            paid = dollars(states * price('sfn.standard.transition').usd * 1e6)
            bill = '' if kind == 'EXPRESS' else (
                f', each time {least}{states} transition{"s" * (states > 1)} ({paid} per million) '
                'beside what it calls'
            )
            yield Finding(
                ('Catch', index),
                f'`{state.name}` catches {", ".join(errors)} and goes back to '
                f'itself{through}: an error that stays '
                f'repeats it in a run until {_loops.limit(kind)}{bill}',
            )


def _counts(holder: Map) -> bool:
    """Whether a state or catcher may count the turns."""
    if not holder.absent('Assign') or 'States.MathAdd' in repr(holder):
        return True
    return '+' in repr(holder.get('Output'))


def _may_end(state: State) -> bool:
    """Whether a state on the way back may keep it from going on for ever."""
    inside = (inner for level in state.levels for inner in level.walk())
    return graph.is_terminal(state) or _holds_up(state) or any(
        inner.type == 'Fail' or _holds_up(inner) for inner in inside
    )


def _holds_up(state: State) -> bool:
    """Whether a state may count the turns, or wait for long."""
    if _counts(state.data):
        return True
    if state.type == 'Wait':
        waiting = state.data.number('Seconds')
        return waiting is None or waiting >= _HOUR
    if state.type == 'Task':
        task = state.task
        return task is None or task.pattern == 'waitForTaskToken' or task.kind == 'activity'
    return False
