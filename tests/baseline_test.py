"""A baseline holds what was found when it was written, and nothing else."""
from __future__ import annotations

import json
import os
import random
import shutil
import tempfile
from collections.abc import Iterator
from collections.abc import Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from typing import NamedTuple

import pytest
import yaml
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from thera_lint import baseline
from thera_lint import engine
from thera_lint import files
from thera_lint import registry
from thera_lint.baseline import Applied
from thera_lint.baseline import Entry
from thera_lint.baseline import Scope
from thera_lint.builtin import IdleIgnore
from thera_lint.engine import Found
from thera_lint.engine import Settings
from thera_lint.rule import ProjectRule
from thera_lint.source import SourceError
from thera_lint.source import Span

EVERY = ('E', 'W', 'I')


class Run(NamedTuple):
    found: list[Found]
    scope: Scope

    def entries(self, old: Sequence[Entry] = ()) -> list[Entry]:
        return baseline.renewed(old, self.found, self.scope)

    def applied(self, entries: Sequence[Entry]) -> Applied:
        return baseline.applied(entries, self.found, self.scope)

    def places(self, found: Sequence[Found]) -> list[tuple[str, int, str]]:
        return [
            (self.scope.relative(one.filename), one.span.line + 1, one.rule.id) for one in found
        ]


def run(folder: Path, *names: str, select: tuple[str, ...] = EVERY) -> Run:
    """Lint a folder, or these files of it, as the command does."""
    def relative(filename: str) -> str:
        return os.path.relpath(filename, folder).replace(os.sep, '/')

    loaded = files.load([str(folder / name) for name in names or ('',)])
    found = [*loaded.unreadable, *engine.lint(loaded.project, Settings(select)).found]
    linted = names or [
        path.relative_to(folder).as_posix() for path in folder.rglob('*') if path.is_file()
    ]
    return Run(
        [one for one in found if one.rule.id.startswith(select)],
        Scope(
            loaded.project,
            frozenset(linted),
            relative,
            lambda name: (folder / name).exists(),
            lambda id: id.startswith(select),
        ),
    )


def resource(type: str, **properties: Any) -> dict[str, Any]:
    return {'Type': f'AWS::{type}', 'Properties': properties}


def bucket(*days: int) -> dict[str, Any]:
    """WC4005 for each rule: it moves objects that it deletes on the next day."""
    return resource('S3::Bucket', LifecycleConfiguration={'Rules': [
        {
            'Status': 'Enabled',
            'Prefix': f'day{day}/',
            'Transitions': [{'StorageClass': 'GLACIER', 'TransitionInDays': day}],
            'ExpirationInDays': day + 1,
        } for day in days
    ]})


def definition(*attempts: int, name: str = 'Work') -> dict[str, Any]:
    """WC2007 for each retrier, below a WC2001."""
    work = {
        'Type': 'Task',
        'Resource': 'arn:aws:states:::lambda:invoke',
        'Parameters': {'FunctionName': 'worker'},
        'Retry': [{'ErrorEquals': [f'Error{n}'], 'MaxAttempts': n} for n in attempts],
        'End': True,
    }
    fan = {
        'Type': 'Map',
        'ItemProcessor': {'StartAt': name, 'States': {name: work}},
        'End': True,
    }
    return {'StartAt': 'Fan', 'States': {'Fan': fan}}


def function(memory: int, timeout: int = 900) -> dict[str, Any]:
    return resource(
        'Lambda::Function', Handler='a.b', Runtime='python3.12', MemorySize=memory,
        Timeout=timeout, Code={'S3Bucket': 'b', 'S3Key': 'k'}, Role='role',
    )


LOGS = resource('Logs::LogGroup')


def template(**resources: Any) -> str:
    """YAML."""
    return yaml.safe_dump({'Resources': resources}, sort_keys=False, width=10**6)


# --- one resource


def test_lines_move_and_numbers_change(tmp_path: Path) -> None:
    file = tmp_path / 'a.yaml'
    file.write_text(template(Fn=function(9000)))
    entries = run(tmp_path).entries()
    file.write_text('# a comment\n\n' + template(Logs=LOGS, Fn=function(8000)))
    now = run(tmp_path, select=('WC1001', 'WC7001'))
    assert now.places(now.applied(entries).left) == [('a.yaml', 4, 'WC7001')]
    [(found, entry)] = now.applied(entries).held
    assert (found.span.line + 1, entry.message[:17]) == (12, '`Fn` has 9000 MB,')


