"""Reading: plain data from a text, a place for every path, and a clear error otherwise."""
from __future__ import annotations

import io
import itertools
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path as File
from typing import Any

import pytest
import yaml
from hypothesis import assume
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from thera_lint import files
from thera_lint.source import decode
from thera_lint.source import MAX_DEPTH
from thera_lint.source import Placeholder
from thera_lint.source import read
from thera_lint.source import read_definition
from thera_lint.source import Source
from thera_lint.source import SourceError
from thera_lint.source import Span
from thera_lint.values import Path

SHORT_FORMS = """\
Base64: !Base64 text
Cidr: !Cidr [10.0.0.0/8, 2, 8]
FindInMap: !FindInMap [M, !Ref A, k]
GetAZs: !GetAZs ''
GetAttDots: !GetAtt Stack.Outputs.Url
GetAttList: !GetAtt [A, Arn]
If: !If [C, 1, !Ref AWS::NoValue]
ImportValue: !ImportValue name
Join: !Join ['', [a, !Ref B]]
Length: !Length [a]
Select: !Select [0, !Split [',', 'a,b']]
Sub: !Sub ${A}
SubList: !Sub ['${x}', {x: !GetAtt A.B}]
ToJsonString: !ToJsonString {a: 1}
Transform: !Transform {Name: AWS::Include}
Conditions: !And [!Condition C, !Or [!Not [!Equals [a, b]], !Contains [[a], a]]]
"""
LONG_FORMS = {
    'Base64': {'Fn::Base64': 'text'},
    'Cidr': {'Fn::Cidr': ['10.0.0.0/8', 2, 8]},
    'FindInMap': {'Fn::FindInMap': ['M', {'Ref': 'A'}, 'k']},
    'GetAZs': {'Fn::GetAZs': ''},
    'GetAttDots': {'Fn::GetAtt': ['Stack', 'Outputs.Url']},
    'GetAttList': {'Fn::GetAtt': ['A', 'Arn']},
    'If': {'Fn::If': ['C', 1, {'Ref': 'AWS::NoValue'}]},
    'ImportValue': {'Fn::ImportValue': 'name'},
    'Join': {'Fn::Join': ['', ['a', {'Ref': 'B'}]]},
    'Length': {'Fn::Length': ['a']},
    'Select': {'Fn::Select': [0, {'Fn::Split': [',', 'a,b']}]},
    'Sub': {'Fn::Sub': '${A}'},
    'SubList': {'Fn::Sub': ['${x}', {'x': {'Fn::GetAtt': ['A', 'B']}}]},
    'ToJsonString': {'Fn::ToJsonString': {'a': 1}},
    'Transform': {'Fn::Transform': {'Name': 'AWS::Include'}},
    'Conditions': {'Fn::And': [
        {'Condition': 'C'},
        {'Fn::Or': [
            {'Fn::Not': [{'Fn::Equals': ['a', 'b']}]}, {'Fn::Contains': [['a'], 'a']},
        ]},
    ]},
}


def shown(source: Source, path: Path) -> str:
    """The text that a path's span covers, which must lie on one line."""
    span = source.span(path)
    assert span.line == span.end_line
    return source.text.split('\n')[span.line][span.column:span.end_column]


def test_short_forms_are_read_as_long_forms() -> None:
    assert read('t.yaml', SHORT_FORMS).data == LONG_FORMS
    assert read('t.json', json.dumps(LONG_FORMS)).data == LONG_FORMS


