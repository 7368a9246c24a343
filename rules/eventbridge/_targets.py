"""What rules and schedules start, and with what."""
from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from typing import NamedTuple

from thera_lint.prices import dollars
from thera_lint.prices import lambda_rate
from thera_lint.prices import price
from thera_lint.project import Project
from thera_lint.template import Resource
from thera_lint.template import Template
from thera_lint.values import as_number
from thera_lint.values import Map
from thera_lint.values import Path
from thera_lint.values import Seq
from thera_lint.values import Text
from thera_lint.words import listed

RULE = 'AWS::Events::Rule'
SCHEDULE = 'AWS::Scheduler::Schedule'

_UNSETTLED = '⟨?⟩'
# What says how it is delivered, not what.
_DELIVERY = frozenset(('Arn', 'DeadLetterConfig', 'Id', 'RetryPolicy', 'RoleArn'))


class Job(NamedTuple):
    """A target and what it gets: equal ones do the same work."""

    who: frozenset[tuple[str, str]]
    gets: str


class Bill(NamedTuple):
    """What a number of runs cost, `usd` for each `unit` of them."""

    usd: float
    unit: str
    basis: str

    def __str__(self) -> str:
        return f'{dollars(self.usd)} for {self.unit}'


def targets(resource: Resource) -> Iterator[tuple[Path, Map]]:
    """The targets of a rule, or the one of a schedule, with their paths."""
    if resource.type == SCHEDULE:
        target = resource.properties.map('Target')
        if target is not None:
            yield ('Target',), target
    else:
        for index, target in resource.properties.maps('Targets'):
            yield ('Targets', index), target


def is_enabled(resource: Resource) -> bool:
    """Certainly; a state that only the deployment knows may be DISABLED."""
    if resource.properties.absent('State'):
        return True
    return resource.properties.text('State') not in (None, 'DISABLED')


def name(target: Map, template: Template, project: Project) -> str:
    """What a message calls a target."""
    arn = target.get('Arn')
    found = project.find(arn, template)
    if found:
        return f'`{found[0].logical_id}`'
    text = arn.shown() if isinstance(arn, Text) else arn if isinstance(arn, str) else ''
    # The Scheduler's universal targets end in aws-sdk:service:action.
    last = text.rpartition(':aws-sdk:')[2] if ':aws-sdk:' in text else re.split('[:/]', text)[-1]
    return f'`{last}`' if last and '*' not in last else 'its target'


def names(resource: Resource, project: Project) -> str:
    """`A`, `B` and `C`."""
    all = [name(target, resource.template, project) for _, target in targets(resource)]
    return listed(list(dict.fromkeys(all)))


def job(target: Map, template: Template, project: Project) -> Job | None:
    """None where it can't be told apart from others."""
    arn = target.get('Arn')
    who = {one.key for one in project.find(arn, template)}
    if not who:
        text = project.text(arn, template)
        if _UNSETTLED in text:
            return None
        who = {(template.filename, text)}  # in another template it may be another account's
    sent = Map(open=target.open)
    sent.update((key, value) for key, value in target.items() if key not in _DELIVERY)
    gets = canonical(sent, template, project)
    return None if gets is None else Job(frozenset(who), gets)


def canonical(
        value: Any, template: Template, project: Project, *, order: bool = True,
) -> str | None:
    """A text that equal values share; None where something in it is unknown.

    Without `order`, lists are equal whose items are.
    """
    def said(one: Any) -> str:
        if isinstance(one, Map):
            items = [f'{key!r}: {said(item)}' for key, item in one.items() if item is not None]
            return '{' + ', '.join(sorted(items)) + _UNSETTLED * one.open + '}'
        if isinstance(one, Seq):
            items = [said(item) for item in one]
            return '[' + ', '.join(items if order else sorted(items)) + ']'
        return 'null' if one is None else repr(project.text(one, template))

    text = said(value)
    return None if _UNSETTLED in text else text


def bill(runs: float, target: Map, template: Template, project: Project) -> Bill | None:
    """What so many runs of a target cost, where that is a matter of one unit."""
    arn = target.get('Arn')
    functions = project.find(arn, template, 'AWS::Lambda::Function')
    if len(functions) == 1:
        properties = functions[0].properties
        memory = 128 if properties.absent('MemorySize') else as_number(properties.get('MemorySize'))
        if memory is None:
            return None
        rate = lambda_rate(properties)
        return Bill(
            runs * rate.call(memory, 1),
            f'each second that a call takes at {memory:,} MB ({rate.architecture})',
            rate.said(),
        )
    machines = project.find(arn, template, 'AWS::StepFunctions::StateMachine')
    if len(machines) != 1:
        return None
    kind = machines[0].properties
    if kind.absent('StateMachineType') or kind.text('StateMachineType') == 'STANDARD':
        transition = price('sfn.standard.transition').usd
        return Bill(
            runs * transition, 'each state that an execution enters',
            f'{dollars(transition * 1000)} per 1,000 state transitions, us-east-1',
        )
    if kind.text('StateMachineType') == 'EXPRESS':
        request = price('sfn.express.request').usd
        return Bill(
            runs * request, 'the requests alone',
            f'{dollars(request * 1e6)} per million requests and the duration, us-east-1',
        )
    return None


def bus(value: Any, template: Template, project: Project) -> str | None:
    """One text for every way to name an event bus; None where it is unknown."""
    if value is None:
        return 'default'
    found = project.find(value, template, 'AWS::Events::EventBus')
    if found:
        return f'{found[0].template.filename} {found[0].logical_id}'
    text = project.text(value, template)
    if text.endswith(':event-bus/default'):
        return 'default'
    return None if _UNSETTLED in text else text