@pytest.mark.parametrize('days', [(9, 1, 2), (1, 9, 2), (1, 2, 9)])
def test_of_the_items_in_a_list_the_new_one_is_told(tmp_path: Path, days: list[int]) -> None:
    file = tmp_path / 'a.yaml'
    file.write_text(template(Bronze=bucket(1, 2)))
    entries = run(tmp_path).entries()
    file.write_text(template(Bronze=bucket(*days)))
    [new] = run(tmp_path).applied(entries).left
    assert new.path[-3:] == (days.index(9), 'Transitions', 0)


def test_an_item_that_looks_like_the_new_one_is_told_apart_by_what_it_lies_in(
        tmp_path: Path,
) -> None:
    file, body = tmp_path / 'a.yaml', bucket(1)
    rules = body['Properties']['LifecycleConfiguration']['Rules']
    file.write_text(template(Bronze=body))
    entries = run(tmp_path).entries()
    rules.insert(0, {**rules[0], 'Prefix': 'day2/'})
    file.write_text(template(Bronze=body))
    [new] = run(tmp_path).applied(entries).left
    assert new.path[-3:] == (0, 'Transitions', 0)


def test_the_last_of_items_that_are_the_same_is_told(tmp_path: Path) -> None:
    file = tmp_path / 'm.asl.json'
    file.write_text(json.dumps(definition(50, 50)))
    entries = run(tmp_path).entries()
    file.write_text(json.dumps(definition(50, 50, 50)))
    now = run(tmp_path)
    for found in (now.found, now.found[::-1]):
        [new] = now._replace(found=found).applied(entries[::-1]).left
        assert new.path[-2:] == (2, 'MaxAttempts')


def test_two_sentences_about_one_place(tmp_path: Path) -> None:
    """They differ in their condition; after an edit, the numbers say nothing."""
    conditions = 'Parameters: {Stage: {Type: String}}\n' \
        'Conditions: {IsProd: !Equals [!Ref Stage, prod]}\n'

    def write(*sizes: int) -> None:
        body = function(0)
        body['Properties']['MemorySize'] = {'Fn::If': ['IsProd', *sizes]}
        (tmp_path / 'a.yaml').write_text(conditions + template(Fn=body))

    for kept, sizes in (('true', (7000, 128)), ('false', (128, 7000))):
        write(9000, 8000)
        entries = run(tmp_path, select=('WC1001',)).entries()
        assert len({one.path for one in entries}) == 1
        write(*sizes)
        now = run(tmp_path, select=('WC1001',)).applied(entries)
        [(_, held)], [idle] = now.held, now.idle
        assert now.left == []
        assert held.message.endswith(f'when IsProd is {kept}')
        assert not idle.message.endswith(f'when IsProd is {kept}')


def test_a_sentence_that_is_new_about_an_old_place(tmp_path: Path) -> None:
    (tmp_path / 'a.yaml').write_text(template(Fn=function(9000)))
    now = run(tmp_path)
    entries = [one._replace(message='so to say', content='') for one in now.entries()]
    assert now.applied(entries)[::2] == ([], [])


def test_a_value_that_is_now_conditional(tmp_path: Path) -> None:
    file, body = tmp_path / 'a.yaml', bucket(1)
    properties = body['Properties']
    file.write_text(template(Bronze=body))
    entries = run(tmp_path, select=('WC4005',)).entries()
    choice = ['IsProd', properties['LifecycleConfiguration'], {'Ref': 'AWS::NoValue'}]
    properties['LifecycleConfiguration'] = {'Fn::If': choice}
    conditions = 'Parameters: {Stage: {Type: String}}\n' \
        'Conditions: {IsProd: !Equals [!Ref Stage, prod]}\n'
    file.write_text(conditions + template(Bronze=body))
    now = run(tmp_path, select=('WC4005',)).applied(entries)
    assert [found.path[3:6] for found, _ in now.held] == [('LifecycleConfiguration', 'Fn::If', 1)]
    assert (now.left, now.idle) == ([], [])


def test_a_renamed_logical_id_is_a_new_resource(tmp_path: Path) -> None:
    file = tmp_path / 'a.yaml'
    file.write_text(template(Old=LOGS))
    entries = run(tmp_path, select=('WC7',)).entries()
    file.write_text(template(New=LOGS))
    now = run(tmp_path, select=('WC7',)).applied(entries)
    assert [(one.rule.id, one.resource) for one in now.left] == [('WC7001', 'New')]
    assert [(one.rule, one.resource) for one in now.idle] == [('WC7001', 'Old')]


