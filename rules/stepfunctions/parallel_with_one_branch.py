from __future__ import annotations

from collections.abc import Iterator

from thera_lint.prices import dollars
from thera_lint.prices import price
from thera_lint.project import Project
from thera_lint.rule import Finding
from thera_lint.rule import Options
from thera_lint.rule import StateRule
from thera_lint.rules.stepfunctions import _workflows
from thera_lint.states import State


class ParallelWithOneBranch(StateRule):
    """A Parallel state has nothing to run in parallel.

    ## Why it costs

    Entering a Parallel state is a transition, and so is each state in its branch. With one
    branch that first one buys nothing: the states of the branch can stand where the
    Parallel state stands. Express workflows do not bill transitions and are left alone.

    ## When it is right

    A Parallel state is the only way to try several states again together, or to catch
    the errors of all of them in one place. With Retry or Catch on it, it is left alone.
    Some use one to draw states as a group, or to keep their results from the rest of the
    workflow. What comes out of it is a list of one item, which the next state may count on.

    ## References

    - https://docs.aws.amazon.com/step-functions/latest/dg/state-parallel.html
    - https://aws.amazon.com/step-functions/pricing/
    """

    id = 'IC2013'
    states = ('Parallel',)
    remedy = 'put the states of the branch in its place'

    def check(self, state: State, project: Project, options: Options) -> Iterator[Finding]:
        data = state.data
        branches = data.seq('Branches')
        if branches is None or len(branches) != 1 or len(state.levels) != 1:
            return
        if any(not data.absent(key) and data.get(key) != [] for key in ('Retry', 'Catch')):
            return
        if _workflows.execution_type(state) == 'EXPRESS':
            return
        yield Finding(
            (),
            f'`{state.name}` has one branch and neither Retry nor Catch, so entering it is a '
            'transition that runs nothing in parallel: '
            f'{dollars(price("sfn.standard.transition").usd * 1e6)} per million in a Standard '
            'workflow',
        )
