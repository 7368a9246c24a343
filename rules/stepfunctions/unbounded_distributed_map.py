from __future__ import annotations

from collections.abc import Iterator

from thera_lint.project import Project
from thera_lint.rule import Finding
from thera_lint.rule import Option
from thera_lint.rule import Options
from thera_lint.rule import StateRule
from thera_lint.rules.stepfunctions import _maps
from thera_lint.states import State

_CHILDREN = 10_000
"""At once, where nothing is written."""


class UnboundedDistributedMap(StateRule):
    """A distributed Map starts up to 10,000 child executions at once.

    ## Why it costs

    Without MaxConcurrency, and with MaxConcurrency 0, a Map in DISTRIBUTED mode runs
    10,000 child executions at a time. An account may run 1,000 Lambda functions at once
    unless it asked for more, so the rest is throttled and retried, and each retry is one
    more paid transition; other functions of the account are throttled with them. And a
    wrong prefix or a file that is longer than expected is paid for before anybody can
    stop it. None of that is a charge of its own: it multiplies the others.

    A tolerated failure count or percentage does not help: it stops a run after the calls
    were paid for.

    ## When it is right

    Where what the children call is made for it: no Lambda quota, no provisioned table, no
    API that bills by the call. Set MaxConcurrency to 10000 then, to say that it is meant.
    MaxConcurrencyPath, a JSONata expression and a reader that stops after a few items
    (ReaderConfig.MaxItems) are limits too.

    ## References

    - https://docs.aws.amazon.com/step-functions/latest/dg/state-map-distributed.html
    - https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
    - https://aws.amazon.com/step-functions/pricing/
    """

    id = 'WC2002'
    states = ('Map',)
    remedy = 'set MaxConcurrency to what the children can take and you would pay for at once'
    options = (
        Option(
            'max_concurrency', 100,
            'What the fix writes; a list or reader of at most as many items needs no limit.',
        ),
    )

    def check(self, state: State, project: Project, options: Options) -> Iterator[Finding]:
        if _maps.mode(state) != 'DISTRIBUTED' or not _maps.unbounded(state):
            return
        work = _maps.work(state)
        items = _maps.at_once(state, _CHILDREN)
        read = _items_read(state)
        if work is None or items is None or read is None:
            return
        children = min(items, read)
        if children <= options.max_concurrency:
            return
        yield Finding(
            _maps.place(state),
            f'`{state.name}` starts up to {children:,} child executions at once, each to run '
            f'{work}, no charge of its own but a multiplier of what throttling, retries and bad '
            f'input cost: {_maps.cause(state)}',
            fix=_maps.limited(options.max_concurrency),
        )


def _items_read(state: State) -> int | None:
    """How many items the reader hands over; None where it has a limit that is not known."""
    if state.data.absent('ItemReader'):
        return _CHILDREN
    reader = state.data.map('ItemReader')
    if reader is None:
        return None
    if reader.absent('ReaderConfig'):
        return _CHILDREN
    config = reader.map('ReaderConfig')
    if config is None or not config.absent('MaxItemsPath'):
        return None
    if config.absent('MaxItems'):
        return _CHILDREN
    limit = config.number('MaxItems')
    return None if limit is None else int(limit) or _CHILDREN
