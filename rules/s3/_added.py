"""The edit that adds a lifecycle rule for the whole bucket; no rule itself."""
from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from thera_lint.lifecycle import LifecycleRule
from thera_lint.rule import Set


def to(rules: Sequence[LifecycleRule], name: str, action: dict[str, Any]) -> Set:
    """One more rule behind these; S3 makes up its Id where the name is taken."""
    taken = any(rule.raw.get('Id') == name for rule in rules)
    body = {**({} if taken else {'Id': name}), 'Status': 'Enabled', **action}
    return Set(('LifecycleConfiguration', 'Rules', len(rules)), body)
