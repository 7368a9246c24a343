"""A rule's documentation: its page and where that is published."""
from __future__ import annotations

from thera_lint.rule import Rule

HOME = 'https://github.com/thera-lint/thera-lint'
DOCS = f'{HOME}/blob/main/docs/rules/'


def address(rule: Rule) -> str:
    return f'{DOCS}{rule.name}.md'


def page(rule: Rule) -> str:
    """A rule's documentation in Markdown: docstring, options and way out."""
    title, _, body = rule.documentation.partition('\n')
    lines = [f'# {rule.id} {rule.name}', '', title, '']
    body = body.strip()
    before, references, after = body.partition('## References')
    remedy = rule.remedy[:1].upper() + rule.remedy[1:]
    lines += [before.strip(), '', '## What to do', '', f'{remedy}.', '']
    if rule.options:
        lines += ['## Options', '', '| option | default | meaning |', '| --- | --- | --- |']
        for option in rule.options:
            default = option.default
            if isinstance(default, tuple):
                default = ', '.join(default)
            elif isinstance(default, bool):
                default = str(default).lower()
            lines.append(f'| `{option.name}` | {default} | {option.doc} |')
        lines.append('')
    if references:
        lines += [references, '', after.strip()]
    return '\n'.join(lines).rstrip() + '\n'
