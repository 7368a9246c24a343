"""The graph of a state machine: what leads where, what goes in circles, what a run enters.

A level is one graph: the states of a machine, of an item processor or of a branch. Edges to
states that do not exist are not edges.
"""
from __future__ import annotations

import heapq
import math
from collections import deque
from collections.abc import Callable
from collections.abc import Collection
from collections.abc import Iterator
from typing import NamedTuple

from thera_lint.states import Edge
from thera_lint.states import Level
from thera_lint.states import State
from thera_lint.states import StateMachine
from thera_lint.values import Map
from thera_lint.values import Seq


class Transitions(NamedTuple):
    """How many states one run enters, which is what Standard workflows bill.

    `shortest` is the shortest way from start to end without an error. `usual` meets no error
    either, goes round a loop once, and where a Choice decides takes the longest way that does
    not end in Fail. `worst` takes the longest way of all with every retry used up, each of
    which is billed as another transition; infinite where a loop can go on for ever.
    """

    shortest: float
    usual: float
    worst: float


def edges(state: State, *, catches: bool = True) -> list[Edge]:
    """The ways out of a state that lead to a state of its level."""
    return [
        edge for edge in state.edges
        if edge.target in state.level.states and (catches or edge.kind != 'catch')
    ]


def is_terminal(state: State) -> bool:
    """Whether a run of the level can end here without an error of its own."""
    return state.type in ('Succeed', 'Fail') or state.data.flag('End') is True


def reachable(level: Level) -> set[str]:
    """The states of a level that a run may enter."""
    found: set[str] = set()
    waiting = [level.start] if level.start in level.states else []
    while waiting:
        name = waiting.pop()
        if name is not None and name not in found:
            found.add(name)
            waiting.extend(edge.target for edge in edges(level.states[name]))
    return found


def levels(machine: StateMachine) -> Iterator[Level]:
    """The machine's own level and those nested in its states."""
    yield machine.top
    for state in machine.states():
        yield from state.levels


def is_closed(level: Level) -> bool:
    """Whether all states are known, and each of their ways leads to one of them."""
    states = level.data.map('States')
    if states is None or states.open or level.data.open or level.start not in level.states:
        return False
    return len(states) == len(level.states) and all(map(_is_closed, level.states.values()))


def _is_closed(state: State) -> bool:
    if state.type is None or state.data.open:
        return False
    holders = [state.data]
    for key in ('Choices', 'Catch'):
        branches = state.data.get(key)
        if branches is None:
            continue
        if not isinstance(branches, Seq) or not all(isinstance(one, Map) for one in branches):
            return False
        holders += branches
    targets = [holder.get(key) for holder in holders for key in ('Next', 'Default')]
    return all(
        target is None or isinstance(target, str) and target in state.level.states
        for target in targets
    )


def way(
        start: State, goal: State, within: Collection[State] | None = None,
) -> list[State] | None:
    """The states of a shortest way from one to another, both included; None if there is none.

    From a state to itself that is a way round, and names it at both ends. It goes through
    states of `within` only, if that is given: a loop in a large machine is found sooner.
    """
    allowed = None if within is None else {state.name for state in within}
    came: dict[str, State] = {}
    waiting = deque([start])
    while waiting:
        state = waiting.popleft()
        for edge in edges(state):
            if edge.target in came or allowed is not None and edge.target not in allowed:
                continue
            came[edge.target] = state
            if edge.target == goal.name:
                result = [goal, state]
                while result[-1] is not start:
                    result.append(came[result[-1].name])
                return result[::-1]
            waiting.append(state.level.states[edge.target])
    return None


def between(start: State, goal: State) -> list[State] | None:
    """All states that a run may enter from `start` on before `goal`, without an error.

    None where none of them leads to it. Empty where the two are the same.
    """
    found: dict[str, State] = {}
    waiting = [start] if start is not goal else []
    arrives = start is goal
    while waiting:
        state = waiting.pop()
        if state.name in found:
            continue
        found[state.name] = state
        for edge in edges(state, catches=False):
            target = state.level.states[edge.target]
            if target is goal:
                arrives = True
            else:
                waiting.append(target)
    return list(found.values()) if arrives else None


def cycles(level: Level, *, catches: bool = True) -> list[list[State]]:
    """The strongly connected components in which a run can go round, in written order.

    Tarjan's algorithm, https://doi.org/10.1137/0201010, with a stack of its own: the depth of
    a definition must not be that of Python.
    """
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    trail: list[str] = []
    on_trail: set[str] = set()
    result: list[list[State]] = []
    order = {name: number for number, name in enumerate(level.states)}
    targets = {
        name: [edge.target for edge in edges(state, catches=catches)]
        for name, state in level.states.items()
    }
    for root in level.states:
        if root in index:
            continue
        work: list[tuple[str, Iterator[str]]] = []

        def enter(name: str) -> None:
            index[name] = low[name] = len(index)
            trail.append(name)
            on_trail.add(name)
            work.append((name, iter(targets[name])))  # noqa: B023  # used up in this round

        enter(root)
        while work:
            name, rest = work[-1]
            for target in rest:
                if target not in index:
                    enter(target)
                    break
                if target in on_trail:
                    low[name] = min(low[name], index[target])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[name])
                if low[name] == index[name]:
                    members = []
                    while True:
                        member = trail.pop()
                        on_trail.discard(member)
                        members.append(member)
                        if member == name:
                            break
                    if len(members) > 1 or name in targets[name]:
                        members.sort(key=order.__getitem__)
                        result.append([level.states[member] for member in members])
    return sorted(result, key=lambda component: order[component[0].name])


