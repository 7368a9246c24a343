from __future__ import annotations

import re
from collections.abc import Iterator

from thera_lint.prices import dollars
from thera_lint.prices import price
from thera_lint.project import Project
from thera_lint.rule import Cost
from thera_lint.rule import Finding
from thera_lint.rule import Option
from thera_lint.rule import Options
from thera_lint.rule import StateRule
from thera_lint.rules.stepfunctions import _maps
from thera_lint.rules.stepfunctions import _workflows
from thera_lint.states import State
from thera_lint.values import Map
from thera_lint.values import Seq

_MANY = 10 ** 9
_ID = r'(?:id|key|url|uri|link|domain|host|name|arn|ticker|symbol|isin|sku|uuid|code)'
# domains, companyIds, company_ids, CompanyIDs, s3Keys: but not valid, monkeys or grids.
_IDS = re.compile(rf'(?:^|.*[_-]|.*[a-z0-9](?=[A-Z]))(?i:{_ID}s)')
_ONE_ID = re.compile(rf'(?:^|.*[_-]|.*[a-z0-9](?=[A-Z]))(?i:{_ID})')
_ITEM = ('$$.Map.Item.Value', '{% $states.context.Map.Item.Value %}')


class MapWithoutInnerBatching(StateRule):
    """An inline Map calls a function for each single id, domain or URL.

    ## Why it costs

    Each item is a paid transition of its own, $25 per million, and a Lambda request with
    the time that a function takes to get going. An inline Map can't batch. A Map in
    DISTRIBUTED mode with an ItemBatcher hands the function a list of items: ten items a
    batch make a tenth of the calls, and EXPRESS children replace the transitions.

    A Map is reported that holds one Lambda task and nothing else, and whose items are short
    strings by what they are called (`domains`, `companyIds`) or by the list that is written.

    ## When it is right

    For a few items, or for items that take the function long. A batch is tried again as a
    whole; a distributed Map needs permission to start executions, and takes a moment
    longer to start. An Express workflow can't hold one, and is not reported.

    ## References

    - https://docs.aws.amazon.com/step-functions/latest/dg/input-output-itembatcher.html
    - https://docs.aws.amazon.com/step-functions/latest/dg/state-map-distributed.html
    - https://aws.amazon.com/step-functions/pricing/
    """

    id = 'IC2020'
    states = ('Map',)
    remedy = 'use DISTRIBUTED mode with an ItemBatcher, and let the function take a list'
    options = (
        Option('min_items', 100, 'A literal list of fewer items is left alone.'),
    )

    def check(self, state: State, project: Project, options: Options) -> Iterator[Finding]:
        if _maps.mode(state) != 'INLINE' or _workflows.execution_type(state) != 'STANDARD':
            return
        inside = [one for level in state.levels for one in level.walk()]
        task = inside[0].task if len(inside) == 1 else None
        if task is None or task.service != 'lambda' or task.action != 'invoke' or task.pattern:
            return
        items = _maps.at_once(state, _MANY)
        why = _short(state)
        if why is None or items is None or items < options.min_items:
            return
        each = price('sfn.standard.transition').usd + price('lambda.request').usd
        yield Finding(
            (),
            f'`{state.name}` calls `{inside[0].name}` for each single item ({why}), '
            f'{dollars(each * 1e6)} per million items in transitions and requests; a DISTRIBUTED '
            'Map with batches of 10 makes a tenth of the calls',
            Cost(
                f'{dollars(price("sfn.standard.transition").usd * 1e6)} per million transitions '
                f'and {dollars(price("lambda.request").usd * 1e6)} per million requests, '
                'us-east-1, without the free tier',
            ),
        )


def _short(state: State) -> str | None:
    """What says that the items are short strings, for the message."""
    data = state.data
    written = data.get('Items')
    if isinstance(written, Seq):
        return 'strings' if all(isinstance(one, str) for one in written) else None
    path = written if state.jsonata else data.get('ItemsPath')
    if isinstance(path, str):
        last = path.removesuffix('%}').strip().rpartition('.')[2]
        if _IDS.fullmatch(last):
            return f'`{last}`'
    for key in ('ItemSelector', 'Parameters'):
        selector = data.get(key)
        for name, value in selector.items() if isinstance(selector, Map) else ():
            if value in _ITEM and _ONE_ID.fullmatch(name.removesuffix('.$')):
                return f'`{name.removesuffix(".$")}`'
    return None
