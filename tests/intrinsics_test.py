"""Values: known, unknown and absent are three different things."""
from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from thera_lint.intrinsics import ANY_WORLD
from thera_lint.intrinsics import LOOP
from thera_lint.intrinsics import NO_VALUE
from thera_lint.intrinsics import Resolver
from thera_lint.intrinsics import World
from thera_lint.source import read
from thera_lint.values import as_flag
from thera_lint.values import as_number
from thera_lint.values import as_text
from thera_lint.values import At
from thera_lint.values import Import
from thera_lint.values import is_known
from thera_lint.values import joined
from thera_lint.values import locate
from thera_lint.values import Map
from thera_lint.values import MAX_TEXT
from thera_lint.values import Parameter
from thera_lint.values import Reference
from thera_lint.values import Seq
from thera_lint.values import Text
from thera_lint.values import UNKNOWN
from thera_lint.values import Unknown

SECTIONS = read('t.yaml', """
Parameters:
  Name: {Type: String, Default: app}
  Size: {Type: Number, Default: 128}
  Bare: {Type: String}
  Zones: {Type: CommaDelimitedList, Default: 'a, b,c'}
  Ports: {Type: List<Number>, Default: '80,443'}
  Image: {Type: 'AWS::SSM::Parameter::Value<String>', Default: /aws/image}
  Images: {Type: 'AWS::SSM::Parameter::Value<List<String>>', Default: /aws/images}
  Odd: 5
Mappings:
  Sizes:
    app: {memory: 512, zones: [a, b], flag: true, nested: {a: 1}, fn: !Ref Name}
    '128': {memory: 1024}
    'true': {memory: 2048}
  Loop: {a: {b: !FindInMap [Loop, a, b]}}
""").data


def resolver(given: Mapping[str, str] = {}) -> Resolver:
    return Resolver(SECTIONS['Parameters'], SECTIONS['Mappings'], given)


def value(text: str, world: World = ANY_WORLD, given: Mapping[str, str] = {}) -> Any:
    raw = read('t.yaml', f'V: {text}').data['V']
    return resolver(given).resolve(raw, ('V',), world)


def text(*parts: str | Unknown) -> Text:
    return Text(parts)


