"""SAM and what it becomes give the same findings, resource by resource."""
from __future__ import annotations

import json
import re
from typing import Any

import pytest
from sam_expand_test import _template
from sam_expand_test import _translated
from sam_expand_test import TEMPLATES

from thera_lint import engine
from thera_lint import files
from thera_lint.engine import Settings
from thera_lint.rule import ProjectRule

# Small limits, so that templates written for other tests are found too.
SETTINGS = Settings(select=('E', 'W', 'I'), options={
    'WC1001': {'max_memory_mb': 64}, 'WC1002': {'max_timeout_seconds': 1},
})


def found(template: dict[str, Any]) -> list[tuple[str, str, str]]:
    """Rule, resource and sentence of every finding, without the hashes in SAM's ids."""
    given = {'template.json': json.dumps(template, default=str).encode()}
    loaded = files.load([], texts=given)
    assert not loaded.unreadable
    result = engine.lint(loaded.project, SETTINGS)
    assert not result.crashes
    return sorted({
        # What is said once a run is said at the first resource, and SAM has another order.
        (one.rule.id, '', '') if isinstance(one.rule, ProjectRule)
        else (one.rule.id, _unhashed(one.resource), _unhashed(one.message))
        for one in result.found
    })


def _unhashed(text: str) -> str:
    return re.sub(r'Version[0-9a-f]{10}\b', 'Version', text)


@pytest.mark.parametrize('name', TEMPLATES)
def test_the_source_and_the_translation_agree(
        name: str, monkeypatch: pytest.MonkeyPatch,
) -> None:
    template = _template(name)
    resources = _translated(template, monkeypatch)
    translated = {key: value for key, value in template.items() if key in (
        'Parameters', 'Conditions', 'Mappings',
    )} | {'Resources': resources}
    assert found(template) == found(translated)