def test_what_sam_takes_from_globals_has_content(tmp_path: Path) -> None:
    globals = 'Transform: AWS::Serverless-2016-10-31\nGlobals: {Function: {MemorySize: %d}}\n'
    one = {'Type': 'AWS::Serverless::Function', 'Properties': {'CodeUri': '.', 'Handler': 'a.b'}}
    (tmp_path / 'a.yaml').write_text(globals % 9000 + template(One=one, Two=one))
    (tmp_path / 'b.yaml').write_text(globals % 8000 + template(One=one))
    entries = run(tmp_path, select=('WC1001',)).entries()
    assert [one.path for one in entries if one.file == 'a.yaml'] == [
        ('Resources', name, 'Properties', 'MemorySize') for name in ('One', 'Two')
    ]
    contents = [one.content for one in entries]
    assert contents[0] == contents[1] != contents[2]


def test_what_the_run_lacks_is_held_wherever_it_is_shown(tmp_path: Path) -> None:
    (tmp_path / 'a.yaml').write_text(template(Bronze=bucket(1)))
    entries = run(tmp_path, select=('WC7010',)).entries()
    (tmp_path / 'a.yaml').write_text(template(First=function(128), Bronze=bucket(1)))
    now = run(tmp_path, select=('WC7010',)).applied(entries)
    assert [(found.resource, entry.resource) for found, entry in now.held] == [('First', 'Bronze')]
    assert (now.left, now.idle) == ([], [])


# --- state machines


def machine(**properties: Any) -> dict[str, Any]:
    return resource('StepFunctions::StateMachine', RoleArn='role', **properties)


@pytest.mark.parametrize('how', ['Definition', 'DefinitionString', 'Fn::Sub', 'alone'])
def test_a_retrier_before_the_old_one(tmp_path: Path, how: str) -> None:
    def write(*attempts: int) -> None:
        body: Any = definition(*attempts)
        if how != 'Definition':
            body = json.dumps(body, indent=len(attempts))
        if how == 'alone':
            (tmp_path / 'm.asl.json').write_text(body)
        elif how == 'Definition':
            (tmp_path / 'a.yaml').write_text(template(M=machine(Definition=body)))
        else:
            body = {how: body} if how == 'Fn::Sub' else body
            (tmp_path / 'a.yaml').write_text(template(M=machine(DefinitionString=body)))

    write(50)
    entries = run(tmp_path).entries()
    write(40, 50)
    now = run(tmp_path).applied(entries)
    assert [(one.rule.id, one.state, one.path[-2:]) for one in now.left] == [
        ('WC2007', 'Work', (0, 'MaxAttempts')),
    ]
    assert now.idle == []


@pytest.mark.parametrize('moved', [False, True])
def test_a_retrier_with_the_same_number_and_in_a_branch(tmp_path: Path, moved: bool) -> None:
    body = definition(50)
    task = body['States']['Fan']['ItemProcessor']['States']['Work']
    branch = {'StartAt': 'Work', 'States': {'Work': task}}
    both = {'Type': 'Parallel', 'Branches': [branch, definition(1)], 'End': True}
    file = tmp_path / 'm.asl.json'
    file.write_text(json.dumps({'StartAt': 'Both', 'States': {'Both': both}}))
    entries = run(tmp_path).entries()
    task['Retry'].insert(0, {'ErrorEquals': ['New'], 'MaxAttempts': 50})
    if moved:
        both['Branches'].insert(0, definition(1, name='Rest'))
    file.write_text(json.dumps({'StartAt': 'Both', 'States': {'Both': both}}))
    now = run(tmp_path).applied(entries)
    assert [one.path[3:] for one in now.left if one.rule.id == 'WC2007'] == [
        (int(moved), 'States', 'Work', 'Retry', 0, 'MaxAttempts'),
    ]
    assert now.idle == []


def shared(folder: Path) -> None:
    """Two templates with one definition file."""
    sam = {'Type': 'AWS::Serverless::StateMachine', 'Properties': {'DefinitionUri': 'm.asl.json'}}
    (folder / 'm.asl.json').write_text(json.dumps(definition(50)))
    for name, logical_id in (('a.yaml', 'One'), ('b.yaml', 'Two')):
        (folder / name).write_text(
            'Transform: AWS::Serverless-2016-10-31\n' + template(**{logical_id: sam}),
        )


