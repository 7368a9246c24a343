from __future__ import annotations

from collections.abc import Iterator

from thera_lint.prices import dollars
from thera_lint.prices import price
from thera_lint.project import Project
from thera_lint.rule import Finding
from thera_lint.rule import Option
from thera_lint.rule import Options
from thera_lint.rule import ResourceRule
from thera_lint.rules.awslambda import _callers
from thera_lint.template import Resource

# What Lambda takes where no BatchSize is written.
_DEFAULTS = {'SQS': 10, 'Kinesis': 100, 'DynamoDB': 100, 'Kafka': 100, 'stream': 100}


class OneRecordPerInvocation(ResourceRule):
    """A function is called for every single record of a queue or stream.

    ## Why it costs

    With BatchSize 1 a million records are a million calls: a million paid requests, and as many
    times the work that a call does before and after its record. A connection, a token or a write
    is then paid for once a record, not once a batch. A batch shares all of that.

    A batch that fails in part need not be done again as a whole: with ReportBatchItemFailures the
    function says which records failed.

    ## When it is right

    Where one record is the work of minutes, or needs more memory than one call has for two. This
    rule takes it that a function with a Timeout of at least `long_job_seconds` has such work in
    its queue, and leaves it alone; and so it does FIFO queues, and those that the lifecycle hooks
    of an Auto Scaling group fill, with a message for each instance. MaximumConcurrency limits how
    many calls run at once, not how many are paid.

    ## References

    - https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventsourcemapping.html
    - https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
    - https://aws.amazon.com/lambda/pricing/
    """

    id = 'WC1010'
    resources = ('AWS::Lambda::EventSourceMapping',)
    remedy = 'raise BatchSize and report failures record by record (ReportBatchItemFailures)'
    options = (
        Option(
            'long_job_seconds', 300,
            'A message is a job of its own for a function with this Timeout, in seconds, or more.',
        ),
    )

    def check(self, resource: Resource, project: Project, options: Options) -> Iterator[Finding]:
        if resource.properties.number('BatchSize') != 1 or _callers.disabled(resource):
            return
        source = _callers.source(resource, project)
        batch = _DEFAULTS.get(source.kind)
        if batch is None:
            return
        if source.kind == 'SQS':
            longest = _timeout(resource, project)
            if longest >= options.long_job_seconds or _may_be_fifo(resource, source, project):
                return
            if source.resource and _is_of_a_hook(source.resource, project):
                return
        million = dollars(price('lambda.request').usd * 1e6)
        yield Finding(
            ('BatchSize',),
            f'{_callers.called(resource, project)} is called once for every record of '
            f'{source.said}: a million records are a million calls, {million} for the requests '
            f'alone, against {1_000_000 // batch:,} at the default BatchSize of {batch}',
        )


def _timeout(mapping: Resource, project: Project) -> float:
    """The function's, in seconds; 0 where it is unknown."""
    functions = project.find(
        mapping.properties.get('FunctionName'), mapping.template, 'AWS::Lambda::Function',
    )
    return max((one.properties.number('Timeout') or 0 for one in functions), default=0)


def _may_be_fifo(mapping: Resource, source: _callers.Source, project: Project) -> bool:
    """Whether a queue is FIFO, or nobody knows."""
    queue = source.resource
    if queue is not None:
        known = queue.properties.absent('FifoQueue') or queue.properties.flag('FifoQueue') is False
        return not known
    name = project.text(mapping.properties.get('EventSourceArn'), mapping.template)
    return name.endswith(('.fifo', '⟩'))


def _is_of_a_hook(queue: Resource, project: Project) -> bool:
    return any(use.user.type.startswith('AWS::AutoScaling::') for use in project.uses(queue))
