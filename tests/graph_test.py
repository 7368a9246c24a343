"""The graph of a state machine: ways, loops, and how many states a run enters."""
from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thera_lint import graph
from thera_lint.graph import Transitions
from thera_lint.source import Source
from thera_lint.states import Level
from thera_lint.states import standalone
from thera_lint.states import State

END = {'Type': 'Succeed'}


def level(states: dict[str, Any], start: str = 'A') -> Level:
    return standalone(Source('m.asl.json', '', {'StartAt': start, 'States': states})).top


def passes(**next: str) -> dict[str, Any]:
    """Pass states by name with where each leads; END for `''`."""
    return {
        name: {'Type': 'Pass', 'Next': to} if to else {'Type': 'Pass', 'End': True}
        for name, to in next.items()
    }


def choice(*targets: str, default: str | None = None) -> dict[str, Any]:
    state: dict[str, Any] = {
        'Type': 'Choice', 'Choices': [{'Variable': '$.a', 'Next': one} for one in targets],
    }
    return {**state, 'Default': default} if default else state


def task(next: str, **fields: Any) -> dict[str, Any]:
    return {'Type': 'Task', 'Resource': 'arn:aws:states:::sqs:sendMessage', 'Next': next, **fields}


def caught(next: str, by: str) -> dict[str, Any]:
    return task(next, Catch=[{'ErrorEquals': ['States.ALL'], 'Next': by}])


def names(states: list[State] | None) -> list[str] | None:
    return None if states is None else [state.name for state in states]


def loops(of: Level, **options: bool) -> list[list[str]]:
    return [[state.name for state in loop] for loop in graph.cycles(of, **options)]


# --- ways


def test_edges_lead_to_states_of_the_level() -> None:
    of = level({'A': caught('B', by='Nowhere'), 'B': caught('C', by='A'), 'C': END})
    assert [edge.target for edge in graph.edges(of.states['A'])] == ['B']
    assert [edge.target for edge in graph.edges(of.states['B'])] == ['C', 'A']
    assert [edge.target for edge in graph.edges(of.states['B'], catches=False)] == ['C']


@pytest.mark.parametrize(('state', 'expected'), [
    ({'Type': 'Succeed'}, True),
    ({'Type': 'Fail'}, True),
    ({'Type': 'Pass', 'End': True}, True),
    ({'Type': 'Pass', 'End': False}, False),
    ({'Type': 'Pass', 'End': '${End}'}, False),
    ({'Type': 'Pass', 'Next': 'A'}, False),
])
def test_is_terminal(state: dict[str, Any], expected: bool) -> None:
    assert graph.is_terminal(level({'A': state}).states['A']) is expected


def test_reachable() -> None:
    of = level({
        'A': choice('B', default='C'), 'B': caught('E', by='D'), 'C': END, 'D': END, 'E': END,
        'F': caught('A', by='G'), 'G': END,
    })
    assert graph.reachable(of) == {'A', 'B', 'C', 'D', 'E'}
    assert graph.reachable(level({'A': END}, start='Nowhere')) == set()
    assert graph.reachable(level({'A': END}, start='${Start}')) == set()


def test_levels() -> None:
    inner = {'StartAt': 'B', 'States': {'B': END}}
    innermost = {'StartAt': 'D', 'States': {'D': END}}
    middle = {'StartAt': 'C', 'States': {'C': {'Type': 'Map', 'Iterator': innermost, 'End': True}}}
    of = level({'A': {'Type': 'Parallel', 'Branches': [inner, middle], 'End': True}})
    assert [list(one.states) for one in graph.levels(of.machine)] == [['A'], ['B'], ['C'], ['D']]


@pytest.mark.parametrize(('states', 'expected'), [
    (passes(A='B', B=''), True),
    ({'A': choice('B', default='A'), 'B': END}, True),
    ({}, False),
    (passes(A='Nowhere'), False),
    (passes(A='${Then}'), False),
    ({'A': choice('${Then}', default='A')}, False),
    ({'A': choice('A', default='${Then}')}, False),
    ({'A': {'Type': 'Choice', 'Choices': '${Choices}', 'Default': 'A'}}, False),
    ({'A': {'Type': 'Choice', 'Choices': ['${Choice}'], 'Default': 'A'}}, False),
    ({'A': caught('B', by='${Then}'), 'B': END}, False),
    ({'A': {'Type': '${Type}', 'End': True}}, False),
    ({'A': END, 'B': '${State}'}, False),
    ({'B': END}, False),
])
def test_is_closed(states: dict[str, Any], expected: bool) -> None:
    assert graph.is_closed(level(states)) is expected


