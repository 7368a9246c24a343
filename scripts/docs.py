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

from thera_lint import registry
from thera_lint import report
from thera_lint.files import UnreadableFile
from thera_lint.rule import Rule

ROOT = Path(__file__).parent.parent
FOLDER = ROOT / 'docs' / 'rules'
FIXTURES = ROOT / 'tests' / 'fixtures'
# One finding of each of these is shown in the README.
SHOWN = ('WC2008', 'WC5001', 'WC1001', 'WC6002', 'WC7011')


def pages() -> dict[str, str]:
    """File name to content of everything below docs/rules/."""
    rules = registry.all_rules()
    result = {f'{rule.name}.md': _page(rule) for rule in [UnreadableFile(), *rules]}
    result['README.md'] = _index(rules)
    return result


def _page(rule: Rule) -> str:
    text = report.page(rule)
    folder = FIXTURES / rule.name
    fail = _shortest(folder, 'fail')
    if fail is not None:
        found = (folder / f'{fail.stem}.out').read_text(encoding='utf-8')
        examples = [
            '## Example', '', _fenced(fail), '', '```text', found.rstrip(), '```', '',
        ]
        remedied = _shortest(folder, 'fixed') or _shortest(folder, 'pass')
        if remedied is not None:
            examples += ['Silent:', '', _fenced(remedied), '']
        example = '\n'.join(examples)
        before, heading, after = text.partition('## References')
        text = f'{before}{example}\n{heading}{after}'
    return text.rstrip() + '\n'


def _shortest(folder: Path, verdict: str) -> Path | None:
    candidates = [path for path in folder.glob(f'{verdict}*.yaml') if '.asl' not in path.name]
    return min(candidates, key=lambda path: (path.stat().st_size, path.name), default=None)


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