@pytest.mark.parametrize(('text', 'data'), [
    ('a: &x {b: 1}\nc: *x\n', {'a': {'b': 1}, 'c': {'b': 1}}),
    ('a: &x {b: 1, c: 1}\nd: {<<: *x, c: 2}\n', {'a': {'b': 1, 'c': 1}, 'd': {'b': 1, 'c': 2}}),
    ('a: {<<: [{b: 1}, {b: 2, c: 3}]}\n', {'a': {'b': 1, 'c': 3}}),
    ('v: 2012-10-17\nt: 2020-01-01T00:00:00Z\n', {'v': '2012-10-17', 't': '2020-01-01T00:00:00Z'}),
    ('a: yes\nb: "yes"\non: null\n', {'a': True, 'b': 'yes', 'on': None}),
    ('a: 012345678901\nb: 0x10\nc: 010\nd: 1_000\n', {
        'a': '012345678901', 'b': 16, 'c': 8, 'd': 1000,
    }),
    ('a: 1.5\nb: .inf\nc: 1:30\nd: ' + '9' * 5000, {
        'a': 1.5, 'b': float('inf'), 'c': '1:30', 'd': '9' * 5000,
    }),
    ('{"a":\t[1,\t2.5e3, true, null, "\\u00e9\\n"]}', {'a': [1, 2500.0, True, None, 'é\n']}),
    ('{nested: 1, twice: 2} # YAML, though it begins like JSON', {'nested': 1, 'twice': 2}),
    ('{"a": NaN}', {'a': 'NaN'}),  # not JSON, so it is YAML
    ('%YAML 1.1\n---\na: 1\n...\n', {'a': 1}),
    ('? a\n: b\n', {'a': 'b'}),
    ('!!map {a: !!str 1}', {'a': '1'}),
    ('a: "😀" # ünï\nb: |\n  x\n   y\n', {'a': '😀', 'b': 'x\n y\n'}),
])
def test_data(text: str, data: Any) -> None:
    assert read('t.yaml', text).data == data


@pytest.mark.parametrize('raw', [
    b'\xef\xbb\xbfa: 1\nb: 2\n', b'a: 1\r\nb: 2\r\n', b'a: 1\rb: 2\r',
    b'\xef\xbb\xbf{"a": 1,\r\n"b": 2}\r\n',
])
def test_byte_order_mark_and_line_ends(raw: bytes) -> None:
    source = read('t.yaml', decode(raw))
    assert source.data == {'a': 1, 'b': 2}
    assert source.span(('b',))[:2] == (1, 0)


def test_span_covers_key_and_value_on_one_line() -> None:
    source = read('t.yaml', 'a:\n  {b: "x y", c: [d,\n  {e: 1}]}\nf: !Sub\n  - ${x}\n  - x: 1\n')
    assert shown(source, ('a', 'b')) == 'b: "x y"'
    assert shown(source, ('a', 'c')) == 'c'
    assert shown(source, ('a', 'c', 0)) == 'd'
    assert shown(source, ('a', 'c', 1)) == 'e: 1'
    assert shown(source, ('f',)) == shown(source, ('f', 'Fn::Sub')) == 'f'
    assert shown(source, ('f', 'Fn::Sub', 0)) == '${x}'
    assert shown(source, ('f', 'Fn::Sub', 1, 'x')) == 'x: 1'
    assert shown(source, ('a', 'nowhere', 3)) == 'a', 'the nearest ancestor'
    assert source.span(()) == source.span(('a',)), 'the root is its first key'


@pytest.mark.parametrize('text', [
    '{"a": [{"b": 1}, [], [2]], "c": {}}', '{ "a" : [\n{"b": 1},[],[\n2]] }',
])
def test_span_in_json(text: str) -> None:
    source = read('t.json', text)
    assert shown(source, ('a',)) == '"a"' if '\n' in text else '"a": [{"b": 1}, [], [2]]'
    assert shown(source, ('a', 0, 'b')) == shown(source, ('a', 0)) == '"b": 1'
    assert shown(source, ('a', 1)) == '[]'
    assert shown(source, ('a', 2, 0)) == shown(source, ('a', 2)) == '2'


def test_span_of_what_an_anchor_brings() -> None:
    source = read('t.yaml', 'a: &x {b: 1, c: 2}\nd:\n  <<: *x\n  c: 3\ne: {f: &y 1, g: *y}\n')
    assert source.span(('d', 'b')) == source.span(('a', 'b'))
    assert source.span(('d', 'c')).line == 3
    assert shown(source, ('e', 'g')) == 'g', 'its value is written before it'


