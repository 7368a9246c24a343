"""What is ignored, by whom and why; and what is said of ignores that can't be meant."""
from __future__ import annotations

import json
from pathlib import Path as File
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thera_lint import ignores
from thera_lint import lint
from thera_lint.api import Linted
from thera_lint.config import Config
from thera_lint.config import Layer
from thera_lint.config import with_arguments
from thera_lint.engine import Found
from thera_lint.rule import Rule
from thera_lint.rules.stepfunctions.unbounded_map import UnboundedMap
from thera_lint.source import read
from thera_lint.source import Span

BUCKET = """\
Resources:
  Bronze:
    Type: AWS::S3::Bucket
    Properties:
      Tags: [{Key: Project, Value: thera}]
      VersioningConfiguration:
        Status: Enabled
"""
MACHINE = """\
Resources:
  Daily:
    Type: AWS::StepFunctions::StateMachine
    Properties:
      Tags: [{Key: Team, Value: data}]
      Definition:
        StartAt: FanOut
        States:
          FanOut: &map
            Type: Map
            ItemProcessor:
              StartAt: Inner
              States:
                Inner: {Type: Task, Resource: 'arn:aws:lambda:us-east-1:1:function:f', End: true}
            Next: Again
          Again:
            Type: Map
            ItemProcessor:
              StartAt: Inner2
              States:
                Inner2: {Type: Task, Resource: 'arn:aws:lambda:us-east-1:1:function:f', End: true}
            End: true
"""


def linted(text: str | bytes, name: str = 'template.yaml') -> Linted:
    data = text if isinstance(text, bytes) else text.encode()
    wanted = ('WC4001', 'WC4003', 'WC2001', 'EC0002', 'WC0003', 'EC0001')
    return lint(data, name=name, config=Config(arguments=Layer(select=wanted)))


def told(one: Linted) -> list[str]:
    return [f'{found.span.line + 1}:{found.span.column + 1} {found.rule.id}' for found in one.found]


def dropped(one: Linted) -> list[tuple[str, str, str]]:
    return [(ignored.found.rule.id, ignored.by, ignored.reason) for ignored in one.ignored]


def commented(line: int, comment: str, *, above: bool = False) -> str:
    """BUCKET with a comment at the end of a line (one-based) or above it."""
    lines = BUCKET.splitlines()
    if above:
        lines.insert(line - 1, comment)
    else:
        lines[line - 1] += ' ' + comment
    return '\n'.join(lines) + '\n'


def test_without_ignores() -> None:
    one = linted(BUCKET)
    assert told(one) == ['2:3 WC4001', '6:7 WC4003']
    assert dropped(one) == []


@pytest.mark.parametrize(('line', 'above'), [(2, False), (2, True)])
def test_a_comment_on_the_line_or_above_it(line: int, above: bool) -> None:
    one = linted(commented(line, '# thera-lint: ignore[WC4001] kept by contract', above=above))
    assert [found.rule.id for found in one.found] == ['WC4003']
    assert dropped(one) == [('WC4001', 'comment', 'kept by contract')]


def test_a_comment_above_other_comments() -> None:
    text = commented(2, '  # thera-lint: ignore[WC4001]\n  # more to say', above=True)
    assert dropped(linted(text)) == [('WC4001', 'comment', '')]


def test_a_comment_elsewhere_is_idle() -> None:
    one = linted(commented(3, '# thera-lint: ignore[WC4001] kept'))
    assert told(one) == ['2:3 WC4001', '3:27 WC0003', '6:7 WC4003']
    assert one.found[1].message == 'the ignore of WC4001 drops nothing'
    one = linted(commented(2, '# thera-lint: ignore[WC4001]\n', above=True))
    assert 'WC4001' in ' '.join(told(one)), 'an empty line parts a comment from what follows'


