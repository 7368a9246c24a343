"""Which files of a folder a run reads: what people wrote there, and what CDK made of it.

git says what a project ignores; where there is no git, only what is surely installed or
generated is left out.
"""
from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Sequence
from typing import Any
from typing import NamedTuple

from thera_lint.config import FILENAMES

_ENDINGS = ('.yaml', '.yml', '.json', '.template', '.asl')
# Installed or generated, whatever git says. `build`, `dist` and `target` are not here: people
# keep templates in folders of these names, and where they are output, git ignores them.
_SKIPPED_FOLDERS = frozenset((
    'node_modules', 'bower_components', 'site-packages', 'venv', '__pycache__', 'cdk.out',
))
_GIT = (
    'git', '--literal-pathspecs',
    # A repository can name a program there that git would run; reading must not.
    '-c', 'core.fsmonitor=',
    'ls-files', '-z', '--others', '--ignored', '--exclude-standard', '--directory', '--',
)
_GIT_SECONDS = 10
# A hook sets them for its own repository and commit; here git finds the folder's.
_GIT_OF_A_HOOK = frozenset((
    'GIT_DIR', 'GIT_WORK_TREE', 'GIT_COMMON_DIR', 'GIT_INDEX_FILE', 'GIT_PREFIX',
))


class Discovered(NamedTuple):
    """What there is to read below a folder."""

    files: list[str]
    """Those that may be templates or state machines, sorted."""
    notes: list[str]
    """What a person should know who expected more files."""


def discovered(
        folder: str,
        base: str = '',
        files: Sequence[re.Pattern[str]] = (),
        exclude: Sequence[re.Pattern[str]] = (),
) -> Discovered:
    """The files below a folder, and the templates of the CDK apps among them.

    The patterns match paths seen from the folder `base`: with `files`, only what one of these
    matches counts; what one of `exclude` matches does not.
    """
    def wanted(path: str) -> bool:
        if not files and not exclude:
            return True
        seen = os.path.relpath(path, base).replace(os.sep, '/')
        return (
            (not files or any(one.fullmatch(seen) for one in files)) and
            not any(one.fullmatch(seen) for one in exclude)
        )

    notes: list[str] = []
    found = set(_walk(os.path.normpath(folder), notes))
    without_templates = []
    for app in sorted(path for path in found if os.path.basename(path) == 'cdk.json'):
        found.remove(app)
        settings = _settings(app)
        assembly = os.path.normpath(os.path.join(os.path.dirname(app), _output(settings)))
        if is_assembly(assembly):
            found.update(_templates(assembly))
        elif 'app' in settings and wanted(os.path.join(assembly, 'any.template.json')):
            without_templates.append(app)
    if without_templates:
        first, *others = without_templates
        more = f' and {len(others)} more' if others else ''
        notes.append(
            f'{first}{more}: no templates yet; run `cdk synth` first, or name the folder that '
            'has them',
        )
    return Discovered(_each_once(sorted(filter(wanted, found))), notes)


def repository(folder: str) -> str | None:
    """The top of the git repository that a folder lies in, which is an absolute path."""
    while not os.path.exists(os.path.join(folder, '.git')):
        above = os.path.dirname(folder)
        if above == folder:
            return None
        folder = above
    return folder


def _walk(top: str, notes: list[str]) -> Iterator[str]:
    """The files below a folder that may be ours by their names, in no order."""
    if is_assembly(top):
        yield from _templates(top)
        return
    ignored = _ignored(top)
    waiting = [top]
    while waiting:
        folder = waiting.pop()
        folders: list[str] = []
        names: list[str] = []
        try:
            with os.scandir(folder) as entries:
                for entry in entries:
                    is_folder = entry.is_dir(follow_symlinks=False)
                    (folders if is_folder else names).append(entry.name)
        except OSError as error:
            notes.append(f'cannot read the folder {folder}: {error.strerror or error}')
            continue
        if folder != top:
            if 'cdk.out' in names and is_assembly(folder):
                continue
            if '.git' in names or '.git' in folders:
                ignored |= _ignored(folder)
        prefix = '' if folder == '.' else os.path.join(folder, '')
        waiting += {
            prefix + name for name in folders if name[0] != '.' and name not in _SKIPPED_FOLDERS
        } - ignored
        yield from {
            prefix + name for name in names
            if name.lower().endswith(_ENDINGS) and name not in FILENAMES
        } - ignored


def _each_once(paths: Iterable[str]) -> list[str]:
    """The regular files among them; a link counts only if nothing else leads to its file."""
    paths = [path for path in paths if os.path.isfile(path)]  # not a dangling link or a pipe
    if not any(map(os.path.islink, paths)):
        return paths
    kept: dict[str, str] = {}
    for path in sorted(paths, key=os.path.islink):
        kept.setdefault(os.path.realpath(path), path)
    return sorted(kept.values())


# --- git


def _ignored(folder: str) -> set[str]:
    """Files and whole folders that git ignores, written as the walk does.

    Nothing if git can't say, or if it ignores all of the folder, which was named all the same.
    """
    place = os.path.realpath(folder)
    top = repository(place)
    if top is None:
        return set()
    import subprocess  # 10 ms: only in a repository

    below = os.path.relpath(place, top)
    environment = {key: os.environ[key] for key in os.environ.keys() - _GIT_OF_A_HOOK}
    try:
        done = subprocess.run(
            (*_GIT, below), cwd=top, env=environment, timeout=_GIT_SECONDS, check=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        )
    except (OSError, subprocess.SubprocessError):
        return set()
    said = os.fsdecode(done.stdout).replace('/', os.sep).split('\0')[:-1]
    start = '' if below == '.' else os.path.join(below, '')
    if any(start.startswith(path) for path in said if path.endswith(os.sep)):
        return set()
    prefix = '' if folder == '.' else os.path.join(folder, '')
    return {prefix + path[len(start):].rstrip(os.sep) for path in said}


# --- CDK


def _settings(filename: str) -> dict[str, Any]:
    """The content of a cdk.json; what is malformed says nothing."""
    try:
        with open(filename, 'rb') as stream:
            data = json.load(stream)
    except (OSError, ValueError, RecursionError):
        return {}
    return data if isinstance(data, dict) else {}


def _output(settings: dict[str, Any]) -> str:
    output = settings.get('output')
    return output if output and isinstance(output, str) else 'cdk.out'


def is_assembly(folder: str) -> bool:
    """Whether CDK wrote the folder: https://docs.aws.amazon.com/cdk/v2/guide/deploy.html"""
    return all(os.path.isfile(os.path.join(folder, mark)) for mark in ('manifest.json', 'cdk.out'))


def _templates(assembly: str) -> Iterator[str]:
    """Those of its stacks, nested stacks and stages; the assets beside them are not ours."""
    for folder, folders, names in os.walk(assembly):
        folders[:] = [name for name in folders if name.startswith('assembly-')]
        for name in names:
            if name.endswith('.template.json'):
                yield os.path.normpath(os.path.join(folder, name))
