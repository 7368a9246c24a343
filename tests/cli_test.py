"""The command: arguments in, findings and an exit status out; never a traceback."""
from __future__ import annotations

import io
import json
import os
import random
import subprocess
import sys
from collections.abc import Iterator
from contextlib import redirect_stderr
from contextlib import redirect_stdout
from pathlib import Path as File
from types import SimpleNamespace
from typing import Any
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from thera_lint import cli
from thera_lint import registry
from thera_lint.project import Project
from thera_lint.rule import Cost
from thera_lint.rule import Finding
from thera_lint.rule import Fix
from thera_lint.rule import Option
from thera_lint.rule import Options
from thera_lint.rule import Remove
from thera_lint.rule import ResourceRule
from thera_lint.rule import Set
from thera_lint.template import Resource


class Topic(ResourceRule):
    """A topic that is named.

    ## Why it costs

    It does not.
    """

    id = 'WC9901'
    remedy = 'leave the name out'
    resources = ('AWS::SNS::Topic',)
    options = (
        Option('longest_chars', 3, 'how long a name may be'),
        Option('strict', False, 'whether any name is too long'),
        Option('names', ('a', 'b'), 'names that may be'),
        Option('word', 'name', 'what it is called'),
    )

    def check(self, resource: Resource, project: Project, options: Options) -> Iterator[Finding]:
        name = resource.properties.text('TopicName')
        if name is None or name in options.names:
            return
        if options.strict or len(name) > options.longest_chars:
            yield Finding(
                ('TopicName',), f'`{resource.logical_id}` has the {options.word} {name}',
                Cost('a dollar a letter', monthly_usd=float(len(name))),
                Fix('no name', True, (Remove(('TopicName',)), Set(('Tags', 0), {'Key': 'k'}))),
            )


class Broken(ResourceRule):
    """A topic that can't work."""

    id = 'EC9902'
    remedy = 'mend it'
    resources = ('AWS::SNS::Topic',)

    def check(self, resource: Resource, project: Project, options: Options) -> Iterator[Finding]:
        if resource.properties.flag('FifoTopic'):
            yield Finding((), f'`{resource.logical_id}` is broken')


class Thought(ResourceRule):
    """A topic that gives to think."""

    id = 'IC9903'
    remedy = 'think'
    resources = ('AWS::SNS::Topic',)

    def check(self, resource: Resource, project: Project, options: Options) -> Iterator[Finding]:
        yield Finding((), f'think about `{resource.logical_id}`')


class Crasher(Thought):
    """A rule that fails."""

    id = 'WC9904'

    def check(self, resource: Resource, project: Project, options: Options) -> Iterator[Finding]:
        yield Finding((), 'lost')
        raise ZeroDivisionError('by nothing')


