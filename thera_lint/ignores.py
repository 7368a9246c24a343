"""What the author of a template asked not to hear, in the template's own Metadata."""
from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from thera_lint.template import Resource
from thera_lint.template import Template
from thera_lint.values import Map


def ignored(rule_id: str, template: Template, resource: Resource, written_in: str) -> bool:
    """Whether a finding at a resource is ignored by Metadata.

    cfn-lint's own directives count, with its own meaning: whole ids on a resource,
    prefixes in the template's Metadata. `written_in` is the logical id under which the
    place stands in the file; for what SAM expands it differs from the resource's.
    """
    everywhere = tuple(filter(None, _checks(template.raw.get('Metadata'))))
    if rule_id.startswith(everywhere):
        return True
    written = template.raw.get('Resources')
    body = written.get(written_in) if isinstance(written, dict) else None
    own = resource.attributes.get('Metadata')
    for metadata in (own, body.get('Metadata') if isinstance(body, dict) else None):
        if rule_id in _checks(metadata) or rule_id in _reasons(metadata):
            return True
    return False


def _checks(metadata: Any) -> Iterator[str]:
    node = metadata
    for key in ('cfn-lint', 'config', 'ignore_checks'):
        node = node.get(key) if isinstance(node, (dict, Map)) else None
    if isinstance(node, list):
        yield from (check for check in node if isinstance(check, str))


def _reasons(metadata: Any) -> dict[str, Any]:
    node = metadata
    for key in ('thera-lint', 'ignore'):
        node = node.get(key) if isinstance(node, (dict, Map)) else None
    return node if isinstance(node, dict) else {}
