"""The hook as users have it: installed by the real pre-commit, from a commit of this tree."""
from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

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
def user(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A user's repository; the hook is installed at its first run."""
    base = tmp_path_factory.mktemp('pre-commit')
    # Of a working tree: what is not committed yet is tested, too.
    listed = git(ROOT, 'ls-files', '-z', '-co', '--exclude-standard').split('\0')
    tree = {name: ROOT / name for name in listed if (ROOT / name).is_file()}
    rev = committed(base / 'thera-lint', {name: path.read_bytes() for name, path in tree.items()})
    config = (
        f'repos:\n- repo: {base / "thera-lint"}\n  rev: {rev}\n  hooks:\n  - id: thera-lint\n'
    )
    texts = {'.pre-commit-config.yaml': config, **WASTEFUL, **NOT_OURS}
    committed(base / 'user', {name: text.encode() for name, text in texts.items()})
    return base / 'user'


def hook(user: Path, *files: str) -> subprocess.CompletedProcess[str]:
    which = ['--files', *files] if files else ['--all-files']
    return subprocess.run(
        [sys.executable, '-m', 'pre_commit', 'run', 'thera-lint', '--verbose', *which],
        cwd=user, capture_output=True, encoding='utf-8', check=False,
        env={**os.environ, 'PRE_COMMIT_HOME': str(user.parent / 'home')},
    )


def test_what_wastes_fails(user: Path) -> None:
    run = hook(user)
    assert run.returncode == 1, run.stdout + run.stderr
    assert 'infra/template.yaml:3:3: WC7001 `ApolloLogs`' in run.stdout
    assert 'daily pipeline.asl.json:4:5: WC2001 `FanOut`' in run.stdout
    for name in NOT_OURS:
        assert name not in run.stdout
    # One process for all files; the configuration itself is YAML, too.
    assert run.stdout.count('skipped: neither template nor state machine') == 1
    assert 'in 2 files; 3 skipped' in run.stdout


def test_what_is_not_ours_passes(user: Path) -> None:
    run = hook(user, *NOT_OURS)
    assert run.returncode == 0, run.stdout + run.stderr
    assert 'nothing found in 0 files; 2 skipped' in run.stdout


def test_what_is_clean_passes(user: Path) -> None:
    clean = user / 'infra' / 'clean.yaml'
    template = WASTEFUL['infra/template.yaml']
    mended = template.replace('Properties:\n', 'Properties:\n      RetentionInDays: 30\n')
    clean.write_text(mended, encoding='utf-8')
    run = hook(user, 'infra/clean.yaml', *NOT_OURS)
    assert 'nothing found in 1 file; 2 skipped' in run.stdout, run.stdout + run.stderr
    assert run.returncode == 0


def test_what_other_files_declare_is_known(user: Path) -> None:
    """A bucket without a budget beside it: the budget is in a file that did not change."""
    bucket, budget = user / 'infra' / 'bucket.yaml', user / 'infra' / 'budget.yaml'
    bucket.write_text("""\
AWSTemplateFormatVersion: '2010-09-09'
Resources:
  Bronze:
    Type: AWS::S3::Bucket
""", encoding='utf-8')
    assert ' WC7010 ' in hook(user, 'infra/bucket.yaml').stdout
    budget.write_text("""\
AWSTemplateFormatVersion: '2010-09-09'
Resources:
  Monthly:
    Type: AWS::Budgets::Budget
    Properties:
      Budget: { BudgetType: COST, TimeUnit: MONTHLY }
""", encoding='utf-8')
    run = hook(user, 'infra/bucket.yaml')
    assert ' WC4001 ' in run.stdout
    assert ' WC7010 ' not in run.stdout
    assert 'Monthly' not in run.stdout
