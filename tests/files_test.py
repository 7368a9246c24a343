"""Writing a file: all of it or nothing, and as it was but for its bytes."""
from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path as File

import pytest

from thera_lint import files


@pytest.fixture(autouse=True)
def folder(tmp_path: File, monkeypatch: pytest.MonkeyPatch) -> File:
    monkeypatch.chdir(tmp_path)
    File('a.yaml').write_bytes(b'old')
    return tmp_path


def test_mode_and_owner_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    owners: list[tuple[int, int]] = []
    monkeypatch.setattr(os, 'chown', lambda path, *owner: owners.append(owner), raising=False)
    File('a.yaml').chmod(0o640)
    was = File('a.yaml').stat()
    files.replace('a.yaml', b'old', b'new')
    assert File('a.yaml').read_bytes() == b'new'
    assert stat.S_IMODE(File('a.yaml').stat().st_mode) == 0o640
    assert owners == [(was.st_uid, was.st_gid)]


def test_an_owner_that_may_not_be_given_away_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*arguments: object) -> None:
        raise PermissionError(1, 'Operation not permitted')

    monkeypatch.setattr(os, 'chown', refuse, raising=False)
    files.replace('a.yaml', b'old', b'new')
    assert File('a.yaml').read_bytes() == b'new'


def test_a_link_to_a_link_stays_and_its_file_is_written() -> None:
    File('far').mkdir()
    File('a.yaml').rename('far/a.yaml')
    File('one.yaml').symlink_to('far/a.yaml')
    File('two.yaml').symlink_to('one.yaml')
    files.replace('two.yaml', b'old', b'new')
    assert os.readlink('two.yaml') == 'one.yaml' and os.readlink('one.yaml') == 'far/a.yaml'
    assert File('far/a.yaml').read_bytes() == b'new'
    assert os.listdir('far') == ['a.yaml']


@pytest.mark.parametrize('spoil', [
    lambda: File('a.yaml').unlink(),
    lambda: File('a.yaml').write_bytes(b'mine'),
    lambda: (File('a.yaml').unlink(), File('a.yaml').symlink_to('nowhere')),
    lambda: (File('a.yaml').unlink(), File('a.yaml').mkdir()),
], ids=['gone', 'changed', 'dangling', 'folder'])
def test_what_is_no_longer_the_same_is_left(spoil: Callable[[], object]) -> None:
    spoil()
    before = sorted(os.listdir())
    with pytest.raises(OSError):
        files.replace('a.yaml', b'old', b'new')
    assert sorted(os.listdir()) == before
    assert not File('a.yaml').is_file() or File('a.yaml').read_bytes() == b'mine'


@pytest.mark.parametrize('call', ['fsync', 'chmod', 'replace'])
@pytest.mark.parametrize('error', [OSError(28, 'No space left on device'), KeyboardInterrupt()])
def test_nothing_stays_behind(
        monkeypatch: pytest.MonkeyPatch, call: str, error: BaseException,
) -> None:
    def fail(*arguments: object) -> None:
        raise error

    monkeypatch.setattr(os, call, fail)
    with pytest.raises(type(error)):
        files.replace('a.yaml', b'old', b'new')
    assert File('a.yaml').read_bytes() == b'old'
    assert os.listdir() == ['a.yaml']
