"""Which conditions can be true together: every consistent world, and no other."""
from __future__ import annotations

import itertools
import json
import time
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from thera_lint import engine
from thera_lint.conditions import Conditions
from thera_lint.conditions import MAX_WORLDS
from thera_lint.conditions import used
from thera_lint.engine import Settings
from thera_lint.intrinsics import Resolver
from thera_lint.project import Project
from thera_lint.rule import Finding
from thera_lint.rule import Options
from thera_lint.rule import ResourceRule
from thera_lint.source import read
from thera_lint.source import Source
from thera_lint.template import Resource
from thera_lint.template import Template
from thera_lint.values import At

PARAMETERS = """
Parameters:
  Stage: {Type: String, Default: dev}
  Other: {Type: String, Default: dev}
  Bare: {Type: String}
  Closed: {Type: String, Default: b, AllowedValues: [a, b, c]}
  Yes: {Type: String, Default: 'true', AllowedValues: ['true', 'false']}
  Size: {Type: Number, Default: 1}
  List: {Type: CommaDelimitedList, Default: ''}
  Image: {Type: 'AWS::SSM::Parameter::Value<String>', Default: prod, AllowedValues: [prod]}
Mappings: {Big: {a: {v: yes}, b: {v: no}, c: {v: yes}, dev: {v: yes}}}
"""


def conditions(text: str, outside: Mapping[str, str] = {}) -> Conditions:
    data = read('t.yaml', f'{PARAMETERS}\nConditions:\n{text}').data
    return Conditions(
        data['Conditions'], Resolver(data['Parameters'], data['Mappings'], outside),
    )


def truths(found: Conditions, names: Iterable[str]) -> set[str]:
    worlds = found.worlds(list(names))
    assert worlds is not None
    said = [''.join('ft'[world.conditions[name]] for name in names) for world in worlds]
    assert len(said) == len(set(said)), 'every world once'
    return set(said)


@pytest.mark.parametrize(('text', 'expected'), [
    # one parameter
    ('A: !Equals [!Ref Stage, prod]', 't f'), ('A: !Equals [prod, !Ref Stage]', 't f'),
    ('A: !Equals [!Ref Bare, prod]', 't f'), ('A: !Equals [!Ref Size, 1]', 't f'),
    ('A: !Equals [!Ref AWS::Region, eu-west-1]', 't f'),
    ('A: !Equals [!Ref Yes, true]', 't f'), ('A: !Not [!Equals [!Ref Stage, prod]]', 't f'),
    # two Equals on one parameter exclude each other
    ('A: !Equals [!Ref Stage, prod]\n  B: !Equals [!Ref Stage, dev]', 'tf ft ff'),
    ('A: !Equals [!Ref Stage, prod]\n  B: !Equals [!Ref Stage, test]', 'tf ft ff'),
    ('A: !Equals [!Ref Stage, prod]\n  B: !Equals [prod, !Ref Stage]', 'tt ff'),
    ('A: !Equals [!Ref Stage, prod]\n  B: !Equals [!Ref Bare, prod]', 'tt tf ft ff'),
    # allowed values
    ('A: !Equals [!Ref Yes, "true"]\n  B: !Equals [!Ref Yes, "false"]', 'tf ft'),
    ('A: !Equals [!Ref Closed, a]\n  B: !Equals [!Ref Closed, b]', 'tf ft ff'),
    ('A: !Equals [!Ref Closed, z]', 'f'),
    ('A: !Or [!Equals [!Ref Closed, a], !Equals [!Ref Closed, b], !Equals [!Ref Closed, c]]', 't'),
    # And, Or, Not, Condition
    ('A: !Equals [!Ref Stage, x]\n  B: !Not [!Condition A]', 'tf ft'),
    ('A: !Equals [!Ref Stage, x]\n  B: !And [!Condition A, !Equals [!Ref Bare, y]]', 'tt tf ff'),
    ('A: !Equals [!Ref Stage, x]\n  B: !Or [!Condition A, !Equals [!Ref Bare, y]]', 'tt ft ff'),
    ('A: !And [!Equals [!Ref Stage, x], !Equals [!Ref Stage, y]]', 'f'),
    ('A: !Equals [!Ref Stage, x]\n  B: {Condition: A}', 'tt ff'),
    # constants
    ('A: !Equals [a, a]', 't'), ('A: !Equals [a, b]', 'f'), ('A: !Equals ["true", true]', 't'),
    ('A: !Equals [!Sub "a", a]', 't'),
    # what nobody knows is free, and the same wherever it is written
    ('A: !Equals [!ImportValue x, y]\n  B: !Equals [y, !ImportValue x]', 'tt ff'),
    ('A: !Equals [!ImportValue x, y]\n  B: !Equals [!ImportValue x, z]', 'tt tf ft ff'),
    ('A: !Condition Nowhere\n  B: !Not [!Condition Nowhere]', 'tf ft'),
    ('A: !Equals [!Ref Image, prod]', 't f'), ('A: !Equals [!Ref AWS::AccountId, "1"]', 't f'),
    # compared, but not with a literal
    ('A: !Equals [!Ref Stage, !Ref Other]', 't f'), ('A: !Equals [!Ref Bare, !Ref Other]', 't f'),
    ('A: !Equals [!Join ["", !Ref List], ""]', 't f'),
    ('A: !Equals [!Sub "${Stage}-x", prod-x]', 't f'),
    ('A: !Equals [!Select [0, !Ref List], ""]', 't f'),
    ('A: !Equals [!FindInMap [Big, !Ref Closed, v], yes]', 't f'),
    ('A: !Equals [!FindInMap [Big, !Ref Closed, v], yes]\n  B: !Equals [!Ref Closed, b]', 'tf ft'),
    ('A: !Equals [!FindInMap [Big, !Ref Stage, v], yes]', 't f'),
    # by way of themselves
    ('A: !Condition A', 't f'), ('A: !Not [!Condition A]', 't f'),
    ('A: !Condition B\n  B: !Condition A', 'tt ff'),
    # nonsense
    ('A: null', 't f'), ('A: []', 't f'), ('A: 5', 't f'), ('A: !Equals [a]', 't f'),
    ('A: !And []', 't f'), ('A: !Not x', 't f'), ('A: {Fn::If: [a]}', 't f'),
    ('A: {Condition: [x]}', 't f'), ('A: !Equals [[a], {b: 1}]', 't f'),
])
def test_worlds(text: str, expected: str) -> None:
    names = 'AB' if '\n  B: ' in text else 'A'
    assert truths(conditions('  ' + text), names) == set(expected.split())


