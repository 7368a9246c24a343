from __future__ import annotations

from collections.abc import Iterator

from thera_lint.project import Project
from thera_lint.rule import Finding
from thera_lint.rule import Options
from thera_lint.rule import StateRule
from thera_lint.rules.stepfunctions import _workflows
from thera_lint.states import State


class TokenWithoutTimeout(StateRule):
    """A task waits for an answer that may never come.

    ## Why it costs

    A callback (`.waitForTaskToken`) or an activity is over when somebody sends the answer.
    If the one who has the token crashes, or drops the message, nothing does, and the
    default timeout is longer than the year that an execution may last. Waiting itself is
    free in a Standard workflow. What waits with it is not: the cluster, endpoint or NAT
    gateway that the next state would have taken down, the branches and Map items whose
    work is lost when the run dies after a year, the schedule that starts another run on
    top of it. And nobody is told, since nothing failed.

    A TimeoutSeconds on the whole state machine ends the wait too.

    ## When it is right

    Where a person answers and a late answer is worth as much as an early one. Set
    TimeoutSeconds to the longest that makes sense then.

    ## References

    - https://docs.aws.amazon.com/step-functions/latest/dg/connect-to-resource.html
    - https://docs.aws.amazon.com/step-functions/latest/dg/sfn-stuck-execution.html
    - https://docs.aws.amazon.com/step-functions/latest/dg/concepts-activities.html
    """

    id = 'IC2027'
    states = ('Task',)
    remedy = 'set TimeoutSeconds or HeartbeatSeconds, and catch States.Timeout'

    def check(self, state: State, project: Project, options: Options) -> Iterator[Finding]:
        task = state.task
        if task is None or state.data.open or _workflows.is_bounded(state):
            return
        if task.kind != 'activity' and task.pattern != 'waitForTaskToken':
            return
        if _workflows.execution_type(state) == 'EXPRESS':
            return  # it can't wait at all, see EC2017
        yield Finding(
            (),
            f'`{state.name}` ({_workflows.pattern(task)}) waits for an answer with neither '
            'TimeoutSeconds nor HeartbeatSeconds: if none comes, the run and all that it keeps '
            'going stay for up to a year, and nobody is told',
        )