def test_a_definition_file_is_one_whoever_refers_to_it(tmp_path: Path) -> None:
    shared(tmp_path)
    entries = run(tmp_path, select=('WC20',)).entries()
    retry = ('States', 'Fan', 'ItemProcessor', 'States', 'Work', 'Retry', 0, 'MaxAttempts')
    assert [one[:5] for one in entries] == [
        ('WC2001', 'm.asl.json', 'One', 'Fan', ('States', 'Fan')),
        ('WC2007', 'm.asl.json', 'One', 'Work', retry),
    ]
    for names in (('a.yaml',), ('b.yaml',), ('m.asl.json',), ('b.yaml', 'm.asl.json')):
        now = run(tmp_path, *names, select=('WC20',)).applied(entries)
        assert (now.left, len(now.held), now.idle) == ([], 2, []), names


def test_a_definition_is_not_judged_without_its_template(tmp_path: Path) -> None:
    shared(tmp_path)
    entries = run(tmp_path, select=('WC20',)).entries()
    (tmp_path / 'm.asl.json').write_text(json.dumps(definition(1)))
    retrier = [one for one in entries if one.rule == 'WC2007']
    assert run(tmp_path, 'm.asl.json', select=('WC20',)).applied(entries).idle == []
    assert run(tmp_path, 'b.yaml', select=('WC20',)).applied(entries).idle == []
    assert run(tmp_path, 'a.yaml', select=('WC20',)).applied(entries).idle == retrier
    (tmp_path / 'm.asl.json').write_text('{"StartAt": ')
    assert run(tmp_path, 'a.yaml', select=('WC20',)).applied(entries).idle == []


def test_a_definition_that_a_template_refers_to_since_then(tmp_path: Path) -> None:
    (tmp_path / 'm.asl.json').write_text(json.dumps(definition(50)))
    entries = run(tmp_path, select=('WC20',)).entries()
    shared(tmp_path)
    assert run(tmp_path, select=('WC20',)).applied(entries)[::2] == ([], [])
    (tmp_path / 'm.asl.json').write_text(json.dumps(definition(1)))
    now = run(tmp_path, select=('WC20',)).applied(entries)
    assert [one.rule for one in now.idle] == ['WC2007']


def test_a_machine_in_a_file_that_is_renamed(tmp_path: Path) -> None:
    (tmp_path / 'old.asl.json').write_text(json.dumps(definition(50)))
    entries = run(tmp_path).entries()
    assert {one.resource for one in entries} == {'old.asl.json'}
    (tmp_path / 'old.asl.json').unlink()
    (tmp_path / 'new.asl.yaml').write_text(yaml.safe_dump(definition(50)))
    now = run(tmp_path).applied(entries)
    assert (now.left, len(now.held), now.idle) == ([], len(entries), [])


# --- files


def three(**more: Any) -> str:
    return template(Bronze=bucket(1, 2), Fn=function(9000), Logs=LOGS, **more)


def test_a_renamed_file_with_small_edits(tmp_path: Path) -> None:
    (tmp_path / 'old.yaml').write_text(three())
    entries = run(tmp_path, select=('W',)).entries()
    (tmp_path / 'old.yaml').unlink()
    (tmp_path / 'sub').mkdir()
    (tmp_path / 'sub' / 'new.yaml').write_text(
        template(Bronze=bucket(1, 2), Fn=function(8000), Logs=LOGS, More=function(9001)),
    )
    now = run(tmp_path, select=('W',))
    left = now.applied(entries).left
    assert [(one.resource, one.rule.id) for one in left] == [
        ('More', id) for id in ('WC1003', 'WC8001', 'WC1001', 'WC1002')
    ]
    assert now.applied(entries).idle == []


def test_of_two_copies_of_a_file_that_is_gone_the_nearer_one_is_held(tmp_path: Path) -> None:
    (tmp_path / 'old.yaml').write_text(three())
    entries = run(tmp_path, select=('W',)).entries()
    (tmp_path / 'old.yaml').unlink()
    for name, fn in (('x.yaml', function(8000)), ('y.yaml', function(7000, 800))):
        (tmp_path / name).write_text(template(Bronze=bucket(1, 2), Fn=fn, Logs=LOGS))
    now = run(tmp_path, select=('WC',))
    assert now.applied(entries).left == [
        one for one in now.found if now.scope.relative(one.filename) == 'y.yaml'
    ]


