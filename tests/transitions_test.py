"""Counting transitions, against an interpreter that runs the same machines: moto's.

Standard workflows bill one transition for each `*StateEntered` event of an execution's
history, and one for each retry, which the history shows as one more start of the same entry.
"""
from __future__ import annotations

import itertools
import json
import math
import random
import time
from collections import Counter
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any
from typing import NamedTuple

import boto3  # type: ignore[import-untyped]
import moto
import pytest

from thera_lint import graph
from thera_lint import states
from thera_lint.graph import Transitions
from thera_lint.source import read
from thera_lint.states import State

RETRIER = 'moto.stepfunctions.parser.asl.component.common.retry.retrier_decl.time'

NUMBERS = itertools.count()
PASS = {'Type': 'Pass', 'End': True}
FAILING: dict[str, Any] = {
    'Type': 'Task',
    'Resource': 'arn:aws:states:::dynamodb:getItem',
    'Parameters': {'TableName': 'nobody-made-it', 'Key': {'domain': {'S': 'thera.io'}}},
}


class Run(NamedTuple):
    """What the history of an execution says."""

    status: str
    entered: int
    retried: int


@pytest.fixture(scope='module')
def aws() -> Iterator[Any]:
    with pytest.MonkeyPatch.context() as patch:
        for key in ('AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY'):
            patch.setenv(key, 'testing')
        patch.setattr(RETRIER, SimpleNamespace(sleep=lambda seconds: None))
        with moto.mock_aws(config={'stepfunctions': {'execute_state_machine': True}}):
            yield boto3.client('stepfunctions', 'us-east-1')


def create(aws: Any, definition: dict[str, Any], name: str) -> str:
    arn: str = aws.create_state_machine(
        name=name, definition=json.dumps(definition),
        roleArn='arn:aws:iam::123456789012:role/thera',
    )['stateMachineArn']
    return arn


def run(aws: Any, machine: str, given: Any = None) -> Run:
    execution = aws.start_execution(
        stateMachineArn=machine, name=f'run-{next(NUMBERS)}', input=json.dumps(given or {}),
    )
    return history(aws, execution['executionArn'])


def history(aws: Any, execution: str) -> Run:
    late = time.monotonic() + 20
    while (status := aws.describe_execution(executionArn=execution)['status']) == 'RUNNING':
        assert time.monotonic() < late, 'it does not end'
        time.sleep(0.005)
    events = aws.get_execution_history(executionArn=execution, maxResults=1000)['events']
    assert len(events) < 1000
    kinds = Counter(event['type'] for event in events)
    entered = sum(count for kind, count in kinds.items() if kind.endswith('StateEntered'))
    return Run(status, entered, kinds['TaskScheduled'] - kinds['TaskStateEntered'])


def counted(
        definition: dict[str, Any], items: float = 3, child: Transitions | None = None,
) -> Transitions:
    """What we say of it; `child` is what each task with a StateMachineArn starts."""
    machine = states.standalone(read('m.asl.json', json.dumps(definition)))

    def started(state: State) -> Transitions | None:
        return child if state.task is not None and state.task.service == 'states' else None

    return graph.transitions(machine.top, lambda state: items, started)


def chain(*bodies: dict[str, Any], prefix: str = 'S') -> dict[str, Any]:
    """States in a row."""
    names = [f'{prefix}{number}' for number in range(len(bodies))]
    return {
        'StartAt': names[0],
        'States': {
            name: {**body, **({'Next': following} if following else {'End': True})}
            for name, body, following in itertools.zip_longest(names, bodies, names[1:])
        },
    }