@pytest.fixture
def rules(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    used: list[Any] = [Topic(), Broken(), Thought()]
    monkeypatch.setattr(registry, 'all_rules', lambda: used)
    monkeypatch.setattr(registry, 'rules_for', lambda types, states: used)
    return used


@pytest.fixture
def folder(tmp_path: File, monkeypatch: pytest.MonkeyPatch, rules: list[Any]) -> File:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv('NO_COLOR', raising=False)
    (tmp_path / 'a.yaml').write_text(topic(TopicName='abcde'))
    (tmp_path / 'sub').mkdir()
    (tmp_path / 'sub' / 'b.json').write_text(topic(FifoTopic=True))
    (tmp_path / 'sub' / 'c.template').write_text(topic())
    (tmp_path / 'sub' / 'other.yaml').write_text('name: CI\n')
    (tmp_path / 'sub' / 'chart.yaml').write_text('{{ Resources }}: [\n')
    (tmp_path / 'sub' / 'notes.txt').write_text(topic(TopicName='abcde'))
    for hidden in ('.git', 'node_modules', 'cdk.out'):
        (tmp_path / hidden).mkdir()
        (tmp_path / hidden / 'd.yaml').write_text(topic(TopicName='abcde'))
    return tmp_path


def topic(**properties: Any) -> str:
    return json.dumps(
        {'Resources': {'News': {'Type': 'AWS::SNS::Topic', 'Properties': properties}}}, indent=1,
    )


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    try:
        status = cli.main(arguments)
    except SystemExit as end:
        status = int(end.code or 0)
    out, err = capsys.readouterr()
    return status, out, err


def places(out: str) -> list[str]:
    return [
        ' '.join(line.split()[:2]) for line in out.splitlines() if 'C99' in line and line[0] != ' '
    ]


def summary(out: str) -> str:
    """The last paragraph's first line; the known waste comes below it."""
    return out.rstrip().split('\n\n')[-1].split('\n')[0]


def test_text(folder: File, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, 'a.yaml') == (4, """\
a.yaml:6:5: WC9901 `News` has the name abcde
  6 |     "TopicName": "abcde"
    |     ^^^^^^^^^^^^^^^^^^^^
    = cost: a dollar a letter
    = way out: no name (--fix)

1 warning in 1 file
known waste: about $5 a month
  $5  a.yaml:6 WC9901 `News`
""", '')
    status, out, err = run(capsys, 'sub/b.json')
    assert (status, err) == (2, '')
    assert out.startswith(
        'sub/b.json:3:3: EC9902 `News` is broken\n  3 |   "News": {\n    |   ^^^^^^\n',
    )
    assert '    = way out: mend it\n\n1 error in 1 file\n' in out


@pytest.mark.parametrize(('arguments', 'status', 'expected', 'last'), [
    ([], 6, ['a.yaml:6:5: WC9901', 'sub/b.json:3:3: EC9902'],
     '1 error, 1 warning in 3 files; 2 skipped: neither template nor state machine'),
    (['.'], 6, ['a.yaml:6:5: WC9901', 'sub/b.json:3:3: EC9902'],
     '1 error, 1 warning in 3 files; 2 skipped: neither template nor state machine'),
    (['sub'], 2, ['sub/b.json:3:3: EC9902'],
     '1 error in 2 files; 2 skipped: neither template nor state machine'),
    (['a.yaml', './sub/b.json'], 6, ['a.yaml:6:5: WC9901', 'sub/b.json:3:3: EC9902'],
     '1 error, 1 warning in 2 files'),
    (['sub/notes.txt'], 4, ['sub/notes.txt:6:5: WC9901'], '1 warning in 1 file'),
    (['sub/c.template'], 0, [], 'nothing found in 1 file'),
    (['sub/other.yaml'], 0, [],
     'nothing found in 0 files; 1 skipped: neither template nor state machine'),
    (['a.yaml', 'sub/b.json', '--exit-zero'], 0, ['a.yaml:6:5: WC9901', 'sub/b.json:3:3: EC9902'],
     '1 error, 1 warning in 2 files'),
    (['a.yaml', '--include', 'I'], 12, ['a.yaml:3:3: IC9903', 'a.yaml:6:5: WC9901'],
     '1 warning, 1 informational in 1 file'),
    (['-c', 'IC99', '.', '--ignore', 'WC9901'], 10,
     ['a.yaml:3:3: IC9903', 'sub/b.json:3:3: EC9902', 'sub/b.json:3:3: IC9903',
      'sub/c.template:3:3: IC9903'],
     '1 error, 3 informational in 3 files; 2 skipped: neither template nor state machine'),
    (['--select', 'IC,EC', 'a.yaml'], 8, ['a.yaml:3:3: IC9903'], '1 informational in 1 file'),
    (['--select', 'WC9901', '--select', 'E', '.', '--ignore', 'WC'], 2, ['sub/b.json:3:3: EC9902'],
     '1 error in 3 files; 2 skipped: neither template nor state machine'),
    (['-x', 'WC9901:longest_chars=5', 'a.yaml'], 0, [], 'nothing found in 1 file'),
    (['-x', 'WC9901:longest_chars=9', '-x', 'WC9901:strict=TRUE', 'a.yaml'], 4,
     ['a.yaml:6:5: WC9901'], '1 warning in 1 file'),
    (['-x', 'WC9901:names=x, abcde', 'a.yaml'], 0, [], 'nothing found in 1 file'),
])
def test_what_is_asked_for(
        arguments: list[str], status: int, expected: list[str], last: str, folder: File,
        capsys: pytest.CaptureFixture[str],
) -> None:
    found, out, err = run(capsys, *arguments)
    assert err == ''
    assert places(out) == expected
    assert summary(out) == last
    assert found == status


def test_informational_rules_may_be_asked_for_though_there_are_none(
        folder: File, capsys: pytest.CaptureFixture[str], rules: list[Any],
) -> None:
    rules.pop()
    assert [run(capsys, 'a.yaml', '--include', wanted)[0] for wanted in ('I', 'IC', 'IC9')] == [
        4, 4, 1,
    ]


@pytest.mark.parametrize(('arguments', 'message'), [
    (['--select', 'WC9910'], "no rule begins with 'WC9910'; near: WC9901"),
    (['--ignore', 'X'], "no rule begins with 'X'"),
    (['--include', 'IC9903,Q'], "no rule begins with 'Q'"),
    (['-x', 'WC9901:longest=5'], "WC9901 has no option 'longest'; it has: longest_chars, strict"),
    (['-x', 'EC9902:x=5'], "EC9902 has no option 'x'; it has: none"),
    (['-x', 'WC9902:x=5'], "no rule 'WC9902'; near: "),
    (['-x', 'WC9901:longest_chars=five'], "longest_chars is a whole number, not 'five'"),
    (['-x', 'WC9901:strict=1'], "strict is true or false, not '1'"),
    (['-x', 'WC9901'], "'' is not -x ID:OPTION=VALUE"),
    (['--parameter', 'Stage'], "'Stage' is not --parameter KEY=VALUE"),
    (['--format', 'xml'], 'invalid choice'),
    (['--nonsense'], 'unrecognized arguments: --nonsense'),
    (['--sel', 'W'], 'unrecognized arguments: --sel'),
    (['--stdin-filename', 'x', 'a.yaml'], 'standard input or paths, not both'),
    (['-', 'a.yaml'], 'standard input or paths, not both'),
    (['explain'], 'explain takes one rule'),
    (['rules', 'WC9901'], 'rules takes no arguments'),
    (['explain', 'WC9910'], "no rule 'WC9910'; near: "),
    (['explain', 'topics'], "no rule 'topics'; near: topic"),
])
def test_wrong_usage(
        arguments: list[str], message: str, folder: File, capsys: pytest.CaptureFixture[str],
) -> None:
    status, out, err = run(capsys, *arguments)
    assert (status, out) == (1, '')
    assert err.startswith('thera-lint: ') and message in err


def test_json(folder: File, capsys: pytest.CaptureFixture[str]) -> None:
    status, out, err = run(capsys, '--format', 'json', '.')
    first, second = json.loads(out)
    assert (status, err) == (6, '')
    assert first.pop('Id') == json.loads(run(capsys, '--format', 'json', '.')[1])[0]['Id']
    assert first == {
        'Filename': 'a.yaml',
        'Level': 'Warning',
        'Location': {
            'Start': {'LineNumber': 6, 'ColumnNumber': 5},
            'End': {'LineNumber': 6, 'ColumnNumber': 25},
            'Path': ['Resources', 'News', 'Properties', 'TopicName'],
        },
        'Message': '`News` has the name abcde',
        'ParentId': None,
        'Rule': {
            'Id': 'WC9901',
            'Description': 'A topic that is named.\n\n## Why it costs\n\nIt does not.',
            'ShortDescription': 'A topic that is named.',
            'Source': first['Rule']['Source'],
        },
        'Cost': {'basis': 'a dollar a letter', 'monthly_usd': 5.0, 'per_run_usd': None},
        'Fix': {'Title': 'no name', 'Safe': True, 'Edits': [
            {'Remove': ['Resources', 'News', 'Properties', 'TopicName']},
            {'Set': ['Resources', 'News', 'Properties', 'Tags', 0], 'Value': {'Key': 'k'}},
        ]},
    }
    assert first['Rule']['Source'].endswith('/docs/rules/topic.md')
    assert (second['Level'], second['Location']['Path']) == ('Error', ['Resources', 'News'])
    assert (second['Cost'], second['Fix']) == (None, None)
    assert run(capsys, '--format', 'json', 'sub/c.template') == (0, '[]\n', '')
    (bad,) = json.loads(run(capsys, '--format', 'json', 'nowhere.yaml')[1])
    assert (bad['Rule']['Id'], bad['Location']['Path']) == ('EC0001', None)


def test_the_json_shape_is_that_of_cfn_lint(
        folder: File, capsys: pytest.CaptureFixture[str],
) -> None:
    pytest.importorskip('cfnlint')
    from cfnlint.formatters import JsonFormatter
    from cfnlint.rules import CloudFormationLintRule
    from cfnlint.rules import Match

    class Theirs(CloudFormationLintRule):  # type: ignore[misc]
        id = 'W9999'

    theirs = json.loads(JsonFormatter().print_matches(
        [Match('m', Theirs(), 'a.yaml', 1, 2, 3, 4)], None, None,
    ))[0]
    ours = json.loads(run(capsys, '--format', 'json', 'a.yaml')[1])[0]
    assert set(ours) == {*theirs, 'Cost', 'Fix'}
    for key in ('Location', 'Rule'):
        assert set(ours[key]) == set(theirs[key])


@pytest.mark.parametrize('arguments', [
    ['-'], ['--stdin-filename', 'x.yaml'], ['-', '--stdin-filename', 'x.yaml'],
])
def test_standard_input(
        arguments: list[str], folder: File, capsys: pytest.CaptureFixture[str],
        monkeypatch: pytest.MonkeyPatch,
) -> None:
    given = io.BytesIO(topic(TopicName='abcde').encode())
    monkeypatch.setattr(sys, 'stdin', SimpleNamespace(buffer=given))
    status, out, err = run(capsys, *arguments)
    name = 'x.yaml' if 'x.yaml' in arguments else '<stdin>'
    assert (status, err, places(out)) == (4, '', [f'{name}:6:5: WC9901'])
    assert '  6 |     "TopicName": "abcde"\n' in out
    monkeypatch.setattr(sys, 'stdin', SimpleNamespace(buffer=io.BytesIO()))
    assert run(capsys, *arguments)[1].startswith(f'{name}:1:1: EC0001 the file is empty\n')


def test_a_parameter(folder: File, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / 'p.yaml').write_text("""
        Parameters: {Name: {Type: String, Default: a}}
        Resources: {News: {Type: 'AWS::SNS::Topic', Properties: {TopicName: !Ref Name}}}
    """)
    assert run(capsys, 'p.yaml')[0] == 0
    status, out, _ = run(capsys, 'p.yaml', '--parameter', 'Name=a=bcd')
    assert status == 4 and 'has the name a=bcd\n' in out


def test_colour_only_on_a_terminal(
        folder: File, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv('TERM', 'xterm')
    assert '\x1b' not in run(capsys, '.')[1]
    monkeypatch.setattr(sys.stdout, 'isatty', lambda: True)
    coloured = run(capsys, 'a.yaml')[1]
    assert '\x1b[1ma.yaml:6:5\x1b[0m: \x1b[1;33mWC9901\x1b[0m `News`' in coloured
    assert '\x1b[33m    ^^^^^^^^^^^^^^^^^^^^\x1b[0m\n' in coloured
    assert '\x1b[1;31mEC9902' in run(capsys, 'sub')[1]
    monkeypatch.setenv('NO_COLOR', '1')
    assert '\x1b' not in run(capsys, '.')[1]
    monkeypatch.setenv('NO_COLOR', '')
    monkeypatch.setenv('TERM', 'dumb')
    assert '\x1b' not in run(capsys, '.')[1]
    monkeypatch.delenv('TERM')
    assert '\x1b' in run(capsys, '.')[1]
    assert '\x1b' not in run(capsys, '.', '--format', 'json')[1]


def test_explain_and_rules(folder: File, capsys: pytest.CaptureFixture[str]) -> None:
    pages = [run(capsys, 'explain', word) for word in ('WC9901', 'wc9901', 'topic')]
    assert pages[0] == pages[1] == pages[2]
    status, out, err = pages[0]
    assert (status, err) == (0, '')
    assert out.startswith('# WC9901 topic\n\nA topic that is named.\n\n## Why it costs\n')
    assert '## What to do\n\nLeave the name out.\n' in out
    assert '| `longest_chars` | 3 | how long a name may be |\n| `strict` | false |' in out
    assert '| `names` | a, b |' in out
    status, out, err = run(capsys, 'rules')
    assert (status, err) == (0, '')
    assert [line.split()[:3] for line in out.splitlines()] == [
        ['EC0001', 'error', 'unreadable_file'], ['EC0002', 'error', 'broken_ignore'],
        ['WC0003', 'warning', 'idle_ignore'], ['WC9901', 'warning', 'topic'],
        ['EC9902', 'error', 'broken'], ['IC9903', 'informational', 'thought'],
    ]
    assert run(capsys, '--version')[1].startswith('thera-lint ')
    assert 'exit status: 0 clean' in run(capsys, '--help')[1]


def test_a_rule_that_crashes_costs_only_its_findings(
        folder: File, capsys: pytest.CaptureFixture[str], rules: list[Any],
) -> None:
    rules.insert(0, Crasher())
    status, out, err = run(capsys, 'a.yaml', 'sub/b.json')
    assert (status, places(out)) == (6, ['a.yaml:6:5: WC9901', 'sub/b.json:3:3: EC9902'])
    assert [line.split(',')[0] for line in err.splitlines()] == [
        'thera-lint: WC9904 failed on a.yaml', 'thera-lint: WC9904 failed on sub/b.json',
    ]
    assert err.count('ZeroDivisionError: by nothing') == 2


def test_the_text_of_a_template_does_not_reach_the_terminal_raw(
        folder: File, capsys: pytest.CaptureFixture[str],
) -> None:
    (folder / 'e.yaml').write_text(
        'Resources: {"N\\e[2J\u202e": {Type: "AWS::SNS::Topic", '
        'Properties: {TopicName: "\\e]0;x\\a\u202e\t long"}}} # \u202e\n', 'utf-8',
    )
    out = run(capsys, 'e.yaml')[1]
    assert 'WC9901' in out and not set(out) & set('\x1b\x07\u202e\t')


def real(*arguments: str, **options: Any) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, '-m', 'thera_lint.cli', *arguments], capture_output=True, timeout=60,
        **options,
    )


