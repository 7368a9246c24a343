from __future__ import annotations

from collections.abc import Iterator

from thera_lint.project import Project
from thera_lint.rule import Finding
from thera_lint.rule import Option
from thera_lint.rule import Options
from thera_lint.rule import StateRule
from thera_lint.rules.stepfunctions import _maps
from thera_lint.states import State

_ITEMS = 40
"""At once, roughly, where nothing is written."""


class UnboundedMap(StateRule):
    """An inline Map runs as many of its items at once as the service allows.

    ## Why it costs

    Without MaxConcurrency, and with MaxConcurrency 0, Step Functions runs up to about 40
    items at once, and so 40 calls of whatever is inside. That is no charge of its own: it
    multiplies the others. What is called that often at once is throttled, and each retry
    is one more paid call and one more paid transition; and a list that is much longer
    than expected is paid for before anybody can stop it. A written limit says how much
    of that the pipeline may do at once.

    A Map with a literal list that is not longer than the limit is left alone, and so is
    one that runs no task.

    ## When it is right

    Where every item is small, what it calls can take 40 calls at once from every
    execution that runs at the time, and the items must be done soon. Set MaxConcurrency
    to 40 then, to say that it is meant. MaxConcurrencyPath and a JSONata expression are
    limits too, and are trusted.

    ## References

    - https://docs.aws.amazon.com/step-functions/latest/dg/state-map-inline.html
    - https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html
    - https://aws.amazon.com/step-functions/pricing/
    """

    id = 'WC2001'
    states = ('Map',)
    remedy = 'set MaxConcurrency to what the tasks inside can take and you would pay for at once'
    options = (
        Option(
            'max_concurrency', 10,
            'What the fix writes; a literal list of at most as many items needs no limit.',
        ),
    )

    def check(self, state: State, project: Project, options: Options) -> Iterator[Finding]:
        if _maps.mode(state) != 'INLINE' or not _maps.unbounded(state):
            return
        work = _maps.work(state)
        items = _maps.at_once(state, _ITEMS)
        if work is None or items is None or items <= options.max_concurrency:
            return
        yield Finding(
            _maps.place(state),
            f'`{state.name}` runs {work} for up to {"about " if items == _ITEMS else ""}{items} '
            f'items at once, no charge of its own but a multiplier of what throttling, retries '
            f'and bad input cost: {_maps.cause(state)}',
            fix=_maps.limited(options.max_concurrency),
        )
