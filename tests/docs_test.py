"""What is generated or shown is what the program does, and every command line does what it should.

The pages are read as a reader would follow them: in a folder of their own, what a page names as a
file's content is written, and its command lines are run, in its order. A line that this test does
not know how to run fails it. `docs/ci.md` has a test of its own, ci_test.py; the blocks of
`docs/configuration.md` are run by config_test.py.
"""
from __future__ import annotations

import configparser
import contextlib
import importlib.util
import os
import re
import shlex
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Callable
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from typing import NamedTuple

import pytest

import thera_lint
from thera_lint import cli
from thera_lint import Config
from thera_lint import lint
from thera_lint import registry
from thera_lint import reports
from thera_lint.api import configured
from thera_lint.reports import docs

ROOT = Path(__file__).parent.parent
SCRIPTS = Path(sysconfig.get_path('scripts'))
EXAMPLE = ROOT / 'examples' / 'thera-pipeline'
ARCHIVE = f'{docs.HOME}/archive/refs/tags/v{thera_lint.__version__}.tar.gz'
PAGES = ['README.md', 'CONTRIBUTING.md', 'examples/README.md', *sorted(
    f'docs/{path.name}' for path in (ROOT / 'docs').glob('*.md') if path.name != 'ci.md'
)]
# These are about this repository, and are followed in a copy of it.
OF_THE_TREE = ('CONTRIBUTING.md', 'examples/README.md', 'docs/writing-a-rule.md')

# The exit status that a command line should have, each time that the page has it; else 0.
ERRORS_AND_WARNINGS = 6
STATUS: dict[str, dict[str, tuple[int, ...]]] = {
    'README.md': {
        'thera-lint': (ERRORS_AND_WARNINGS,),
        'thera-lint template.yaml': (ERRORS_AND_WARNINGS,),
        'thera-lint - < template.yaml': (ERRORS_AND_WARNINGS,),
        'thera-lint --context . a.yaml': (4,),
        'thera-lint --environment prod': (ERRORS_AND_WARNINGS,),
        'thera-lint --include IC': (ERRORS_AND_WARNINGS + 8,),
        'thera-lint --fix': (ERRORS_AND_WARNINGS,),
        'cfn-lint template.yaml --append-rules thera_lint.rules.cfn_lint': (ERRORS_AND_WARNINGS,),
    },
    'examples/README.md': {
        'thera-lint examples/thera-pipeline/wasteful.yaml': (ERRORS_AND_WARNINGS,),
        'cfn-lint examples/thera-pipeline/wasteful.yaml --append-rules rules':
            (ERRORS_AND_WARNINGS,),
    },
    'docs/adopting.md': {
        'thera-lint': (ERRORS_AND_WARNINGS, 0, 0),  # the baseline is between them
        'thera-lint --select WC8001': (4,),
        'thera-lint --fix': (ERRORS_AND_WARNINGS,),
    },
}


def load(name: str) -> Any:
    spec = importlib.util.spec_from_file_location(name, ROOT / 'scripts' / f'{name}.py')
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def read(page: str) -> str:
    return (ROOT / page).read_text(encoding='utf-8')


def blocks(text: str, language: str) -> list[str]:
    return re.findall(rf'^```{language}\n(.*?)^```$', text, re.M | re.S)


# --- what is generated


def test_rule_pages_are_fresh() -> None:
    wanted = load('docs').pages()
    folder = ROOT / 'docs' / 'rules'
    written = {path.name: path.read_text(encoding='utf-8') for path in folder.iterdir()}
    assert written == wanted, 'stale: run python scripts/docs.py'


def test_the_readme_shows_the_real_output() -> None:
    """The gate, .ci/run, runs the first two of its blocks, and looks for what the first prints."""
    readme = read('README.md')
    command, development, *_ = blocks(readme, 'sh')
    assert command.rstrip().endswith(' examples/thera-pipeline/wasteful.yaml')
    assert '-m pytest' in development
    assert readme == load('docs').readme(), 'stale: run python scripts/docs.py'


def test_the_picture_is_the_real_terminal() -> None:
    script = load('picture')
    picture = script.picture(script.session())
    assert picture == script.PICTURE.read_text(encoding='utf-8'), (
        'stale: run python scripts/picture.py'
    )
    assert picture.count(' fill="#e3b341">WC') == 4, 'as many findings, in their colour'


