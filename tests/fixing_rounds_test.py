"""Which edits stay: of rules made to fail in every way that an edit can."""
from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path as File
from typing import Any

import pytest

from thera_lint import fixing
from thera_lint import registry
from thera_lint.config import Config
from thera_lint.project import Project
from thera_lint.rule import Declare
from thera_lint.rule import Edit
from thera_lint.rule import Finding
from thera_lint.rule import Fix
from thera_lint.rule import Options
from thera_lint.rule import ProjectRule
from thera_lint.rule import Remove
from thera_lint.rule import ResourceRule
from thera_lint.rule import Set
from thera_lint.template import Resource


class Topics(ResourceRule):
    """Base of rules on the name of a topic."""

    remedy = 'mend it'
    resources = ('AWS::SNS::Topic',)
    word = ''
    safe = True

    def check(self, resource: Resource, project: Project, options: Options) -> Iterator[Finding]:
        if resource.properties.text('TopicName') == self.word:
            yield Finding(
                ('TopicName',), f'`{resource.logical_id}` is {self.word}',
                fix=Fix('mend it', self.safe, self.edits()),
            )

    def edits(self) -> tuple[Edit, ...]:
        raise NotImplementedError


class Good(Topics):
    """Its edit ends it."""

    id = 'WC9901'
    word = 'good'

    def edits(self) -> tuple[Edit, ...]:
        return (Remove(('TopicName',)),)


class Useless(Topics):
    """Its edit does not end it."""

    id = 'WC9902'
    word = 'useless'

    def edits(self) -> tuple[Edit, ...]:
        return (Set(('DisplayName',), 'x'),)


class Harmful(Topics):
    """Its edit brings another finding."""

    id = 'WC9903'
    word = 'harmful'

    def edits(self) -> tuple[Edit, ...]:
        return (Set(('TopicName',), 'useless'),)


class Fatal(Topics):
    """Its edit makes a rule fail."""

    id = 'WC9904'
    word = 'fatal'

    def edits(self) -> tuple[Edit, ...]:
        return (Set(('TopicName',), 'boom'),)


class Declaring(Topics):
    """Its edit declares a topic, which has a finding if it is called so."""

    id = 'WC9905'
    word = 'declaring'
    safe = False

    def edits(self) -> tuple[Edit, ...]:
        topic = {'Type': 'AWS::SNS::Topic', 'Properties': {'TopicName': 'useless'}}
        return (Remove(('TopicName',)), Declare('Declared', topic))


class Far(Topics):
    """Its edit brings a finding in another file."""

    id = 'WC9906'
    word = 'far'

    def edits(self) -> tuple[Edit, ...]:
        return (Set(('TopicName',), 'twin'),)


class Twins(ProjectRule):
    """Two topics called twin, found at the last one."""

    id = 'WC9907'
    remedy = 'call one otherwise'

    def check(self, project: Project, options: Options) -> Iterator[tuple[Resource, Finding]]:
        twins = [
            one for one in project.resources('AWS::SNS::Topic')
            if one.properties.text('TopicName') == 'twin'
        ]
        if len(twins) > 1:
            yield twins[-1], Finding(('TopicName',), 'twins')


class Bomb(Topics):
    """It fails on a topic called boom."""

    id = 'WC9908'

    def check(self, resource: Resource, project: Project, options: Options) -> Iterator[Finding]:
        if resource.properties.text('TopicName') == 'boom':
            raise ZeroDivisionError('boom')
        yield from ()


class Lonely(ResourceRule):
    """It adds a second subscription."""

    id = 'WC9909'
    remedy = 'add one'
    resources = ('AWS::SNS::Topic',)

    def check(self, resource: Resource, project: Project, options: Options) -> Iterator[Finding]:
        given = resource.properties.seq('Subscription') or ()
        if len(given) == 1:
            edit = Set(('Subscription', 1), {'Protocol': 'sqs'})
            yield Finding((), 'one', fix=Fix('add one', True, (edit,)))


class Unshown(ResourceRule):
    """It adds a name to show."""

    id = 'WC9900'
    remedy = 'show it'
    resources = ('AWS::SNS::Topic',)

    def check(self, resource: Resource, project: Project, options: Options) -> Iterator[Finding]:
        if resource.attributes.text('DeletionPolicy') == 'Retain':
            if resource.properties.absent('DisplayName'):
                edit = Set(('DisplayName',), 'it')
                yield Finding((), 'unshown', fix=Fix('show it', True, (edit,)))


