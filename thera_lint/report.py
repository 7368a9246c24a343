"""Findings as text and as JSON."""
from __future__ import annotations

import json
from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Sequence
from itertools import groupby
from typing import Any

from thera_lint.engine import Found
from thera_lint.rule import Declare
from thera_lint.rule import Fix
from thera_lint.rule import Rule
from thera_lint.rule import Set
from thera_lint.source import Span

DOCS = 'https://github.com/thera-lint/thera-lint/blob/main/docs/rules/'
# So much of a long (minified) line is shown around the marked place.
_WIDTH = 100

_COLOURS = {'error': '31', 'warning': '33', 'informational': '36'}


def as_text(
        found: Sequence[Found], texts: Callable[[str], str | None], *, colour: bool,
) -> Iterator[str]:
    """Lines for people: place and sentence, the source marked, the cost, the way out."""
    def painted(text: str, code: str) -> str:
        return f'\x1b[{code}m{text}\x1b[0m' if colour else text

    lines: dict[str, list[str]] = {}
    # One value in SAM's Globals is found in every function: many sentences, one excerpt.
    for (filename, span, _), group in groupby(found, lambda f: (f.filename, f.span, f.rule.id)):
        together = list(group)
        severity = together[0].rule.severity
        code, bar = _COLOURS[severity], painted('|', '34')
        place = painted(_printable(f'{filename}:{span.line + 1}:{span.column + 1}'), '1')
        for one in together:
            yield f'{place}: {painted(one.rule.id, f"1;{code}")} {_printable(one.message)}'
        if filename not in lines:
            lines[filename] = (texts(filename) or '').split('\n')
        margin = ' ' * len(str(span.line + 1))
        if span.line < len(lines[filename]) and lines[filename][span.line].strip():
            excerpt, mark = _excerpt(lines[filename][span.line], span)
            yield f'  {span.line + 1} {bar} {excerpt}'
            yield f'  {margin} {bar} {painted(mark, code)}'
        notes = [f'cost: {one.cost.basis}' for one in together if one.cost is not None]
        notes += [f'way out: {one.fix.title if one.fix else one.rule.remedy}' for one in together]
        for note in dict.fromkeys(notes):
            yield f'  {margin} {painted("=", "34")} {_printable(note)}'
        yield ''


def as_json(found: Sequence[Found]) -> str:
    """cfn-lint's JSON, and in each match `Cost` and `Fix` (null where there is none)."""
    return json.dumps([_match(one) for one in found], indent=4, sort_keys=True)


def _match(one: Found) -> dict[str, Any]:
    import hashlib
    import uuid

    identity = repr((one.filename, one.span, one.rule.id, one.message, one.path)).encode()
    span = one.span
    return {
        'Cost': one.cost._asdict() if one.cost is not None else None,
        'Filename': one.filename,
        'Fix': _fix(one.fix) if one.fix is not None else None,
        'Id': str(uuid.UUID(hex=hashlib.md5(identity, usedforsecurity=False).hexdigest())),
        'Level': one.rule.severity.capitalize(),
        'Location': {
            'Start': {'LineNumber': span.line + 1, 'ColumnNumber': span.column + 1},
            'End': {'LineNumber': span.end_line + 1, 'ColumnNumber': span.end_column + 1},
            'Path': list(one.path) or None,
        },
        'Message': one.message,
        'ParentId': None,
        'Rule': {
            'Id': one.rule.id,
            'Description': one.rule.documentation,
            'ShortDescription': one.rule.title,
            'Source': f'{DOCS}{one.rule.name}.md',
        },
    }


def _fix(fix: Fix) -> dict[str, Any]:
    return {
        'Title': fix.title,
        'Safe': fix.safe,
        'Edits': [
            {'Set': list(edit.path), 'Value': edit.value} if isinstance(edit, Set)
            else {'Set': ['Resources', edit.logical_id], 'Value': edit.resource}
            if isinstance(edit, Declare) else {'Remove': list(edit.path)}
            for edit in fix.edits
        ],
    }


def summary(found: Sequence[Found], *, checked: int, skipped: int, ignored: int) -> str:
    """One line: what was found in how many files, and what was passed over."""
    parts = []
    for severity, plural in (
            ('error', 'errors'), ('warning', 'warnings'), ('informational', 'informational'),
    ):
        count = sum(1 for one in found if one.rule.severity == severity)
        if count:
            parts.append(f'{count} {severity if count == 1 else plural}')
    text = ', '.join(parts) if parts else 'nothing found'
    text += f' in {checked} {"file" if checked == 1 else "files"}'
    if skipped:
        text += f'; {skipped} skipped: neither template nor state machine'
    if ignored:
        text += f'; {ignored} ignored'
    return text


def _excerpt(line: str, span: Span) -> tuple[str, str]:
    start = span.column
    end = span.end_column if span.end_line == span.line else len(line)
    end = max(start + 1, min(end, len(line)))
    first = 0
    if len(line) > _WIDTH:
        first = max(0, min(start - _WIDTH // 4, len(line) - _WIDTH))
        end = min(end, first + _WIDTH)
    shown = _printable(line[first:first + _WIDTH])
    return shown.rstrip(), ' ' * (start - first) + '^' * (end - start)


def _printable(text: str) -> str:
    """Without what could move the cursor: template text goes to a terminal."""
    if text.isprintable():
        return text
    return ''.join(c if c.isprintable() else ' ' if c in '\t\n' else '?' for c in text)


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
        lines += [references, after.rstrip()]
    return '\n'.join(lines).rstrip() + '\n'