def ways_out(component: list[State]) -> list[Edge]:
    """The edges that leave a component."""
    inside = {state.name for state in component}
    return [edge for state in component for edge in edges(state) if edge.target not in inside]


def retries(state: State) -> float | None:
    """How often a failing state is tried again at most; None where that is unknown.

    Retriers count separately, so their attempts add up. MaxAttempts is 3 by default.
    https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html
    """
    if state.data.absent('Retry'):
        return 0
    retriers = state.data.seq('Retry')
    if retriers is None:
        return None
    total: float = 0
    for retrier in retriers:
        if not isinstance(retrier, Map):
            return None
        attempts = 3 if retrier.absent('MaxAttempts') else retrier.number('MaxAttempts')
        if attempts is None:
            return None
        total += attempts
    return total


def transitions(
        level: Level,
        items: Callable[[State], float],
        child: Callable[[State], Transitions | None],
) -> Transitions:
    """What one run of a level enters.

    `items(state)` is how many items a Map has; `child(state)` what an execution started by a
    task enters, None where it starts none or bills otherwise. Retries of which the number is
    unknown count as none.
    """
    weights = {name: _weight(state, items, child) for name, state in level.states.items()}
    shortest = _shortest(level, lambda name: weights[name].shortest)
    usual = _longest(level, lambda name: weights[name].usual, errors=False)
    entered = reachable(level)
    if any(state.name in entered for component in cycles(level) for state in component):
        worst = math.inf
    else:
        worst = _longest(level, lambda name: weights[name].worst, errors=True)
    return Transitions(shortest, max(usual, shortest), max(worst, usual, shortest))


def _weight(
        state: State,
        items: Callable[[State], float],
        child: Callable[[State], Transitions | None],
) -> Transitions:
    """What a state enters with all that is in it.

    The start of an item or a child is no transition:
    https://docs.aws.amazon.com/step-functions/latest/dg/state-map-inline.html
    """
    inner = [transitions(level, items, child) for level in state.levels]
    times = _rounds(state, items) if state.type == 'Map' else 1
    sums = [sum(one[kind] for one in inner) for kind in range(3)]
    started = child(state)
    if started is not None:
        sums = [one + other for one, other in zip(sums, started, strict=True)]
    tries = 1 + (retries(state) or 0)
    return Transitions(
        1 + _times(times, sums[0]),
        1 + _times(times, sums[1]),
        _times(tries, 1 + _times(times, sums[2])),
    )


def _rounds(state: State, items: Callable[[State], float]) -> float:
    """How often a Map runs what is in it; 0 where its children are Express, billed otherwise."""
    if state.children_type == 'EXPRESS':
        return 0
    batcher = state.data.map('ItemBatcher')
    size = batcher.number('MaxItemsPerBatch') if batcher is not None else None
    return math.ceil(items(state) / size) if size else items(state)


def _times(count: float, each: float) -> float:
    return 0 if count == 0 or each == 0 else count * each  # 0 × infinity is no number


def _shortest(level: Level, weight: Callable[[str], float]) -> float:
    """Dijkstra's algorithm from the start to the nearest end, without errors."""
    if level.start not in level.states:
        return 0
    waiting = [(weight(level.start), level.start)]
    done: set[str] = set()
    while waiting:
        length, name = heapq.heappop(waiting)
        if name in done:
            continue
        done.add(name)
        state = level.states[name]
        targets = [edge.target for edge in edges(state, catches=False)]
        if is_terminal(state) or not targets:
            return length
        for target in targets:
            heapq.heappush(waiting, (length + weight(target), target))
    return 0


def _longest(level: Level, weight: Callable[[str], float], *, errors: bool) -> float:
    """The longest way from start to end.

    Without errors, one that does not end in Fail, where there is any. What can only go back
    into a loop goes on from there, a last time.
    """
    if level.start not in level.states:
        return 0
    onward: dict[str, list[str]] = {}
    back: dict[str, list[str]] = {}
    finished: list[str] = []
    path: set[str] = set()
    stack = [(level.start, False)]
    while stack:
        name, leaving = stack.pop()
        if leaving:
            path.discard(name)
            finished.append(name)
        elif name not in onward:
            path.add(name)
            stack.append((name, True))
            targets = [edge.target for edge in edges(level.states[name], catches=errors)]
            onward[name] = [target for target in targets if target not in path]
            back[name] = [target for target in targets if target in path]
            stack.extend((target, False) for target in onward[name])

    # Without the edges that close a loop this is a DAG, and its states finish backwards.
    def longest(again: dict[str, tuple[bool, float]]) -> dict[str, tuple[bool, float]]:
        best: dict[str, tuple[bool, float]] = {}
        for name in finished:
            state = level.states[name]
            ways = [best[target] for target in onward[name]]
            if is_terminal(state):
                ways.append((not errors and state.type != 'Fail', 0))
            if not any(well for well, _ in ways):
                ways += [again[target] for target in back[name] if target in again]
            well, rest = max(ways, default=(False, 0))
            best[name] = well, rest + weight(name)
        return best

    best = longest({})
    if any(back.values()):
        best = longest(best)
    return best[level.start][1]
