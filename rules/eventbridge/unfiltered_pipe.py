from __future__ import annotations

from collections.abc import Iterator

from thera_lint.prices import dollars
from thera_lint.prices import price
from thera_lint.project import Project
from thera_lint.rule import Cost
from thera_lint.rule import Finding
from thera_lint.rule import Options
from thera_lint.rule import ResourceRule
from thera_lint.template import Resource
from thera_lint.values import Map


class UnfilteredPipe(ResourceRule):
    """A pipe hands on everything its source has, or one record at a time.

    ## Why it costs

    A pipe is billed for what passes its filter, and so are its enrichment and its target.
    Without FilterCriteria that is every record, also those that the target looks at and
    drops; a filter costs nothing. With a BatchSize of 1 every record is a request of its own
    to the pipe, a call of its own of the enrichment and one of the target: ten records of a
    few KB in one batch are billed as one.

    ## When it is right

    Where everything in the source is for the target: a queue of its own holds nothing else.
    A BatchSize of 1 is right where the target takes one record only, or each must succeed or
    fail alone; on a FIFO queue it is not reported.

    ## References

    - https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-event-filtering.html
    - https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-batching-concurrency.html
    - https://aws.amazon.com/eventbridge/pricing/
    """

    id = 'IC6007'
    resources = ('AWS::Pipes::Pipe',)
    remedy = 'filter out what the target drops, and let the pipe gather records into batches'

    def check(self, resource: Resource, project: Project, options: Options) -> Iterator[Finding]:
        properties = resource.properties
        if properties.absent('SourceParameters'):
            source = Map()
        else:
            source = properties.map('SourceParameters') or Map(open=True)
        running = properties.absent('DesiredState') or properties.text('DesiredState') == 'RUNNING'
        if not running:
            return
        usd = dollars(price('eventbridge.pipes').usd * 1e6)
        cost = Cost(f'{usd} per million requests of 64 KB, us-east-1; usage decides the sum')
        criteria = source.map('FilterCriteria')
        if source.absent('FilterCriteria') or criteria is not None and (
            criteria.absent('Filters') or criteria.seq('Filters') == []
        ):
            yield Finding(
                ('SourceParameters', 'FilterCriteria'),
                f'`{resource.logical_id}` hands everything in its source on, '
                f'{usd} and the price of its target for each million records that nobody needs: '
                f'it has no FilterCriteria',
                cost,
            )
        for key, parameters in source.items():
            if isinstance(parameters, Map) and parameters.number('BatchSize') == 1:
                if key != 'SqsQueueParameters' or _is_standard(resource, project):
                    yield Finding(
                        ('SourceParameters', key, 'BatchSize'),
                        f'`{resource.logical_id}` hands on one record at a time, each a paid '
                        f'request ({usd} a million) and a paid run of its target: '
                        f'its BatchSize is 1',
                        cost,
                    )


def _is_standard(pipe: Resource, project: Project) -> bool:
    """Whether its source is certainly a queue without an order."""
    value = pipe.properties.get('Source')
    queues = project.find(value, pipe.template, 'AWS::SQS::Queue')
    if queues:
        return all(queue.properties.absent('FifoQueue') for queue in queues)
    return isinstance(value, str) and not value.endswith('.fifo')