def test_a_section_that_is_none() -> None:
    nothing: list[Any] = [None, [], 'x', 5]
    for raw in nothing:
        assert truths(Conditions(raw, Resolver({}, raw, {})), 'A') == {'t', 'f'}


@pytest.mark.parametrize(('outside', 'expected'), [
    ({'Stage': 'prod'}, 'tf'), ({'Stage': 'dev'}, 'ft'), ({'Stage': 'x'}, 'ff'),
])
def test_a_value_from_outside_decides(outside: dict[str, str], expected: str) -> None:
    found = conditions(
        '  A: !Equals [!Ref Stage, prod]\n  B: !Equals [!Sub "${Stage}", dev]', outside,
    )
    assert truths(found, 'AB') == {expected}


def test_the_name_of_a_value_does_not_decide() -> None:
    assert truths(conditions('  A: !Equals [!Ref Image, x]', {'Image': 'x'}), 'A') == {'t', 'f'}


def test_a_world_holds_the_values_of_its_parameters() -> None:
    found = conditions('  A: !Equals [!Ref Stage, prod]\n  B: !Equals [!Ref Closed, a]')
    worlds = {
        (world.conditions['A'], world.conditions['B']): world.parameters
        for world in found.worlds('AB') or ()
    }
    assert worlds[True, False] == {'Stage': {'prod'}, 'Closed': {'b', 'c'}}
    assert worlds[False, True] == {'Stage': {'dev', None}, 'Closed': {'a'}}
    yes, no = conditions('  A: !Equals [!Ref Stage, dev]').worlds('A') or []
    assert yes.parameters == {'Stage': {'dev'}} and no.parameters == {'Stage': {None}}


@pytest.mark.parametrize('text', [
    lambda i: f'C{i}: !Equals [!Ref P{i}, a]', lambda i: f'C{i}: !Equals [!ImportValue P{i}, a]',
])
def test_too_many_worlds_are_none_and_quick(text: Any) -> None:
    every = ', '.join(f'!Condition C{i}' for i in range(40))
    found = conditions(''.join(f'  {text(i)}\n' for i in range(40)) + f'  Any: !Or [{every}]')
    start = time.process_time()
    assert len(found.worlds(['C1', 'C2', 'C3']) or ()) == 8
    assert len(found.worlds([f'C{i}' for i in range(9)]) or ()) == MAX_WORLDS
    assert found.worlds([f'C{i}' for i in range(10)]) is None
    assert found.worlds([f'C{i}' for i in range(40)]) is None
    if 'Ref' in text(0):
        assert found.worlds(['Any']) is None, 'two worlds, but 2^40 ways to them'
    assert time.process_time() - start < 4


def test_conditions_that_name_each_other_are_quick() -> None:
    doubling = ''.join(
        f'  C{i}: !And [!Condition C{i - 1}, !Condition C{i - 1}]\n' for i in range(1, 60)
    )
    found = conditions(f'  C0: !Equals [!Ref Stage, x]\n{doubling}')
    assert truths(found, ['C59', 'C0']) == {'tt', 'ff'}
    chain = ''.join(f'  C{i}: !Not [!Condition C{i - 1}]\n' for i in range(1, 5000))
    found = conditions(f'  C0: !Equals [!Ref Stage, x]\n{chain}')
    assert truths(found, ['C50', 'C0']) == {'tt', 'ff'}
    assert found.worlds(['C4999']) is None