@pytest.mark.parametrize('separator', '\x85\u2028\u2029')
def test_lines_are_those_of_an_editor(separator: str) -> None:
    source = read('t.yaml', f'a: "x{separator}y"\nb: 1\n')
    assert shown(source, ('b',)) == 'b: 1'


def test_block_origin() -> None:
    source = read('t.yaml', 'a: |\n\n    x\n    y\nb: >\n  x\nc: !Sub |-\n  ${x}\nd: x\n')
    assert source.block_origin(('a',)) == (1, 4)
    assert source.block_origin(('b',)) is None
    assert source.block_origin(('c', 'Fn::Sub')) == (7, 2)
    assert source.block_origin(('d',)) is None
    assert source.block_origin(('a', 'b')) is None
    assert read('t.json', '{"a": "x"}').block_origin(('a',)) is None


def test_definition() -> None:
    text = '{"a": ${n},\n "b": "${s}"}'
    source = read_definition('t.yaml', text, origin=(10, 4))
    assert source.data == {'a': '${n}', 'b': '${s}'}
    assert [type(value) for value in source.data.values()] == [Placeholder, str]
    assert source.span(('b',)) == Span(11, 5, 11, 16)
    fixed = Span(1, 2, 3, 4)
    assert read_definition('t.yaml', text, fixed=fixed).span(('b',)) == fixed
    with pytest.raises(SourceError) as caught:
        read_definition('t.yaml', '{"a": 1,\n}', origin=(10, 4))
    assert caught.value.problems[0].span[:2] == (11, 4)
    with pytest.raises(SourceError) as caught:
        read_definition('t.yaml', '{"a": 1,\n}', fixed=fixed)
    assert caught.value.problems[0].span == fixed


# --- every path has its place

SHAPES = st.recursive(
    st.none(),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.integers(0, 9), inner, max_size=4)
    ),
    max_leaves=25,
)
EXTRA = [
    '', ' ', ' "q"', " 'q'", ': ', ' #', '\\', '😀é', '\n two\nlines ', '{}[],', ' ' + 'long ' * 40,
]


def filled(shape: Any, extra: Iterator[str], count: Iterator[int]) -> Any:
    """A shape whose keys and leaves are all different."""
    if shape is None:
        return f'v{next(count):04}{next(extra)}'
    if isinstance(shape, list):
        return [filled(inner, extra, count) for inner in shape]
    return {
        f'k{next(count):04}{next(extra).strip()}': filled(inner, extra, count)
        for inner in shape.values()
    }


def marks(data: Any, path: Path = ()) -> Iterator[tuple[Path, str | None]]:
    """Every path with the token that its place begins with."""
    items = data.items() if isinstance(data, dict) else enumerate(data)
    for key, value in items:
        token = key if isinstance(key, str) else first(value)
        yield (*path, key), token and token[:5]
        if isinstance(value, (dict, list)):
            yield from marks(value, (*path, key))


def first(data: Any) -> str | None:
    while isinstance(data, (dict, list)) and data:
        data = next(iter(data))
    return data if isinstance(data, str) else None


DUMPS = {
    'block': lambda data: yaml.safe_dump(data, allow_unicode=True, sort_keys=False),
    'block, escaped': lambda data: yaml.safe_dump(data, sort_keys=False, default_style='"'),
    'block, narrow': lambda data: yaml.safe_dump(data, sort_keys=False, width=20, indent=4),
    'flow': lambda data: yaml.safe_dump(data, sort_keys=False, default_flow_style=True),
    'json': lambda data: json.dumps(data, indent=2),
    'json, tabs': lambda data: json.dumps(data, indent='\t', ensure_ascii=False),
    'json, minified': lambda data: json.dumps(data, separators=(',', ':')),
}


