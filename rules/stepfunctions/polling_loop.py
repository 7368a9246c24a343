from __future__ import annotations

from collections.abc import Iterator

from thera_lint import graph
from thera_lint.project import Project
from thera_lint.rule import Finding
from thera_lint.rule import MachineRule
from thera_lint.rule import Options
from thera_lint.rules.stepfunctions import _loops
from thera_lint.rules.stepfunctions import _workflows
from thera_lint.states import State
from thera_lint.states import StateMachine


class PollingLoop(MachineRule):
    """A loop asks again and again how a job is doing that Step Functions can wait for.

    ## Why it costs

    A Standard workflow bills every state it enters. Wait, ask, decide are three
    transitions a turn: at 60 seconds that is 4,320 a day, $0.108 for each run that waits
    so long. The integration with `.sync` at its end starts the job and goes on when it is
    over, for one transition, however long that takes. It also notices the end at once,
    and stops the job if the run is stopped.

    These have it: Athena, Glue, AWS Batch, ECS, EMR, EMR on EKS, EMR Serverless,
    SageMaker, CodeBuild, DataBrew, Step Functions, model customization of Bedrock, and
    MediaConvert. The other services, and a Lambda function that asks, are `busy_polling`.

    ## When it is right

    Where somebody else starts the job: `.sync` waits only for what it starts itself. The
    rule is silent where nothing in the workflow can have started it, where each turn
    starts a job (a loop over items or pages), and in an Express workflow, which has no
    `.sync` and bills the time instead.

    ## References

    - https://docs.aws.amazon.com/step-functions/latest/dg/connect-to-resource.html
    - https://docs.aws.amazon.com/step-functions/latest/dg/integrate-optimized.html
    - https://aws.amazon.com/step-functions/pricing/
    """

    id = 'WC2008'
    remedy = 'start the job with the .sync integration, and take the loop out'

    def check(
            self, machine: StateMachine, project: Project, options: Options,
    ) -> Iterator[Finding]:
        for level in graph.levels(machine):
            for loop in graph.cycles(level):
                for state in loop:
                    if state.type == 'Task':
                        yield from _check(state, loop)


def _check(state: State, loop: list[State]) -> Iterator[Finding]:
    poll = _loops.poll(state, loop)
    if poll is None or not _may_be_started(poll):
        return
    if _workflows.execution_type(state) == 'EXPRESS':
        return
    waiting = _loops.seconds(poll.states)
    said = f' every {waiting:g} s' if waiting else ''
    paid = f', {_loops.hourly(poll.states, waiting)}' if waiting else ''
    yield Finding(
        state.path,
        f'`{state.name}` asks {poll.service}{said} whether its job is done, in a loop of '
        f'{_loops.named(poll.states)}{paid}: {poll.integration}.sync waits for one transition',
    )


def _may_be_started(poll: _loops.Poll) -> bool:
    """Whether a task outside the loop starts such a job, or a function may have done so."""
    for state in poll.task.machine.states():
        if state.type == 'Task' and state not in poll.states:
            task = state.task
            if task is None or task.service == 'lambda' or _loops.starts(state, poll.integration):
                return True
    return False