def test_no_small_edit_without_most_of_the_file(tmp_path: Path) -> None:
    (tmp_path / 'old.yaml').write_text(template(Fn=function(9000), Logs=LOGS))
    entries = run(tmp_path, select=('WC1001', 'WC7001')).entries()
    (tmp_path / 'old.yaml').unlink()
    (tmp_path / 'new.yaml').write_text(template(Fn=function(8000), Logs=LOGS))
    now = run(tmp_path, select=('WC1001', 'WC7001')).applied(entries)
    assert [one.rule.id for one in now.left] == ['WC1001']
    assert [found.rule.id for found, _ in now.held] == ['WC7001']
    assert [(one.rule, one.file) for one in now.idle] == [('WC1001', 'old.yaml')]


def test_a_file_that_is_split(tmp_path: Path) -> None:
    (tmp_path / 'old.yaml').write_text(three())
    entries = run(tmp_path, select=('W',)).entries()
    (tmp_path / 'old.yaml').unlink()
    (tmp_path / 'a.yaml').write_text(template(Bronze=bucket(1, 2), Logs=LOGS))
    (tmp_path / 'b.yaml').write_text(template(Fn=function(9000)))
    now = run(tmp_path, select=('W',)).applied(entries)
    assert (now.left, now.idle) == ([], [])


def test_what_is_moved_between_files_that_stay_is_new(tmp_path: Path) -> None:
    (tmp_path / 'a.yaml').write_text(template(Fn=function(9000), Logs=LOGS))
    (tmp_path / 'b.yaml').write_text(template(More=LOGS))
    entries = run(tmp_path, select=('WC7001',)).entries()
    (tmp_path / 'a.yaml').write_text(template(Fn=function(9000)))
    (tmp_path / 'b.yaml').write_text(template(More=LOGS, Logs=LOGS))
    now = run(tmp_path, select=('WC7001',))
    assert now.places(now.applied(entries).left) == [('b.yaml', 5, 'WC7001')]
    assert [(one.file, one.resource) for one in now.applied(entries).idle] == [('a.yaml', 'Logs')]


def test_a_folder_of_files_with_one_name_is_moved(tmp_path: Path) -> None:
    for before in ('old/a', 'old/b', 'old/c'):
        (tmp_path / before).mkdir(parents=True)
        (tmp_path / before / 'template.yaml').write_text(three())
    entries = run(tmp_path, select=('W',)).entries()
    for name, after in (('a', 'new/3'), ('b', 'new/2'), ('c', 'new/1')):
        (tmp_path / after).mkdir(parents=True)
        (tmp_path / 'old' / name).rename(tmp_path / after / name)
    (tmp_path / 'new/3/a/template.yaml').write_text(
        template(Bronze=bucket(1, 2), Fn=function(8000), Logs=LOGS),
    )
    now = run(tmp_path, select=('W',))
    assert {
        (entry.file, now.scope.relative(found.filename))
        for found, entry in now.applied(entries).held
    } >= {
        ('old/a/template.yaml', 'new/3/a/template.yaml'),
        ('old/b/template.yaml', 'new/2/b/template.yaml'),
        ('old/c/template.yaml', 'new/1/c/template.yaml'),
    }
    assert now.applied(entries)[::2] == ([], [])


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    file = tmp_path / 'a.yaml'
    file.write_text(three())
    good = run(tmp_path).entries()
    file.write_text('Resources:\n  A: {Type: AWS::S3::Bucket}\n  A: {}\n  B: {}\n  B: {}\n')
    broken = run(tmp_path)
    assert broken.places(broken.applied(good).left) == [
        ('a.yaml', 3, 'EC0001'), ('a.yaml', 5, 'EC0001'),
    ]
    assert broken.applied(good).idle == []
    entries = broken.entries()
    assert broken.applied(entries)[::2] == ([], [])
    assert broken.entries(good) == entries + good
    file.rename(tmp_path / 'b.yaml')
    assert run(tmp_path).applied(entries)[::2] == ([], [])
    (tmp_path / 'b.yaml').write_text('Resources:\n- {Type: AWS::S3::Bucket')
    other = run(tmp_path)
    assert other.places(other.applied(entries).left) == [('b.yaml', 3, 'EC0001')]
    file.write_text('Resources:\n  B: {Type: AWS::S3::Bucket}\n  B: {}\n')
    assert [one.message for one in run(tmp_path, 'a.yaml').applied(entries).idle] == [
        "the key 'A' stands here twice",
    ]
    file.unlink()
    (tmp_path / 'b.yaml').write_text(template(Fine={'Type': 'AWS::IAM::Role'}))
    assert run(tmp_path).applied(entries)[::2] == ([], entries)


