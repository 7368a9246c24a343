"""What is generated or shown is what the program does."""
from __future__ import annotations

import importlib.util
import re
from pathlib import Path

ROOT = Path(__file__).parent.parent


def load(name: str) -> object:
    spec = importlib.util.spec_from_file_location(name, ROOT / 'scripts' / f'{name}.py')
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def blocks(text: str, language: str) -> list[str]:
    return re.findall(rf'^```{language}\n(.*?)^```$', text, re.M | re.S)


def test_rule_pages_are_fresh() -> None:
    wanted = load('docs').pages()  # type: ignore[attr-defined]
    folder = ROOT / 'docs' / 'rules'
    written = {path.name: path.read_text(encoding='utf-8') for path in folder.iterdir()}
    assert written == wanted, 'stale: run python scripts/docs.py'


def test_the_readme_shows_the_real_output() -> None:
    readme = (ROOT / 'README.md').read_text(encoding='utf-8')
    command, development, *_ = blocks(readme, 'sh')
    assert command.rstrip().endswith(' examples/thera-pipeline/wasteful.yaml')
    assert '-m pytest' in development
    assert readme == load('docs').readme(), 'stale: run python scripts/docs.py'  # type: ignore[attr-defined]


def test_contributing_shows_a_rule_in_ten_lines() -> None:
    text = (ROOT / 'CONTRIBUTING.md').read_text(encoding='utf-8')
    rule = blocks(text, 'python')[0]
    compile(rule, 'CONTRIBUTING.md', 'exec')
