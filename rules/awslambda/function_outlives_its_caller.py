from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from thera_lint.prices import dollars
from thera_lint.prices import lambda_rate
from thera_lint.project import Project
from thera_lint.rule import Cost
from thera_lint.rule import Finding
from thera_lint.rule import Option
from thera_lint.rule import Options
from thera_lint.rule import ResourceRule
from thera_lint.rules.awslambda import _callers
from thera_lint.states import State
from thera_lint.template import Resource
from thera_lint.values import as_number
from thera_lint.values import Map

# What Lambda takes for a property that is absent.
_DEFAULT_MEMORY_MB = 128
_DEFAULT_TIMEOUT_SECONDS = 3

# What a caller waits, in seconds, where it says nothing.
_REST_API, _HTTP_API, _LOAD_BALANCER = 29, 30, 60
_IDLE = 'idle_timeout.timeout_seconds'
_INVOCATION_TYPE = 'x-amz-invocation-type'
# Where a Task names the function that it calls, rather than one that it tells of.
_CALLED = (('Resource',), ('Parameters', 'FunctionName'), ('Arguments', 'FunctionName'))


class FunctionOutlivesItsCaller(ResourceRule):
    """A function may run on after everybody who calls it has given up.

    ## Why it costs

    An API waits 29 or 30 seconds for a function, a load balancer 60, a state as long as its
    TimeoutSeconds says. Nobody tells the function when they stop: it runs on to its own Timeout,
    and that time is billed, for an answer that nobody takes. Often the caller has started a
    second call meanwhile.

    Only a call that hangs costs that, and it costs it in full. The rule speaks only if every
    caller that it knows gives up earlier, and by more than `slack_seconds`: with a Timeout of 30
    behind a REST API there is nothing to save.

    ## When it is right

    Where the function's work counts although the caller is gone: then call it asynchronously, and
    say so (X-Amz-Invocation-Type Event, InvocationType Event). A REST API that is regional or
    private can be told to wait longer (TimeoutInMillis).

    ## References

    - https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html
    - https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html
    - https://docs.aws.amazon.com/step-functions/latest/dg/state-task.html
    - https://docs.aws.amazon.com/elasticloadbalancing/latest/application/application-load-balancers.html
    - https://docs.aws.amazon.com/lambda/latest/dg/configuration-timeout.html
    """

    id = 'WC1015'
    resources = ('AWS::Lambda::Function',)
    remedy = 'lower Timeout to what the caller waits, or call the function asynchronously'
    options = (
        Option('slack_seconds', 1, 'By how much, in seconds, a function may outlive its caller.'),
    )

    def check(self, resource: Resource, project: Project, options: Options) -> Iterator[Finding]:
        function = resource.properties
        timeout = function.number('Timeout')
        if function.absent('Timeout'):
            timeout = _DEFAULT_TIMEOUT_SECONDS
        if timeout is None or not function.absent('CapacityProviderConfig'):
            return
        callers = list(_callers.callers(resource, project))
        waits = [_wait(caller, project) for caller in callers]
        longest = max(waits, default=math.inf)
        if timeout <= longest + options.slack_seconds:
            return
        caller = callers[waits.index(longest)]
        memory = function.number('MemorySize')
        if function.absent('MemorySize'):
            memory = _DEFAULT_MEMORY_MB
        excess = timeout - longest
        wasted = f'a call that hangs bills {excess:g} s for nobody'
        cost = None
        if memory is not None:
            rate = lambda_rate(function)
            usd = memory / 1024 * excess * rate.gb_second
            wasted += f', {dollars(usd)} at {memory} MB on {rate.architecture}'
            basis = f'{dollars(usd)} for one call that hangs, at {rate.said()}'
            cost = Cost(basis, per_run_usd=usd)
        yield Finding(
            ('Timeout',),
            f'`{resource.logical_id}` may run for {timeout} s, '
            f'but {_named(caller, project)} waits {longest:g} s: {wasted}',
            cost,
        )