def test_what_is_said_of_a_whole_file_is_known_by_its_sentence(tmp_path: Path) -> None:
    file = tmp_path / 'a.yaml'
    file.write_text(three())
    now = run(tmp_path, select=('W',))

    def idle(id: str) -> Found:
        message = f'the ignore of {id} drops nothing'
        return Found(str(file), Span(0, 0, 0, 1), IdleIgnore(), message, (), '')

    entries = now._replace(found=[*now.found, idle('WC4001')]).entries()
    then = now._replace(found=[*now.found[1:], idle('WC7001')]).applied(entries)
    assert [one.message for one in then.left] == ['the ignore of WC7001 drops nothing']
    assert [(one.rule, one.resource) for one in then.idle] == [
        ('WC0003', ''), (now.found[0].rule.id, now.found[0].resource),
    ]


# --- runs over a part


def test_a_run_over_a_part_leaves_the_rest_alone(tmp_path: Path) -> None:
    for name in ('a.yaml', 'b.yaml', 'c.yaml'):
        (tmp_path / name).write_text(three())
    entries = run(tmp_path, select=('W',)).entries()
    (tmp_path / 'a.yaml').write_text(template(Fn=function(9000), Logs=LOGS))
    (tmp_path / 'b.yaml').write_text(template(Fn=function(9000)))
    (tmp_path / 'c.yaml').unlink()
    part = run(tmp_path, 'a.yaml', select=('WC4', 'WC7001'))
    idle = [one for one in entries if one.file == 'c.yaml' or (
        one.file == 'a.yaml' and one.rule.startswith('WC4')
    )]
    assert part.applied(entries).idle == idle
    assert part.entries(entries) == [one for one in entries if one not in idle]


def test_renewing_takes_the_new_sentence_and_the_new_file(tmp_path: Path) -> None:
    (tmp_path / 'a.yaml').write_text(template(Fn=function(9000)))
    entries = run(tmp_path, select=('WC1001',)).entries()
    (tmp_path / 'a.yaml').rename(tmp_path / 'b.yaml')
    [renewed] = run(tmp_path, select=('WC1001',)).entries(entries)
    assert renewed == entries[0]._replace(file='b.yaml')
    (tmp_path / 'b.yaml').write_text(template(Fn=function(8000)))
    [again] = run(tmp_path, select=('WC1001',)).entries([renewed])
    assert again.message[:17] == '`Fn` has 8000 MB,'


# --- its text

ENTRY = Entry('WC1', 'a.yaml', 'Fn', '', ('Resources', 'Fn', 'Tags', 0), 'it costs', '12ab')
ABOUT = json.dumps(
    'Findings that thera-lint leaves out. To renew: thera-lint --write-baseline with the name '
    'of this file',
)


def test_one_entry_a_line() -> None:
    state = ENTRY._replace(state='Wörk', path=('Resources', 'Fn', 'Fn::If', 1))
    assert baseline.written([state, ENTRY]) == (
        f'{{\n"about": {ABOUT},\n"version": 1,\n"entries": [\n'
        '{"rule": "WC1", "file": "a.yaml", "resource": "Fn", '
        '"path": ["Resources", "Fn", "Tags", 0], "message": "it costs", "content": "12ab"},\n'
        '{"rule": "WC1", "file": "a.yaml", "resource": "Fn", "state": "W\\u00f6rk", '
        '"path": ["Resources", "Fn", "Fn::If", 1], "message": "it costs", "content": "12ab"}\n'
        ']\n}\n'
    )
    assert baseline.read('b.json', baseline.written([])) == []


@pytest.mark.parametrize('text, wrong', [
    ('', '1:1 the file is empty'),
    ('{"entries": [', '1:14 not JSON: the text ends too early'),
    ('[]', '1:1 this is not a baseline; thera-lint --write-baseline FILE writes one'),
    ('{"version": 1}', '1:2 this is not a baseline; thera-lint --write-baseline FILE writes one'),
    ('{"entries": []}', '1:2 this thera-lint reads version 1 of baselines'),
    ('{\n"version": 2, "entries": []}', '2:1 this thera-lint reads version 1 of baselines'),
    ('{"version": 1, "entries": [\n[]]}', '2:1 an entry is a mapping'),
    (
        '{"version": 1, "entries": [\n{"rule": 1, "file": "f", "path": "p", "message": "m"}]}',
        '2:2 this entry needs the key content; 2:2 rule is text; '
        '2:26 path is a list of names and numbers',
    ),
    (
        '{"version": 1, "entries": [\n'
        '{"rule": "r", "file": "f", "path": [true], "message": "m", "content": "c", "line": 1}]}',
        "2:28 path is a list of names and numbers; 2:76 no key 'line'; there are: "
        'rule, file, resource, state, path, message, content',
    ),
])
def test_what_is_no_baseline(text: str, wrong: str) -> None:
    with pytest.raises(SourceError) as raised:
        baseline.read('b.json', text)
    assert '; '.join(
        f'{one.span.line + 1}:{one.span.column + 1} {one.message}'
        for one in raised.value.problems
    ) == wrong