def test_a_broken_pipe_and_a_narrow_encoding(tmp_path: File) -> None:
    path = tmp_path / 'bücket.yaml'
    path.write_text('Resources:\n' + ''.join(
        f'  B{i}:\n    Type: AWS::S3::Bucket # é\n' for i in range(2000)
    ), 'utf-8')
    done = real(str(path), env={**os.environ, 'PYTHONIOENCODING': 'ascii'})
    assert done.stderr == b'' and b'b\\xfccket.yaml:2:3: WC4001' in done.stdout
    assert done.returncode == 4
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, 'wb') as stream:
        process = subprocess.run(
            [sys.executable, '-m', 'thera_lint.cli', str(path)], stdout=stream,
            stderr=subprocess.PIPE, timeout=60,
        )
    assert process.stderr == b''
    assert process.returncode in (0, 4)


@pytest.mark.skipif(sys.platform == 'win32', reason='has no pseudo terminals')
def test_a_terminal_has_colour(tmp_path: File) -> None:
    import pty

    (tmp_path / 'a.yaml').write_text('Resources: {B: {Type: "AWS::S3::Bucket"}}')
    here, there = pty.openpty()
    environment = {**os.environ, 'NO_COLOR': '', 'TERM': 'xterm'}
    subprocess.run(
        [sys.executable, '-m', 'thera_lint.cli', 'a.yaml'], stdout=there, cwd=tmp_path,
        env=environment, timeout=60,
    )
    os.close(there)
    with os.fdopen(here, 'rb') as stream:
        assert b'\x1b[1;33mWC' in stream.read1(65536)


