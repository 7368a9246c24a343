from __future__ import annotations

from collections.abc import Iterator

from thera_lint import invokers
from thera_lint.project import Project
from thera_lint.rule import Finding
from thera_lint.rule import Fix
from thera_lint.rule import Option
from thera_lint.rule import Options
from thera_lint.rule import Set
from thera_lint.rule import StateRule
from thera_lint.states import State
from thera_lint.values import Map

_UNNOTICED = 300
"""Seconds of waiting in all that no workflow can do without: an Express run may last so long."""
_TOO_LONG = 86_400
"""Seconds of waiting in all from which a doubled interval is no way out."""


class RetriesWithoutBackoff(StateRule):
    """A task is tried again and again at one pace.

    ## Why it costs

    With BackoffRate 1 the tries follow one another at a fixed interval. What fails because
    it has too much to do is kept busy by them, and every one is a paid transition and a
    paid call. With the default, 2, each wait is twice the one before: the same tries cover
    an outage many times as long, so fewer are made before it is over.

    JitterStrategy spreads the tries of several executions; it does not make them fewer.

    ## When it is right

    Where the retry is how the workflow waits for something that takes about a known time.
    A Wait before the first try, `.sync` or a callback costs less there.

    Workflows that only a custom resource starts are left alone: they wait for it once per
    deployment.

    The fix is safe while all waits together stay below five minutes. Above, a run may take so
    much longer that somebody notices, and it is unsafe; where they would add up to more than a
    day there is none, and MaxDelaySeconds must come with it.

    ## References

    - https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html
    - https://docs.aws.amazon.com/prescriptive-guidance/latest/cloud-design-patterns/retry-backoff.html
    - https://aws.amazon.com/step-functions/pricing/
    """

    id = 'WC2006'
    states = ('Task', 'Map', 'Parallel')
    remedy = 'set BackoffRate to 2, with MaxDelaySeconds where a wait would become too long'
    options = (
        Option('max_attempts', 3, 'So many retries may follow one another at one pace.'),
    )

    def check(self, state: State, project: Project, options: Options) -> Iterator[Finding]:
        for index, retrier in state.data.maps('Retry'):
            rate = retrier.number('BackoffRate')
            attempts = retrier.number('MaxAttempts')
            if rate is None or rate > 1 or attempts is None or attempts <= options.max_attempts:
                continue
            if invokers.only_by_deployments(state.machine.resource, project):
                return
            interval = 1 if retrier.absent('IntervalSeconds') else retrier.number('IntervalSeconds')
            pace = 'at one pace' if interval is None else f'every {interval} s'
            path = ('Retry', index, 'BackoffRate')
            yield Finding(
                path,
                f'`{state.name}` is tried again {pace} up to {int(attempts):,} times, and each try '
                f'is paid: with BackoffRate {rate} the waits do not grow, so that even a short '
                f'outage uses up many of them',
                fix=_fix(path, retrier, interval, int(attempts)),
            )


def _fix(
        path: tuple[str | int, ...], retrier: Map, interval: float | None, attempts: int,
) -> Fix | None:
    """BackoffRate 2, where the waits stay bearable; safe where nobody can notice them."""
    cap = float('inf') if retrier.absent('MaxDelaySeconds') else retrier.number('MaxDelaySeconds')
    if interval is None or cap is None or attempts > 100:
        return None
    total = sum(min(interval * 2 ** number, cap) for number in range(attempts))
    if total > _TOO_LONG:
        return None
    return Fix('set BackoffRate to 2', safe=total <= _UNNOTICED, edits=(Set(path, 2),))