@pytest.mark.parametrize('dump', DUMPS.values(), ids=DUMPS)
@settings(max_examples=40, derandomize=True, deadline=None)
@given(shape=SHAPES, extras=st.lists(st.sampled_from(EXTRA), min_size=1, max_size=9))
def test_span_of_every_path(dump: Any, shape: Any, extras: list[str]) -> None:
    data = {'root': filled(shape, itertools.cycle(extras), itertools.count())}
    text = dump(data)
    source = read('t.yaml', text)
    # PyYAML's own dump folds some strings wrongly.
    assume(source.data == data or yaml.safe_load(text) == data)
    assert source.data == data
    lines = text.split('\n')
    for path, token in marks(data):
        span = source.span(path)
        assert span[:2] < span[2:], path
        written = lines[span.line][span.column:]
        if token is not None:
            assert written.lstrip('"\'')[:len(token)] == token, path
            assert len(written) - len(written.lstrip('"\'')) <= 1, path


# --- what can't be read

BOMB = 'a0: &a0 [x, x]\n' + ''.join(
    f'a{i}: &a{i} [{", ".join([f"*a{i - 1}"] * 9)}]\n' for i in range(1, 12)
)
DEEP_BY_ALIAS = 'a0: &a0 []\n' + ''.join(
    f'a{i}: &a{i} {"[" * 50}*a{i - 1}{"]" * 50}\n' for i in range(1, 6)
)
ERRORS: dict[str, tuple[bytes, list[tuple[int, int]], str]] = {
    'bad yaml': (b'Resources:\n  A: [1\n', [(5, 1)], 'not YAML: while parsing a flow sequence'),
    'bad indent': (b'Resources:\n  A: 1\n B: 2\n', [(3, 2)], 'not YAML: while parsing a block'),
    'tab': (b'Resources:\n\tA: 1\n', [(2, 1)], 'not YAML'),
    'two documents': (b'Resources: {}\n---\nb: 1\n', [(2, 1)], 'not YAML: expected a single'),
    'bad alias': (b'Resources: {}\na: *b\n', [(2, 4)], 'not YAML: found undefined alias'),
    'json ends': (b'{"StartAt": {\n', [(2, 1)], 'not JSON: the text ends too early'),
    'json comma': (b'{"StartAt": {}\n "b": 2}', [(2, 2)], 'not JSON: a comma is missing'),
    'json trailing': (b'{"StartAt": [1,\n]}', [(2, 1)], "not JSON: ']' is unexpected"),
    'json colon': (b'{"StartAt" {}}', [(1, 12)], 'not JSON: a colon is missing'),
    'json key': (b'{"StartAt": {1: 2}}', [(1, 14)], 'not JSON: a key in double quotes'),
    'json more': (b'{"StartAt": {}} {}', [(1, 17)], 'not JSON: there is more text'),
    'json number': (b'{"StartAt": 007}', [(1, 13)], 'not JSON: 007 is not a number'),
    'json digits': (b'{"StartAt": ' + b'9' * 5000 + b'}', [(1, 13)], 'is not a number'),
    'json constant': (b'{"StartAt": NaN}', [(1, 13)], "not JSON: 'NaN}' is unexpected"),
    'json escape': (b'{"StartAt": "\\x"}', [(1, 14)], 'not JSON: Invalid \\escape'),
    'json control': (b'{"StartAt": "a\nb"}', [(1, 15)], 'not JSON: Invalid control character'),
    'json word': (b'{"StartAt": {"AWS::A": oops}}', [(1, 24)], "not JSON: 'oops}}' is unexp"),
    'json hole': (b'{"StartAt": ${x}}', [(1, 13)], 'not JSON: ${x} is not in quotes'),
    'twice': (
        b'Resources:\n  A: 1\n  B: {c: 1, c: 2}\n  A: 2\n', [(3, 13), (4, 3)], 'stands here twice',
    ),
    'twice json': (
        b'{"StartAt": {"A": 1,\n"A": {"B": 1, "B": 2}}}', [(2, 1), (2, 15)], 'stands here twice',
    ),
    'utf-16': ('Resources: {}'.encode('utf-16'), [(1, 1)], 'the file is UTF-16'),
    'latin-1': ('Resources: {}\na: "é"\n'.encode('latin-1'), [(2, 5)], 'byte 0xe9 is not UTF-8'),
    'control': (b'Resources: {}\nb: "\x07"\n', [(2, 5)], 'character U+0007 is not allowed'),
    'bomb': ((BOMB + 'Resources: *a11\n').encode(), [(6, 5)], 'aliases expand to over a million'),
    'itself': (b'Resources: &a\n  b: [*a]\n', [(1, 12)], 'an anchor that contains an alias'),
    'deep by alias': ((DEEP_BY_ALIAS + 'Resources: {}').encode(), [(4, 5)], 'nested deeper'),
    'complex key': (b'Resources: {}\n? [a]\n: 1\n', [(2, 3)], 'a key must be a plain string'),
    'bad merge': (b'Resources: {}\n<<: 1\n', [(2, 5)], 'only a mapping can be merged'),
}
# Those that could end the process: libyaml's composer recurses on the C stack.
DEPTHS = {
    'flow.yaml': 'AWSTemplateFormatVersion: ' + '[' * 100_000,
    'tagged.yaml': 'AWSTemplateFormatVersion: ' + '[!a ' * 100_000,
    'holes.yaml': 'AWSTemplateFormatVersion: "' + '${' * 6_000 + '"\na: ' + '[' * 100_000,
    'closed.yaml': 'AWSTemplateFormatVersion: ' + '[' * 100_000 + ']' * 100_000,
    'sequence.yaml': '# Resources AWS::\n' + '- ' * 100_000,
    'question.yaml': '# Resources AWS::\n' + '? ' * 100_000,
    'separator.yaml': '# Resources AWS::\u2028' + '- ' * 100_000,
    'mark.yaml': '# Resources AWS::\n\ufeff' + '- ' * 100_000,
    'stairs.yaml': '# Resources AWS::\n' + ''.join(' ' * i + 'a:\n' for i in range(1000)),
    'array.json': '{"StartAt": ' + '[' * 100_000,
    'object.json': '{"StartAt":' * 100_000,
    'closed.json': '{"StartAt": ' + '[' * 100_000 + ']' * 100_000 + '}',
}