def test_way() -> None:
    of = level({
        'A': choice('B', 'C', default='A'), 'B': task('C'), 'C': caught('D', by='A'), 'D': END,
    }).states
    assert names(graph.way(of['A'], of['D'])) == ['A', 'C', 'D']
    assert names(graph.way(of['B'], of['A'])) == ['B', 'C', 'A']
    assert names(graph.way(of['A'], of['A'])) == ['A', 'A']
    assert names(graph.way(of['C'], of['C'])) == ['C', 'A', 'C']
    assert graph.way(of['D'], of['A']) is None
    assert graph.way(of['D'], of['D']) is None


def test_between() -> None:
    of = level({
        'A': choice('B', 'E', default='C'), 'B': task('D'), 'C': caught('D', by='F'), 'D': END,
        'E': END, 'F': task('D'),
    }).states
    assert sorted(names(graph.between(of['A'], of['D'])) or []) == ['A', 'B', 'C', 'E']
    assert names(graph.between(of['B'], of['D'])) == ['B']
    assert graph.between(of['D'], of['D']) == []
    assert graph.between(of['E'], of['D']) is None


# --- loops


def test_cycles_in_written_order() -> None:
    of = level({
        'Z': choice('A', default='Y'), 'Y': task('Z'), 'A': task('A'), 'C': caught('D', by='B'),
        'B': task('C'), 'D': END,
    }, start='Z')
    assert loops(of) == [['Z', 'Y'], ['A'], ['C', 'B']]
    assert loops(of, catches=False) == [['Z', 'Y'], ['A']]
    assert [edge.target for edge in graph.ways_out(graph.cycles(of)[0])] == ['A']
    assert graph.ways_out(graph.cycles(of)[1]) == []
    assert [edge.target for edge in graph.ways_out(graph.cycles(of)[2])] == ['D']


def test_a_long_chain_needs_no_deep_stack() -> None:
    size = 20_000
    states = passes(**{f'S{i}': f'S{(i + 1) % size}' for i in range(size)})
    of = level(states, start='S0')
    [loop] = graph.cycles(of)
    assert len(loop) == size
    assert len(graph.way(of.states['S0'], of.states['S0']) or ()) == size + 1
    states[f'S{size - 1}'] = END
    of = level(states, start='S0')
    assert graph.cycles(of) == []
    assert counted(of) == Transitions(size, size, size)


NAMES = 'ABCDEFGH'


@st.composite
def definitions(draw: st.DrawFn) -> dict[str, Any]:
    """States of every kind of edge; some targets do not exist."""
    targets = st.sampled_from(NAMES + '?')
    states: dict[str, Any] = {}
    for name in draw(st.permutations(NAMES[:draw(st.integers(1, len(NAMES)))])):
        kind = draw(st.sampled_from(('pass', 'choice', 'task', 'end')))
        if kind == 'pass':
            states[name] = {'Type': 'Pass', 'Next': draw(targets)}
        elif kind == 'choice':
            states[name] = choice(
                *draw(st.lists(targets, min_size=1, max_size=3)),
                default=draw(st.none() | targets),
            )
        elif kind == 'task':
            states[name] = caught(draw(targets), by=draw(targets))
        else:
            states[name] = END
    return states


def naive_ways(states: dict[str, Any], *, catches: bool) -> set[tuple[str, str]]:
    """Which state leads to which over one edge or more: Warshall's closure of the plain data."""
    ways = set()
    for name, state in states.items():
        found = [state.get('Next'), state.get('Default')]
        found += [one['Next'] for one in state.get('Choices', ())]
        found += [one['Next'] for one in state.get('Catch', ()) if catches]
        ways |= {(name, target) for target in found if target in states}
    for middle in states:
        ways |= {
            (first, last)
            for first in states if (first, middle) in ways
            for last in states if (middle, last) in ways
        }
    return ways


@given(states=definitions(), catches=st.booleans())
def test_cycles_are_what_leads_to_itself(states: dict[str, Any], catches: bool) -> None:
    ways = naive_ways(states, catches=catches)
    expected = {
        frozenset(other for other in states if {(name, other), (other, name)} <= ways)
        for name in states if (name, name) in ways
    }
    found = loops(level(states), catches=catches)
    assert {frozenset(loop) for loop in found} == expected
    assert len(found) == len(expected)
    order = list(states)
    assert all(loop == sorted(loop, key=order.index) for loop in found)
    assert found == sorted(found, key=lambda loop: order.index(loop[0]))


@given(states=definitions())
def test_reachable_and_way_agree_with_the_closure(states: dict[str, Any]) -> None:
    of = level(states)
    ways = naive_ways(states, catches=True)
    expected = {'A'} | {last for first, last in ways if first == 'A'}
    assert graph.reachable(of) == (expected if 'A' in states else set())
    for first in states:
        for last in states:
            found = names(graph.way(of.states[first], of.states[last]))
            assert (found is not None) == ((first, last) in ways)
            if found is not None:
                assert (found[0], found[-1]) == (first, last)
                assert set(pairwise(found)) <= {
                    (name, edge.target)
                    for name, state in of.states.items() for edge in graph.edges(state)
                }
                assert len(set(found[1:])) == len(found) - 1


