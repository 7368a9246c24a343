from __future__ import annotations

from collections.abc import Iterator

from thera_lint import graph
from thera_lint.prices import dollars
from thera_lint.prices import price
from thera_lint.project import Project
from thera_lint.rule import Finding
from thera_lint.rule import Option
from thera_lint.rule import Options
from thera_lint.rule import StateRule
from thera_lint.rules.stepfunctions import _maps
from thera_lint.states import State

_CHILDREN = 10_000
"""At once, where nothing is written."""


class UnbatchedMapItems(StateRule):
    """A distributed Map starts a child and calls a function for each single item.

    ## Why it costs

    Without an ItemBatcher every item gets a child execution of its own, and so at least
    one paid start or transition, one paid Lambda request, and the time that the function
    takes to get going: imports, connections, the same lookup again and again. A batch of
    items shares all of that: ten items a batch make a tenth of it.

    Only a Map whose children run one task, a Lambda function, is reported: there the
    function gets the list under `Items`, and no state has to change.

    ## When it is right

    Where an item takes the function for minutes, where one bad item must not fail its
    neighbours (a batch is tried again as a whole), or where the function belongs to
    somebody else and takes one item only.

    ## References

    - https://docs.aws.amazon.com/step-functions/latest/dg/input-output-itembatcher.html
    - https://docs.aws.amazon.com/step-functions/latest/dg/state-map-distributed.html
    - https://aws.amazon.com/step-functions/pricing/
    """

    id = 'IC2004'
    states = ('Map',)
    remedy = 'write an ItemBatcher, and let the function work through the list it gets under Items'
    options = (
        Option('min_items', 100, 'A literal list of fewer items is left alone.'),
    )

    def check(self, state: State, project: Project, options: Options) -> Iterator[Finding]:
        data = state.data
        if _maps.mode(state) != 'DISTRIBUTED' or not data.absent('ItemBatcher'):
            return
        inside = [one for level in state.levels for one in level.walk()]
        if not all(graph.is_closed(one.level) for one in inside):
            return
        works = [one for one in inside if one.type in ('Task', 'Map')]
        items = _maps.at_once(state, _CHILDREN)
        if len(works) != 1 or items is None or items < options.min_items:
            return
        task = works[0].task
        if task is None or task.service != 'lambda' or task.action != 'invoke' or task.pattern:
            return
        kind = state.children_type
        start = {
            'STANDARD': price('sfn.standard.transition').usd,
            'EXPRESS': price('sfn.express.request').usd,
        }.get(kind or '')
        costs = [] if start is None else [f'{dollars(start * 1e6)} for the {_PAID[kind or ""]}']
        costs.append(f'{dollars(price("lambda.request").usd * 1e6)} for the requests')
        yield Finding(
            (),
            f'`{state.name}` starts a child and calls `{works[0].name}` for each single item: '
            f'beside the time that each call takes to get going, {" and ".join(costs)} per million '
            'items, ten times as much as in batches of 10',
        )


_PAID = {'STANDARD': 'transitions into the task alone', 'EXPRESS': 'starts'}
