from __future__ import annotations

from collections.abc import Iterator

from thera_lint.project import Project
from thera_lint.rule import Finding
from thera_lint.rule import Options
from thera_lint.rule import StateRule
from thera_lint.rules.athena import _queries
from thera_lint.rules.athena import _sql
from thera_lint.states import State

_VARYING = ('ExecutionParameters', 'ExecutionParameters.$', 'ResultReuseConfiguration.$')
_CLOCK = ('current_', 'localtime', 'now(', 'rand', 'shuffle(', 'uuid(')


class UnreusedResults(StateRule):
    """A state runs the same query each time, and never takes an earlier result.

    ## Why it costs

    The text of the query is fixed, so two executions within an hour read the same data twice
    and pay twice. With ResultReuseConfiguration Athena hands out the result of the earlier
    run, up to the age that is named, and reads nothing: nothing is billed.

    ## When it is right

    Where the data changes between two executions and the newest is needed, and where the
    executions lie further apart than results may be old. Only SELECT can be reused; a query
    that asks for the time or for chance is left alone. It needs Athena engine version 3.

    ## References

    - https://docs.aws.amazon.com/athena/latest/ug/reusing-query-results.html
    - https://docs.aws.amazon.com/athena/latest/APIReference/API_ResultReuseConfiguration.html
    - https://aws.amazon.com/athena/pricing/
    """

    id = 'IC3015'
    states = ('Task',)
    remedy = 'add ResultReuseConfiguration with the age that a result may have'

    def check(self, state: State, project: Project, options: Options) -> Iterator[Finding]:
        parameters = state.parameters
        if not _queries.is_start(state) or not parameters.absent('ResultReuseConfiguration'):
            return
        query = _queries.of_place(state, project)
        if query is None or query.path[-1] != 'QueryString':
            return  # its text is another in each execution
        if not all(parameters.absent(key) for key in _VARYING):
            return
        if [one.kind for one in query.statements] != ['select']:
            return
        if _sql.reads_nothing(query.statements[0].top):
            return
        text = query.text.lower()
        if any(word in text for word in _CLOCK):
            return
        yield Finding(
            query.path,
            f'`{state.name}` runs the same query every time and reads its data again, '
            f'{_queries.scan()}, also where a result of a minute ago would do',
        )