# --- whatever it is given, it ends with a status


def ends(raw: bytes, name: str = 'template.yaml') -> str:
    """Lint bytes with every rule; only SystemExit may come out, and no rule may crash."""
    out, err = io.StringIO(), io.StringIO()
    with mock.patch.object(sys, 'stdin', SimpleNamespace(buffer=io.BytesIO(raw))):
        with redirect_stdout(out), redirect_stderr(err):
            status = cli.main(['-', '--stdin-filename', name, '-c', 'I'])
    assert err.getvalue() == ''
    assert status in range(0, 15, 2)
    assert out.getvalue().endswith('\n')
    return out.getvalue()


QUICK = settings(max_examples=100, derandomize=True, deadline=None)
WORDS = st.sampled_from([
    'Resources', 'StartAt', 'States', 'Type', 'Properties', 'AWS::S3::Bucket', 'Fn::If', 'Ref',
    '!If', '!Sub', '&a ', '*a', '<<: ', '{', '}', '[', ']', ': ', '- ', '"', "'", '\n', '\n  ',
    '|\n', '>', '${', 'AWS::', '\t', '#', '!!int ', '%YAML 1.1\n', '---\n', '\u2028', '\x85',
    '\x00', '\ufeff', ',', '? ', '@', '`',
])


@QUICK
@given(raw=st.binary(max_size=60), prefix=st.sampled_from([b'', b'Resources: ', b'{"StartAt":']))
def test_any_bytes(raw: bytes, prefix: bytes) -> None:
    ends(prefix + raw)
    ends(prefix + raw, 't.json')


