"""One direction, no way back: who may import whom, and who may touch the world."""
from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

# Lower first. A module may import only from those above it in this list.
LAYERS = (
    'bundled', 'words', 'values', 'source', 'intrinsics', 'conditions', 'sam', 'template', 'states',
    'taggable', 'tags', 'parameters', 'deployment', 'prices', 'runtimes', 'billing_services',
    'metrics', 'schedules', 'graph', 'lifecycle', 'project', 'invokers', 'rule', 'builtin',
    'registry', 'engine', 'ignores', 'texttree', 'typesetting', 'edits', 'baseline', 'schema',
    'config', 'discovery', 'files', 'starter', 'api', 'fixing', 'reports.docs', 'reports.notes',
    'reports.identity', 'reports.summary', 'reports.text', 'reports.json', 'reports.sarif',
    'reports.junit', 'reports.github', 'reports.gitlab', 'reports.markdown', 'cli',
    'hosts.cfn_lint',
)
FOR_RULES = {
    'values', 'template', 'states', 'project', 'rule', 'prices', 'tags', 'taggable', 'runtimes',
    'billing_services', 'metrics', 'schedules', 'graph', 'intrinsics',
    'lifecycle', 'words', 'invokers',
}
STANDARD_FOR_RULES = {
    '__future__', 'bisect', 'collections', 'collections.abc', 'datetime', 'difflib', 'enum',
    'fnmatch', 'functools', 'itertools', 'json', 'math', 're', 'typing',
}
# `bundled` reads the data of the package itself, `discovery` where CDK writes.
MAY_OPEN = {'files', 'bundled', 'discovery'}
MAY_PRINT = {'cli'}


def modules() -> dict[str, Path]:
    found = {}
    for path in (ROOT / 'thera_lint').rglob('*.py'):
        name = '.'.join(path.relative_to(ROOT / 'thera_lint').with_suffix('').parts)
        if not name.endswith('__init__'):
            found[name] = path
    return found


def imported(path: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding='utf-8'))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f'{path}: a relative import'
            assert node.module is not None
            names.add(node.module)
            if node.module == 'thera_lint':
                names |= {f'thera_lint.{alias.name}' for alias in node.names}
    return names


def called(path: Path) -> set[str]:
    return {
        node.func.id
        for node in ast.walk(ast.parse(path.read_text(encoding='utf-8')))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    }


def rules() -> list[Path]:
    return sorted(
        path for path in (ROOT / 'rules').rglob('*.py') if path.parent != ROOT / 'rules'
    )


def test_every_module_has_its_layer() -> None:
    assert set(modules()) == set(LAYERS)


@pytest.mark.parametrize('name', LAYERS)
def test_modules_import_only_lower_ones(name: str) -> None:
    if name not in modules():
        pytest.fail(f'{name} is gone: take it out of LAYERS')
    for other in imported(modules()[name]):
        own = other.removeprefix('thera_lint.')
        if other.startswith('thera_lint.') and own in LAYERS:
            assert LAYERS.index(own) < LAYERS.index(name), f'{name} imports {own}'


def test_only_one_module_imports_cfnlint() -> None:
    for path in [*modules().values(), *rules()]:
        if any(name.split('.')[0] == 'cfnlint' for name in imported(path)):
            assert path == ROOT / 'thera_lint' / 'hosts' / 'cfn_lint.py'


def test_only_the_edges_touch_the_world() -> None:
    for name, path in modules().items():
        if name not in MAY_OPEN:
            assert 'open' not in called(path), f'{name} opens files'
        if name not in MAY_PRINT:
            assert 'print' not in called(path), f'{name} prints'


@pytest.mark.parametrize('path', rules(), ids=lambda path: path.stem)
def test_rules_are_pure(path: Path) -> None:
    for name in imported(path):
        own = name.removeprefix('thera_lint.')
        # `_name.py` is what rules of one folder share.
        shared = name.startswith(f'thera_lint.rules.{path.parent.name}')
        shared |= path.parent.name == 'athena' and name.split('.')[0] == 'sqlglot'
        allowed = own in FOR_RULES or name in STANDARD_FOR_RULES or name == 'thera_lint' or shared
        assert allowed, f'{path.stem} imports {name}'
    assert not called(path) & {'open', 'print', 'eval', 'exec', 'input', '__import__'}


def test_the_packages_of_setup_cfg_are_the_folders_of_rules() -> None:
    import configparser

    parser = configparser.ConfigParser()
    parser.read(ROOT / 'setup.cfg')
    packages = set(parser['options']['packages'].split())
    own = {path.parent for path in (ROOT / 'thera_lint').rglob('__init__.py')}
    assert {name for name in packages if not name.startswith('thera_lint.rules')} == {
        '.'.join(path.relative_to(ROOT).parts) for path in own
    }
    folders = {path.name for path in (ROOT / 'rules').iterdir() if (path / '__init__.py').exists()}
    assert {name for name in packages if name.startswith('thera_lint.rules.')} == {
        f'thera_lint.rules.{name}' for name in folders
    }


def test_the_start_up_path_stays_light(tmp_path: Path) -> None:
    """Linting one bucket loads nothing that a bucket does not need."""
    template = tmp_path / 'template.json'
    template.write_text(json.dumps({'Resources': {'Bronze': {'Type': 'AWS::S3::Bucket'}}}))
    program = (
        'import json, sys; from thera_lint import cli\n'
        f'cli.main([{str(template)!r}, "--format", "json"])\n'
        'print("LOADED", json.dumps(sorted(sys.modules)))'
    )
    done = subprocess.run([sys.executable, '-c', program], capture_output=True, text=True)
    loaded = set(json.loads(done.stdout.rsplit('LOADED', 1)[1]))
    heavy = {
        'cfnlint', 'jsonschema', 'yaml', 'samtranslator', 'sqlglot', 'networkx', 'dataclasses',
        'thera_lint.sam', 'tomllib', 'tomli',
    }
    assert not loaded & heavy
    assert not {name for name in loaded if name.startswith('thera_lint.rules.awslambda.')}
    assert 'thera_lint.rules.s3.bucket_without_lifecycle' in loaded
