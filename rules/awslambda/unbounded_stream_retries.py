from __future__ import annotations

from collections.abc import Iterator

from thera_lint.project import Project
from thera_lint.rule import Finding
from thera_lint.rule import Fix
from thera_lint.rule import Options
from thera_lint.rule import ResourceRule
from thera_lint.rule import Set
from thera_lint.rules.awslambda import _callers
from thera_lint.template import Resource
from thera_lint.values import Map

_LIMITS = ('MaximumRetryAttempts', 'MaximumRecordAgeInSeconds')
_INFINITE = -1
_DEFAULT_RETENTION_HOURS = 24  # and DynamoDB's only one
_ATTEMPTS = 3


class UnboundedStreamRetries(ResourceRule):
    """A batch from a stream that fails is tried again until its records expire.

    ## Why it costs

    Lambda reads a Kinesis or DynamoDB stream in order. When the function fails, it gets the same
    batch again, and nothing behind it in the shard moves on. Without MaximumRetryAttempts and
    MaximumRecordAgeInSeconds that ends when the records expire: after 24 hours for DynamoDB,
    after up to 365 days for Kinesis. One record that the code can't read is enough, and every
    try is a paid call.

    That is a multiplier of what goes wrong, not a charge. BisectBatchOnFunctionError and
    ReportBatchItemFailures make the batch smaller, they do not end it.

    The fix allows three more tries. What is dropped after that is lost, unless a DestinationConfig
    says where to keep note of it.

    ## When it is right

    Where no record may ever be skipped and somebody is called when the shard stops. Write an age
    then that is shorter than the retention: it is a limit too.

    ## References

    - https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-params.html
    - https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-parameters.html
    - https://docs.aws.amazon.com/lambda/latest/dg/kinesis-on-failure-destination.html
    """

    id = 'WC1009'
    resources = ('AWS::Lambda::EventSourceMapping',)
    remedy = 'set MaximumRetryAttempts, and DestinationConfig.OnFailure to keep what is dropped'

    def check(self, resource: Resource, project: Project, options: Options) -> Iterator[Finding]:
        mapping = resource.properties
        if not all(mapping.absent(one) or mapping.number(one) == _INFINITE for one in _LIMITS):
            return
        source = _callers.source(resource, project)
        if source.kind not in ('DynamoDB', 'Kinesis', 'stream') or _callers.disabled(resource):
            return
        yield Finding(
            () if mapping.absent(_LIMITS[0]) else (_LIMITS[0],),
            f'{_callers.called(resource, project)} gets, and bills, a failed batch of '
            f'{source.said} again and again until its records expire{_after(source)}, '
            f'no charge of its own but a multiplier of every failure',
            fix=Fix(
                f'set MaximumRetryAttempts to {_ATTEMPTS}',
                safe=False,
                edits=(Set((_LIMITS[0],), _ATTEMPTS),),
            ),
        )


def _after(source: _callers.Source) -> str:
    """How long that takes, where it is known."""
    if source.kind == 'DynamoDB':
        return f' after {_DEFAULT_RETENTION_HOURS} h'
    stream = source.resource
    if stream is None or stream.type != 'AWS::Kinesis::Stream':
        return ''
    hours = _hours(stream.properties)
    return '' if hours is None else f' after {hours} h'


def _hours(stream: Map) -> int | float | None:
    if stream.absent('RetentionPeriodHours'):
        return _DEFAULT_RETENTION_HOURS
    return stream.number('RetentionPeriodHours')
