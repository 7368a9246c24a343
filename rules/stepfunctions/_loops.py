"""What the rules on loops share; no rule itself."""
from __future__ import annotations

from thera_lint import graph
from thera_lint.prices import dollars
from thera_lint.prices import price
from thera_lint.states import Level
from thera_lint.states import State
from thera_lint.states import Task
from thera_lint.words import listed

_SYNC = {
    ('athena', 'getQueryExecution'): ('Athena', 'athena:startQueryExecution'),
    ('batch', 'describeJobs'): ('AWS Batch', 'batch:submitJob'),
    ('bedrock', 'getModelCustomizationJob'): ('Bedrock', 'bedrock:createModelCustomizationJob'),
    ('codebuild', 'batchGetBuilds'): ('CodeBuild', 'codebuild:startBuild'),
    ('codebuild', 'batchGetBuildBatches'): ('CodeBuild', 'codebuild:startBuildBatch'),
    ('databrew', 'describeJobRun'): ('DataBrew', 'databrew:startJobRun'),
    ('ecs', 'describeTasks'): ('ECS', 'ecs:runTask'),
    ('emr', 'describeCluster'): ('EMR', 'elasticmapreduce:createCluster'),
    ('emr', 'describeStep'): ('EMR', 'elasticmapreduce:addStep'),
    ('emrcontainers', 'describeJobRun'): ('EMR on EKS', 'emr-containers:startJobRun'),
    ('emrserverless', 'getJobRun'): ('EMR Serverless', 'emr-serverless:startJobRun'),
    ('glue', 'getJobRun'): ('Glue', 'glue:startJobRun'),
    ('mediaconvert', 'getJob'): ('MediaConvert', 'mediaconvert:createJob'),
    ('sagemaker', 'describeHyperParameterTuningJob'): (
        'SageMaker', 'sagemaker:createHyperParameterTuningJob',
    ),
    ('sagemaker', 'describeLabelingJob'): ('SageMaker', 'sagemaker:createLabelingJob'),
    ('sagemaker', 'describeProcessingJob'): ('SageMaker', 'sagemaker:createProcessingJob'),
    ('sagemaker', 'describeTrainingJob'): ('SageMaker', 'sagemaker:createTrainingJob'),
    ('sagemaker', 'describeTransformJob'): ('SageMaker', 'sagemaker:createTransformJob'),
    ('sfn', 'describeExecution'): ('Step Functions', 'states:startExecution'),
}
"""Who is asked how a job is doing, and the integration that starts it and can wait for it.

https://docs.aws.amazon.com/step-functions/latest/dg/integrate-optimized.html
"""
_OTHER_NAMES = {
    'elasticmapreduce': 'emr', 'states': 'sfn',
    'addStep': 'addJobFlowSteps', 'createCluster': 'runJobFlow',
}
"""What the SDK calls some services and actions of the optimized integrations."""


class Poll:
    """A loop in which a task asks how a job is doing; `states` are one turn of it."""

    def __init__(self, task: State, wait: State, states: list[State]) -> None:
        self.task = task
        self.wait = wait
        self.states = states
        assert task.task is not None
        self.service, self.integration = _SYNC[task.task.service, task.task.action]


def poll(state: State, others: list[State]) -> Poll | None:
    """The shortest loop of a Wait and a task that asks for a job that `.sync` can wait for.

    `state` is either of the two, `others` all that it goes round with. A turn that starts a
    job each time is a loop over jobs.
    """
    waits, tasks = [state], [state]
    if state.type == 'Wait':
        tasks = [other for other in others if _asks(other.task)]
    elif _asks(state.task):
        waits = [other for other in others if other.type == 'Wait']
    else:
        return None
    found = []
    for wait in waits:
        for task in tasks:
            states = _turn(wait, task, others)
            if states is not None:
                one = Poll(task, wait, states)
                if not any(starts(other, one.integration) for other in states):
                    found.append(one)
    return min(found, key=lambda one: len(one.states), default=None)


def _asks(task: Task | None) -> bool:
    return task is not None and (task.service, task.action) in _SYNC


def starts(state: State, integration: str) -> bool:
    """Whether a task starts such a job, optimized or through the SDK."""
    task = state.task
    if task is None:
        return False
    service, _, action = integration.partition(':')
    return _sdk(task.service) == _sdk(service) and _sdk(task.action) == _sdk(action)


def _sdk(name: str) -> str:
    return _OTHER_NAMES.get(name, name.replace('-', ''))


def _turn(first: State, second: State, within: list[State]) -> list[State] | None:
    """The states of a shortest loop through two, each once; None where there is none."""
    there, back = graph.way(first, second, within), graph.way(second, first, within)
    if there is None or back is None:
        return None
    return list(dict.fromkeys(there + back))


def seconds(states: list[State]) -> float | None:
    """How long the Waits in a turn take together; None where one of them is not known."""
    total: float = 0
    for state in states:
        if state.type == 'Wait':
            number = state.data.number('Seconds')
            if number is None:
                return None
            total += number
    return total


def hourly(states: list[State], waiting: float) -> str:
    """What a loop bills in an hour of waiting, for the message."""
    number = 3600 / waiting * len(states)
    least = 'at least ' if any(state.levels for state in states) else ''
    paid = dollars(number * price('sfn.standard.transition').usd)
    return f'{least}{number:,.0f} transitions and {paid} per hour of waiting'


def is_ended_from_outside(level: Level) -> bool:
    """Whether a Fail beside it, in another branch or iteration, may end a level early."""
    owner = level.owner
    while owner is not None:
        if any(state.type == 'Fail' for beside in owner.levels for state in beside.walk()):
            return True
        owner = owner.parent
    return False


def named(states: list[State]) -> str:
    """`A`, `B` and `C`; the first four of many."""
    names = [f'`{state.name}`' for state in states]
    if len(names) > 5:
        names[4:] = [f'{len(names) - 4} more']
    return listed(names)


def limit(execution_type: str | None) -> str:
    """When a quota fails a run that would go on for ever, for the message."""
    if execution_type == 'EXPRESS':
        return 'its 5 minutes as an Express run are over'
    return 'its history is full (25,000 events)'
