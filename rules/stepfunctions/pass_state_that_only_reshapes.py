from __future__ import annotations

from collections.abc import Iterator

from thera_lint import graph
from thera_lint.prices import dollars
from thera_lint.prices import price
from thera_lint.project import Project
from thera_lint.rule import Cost
from thera_lint.rule import Finding
from thera_lint.rule import Options
from thera_lint.rule import StateRule
from thera_lint.rules.stepfunctions import _runs
from thera_lint.rules.stepfunctions import _workflows
from thera_lint.states import State

_SHAPES = {
    False: ('Parameters', 'Result', 'InputPath', 'OutputPath'),
    True: ('Output', 'Assign'),
}
"""What a Pass may do to its data, in JSONPath and in JSONata."""

_WORKERS = ('Task', 'Parallel', 'Map')


class PassStateThatOnlyReshapes(StateRule):
    """A Pass state only rearranges data that its neighbour could hand over as wanted.

    ## Why it costs

    A Standard workflow bills a Pass like any other state, $25 per million, and inside a Map
    once for each item. The state before it can shape its own result with ResultSelector
    and OutputPath (JSONPath) or Output and Assign (JSONata), and the task after it can
    build what it sends in Parameters: that is free.

    Only a Pass is reported whose work moves without a loss: the state before leads to it
    alone and hands on its result and nothing else, or the task after is reached by it alone
    and replaces all data by its result. In an Express workflow it is not reported.

    ## When it is right

    Where the state says more to a reader than a selector would: a Pass that stands in for a
    task not yet written, or that marks a step for whoever looks at an execution. The target
    of a Catch, of several states or of a Choice is left alone, and so is the only state of a
    branch.

    ## References

    - https://docs.aws.amazon.com/step-functions/latest/dg/state-pass.html
    - https://docs.aws.amazon.com/step-functions/latest/dg/input-output-inputpath-params.html
    - https://aws.amazon.com/step-functions/pricing/
    """

    id = 'IC2012'
    states = ('Pass',)
    remedy = 'let the neighbour shape the data: ResultSelector or Output before, Parameters after'

    def check(self, state: State, project: Project, options: Options) -> Iterator[Finding]:
        shapes = [key for key in _SHAPES[state.jsonata] if not state.data.absent(key)]
        if not shapes or _workflows.execution_type(state) != 'STANDARD':
            return
        if not graph.is_closed(state.level):
            return
        states = state.level.states.values()
        ways = [(one, edge) for one in states for edge in one.edges if edge.target == state.name]
        who = None
        if state.level.start != state.name:
            if len(ways) == 1 and ways[0][1].kind == 'next':
                who = _before(ways[0][0], state)
        elif not ways and (state.parent is None or state.parent.type == 'Map'):
            who = _after(state)
        if who is None:
            return
        often = ' for each item' if _runs.in_map(state) else ''
        each = dollars(price('sfn.standard.transition').usd * 1e6)
        yield Finding(
            (),
            f'`{state.name}` only reshapes data ({", ".join(shapes)}), which {who} can do: it is '
            f'one more paid transition{often}, {each} per million',
            Cost(f'{each} per million transitions, us-east-1, without the free tier'),
        )


def _before(one: State, state: State) -> str | None:
    """What the state before can do it with."""
    if one.jsonata != state.jsonata:
        return None
    if state.jsonata:
        return f'`{one.name}` with Output and Assign' if one.type in (*_WORKERS, 'Pass') else None
    if one.type in _WORKERS and _replaces(one) and _replaces(state):
        return _with(one, state, 'ResultSelector', 'OutputPath')
    return None


def _after(state: State) -> str | None:
    """What the task after the very first state can do it with."""
    following = state.level.states.get(state.data.text('Next') or '')
    if following is None or following.type != 'Task' or state.jsonata or following.jsonata:
        return None
    alone = [
        one for one in state.level.states.values()
        if any(edge.target == following.name for edge in one.edges)
    ]
    kept = not following.data.absent('Catch')  # hands on what the task was given
    if len(alone) == 1 and not kept and _replaces(state) and _replaces(following):
        return _with(following, state, 'Parameters', 'InputPath')
    return None


def _with(one: State, state: State, template: str, path: str) -> str | None:
    """A template makes an object, and a path picks what is there."""
    data = state.data
    if not data.absent('Parameters') or data.map('Result') is not None:
        return f'`{one.name}` with {template}'
    return f'`{one.name}` with {path}' if data.absent('Result') else None


def _replaces(state: State) -> bool:
    """Whether a state hands on its result and nothing of its input."""
    data = state.data
    if not data.absent('OutputPath') and state.type != 'Pass' or not data.absent('Assign'):
        return False
    # A null is written, not absent: it throws the result away.
    return 'ResultPath' not in data or data.text('ResultPath') == '$'
