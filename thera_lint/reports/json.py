"""cfn-lint's JSON, and in each match `Cost` and `Fix` (null where there is none)."""
from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from thera_lint.engine import Found
from thera_lint.reports import docs
from thera_lint.reports import Look
from thera_lint.reports import Run
from thera_lint.rule import Declare
from thera_lint.rule import Fix
from thera_lint.rule import Set


def render(run: Run, look: Look) -> Iterator[str]:
    yield json.dumps([_match(one) for one in run.found], indent=4, sort_keys=True)


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
            'Source': docs.address(one.rule),
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