@QUICK
@given(parts=st.lists(WORDS | st.text(max_size=5), max_size=25))
def test_any_text(parts: list[str]) -> None:
    ends(('# AWS:: Resources\n' + ''.join(parts)).encode('utf-8', 'surrogatepass'))
    ends(('{"Resources":' + ''.join(parts)).encode('utf-8', 'surrogatepass'))


REFERENCES = ['A', 'B', 'AWS::NoValue', 'AWS::Region', '', 'A.Arn', '${A}', 'P', 'C', 5, None]
FUNCTIONS = [
    'Ref', 'Condition', 'Fn::If', 'Fn::Sub', 'Fn::Join', 'Fn::GetAtt', 'Fn::FindInMap',
    'Fn::Select', 'Fn::Split', 'Fn::Equals', 'Fn::And', 'Fn::Or', 'Fn::Not', 'Fn::ForEach::X',
    'Fn::Length', 'Fn::ToJsonString', 'Fn::ImportValue', 'Fn::Transform', 'Fn::Base64', 'Fn::New',
]
SCALARS = st.sampled_from([
    *REFERENCES, True, -1, 1.5, 10**30, 'x' * 50, '${X}', '{"StartAt": "A"}',
])
ANYTHING = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.sampled_from(['A', 'Type', 'Key', 'Value', 'X']), inner, max_size=3),
        st.dictionaries(st.sampled_from(FUNCTIONS), inner, min_size=1, max_size=2),
    ),
    max_leaves=8,
)
SECTIONS = ['Parameters', 'Mappings', 'Conditions', 'Resources', 'Outputs', 'Globals', 'Metadata']


