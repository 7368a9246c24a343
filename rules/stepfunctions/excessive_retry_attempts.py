from __future__ import annotations

import re
from collections.abc import Iterator

from thera_lint import graph
from thera_lint import invokers
from thera_lint.prices import dollars
from thera_lint.prices import price
from thera_lint.project import Project
from thera_lint.rule import Cost
from thera_lint.rule import Finding
from thera_lint.rule import Fix
from thera_lint.rule import Option
from thera_lint.rule import Options
from thera_lint.rule import Set
from thera_lint.rule import StateRule
from thera_lint.rules.stepfunctions import _workflows
from thera_lint.states import State
from thera_lint.values import Map

_SECONDS = {'STANDARD': 365 * 86_400, 'EXPRESS': 300}
"""How long a run may last."""
_REFUSED = re.compile(
    r'Throttl|TooManyRequests|RequestLimitExceeded|ThroughputExceeded|ConcurrentRunsExceeded|'
    r'SlowDown|Lambda\.(ServiceException|AWSLambdaException|SdkClientException)\Z',
)
"""Errors that say that a service did not take a call, which so costs nothing there."""


class ExcessiveRetryAttempts(StateRule):
    """A state is tried again more often than is likely to help.

    ## Why it costs

    Each try is one more transition and one more call of whatever the state runs, and what
    failed six times with growing waits usually fails the seventh time too: the input is
    bad, a permission is missing, the code is broken. Retrying a Map or a Parallel state
    runs everything inside it again.

    Only tries that can happen count: where the waits double, a run is over before the
    hundredth. A retrier that names nothing but throttling and faults of the service, and
    whose waits grow, is left alone: what was not taken is not billed but as a transition.

    ## When it is right

    For an error of your own that is known to pass and costs little to meet. Where the
    retry is how the workflow waits for something, a Wait in a loop is no cheaper, but
    `.sync` or a callback is. Workflows that only a custom resource starts are left alone: they
    wait for it once per deployment.

    ## References

    - https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html
    - https://aws.amazon.com/step-functions/pricing/
    """

    id = 'WC2007'
    states = ('Task', 'Map', 'Parallel')
    remedy = 'set MaxAttempts to what a passing fault needs, and catch the error after that'
    options = (
        Option('max_attempts', 6, 'Retries that one retrier may make; what the fix writes.'),
    )

    def check(self, state: State, project: Project, options: Options) -> Iterator[Finding]:
        for index, retrier in state.data.maps('Retry'):
            written = retrier.number('MaxAttempts')
            if written is None or written <= options.max_attempts or _waits_its_turn(retrier):
                continue
            kind = _workflows.execution_type(state)
            tries = _attempts_within(_limit(state, kind), retrier, int(written))
            if tries <= options.max_attempts:
                continue
            if invokers.only_by_deployments(state.machine.resource, project):
                return
            each = 1 + sum(
                graph.transitions(level, lambda _: 1, lambda _: None).shortest
                for level in state.levels
            )
            usd = tries * each * price('sfn.standard.transition').usd
            path = ('Retry', index, 'MaxAttempts')
            yield Finding(
                path,
                f'`{state.name}` may be tried {tries:,} more times (MaxAttempts {int(written):,}), '
                f'above the ceiling of {options.max_attempts}: '
                f'{_paid(state, kind, tries, tries * each)}'
                f'{f", {dollars(usd)} in transitions alone" if kind == "STANDARD" else ""}',
                cost=Cost(
                    f'{dollars(price("sfn.standard.transition").usd * 1e6)} per million '
                    'transitions (us-east-1), in a run that uses up every retry',
                    per_run_usd=usd,
                ) if kind == 'STANDARD' else None,
                fix=Fix(
                    f'set MaxAttempts to {options.max_attempts}',
                    safe=False, edits=(Set(path, options.max_attempts),),
                ),
            )


def _paid(state: State, kind: str | None, tries: int, transitions: float) -> str:
    """What the retries bring, for the message."""
    at_least = 'at least ' if state.type != 'Task' else ''
    entered = '' if kind == 'EXPRESS' else f'{at_least}{transitions:,.0f} transitions and '
    if state.type != 'Task':
        return f'{entered}{tries:,} times all that its states call'
    task = state.task
    return f'{entered}{tries:,} calls{f" of {task.service}:{task.action}" if task else ""}'


def _waits_its_turn(retrier: Map) -> bool:
    """Whether a retrier is for refused calls only, and makes fewer and fewer of them."""
    if not retrier.absent('BackoffRate') and (retrier.number('BackoffRate') or 0) <= 1:
        return False
    errors = retrier.seq('ErrorEquals') or ()
    return bool(errors) and all(isinstance(e, str) and _REFUSED.search(e) for e in errors)


def _limit(state: State, kind: str | None) -> float:
    """How many seconds a run may last."""
    longest = _SECONDS.get(kind or '', _SECONDS['STANDARD'])
    written = state.machine.definition.number('TimeoutSeconds')
    return longest if written is None else min(written, longest)


def _attempts_within(seconds: float, retrier: Map, attempts: int) -> int:
    """How many of the attempts can follow within so many seconds."""
    def number(key: str, default: float) -> float | None:
        return default if retrier.absent(key) else retrier.number(key)

    wait, rate = number('IntervalSeconds', 1), number('BackoffRate', 2)
    longest = number('MaxDelaySeconds', float('inf'))
    if wait is None or rate is None or longest is None or not retrier.absent('JitterStrategy'):
        return attempts
    made = 0
    while made < attempts and 0 < min(wait, longest) <= seconds:
        if rate < 1.01 or wait >= longest:  # from here on at one pace, or as good as
            return min(attempts, made + int(seconds // min(wait, longest)))
        seconds -= wait
        wait *= rate
        made += 1
    return made if wait > 0 else attempts
