from __future__ import annotations

from collections.abc import Iterator

from thera_lint import invokers
from thera_lint.prices import dollars
from thera_lint.prices import lambda_rate
from thera_lint.project import Project
from thera_lint.rule import Cost
from thera_lint.rule import Finding
from thera_lint.rule import Option
from thera_lint.rule import Options
from thera_lint.rule import ResourceRule
from thera_lint.rules.awslambda import _calls
from thera_lint.rules.awslambda import _limits
from thera_lint.template import Resource

_DEFAULT_TIMEOUT_SECONDS = 3


class MemoryAboveCeiling(ResourceRule):
    """A function is given more memory than the ceiling.

    ## Why it costs

    Lambda bills the memory that is configured, not what the code uses, for every millisecond
    that a call lasts: twice the memory is twice the price of the same second. Code that
    waits for an API, a query or another function does not wait any shorter with more memory.

    The money in the message is what a million calls of one second cost on demand. Lambda@Edge
    bills about three times as much for the same second.

    ## When it is right

    CPU comes with memory, in proportion (1,769 MB is one vCPU). Code that computes may end so
    much earlier that more memory costs the same or less: AWS Lambda Power Tuning measures it,
    and AWS Compute Optimizer may advise more memory, not less. A large model or data set may
    need the room. Then ignore the finding and give the measurement as the reason, or raise
    `max_memory_mb`.

    This rule leaves alone: functions that only schedules of this run start, so seldom that what
    is above the ceiling costs less than a dollar a month if every try, three for each start, runs
    into the timeout; connectors of Athena's federated queries, which hold a block of the data in
    memory; functions on managed instances (CapacityProviderConfig), which are billed by the
    instance; and those behind a custom resource (ServiceToken), or called by nothing but such,
    which only a deployment runs.

    ## References

    - https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html
    - https://docs.aws.amazon.com/athena/latest/ug/connect-to-a-data-source.html
    - https://aws.amazon.com/lambda/pricing/
    - https://docs.aws.amazon.com/lambda/latest/dg/lambda-managed-instances.html
    """

    id = 'WC1001'
    resources = ('AWS::Lambda::Function',)
    remedy = 'lower MemorySize to what the function is measured to need'
    options = (
        Option('max_memory_mb', 1024, 'The most memory, in MB, that needs no reason.'),
    )

    def check(self, resource: Resource, project: Project, options: Options) -> Iterator[Finding]:
        function = resource.properties
        memory = function.number('MemorySize')
        ceiling = options.max_memory_mb
        if memory is None or not ceiling < memory <= _limits.MEMORY_MB:
            return
        if not function.absent('CapacityProviderConfig'):
            return
        if invokers.only_by_deployments(resource, project) or _calls.by_athena(resource, project):
            return
        rate = lambda_rate(function)
        call = rate.call(memory, 1)
        excess = call - rate.call(ceiling, 1)
        longest = function.number('Timeout')
        if longest is None:
            absent = function.absent('Timeout')
            longest = _DEFAULT_TIMEOUT_SECONDS if absent else _limits.TIMEOUT_SECONDS
        if _calls.too_seldom(resource, project, excess * longest):
            return
        yield Finding(
            ('MemorySize',),
            f'`{resource.logical_id}` has {memory} MB, above the ceiling of {ceiling} MB: '
            f'a million calls of 1 s cost {dollars(call * 1e6)} on {rate.architecture}, '
            f'{dollars(excess * 1e6)} more than at the ceiling',
            Cost(
                f'{dollars(excess)} above the ceiling for a call that lasts 1 s at either size, '
                f'at {rate.said()}',
                per_run_usd=excess,
            ),
        )