class Unnamed(Unshown):
    """It adds a name."""

    id = 'WC9910'

    def check(self, resource: Resource, project: Project, options: Options) -> Iterator[Finding]:
        if resource.attributes.text('DeletionPolicy') == 'Retain':
            if resource.properties.absent('TopicName'):
                edit = Set(('TopicName',), 'it')
                yield Finding((), 'unnamed', fix=Fix('name it', True, (edit,)))


class Unkept(ProjectRule):
    """A keeper where no topic is kept, found at the keeper."""

    id = 'WC9911'
    remedy = 'keep one'

    def check(self, project: Project, options: Options) -> Iterator[tuple[Resource, Finding]]:
        topics = list(project.resources('AWS::SNS::Topic'))
        if not any(one.attributes.text('DeletionPolicy') == 'Retain' for one in topics):
            for one in topics:
                if one.properties.text('DisplayName') == 'keeper':
                    yield one, Finding((), 'nothing is kept')


@pytest.fixture(autouse=True)
def rules(monkeypatch: pytest.MonkeyPatch, tmp_path: File) -> None:
    used: list[Any] = [
        Good(), Useless(), Harmful(), Fatal(), Declaring(), Far(), Twins(), Bomb(), Lonely(),
        Unshown(), Unnamed(), Unkept(),
    ]
    monkeypatch.setattr(registry, 'all_rules', lambda: used)
    monkeypatch.setattr(registry, 'rules_for', lambda types, states: used)
    monkeypatch.chdir(tmp_path)


def write(name: str, *words: str) -> None:
    File(name).write_text(json.dumps({'Resources': {
        f'T{number}': {'Type': 'AWS::SNS::Topic', 'Properties': {'TopicName': word}}
        for number, word in enumerate(words)
    }}, indent=1))


def fix(*, unsafe: bool = False) -> fixing.Fixed:
    return fixing.fix('.', unsafe=unsafe, config=Config())


def names(fixed: fixing.Fixed) -> dict[str, list[str]]:
    """The topics' names in each file that changes."""
    return {
        filename: [
            one.get('Properties', {}).get('TopicName', '')
            for one in json.loads(change.new)['Resources'].values()
        ] for filename, change in fixed.changes.items()
    }


def refused(fixed: fixing.Fixed) -> list[tuple[str, str, str]]:
    return sorted((one.found.filename, one.found.resource, one.reason) for one in fixed.refused)


def test_all_that_hold_are_made_in_one_round() -> None:
    write('a.json', *['good'] * 5)
    write('b.json', 'good', 'other')
    fixed = fix()
    assert names(fixed) == {'a.json': [''] * 5, 'b.json': ['', 'other']}
    assert len(fixed.done) == 6 and fixed.refused == [] and fixed.linted.found == []


@pytest.mark.parametrize(('before', 'after', 'runs'), [
    # Where several blocks end, the inner one grows first.
    ("""
    Properties:
      Subscription:
        - Protocol: email
""", """
    Properties:
      Subscription:
        - Protocol: email
        - Protocol: sqs
      DisplayName: it
      TopicName: it
""", 2),
    ("""
    Properties:
      Subscription:
      - Protocol: email""", """
    Properties:
      Subscription:
      - Protocol: email
      - Protocol: sqs
      DisplayName: it
      TopicName: it""", 2),
    # What both would make is made once, and then there.
    ('\n', '\n    Properties:\n      DisplayName: it\n      TopicName: it\n', 3),
])
def test_what_is_added_at_one_place_does_not_get_mixed(
        monkeypatch: pytest.MonkeyPatch, before: str, after: str, runs: int,
) -> None:
    linted = []
    lint = fixing.lint
    monkeypatch.setattr(
        fixing, 'lint', lambda *given, **more: linted.append(1) or lint(*given, **more),
    )
    top = 'Resources:\n  T:\n    Type: AWS::SNS::Topic\n    DeletionPolicy: Retain'
    File('a.yaml').write_text(top + before)
    fixed = fix()
    assert fixed.changes['a.yaml'].new.decode() == top + after
    assert fixed.refused == [] and fixed.linted.found == []
    assert len(linted) == runs


