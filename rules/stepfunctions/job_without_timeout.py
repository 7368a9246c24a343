from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from thera_lint.project import Project
from thera_lint.rule import Finding
from thera_lint.rule import Options
from thera_lint.rule import StateRule
from thera_lint.rules.stepfunctions import _workflows
from thera_lint.states import State


class Job(NamedTuple):
    """What bills while it runs: `limit` is the parameter that ends the job itself."""

    name: str
    limit: str | None = None
    ends: str = 'until somebody looks, a year if nobody does'


_JOBS = {
    ('ecs', 'runTask'): Job('ECS'),
    ('batch', 'submitJob'): Job('AWS Batch', 'Timeout'),
    ('elasticmapreduce', 'addStep'): Job('EMR'),
    ('emr-containers', 'startJobRun'): Job('EMR on EKS'),
    ('emr-serverless', 'startJobRun'): Job('EMR Serverless', 'ExecutionTimeoutMinutes', '12 hours'),
    ('sagemaker', 'createTrainingJob'): Job('SageMaker', 'StoppingCondition', 'a day'),
}


class JobWithoutTimeout(StateRule):
    """A workflow waits for a job that bills until somebody looks.

    ## Why it costs

    With `.sync` a task is over when the job is. A job that hangs, on a lock, a lost
    connection or a cluster without capacity, is never over, and its containers or
    instances bill by the second all the while. The default timeout of a task is longer
    than the year that an execution may last. By default only EMR Serverless ends a job by
    itself, after twelve hours, and SageMaker, after a day.

    A limit of the job itself is as good: Timeout of an AWS Batch job or its definition,
    StoppingCondition of a SageMaker training job, ExecutionTimeoutMinutes of EMR
    Serverless. So is a TimeoutSeconds on the whole state machine. Jobs of AWS Glue have a
    timeout by default, and starting an EMR cluster is no job.

    ## When it is right

    Where the container ends itself after a time. Nothing in a template can tell; set
    TimeoutSeconds a little above that.

    ## References

    - https://docs.aws.amazon.com/step-functions/latest/dg/sfn-stuck-execution.html
    - https://docs.aws.amazon.com/step-functions/latest/dg/state-task.html
    - https://docs.aws.amazon.com/batch/latest/userguide/job_timeouts.html
    - https://docs.aws.amazon.com/emr/latest/EMR-Serverless-UserGuide/considerations.html
    """

    id = 'WC2011'
    states = ('Task',)
    remedy = 'set TimeoutSeconds to a little more than the job has ever taken'

    def check(self, state: State, project: Project, options: Options) -> Iterator[Finding]:
        task = state.task
        if task is None or task.pattern != 'sync' or state.data.open:
            return
        job = _JOBS.get((task.service, task.action))
        if job is None or _workflows.is_bounded(state) or _limits_itself(state, job.limit, project):
            return
        if _workflows.execution_type(state) == 'EXPRESS':
            return  # it can't wait at all, see EC2017
        yield Finding(
            (),
            f'`{state.name}` waits for {job.name} ({task.service}:{task.action}.sync) without '
            f'TimeoutSeconds: a job that hangs bills {job.ends}',
        )


def _limits_itself(state: State, parameter: str | None, project: Project) -> bool:
    """Whether the job may have a timeout of its own, here or in its definition."""
    if parameter is None:
        return False
    parameters = state.parameters
    if not parameters.absent(parameter) or not parameters.absent(f'{parameter}.$'):
        return True
    resource = state.machine.resource
    definition = parameters.get('JobDefinition')
    if resource is None or definition is None:
        return False
    return any(
        not found.properties.absent('Timeout') and found.agrees(resource)
        for found in project.find(definition, resource.template, 'AWS::Batch::JobDefinition')
    )