def every_template() -> list[Any]:
    """The templates of the fixtures, as data."""
    from thera_lint.source import read

    found = []
    for path in sorted((File(__file__).parent / 'fixtures').glob('*/*.yaml')):
        found.append(read(path.name, path.read_text('utf-8')).data)
    return found


TEMPLATES = every_template()


def nodes(data: Any) -> list[tuple[Any, Any]]:
    """Every container in a piece of data, with each of its keys."""
    found: list[tuple[Any, Any]] = []
    waiting = [data]
    while waiting:
        node = waiting.pop()
        keys = list(node) if isinstance(node, dict) else range(len(node))
        found += [(node, key) for key in keys]
        waiting += [node[key] for key in keys if isinstance(node[key], (dict, list))]
    return found


@settings(max_examples=200, derandomize=True, deadline=None)
@given(
    index=st.integers(0, 10**6), values=st.lists(ANYTHING, min_size=1, max_size=3),
    seed=st.integers(),
)
def test_a_template_in_which_anything_was_replaced(
        index: int, values: list[Any], seed: int,
) -> None:
    data = json.loads(json.dumps(TEMPLATES[index % len(TEMPLATES)]))
    chance = random.Random(seed)
    for value in values:
        node, key = chance.choice(nodes(data))
        kept = node[key]
        node[key] = chance.choice([value, [kept], {'A': kept}, {'Fn::If': ['A', kept, value]}])
    ends(json.dumps(data, ensure_ascii=chance.random() < 0.5).encode())