def _named(caller: _callers.Caller, project: Project) -> str:
    state = _state(caller, project)
    if state is not None:
        return f'state `{state.name}` of `{caller.user.logical_id}`'
    if caller.kind == 'load balancer':
        return f'the load balancer of `{caller.user.logical_id}`'
    return f'{caller.kind} {_callers.listed([caller], project)}'


def _wait(caller: _callers.Caller, project: Project) -> float:
    """For how many seconds a caller waits; infinity where it does not, or nobody knows."""
    if caller.kind == 'REST API':
        return _integration(caller.holder, _REST_API)
    if caller.kind == 'HTTP API':
        api = _callers.behind(caller, project)
        # A function behind a WebSocket may answer through the connection, whenever it likes.
        if api is None or caller.path[0] != 'Body' and (
            api.properties.text('ProtocolType') != 'HTTP'
        ):
            return math.inf
        if caller.path[0] == 'Target':
            return _HTTP_API
        return _integration(caller.holder, _HTTP_API)
    if caller.kind == 'load balancer':
        return max((
            _idle_timeout(balancer.properties)
            for balancer in _balancers(caller.user, project)
        ), default=math.inf)
    state = _state(caller, project)
    return math.inf if state is None else _state_timeout(state)


def _integration(integration: Map | None, default: int) -> float:
    """What an integration waits, in an OpenAPI body or a resource."""
    if integration is None or integration.open:
        return math.inf
    fields: dict[str, Any] = {key.lower(): value for key, value in integration.items()}
    if fields.get('responsetransfermode', 'BUFFERED') != 'BUFFERED':
        return math.inf
    parameters = fields.get('requestparameters')
    if parameters is not None and not isinstance(parameters, Map) or any(
        _INVOCATION_TYPE in key.lower() for key in parameters or ()
    ):
        return math.inf
    if fields.get('timeoutinmillis') is None:
        return default
    millis = as_number(fields['timeoutinmillis'])
    return math.inf if millis is None else millis / 1000


def _balancers(group: Resource, project: Project) -> Iterator[Resource]:
    """The load balancers that forward to a target group."""
    for user, _ in project.uses(group):
        listeners = [user]
        if user.type == 'AWS::ElasticLoadBalancingV2::ListenerRule':
            arn = user.properties.get('ListenerArn')
            listeners = project.find(arn, user.template)
        for listener in listeners:
            yield from project.find(
                listener.properties.get('LoadBalancerArn'), listener.template,
                'AWS::ElasticLoadBalancingV2::LoadBalancer',
            )


def _idle_timeout(balancer: Map) -> float:
    if balancer.absent('LoadBalancerAttributes'):
        return _LOAD_BALANCER
    attributes = balancer.seq('LoadBalancerAttributes')
    if attributes is None:
        return math.inf
    for attribute in attributes:
        if not isinstance(attribute, Map) or attribute.text('Key') is None:
            return math.inf
        if attribute.text('Key') == _IDLE:
            seconds = attribute.number('Value')
            return math.inf if seconds is None else seconds
    return _LOAD_BALANCER


def _state(caller: _callers.Caller, project: Project) -> State | None:
    """The Task that calls the function, if a state machine does."""
    machine = project.machine(caller.user) if caller.kind == 'state machine' else None
    if machine is None:
        return None
    root = machine.root[3:]
    for state in machine.states():
        path = (*root, *state.path)
        if caller.path[:len(path)] == path and caller.path[len(path):] in _CALLED:
            return state
    return None


def _state_timeout(state: State) -> float:
    asynchronous = state.parameters.get('InvocationType', 'RequestResponse') != 'RequestResponse'
    seconds = state.data.number('TimeoutSeconds')
    if state.task is None or state.task.service != 'lambda' or asynchronous or seconds is None:
        return math.inf
    return seconds
