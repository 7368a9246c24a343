"""GitLab's Code Quality report.

https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format
"""
from __future__ import annotations

import json
from collections.abc import Iterator

from thera_lint.reports import identity
from thera_lint.reports import Look
from thera_lint.reports import Run
from thera_lint.reports.notes import printable

_SEVERITIES = {'error': 'critical', 'warning': 'major', 'informational': 'info'}


def render(run: Run, look: Look) -> Iterator[str]:
    yield json.dumps([
        {
            'description': printable(found.message),
            'check_name': found.rule.id,
            'fingerprint': fingerprint,
            'severity': _SEVERITIES[found.rule.severity],
            'location': {
                # No JSON holds a name that is not Unicode.
                'path': identity.shown(found.filename).encode('utf-8', 'replace').decode(),
                'lines': {'begin': found.span.line + 1},
            },
        }
        for found, ignored, fingerprint in identity.marked(run) if ignored is None
    ], indent=2)
