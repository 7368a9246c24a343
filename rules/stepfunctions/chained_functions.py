from __future__ import annotations

from collections.abc import Iterator

from thera_lint import graph
from thera_lint.prices import dollars
from thera_lint.prices import price
from thera_lint.project import Project
from thera_lint.rule import Cost
from thera_lint.rule import Finding
from thera_lint.rule import Option
from thera_lint.rule import Options
from thera_lint.rule import StateRule
from thera_lint.rules.stepfunctions import _runs
from thera_lint.rules.stepfunctions import _workflows
from thera_lint.states import State
from thera_lint.values import UNKNOWN

_CALL = 'AWS::Lambda::Function'


class ChainedFunctions(StateRule):
    """Lambda functions run one after another, and nothing between them decides or recovers.

    ## Why it costs

    Each task is a transition of a Standard workflow, $25 per million, each call a request,
    and each function loads and starts on its own. Tasks in a row without a Choice, a Retry
    or a Catch use nothing of the workflow: one function that does the steps pays for one
    transition, one request and one start.

    Functions that together may run longer than one may are left alone, as far as their
    timeouts are known, and so is one that another task of the workflow calls too.

    ## When it is right

    Where the functions need different memory, permissions, runtimes or owners, where others
    call them too, or where the steps are to be seen and redriven one by one. With a Retry
    or Catch of its own a task is worth its transition. In an Express workflow, which bills
    no transitions, this is not reported.

    ## References

    - https://aws.amazon.com/step-functions/pricing/
    - https://docs.aws.amazon.com/step-functions/latest/dg/sfn-best-practices.html
    - https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
    """

    id = 'IC2014'
    states = ('Task',)
    remedy = 'let one function do the steps, or give each the Retry and Catch that it is there for'
    options = (
        Option('max_timeout_seconds', 900, 'What one function may take for all of the steps.'),
    )

    def check(self, state: State, project: Project, options: Options) -> Iterator[Finding]:
        if not _is_plain_call(state) or _workflows.execution_type(state) != 'STANDARD':
            return
        if not graph.is_closed(state.level) or _previous(state) is not None:
            return
        chain = [state]
        while (following := _following(chain[-1])) is not None and following not in chain:
            chain.append(following)
        if len(chain) < 2 or _is_shared(chain):
            return
        if sum(_timeout(one, project) for one in chain) > options.max_timeout_seconds:
            return
        spared = len(chain) - 1
        usd = spared * (price('sfn.standard.transition').usd + price('lambda.request').usd) * 1e6
        names = ', '.join(f'`{one.name}`' for one in chain[:-1]) + f' and `{chain[-1].name}`'
        one, many = ('an item', 'items') if _runs.in_map(state) else ('a run', 'runs')
        plural = 's' * (spared > 1)
        yield Finding(
            (),
            f'{names} run functions in a row without a Choice, Retry or Catch: one function for '
            f'{"both" if spared == 1 else "all"} spares {spared} transition{plural} and '
            f'call{plural} {one}, {dollars(usd)} per million {many}',
            Cost(
                f'{dollars(price("sfn.standard.transition").usd * 1e6)} per million transitions '
                f'and {dollars(price("lambda.request").usd * 1e6)} per million requests, '
                'us-east-1, without the free tier',
            ),
        )


def _is_plain_call(state: State) -> bool:
    task = state.task
    if task is None or task.service != 'lambda' or task.action != 'invoke' or task.pattern:
        return False
    return state.data.absent('Retry') and state.data.absent('Catch')


def _sources(state: State) -> list[State]:
    return [
        one for one in state.level.states.values()
        for edge in one.edges if edge.target == state.name
    ]


def _following(state: State) -> State | None:
    """The call after this one, which nothing else leads to."""
    one = state.level.states.get(state.data.text('Next') or '')
    if one is None or not _is_plain_call(one) or state.level.start == one.name:
        return None
    return one if _sources(one) == [state] else None


def _previous(state: State) -> State | None:
    sources = _sources(state)
    if len(sources) != 1 or not _is_plain_call(sources[0]) or state.level.start == state.name:
        return None
    return sources[0]


def _is_shared(chain: list[State]) -> bool:
    """Whether another task of the machine calls one of the functions too."""
    functions = [one.task.target for one in chain if one.task is not None]
    return any(
        one.task is not None and one.task.target is not UNKNOWN and one.task.target in functions
        for one in chain[0].machine.states() if one not in chain
    )


def _timeout(state: State, project: Project) -> float:
    """The longest that the function may take, as far as that is known."""
    resource, task = state.machine.resource, state.task
    if resource is None or task is None:
        return 0
    return max((
        one.properties.number('Timeout') or 3
        for one in project.find(task.target, resource.template, _CALL)
    ), default=0)
