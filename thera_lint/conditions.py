"""Which conditions of a template can be true together.

A world is found by giving the parameters that the asked conditions look at each of the
values that make a difference, and evaluating. What can't be evaluated (a look-up by
region, say) is free to be true or false, but the same in every condition.
"""
from __future__ import annotations

import itertools
import json
from collections.abc import Iterable
from collections.abc import Iterator
from functools import cached_property
from typing import Any

from thera_lint.intrinsics import Resolver
from thera_lint.intrinsics import SUB
from thera_lint.intrinsics import World
from thera_lint.values import as_text
from thera_lint.values import At

# Twice what the largest template of a few thousand needs; beyond it Fn::If is unknown.
MAX_WORLDS = 512
# A parameter used as a key of a mapping is tried with so many allowed values at most.
_INDIVIDUAL = 16


class _TooMany(Exception):
    pass


class Conditions:
    """The Conditions section of one template."""

    def __init__(self, raw: Any, resolver: Resolver) -> None:
        self._raw: dict[str, Any] = raw if isinstance(raw, dict) else {}
        self._resolver = resolver
        self._cache: dict[tuple[str, ...], list[World] | None] = {}

    def worlds(self, names: Iterable[str]) -> list[World] | None:
        """Every consistent truth assignment of `names`; None if there are too many."""
        key = tuple(dict.fromkeys(names))
        if key not in self._cache:
            try:
                self._cache[key] = self._enumerate(key)
            except (_TooMany, RecursionError):  # a chain of hundreds, each naming the next
                self._cache[key] = None
        return self._cache[key]

    def _enumerate(self, names: tuple[str, ...]) -> list[World]:
        domains = self._domains(names)
        size = 1
        for values in domains.values():
            size *= len(values)
            if size > MAX_WORLDS:
                raise _TooMany
        merged: dict[tuple[bool, ...], dict[str, frozenset[str | None]]] = {}
        for combination in itertools.product(*domains.values()):
            chosen = dict(zip(domains, combination, strict=True))
            for truths in self._truths(names, World({}, chosen)):
                known = merged.get(truths)
                merged[truths] = chosen if known is None else {
                    name: known[name] | chosen[name] for name in chosen
                }
                if len(merged) > MAX_WORLDS:
                    raise _TooMany
        return [
            World(dict(zip(names, truths, strict=True)), parameters)
            for truths, parameters in merged.items()
        ]

    def _truths(self, names: tuple[str, ...], world: World) -> Iterator[tuple[bool, ...]]:
        """Truth of `names` for each way the free comparisons may come out."""
        free: dict[str, bool] = {}
        counting = True
        while counting:
            done: dict[str, bool | None] = {}
            yield tuple(self._named(name, world, free, done) for name in names)
            if 2 ** len(free) > MAX_WORLDS:
                raise _TooMany
            # Count down in binary over the free comparisons; a new one starts as true.
            counting = False
            for key in reversed(free):
                free[key] = not free[key]
                if not free[key]:
                    counting = True
                    break

    def _named(
            self, name: str, world: World, free: dict[str, bool], done: dict[str, bool | None],
    ) -> bool:
        if name in self._raw and name not in done:
            done[name] = None
            done[name] = self._holds(self._raw[name], world, free, done)
        truth = done.get(name)
        # Declared nowhere, or by way of itself.
        return free.setdefault(f'condition {name}', True) if truth is None else truth

    def _holds(
            self, raw: Any, world: World, free: dict[str, bool], done: dict[str, bool | None],
    ) -> bool:
        if isinstance(raw, dict) and len(raw) == 1:
            function, argument = next(iter(raw.items()))
            if function == 'Condition' and isinstance(argument, str):
                return self._named(argument, world, free, done)
            if isinstance(argument, list) and argument:
                if function == 'Fn::And':
                    return all(self._holds(item, world, free, done) for item in argument)
                if function == 'Fn::Or':
                    return any(self._holds(item, world, free, done) for item in argument)
                if function == 'Fn::Not':
                    return not self._holds(argument[0], world, free, done)
                if function == 'Fn::Equals' and len(argument) == 2:
                    same = self._same(argument[0], argument[1], world)
                    if same is not None:
                        return same
        return free.setdefault(_canonical(raw), True)

    def _same(self, one: Any, other: Any, world: World) -> bool | None:
        first = as_text(self._resolver.resolve(one, (), world))
        second = as_text(self._resolver.resolve(other, (), world))
        if first is not None and second is not None:
            return first == second
        # A parameter that is one of several values here is at least not this one. None among
        # them stands for values that nobody named, and a literal beside a Ref is named.
        for raw, facing, literal in ((one, other, second), (other, one, first)):
            possible = world.parameters.get(_referred(raw) or '')
            if literal is not None and possible is not None and literal not in possible:
                if None not in possible or not isinstance(facing, dict):
                    return False
        return None

    def _domains(self, names: tuple[str, ...]) -> dict[str, list[frozenset[str | None]]]:
        """For each parameter that these conditions look at, the sets of values that differ."""
        compared: dict[str, dict[str, None]] = {}
        indirect: set[str] = set()  # compared, but not with a literal
        waiting, seen = list(names), set()
        while waiting:
            name = waiting.pop()
            if name in seen or name not in self._raw:
                continue
            seen.add(name)
            for function, argument in _functions(self._raw[name]):
                if function == 'Condition' and isinstance(argument, str):
                    waiting.append(argument)
                elif function == 'Fn::Equals':
                    literals = _literals(argument)
                    for target, literal in literals.items():
                        compared.setdefault(target, {})[literal] = None
                    if not literals:
                        indirect.update(_parameters(argument))
        return {
            name: self._domain(name, list(compared.get(name, ())), name in indirect)
            for name in [*compared, *sorted(indirect - set(compared))]
        }

    def _domain(
            self, name: str, compared: list[str], indirect: bool,
    ) -> list[frozenset[str | None]]:
        given = self._resolver.outside(name)
        if given is not None:
            return [frozenset((given,))]
        default = self._resolver.default(name)
        allowed = self._resolver.allowed(name)
        if allowed:
            single = [
                value for value in allowed
                if value in compared or
                (indirect and (len(allowed) <= _INDIVIDUAL or value == default))
            ]
            rest = frozenset(allowed) - frozenset(single)
            return [*(frozenset((value,)) for value in single), *([rest] if rest else [])]
        # None stands for every value that no condition names. Those that others name belong
        # to the rest here: two worlds agree where they have a value in common.
        named = self._compared_with.get(name, frozenset())
        others: frozenset[str | None] = named.union((None,)).difference(compared)
        single = list(compared)
        if default is not None and default not in compared:
            if indirect:
                single.append(default)
                others -= {default}
            else:
                others |= {default}
        return [*(frozenset((value,)) for value in single), others]

    @cached_property
    def _compared_with(self) -> dict[str, frozenset[str | None]]:
        """For each parameter, the literals that any condition of the template names."""
        found: dict[str, frozenset[str | None]] = {}
        for function, argument in _functions(self._raw):
            if function == 'Fn::Equals':
                for target, literal in _literals(argument).items():
                    found[target] = found.get(target, frozenset()) | {literal}
        return found