def command(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, '-m', 'thera_lint.cli', *arguments],
        capture_output=True, text=True, encoding='utf-8', timeout=60,
    )


@pytest.mark.parametrize('name', ERRORS)
def test_error_has_a_place(
        name: str, tmp_path: File, capsys: pytest.CaptureFixture[str],
) -> None:
    from thera_lint import cli

    raw, places, message = ERRORS[name]
    path = tmp_path / ('template.json' if 'json' in name else 'template.yaml')
    # A text that can't be parsed counts only if it looks like one of ours.
    path.write_bytes(raw if 'json' in name else raw + b'\n# AWS::')
    assert cli.main([str(path)]) == 2
    out, err = capsys.readouterr()
    assert err == ''
    lines = [line for line in out.splitlines() if ': EC0001 ' in line]
    assert [line.partition(' ')[0] for line in lines] == [
        f'{path}:{line}:{column}:' for line, column in places
    ]
    assert all(message in line for line in lines)
    assert out.splitlines()[-1].endswith(' in 1 file')


def test_no_depth_ends_the_process(tmp_path: File) -> None:
    for name, text in DEPTHS.items():
        (tmp_path / f'template.{name}').write_text(text, 'utf-8')
    done = command(str(tmp_path))
    assert done.returncode == 2
    assert done.stderr == ''
    for name in DEPTHS:
        assert f'template.{name}:' in done.stdout
    found = [line for line in done.stdout.splitlines() if 'EC0001' in line]
    assert len(found) == len(DEPTHS)
    assert all('nested deeper than 200' in line for line in found if 'holes' not in line), found


def test_depth_that_is_just_borne() -> None:
    for opening, closing in (('[', ']'), ('{"a":', '}')):
        body = opening * (MAX_DEPTH - 1) + '1' + closing * (MAX_DEPTH - 1)
        read('t.json', f'{{"a": {body}}}')
        read('t.yaml', f'a: {body}')
        with pytest.raises(SourceError, match='nested deeper'):
            read('t.json', f'{{"a": {opening}{body}{closing}}}')
        with pytest.raises(SourceError, match='nested deeper'):
            read('t.yaml', f'a: {opening * 2}{body}{closing * 2}')