def test_used() -> None:
    raw = read('t.yaml', """
        A: !If [X, !If [Y, 1, {a: !If [Z, 1, 2]}], 2]
        B: [!If [[a], !If [W, 1, 2], 3], !If [], !If x]
    """).data
    assert list(used(raw)) == ['X', 'Y', 'Z', 'W']
    assert list(used({'a': At(('p',), raw)})) == ['X', 'Y', 'Z', 'W']


# --- the same conditions in other words

LEAVES = st.one_of(
    st.tuples(st.sampled_from('PQR'), st.sampled_from('abc')).map(
        lambda pair: {'Fn::Equals': [{'Ref': pair[0]}, pair[1]]},
    ),
    st.sampled_from('uv').map(lambda name: {'Fn::Equals': [{'Fn::ImportValue': name}, 'x']}),
)
TREES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, min_size=2, max_size=3).map(lambda items: {'Fn::And': items}),
        st.lists(inner, min_size=2, max_size=3).map(lambda items: {'Fn::Or': items}),
        inner.map(lambda item: {'Fn::Not': [item]}),
    ),
    max_leaves=6,
)


def holds(tree: Any, values: Mapping[str, str]) -> bool:
    (function, argument), = tree.items()
    if function == 'Fn::Equals':
        name = argument[0].get('Ref') or argument[0]['Fn::ImportValue']
        return bool(values[name] == argument[1])
    if function == 'Fn::Not':
        return not holds(argument[0], values)
    return (all if function == 'Fn::And' else any)(holds(item, values) for item in argument)


def reworded(tree: Any, choice: Any, named: dict[str, Any]) -> Any:
    """The same in other words: De Morgan, double Not, swapped sides, conditions by name."""
    (function, argument), = tree.items()
    if function == 'Fn::Equals':
        result: Any = {function: argument[::-1] if next(choice) else argument}
    else:
        items = [reworded(item, choice, named) for item in argument]
        result = {function: items}
        if function in ('Fn::And', 'Fn::Or') and next(choice):
            dual = 'Fn::Or' if function == 'Fn::And' else 'Fn::And'
            result = {'Fn::Not': [{dual: [{'Fn::Not': [item]} for item in reversed(items)]}]}
    if next(choice):
        result = {'Fn::Not': [{'Fn::Not': [result]}]}
    if next(choice):
        name = f'Part{len(named)}'
        named[name] = result
        result = {'Condition': name}
    return result


class Everything(ResourceRule):
    """Says every property."""

    id = 'WC1999'
    remedy = 'nothing'
    resources = ('*',)

    def check(self, resource: Resource, project: Project, options: Options) -> Iterator[Finding]:
        yield Finding((), f'{sorted(resource.properties)}')
        for key in resource.properties:
            yield Finding((key,), key)


def no_file(template: str, path: str) -> Source:
    raise LookupError(path)


def messages(data: Any) -> list[str]:
    template = Template(Source('t.yaml', json.dumps(data), data), {})
    result = engine.run(Project([template], [], no_file), [Everything()], Settings().options_of)
    assert not result.crashes
    return sorted(found.message for found in result.found)


@settings(max_examples=100, derandomize=True, deadline=None)
@given(trees=st.lists(TREES, min_size=1, max_size=3), bits=st.lists(st.booleans(), min_size=1))
def test_worlds_are_those_of_all_deployments(trees: list[Any], bits: list[bool]) -> None:
    names = [f'C{i}' for i in range(len(trees))]
    domain = {**dict.fromkeys('PQ', 'abc?'), 'R': 'abc', 'u': 'x?', 'v': 'x?'}
    expected = {
        ''.join('ft'[holds(tree, dict(zip(domain, values)))] for tree in trees)
        for values in itertools.product(*domain.values())
    }
    parameters = {
        'P': {'Type': 'String'}, 'Q': {'Type': 'String', 'Default': 'b'},
        'R': {'Type': 'String', 'AllowedValues': ['a', 'b', 'c']},
    }
    plain = Conditions(dict(zip(names, trees)), Resolver(parameters, {}, {}))
    assert truths(plain, names) == expected
    named: dict[str, Any] = {}
    choice = itertools.cycle(bits)
    other = {name: reworded(tree, choice, named) for name, tree in zip(names, trees)}
    found = Conditions({**named, **other}, Resolver(parameters, {}, {}))
    assert truths(found, names) == expected
    properties = {name: {'Fn::If': [name, 1, {'Ref': 'AWS::NoValue'}]} for name in names}
    sections = {'Parameters': parameters, 'Resources': {
        'A': {'Type': 'AWS::SNS::Topic', 'Properties': properties, 'Condition': names[0]},
    }}
    assert messages({**sections, 'Conditions': dict(zip(names, trees))}) == messages(
        {**sections, 'Conditions': {**named, **other}},
    )
