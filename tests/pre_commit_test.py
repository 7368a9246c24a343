"""The hook as users have it: installed by the real pre-commit, from a commit of this tree."""
from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parent.parent

Run = Callable[..., subprocess.CompletedProcess[str]]

WASTEFUL = {
    'infra/template.yaml': """\
AWSTemplateFormatVersion: '2010-09-09'
Resources:
  ApolloLogs:
    Type: AWS::Logs::LogGroup
    Properties:
      Tags:
        - { Key: Project, Value: thera }
        - { Key: Environment, Value: prod }
        - { Key: Owner, Value: data }
        - { Key: CostCenter, Value: data }
""",
    'daily pipeline.asl.json': """\
{
  "StartAt": "FanOut",
  "States": {
    "FanOut": {
      "Type": "Map",
      "ItemProcessor": {
        "StartAt": "Enrich",
        "States": {
          "Enrich": {
            "Type": "Task",
            "Resource": "arn:aws:lambda:us-east-1:123456789012:function:contact-enricher",
            "End": true
          }
        }
      },
      "End": true
    }
  }
}
""",
}
MENDED = WASTEFUL['infra/template.yaml'].replace(
    '- { Key: CostCenter, Value: data }\n',
    '- { Key: CostCenter, Value: data }\n      RetentionInDays: 30\n',
)
BUCKET = """\
AWSTemplateFormatVersion: '2010-09-09'
Resources:
  Bronze:
    Type: AWS::S3::Bucket
"""
NOT_OURS = {
    'k8s/deployment.yaml': """\
apiVersion: apps/v1
kind: Deployment
metadata: { name: thera }
spec:
  template:
    spec:
      containers:
        - name: app
          resources: { limits: { memory: 4Gi } }
---
apiVersion: v1
kind: Service
metadata: { name: thera }
""",
    'package.json': '{"name": "thera", "scripts": {"start": "node ."}}\n',
}


def git(folder: Path, *arguments: str) -> str:
    return subprocess.run(
        ['git', '-c', 'user.name=thera', '-c', 'user.email=thera@example.com', *arguments],
        cwd=folder, check=True, capture_output=True, encoding='utf-8',
    ).stdout


def committed(folder: Path, texts: dict[str, bytes]) -> str:
    """A repository of these files; returns the commit."""
    folder.mkdir()
    for name, text in texts.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text)
    git(folder, 'init', '-q')
    git(folder, 'add', '.')
    git(folder, 'commit', '-q', '--no-verify', '-m', 'all')
    return git(folder, 'rev-parse', 'HEAD').strip()


@pytest.fixture(scope='module')
def hooks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A commit of this tree, which every user's repository has its hooks from.

    Of a working tree: what is not committed yet is tested, too.
    """
    listed = git(ROOT, 'ls-files', '-z', '-co', '--exclude-standard').split('\0')
    tree = {name: ROOT / name for name in listed if (ROOT / name).is_file()}
    folder = tmp_path_factory.mktemp('pre-commit') / 'thera-lint'
    committed(folder, {name: path.read_bytes() for name, path in tree.items()})
    return folder


def configured(hooks: Path, index: int, **changes: Any) -> str:
    """A configuration that docs/ci.md shows, with the commit of `hooks`."""
    page = (ROOT / 'docs' / 'ci.md').read_text('utf-8')
    config = yaml.safe_load(re.findall(r'```yaml\n(repos:\n.*?)```', page, re.DOTALL)[index])
    [repository] = config['repos']
    repository.update(repo=str(hooks), rev=git(hooks, 'rev-parse', 'HEAD').strip())
    [hook] = repository['hooks']
    hook.update(changes)
    return str(yaml.safe_dump(config))


@pytest.fixture
def user(hooks: Path, tmp_path: Path) -> Path:
    """A user's repository; the hook is installed by the first run of all."""
    texts = {'.pre-commit-config.yaml': configured(hooks, 0), **WASTEFUL, **NOT_OURS}
    committed(tmp_path / 'user', {name: text.encode() for name, text in texts.items()})
    return tmp_path / 'user'


@pytest.fixture
def run(hooks: Path, user: Path) -> Run:
    """Runs the user's hook on these files, or on all."""
    def hook(*files: str) -> subprocess.CompletedProcess[str]:
        which = ['--files', *files] if files else ['--all-files']
        return subprocess.run(
            [sys.executable, '-m', 'pre_commit', 'run', '--verbose', *which],
            cwd=user, capture_output=True, encoding='utf-8', check=False,
            env={**os.environ, 'PRE_COMMIT_HOME': str(hooks.parent / 'home')},
        )

    return hook


def write(user: Path, texts: dict[str, str]) -> None:
    for name, text in texts.items():
        (user / name).write_text(text, encoding='utf-8')


