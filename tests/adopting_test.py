"""The command's ways to adopt it: fixing files, baselines, a first configuration, ignores shown."""
from __future__ import annotations

import os
import re
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path as File

import pytest

from thera_lint import cli
from thera_lint import files

SELECT = '--select', 'WC7001,WC4001,WC0003,EC0002'
GROUP = """\
# logs
Resources:
  Logs:  # of the pipeline
    Type: AWS::Logs::LogGroup
    Properties:
      LogGroupName: 'daily'   # kept
"""
MENDED = GROUP + '      RetentionInDays: 30\n'
BUCKET = 'Resources:\n  Bronze:\n    Type: AWS::S3::Bucket\n'

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(
        tmp_path: File, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
) -> Run:
    """Runs the command in a folder with two templates; gives status, output and errors."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / '.git').mkdir()
    (tmp_path / 'a.yaml').write_text(GROUP)
    (tmp_path / 'b.yaml').write_text(BUCKET)

    def command(*arguments: str) -> tuple[int, str, str]:
        try:
            status = cli.main(arguments)
        except SystemExit as end:
            status = int(end.code or 0)
        out, err = capsys.readouterr()
        return status, out, err

    return command


def places(out: str) -> list[str]:
    return re.findall(r'^(\S+:\d+:\d+: \wC\d+)', out, re.M)


# --- fixing


def test_fix_writes_what_is_safe(run: Run) -> None:
    status, out, err = run(*SELECT, '--fix', '.')
    assert File('a.yaml').read_text() == MENDED
    assert File('b.yaml').read_text() == BUCKET, 'a lifecycle deletes: unsafe'
    assert (status, places(out)) == (4, ['b.yaml:2:3: WC4001'])
    assert err == 'thera-lint: 1 finding fixed in 1 file\n'
    assert run(*SELECT, '--fix', 'a.yaml') == (
        0, 'nothing found in 1 file\n', 'thera-lint: 0 findings fixed in 0 files\n',
    )


def test_unsafe_fixes_only_when_asked_for(run: Run) -> None:
    status, out, err = run(*SELECT, '--fix', '--unsafe-fixes', '.')
    assert (status, places(out)) == (0, [])
    assert File('b.yaml').read_text().startswith(BUCKET)
    assert 'LifecycleConfiguration' in File('b.yaml').read_text()
    assert err == 'thera-lint: 2 findings fixed in 2 files\n'


def test_diff_shows_and_changes_nothing(run: Run) -> None:
    status, out, err = run(*SELECT, '--fix', '--diff', '.')
    assert (status, err) == (0, 'thera-lint: 1 finding would be fixed in 1 file\n')
    assert out == """\
--- a/a.yaml
+++ b/a.yaml
@@ -4,3 +4,4 @@
     Type: AWS::Logs::LogGroup
     Properties:
       LogGroupName: 'daily'   # kept
+      RetentionInDays: 30
"""
    assert File('a.yaml').read_text() == GROUP


@pytest.mark.parametrize('raw', [
    GROUP.encode(),
    GROUP.rstrip('\n').encode(),
    GROUP.replace('\n', '\r\n').encode(),
    b'\xef\xbb\xbf' + GROUP.replace('daily', 'd\u00e4ily\u2028').encode(),
    b'{"Resources": {"Logs": {"Type": "AWS::Logs::LogGroup"}}}',
])
def test_the_diff_is_what_git_applies(run: Run, raw: bytes) -> None:
    name = 'a.json' if raw[:1] == b'{' else 'a.yaml'
    File('.git').rmdir()
    File(name).write_bytes(raw)
    out = run(*SELECT, '--fix', '--diff', name)[1]
    subprocess.run(['git', 'init', '-q'], check=True)
    subprocess.run(
        ['git', 'apply', '--whitespace=nowarn'], input=out.encode(), check=True,
    )
    applied = File(name).read_bytes()
    File(name).write_bytes(raw)
    run(*SELECT, '--fix', name)
    assert File(name).read_bytes() == applied != raw


def test_a_link_stays_a_link(run: Run) -> None:
    File('real').mkdir()
    File('a.yaml').rename('real/a.yaml')
    File('a.yaml').symlink_to('real/a.yaml')
    run(*SELECT, '--fix', 'a.yaml')
    assert File('a.yaml').is_symlink()
    assert File('real/a.yaml').read_text() == MENDED


def test_the_mode_stays(run: Run) -> None:
    File('a.yaml').chmod(0o750)
    run(*SELECT, '--fix', 'a.yaml')
    assert stat.S_IMODE(File('a.yaml').stat().st_mode) == 0o750
    assert sorted(os.listdir()) == ['.git', 'a.yaml', 'b.yaml']


def test_a_file_that_changed_meanwhile_is_left(
        run: Run, monkeypatch: pytest.MonkeyPatch,
) -> None:
    replace = files.replace

    def late(filename: str, old: bytes, new: bytes) -> None:
        File(filename).write_text('mine now')
        replace(filename, old, new)

    monkeypatch.setattr(files, 'replace', late)
    status, _, err = run(*SELECT, '--fix', 'a.yaml')
    assert File('a.yaml').read_text() == 'mine now'
    assert status & 1
    assert err.startswith('thera-lint: cannot write a.yaml: it has changed meanwhile\n')
    assert sorted(os.listdir()) == ['.git', 'a.yaml', 'b.yaml']


def test_a_file_that_cannot_be_written_is_told(
        run: Run, monkeypatch: pytest.MonkeyPatch,
) -> None:
    def full(*arguments: object) -> None:
        raise OSError(28, 'No space left on device')

    monkeypatch.setattr(os, 'replace', full)
    status, _, err = run(*SELECT, '--fix', 'a.yaml')
    assert status & 1
    assert 'cannot write a.yaml: No space left on device' in err
    assert File('a.yaml').read_text() == GROUP
    assert sorted(os.listdir()) == ['.git', 'a.yaml', 'b.yaml'], 'no temporary file stays'


def test_a_fix_that_cannot_be_made_says_why(run: Run) -> None:
    File('c.yaml').write_text(
        'Resources:\n'
        '  One: &one {Type: AWS::Logs::LogGroup}\n'
        '  Two: *one\n',
    )
    status, out, err = run(*SELECT, '--fix', 'c.yaml')
    assert status == 4
    assert err == """\