@QUICK
@given(
    sections=st.dictionaries(st.sampled_from(SECTIONS), ANYTHING, min_size=1, max_size=4),
    kinds=st.lists(st.sampled_from([
        'AWS::S3::Bucket', 'AWS::Lambda::Function', 'AWS::StepFunctions::StateMachine',
        'AWS::DynamoDB::Table', 'AWS::Logs::LogGroup', 'AWS::Athena::WorkGroup', 'AWS::Glue::Job',
        'AWS::Events::Rule', 'AWS::Serverless::Function', 'AWS::Serverless::StateMachine',
        'AWS::Serverless::Api', 'AWS::CloudWatch::Alarm', 'AWS::Budgets::Budget',
    ]), min_size=1, max_size=2),
    properties=ANYTHING,
    rest=ANYTHING,
    sam=st.booleans(),
)
def test_a_template_of_anything(
        sections: dict[str, Any], kinds: list[str], properties: Any, rest: Any, sam: bool,
) -> None:
    resources = {
        name: {'Type': kind, 'Properties': properties, 'Condition': rest, 'Metadata': rest}
        for name, kind in zip('AB', kinds)
    }
    data = {
        'AWSTemplateFormatVersion': '2010-09-09',
        'Conditions': {'A': {'Fn::Equals': [{'Ref': 'P'}, 'x']}, 'C': rest},
        'Resources': resources,
        **sections,
    }
    if sam:
        data['Transform'] = 'AWS::Serverless-2016-10-31'
    ends(json.dumps(data).encode())


@QUICK
@given(states=st.dictionaries(st.sampled_from('ABC'), ANYTHING, max_size=3), extra=ANYTHING)
def test_a_state_machine_of_anything(states: dict[str, Any], extra: Any) -> None:
    kinds = ['Map', 'Task', 'Parallel', 'Choice', 'Wait', 'Pass']
    full = {
        name: {
            'Type': kinds[index], 'ItemProcessor': extra, 'Branches': [extra], 'Choices': [extra],
            'Catch': extra, 'Retry': [extra], 'Resource': extra, 'Parameters': extra, 'Next': extra,
            **(state if isinstance(state, dict) else {}),
        }
        for index, (name, state) in enumerate(states.items())
    }
    definition = {'StartAt': 'A', 'States': {**full, 'D': extra}}
    ends(json.dumps(definition).encode())
    ends(json.dumps({'Resources': {'A': {
        'Type': 'AWS::StepFunctions::StateMachine',
        'Properties': {'DefinitionString': json.dumps(definition), 'Definition': extra},
    }, 'B': {
        'Type': 'AWS::StepFunctions::StateMachine', 'Properties': {'Definition': definition},
    }}}).encode())


def test_a_broken_definition_is_told_once(
        tmp_path: File, capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / 'template.yaml').write_text("""\
Resources:
  Daily:
    Type: AWS::StepFunctions::StateMachine
    Properties:
      DefinitionUri: daily.asl.json
""", 'utf-8')
    (tmp_path / 'daily.asl.json').write_text('{"StartAt": "A",\n "States": {"A": 1 2}}', 'utf-8')
    assert cli.main([str(tmp_path), '--select', 'EC']) == 2
    lines = [line for line in capsys.readouterr().out.split('\n') if 'daily.asl.json:' in line]
    assert len(lines) == 1
    assert ':2:20: EC2028 ' in lines[0]