texts = st.text(max_size=5)
anything = st.lists(st.builds(
    Entry, texts, texts, texts, texts,
    st.lists(texts | st.integers(0, 9), max_size=3).map(tuple), texts, texts,
), max_size=5)


@given(anything, st.randoms(use_true_random=False))
def test_what_is_written_is_read(entries: list[Entry], order: random.Random) -> None:
    text = baseline.written(entries)
    read = baseline.read('b.json', text)
    assert sorted(read, key=repr) == sorted(entries, key=repr)
    assert baseline.written(order.sample(entries, len(entries))) == text


# --- laws, for any folder of wasteful templates

Plan = dict[str, dict[str, tuple[Any, ...]]]
"""By filename and logical id, what the resource is and how wasteful."""

few = st.lists(st.integers(10, 60), min_size=1, max_size=3, unique=True).map(tuple)
kinds = st.one_of(
    st.just(('logs',)),
    st.tuples(st.just('bucket'), few),
    st.tuples(st.just('function'), st.integers(2000, 9000)),
    st.tuples(st.just('table'), st.integers(600, 5000)),
    st.tuples(st.sampled_from(['inline', 'string', 'file']), few),
)
plans = st.dictionaries(
    st.sampled_from(['a.template', 'sub/a.template', 'sub/b.template']),
    st.dictionaries(st.sampled_from(['One', 'Two', 'Three', 'Four']), kinds, min_size=1),
    min_size=1,
)
orders = st.randoms(use_true_random=False)
laws = settings(max_examples=15)


def beside(filename: str, logical_id: str) -> str:
    """The definition file of a machine, seen from its template's folder."""
    return f'{logical_id}.{Path(filename).stem}.asl.json'


def built(filename: str, logical_id: str, kind: str, *how: Any) -> dict[str, Any]:
    if kind == 'bucket':
        return bucket(*how[0])
    if kind == 'function':
        return function(how[0])
    if kind == 'table':
        units = {'ReadCapacityUnits': how[0], 'WriteCapacityUnits': how[0]}
        return resource(
            'DynamoDB::Table',
            KeySchema=[{'AttributeName': 'id', 'KeyType': 'HASH'}],
            AttributeDefinitions=[{'AttributeName': 'id', 'AttributeType': 'S'}],
            ProvisionedThroughput=units,
        )
    if kind == 'inline':
        return machine(Definition=definition(*how[0]))
    if kind == 'string':
        return machine(DefinitionString=json.dumps(definition(*how[0])))
    if kind == 'file':
        return machine(DefinitionS3Location=beside(filename, logical_id))
    return LOGS


@contextmanager
def folder_of(plan: Plan) -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as name:
        write(Path(name), plan)
        yield Path(name)


def write(folder: Path, plan: Plan, order: random.Random | None = None) -> None:
    """With `order`, as another hand would write it: shuffled, commented, in another format."""
    for filename, resources in plan.items():
        data = {'Resources': {
            logical_id: built(filename, logical_id, *how)
            for logical_id, how in resources.items()
        }}
        path = folder / filename
        path.parent.mkdir(exist_ok=True)
        path.write_text(dumped(data, order))
        for logical_id, how in resources.items():
            if how[0] == 'file':
                (path.parent / beside(filename, logical_id)).write_text(
                    json.dumps(shuffled(definition(*how[1]), order), indent=order and 3),
                )


def dumped(data: Any, order: random.Random | None) -> str:
    if order is None or order.random() < 0.5:
        return json.dumps(shuffled(data, order), indent=order and 1)
    lines = yaml.safe_dump(shuffled(data, order), sort_keys=False, width=10**6).split('\n')
    for _ in range(3):
        lines.insert(order.randrange(len(lines)), order.choice(['', '# for now', '    # ours']))
    return '\n'.join(lines)