# --- what a run enters


def counted(of: Level, items: float = 10, child: Transitions | None = None) -> Transitions:
    return graph.transitions(of, lambda state: items, lambda state: child)


def test_transitions_of_a_line() -> None:
    assert counted(level(passes(A='B', B='C', C=''))) == Transitions(3, 3, 3)


def test_nothing_starts_nowhere() -> None:
    assert counted(level(passes(A=''), start='Nowhere')) == Transitions(0, 0, 0)


def test_errors_and_retries_are_the_worst_only() -> None:
    of = level({
        'A': {**caught('End', by='B'), 'Retry': [{'ErrorEquals': ['States.ALL']}]},
        'B': task('C'), 'C': task('Failed'), 'End': END, 'Failed': {'Type': 'Fail'},
    })
    assert counted(of) == Transitions(2, 2, 7)


def test_usual_prefers_the_long_way_to_an_end_that_is_no_failure() -> None:
    of = level({
        'A': choice('B', 'D', default='C'), 'B': task('C'), 'C': END,
        'D': task('E'), 'E': task('F'), 'F': {'Type': 'Fail'},
    })
    assert counted(of) == Transitions(2, 3, 4)


def test_a_loop_goes_round_once_usually() -> None:
    of = level({'A': task('B'), 'B': choice('A', default='C'), 'C': END})
    assert counted(of) == Transitions(3, 3, math.inf)


def test_a_loop_that_is_not_reached_is_not_the_worst() -> None:
    assert counted(level(passes(A='', B='B'))) == Transitions(1, 1, 1)


def test_map_parallel_and_children() -> None:
    inner = {'StartAt': 'I', 'States': {'I': task('J'), 'J': END}}
    of = level({
        'A': {'Type': 'Map', 'ItemProcessor': inner, 'Next': 'B'},
        'B': {'Type': 'Parallel', 'Branches': [inner, inner], 'End': True},
    })
    assert counted(of) == Transitions(26, 26, 26)
    express = {**inner, 'ProcessorConfig': {'Mode': 'DISTRIBUTED', 'ExecutionType': 'EXPRESS'}}
    assert counted(level({
        'A': {'Type': 'Map', 'ItemProcessor': express, 'End': True},
    })) == Transitions(1, 1, 1)
    assert counted(level({'A': END}), child=Transitions(1, 2, 3)) == Transitions(2, 3, 4)


def test_no_items_of_an_endless_loop_are_nothing() -> None:
    inner = {'StartAt': 'I', 'States': passes(I='I')}
    of = level({'A': {'Type': 'Map', 'Iterator': inner, 'End': True}})
    assert counted(of, items=0) == Transitions(1, 1, 1)
    assert counted(of, items=1).worst == math.inf


@pytest.mark.parametrize(('retry', 'expected'), [
    (None, 0),
    ([], 0),
    ([{'ErrorEquals': ['States.ALL']}], 3),
    ([{'ErrorEquals': ['A'], 'MaxAttempts': 0}, {'ErrorEquals': ['B'], 'MaxAttempts': 5}], 5),
    ([{'ErrorEquals': ['A'], 'MaxAttempts': '${Attempts}'}], None),
    (['${Retrier}'], None),
    ('${Retry}', None),
])
def test_retries(retry: Any, expected: float | None) -> None:
    assert graph.retries(level({'A': task('A', Retry=retry)}).states['A']) == expected


@given(states=definitions())
def test_transitions_without_loops_agree_with_every_way(states: dict[str, Any]) -> None:
    if loops(level(states)) or 'A' not in states:
        return

    def ways(name: str, *, catches: bool) -> Iterator[list[str]]:
        state = states[name]
        targets = [state.get('Next'), state.get('Default')]
        targets += [one['Next'] for one in state.get('Choices', ())]
        targets += [one['Next'] for one in state.get('Catch', ()) if catches]
        targets = [one for one in targets if one in states]
        if not targets:
            yield [name]
        for target in targets:
            for rest in ways(target, catches=catches):
                yield [name, *rest]

    plain = [len(way) for way in ways('A', catches=False)]
    ends = [len(way) for way in ways('A', catches=False) if states[way[-1]] is END]
    found = counted(level(states))
    assert found.shortest == min(plain)
    assert found.usual == max(max(ends, default=max(plain)), found.shortest)
    assert found.worst == max(len(way) for way in ways('A', catches=True))