def test_many_repeated_keys_and_blank_lines_are_quick() -> None:
    from thera_lint.source import looks_like_ours

    with pytest.raises(SourceError) as caught:
        read('t.json', '{' + '"a": 1,\n' * 20_000 + '"a": 1}')
    assert len(caught.value.problems) == 20_000
    start = time.process_time()
    assert not looks_like_ours('\n' * 30_000)
    assert time.process_time() - start < 2


def files_of(kind: str, path: File) -> None:
    if kind == 'vanished':
        return
    if kind == 'a FIFO':
        os.mkfifo(path)
    elif kind == 'a broken link':
        path.symlink_to(path.parent / 'nowhere')
    elif kind == 'a device':
        path.symlink_to('/dev/zero')
    elif kind == 'unreadable':
        path.write_text('Resources: {}')
        path.chmod(0)
    else:
        path.write_text({'empty': '', 'blank': ' \n\n', 'comments': '# Resources AWS::\n'}[kind])


@pytest.mark.parametrize(('kind', 'message'), [
    ('vanished', 'cannot read the file: No such file'),
    ('a FIFO', 'cannot read the file: it is not a regular file'),
    ('a device', 'cannot read the file: it is not a regular file'),
    ('a broken link', 'cannot read the file: No such file'),
    ('unreadable', 'cannot read the file: Permission denied'),
    ('empty', 'the file is empty'),
    ('blank', 'the file is empty'),
    ('comments', 'the file is empty'),
])
@pytest.mark.skipif(sys.platform == 'win32', reason='has neither FIFOs nor modes')
def test_file_that_gives_nothing(
        kind: str, message: str, tmp_path: File, capsys: pytest.CaptureFixture[str],
        monkeypatch: pytest.MonkeyPatch,
) -> None:
    from thera_lint import cli

    path = tmp_path / 'template.yaml'
    files_of(kind, path)
    if kind == 'unreadable' and os.access(path, os.R_OK):  # root reads everything
        def denied(*_: object) -> io.BytesIO:
            raise PermissionError(13, 'Permission denied')

        monkeypatch.setattr('builtins.open', denied)
    status: list[int] = []
    thread = threading.Thread(target=lambda: status.append(cli.main([str(path)])), daemon=True)
    thread.start()
    thread.join(20)
    monkeypatch.undo()
    out, err = capsys.readouterr()
    assert (status, err) == ([2], '')
    assert out.startswith(f'{path}:1:1: EC0001 {message}')


def test_folder_named_like_a_template_is_a_folder(tmp_path: File) -> None:
    folder = tmp_path / 'template.yaml'
    folder.mkdir()
    (folder / 'a.yaml').write_text('Resources: {A: {Type: "AWS::SNS::Topic"}}')
    for path in (folder, tmp_path):
        loaded = files.load([str(path)])
        assert [one.filename for one in loaded.project.templates] == [str(folder / 'a.yaml')]
        assert not loaded.unreadable


def test_cdk_output_and_long_lines() -> None:
    resources = {
        f'Bucket{i:04}': {
            'Type': 'AWS::S3::Bucket',
            'Properties': {'Tags': [{'Value': {'Fn::Join': ['', ['a', {'Ref': 'B'}]]}}]},
            'Metadata': {'aws:cdk:path': f'Stack/Bucket{i}/Resource'},
        }
        for i in range(500)
    }
    text = json.dumps({'Resources': resources}, separators=(',', ':'))
    assert '\n' not in text
    source = read('t.template.json', text)
    path = ('Resources', 'Bucket0499', 'Properties', 'Tags', 0, 'Value', 'Fn::Join', 1, 1, 'Ref')
    span = source.span(path)
    assert text[span.column:span.end_column] == '"Ref":"B"'
    assert span.column == text.rindex('"Ref":"B"')
