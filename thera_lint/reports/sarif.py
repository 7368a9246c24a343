"""SARIF 2.1.0, for GitHub's code scanning, Azure DevOps and editors.

https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/sarif-v2.1.0-errata01-os-complete.html
"""
from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

from thera_lint import __version__
from thera_lint.engine import Found
from thera_lint.ignores import Ignored
from thera_lint.reports import docs
from thera_lint.reports import Look
from thera_lint.reports import Run
from thera_lint.reports.identity import Marked
from thera_lint.reports.identity import marked
from thera_lint.reports.identity import relative
from thera_lint.reports.notes import printable
from thera_lint.rule import Rule

_SCHEMA = (
    'https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json'
)
_ROOT = 'SRCROOT'
_LEVELS = {'error': 'error', 'warning': 'warning', 'informational': 'note'}
# Making the edit of a fix reads its file twice more, at a second a million characters. A file
# that would take longer than two seconds for all of its fixes is reported without them.
_REREAD = 2_000_000


def render(run: Run, look: Look) -> Iterator[str]:
    results = marked(run)
    fixable = _fixable(run)
    by_id = {one.found.rule.id: one.found.rule for one in results}
    rules = sorted(by_id)
    log = {
        '$schema': _SCHEMA,
        'version': '2.1.0',
        'runs': [{
            'tool': {'driver': {
                'name': 'thera-lint',
                'version': __version__,
                'semanticVersion': __version__,
                'informationUri': docs.HOME,
                'rules': [_rule(by_id[id]) for id in rules],
            }},
            # Without its address, so that a report tells nothing of the machine it is made on.
            'originalUriBaseIds': {
                _ROOT: {'description': {'text': 'The folder in which thera-lint ran.'}},
            },
            'columnKind': 'unicodeCodePoints',
            'results': [
                _result(one, rules.index(one.found.rule.id), fixable) for one in results
            ],
        }],
    }
    yield json.dumps(log, indent=2)


def _rule(rule: Rule) -> dict[str, Any]:
    why = rule.documentation.partition('## Why it costs')[2].partition('\n## ')[0]
    text = ' '.join(why.split()) or rule.title
    return {
        'id': rule.id,
        'name': rule.name,
        'shortDescription': {'text': rule.title},
        'fullDescription': {'text': text},
        'help': {
            'text': f'{rule.title} {text}\n\nWay out: {rule.remedy}.',
            'markdown': docs.page(rule),
        },
        'helpUri': docs.address(rule),
        'defaultConfiguration': {'level': _LEVELS[rule.severity]},
        'properties': {'tags': ['cost']},
    }


def _result(one: Marked, index: int, fixable: dict[str, str]) -> dict[str, Any]:
    found = one.found
    result: dict[str, Any] = {
        'ruleId': found.rule.id,
        'ruleIndex': index,
        'level': _LEVELS[found.rule.severity],
        'message': {'text': printable(found.message)},
        'locations': [_location(found)],
        # Not primaryLocationLineHash: GitHub computes that one from the line, and complains of
        # any other.
        'partialFingerprints': {'theraLint/v1': one.fingerprint},
    }
    fixes = _fixes(found, fixable)
    if fixes:
        result['fixes'] = fixes
    if one.ignored is not None:
        result['suppressions'] = [_suppression(one.ignored)]
    properties: dict[str, Any] = {}
    if found.cost is not None:
        properties['cost'] = {**found.cost._asdict(), 'basis': printable(found.cost.basis)}
    if found.construct:
        properties['construct'] = printable(found.construct)
    if properties:
        result['properties'] = properties
    return result


def _location(found: Found) -> dict[str, Any]:
    span = found.span
    location: dict[str, Any] = {'physicalLocation': {
        'artifactLocation': _artifact(found.filename),
        'region': _region((span.line, span.column), (span.end_line, span.end_column)),
    }}
    resource, state = printable(found.resource), printable(found.state)
    logical = []
    if resource:
        logical.append({'name': resource, 'fullyQualifiedName': resource, 'kind': 'resource'})
    if state:
        name = f'{resource}/{state}'
        logical.append({'name': state, 'fullyQualifiedName': name, 'kind': 'state'})
    if logical:
        location['logicalLocations'] = logical
    return location


def _artifact(filename: str) -> dict[str, str]:
    path = relative(filename)
    if path is None:
        return {'uri': Path(os.path.abspath(filename)).as_uri()}
    # The bytes on the disk, which need not be Unicode.
    return {'uri': quote(os.fsencode(path)), 'uriBaseId': _ROOT}


def _region(start: tuple[int, int], end: tuple[int, int]) -> dict[str, int]:
    """Zero-based lines and columns made one-based; the end stays exclusive."""
    return {
        'startLine': start[0] + 1,
        'startColumn': start[1] + 1,
        'endLine': end[0] + 1,
        'endColumn': end[1] + 1,
    }


def _fixable(run: Run) -> dict[str, str]:
    """The texts of the files whose fixes are worth the time."""
    fixes = Counter(one.target.source.filename for one in run.found if one.target is not None)
    texts = {filename: run.texts(filename) for filename in fixes}
    return {
        filename: text for filename, text in texts.items()
        if text is not None and len(text) * fixes[filename] <= _REREAD
    }


def _fixes(found: Found, fixable: dict[str, str]) -> list[dict[str, Any]]:
    from thera_lint.edits import splices
    from thera_lint.texttree import CannotEdit

    if found.fix is None or found.target is None:
        return []
    filename = found.target.source.filename
    text = fixable.get(filename)
    if text is None:
        return []
    try:
        edits = splices(found.target, text)
    except CannotEdit:
        return []
    unsafe = '' if found.fix.safe else ' (it may change what the deployed system does)'
    return [{
        'description': {'text': f'{printable(found.fix.title)}{unsafe}'},
        'artifactChanges': [{
            'artifactLocation': _artifact(filename),
            'replacements': [
                {
                    'deletedRegion': _region(_at(text, edit.start), _at(text, edit.end)),
                    'insertedContent': {'text': edit.text},
                }
                for edit in edits
            ],
        }],
    }]


def _at(text: str, offset: int) -> tuple[int, int]:
    return text.count('\n', 0, offset), offset - (text.rfind('\n', 0, offset) + 1)


def _suppression(ignored: Ignored) -> dict[str, str]:
    outside = ignored.by.startswith(('configuration', 'baseline'))
    said = f'{ignored.reason} ({ignored.by})' if ignored.reason else ignored.by
    return {
        'kind': 'external' if outside else 'inSource',
        'justification': printable(said),
    }