@pytest.mark.parametrize(('comment', 'message'), [
    ('# thera-lint: ignore', '`# thera-lint: ignore` names no rule'),
    ('# thera-lint: ignore []', '`# thera-lint: ignore []` names no rule'),
    ('# thera-lint: disable[WC4001]', '`# thera-lint: disable[WC4001]` is no directive'),
    ('# thera-lint: ignore[WC]', 'the ignore of `WC` is too wide: name the rules, or the '),
    ('# thera-lint: ignore[WC4901]', 'no rule `WC4901` to ignore; near: WC4011, WC4010, WC4001'),
    ('# thera-lint: ignore[bucket_without_lifecycle]', 'no rule `bucket_without_lifecycle` to ig'),
])
def test_a_comment_that_cannot_be_meant(comment: str, message: str) -> None:
    one = linted(commented(2, comment))
    assert told(one) == ['2:3 WC4001', '2:11 EC0002', '6:7 WC4003']
    assert one.found[1].message.startswith(message)
    assert dropped(one) == []


@pytest.mark.parametrize('text', [
    BUCKET.replace('thera}', '"a # thera-lint: ignore[WC4001]"}'),
    BUCKET.replace('thera}', "'# thera-lint: ignore[WC4001]'}"),
    BUCKET + '      BucketName: |\n        # thera-lint: ignore[WC4001]\n',
    BUCKET + '      BucketName: >-\n        a\n        # thera-lint: ignore[WC4001]\n        b\n',
])
def test_text_is_no_comment(text: str) -> None:
    assert [found.rule.id for found in linted(text).found] == ['WC4001', 'WC4003']


def test_a_comment_after_text_with_a_hash() -> None:
    text = BUCKET.replace(
        '  Bronze:', "  Bronze: # why: '#1' # thera-lint: ignore[WC4001, WC4003] both",
    )
    assert dropped(linted(text)) == [('WC4001', 'comment', 'both')]
    assert told(linted(text))[0].endswith('WC0003'), 'WC4003 is found on another line'


def metadata(ignore: Any, kind: str = 'thera-lint') -> str:
    data = read('template.yaml', BUCKET).data
    data['Resources']['Bronze']['Metadata'] = {kind: ignore}
    return json.dumps(data, indent=1)


@pytest.mark.parametrize(('ignore', 'ids', 'reasons'), [
    ({'WC4001': 'by contract'}, ['WC4003'], ['by contract']),
    ({'WC4001': 'by contract', 'WC4003': None}, [], ['by contract', '']),
    (['WC4003'], ['WC4001'], ['']),
    ('WC4003', ['WC4001'], ['']),
    ({'WC4': 'all of S3'}, [], ['all of S3', 'all of S3']),
    ({'Bronze': {'WC4001': 'said twice'}}, ['WC4003'], ['said twice']),
    ({'WC2001': 'idle'}, ['WC4001', 'WC4003', 'WC0003'], []),
    ({'Silver': ['WC4001']}, ['WC4001', 'WC4003', 'WC0003'], []),
    ({'W': 'all'}, ['WC4001', 'WC4003', 'EC0002'], []),
    ({'WC4001': {'deep': 'er'}}, ['WC4001', 'WC4003', 'EC0002'], []),
    (7, ['WC4001', 'WC4003'], []),
])
def test_metadata_of_a_resource(ignore: Any, ids: list[str], reasons: list[str]) -> None:
    one = linted(metadata({'ignore': ignore}), 'template.json')
    assert [found.rule.id for found in one.found] == ids
    assert [ignored.reason for ignored in one.ignored] == reasons
    assert {ignored.by for ignored in one.ignored} <= {'Metadata of Bronze'}


def test_an_idle_metadata_has_its_place() -> None:
    one = linted(BUCKET + """\
    Metadata:
      thera-lint:
        ignore:
          WC4001: by contract
          WC2001: no machine here
""")
    assert told(one) == ['6:7 WC4003', '12:11 WC0003']