def _referred(raw: Any) -> str | None:
    if isinstance(raw, dict) and len(raw) == 1:
        name = raw.get('Ref')
        if isinstance(name, str):
            return name
    return None


def _literals(argument: Any) -> dict[str, str]:
    """What Fn::Equals compares a parameter with, if that is a literal."""
    if isinstance(argument, list) and len(argument) == 2:
        for one, other in (argument, argument[::-1]):
            target, literal = _referred(one), as_text(other)
            if target is not None and literal is not None:
                return {target: literal}
    return {}


def _parameters(raw: Any) -> Iterator[str]:
    """What Ref and Fn::Sub name anywhere in a raw value."""
    for function, argument in _functions(raw):
        if function == 'Ref' and isinstance(argument, str):
            yield argument
        elif function == 'Fn::Sub':
            text = argument[0] if isinstance(argument, list) and argument else argument
            if isinstance(text, str):
                yield from (name.strip() for name in SUB.findall(text))


def _functions(raw: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(raw, dict):
        for key, value in raw.items():
            yield key, value
            yield from _functions(value)
    elif isinstance(raw, list):
        for item in raw:
            yield from _functions(item)


def _canonical(raw: Any) -> str:
    """The same text for Equals [a, b] and Equals [b, a]."""
    if isinstance(raw, dict) and set(raw) == {'Fn::Equals'} and isinstance(raw['Fn::Equals'], list):
        raw = {'Fn::Equals': sorted(json.dumps(side, sort_keys=True) for side in raw['Fn::Equals'])}
    return json.dumps(raw, sort_keys=True)


def used(raw: Any) -> Iterator[str]:
    """The conditions that Fn::If names anywhere in a raw value."""
    if isinstance(raw, At):
        raw = raw.value
    if isinstance(raw, dict):
        for key, value in raw.items():
            if key == 'Fn::If' and isinstance(value, list) and value:
                if isinstance(value[0], str):
                    yield value[0]
            yield from used(value)
    elif isinstance(raw, list):
        for item in raw:
            yield from used(item)
