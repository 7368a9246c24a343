from __future__ import annotations

import json
import os
import re
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from thera_lint import discovery


@pytest.fixture(autouse=True)
def git_of_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the person who runs the tests told git must not show."""
    for name in [name for name in os.environ if name.startswith('GIT_')]:
        monkeypatch.delenv(name)
    monkeypatch.setenv('GIT_CONFIG_NOSYSTEM', '1')
    monkeypatch.setenv('GIT_CONFIG_GLOBAL', os.devnull)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def git(folder: Path, *words: str) -> str:
    done = subprocess.run(('git', *words), cwd=folder, check=True, stdout=subprocess.PIPE)
    return os.fsdecode(done.stdout)


def write(*names: str, text: str = '') -> None:
    for name in names:
        os.makedirs(os.path.dirname(name) or '.', exist_ok=True)
        Path(name).write_text(text, encoding='utf-8')


def found(folder: str = '.') -> list[str]:
    said = discovery.discovered(folder)
    assert said.notes == []
    return said.files


# --- without git


def test_names_decide() -> None:
    """Those that templates and state machines have; content decides later."""
    with tempfile.TemporaryDirectory() as place:
        names = [
            'README.md', 'a.asl', 'a.asl.json', 'b.yml', 'c.json', 'd.template', 'e.TEMPLATE',
            'sub/template.yaml', 'template.yaml',
        ]
        ours = [name for name in names if name != 'README.md']
        write(*(os.path.join(place, name) for name in (*names, '.thera-lint.yaml')))
        assert found(place) == [os.path.join(place, name) for name in ours]
        assert found(place + '/./sub/') == [os.path.join(place, 'sub/template.yaml')]


def test_what_is_installed_or_generated_is_skipped(folder: Path) -> None:
    write('a/build/t.yaml', 'a/dist/t.yaml', 'a/target/t.yaml')
    for name in (
        '.aws-sam/build', '.serverless', '.venv', 'node_modules/x', 'bower_components', 'cdk.out',
        'venv', '__pycache__', 'env/lib/python3.12/site-packages',
    ):
        write(f'a/{name}/t.yaml')
    assert found() == ['a/build/t.yaml', 'a/dist/t.yaml', 'a/target/t.yaml']
    assert found('a/node_modules') == ['a/node_modules/x/t.yaml']


def test_a_file_counts_once_and_only_regular_files_count(folder: Path) -> None:
    write('own/t.yaml', 'elsewhere/t.yaml')
    os.mkfifo('own/pipe.yaml')
    os.mkdir('own/folder.yaml')
    for name, target in (
        ('a.yaml', 't.yaml'), ('b.yaml', '../elsewhere/t.yaml'), ('c.yaml', 'b.yaml'),
        ('gone.yaml', 'nowhere'), ('loop.yaml', 'loop.yaml'), ('other', '../elsewhere'),
        ('other.yaml', '../elsewhere'),
    ):
        os.symlink(target, f'own/{name}')
    assert found('own') == ['own/b.yaml', 'own/t.yaml']
    os.symlink('own', 'named')
    assert found('named') == ['named/b.yaml', 'named/t.yaml']
    assert found() == ['elsewhere/t.yaml', 'own/t.yaml']


def test_a_folder_that_cannot_be_read_is_told(folder: Path) -> None:
    assert discovery.discovered('gone') == (
        [], ['cannot read the folder gone: No such file or directory'],
    )


def test_no_depth_is_too_much(folder: Path) -> None:
    levels = ['/'.join(['d'] * depth) for depth in range(1, 1200)]
    for level in levels:
        os.mkdir(level)
    write(f'{levels[-1]}/t.yaml')
    try:
        assert found() == [f'{levels[-1]}/t.yaml']
    finally:  # the removal by pytest would recurse
        os.remove(f'{levels[-1]}/t.yaml')
        for level in reversed(levels):
            os.rmdir(level)


# --- git


_FOLDERS = st.sampled_from(['', 'a/', 'b/', 'a/b/', 'a/b/a/', 'build/', 'a/node_modules/', '.x/'])
_NAMES = st.sampled_from(['x.yaml', 'y.json', 'z.template', 'ä ö.yml', 'notes.txt'])
_PATTERNS = st.lists(st.sampled_from([
    '*', '*.yaml', '!*.yaml', 'x.yaml', '!x.yaml', '/x.yaml', 'a', 'a/', '/a/*', '!a/b/', '!*/',
    '**/b', 'a/**/y.json', 'b/*', '!b/y.json', 'build', '# x', '\\!x', 'ä*', 'node_modules/',
    '[xy].*',
]), max_size=4).map('\n'.join)
_FILES = st.lists(st.tuples(_FOLDERS, _NAMES).map(''.join), unique=True, max_size=14)


@settings(max_examples=50)
@given(
    files=_FILES, tracked=_FILES, everywhere=_PATTERNS, here=_PATTERNS,
    ignores=st.dictionaries(st.sampled_from(['', 'a/', 'a/b/', 'build/']), _PATTERNS),
)
def test_what_git_lists_is_found(
        files: list[str], tracked: list[str], everywhere: str, here: str, ignores: dict[str, str],
) -> None:
    with tempfile.TemporaryDirectory() as place, pytest.MonkeyPatch.context() as patch:
        patch.chdir(place)
        patch.setenv('GIT_CONFIG_GLOBAL', os.path.join(place, 'config'))
        write('config', text=f'[core]\nexcludesFile = {place}/everywhere\n')
        write('everywhere', text=everywhere)
        top = Path(place, 'top')
        top.mkdir()
        git(top, 'init', '-q')
        patch.chdir(top)
        write(*files, *tracked)
        for name, text in ignores.items():
            write(f'{name}.gitignore', text=text)
        write('.git/info/exclude', text=here)
        written = {*files, *tracked, *(f'{name}.gitignore' for name in ignores)}
        git(top, 'add', '-f', '--', *tracked)
        listed = set(git(top, 'ls-files', '-zco', '--exclude-standard').split('\0')[:-1])
        ours = re.compile(r'.*\.(yaml|yml|json|template)')
        skipped = re.compile(r'(.*/)?(node_modules|\.[^/]*)/.*')
        for start in ('', 'a/', 'a/b/'):
            below = {name for name in written if name.startswith(start)}
            # All of it is ignored, but it was named.
            wanted = below & listed or (below if start else set())
            if below:
                assert found(start or '.') == sorted(
                    name for name in wanted
                    if ours.fullmatch(name) and not skipped.fullmatch(name.removeprefix(start))
                ), start


@pytest.fixture
def project(folder: Path) -> Path:
    """A repository that ignores `out`, save one file that it tracks."""
    git(folder, 'init', '-q')
    write('.gitignore', text='out/\nx.yaml\n')
    write('t.yaml', 'x.yaml', 'sub/x.yaml', 'sub/t.yaml', 'out/t.yaml', 'out/deep/t.yaml')
    write('out/kept/t.yaml')
    git(folder, 'add', '-f', 'out/kept/t.yaml')
    return folder


_LISTED = ['out/kept/t.yaml', 'sub/t.yaml', 't.yaml']
_ALL = [
    'out/deep/t.yaml', 'out/kept/t.yaml', 'out/t.yaml', 'sub/t.yaml', 'sub/x.yaml', 't.yaml',
    'x.yaml',
]


def test_an_ignored_folder_that_is_named_is_read(project: Path) -> None:
    assert found() == _LISTED
    assert found('out/deep') == ['out/deep/t.yaml']
    assert found('out') == ['out/kept/t.yaml'], 'what is tracked there is what people wrote'
    git(project, 'rm', '-q', '--cached', 'out/kept/t.yaml')
    assert found('out') == ['out/deep/t.yaml', 'out/kept/t.yaml', 'out/t.yaml']


def test_a_folder_that_ignores_itself_is_read_when_named(project: Path) -> None:
    write('made/.gitignore', text='*\n')
    write('made/t.yaml')
    assert found() == _LISTED
    assert found('made') == ['made/t.yaml']


def test_from_anywhere_by_any_name(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert found(str(project)) == [str(project / name) for name in _LISTED]
    os.symlink(project / 'sub', 'link')
    assert found('link') == ['link/t.yaml']
    monkeypatch.chdir('sub')
    assert found() == ['t.yaml']
    assert found('..') == ['../out/kept/t.yaml', '../sub/t.yaml', '../t.yaml']


def test_a_hook_of_another_repository_changes_nothing(
        project: Path, monkeypatch: pytest.MonkeyPatch,
) -> None:
    git(project, 'init', '-q', '.other')
    monkeypatch.setenv('GIT_DIR', str(project / '.other' / '.git'))
    monkeypatch.setenv('GIT_WORK_TREE', str(project / '.other'))
    monkeypatch.setenv('GIT_INDEX_FILE', '.git/next-index-1.lock')
    assert found() == _LISTED


def test_while_git_commits(project: Path) -> None:
    program = 'from thera_lint import discovery; print(discovery.discovered(".").files)'
    write('.git/hooks/pre-commit', text=f"#!/bin/sh\n'{sys.executable}' -c '{program}' > heard\n")
    os.chmod('.git/hooks/pre-commit', stat.S_IRWXU)
    git(
        project, '-c', 'user.name=x', '-c', 'user.email=x', '-c', 'core.hooksPath=.git/hooks',
        'commit', '-qm', 'x', 'out/kept/t.yaml',
    )
    assert Path('heard').read_text().strip() == str(_LISTED)


def test_a_name_that_means_more_to_git(project: Path) -> None:
    for name in (':(icase)z', '-x', '[ab]'):
        write(f'{name}/t.yaml', f'{name}/x.yaml')
        assert found(name) == [f'{name}/t.yaml']


def test_each_repository_below_has_its_own_say(project: Path) -> None:
    for name in ('clone', 'out/clone'):
        git(project, 'init', '-q', name)
        write(f'{name}/.gitignore', text='made/\n!x.yaml')
        write(f'{name}/made/t.yaml', f'{name}/x.yaml', f'{name}/t.yaml')
    assert found() == sorted([*_LISTED, 'clone/t.yaml', 'clone/x.yaml'])


def test_a_submodule_and_a_worktree_are_repositories(project: Path) -> None:
    names = ('-c', 'user.name=x', '-c', 'user.email=x', '-c', 'protocol.file.allow=always')
    git(project, 'init', '-q', '.origin')
    write('.origin/t.yaml')
    write('.origin/.gitignore', text='made/\n')
    git(project / '.origin', 'add', '.')
    git(project / '.origin', *names, 'commit', '-qm', 'x')
    git(project, *names, 'submodule', '--quiet', 'add', str(project / '.origin'), 'module')
    git(project / '.origin', 'worktree', 'add', '-q', str(project / 'tree'))
    write('module/made/t.yaml', 'tree/made/t.yaml')
    assert found() == sorted([*_LISTED, 'module/t.yaml', 'tree/t.yaml'])
    assert found('module') == ['module/t.yaml']


def test_names_that_are_no_text(project: Path) -> None:
    write('.gitignore', text='raw*\n')
    for name in (b'raw\xff.yaml', b'\xff.yaml', b'a\nb.yaml'):
        open(name, 'w').close()
    assert [os.fsencode(name) for name in found() if '/' not in name] == [
        b'a\nb.yaml', b't.yaml', b'x.yaml', b'\xff.yaml',
    ]


def _no_git(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv('PATH', str(folder))


def _slow_git(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write('.bin/git', text='#!/bin/sh\nexec sleep 60\n')
    os.chmod('.bin/git', stat.S_IRWXU)
    monkeypatch.setenv('PATH', f'{folder}/.bin{os.pathsep}{os.environ["PATH"]}')
    monkeypatch.setattr(discovery, '_GIT_SECONDS', 0.2)


def _another_owner(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv('GIT_TEST_ASSUME_DIFFERENT_OWNER', '1')


def _broken_repository(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    os.remove('.git/HEAD')
    monkeypatch.setenv('GIT_CEILING_DIRECTORIES', str(folder.parent))


@pytest.mark.parametrize('trouble', (_no_git, _slow_git, _another_owner, _broken_repository))
def test_where_git_cannot_say_nothing_is_ignored(
        project: Path, monkeypatch: pytest.MonkeyPatch, trouble: object,
) -> None:
    assert callable(trouble)
    trouble(project, monkeypatch)
    assert found() == _ALL


def test_no_program_of_the_repository_is_run(project: Path) -> None:
    write('.git/monitor', text='#!/bin/sh\ntouch "$GIT_DIR/../run"; touch run\n')
    os.chmod('.git/monitor', stat.S_IRWXU)
    git(project, 'config', 'core.fsmonitor', str(project / '.git' / 'monitor'))
    assert found() == _LISTED
    assert not os.path.exists('run')
    git(project, 'status', '--short')
    assert os.path.exists('run'), 'the test proves nothing if git would not run it'


@pytest.mark.parametrize('in_repository', (False, True))
def test_only_a_repository_costs_a_process(folder: Path, in_repository: bool) -> None:
    write('t.yaml')
    if in_repository:
        git(folder, 'init', '-q')
    program = (
        'import sys; from thera_lint import discovery; discovery.discovered(".");'
        'print("subprocess" in sys.modules)'
    )
    done = subprocess.run((sys.executable, '-c', program), capture_output=True, text=True)
    assert done.stdout.strip() == str(in_repository)


# --- CDK


def synthesize(assembly: str, *stages: str) -> list[str]:
    """Write what `cdk synth` writes for a stack with a nested one; returns the templates."""
    names = (
        'cdk.out', 'manifest.json', 'tree.json', 'validation-report.json', 'Lake.assets.json',
        'Lake.metadata.json', 'asset.796f555a/template.json', 'asset.796f555a/x.template.json',
        'asset.11aa.json',
    )
    templates = ['Lake.template.json', 'LakeSubD39C64D6.nested.template.json']
    write(*(f'{assembly}/{name}' for name in (*names, *templates)))
    inner = [name for stage in stages for name in synthesize(f'{assembly}/assembly-{stage}')]
    return [*(f'{assembly}/{name}' for name in templates), *inner]


def app(name: str, **settings: object) -> None:
    write(name, text=json.dumps({'app': 'python3 app.py', **settings}))


def test_what_cdk_made_is_read_though_git_ignores_it(folder: Path) -> None:
    git(folder, 'init', '-q')
    write('.gitignore', text='cdk.out\ndist\n')
    write('package.json', 'lambda/template.yaml', 'dist/t.yaml')
    app('cdk.json')
    app('packages/infra/cdk.json', output='../../dist/infra')
    ours = ['package.json', 'lambda/template.yaml']
    made = [*synthesize('cdk.out', 'Prod', 'Test'), *synthesize('dist/infra')]
    assert found() == sorted([*ours, *made])
    assert found('packages') == sorted(f'{name}' for name in synthesize('dist/infra'))
    assert found('lambda') == ['lambda/template.yaml']


def test_an_assembly_is_read_when_named(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = synthesize('made', 'Prod')
    write('t.yaml')
    assert found('made') == sorted(made)
    assert found('made/assembly-Prod') == sorted(name for name in made if 'assembly-' in name)
    assert found() == ['t.yaml'], 'no cdk.json leads to it: a snapshot of a test, a copy'
    monkeypatch.chdir('made')
    assert found() == sorted(name.removeprefix('made/') for name in made)


def test_an_app_without_templates_is_told(folder: Path) -> None:
    app('a/cdk.json')
    write('t.yaml', 'a/cdk.out/half.template.json')
    rest = 'no templates yet; run `cdk synth` first, or name the folder that has them'
    assert discovery.discovered('.') == (['t.yaml'], [f'a/cdk.json: {rest}'])
    app('b/cdk.json', output='made')
    app('c/cdk.json')
    assert discovery.discovered('.').notes == [f'a/cdk.json and 2 more: {rest}']
    synthesize('a/cdk.out')
    synthesize('b/made')
    assert discovery.discovered('.').notes == [f'c/cdk.json: {rest}']


@pytest.mark.parametrize('text', (
    '', '{', '[]', '{"context": {}}', '\xff', '{"output": 3}', '{"output": ""}', '[' * 100_000,
    '{"output": "\\u0000"}',
))
def test_a_cdk_json_that_says_nothing_is_no_matter(folder: Path, text: str) -> None:
    Path('cdk.json').write_bytes(text.encode('latin-1'))
    assert found() == []
    if 'u0000' not in text:
        made = synthesize('cdk.out')
        assert found() == sorted(made)


def test_sam(folder: Path) -> None:
    """`sam build` writes the template again, below .aws-sam."""
    names = ['events/event.json', 'samconfig.yaml', 'statemachine/flow.asl.json', 'template.yaml']
    write(*names, '.aws-sam/build/template.yaml', '.aws-sam/build.toml', 'samconfig.toml')
    assert found() == names


# --- files and exclude


_A, _B = re.compile('a/.*'), re.compile(r'[^/]*/b\.yaml')
_CDK, _TESTS = re.compile(r'cdk\.out(?:/.*)?'), re.compile('.*/tests/.*')


@pytest.fixture
def several(folder: Path) -> Iterator[Path]:
    write('a/b.yaml', 'a/c.yaml', 'a/tests/b.yaml', 'd/b.yaml', 'd/c.yaml')
    app('cdk.json')
    synthesize('cdk.out')
    yield folder


@pytest.mark.parametrize('files, exclude, wanted', (
    ([_A], [], ['a/b.yaml', 'a/c.yaml', 'a/tests/b.yaml']),
    ([_A, _B], [], ['a/b.yaml', 'a/c.yaml', 'a/tests/b.yaml', 'd/b.yaml']),
    ([_A, _B], [_TESTS], ['a/b.yaml', 'a/c.yaml', 'd/b.yaml']),
    ([], [_A, _CDK], ['d/b.yaml', 'd/c.yaml']),
    ([], [_A, _B], [
        'cdk.out/Lake.template.json', 'cdk.out/LakeSubD39C64D6.nested.template.json', 'd/c.yaml',
    ]),
))
def test_patterns_choose(
        several: Path, monkeypatch: pytest.MonkeyPatch,
        files: list[re.Pattern[str]], exclude: list[re.Pattern[str]], wanted: list[str],
) -> None:
    base = str(several)
    assert discovery.discovered('.', base, files, exclude) == (wanted, [])
    assert discovery.discovered('.', '', files, exclude) == (wanted, [])
    assert discovery.discovered(base, base, files, exclude).files == [
        os.path.join(base, name) for name in wanted
    ]
    monkeypatch.chdir('d')
    assert discovery.discovered('.', base, files, exclude).files == [
        name[2:] for name in wanted if name.startswith('d/')
    ]


def test_a_link_counts_where_its_target_is_left_out(several: Path) -> None:
    os.symlink('../a/b.yaml', 'd/l.yaml')
    assert discovery.discovered('d', '', [], [_A]).files == ['d/b.yaml', 'd/c.yaml', 'd/l.yaml']
    assert 'd/l.yaml' not in found()


def test_an_app_that_nobody_wants_is_not_missed(several: Path) -> None:
    os.remove('cdk.out/manifest.json')
    assert len(discovery.discovered('.').notes) == 1
    assert discovery.discovered('.', '', [], [_CDK]).notes == []
    assert discovery.discovered('.', '', [_A], []).notes == []
