from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from thera_lint.project import Project
from thera_lint.rule import Finding
from thera_lint.rule import Options
from thera_lint.rule import ResourceRule
from thera_lint.rules.awslambda import _callers
from thera_lint.template import Resource
from thera_lint.values import Map
from thera_lint.values import Seq

_APIS = ('REST API', 'HTTP API')
_OPEN = ('load balancer', 'function URL', 'topic', 'bucket')
# Where a stage or usage plan limits the rate of an API.
_THROTTLES = ('ThrottlingRateLimit', 'Throttle')

_LIMITS = (('ScalingConfig', 'MaximumConcurrency'), ('ProvisionedPollerConfig', 'MaximumPollers'))


class UnlimitedConcurrency(ResourceRule):
    """A function that anybody can start runs as often at once as the account allows.

    ## Why it costs

    An API, a queue, a topic, a bucket or an event bus starts a function as often as something
    arrives. Without ReservedConcurrentExecutions the only limit is the account's, a thousand at
    once by default: what a flood, a loop or a client's retries may bill in a minute is a thousand
    minutes of the function, and the account's other functions get nothing meanwhile.

    That is a multiplier of what goes wrong, not a charge. Reserved concurrency is free.

    ## When it is right

    Where everything that arrives must be answered at once, whatever it costs. Reservations share
    what the account has, and Lambda keeps a hundred back for functions without one, so not every
    function can have its own.

    This rule leaves alone what only streams and schedules start (shards and the clock limit them),
    APIs with a throttle, queues whose mapping has a MaximumConcurrency or MaximumPollers, and
    managed instances.

    ## References

    - https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html
    - https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html
    """

    id = 'IC1013'
    resources = ('AWS::Lambda::Function',)
    remedy = 'set ReservedConcurrentExecutions to the most that you would pay for at once'

    def check(self, resource: Resource, project: Project, options: Options) -> Iterator[Finding]:
        function = resource.properties
        if not function.absent('ReservedConcurrentExecutions'):
            return
        if not function.absent('CapacityProviderConfig'):
            return
        drivers = [
            caller for caller in _callers.callers(resource, project)
            if _is_open(caller, project)
        ]
        if drivers:
            yield Finding(
                (),
                f'`{resource.logical_id}` is started by {_callers.listed(drivers, project)} as '
                f'often at once as the account allows, without ReservedConcurrentExecutions: no '
                f'charge of its own, but a multiplier of a flood or a loop',
            )


def _is_open(caller: _callers.Caller, project: Project) -> bool:
    properties = caller.user.properties
    if caller.kind == 'rule':
        return not properties.absent('EventPattern')
    if caller.kind in _APIS:
        return not _is_throttled(caller, project)
    if caller.kind != 'mapping':
        return caller.kind in _OPEN
    for key, limit in _LIMITS:
        config = properties.map(key)
        if not (properties.absent(key) or config is not None and config.absent(limit)):
            return False
    return not _callers.disabled(caller.user) and (
        _callers.source(caller.user, project).kind == 'SQS'
    )


def _is_throttled(caller: _callers.Caller, project: Project) -> bool:
    """Whether a stage or usage plan of an API limits its rate, for some routes at least."""
    api = _callers.behind(caller, project)
    return api is not None and any(
        _has_throttle(use.user.properties) for use in project.uses(api)
        if use.user.type.endswith(('::Stage', '::UsagePlan'))
    )


def _has_throttle(value: Any) -> bool:
    if isinstance(value, Map):
        return any(key in _THROTTLES or _has_throttle(item) for key, item in value.items())
    return isinstance(value, Seq) and any(map(_has_throttle, value))
