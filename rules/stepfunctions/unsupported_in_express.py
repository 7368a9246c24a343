from __future__ import annotations

from collections.abc import Iterator

from thera_lint.project import Project
from thera_lint.rule import Finding
from thera_lint.rule import Options
from thera_lint.rule import StateRule
from thera_lint.rules.stepfunctions import _workflows
from thera_lint.states import State


class UnsupportedInExpress(StateRule):
    """An Express workflow has a task that only a Standard workflow can wait for.

    ## Why it costs

    Express workflows call a service and go on with its answer. They can't wait for a job
    (`.sync`), for a callback (`.waitForTaskToken`) or for an activity worker, and neither
    can the EXPRESS children of a distributed Map. The way around it, polling inside the
    Express run, pays for every second that the job takes, and ends after five minutes.

    ## When it is right

    Never as written. Make the workflow STANDARD: replacing it is the only way, a type
    can't be changed. Or keep the fast part Express and let a Standard workflow start it
    and do the waiting.

    ## References

    - https://docs.aws.amazon.com/step-functions/latest/dg/integrate-optimized.html
    - https://docs.aws.amazon.com/step-functions/latest/dg/choosing-workflow-type.html
    """

    id = 'EC2017'
    states = ('Task',)
    remedy = 'make the workflow STANDARD, or wait in a Standard workflow that starts this one'

    def check(self, state: State, project: Project, options: Options) -> Iterator[Finding]:
        task = state.task
        if task is None:
            return
        pattern = _workflows.pattern(task)
        if pattern is None or _workflows.execution_type(state) != 'EXPRESS':
            return
        where = (
            'an Express workflow' if state.machine.type == 'EXPRESS'
            else 'the EXPRESS children of a distributed Map'
        )
        waits = {'sync': 'for a job', 'waitForTaskToken': 'for a callback'}
        yield Finding(
            ('Resource',),
            f'`{state.name}` ({pattern}) is not supported here, and polling instead would bill '
            f'every second: {where} cannot wait {waits.get(task.pattern, "for a worker")}',
        )