@pytest.mark.parametrize(('raw', 'expected'), [
    ('plain', 'plain'), ('4', 4), ('null', None), ('[1, {a: b}]', [1, {'a': 'b'}]),
    ('{Ref: Name, Other: 1}', {'Ref': 'Name', 'Other': 1}),
    # Ref
    ('!Ref Name', 'app'), ('!Ref Size', '128'), ('!Ref Bare', Parameter('Bare')),
    ('!Ref Zones', ['a', 'b', 'c']), ('!Ref Ports', ['80', '443']),
    ('!Ref Image', Parameter('Image')), ('!Ref Images', Parameter('Images')),
    ('!Ref Odd', Parameter('Odd')), ('!Ref Bucket', Reference('Bucket')),
    ('!Ref AWS::Region', Parameter('AWS::Region')), ('!Ref AWS::NoValue', NO_VALUE),
    ('{Ref: 5}', UNKNOWN), ('{Ref: [a]}', UNKNOWN),
    # GetAtt
    ('!GetAtt A.Arn', Reference('A', 'Arn')),
    ('!GetAtt [A, Outputs.B]', Reference('A', 'Outputs.B')),
    ('!GetAtt A.Outputs.B', Reference('A', 'Outputs.B')),
    ('!GetAtt [A, !Ref Name]', Reference('A', 'app')), ('!GetAtt [A, !Ref Bare]', UNKNOWN),
    ('!GetAtt A', UNKNOWN), ('{Fn::GetAtt: 5}', UNKNOWN), ('{Fn::GetAtt: []}', UNKNOWN),
    # Sub
    ('!Sub "${Name}-${Size}"', 'app-128'), ('!Sub plain', 'plain'), ('!Sub ""', ''),
    ('!Sub "${!Name}-${ Name }"', '${Name}-app'), ('!Sub "$ {Name} $${Name}"', '$ {Name} $app'),
    ('!Sub "${A.Arn}"', Reference('A', 'Arn')), ('!Sub "${Bucket}"', Reference('Bucket')),
    ('!Sub "${A.Arn}/${Name}*"', text(Reference('A', 'Arn'), '/app*')),
    ('!Sub "a${AWS::Region}b"', text('a', Parameter('AWS::Region'), 'b')),
    ('!Sub ["${x}-${Name}", {x: !Ref Size}]', '128-app'),
    ('!Sub ["${x}-${Bare}", {x: !GetAtt A.B}]', text(Reference('A', 'B'), '-', Parameter('Bare'))),
    ('!Sub ["${Name}", {Name: other}]', 'other'), ('!Sub ["${x}", {x: true}]', 'true'),
    ('!Sub ["${x}", {x: [a]}]', UNKNOWN), ('!Sub "${AWS::NoValue}"', UNKNOWN),
    ('!Sub "${Zones}"', UNKNOWN), ('!Sub ["${x}"]', UNKNOWN), ('!Sub ["${x}", 5]', UNKNOWN),
    ('{Fn::Sub: {a: 1}}', UNKNOWN),
    # Join
    ('!Join ["-", [a, !Ref Size, 3, true]]', 'a-128-3-true'), ('!Join ["", []]', ''),
    ('!Join [",", !Ref Zones]', 'a,b,c'), ('!Join [",", !Ref Bare]', UNKNOWN),
    ('!Join ["-", [a, !Ref Bare, b]]', text('a-', Parameter('Bare'), '-b')),
    ('!Join ["-", [a, !Ref AWS::NoValue, b]]', 'a-b'), ('!Join ["-", [a, [b]]]', UNKNOWN),
    ('!Join [5, [a]]', UNKNOWN), ('!Join ["-"]', UNKNOWN), ('!Join x', UNKNOWN),
    # Split, Select, Length
    ('!Split ["-", a-b]', ['a', 'b']), ('!Split ["-", !Ref Bare]', UNKNOWN),
    ('!Split ["", a-b]', UNKNOWN), ('!Split x', UNKNOWN),
    ('!Select [1, [a, !Ref Name]]', 'app'), ('!Select ["1", !Split [",", "a,b"]]', 'b'),
    ('!Select [0, !Ref Zones]', 'a'), ('!Select [9, [a]]', UNKNOWN), ('!Select [-1, [a]]', UNKNOWN),
    ('!Select [!Ref Bare, [a]]', UNKNOWN), ('!Select [0, !GetAZs ""]', UNKNOWN),
    ('!Select [0, {a: 1}]', UNKNOWN), ('!Select [true, [a, b]]', UNKNOWN),
    ('!Length [a, b]', 2), ('{Fn::Length: !Ref Zones}', 3),
    ('!Length x', UNKNOWN),
    # FindInMap
    ('!FindInMap [Sizes, !Ref Name, memory]', 512), ('!FindInMap [Sizes, !Ref Size, memory]', 1024),
    ('!FindInMap [Sizes, 128, memory]', 1024), ('!FindInMap [Sizes, true, memory]', 2048),
    ('!FindInMap [Sizes, app, zones]', ['a', 'b']), ('!FindInMap [Sizes, app, flag]', True),
    ('!FindInMap [Sizes, !Ref Bare, memory]', UNKNOWN), ('!FindInMap [Sizes, x, memory]', UNKNOWN),
    ('!FindInMap [Sizes, x, memory, {DefaultValue: !Ref Name}]', 'app'),
    ('!FindInMap [Nowhere, x, y, {DefaultValue: 1}]', 1),
    ('!FindInMap [Sizes, !Ref Bare, memory, {DefaultValue: 1}]', UNKNOWN),
    ('!FindInMap [Sizes, app, memory, {DefaultValue: 1}]', 512),
    ('!FindInMap [Sizes, x, y, 5]', UNKNOWN), ('!FindInMap [Sizes, app, nested]', UNKNOWN),
    ('!FindInMap [Sizes, app, fn]', UNKNOWN), ('!FindInMap [Loop, a, b]', UNKNOWN),
    ('!FindInMap [Sizes]', UNKNOWN), ('!FindInMap [[a], {}, null]', UNKNOWN),
    # If, without a truth
    ('!If [C, 1, 2]', UNKNOWN), ('!If [C, same, same]', 'same'),
    ('!If [C, {a: 1}, {a: 1}]', {'a': 1}),
    ('!If [C, !Ref AWS::NoValue, !Ref AWS::NoValue]', NO_VALUE),
    ('!If [C, 1, !Ref AWS::NoValue]', UNKNOWN), ('!If [C]', UNKNOWN), ('!If [[C], 1, 2]', UNKNOWN),
    # NoValue in maps and lists
    ('{a: !Ref AWS::NoValue, b: [!Ref AWS::NoValue, 1]}', {'b': [1]}),
    # the rest
    ('!ImportValue x', Import('x')), ('!ImportValue {Fn::Sub: "${Name}-x"}', Import('app-x')),
    ('{Fn::ToJsonString: {a: [1, !Ref Name]}}', '{"a": [1, "app"]}'),
    ('{Fn::ToJsonString: {a: !Ref Bare}}', UNKNOWN), ('!Base64 x', UNKNOWN),
    ('!GetAZs ""', UNKNOWN), ('!Cidr [a, 1, 1]', UNKNOWN), ('!Transform {Name: x}', UNKNOWN),
    ('{Fn::New: x}', UNKNOWN),
])
def test_value(raw: str, expected: Any) -> None:
    found = value(raw)
    assert found == expected
    assert type(found) is type(expected) or isinstance(found, (Map, Seq))


