from __future__ import annotations

from collections.abc import Iterator

from thera_lint import graph
from thera_lint.prices import dollars
from thera_lint.prices import price
from thera_lint.project import Project
from thera_lint.rule import Finding
from thera_lint.rule import Fix
from thera_lint.rule import Option
from thera_lint.rule import Options
from thera_lint.rule import Set
from thera_lint.rule import StateRule
from thera_lint.rules.stepfunctions import _maps
from thera_lint.rules.stepfunctions import _workflows
from thera_lint.states import State

_EXPRESS_SECONDS = 300
"""How long an Express run may last."""


class StandardMapChildren(StateRule):
    """A distributed Map runs short children as Standard workflows.

    ## Why it costs

    A child of type STANDARD bills each state that it enters, $25 per million. A child of
    type EXPRESS bills one request, $1 per million, and its duration at the memory it
    takes, about $1 per million seconds at the least. Over the many items of a distributed
    Map that is most of what the Map costs.

    A Map is left alone where a child can't be Express: it waits for a job, a callback or
    an activity, holds a distributed Map of its own, goes in circles, waits for long, or
    runs something that may take more than five minutes. So is one where that is unknown.

    ## When it is right

    An Express child may run more than once, so what it does must bear that, and it must
    be done in five minutes. It has no execution history but its logs. Where one of these
    counts, or a child takes so long that its duration costs more than its transitions,
    STANDARD is right.

    ## References

    - https://docs.aws.amazon.com/step-functions/latest/dg/state-map-distributed.html
    - https://docs.aws.amazon.com/step-functions/latest/dg/choosing-workflow-type.html
    - https://aws.amazon.com/step-functions/pricing/
    """

    id = 'IC2003'
    states = ('Map',)
    remedy = 'set ExecutionType to EXPRESS where a child is done in five minutes and may run twice'
    options = (
        Option('max_wait_seconds', 60, 'A child with a longer Wait is taken for a long one.'),
    )

    def check(self, state: State, project: Project, options: Options) -> Iterator[Finding]:
        if _maps.mode(state) != 'DISTRIBUTED' or state.children_type != 'STANDARD':
            return
        level = state.levels[0]
        inside = list(level.walk())
        if not inside or not all(_is_short(one, project, options) for one in inside):
            return
        entered = graph.transitions(level, lambda _: 1, lambda _: None).usual
        standard = entered * price('sfn.standard.transition').usd
        seconds = (standard - price('sfn.express.request').usd) / _workflows.express_second()
        plural = 's' * (entered > 1)
        least = 'at least ' if any(one.type == 'Map' for one in inside) else ''
        each = 'item' if state.data.absent('ItemBatcher') else 'batch'
        path = ('ItemProcessor', 'ProcessorConfig', 'ExecutionType')
        yield Finding(
            path,
            f'`{state.name}` runs a STANDARD child for each {each}, {least}'
            f'{entered:.0f} transition{plural} or {dollars(standard * 1e6)} per million of them; '
            f'up to {min(seconds, _EXPRESS_SECONDS):.0f} s long an EXPRESS child costs less, '
            f'{dollars(price("sfn.express.request").usd * 1e6)} and '
            f'{dollars(_workflows.express_second() * 1e6)} a second at 64 MB per million',
            fix=Fix('set ExecutionType to EXPRESS', safe=False, edits=(Set(path, 'EXPRESS'),)),
        )


def _is_short(state: State, project: Project, options: Options) -> bool:
    """Whether nothing is known of a state that an Express child couldn't do."""
    if not graph.is_closed(state.level) or graph.cycles(state.level):
        return False
    if state.type == 'Wait':
        seconds = state.data.number('Seconds')
        return seconds is not None and bool(seconds <= options.max_wait_seconds)
    if state.type == 'Map':
        return bool(_maps.mode(state) == 'INLINE')
    if state.type != 'Task':
        return state.type is not None
    task = state.task
    if task is None or _workflows.pattern(task) is not None:
        return False
    limits = [state.data.number('TimeoutSeconds')]
    resource = state.machine.resource
    if task.service == 'lambda' and resource is not None:
        limits += [
            function.properties.number('Timeout')
            for function in project.find(task.target, resource.template, 'AWS::Lambda::Function')
        ]
    return all(limit is None or limit <= _EXPRESS_SECONDS for limit in limits)