def test_metadata_for_cfn_lint() -> None:
    one = linted(metadata({'config': {'ignore_checks': ['WC4001', 'E1']}}, 'cfn-lint'))
    assert (dropped(one), [found.rule.id for found in one.found]) == (
        [('WC4001', 'Metadata for cfn-lint', '')], ['WC4003'],
    )
    one = linted(metadata({'config': {'ignore_checks': ['WC40']}}, 'cfn-lint'))
    assert dropped(one) == [], 'cfn-lint takes whole ids on a resource'
    data = read('template.yaml', BUCKET).data
    data['Metadata'] = {'cfn-lint': {'config': {'ignore_checks': ['WC4']}}}
    assert [found.rule.id for found in linted(json.dumps(data)).found] == []


def test_a_state_by_the_metadata_of_the_template() -> None:
    one = linted(
        'Metadata:\n  thera-lint:\n    ignore:\n      Daily/Again: {WC2001: two}\n' + MACHINE,
    )
    assert [found.state for found in one.found] == ['FanOut']
    assert [(ignored.found.state, *dropped(one)[0][1:]) for ignored in one.ignored] == [
        ('Again', 'Metadata of the template', 'two'),
    ]
    one = linted('Metadata: {thera-lint: {ignore: {Daily: [WC2001]}}}\n' + MACHINE)
    assert told(one) == []
    one = linted('Metadata: {thera-lint: {ignore: {Daily/Gone: [WC2001]}}}\n' + MACHINE)
    assert one.found[0].message == 'the ignore of WC2001 at `Daily/Gone` drops nothing'
    assert told(one)[0] == '1:47 WC0003'


def test_comments_in_a_state_machine(tmp_path: File) -> None:
    text = MACHINE.replace('          Again:', '          Again: # thera-lint: ignore[WC2001] two')
    assert [found.state for found in linted(text).found] == ['FanOut']
    alone = '\n'.join(line[8:] for line in MACHINE.splitlines()[6:])
    assert len(linted(alone, 'a.asl.yaml').found) == 2
    ignoring = alone.replace('  FanOut:', '  # thera-lint: ignore[WC2001]\n  FanOut:')
    assert [found.state for found in linted(ignoring, 'a.asl.yaml').found] == ['Again']


def test_comments_in_a_definition_file(tmp_path: File) -> None:
    """The comment stands in the definition's file, the resource in the template's."""
    alone = '\n'.join(line[8:] for line in MACHINE.splitlines()[6:])
    (tmp_path / 'm.asl.yaml').write_text(
        alone.replace('  Again:', '  Again: # thera-lint: ignore[WC2001] two'),
    )
    (tmp_path / 'template.yaml').write_text("""\
Transform: AWS::Serverless-2016-10-31
Resources:
  Daily:
    Type: AWS::Serverless::StateMachine
    Properties: {DefinitionUri: m.asl.yaml}
""")
    one = lint(tmp_path / 'template.yaml', config=Config())
    states = [found.state for found in one.found if found.rule.id == 'WC2001']
    assert states == ['FanOut']
    assert [ignored.reason for ignored in one.ignored] == ['two']


def test_what_sam_makes_of_a_resource_is_ignored_with_it() -> None:
    text = """\
Transform: AWS::Serverless-2016-10-31
Resources:
  Pull:
    Type: AWS::Serverless::Function
    Metadata: {thera-lint: {ignore: {WC6001: it must}}}
    Properties:
      Events:
        Often: {Type: Schedule, Properties: {Schedule: rate(1 minute)}}
"""
    one = lint(text, config=Config())
    assert 'WC6001' not in [found.rule.id for found in one.found]
    assert [ignored.found.rule.id for ignored in one.ignored] == ['WC6001']


def test_an_ignore_of_a_rule_that_did_not_run_is_not_idle() -> None:
    text = commented(2, '# thera-lint: ignore[WC4001] kept')
    one = lint(text, config=Config(arguments=Layer(ignore=('WC4001', 'WC8'))))
    assert [found.rule.id for found in one.found] == ['WC7010', 'WC4003']


