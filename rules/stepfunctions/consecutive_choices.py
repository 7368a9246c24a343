from __future__ import annotations

from collections.abc import Iterator

from thera_lint import graph
from thera_lint.prices import dollars
from thera_lint.prices import price
from thera_lint.project import Project
from thera_lint.rule import Finding
from thera_lint.rule import Options
from thera_lint.rule import StateRule
from thera_lint.rules.stepfunctions import _workflows
from thera_lint.states import State


class ConsecutiveChoices(StateRule):
    """A Choice hands what it does not decide to another Choice.

    ## Why it costs

    A Choice may hold any number of rules; they are tried in order, and Default is taken
    when none fits. A second Choice that only the Default of the first leads to asks
    nothing that the first could not have asked, and bills a transition more in a Standard
    workflow.

    ## When it is right

    Where the two are easier to read apart, and the workflow runs seldom. The rule is
    silent where the first changes what the second sees (Assign, Output, InputPath,
    OutputPath), where another state leads to the second as well, and in Express workflows,
    which do not bill transitions.

    ## References

    - https://docs.aws.amazon.com/step-functions/latest/dg/state-choice.html
    - https://aws.amazon.com/step-functions/pricing/
    """

    id = 'IC2021'
    states = ('Choice',)
    remedy = 'append the rules of the second Choice to those of the first'

    def check(self, state: State, project: Project, options: Options) -> Iterator[Finding]:
        second = state.level.states.get(state.data.text('Default') or '')
        if second is None or second is state or second.type != 'Choice':
            return
        if second.name == state.level.start or not graph.is_closed(state.level):
            return
        ways = [
            edge for other in state.level.states.values()
            for edge in other.edges if edge.target == second.name
        ]
        if len(ways) != 1 or state.jsonata != second.jsonata:
            return
        changes = (
            *(state.data.get(key) for key in ('Assign', 'Output', 'InputPath', 'OutputPath')),
            *(second.data.get(key) for key in ('InputPath', 'OutputPath', 'Output', 'Assign')),
        )
        if any(change is not None for change in changes):
            return
        if _workflows.execution_type(state) == 'EXPRESS':
            return
        yield Finding(
            ('Default',),
            f'`{state.name}` leaves the rest to `{second.name}`, which only it leads to: one '
            'Choice can hold the rules of both, a transition less, '
            f'{dollars(price("sfn.standard.transition").usd * 1e6)} per million in a Standard '
            'workflow',
        )