def test_the_readme_names_every_format() -> None:
    named = re.findall(r'^\| `(\w+)` \|', read('README.md'), re.M)
    assert tuple(named) == reports.FORMATS


def test_the_readme_ignores_a_finding() -> None:
    template, = (one for one in blocks(read('README.md'), 'yaml') if 'Resources:' in one)
    ignored = lint(template, config=Config()).ignored
    assert [(one.found.rule.id, one.reason) for one in ignored] == [
        ('WC4001', 'raw data, kept by contract'),
    ]


def test_the_changelog_counts_the_rules() -> None:
    assert f'\n- {len(registry.all_rules())} rules ' in read('CHANGELOG.md')


# --- what a page tells its reader to do


class Step(NamedTuple):
    """A command line (`file` is empty), or the content of a file."""

    line: int
    file: str
    text: str


def steps(text: str) -> Iterator[Step]:
    """Every command line and file of a page, in its order."""
    fence = file = ''
    before = ''
    content: list[str] = []
    for number, line in enumerate(text.split('\n'), 1):
        if fence:
            if line == '```':
                if file:
                    yield Step(number, file, '\n'.join([*content, '']))
                elif fence in ('sh', 'console'):
                    yield from _commands(number - len(content), content, fence)
                fence, before = '', ''
            else:
                content.append(line)
        elif line.startswith('```'):
            fence, content = line[3:] or 'text', []
            named = re.search(r'`([^`\s]+\.\w+)`(?: holds)?:$', before)
            file = named[1] if named and fence not in ('sh', 'console') else ''
        elif line.startswith('    '):
            command = re.split(r' {2,}', line.strip())[0]
            yield Step(number, '', command)
        else:
            before = line or before
            for span in re.findall(r'`([^`]+)`', line):
                if re.match(r'(thera-lint|cfn-lint|pre-commit|pip|git|python) ', span):
                    yield Step(number, '', span)


def _commands(number: int, lines: list[str], fence: str) -> Iterator[Step]:
    for offset, line in enumerate(lines):
        if fence == 'console':
            if not line.startswith('$ '):
                continue
            line = line[2:]
        for command in line.split(' && '):
            if command.strip():
                yield Step(number + offset, '', command.strip())


def test_no_command_line_is_overlooked() -> None:
    page = """\
Say `thera-lint init`, or `thera-lint`.

    thera-lint a.yaml     one
    thera-lint - < b      two

```sh
UPDATE=1 python x
git add -A && git commit
```

```console
$ thera-lint
nothing found
```

Into `a/b.yaml`:

```yaml
a: 1
```
"""
    assert [(step.file, step.text) for step in steps(page)] == [
        ('', 'thera-lint init'), ('', 'thera-lint a.yaml'), ('', 'thera-lint - < b'),
        ('', 'UPDATE=1 python x'), ('', 'git add -A'), ('', 'git commit'), ('', 'thera-lint'),
        ('a/b.yaml', 'a: 1\n'),
    ]
    assert [step.line for step in steps(page)] == [1, 3, 4, 7, 8, 8, 12, 20]


def prepared(folder: Path) -> None:
    """A user's repository: the wasteful example, one more template, and the parameters of SAM."""
    shutil.copy(EXAMPLE / 'wasteful.yaml', folder / 'template.yaml')
    shutil.copytree(EXAMPLE / 'statemachine', folder / 'statemachine')
    (folder / 'statemachine' / 'mended.asl.json').unlink()
    (folder / 'a.yaml').write_text('Resources:\n  Raw:\n    Type: AWS::S3::Bucket\n')
    (folder / 'samconfig.toml').write_text(
        'version = 0.1\n[prod.deploy.parameters]\nparameter_overrides = "Environment=prod"\n',
    )
    git = ['git', '-c', 'user.name=thera', '-c', 'user.email=thera@example.com']
    for arguments in (['init', '-q'], ['add', '-A'], ['commit', '-qm', 'all']):
        subprocess.run([*git, *arguments], cwd=folder, check=True)


def copied(folder: Path) -> None:
    """This repository; `rules` is where the installation puts it, too."""
    for name in ('thera_lint', 'rules', 'scripts', 'tests', 'docs', 'examples'):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns('__pycache__'))
    for name in ('README.md', 'setup.cfg'):
        shutil.copy(ROOT / name, folder / name)
    (folder / 'thera_lint' / 'rules').symlink_to(folder / 'rules')
    # As the page on rules asks for it.
    test = folder / 'tests' / 'fixing_test.py'
    text = test.read_text(encoding='utf-8')
    test.write_text(text.replace('UNSAFE = {', "UNSAFE = {'IC4099', ", 1), encoding='utf-8')