def test_values_from_outside() -> None:
    given = {
        'Name': 'x', 'Bare': 'y', 'Zones': 'p,q', 'AWS::Region': 'eu-west-1', 'Image': '/other',
    }
    assert [
        resolver(given).resolve({'Ref': name}, ())
        for name in ('Name', 'Bare', 'Zones', 'AWS::Region', 'Size')
    ] == ['x', 'y', ['p', 'q'], 'eu-west-1', '128']
    assert value('!Sub "${AWS::Region}-${Bare}"', given=given) == 'eu-west-1-y'
    assert value('!Ref Image', given=given) == Parameter('Image'), 'only a name in SSM'


def test_values_in_a_world() -> None:
    world = World({'C': True}, {'Name': frozenset(('prod',)), 'Size': frozenset((None, '9'))})
    assert value('!If [C, {a: !Ref Name}, 2]', world) == {'a': 'prod'}
    assert value('!If [C, !If [C, 1, 2], 3]', world) == 1
    assert value('!Ref Name', world, {'Name': 'outside'}) == 'prod'
    assert value('!Ref Size', world) == Parameter('Size'), 'the default is not possible here'
    assert value('!Ref Zones', world) == ['a', 'b', 'c']
    other = World({'C': False}, {})
    assert not world.agrees(other) and not other.agrees(world)
    assert world.agrees(World({'D': False}, {'Name': frozenset(('prod', None))}))
    assert not world.agrees(World({}, {'Name': frozenset((None,))}))


def test_places() -> None:
    raw = read('t.yaml', """
        {a: !If [C, {b: 1, c: [x, !If [C, {d: 1}, 2]]}, 0], e: !FindInMap [Sizes, app, zones]}
    """).data
    found = resolver().resolve(raw, ('V',), World({'C': True}, {}))
    assert locate(found, ('a',)) == ('V', 'a')
    assert locate(found, ('a', 'b')) == ('V', 'a', 'Fn::If', 1, 'b')
    assert locate(found, ('a', 'c', 0)) == ('V', 'a', 'Fn::If', 1, 'c', 0)
    assert locate(found, ('a', 'c', 1)) == ('V', 'a', 'Fn::If', 1, 'c', 1, 'Fn::If', 1)
    assert locate(found, ('a', 'c', 1, 'd')) == (
        'V', 'a', 'Fn::If', 1, 'c', 1, 'Fn::If', 1, 'd',
    )
    assert locate(found, ('a', 'nowhere', 'b')) == ('V', 'a'), 'the nearest ancestor'
    assert locate(found, ('a', 'c', 7)) == ('V', 'a', 'Fn::If', 1, 'c')
    assert locate(found, ('e', 1)) == ('Mappings', 'Sizes', 'app', 'zones', 1)


def test_place_after_no_value() -> None:
    found = value('[!Ref AWS::NoValue, x, {a: 1}]')
    assert [found.place_of(i) for i in range(2)] == [('V', 1), ('V', 2)]


def test_at() -> None:
    found = resolver().resolve({'a': At(('X', 'y'), {'b': 1}), 'c': [At(('Z',), 1)]}, ('V',))
    assert found == {'a': {'b': 1}, 'c': [1]}
    assert locate(found, ('a',)) == ('X', 'y')
    assert locate(found, ('a', 'b')) == ('X', 'y', 'b')
    assert locate(found, ('c', 0)) == ('Z',)


# --- Fn::ForEach


def test_for_each_in_properties() -> None:
    found = value("""
      Fixed: 1
      Fn::ForEach::Outer:
        - X
        - [a, b-c]
        - Key${X}: !Sub "${X}/${Name}"
          Plain&{X}: {Ref: X}
          Fn::ForEach::Inner:
            - Y
            - !Ref Zones
            - ${X}.${Y}: {'Deep${X}${Y}': ['${X}', !GetAtt "${Y}.Arn"]}
""".replace('\n', '\n  '))
    assert {key: found[key] for key in found if '.' not in key} == {
        'Fixed': 1, 'Keya': 'a/app', 'Plaina': 'a', 'Keyb-c': 'b-c/app', 'Plainbc': 'b-c',
    }
    assert [key for key in found if '.' in key] == ['a.a', 'a.b', 'a.c', 'b-c.a', 'b-c.b', 'b-c.c']
    assert found['b-c.b'] == {'Deepb-cb': ['b-c', Reference('b', 'Arn')]}
    assert not found.open
    outer = ('V', LOOP + 'Outer', 2)
    assert locate(found, ('Keya',)) == (*outer, 'Key${X}')
    inner = (*outer, LOOP + 'Inner', 2, '${X}.${Y}')
    assert locate(found, ('a.b',)) == inner
    assert locate(found, ('a.b', 'Deepab', 1)) == (*inner, 'Deep${X}${Y}', 1)


