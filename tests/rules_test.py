"""Every rule against its fixtures, under both hosts, with one golden file for both.

`tests/fixtures/<rule>/fail*` must be found as its `.out` says; `pass*` must be silent. A
fixture is a template, a state machine, or a folder that is linted as one run. With UPDATE=1
the golden files are written; read the difference before committing it.
"""
from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from thera_lint import engine
from thera_lint import files
from thera_lint import registry
from thera_lint.engine import Found
from thera_lint.engine import Settings
from thera_lint.rule import Rule

FIXTURES = Path(__file__).parent / 'fixtures'
RULES = {rule.name: rule for rule in registry.all_rules()}
DATA = ('.yaml', '.yml', '.json')


def fixtures(verdict: str) -> list[Path]:
    return sorted(
        path for path in FIXTURES.glob(f'*/{verdict}*')
        if path.is_dir() or path.suffix in DATA
    )


def named(path: Path) -> str:
    return f'{path.parent.name}/{path.name}'


def rule_of(path: Path) -> Rule:
    return RULES[path.parent.name]


def golden(path: Path) -> Path:
    return path.parent / (path.name.split('.')[0] + '.out')


def line(filename: str, line: int, column: int, rule_id: str, message: str) -> str:
    return f'{filename}:{line}:{column} {rule_id} {message}\n'


def lint(path: Path) -> list[Found]:
    rule = rule_of(path)
    loaded = files.load([str(path)])
    assert not loaded.unreadable, loaded.unreadable
    result = engine.run(loaded.project, [rule], Settings().options_of)
    assert not result.crashes, result.crashes
    return result.found


def thera_lint(path: Path) -> str:
    return ''.join(
        line(
            os.path.relpath(found.filename, path.parent),
            found.span.line + 1, found.span.column + 1, found.rule.id, found.message,
        )
        for found in lint(path)
    )


@pytest.mark.parametrize('path', fixtures('fail'), ids=named)
def test_fail_is_found(path: Path) -> None:
    found = thera_lint(path)
    if os.environ.get('UPDATE'):
        golden(path).write_text(found, encoding='utf-8')
    assert found == golden(path).read_text(encoding='utf-8')
    assert found, 'a fail fixture must be found'


@pytest.mark.parametrize('path', fixtures('pass'), ids=named)
def test_pass_is_silent(path: Path) -> None:
    assert thera_lint(path) == ''


@pytest.mark.parametrize('path', fixtures('fixed'), ids=named)
def test_fixed_is_silent(path: Path) -> None:
    assert thera_lint(path) == ''


def test_every_rule_has_both_verdicts() -> None:
    for name in RULES:
        for verdict in ('fail', 'pass'):
            assert list((FIXTURES / name).glob(f'{verdict}*')), f'{name} has no {verdict} fixture'


def test_no_orphans() -> None:
    for folder in FIXTURES.iterdir():
        assert folder.name in RULES, f'{folder} belongs to no rule'
        for path in folder.iterdir():
            assert re.match(r'(fail|pass|fixed|parts|\.thera-lint\.yaml$)', path.name), path
            if path.suffix == '.out':
                assert any(golden(one) == path for one in fixtures('fail')), f'{path} is left over'


@pytest.mark.parametrize('rule', RULES.values(), ids=RULES)
def test_a_rule_is_one_file_named_for_it(rule: Rule) -> None:
    assert type(rule).__module__.rsplit('.', 1)[-1] == rule.name
    assert re.fullmatch(r'[EWI]C[1-9]\d{3}', rule.id)
    assert not re.match(r'(avoid|use|no|missing|do_not)_', rule.name) or rule.id == 'WC8002'
    assert rule.remedy and not rule.remedy.endswith('.')
    for heading in ('## Why it costs', '## When it is right', '## References'):
        assert heading in rule.documentation
    for option in rule.options:
        assert isinstance(option.default, (int, bool, str, tuple))