thera-lint: WC7001 is left at c.yaml:2: it is used elsewhere as well, through its anchor &one
thera-lint: WC7001 is left at c.yaml:3: the value comes from elsewhere: *one
thera-lint: 0 findings fixed in 0 files
"""


@pytest.mark.parametrize(('arguments', 'message'), [
    (['--diff', '.'], '--diff goes with --fix'),
    (['--unsafe-fixes', '.'], '--unsafe-fixes goes with --fix'),
    (['--fix', '-'], '--fix edits files'),
    (['--fix', '--stdin-filename', 'a.yaml'], '--fix edits files'),
    (['--fix', '--write-baseline', 'b.json', '.'], '--fix edits files'),
    (['--baseline', 'b.json', '--no-baseline', '.'], '--baseline or --no-baseline, not both'),
    (['explian', 'WC1001'], "no command, file or folder 'explian'; near: explain"),
    (['--write-baseline', 'b.json', '-'], '--write-baseline needs the name of a file'),
])
def test_wrong_usage(run: Run, arguments: list[str], message: str) -> None:
    status, out, err = run(*arguments)
    assert (status, out) == (1, '')
    assert err.startswith(f'thera-lint: {message}')


# --- baselines


def test_a_baseline(run: Run) -> None:
    status, out, err = run(*SELECT, '--write-baseline', 'base.json', '.')
    assert (status, err) == (0, '')
    assert out == 'base.json holds 2 findings; --baseline base.json leaves them out\n'
    assert run(*SELECT, '--baseline', 'base.json', '.') == (
        0, 'nothing found in 2 files; 1 skipped: neither template nor state machine; 2 ignored\n',
        '',
    )
    File('a.yaml').write_text('\n\n' + GROUP + '  New: {Type: AWS::Logs::LogGroup}\n')
    File('b.yaml').rename('c.yaml')
    status, out, err = run(*SELECT, '--baseline', 'base.json', '.')
    assert (status, places(out), err) == (4, ['a.yaml:9:3: WC7001'], '')
    File('a.yaml').write_text(MENDED)
    status, out, err = run(*SELECT, '--baseline', 'base.json', '.')
    assert (status, places(out)) == (0, [])
    assert err == (
        'thera-lint: base.json: 1 entry is no longer needed (a.yaml WC7001 Logs); '
        '--write-baseline base.json takes it out\n'
    )
    run(*SELECT, '--write-baseline', 'base.json', '.')
    assert run(*SELECT, '--baseline', 'base.json', '.')[2] == ''


def test_a_baseline_by_configuration(run: Run) -> None:
    run(*SELECT, '--write-baseline', 'base.json', '.')
    File('.thera-lint.yaml').write_text('baseline: base.json\n')
    File('sub').mkdir()
    os.chdir('sub')
    assert run(*SELECT, '../a.yaml')[0] == 0
    assert run(*SELECT, '../b.yaml')[0] == 0
    # Written anew over a part: the rest stays.
    assert run(*SELECT, '--write-baseline', '../base.json', '../a.yaml')[1].startswith(
        '../base.json holds 2 findings',
    )


@pytest.mark.parametrize(('text', 'message'), [
    ('', 'base.json:1:1: '), ('{}', 'base.json:1:1: '), ('[1', 'base.json:1:'),
    ('{"version": 99, "entries": []}', 'base.json:1:2: '),
])
def test_a_broken_baseline_is_told_with_its_place(run: Run, text: str, message: str) -> None:
    File('base.json').write_text(text)
    for argument in ('--baseline', '--write-baseline'):
        status, out, err = run(argument, 'base.json', 'a.yaml')
        assert (status, out) == (1, '')
        assert err.startswith(message), err
        assert File('base.json').read_text() == text


def test_a_line_taken_out_of_a_baseline_by_hand(run: Run) -> None:
    run(*SELECT, '--write-baseline', 'base.json', '.')
    lines = File('base.json').read_text().splitlines()
    last = next(number for number, line in enumerate(lines) if 'b.yaml' in line)
    File('base.json').write_text('\n'.join(lines[:last] + lines[last + 1:]))
    status, out, err = run(*SELECT, '--baseline', 'base.json', '.')
    assert (places(out), err) == (['b.yaml:2:3: WC4001'], '')


def test_a_missing_baseline_is_told(run: Run) -> None:
    status, out, err = run('--baseline', 'nowhere.json', 'a.yaml')
    assert (status, out) == (1, '')
    assert err == (
        'thera-lint: cannot read nowhere.json: No such file or directory; '
        '--write-baseline nowhere.json makes it\n'
    )
    err = run('--baseline', os.devnull, 'a.yaml')[2]
    assert err == f'thera-lint: cannot read {os.devnull}: it is not a regular file\n'


def test_without_the_baseline_of_the_configuration(run: Run) -> None:
    File('.thera-lint.yaml').write_text('baseline: base.json\n')
    run(*SELECT, '--write-baseline', 'base.json', '.')
    assert run(*SELECT, '.')[0] == 0
    status, out, err = run(*SELECT, '--no-baseline', '.')
    assert (status, len(places(out)), err) == (4, 2, '')


def test_many_idle_entries_are_one_line(run: Run) -> None:
    File('a.yaml').write_text('Resources:\n' + ''.join(
        f'  Logs{number}: {{Type: AWS::Logs::LogGroup}}\n' for number in range(9)
    ))
    run(*SELECT, '--write-baseline', 'base.json', '.')
    File('a.yaml').write_text('Resources: {}\nAWSTemplateFormatVersion: "2010-09-09"\n')
    assert run(*SELECT, '--baseline', 'base.json', '.')[2] == (
        'thera-lint: base.json: 9 entries are no longer needed (a.yaml WC7001 Logs0, '
        'a.yaml WC7001 Logs1, a.yaml WC7001 Logs2 and 6 more); '
        '--write-baseline base.json takes them out\n'
    )


# --- the rest


def test_show_ignored(run: Run) -> None:
    File('a.yaml').write_text(GROUP.replace(
        '  # of the pipeline', '  # thera-lint: ignore[WC7001] kept by law',
    ))
    status, out, err = run(*SELECT, 'a.yaml')
    assert (status, out, err) == (0, 'nothing found in 1 file; 1 ignored\n', '')
    status, out, err = run(*SELECT, '--show-ignored', 'a.yaml')
    assert (status, err) == (0, '')
    assert out.startswith('a.yaml:3:3: WC7001 ignored: `Logs` keeps its logs for ever')
    assert '    = by comment: kept by law\n' in out


def test_init(run: Run) -> None:
    status, out, err = run('init')
    assert (status, err) == (0, '')
    assert out == '.thera-lint.yaml is written, made from 2 templates and state machines\n'
    text = File('.thera-lint.yaml').read_text()
    assert text.startswith('# yaml-language-server: $schema=')
    assert run('.')[0] == 4, 'it is a configuration'
    status, out, err = run('init')
    assert (status, out) == (1, '')
    assert err == 'thera-lint: ./.thera-lint.yaml is there already; --force writes it anew\n'
    File('.thera-lint.yaml').write_text('x')
    assert run('init', '.', '--force')[0] == 0
    assert File('.thera-lint.yaml').read_text() == text
    assert run('init', 'nowhere')[2] == 'thera-lint: nowhere is no folder\n'
    File('.thera-lint.yaml').unlink()
    File('.thera-lint.yml').write_text('')
    assert run('init')[0] == 1, 'the other name counts too'


@pytest.mark.parametrize('arguments', [
    ['a.yaml'], ['--format', 'json', 'a.yaml'], ['explain', 'WC2001'], ['rules'],
])
def test_a_full_disk_behind_the_output_is_told(run: Run, arguments: list[str]) -> None:
    with open('/dev/full', 'w') as full:
        done = subprocess.run(
            [sys.executable, '-m', 'thera_lint.cli', *arguments],
            stdout=full, stderr=subprocess.PIPE, text=True, check=False,
        )
    assert done.returncode == 1
    assert done.stderr == 'thera-lint: cannot write: No space left on device\n'


def test_progress_is_for_terminals_and_long_runs(
        run: Run, monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert run(*SELECT, '.')[2] == ''
    monkeypatch.setattr(sys.stderr, 'isatty', lambda: True)
    assert run(*SELECT, '.')[2] == '', 'over in a blink'
    clock = iter(range(10_000))
    monkeypatch.setattr('time.monotonic', lambda: next(clock))
    _, out, err = run(*SELECT, '.')
    assert '\rreading 1 of ' in err and '\rchecking ' in err
    assert err.endswith('\r\x1b[K'), 'nothing of it stays'
    assert '\r' not in out