def test_for_each_whose_name_is_substituted() -> None:
    found = value("""
      Fn::ForEach::A: [X, [a, b], {'Fn::ForEach::B${X}': [Y, [c], {'${X}${Y}': '${X}-${Y}'}]}]
""".replace('\n', '\n  '))
    assert found == {'ac': 'a-c', 'bc': 'b-c'}


@pytest.mark.parametrize('loop', [
    '[X, !Ref Bare, {"${X}": 1}]', '[X, [!Ref Bare], {"${X}": 1}]', '[X, a, {"${X}": 1}]',
    '[X, [a], 5]', '[X, [a]]', '[[X], [a], {}]', '5', '[X, [[a]], {"${X}": 1}]',
    '[X, [a], {"Fn::ForEach::I": [Y, !Ref Bare, {"${Y}": 1}]}]',
])
def test_for_each_over_the_unknown(loop: str) -> None:
    found = value(f'{{a: 1, Fn::ForEach::L: {loop}}}')
    assert found == {'a': 1}
    assert found.open and not found.absent('b')
    assert value('{a: 1, Fn::Transform: {Name: x}}').open


def test_for_each_bomb() -> None:
    body: Any = {'K': 1}
    for i in range(12):
        body = {f'{LOOP}L{i}': [f'X{i}', list('abcdefghij'), body]}
    assert resolver().resolve(body, ()).open
    inner: Any = {'K': 1}
    for i in range(12):
        inner = {f'{LOOP}L{i}': [f'X{i}', list('abcdefghij'), {f'P${{X{i}}}': inner}]}
    found = resolver().resolve(inner, ())
    assert len(found) == 10 and not is_known(found)


@pytest.mark.parametrize('wrap', [
    lambda inner: {'Fn::ToJsonString': {'a': inner}},
    lambda inner: {'Fn::Sub': ['${a}${a}${a}', {'a': inner}]},
])
def test_a_string_that_doubles_itself(wrap: Any) -> None:
    raw: Any = '"x"'
    for _ in range(60):
        raw = wrap(raw)
    assert not is_known(resolver().resolve(raw, ()))


# --- values


def test_typed_access() -> None:
    found = value("""
      {text: x, number: '5', float: 1.5, flag: 'True', off: false, map: {a: 1}, seq: [1, {b: 2}],
       none: null, unknown: !Ref Bare}
""".replace('\n', '\n  '))
    assert (found.text('text'), found.text('number'), found.text('unknown')) == ('x', '5', None)
    assert (found.number('number'), found.number('float'), found.number('text')) == (5, 1.5, None)
    assert (found.number('unknown'), found.number('off'), found.number('nowhere')) == (None,) * 3
    assert (found.flag('flag'), found.flag('off'), found.flag('text')) == (True, False, None)
    assert (found.map('map'), found.map('seq'), found.seq('map')) == ({'a': 1}, None, None)
    assert list(found.maps('seq')) == [(1, {'b': 2})] and list(found.maps('unknown')) == []
    assert [found.absent(key) for key in ('none', 'nowhere', 'unknown', 'off')] == [
        True, True, False, False,
    ]
    assert not is_known(found) and is_known(found['seq'])


@pytest.mark.parametrize(('written', 'number', 'flag', 'as_string'), [
    (1, 1, None, '1'), ('1', 1, None, '1'), ('1.5', 1.5, None, '1.5'), ('', None, None, ''),
    (True, None, True, 'true'), ('FALSE', None, False, 'FALSE'), ('inf', None, None, 'inf'),
    ('nan', None, None, 'nan'), ('9' * 40, None, None, '9' * 40), (None, None, None, None),
    ([1], None, None, None), (UNKNOWN, None, None, None), ('1e3', 1000.0, None, '1e3'),
])
def test_scalars(written: Any, number: Any, flag: Any, as_string: Any) -> None:
    assert (as_number(written), as_flag(written), as_text(written)) == (number, flag, as_string)


def test_joined_text() -> None:
    assert joined(['x' * MAX_TEXT]) == 'x' * MAX_TEXT and joined(['x' * MAX_TEXT, 'y']) is UNKNOWN
    bare = Parameter('B')
    assert joined(['a', text('b', bare), text(bare, 'c'), 'd']) == text('ab', bare, bare, 'cd')
    assert joined(['', text('', bare)]) == bare
    assert text('a', bare).shown() == 'a*' and text('a', bare).shown('?') == 'a?'
    assert len({text('a', bare), text('a', Parameter('B')), Reference('A'), Reference('A')}) == 2
    assert json.dumps(joined([])) == '""'