def test_a_file_that_cannot_be_read_explains_all_the_rest() -> None:
    # Together its two edits lack a comma; without the file, nothing is kept.
    File('a.yaml').write_text(
        'Resources:\n  A:\n    Type: AWS::SNS::Topic\n    DeletionPolicy: Retain\n'
        '    Properties: {\n      KmsMasterKeyId: x  # here\n    }\n',
    )
    topic = {'Type': 'AWS::SNS::Topic', 'Properties': {
        'TopicName': 'good', 'DisplayName': 'keeper',
    }}
    File('b.json').write_text(json.dumps({'Resources': {'B': topic}}))
    fixed = fix()
    assert fixed.refused == [] and fixed.linted.found == []
    assert sorted(one.rule.id for one in fixed.done) == ['WC9900', 'WC9901', 'WC9910']


@pytest.mark.parametrize(('word', 'reason'), [
    ('useless', 'the finding would stay'),
    ('harmful', 'it would bring WC9902'),
    ('fatal', 'WC9908 fails on the result'),
])
def test_what_does_not_hold_is_left_alone(word: str, reason: str) -> None:
    write('a.json', 'good', word, 'good', word, 'good')
    write('b.json', word)
    write('c.json', 'good')
    fixed = fix()
    assert names(fixed) == {'a.json': ['', word, '', word, ''], 'c.json': ['']}
    assert refused(fixed) == [
        ('a.json', 'T1', reason), ('a.json', 'T3', reason), ('b.json', 'T0', reason),
    ]
    assert len(fixed.done) == 4
    assert [one.resource for one in fixed.linted.found] == ['T1', 'T3', 'T0']


def test_what_would_come_in_another_file_counts_too() -> None:
    write('a.json', 'good', 'far')
    write('b.json', 'good', 'twin')
    write('c.json', 'good', 'far')
    fixed = fix()
    # Of the twins, the last of the run is told.
    assert refused(fixed) == [
        ('a.json', 'T1', 'it would bring WC9907'), ('c.json', 'T1', 'it would bring WC9907'),
    ]
    assert names(fixed) == {
        'a.json': ['', 'far'], 'b.json': ['', 'twin'], 'c.json': ['', 'far'],
    }


def test_unsafe_ones_only_when_asked_for_and_last() -> None:
    write('a.json', 'declaring', 'good')
    assert names(fix()) == {'a.json': ['declaring', '']}
    fixed = fix(unsafe=True)
    assert refused(fixed) == [('a.json', 'T0', 'it would bring WC9902')]
    assert [one.rule.id for one in fixed.done] == ['WC9901']


def test_a_file_that_is_gone_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    write('a.json', 'good')

    def gone(filename: str) -> bytes:
        raise OSError(2, 'No such file or directory', filename)

    linted = fixing.lint('.', config=Config())
    monkeypatch.setattr(fixing, 'lint', lambda *arguments, **more: linted)
    monkeypatch.setattr(fixing.files, 'bytes_of', gone)
    fixed = fix()
    assert fixed.changes == {} and fixed.done == []
    assert 'No such file or directory' in fixed.refused[0].reason


def test_a_file_with_several_names_is_edited_once() -> None:
    write('a.json', 'good')
    File('link.json').symlink_to('a.json')
    fixed = fixing.fix(
        ['link.json', 'a.json', str(File('a.json').absolute())], config=Config(),
    )
    assert len(fixed.changes) == 1
    assert [one.rule.id for one in fixed.done] == ['WC9901']
    assert fixed.linted.found == [] and len(fixed.linted.checked) == 3


def test_what_cdk_writes_is_not_edited() -> None:
    File('cdk.out').mkdir()
    for mark in ('cdk.out', 'manifest.json'):
        (File('cdk.out') / mark).write_text('{}')
    write('cdk.out/Lake.template.json', 'good')
    fixed = fixing.fix('cdk.out', config=Config())
    assert fixed.changes == {}
    assert [one.reason for one in fixed.refused] == [
        'cannot edit the file: CDK writes it, so the construct must be changed',
    ]