@pytest.mark.parametrize('page', PAGES)
def test_what_a_page_says_can_be_followed(
        page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
        capfd: pytest.CaptureFixture[str],
) -> None:
    (copied if page in OF_THE_TREE else prepared)(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv('PYTHONPATH', str(tmp_path) if page in OF_THE_TREE else str(ROOT))
    for name in ('AUTHOR', 'COMMITTER'):
        monkeypatch.setenv(f'GIT_{name}_NAME', 'thera')
        monkeypatch.setenv(f'GIT_{name}_EMAIL', 'thera@example.com')
    left = {command: list(wanted) for command, wanted in STATUS.get(page, {}).items()}
    for step in steps(read(page)):
        if step.file:
            follow(step, tmp_path, page)
            continue
        status = run(step.text)
        printed, said = capfd.readouterr()
        wanted = left[step.text].pop(0) if step.text in left else 0
        assert status == wanted, f'{page}:{step.line}: {step.text}\n{printed[-2000:]}\n{said}'
        assert 'Traceback' not in said and 'please report this' not in said, said
    assert not any(left.values()), f'STATUS has lines that {page} has no more: {left}'


def follow(step: Step, folder: Path, page: str) -> None:
    """Write a file, or compare one that a command line has written."""
    if page == 'docs/configuration.md':
        return  # config_test.py reads them
    path = folder / step.file
    if path.suffix == '.out':
        assert path.read_text(encoding='utf-8') == step.text, f'{page}:{step.line}'
    else:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(step.text, encoding='utf-8')
        if path.name == '.thera-lint.yaml':
            configured('.', str(path))


# --- how a command line is run


def run(command: str) -> int:
    words = shlex.split(command, comments=True)
    environment = dict(os.environ)
    while re.match(r'[A-Z_]+=', words[0]):
        name, _, value = words.pop(0).partition('=')
        environment[name] = value
    program, *arguments = words
    if program == 'python':
        return subprocess.run([sys.executable, *arguments], env=environment).returncode
    if program not in PROGRAMS:
        pytest.fail(f'teach this test how to run {program}')
    return PROGRAMS[program](arguments)


def our_command(arguments: list[str]) -> int:
    """In this process, which starts thirty times as fast."""
    with contextlib.ExitStack() as stack:
        for sign, mode, swap in (('<', 'r', _stdin), ('>', 'w', contextlib.redirect_stdout)):
            if sign in arguments:
                where = arguments.index(sign)
                file = stack.enter_context(open(arguments[where + 1], mode, encoding='utf-8'))
                stack.enter_context(swap(file))
                del arguments[where:where + 2]
        try:
            return cli.main(arguments)
        except SystemExit as end:
            return int(end.code or 0)


@contextlib.contextmanager
def _stdin(file: Any) -> Iterator[None]:
    standard, sys.stdin = sys.stdin, file
    yield
    sys.stdin = standard


def cfn_lint(arguments: list[str]) -> int:
    return subprocess.run([SCRIPTS / 'cfn-lint', *arguments]).returncode


def git(arguments: list[str]) -> int:
    return subprocess.run(['git', '--no-pager', *arguments]).returncode


def pre_commit(arguments: list[str]) -> int:
    """Installing the hook takes the network, and pre_commit_test runs it; its help judges this."""
    known = subprocess.run(
        [sys.executable, '-m', 'pre_commit', arguments[0], '--help'],
        capture_output=True, text=True,
    )
    unknown = [one for one in arguments[1:] if one[:1] == '-' and one not in known.stdout]
    hooks = [one for one in arguments[1:] if one[:1] != '-']
    assert not unknown, f'pre-commit {arguments[0]} has no {unknown}'
    assert set(hooks) <= set(re.findall(r'^- id: (\S+)', read('.pre-commit-hooks.yaml'), re.M))
    return known.returncode


def pip(arguments: list[str]) -> int:
    """Installing takes the network; the gate installs. That the extras exist is all to check."""
    command, *rest = arguments
    assert command == 'install'
    parser = configparser.ConfigParser()
    parser.read(ROOT / 'setup.cfg')
    for one in rest:
        name, _, extra = one.rstrip(']').partition('[')
        assert name in ('-q', '-e', '.', ARCHIVE), 'no registry has thera-lint'
        assert not extra or extra in parser['options.extras_require']
    return 0


def gate(arguments: list[str]) -> int:
    """The README's blocks that make a virtual environment: .ci/run runs them as they stand."""
    assert arguments in (
        ['-m', 'venv', '.venv'],
        ['examples/thera-pipeline/wasteful.yaml'],
        ['-m', 'pytest', '-q', '-n', '2'],
    )
    return 0


PROGRAMS: dict[str, Callable[[list[str]], int]] = {
    'thera-lint': our_command,
    'cfn-lint': cfn_lint,
    'git': git,
    'pre-commit': pre_commit,
    'pip': pip,
    '.venv/bin/pip': pip,
    'python3': gate,
    '.venv/bin/python': gate,
    '.venv/bin/thera-lint': gate,
}


# --- what the pages say beside


@pytest.mark.parametrize('page', ['README.md', 'docs/library.md'])
def test_python_runs(
        page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
) -> None:
    prepared(tmp_path)
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    for block in blocks(read(page), 'python'):
        exec(compile(block, page, 'exec'), names)
    out = capsys.readouterr().out
    assert re.search(r'^template\.yaml:? ?\d+ WC1001 `ApolloDeltaPullFunction` has', out, re.M)
    if page == 'docs/library.md':
        assert re.search(r'^about \$\d+\.\d\d a month$', out, re.M)
        assert "\nbroken.yaml:1: no key 'ignor'; near: ignore\n" in out
        assert 'RetentionInDays: 30' in Path('template.yaml').read_text()


def test_the_library_page_is_typed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As a user's strict mypy sees it, outside of this repository."""
    from mypy import api

    program = tmp_path / 'program.py'
    program.write_text('\n'.join(blocks(read('docs/library.md'), 'python')), encoding='utf-8')
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv('MYPYPATH', str(ROOT))
    cache = ROOT / '.mypy_cache' / 'docs_test'
    printed, _, status = api.run([
        '--strict', '--follow-imports=silent', '--ignore-missing-imports', f'--cache-dir={cache}',
        str(program),
    ])
    assert status == 0, printed


def test_the_library_page_names_every_field() -> None:
    before_findings = read('docs/library.md').partition('A finding, `Found`')[0]
    cells = re.findall(r'^\| (.*?) \|', before_findings, re.M)
    named = {name for cell in cells for name in re.findall(r'`(\w+)`', cell)}
    assert named == set(thera_lint.Linted._fields) - {'project'}


def test_options_exist() -> None:
    """What a sentence calls an option is one, of this command or of cfn-lint."""
    known = set(re.findall(r'--[a-z-]+', cli._parser().format_help()))
    for page in PAGES:
        for span in re.findall(r'`([^`\n]+)`', read(page)):
            found = set(re.findall(r'(?<!\S)--[a-z][a-z-]*', span))
            if not span.startswith(('pre-commit', 'pip', 'git')):
                assert found <= {*known, '--append-rules'}, f'{page}: `{span}`'


def anchors(text: str) -> set[str]:
    """As GitHub makes them of headings."""
    prose = re.sub(r'^```.*?^```$', '', text, flags=re.M | re.S)
    return {
        re.sub(r'[^\w\- ]', '', heading.lower()).replace(' ', '-')
        for heading in re.findall(r'^#+ (.*)$', prose, re.M)
    }


@pytest.mark.parametrize('page', [*PAGES, 'docs/ci.md', 'CHANGELOG.md', 'docs/rules/README.md'])
def test_links_lead_somewhere(page: str) -> None:
    for target in re.findall(r'\]\(([^)]+)\)', read(page)):
        if target.startswith('https://'):
            continue
        name, _, anchor = target.partition('#')
        path = (ROOT / page).parent / name if name else ROOT / page
        assert path.exists(), f'{page}: {target}'
        if anchor:
            assert anchor in anchors(path.read_text(encoding='utf-8')), f'{page}: {target}'


def test_every_guide_is_linked() -> None:
    readme = read('README.md')
    for path in (ROOT / 'docs').glob('*.md'):
        assert f'](docs/{path.name})' in readme, f'{path.name} is not in the README'