def shuffled(data: Any, order: random.Random | None) -> Any:
    if isinstance(data, dict) and order is not None:
        keys = order.sample([*data], len(data))
        return {key: shuffled(data[key], order) for key in keys}
    return [shuffled(item, order) for item in data] if isinstance(data, list) else data


OF_RUN = {rule.id for rule in registry.all_rules() if isinstance(rule, ProjectRule)}


def of_run(found: Found) -> bool:
    return found.rule.id in OF_RUN


@laws
@given(plans, orders)
def test_what_was_written_leaves_nothing(plan: Plan, order: random.Random) -> None:
    with folder_of(plan) as folder:
        first = run(folder)
        entries = baseline.read('b.json', baseline.written(first.entries()))
        assert len(entries) == len(first.found)
        order.shuffle(entries)
        write(folder, plan, order)
        again = run(folder)
        order.shuffle(again.found)
        now = again.applied(entries)
    assert (now.left, now.idle) == ([], [])
    assert [one for one, _ in now.held] == again.found


@laws
@given(plans, kinds, orders)
def test_a_new_resource_is_exactly_what_is_left(
        plan: Plan, kind: tuple[Any, ...], order: random.Random,
) -> None:
    with folder_of(plan) as folder:
        entries = run(folder).entries()
        filename = order.choice([*plan])
        resources = list(plan[filename].items())
        resources.insert(order.randrange(len(resources) + 1), ('New', kind))
        write(folder, {**plan, filename: dict(resources)}, order)
        again = run(folder)
        now = again.applied(entries)
    known = {one.rule for one in entries}
    assert now.left == [
        one for one in again.found
        if (one.rule.id not in known if of_run(one) else one.resource == 'New')
    ]
    assert {one.resource for one in now.left} == {'New'}
    assert now.idle == []


@laws
@given(plans, st.integers(61, 99), orders)
def test_a_second_waste_on_a_resource_is_exactly_what_is_left(
        plan: Plan, number: int, order: random.Random,
) -> None:
    lists = [
        (filename, logical_id) for filename, resources in plan.items()
        for logical_id, how in resources.items() if len(how) > 1 and isinstance(how[1], tuple)
    ]
    with folder_of(plan) as folder:
        entries = run(folder).entries()
        expected = set()
        if lists:
            filename, logical_id = order.choice(lists)
            kind, numbers = plan[filename][logical_id]
            index = order.randrange(len(numbers) + 1)
            numbers = (*numbers[:index], number, *numbers[index:])
            edited = {**plan[filename], logical_id: (kind, numbers)}
            write(folder, {**plan, filename: edited}, order)
            end = ('Rules', index, 'Transitions', 0) if kind == 'bucket' else (
                'Retry', index, 'MaxAttempts',
            )
            expected.add((logical_id, end))
        now = run(folder).applied(entries)
    assert {(one.resource, one.path[-len(end):]) for one in now.left} == expected
    assert len(now.left) == len(expected)
    assert now.idle == []


@laws
@given(plans, orders)
def test_what_is_mended_is_exactly_what_is_idle(plan: Plan, order: random.Random) -> None:
    with folder_of(plan) as folder:
        entries = run(folder).entries()
        filename = order.choice([*plan])
        logical_id = order.choice([*plan[filename]])
        own = Path(filename).with_name(beside(filename, logical_id))
        if plan[filename][logical_id][0] == 'file':
            (folder / own).unlink()
        rest = {key: how for key, how in plan[filename].items() if key != logical_id}
        write(folder, {**plan, filename: rest}, order)
        again = run(folder)
        now = again.applied(entries)
    still = {one.rule.id for one in again.found if of_run(one)}
    assert now.left == []
    assert now.idle == [
        one for one in entries
        if (one.rule not in still if one.rule in OF_RUN else
            one.resource == logical_id and one.file in (filename, own.as_posix()))
    ]


@laws
@given(plans, orders)
def test_a_file_is_renamed_or_copied(plan: Plan, order: random.Random) -> None:
    with folder_of(plan) as folder:
        entries = run(folder).entries()
        filename = order.choice([*plan])
        new = Path(filename).with_name('new.template')
        (folder / filename).rename(folder / new)
        now = run(folder).applied(entries)
        assert (now.left, now.idle) == ([], [])
        shutil.copy(folder / new, folder / filename)
        again = run(folder)
        now = again.applied(entries)
    assert now.left == [
        one for one in again.found
        if again.scope.relative(one.filename) == new.as_posix() and not of_run(one)
    ]
    assert now.idle == []
