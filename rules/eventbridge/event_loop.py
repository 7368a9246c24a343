from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Mapping
from typing import Any

from thera_lint.prices import dollars
from thera_lint.prices import price
from thera_lint.project import Project
from thera_lint.rule import Cost
from thera_lint.rule import Finding
from thera_lint.rule import Options
from thera_lint.rule import ResourceRule
from thera_lint.rules.eventbridge import _targets
from thera_lint.states import State
from thera_lint.template import Resource
from thera_lint.values import Map
from thera_lint.values import Parameter
from thera_lint.values import Reference
from thera_lint.values import Seq

MACHINE = 'AWS::StepFunctions::StateMachine'

_ACCOUNT, _REGION = Parameter('AWS::AccountId'), Parameter('AWS::Region')

# Scalars, lists of them (all of which happen), and mappings: what is known of an event.
_Event = Mapping[str, Any]


class EventLoop(ResourceRule):
    """A rule starts what puts matching events back on its bus, and so starts itself.

    ## Why it costs

    Each turn of the loop is paid: the event, the run that it starts, and all that this calls.
    It goes on until somebody disables the rule, and where one event makes two it doubles.
    Found are a rule that hands its events to its own bus, a state machine with a putEvents
    task whose entry the rule's pattern matches, and a state machine that is started by the
    status changes of executions, its own among them.

    ## When it is right

    Where the machine comes to an end by itself: each run puts the next page of the work on
    the bus, and a Choice stops it. Otherwise give what is put back another source or
    detail-type, or exclude the machine in the pattern with `anything-but`. What a function
    puts on a bus stands in its code and is not seen.

    ## References

    - https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-patterns-best-practices.html
    - https://docs.aws.amazon.com/step-functions/latest/dg/connect-eventbridge.html
    - https://docs.aws.amazon.com/eventbridge/latest/ref/events-ref-states.html
    """

    id = 'WC6009'
    resources = (_targets.RULE,)
    remedy = 'narrow the pattern so that what the target puts on the bus does not match'

    def check(self, resource: Resource, project: Project, options: Options) -> Iterator[Finding]:
        template, properties = resource.template, resource.properties
        pattern = properties.map('EventPattern')
        bus = _targets.bus(properties.get('EventBusName'), template, project)
        if pattern is None or pattern.open or bus is None or not _targets.is_enabled(resource):
            return
        for path, target in _targets.targets(resource):
            for how in _returns(resource, target, pattern, bus, project):
                event = dollars(price('eventbridge.custom_event').usd * 1e6)
                bill = _targets.bill(1e6, target, template, project)
                yield Finding(
                    (*path, 'Arn'),
                    f'`{resource.logical_id}` starts itself without an end: {how}, and each '
                    f'million turns cost {bill or f"{event} for the events alone"}',
                    Cost(bill.basis if bill else f'{event} per million custom events, us-east-1'),
                )
                break


def _returns(
        rule: Resource, target: Map, pattern: Map, bus: str, project: Project,
) -> Iterator[str]:
    """How a target puts events that match back on the bus."""
    arn = target.get('Arn')
    text = project.text(arn, rule.template)
    # A bus of the same name in another account or region is another bus.
    here = ''.join(f'{project.text(one, rule.template)}:' for one in (_REGION, _ACCOUNT))
    if isinstance(arn, Reference) or f':events:{here}event-bus/' in text:
        if _targets.bus(arn, rule.template, project) == bus:
            yield 'its target is its own bus'
    for resource in project.find(arn, rule.template, MACHINE):
        machine = project.machine(resource)
        if not rule.agrees(resource):
            continue
        if bus == 'default' and machine is not None and machine.type == 'STANDARD':
            event = {
                'source': 'aws.states',
                'detail-type': 'Step Functions Execution Status Change',
                'detail': {
                    'status': ['RUNNING', 'SUCCEEDED'],
                    'stateMachineArn': Reference(resource.logical_id),
                },
            }
            if _matches(pattern, _own(event), rule, project):
                yield (
                    f'each execution of `{resource.logical_id}` reports its own status, '
                    f'which the pattern matches'
                )
        for state in machine.states() if machine is not None else ():
            for entry in _entries(state):
                put = _targets.bus(entry.get('EventBusName'), resource.template, project)
                if put == bus and _matches(pattern, _own(_event(entry)), rule, project):
                    yield f'`{state.name}` in `{resource.logical_id}` puts what matches on its bus'


def _entries(state: State) -> Iterator[Map]:
    """What a putEvents task puts, where it is written down."""
    task = state.task
    if task is not None and (task.service, task.action) in (
        ('events', 'putEvents'), ('eventbridge', 'putEvents'),
    ):
        for _, entry in state.parameters.maps('Entries'):
            if 'EventBusName.$' not in entry:
                yield entry


def _event(entry: Map) -> _Event:
    return {
        'source': entry.get('Source'),
        'detail-type': entry.get('DetailType'),
        'detail': entry.map('Detail'),
    }


def _own(event: _Event) -> _Event:
    return {**event, 'account': _ACCOUNT, 'region': _REGION}


def _matches(pattern: Any, event: Any, rule: Resource, project: Project) -> bool:
    """Whether an event certainly matches, by what is known of it."""
    if isinstance(pattern, Map):
        return not pattern.open and isinstance(event, Mapping) and all(
            _matches(wanted, event.get(key), rule, project) for key, wanted in pattern.items()
        )
    if not isinstance(pattern, Seq) or event is None or isinstance(event, Mapping):
        return False
    values = event if isinstance(event, list) else [event]
    return any(_is(item, value, rule, project) for item in pattern for value in values)


def _is(item: Any, value: Any, rule: Resource, project: Project) -> bool:
    text = project.text(value, rule.template)
    if '⟨?⟩' in text or text.startswith('{%'):  # JSONata
        return False
    if not isinstance(item, Map):
        return project.text(item, rule.template) == text or isinstance(value, Reference) and any(
            one.logical_id == value.logical_id for one in project.find(item, rule.template, MACHINE)
        )
    if item.open or len(item) != 1:
        return False
    (operator, operand), = item.items()
    if operator == 'exists':
        return operand is True
    if operator == 'prefix' and isinstance(operand, str):
        return text.startswith(operand)
    if operator == 'suffix' and isinstance(operand, str):
        return text.endswith(operand)
    if operator == 'equals-ignore-case' and isinstance(operand, str):
        return text.lower() == operand.lower()
    if operator == 'anything-but' and not isinstance(operand, Map):
        others = operand if isinstance(operand, Seq) else [operand]
        return not any(_is(other, value, rule, project) for other in others) and not any(
            '⟨?⟩' in project.text(other, rule.template) for other in others
        )
    return False