def test_a_wide_ignore_is_judged_when_all_that_it_names_has_run() -> None:
    text = commented(2, '# thera-lint: ignore[WC4] kept')

    def found(*select: str) -> list[str]:
        return told(lint(text, config=Config(arguments=Layer(select=('WC0003', *select)))))

    assert found('WC4003') == ['6:7 WC4003'], 'WC4001 may need it'
    assert found('WC4') == ['6:7 WC4003']
    mended = text.replace('      Versioning', """\
      LifecycleConfiguration:
        Rules:
        - {Status: Enabled, ExpirationInDays: 9, NoncurrentVersionExpiration: {NoncurrentDays: 9}}
      Versioning""")
    idle = lint(mended, config=Config(arguments=Layer(select=('WC0003', 'WC4'))))
    assert told(idle)[0] == '2:11 WC0003'


def test_an_ignore_of_a_rule_that_crashed_is_not_idle(monkeypatch: pytest.MonkeyPatch) -> None:
    def crash(*args: object) -> None:
        raise RuntimeError

    monkeypatch.setattr('thera_lint.rules.s3.bucket_without_lifecycle.BucketWithoutLifecycle.check',
                        crash)
    one = linted(commented(2, '# thera-lint: ignore[WC4001] kept'))
    assert told(one) == ['6:7 WC4003']
    assert [crash.rule.id for crash in one.crashes] == ['WC4001']


def test_two_directives_in_one_comment() -> None:
    comment = '# thera-lint: ignore[WC4001] by law # thera-lint: ignore[WC4003] # later'
    one = linted(commented(2, comment))
    assert dropped(one) == [('WC4001', 'comment', 'by law')]
    assert told(one) == ['2:11 WC0003', '6:7 WC4003']
    assert one.found[0].message == 'the ignore of WC4003 drops nothing'


def test_metadata_in_a_loop() -> None:
    text = """\
Transform: AWS::LanguageExtensions
Resources:
  Fn::ForEach::Buckets:
  - Name
  - [Raw, Clean]
  - 'Bucket${Name}':
      Type: AWS::S3::Bucket
      Metadata: {thera-lint: {ignore: {WC4001: kept, WC2001: idle}}}
"""
    one = linted(text)
    assert [(ignored.found.resource, ignored.reason) for ignored in one.ignored] == [
        ('BucketClean', 'kept'), ('BucketRaw', 'kept'),
    ]
    assert told(one) == ['8:54 WC0003'], 'once, as it is written'


def test_metadata_behind_an_anchor_is_needed_by_one() -> None:
    text = BUCKET + """\
    Metadata: &kept {thera-lint: {ignore: {WC4003: kept}}}
  Silver:
    Type: AWS::S3::Bucket
    Metadata: *kept
"""
    assert told(linted(text)) == ['2:3 WC4001', '9:3 WC4001']


def test_a_state_is_no_resource() -> None:
    one = lint(
        b'StartAt: Fan\nStates:\n  Fan: {Type: Succeed}\n', name='a.asl.yaml', config=Config(),
    )
    ignore = ignores.Ignore('WC2001', '', 'Fan', '', 'configuration', '', Span(0, 0, 0, 1))
    found = Found('a.asl.yaml', Span(2, 2, 2, 5), Rule(), '', ('States', 'Fan'), 'a.asl.yaml')
    assert one.found == []
    assert not ignore.covers(found._replace(rule=UnboundedMap()))
    assert ignore._replace(resource='a.asl.yaml').covers(found._replace(rule=UnboundedMap()))


STORED = """\
Resources:
  Daily:
    Type: AWS::Serverless::StateMachine
    Metadata: {thera-lint: {ignore: {WC2001: two}}}
    Properties: {DefinitionUri: daily.asl.yaml}
Transform: AWS::Serverless-2016-10-31
"""


@pytest.fixture
def stored(tmp_path: File, monkeypatch: pytest.MonkeyPatch) -> File:
    """A state machine in a file, and a template that makes a resource of it."""
    monkeypatch.chdir(tmp_path)
    alone = '\n'.join(line[8:] for line in MACHINE.splitlines()[6:])
    (tmp_path / 'daily.asl.yaml').write_text(alone)
    (tmp_path / 'template.yaml').write_text(STORED)
    return tmp_path


NARROW = Config(arguments=Layer(select=('WC2001', 'WC0003', 'EC0002')))