def test_what_wastes_fails(run: Run) -> None:
    done = run()
    assert done.returncode == 1, done.stdout + done.stderr
    assert '- exit code: 4' in done.stdout
    assert 'infra/template.yaml:3:3: WC7001 `ApolloLogs`' in done.stdout
    assert 'daily pipeline.asl.json:4:5: WC2001 `FanOut`' in done.stdout
    for name in NOT_OURS:
        assert name not in done.stdout
    # One process for all files; the configuration itself is YAML, too.
    assert done.stdout.count('skipped: neither template nor state machine') == 1
    assert 'in 2 files; 3 skipped' in done.stdout


def test_what_is_not_ours_passes(run: Run) -> None:
    done = run(*NOT_OURS)
    assert done.returncode == 0, done.stdout + done.stderr
    assert 'nothing found in 0 files; 2 skipped' in done.stdout


def test_what_is_clean_passes(user: Path, run: Run) -> None:
    write(user, {'infra/clean.yaml': MENDED})
    done = run('infra/clean.yaml', *NOT_OURS)
    assert 'nothing found in 1 file; 2 skipped' in done.stdout, done.stdout + done.stderr
    assert done.returncode == 0


def test_what_other_files_declare_is_known(hooks: Path, user: Path, run: Run) -> None:
    """A bucket without a budget beside it: the budget is in a file that did not change."""
    write(user, {'infra/bucket.yaml': BUCKET})
    assert ' WC7010 ' in run('infra/bucket.yaml').stdout
    write(user, {'infra/budget.yaml': """\
AWSTemplateFormatVersion: '2010-09-09'
Resources:
  Monthly:
    Type: AWS::Budgets::Budget
    Properties:
      Budget: { BudgetType: COST, TimeUnit: MONTHLY }
"""})
    # Options of the user's own do not make it forget that.
    for config in configured(hooks, 0), configured(hooks, 0, args=['--ignore', 'WC8']):
        write(user, {'.pre-commit-config.yaml': config})
        done = run('infra/bucket.yaml')
        assert ' WC4001 ' in done.stdout
        assert ' WC7010 ' not in done.stdout
        assert 'Monthly' not in done.stdout
    assert ' WC8001 ' not in done.stdout


def test_what_the_baseline_holds_passes(user: Path, run: Run) -> None:
    subprocess.run(
        [sys.executable, '-m', 'thera_lint.cli', '--write-baseline', 'known.json'],
        cwd=user, check=True, capture_output=True,
    )
    write(user, {'.thera-lint.yaml': 'baseline: known.json\n'})
    done = run()
    assert done.returncode == 0, done.stdout + done.stderr
    assert '2 ignored' in done.stdout
    write(user, {'infra/bucket.yaml': BUCKET})
    done = run('infra/bucket.yaml', 'infra/template.yaml')
    assert done.returncode == 1
    assert 'infra/bucket.yaml:3:3: WC4001' in done.stdout
    assert 'WC7001' not in done.stdout
    # The state machine was not looked at, so nothing can be said of its entry.
    assert 'no longer needed' not in done.stdout


def test_the_fixing_hook_changes_files_and_says_what_is_left(
        hooks: Path, user: Path, run: Run,
) -> None:
    write(user, {'.pre-commit-config.yaml': configured(hooks, 0, id='thera-lint-fix')})
    done = run('infra/template.yaml')
    assert done.returncode == 1, done.stdout + done.stderr
    assert '- files were modified by this hook' in done.stdout
    assert '1 finding fixed in 1 file' in done.stdout
    assert 'exit code' not in done.stdout
    assert (user / 'infra' / 'template.yaml').read_text('utf-8') == MENDED
    git(user, 'add', 'infra')
    assert run('infra/template.yaml').returncode == 0
    machine = 'daily pipeline.asl.json'
    done = run(machine)
    assert '- exit code: 4' in done.stdout
    assert 'files were modified' not in done.stdout
    assert f'{machine}:4:5: WC2001 `FanOut`' in done.stdout
    assert (user / machine).read_text('utf-8') == WASTEFUL[machine]


def test_endings_that_pre_commit_does_not_know_are_asked_for(
        hooks: Path, user: Path, run: Run,
) -> None:
    write(user, {
        'infra/old.template': WASTEFUL['infra/template.yaml'],
        'infra/notes.txt': 'Resources: AWS::S3::Bucket: [',
    })
    files = ('infra/old.template', 'infra/notes.txt')
    assert 'no files to check' in run(*files).stdout
    write(user, {'.pre-commit-config.yaml': configured(hooks, 1)})
    done = run(*files)
    assert 'infra/old.template:3:3: WC7001' in done.stdout, done.stdout + done.stderr
    assert 'in 1 file\n' in done.stdout
