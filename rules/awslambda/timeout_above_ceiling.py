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

# What Lambda takes for a property that is absent.
_DEFAULT_MEMORY_MB = 128
_DEFAULT_TIMEOUT_SECONDS = 3


class TimeoutAboveCeiling(ResourceRule):
    """A function may run for longer than the ceiling.

    ## Why it costs

    A call that hangs, on a connection that never answers, a lock or an endless loop, is billed
    until the timeout ends it. Then whoever called may try again: two more times where the call
    was asynchronous, until the record expires where it came from a stream, as often as its
    Retry says in a state machine. A timeout close to the real duration makes the failure cheap,
    and visible.

    A timeout is a multiplier of what goes wrong, not a charge: a call that ends early is billed
    for the time that it ran.

    ## When it is right

    A batch that really works for that long, at a size that somebody chose. Waiting for another
    service's job is not that: a state machine's `.sync` task waits for one transition, and a
    `Wait` state for free. A queue's visibility timeout should be six times the function's
    timeout, so lower the two together.

    This rule leaves alone: durable functions (DurableConfig), whose Timeout holds for every step
    up to the next wait and is small beside the ExecutionTimeout; functions that only schedules of
    this run start, so seldom that it would cost less than a dollar a month if every try, three for
    each start, ran into the timeout; connectors of Athena's federated queries, which need what
    Lambda gives to scan a split; functions on managed instances (CapacityProviderConfig), which
    are billed by the instance; and those behind a custom resource (ServiceToken), or called by
    nothing but such, which only a deployment runs. A TimeoutSeconds of the state that calls a
    function is no limit for it: the function runs on, and is billed, after the state has given up.

    ## References

    - https://docs.aws.amazon.com/lambda/latest/dg/configuration-timeout.html
    - https://docs.aws.amazon.com/lambda/latest/dg/invocation-retries.html
    - https://docs.aws.amazon.com/lambda/latest/dg/durable-configuration.html
    - https://docs.aws.amazon.com/athena/latest/ug/connectors-bigquery.html
    - https://aws.amazon.com/lambda/pricing/
    """

    id = 'WC1002'
    resources = ('AWS::Lambda::Function',)
    remedy = 'lower Timeout to a little above the longest real duration'
    options = (
        Option('max_timeout_seconds', 300, 'The longest timeout, in seconds, without a reason.'),
    )

    def check(self, resource: Resource, project: Project, options: Options) -> Iterator[Finding]:
        function = resource.properties
        timeout = function.number('Timeout')
        if function.absent('Timeout'):
            timeout = _DEFAULT_TIMEOUT_SECONDS
        ceiling = options.max_timeout_seconds
        if timeout is None or not ceiling < timeout <= _limits.TIMEOUT_SECONDS:
            return
        if not function.absent('CapacityProviderConfig') or not function.absent('DurableConfig'):
            return
        if invokers.only_by_deployments(resource, project) or _calls.by_athena(resource, project):
            return
        memory = function.number('MemorySize')
        if function.absent('MemorySize'):
            memory = _DEFAULT_MEMORY_MB
        may = f'`{resource.logical_id}` may run for {timeout} s, above the ceiling of {ceiling} s'
        if memory is None:
            yield Finding(('Timeout',), f'{may}: one hung call bills all of it')
            return
        rate = lambda_rate(function)
        call = rate.call(memory, timeout)
        if _calls.too_seldom(resource, project, call):
            return
        yield Finding(
            ('Timeout',),
            f'{may}: one hung call bills {dollars(call)} at {memory} MB on {rate.architecture}',
            Cost(f'{dollars(call)} for one call that hangs, at {rate.said()}', per_run_usd=call),
        )