def test_metadata_reaches_a_definition_file(stored: File) -> None:
    assert dropped(lint('.', config=NARROW)) == [('WC2001', 'Metadata of Daily', 'two')] * 2
    # A hook that got the definition only, and knows the template.
    one = lint('daily.asl.yaml', context='.', config=NARROW)
    assert dropped(one) == [('WC2001', 'Metadata of Daily', 'two')] * 2
    assert told(one) == []
    # Without the definition nobody knows whether it is needed.
    (stored / 'daily.asl.yaml').unlink()
    assert told(lint('.', config=NARROW)) == []
    conf = 'select: [WC2001, WC0003]\nignore: {Daily/Again: [WC2001]}\n'
    (stored / '.thera-lint.yaml').write_text(conf)
    assert told(lint('.')) == []
    (stored / 'daily.asl.yaml').write_text('StartAt: Done\nStates: {Done: {Type: Succeed}}\n')
    assert told(lint('.', config=NARROW)) == ['4:38 WC0003']
    assert told(lint('.')) == ['2:24 WC0003', '4:38 WC0003']


def test_comments_in_a_definition_file_without_findings(stored: File) -> None:
    (stored / 'daily.asl.yaml').write_text(
        '# thera-lint: ignore[WC2001]\nStartAt: Done  # thera-lint: ignore\n'
        'States: {Done: {Type: Succeed}}\n',
    )
    (stored / 'template.yaml').write_text(STORED.replace('WC2001: two', ''))
    one = lint('.', config=NARROW)
    assert [(found.filename, found.rule.id) for found in one.found] == [
        ('daily.asl.yaml', 'WC0003'), ('daily.asl.yaml', 'EC0002'),
    ]


@pytest.mark.parametrize('ignore', [
    'ignore: {Daily/Again: {WC2001: two}}',
    'ignore: {daily.asl.yaml/Again: {WC2001: two}}',
    'paths: [{path: template.yaml, ignore: {Daily/Again: {WC2001: two}}}]',
    'paths: [{path: daily.asl.yaml, ignore: {Daily/Again: {WC2001: two}}}]',
])
def test_a_configuration_reaches_a_definition_file(stored: File, ignore: str) -> None:
    (stored / 'template.yaml').write_text(STORED.replace('WC2001: two', ''))
    (stored / '.thera-lint.yaml').write_text(f'select: [WC2001, WC0003]\n{ignore}\n')
    one = lint('.')
    assert [found.state or found.message for found in one.found] == ['FanOut']
    assert [(ignored.found.state, ignored.reason) for ignored in one.ignored] == [('Again', 'two')]


def test_under_other_parameters_an_ignore_may_be_needed() -> None:
    text = commented(2, '# thera-lint: ignore[WC4003]') + 'Parameters: {Stage: {Type: String}}\n'
    asked = Config(arguments=Layer(select=('WC4003', 'WC0003')))
    assert told(lint(text, config=asked)) == ['2:11 WC0003', '6:7 WC4003']
    varied = with_arguments(Config(), list, parameters=['Stage=dev'])
    assert 'WC0003' not in ' '.join(told(lint(text, config=varied)))
    assert told(lint(text, config=asked._replace(environments={'dev': Layer()}))) == ['6:7 WC4003']
    without = text.replace('Parameters: {Stage: {Type: String}}\n', '')
    assert told(lint(without, config=asked._replace(environments={'dev': Layer()}))) == [
        '2:11 WC0003', '6:7 WC4003',
    ]


WORDS = st.text(st.sampled_from('WCE4120/abé "\n'), max_size=8)
FORMS = st.recursive(
    st.none() | st.booleans() | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=8,
)


@given(FORMS)
def test_any_form_is_entries_that_stand_where_they_say(form: Any) -> None:
    for entry in ignores.entries(form):
        node = form
        for part in entry.path[:-1]:
            node = node[part]
        if entry.path:
            assert entry.rule in (entry.path[-1], node[entry.path[-1]])
        assert isinstance(entry.rule, str) and isinstance(entry.reason, str)
