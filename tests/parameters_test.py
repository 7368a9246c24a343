"""Parameter files, in the shapes that AWS's tools take."""
from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thera_lint.parameters import of_file
from thera_lint.source import SourceError

WANTED = {'Stage': 'prod', 'Memory': '512', 'Ports': '80,443', 'Live': 'true'}
LISTED = [
    {'ParameterKey': 'Stage', 'ParameterValue': 'prod'},
    {'ParameterKey': 'Memory', 'ParameterValue': 512},
    {'ParameterKey': 'Ports', 'ParameterValue': '80,443'},
    {'ParameterKey': 'Owner', 'UsePreviousValue': True},
    {'ParameterKey': 'Live', 'ParameterValue': True},
]
PLAIN = {'Stage': 'prod', 'Memory': '512', 'Ports': [80, 443], 'Live': True}


@pytest.mark.parametrize('data', [
    LISTED,
    ['Stage=prod', 'Memory=512', 'Ports=80,443', 'Live=true'],
    PLAIN,
    {'Parameters': PLAIN, 'Tags': {'Project': 'thera'}, 'StackPolicy': {}},
    {'template-file-path': 'template.yaml', 'parameters': PLAIN, 'tags': {}},
    {'StackName': 'thera', 'Parameters': LISTED},
])
def test_each_shape(data: Any) -> None:
    assert of_file('prod.json', json.dumps(data, indent=2)) == WANTED


def test_yaml() -> None:
    text = 'Stage: prod\nMemory: 512\nPorts: [80, 443]\nLive: true\nUrl: a=b\nEmpty: ""\n'
    assert of_file('prod.yaml', text) == {**WANTED, 'Url': 'a=b', 'Empty': ''}


def test_parameters_may_have_the_names_of_keys() -> None:
    assert of_file('prod.json', '{"Parameters": "a", "Tags": "b"}') == {
        'Parameters': 'a', 'Tags': 'b',
    }
    assert of_file('prod.json', '["A=b=c", "D="]') == {'A': 'b=c', 'D': ''}


@pytest.mark.parametrize(('text', 'messages'), [
    ('', ['1:1: the file is empty']),
    ('{"A": ', ['1:7: not JSON: the text ends too early']),
    ('A: 1\nA: 2\n', ["2:1: the key 'A' stands here twice"]),
    ('prod', ['1:1: this is neither Key=Value nor a ParameterKey with its ParameterValue']),
    ('["A=1", "B", "=2"]', [
        '1:9: this is neither Key=Value nor a ParameterKey with its ParameterValue',
        '1:14: this is neither Key=Value nor a ParameterKey with its ParameterValue',
    ]),
    ('[{"ParameterKey": "A"}]', [
        '1:3: this is neither Key=Value nor a ParameterKey with its ParameterValue',
    ]),
    ('- ParameterKey: A\n  ParameterValue: {B: 1}\n', [
        '2:3: the value of A is text, a number, true, false or a list of such',
    ]),
    ('Stage:\n  A: 1\nB:\n', [
        '1:1: the value of Stage is text, a number, true, false or a list of such',
        '3:1: the value of B is text, a number, true, false or a list of such',
    ]),
    ('Parameters: {A: [[1]]}', [
        '1:14: the value of A is text, a number, true, false or a list of such',
    ]),
    ('Account: 0123\nLive: no\nVersions: [3.9, 3.10]\n', [
        '1:1: this is read as 83: put it in quotes',
        '2:1: this is read as false: put it in quotes',
        '3:17: this is read as 3.1: put it in quotes',
    ]),
    ('{"Parameters": [{"ParameterKey": "A", "ParameterValue": 1e3}]}', [
        '1:39: this is read as 1000.0: put it in quotes',
    ]),
])
def test_a_mistake_has_its_place(text: str, messages: list[str]) -> None:
    with pytest.raises(SourceError) as caught:
        of_file('prod.json' if text[:1] == '{' else 'prod.yaml', text)
    assert messages == [
        f'{one.span.line + 1}:{one.span.column + 1}: {one.message}'
        for one in caught.value.problems
    ]


NODES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text('AB=,\x1b', max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from(['ParameterKey', 'ParameterValue', 'Parameters', 'parameters', 'A', '']),
        inner, max_size=3,
    ),
    max_leaves=8,
)


@given(NODES)
def test_whatever_is_in_it_is_parameters_or_problems(data: Any) -> None:
    text = json.dumps(data)
    try:
        found = of_file('prod.json', text)
    except SourceError as error:
        lines = text.split('\n')
        for span, _ in error.problems:
            assert span.line < len(lines) and span.column <= len(lines[span.line])
    else:
        assert all(type(value) is str for pair in found.items() for value in pair)


@given(st.dictionaries(st.text('ABC', min_size=1), st.text('ab=, ')))
def test_every_shape_says_the_same(parameters: dict[str, str]) -> None:
    for data in (
            parameters,
            {'Parameters': parameters},
            [f'{key}={value}' for key, value in parameters.items()],
            [{'ParameterKey': key, 'ParameterValue': one} for key, one in parameters.items()],
    ):
        assert of_file('prod.json', json.dumps(data)) == parameters