def each(inside: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A Map over `$.items`."""
    processor = {'ProcessorConfig': {'Mode': 'INLINE'}, **inside}
    return {
        'Type': 'Map', 'ItemsPath': '$.items', 'ItemProcessor': processor, 'ResultPath': None,
        'ItemSelector': {'items.$': '$.items', 'flags.$': '$.flags'}, **more,
    }


def both(*branches: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {'Type': 'Parallel', 'Branches': list(branches), 'ResultPath': None, **more}


GIVEN: dict[str, Any] = {'items': ['thera.io', 'apollo.io', 'firecrawl.dev'], 'flags': {}}
STEP = {'Type': 'Pass'}
WAIT = {'Type': 'Wait', 'Seconds': 0}


ONE_WAY = {
    'a pass': chain(STEP),
    'a row': chain(STEP, WAIT, STEP),
    'succeed': {'StartAt': 'A', 'States': {
        'A': {'Type': 'Pass', 'Next': 'B'}, 'B': {'Type': 'Succeed'},
    }},
    'a state that nothing leads to': {'StartAt': 'A', 'States': {
        'A': {'Type': 'Succeed'}, 'B': {'Type': 'Pass', 'Next': 'B2'}, 'B2': PASS,
    }},
    'a choice with one way': {'StartAt': 'A', 'States': {
        'A': {'Type': 'Choice', 'Default': 'B', 'Choices': [
            {'Variable': '$.flags', 'IsPresent': True, 'Next': 'B'},
        ]},
        'B': PASS,
    }},
    'branches': chain(STEP, both(chain(STEP), chain(WAIT, STEP)), STEP),
    'a map': chain(each(chain(STEP, WAIT)), STEP),
    'a map in a map': chain(each(chain(each(chain(STEP, STEP)), STEP))),
    'a map in a branch': chain(both(chain(each(chain(STEP))), chain(STEP))),
    'branches in a map': chain(each(chain(both(chain(STEP), chain(STEP)), STEP))),
    'branches in branches': chain(both(chain(both(chain(STEP))), chain(both(chain(STEP))))),
    'an Iterator': chain({
        'Type': 'Map', 'ItemsPath': '$.items', 'Iterator': chain(STEP, STEP),
    }),
    'JSONata with its items written': {
        'QueryLanguage': 'JSONata',
        **chain({
            'Type': 'Map', 'Items': [1, 2, 3],
            'ItemProcessor': {'ProcessorConfig': {'Mode': 'INLINE'}, **chain(STEP)},
        }),
    },
}


@pytest.mark.parametrize('name', ONE_WAY)
def test_one_way_is_counted_to_the_state(aws: Any, name: str) -> None:
    definition = ONE_WAY[name]
    real = run(aws, create(aws, definition, name.replace(' ', '-')), GIVEN)
    assert real.status == 'SUCCEEDED'
    assert real.retried == 0
    assert counted(definition) == (real.entered, real.entered, real.entered)


class Maker:
    """Random machines whose every Choice is decided by a flag of its own."""

    def __init__(self, seed: int, choices: int = 3) -> None:
        self.random = random.Random(seed)
        self.choices = choices
        self.flags: list[str] = []
        self.names = map('N{}'.format, itertools.count())
        self.fails = 0

    def level(self, depth: int = 0) -> dict[str, Any]:
        made: dict[str, Any] = {}
        return {'StartAt': self.way(made, None, self.random.randint(1, 4), depth), 'States': made}

    def way(self, made: dict[str, Any], goal: str | None, length: int, depth: int) -> str:
        """A way of new states to `goal`, or to an end; its first state."""
        following = goal
        for _ in range(length):
            name = next(self.names)
            on = {'End': True} if following is None else {'Next': following}
            kind = self.random.choice('pass wait choice choice parallel map fail'.split())
            if kind in ('parallel', 'map') and depth == 2 or kind == 'wait':
                made[name] = WAIT | on
            elif kind == 'choice' and len(self.flags) < self.choices and following is not None:
                self.flags.append(f'f{len(self.flags)}')
                rule = {'Variable': f'$.flags.{self.flags[-1]}', 'BooleanEquals': True}
                other = self.way(
                    made, self.random.choice((None, following)), self.random.randint(1, 3), depth,
                )
                made[name] = {
                    'Type': 'Choice', 'Choices': [{**rule, 'Next': other}], 'Default': following,
                }
            elif kind == 'fail' and depth == 0 and goal is None and following is not None and \
                    len(self.flags) < self.choices:
                self.flags.append(f'f{len(self.flags)}')
                rule = {'Variable': f'$.flags.{self.flags[-1]}', 'BooleanEquals': True}
                bad, worse = next(self.names), next(self.names)
                made[bad] = {'Type': 'Pass', 'Next': worse}
                made[worse] = {'Type': 'Fail'}
                made[name] = {
                    'Type': 'Choice', 'Choices': [{**rule, 'Next': bad}], 'Default': following,
                }
            elif kind == 'parallel':
                made[name] = both(*(
                    self.level(depth + 1) for _ in range(self.random.randint(1, 2))
                )) | on
            elif kind == 'map':
                made[name] = each(self.level(depth + 1)) | on
            else:
                made[name] = STEP | on
            following = name
        assert following is not None
        return following


@pytest.mark.parametrize('seed', range(12))
def test_the_bounds_are_those_of_all_runs(aws: Any, seed: int) -> None:
    """A run for each way that the choices can go: the least and the most are what we say."""
    maker = Maker(seed)
    definition = maker.level()
    ours = counted(definition, items=2)
    machine = create(aws, definition, f'random-{seed}')
    runs = [
        run(aws, machine, {'items': [1, 2], 'flags': dict(zip(maker.flags, flags, strict=True))})
        for flags in itertools.product((False, True), repeat=len(maker.flags))
    ]
    well = [one.entered for one in runs if one.status == 'SUCCEEDED']
    assert ours.shortest == min(one.entered for one in runs)
    assert ours.usual == max(well)
    assert ours.worst == max(one.entered for one in runs)


def test_a_long_way_to_fail_is_the_worst_and_not_usual(aws: Any) -> None:
    flag = {'Variable': '$.flags.bad', 'BooleanEquals': True}
    definition = {'StartAt': 'Ask', 'States': {
        'Ask': {'Type': 'Choice', 'Choices': [{**flag, 'Next': 'Tell'}], 'Default': 'Work'},
        'Work': {'Type': 'Pass', 'Next': 'Done'},
        'Done': {'Type': 'Succeed'},
        'Tell': {'Type': 'Pass', 'Next': 'Clear'},
        'Clear': {'Type': 'Pass', 'Next': 'Stop'},
        'Stop': {'Type': 'Fail'},
    }}
    machine = create(aws, definition, 'long-way-to-fail')
    good, bad = (run(aws, machine, {'flags': {'bad': one}}) for one in (False, True))
    assert (good.status, bad.status) == ('SUCCEEDED', 'FAILED')
    assert counted(definition) == (good.entered, good.entered, bad.entered)


def loop(test_first: bool) -> dict[str, Any]:
    """Counts `$.n` down to nothing: asked before each round, or after it."""
    more = {'Variable': '$.n', 'NumericGreaterThan': 0}
    return {'StartAt': 'Begin', 'States': {
        'Begin': {'Type': 'Pass', 'Next': 'More' if test_first else 'Work'},
        'More': {'Type': 'Choice', 'Choices': [{**more, 'Next': 'Work'}], 'Default': 'Done'},
        'Work': {'Type': 'Pass', 'Next': 'Count'},
        'Count': {
            'Type': 'Pass', 'Parameters': {'n.$': 'States.MathAdd($.n, -1)'}, 'Next': 'More',
        },
        'Done': {'Type': 'Succeed'},
    }}


@pytest.mark.parametrize('test_first, fewest', ((True, 0), (False, 1)))
def test_a_loop_goes_round_once_usually(aws: Any, test_first: bool, fewest: int) -> None:
    definition = loop(test_first)
    ours = counted(definition)
    machine = create(aws, definition, f'loop-{fewest}')
    least, once, often = (run(aws, machine, {'n': rounds}) for rounds in (fewest, 1, 7))
    assert {least.status, once.status, often.status} == {'SUCCEEDED'}
    assert ours.shortest == least.entered
    assert ours.usual == once.entered
    assert often.entered > ours.usual
    assert ours.worst == math.inf


RETRY = [
    {'ErrorEquals': ['States.Timeout', 'States.TaskFailed'], 'MaxAttempts': 2},
    {'ErrorEquals': ['States.ALL'], 'MaxAttempts': 4},
]
CATCH = [{'ErrorEquals': ['States.ALL'], 'Next': 'Tell'}]
TOLD = {'Tell': {'Type': 'Pass', 'Next': 'Why'}, 'Why': {'Type': 'Wait', 'Seconds': 0, 'End': True}}


@pytest.mark.parametrize('attempts', (None, 0, 1, 4))
def test_each_retry_is_billed_once_more(aws: Any, attempts: int | None) -> None:
    retrier: dict[str, Any] = {'ErrorEquals': ['States.ALL']}
    if attempts is not None:
        retrier['MaxAttempts'] = attempts
    definition = {'StartAt': 'Read', 'States': {
        'Read': {**FAILING, 'Retry': [retrier], 'Catch': CATCH, 'End': True}, **TOLD,
    }}
    real = run(aws, create(aws, definition, f'retry-{attempts}'))
    assert real == ('SUCCEEDED', 3, 3 if attempts is None else attempts)
    assert counted(definition) == (1, 1, real.entered + real.retried)


def test_retriers_are_counted_together_as_an_upper_bound(aws: Any) -> None:
    definition = {'StartAt': 'Read', 'States': {
        'Read': {**FAILING, 'Retry': RETRY, 'Catch': CATCH, 'End': True}, **TOLD,
    }}
    real = run(aws, create(aws, definition, 'retriers'))
    ours = counted(definition)
    assert real.status == 'SUCCEEDED'
    assert ours.worst == 1 + 2 + 4 + 2
    assert ours.shortest <= real.entered + real.retried <= ours.worst


@pytest.mark.parametrize('holder', (both, each))
def test_a_retry_around_others_runs_them_all_again(aws: Any, holder: Any) -> None:
    task = {**FAILING, 'Retry': [{'ErrorEquals': ['States.ALL'], 'MaxAttempts': 2}]}
    definition = {'StartAt': 'All', 'States': {
        'All': {
            **holder(chain(STEP, task)), 'End': True, 'Catch': CATCH,
            'Retry': [{'ErrorEquals': ['States.ALL'], 'MaxAttempts': 3}],
        },
        **TOLD,
    }}
    real = run(aws, create(aws, definition, f'around-{holder.__name__}'), GIVEN | {'items': [1]})
    assert real.status == 'SUCCEEDED'
    tries, inside = 4, 1 + 3  # a Pass, and a task that is tried three times
    # Its own retries are transitions too, of which the history shows no event.
    assert real.entered + real.retried + 3 == tries * (1 + inside) + 2
    assert counted(definition, items=1) == (3, 3, tries * (1 + inside) + 2)


def test_what_an_execution_starts_is_counted_with_it(aws: Any) -> None:
    """moto can't start one from another: a branch stands for it, which enters as much."""
    inner = chain(STEP, STEP, STEP)
    start = {'Type': 'Task', 'Resource': 'arn:aws:states:::states:startExecution.sync:2'}
    real, ours = (
        chain(STEP, one, each(chain(one)), both(chain(one), chain(STEP)))
        for one in (both(inner), start)
    )
    ran = run(aws, create(aws, real, 'nested'), GIVEN)
    assert ran.status == 'SUCCEEDED'
    assert counted(ours, child=counted(inner)) == (ran.entered, ran.entered, ran.entered)


def test_children_of_a_distributed_map() -> None:
    """moto writes no history of them; AWS bills those of type STANDARD as runs of their own."""
    def of(kind: str, **more: Any) -> Transitions:
        config = {'Mode': 'DISTRIBUTED', 'ExecutionType': kind}
        inside = {'ProcessorConfig': config, **chain(STEP, STEP)}
        return counted(chain({'Type': 'Map', 'ItemProcessor': inside, **more}), items=101)

    assert of('STANDARD') == (203, 203, 203)
    assert of('EXPRESS') == (1, 1, 1)
    assert of('STANDARD', ItemBatcher={'MaxItemsPerBatch': 10}) == (23, 23, 23)


def test_without_a_known_start_there_is_nothing() -> None:
    assert counted({'StartAt': '${Begin}', 'States': {'A': PASS}}) == (0, 0, 0)
    assert counted({'StartAt': 'Nowhere', 'States': {'A': PASS}}) == (0, 0, 0)
