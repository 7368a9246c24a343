"""Write docs/rules/ from the rules' docstrings, options and fixtures, and README's output.

    python scripts/docs.py

`tests/docs_test.py` fails while a page differs from what this would write.
"""
from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from thera_lint import api
from thera_lint import registry
from thera_lint.config import Layer
from thera_lint.reports.docs import page
from thera_lint.rule import Rule

ROOT = Path(__file__).parent.parent
FOLDER = ROOT / 'docs' / 'rules'
FIXTURES = ROOT / 'tests' / 'fixtures'
# The first finding of each of these is shown in the README.
SHOWN = ('WC7011',)


def pages() -> dict[str, str]:
    """File name to content of everything below docs/rules/."""
    rules = registry.every_rule()
    result = {f'{rule.name}.md': _page(rule) for rule in rules}
    result['README.md'] = _index(rules)
    return result


def _page(rule: Rule) -> str:
    before, heading, after = page(rule).partition('## References')
    return f'{before}{_example(rule)}{heading}{after}'.rstrip() + '\n'


def _example(rule: Rule) -> str:
    """The shortest fixture that has a fix, with its result; else the shortest, and a silent one."""
    fails = _templates(rule, 'fail')
    if not fails:
        return ''
    fixes = [
        (fail, fixed) for fail in fails
        if (fixed := fail.with_name(fail.name.replace('fail', 'fixed', 1))).exists()
    ]
    fail = fixes[0][0] if fixes else fails[0]
    found = (fail.parent / f'{fail.stem}.out').read_text(encoding='utf-8')
    lines = ['## Example', '', _fenced(fail), '', '```text', found.rstrip(), '```', '']
    if fixes:
        command = '--fix' if _is_safe(rule, fail) else '--fix --unsafe-fixes'
        lines += [*_configured(fail.parent), f'After `{command}`:', '', _fenced(fixes[0][1]), '']
    else:
        for silent in _templates(rule, 'pass')[:1]:
            lines += ['Silent:', '', _fenced(silent), '']
    return '\n'.join(lines) + '\n'


def _templates(rule: Rule, verdict: str) -> list[Path]:
    """The shortest first."""
    found = (FIXTURES / rule.name).glob(f'{verdict}*.yaml')
    return sorted(
        (path for path in found if path.is_file() and '.asl' not in path.name),
        key=lambda path: (path.stat().st_size, path.name),
    )


def _configured(folder: Path) -> list[str]:
    configuration = folder / '.thera-lint.yaml'
    if not configuration.exists():
        return []
    return ['With this in `.thera-lint.yaml`:', '', _fenced(configuration), '']


def _is_safe(rule: Rule, path: Path) -> bool:
    """Whether all that the rule would edit in a fixture cannot change what is deployed."""
    config = api.configured(str(path))._replace(arguments=Layer(select=(rule.id,)))
    found = api.lint(path, config=config).found
    return all(one.fix is None or one.fix.safe for one in found)


def _fenced(path: Path) -> str:
    return f'```yaml\n{path.read_text(encoding="utf-8").rstrip()}\n```'


def _index(rules: list[Rule]) -> str:
    lines = [
        '# Rules', '',
        'E: it cannot work or costs more than it saves. W: waste in nearly every case. '
        'I: an opportunity to judge, off unless asked for (`--include IC`).', '',
        '| id | name | what it finds |', '| --- | --- | --- |',
    ]
    lines += [f'| {rule.id} | [{rule.name}]({rule.name}.md) | {rule.title} |' for rule in rules]
    return '\n'.join(lines) + '\n'


def readme() -> str:
    """README.md with the output of its first command as it is now: the dearest few findings."""
    text = (ROOT / 'README.md').read_text(encoding='utf-8')
    real = subprocess.run(
        [sys.executable, '-m', 'thera_lint.cli', 'examples/thera-pipeline/wasteful.yaml'],
        cwd=ROOT, capture_output=True, text=True, env={**os.environ, 'NO_COLOR': '1'},
    )
    assert not real.stderr, real.stderr
    findings = real.stdout.rstrip().split('\n\n')
    shown: list[str] = []
    for one in findings[:-1]:
        if any(f': {id} ' in one for id in SHOWN) and not any(
            f': {one.split()[1]} ' in other for other in shown
        ):
            shown.append(one)
    excerpt = '\n\n[...]\n\n'.join([*shown, findings[-1]])
    first = re.compile(r'^```text\n.*?^```$', re.M | re.S)
    return first.sub(lambda _: f'```text\n{excerpt}\n```', text, count=1)


def main() -> None:
    (ROOT / 'README.md').write_text(readme(), encoding='utf-8')
    FOLDER.mkdir(parents=True, exist_ok=True)
    wanted = pages()
    for path in FOLDER.iterdir():
        if path.name not in wanted:
            path.unlink()
    for name, text in wanted.items():
        (FOLDER / name).write_text(text, encoding='utf-8')


if __name__ == '__main__':
    main()
