"""Which resource types bill on their own, and where their tags go.

The table, taggable.json, is written by scripts/taggable.py, which says why a type is in it.
"""
from __future__ import annotations

from functools import cache
from typing import NamedTuple

from thera_lint import bundled


class _Table(NamedTuple):
    types: dict[str, tuple[str, str] | None]
    fixed: frozenset[str]


@cache
def _table() -> _Table:
    content = bundled.read('taggable')
    return _Table(
        types={key: value and tuple(value) for key, value in content['types'].items()},
        fixed=frozenset(content['fixed_at_creation']),
    )


def billable(resource_type: str) -> bool:
    """Whether a resource of this type creates charges itself.

    A type can be free in one of its shapes: a gateway AWS::EC2::VPCEndpoint is.
    """
    return resource_type in _table().types


def tag_property(resource_type: str) -> tuple[str, str] | None:
    """Property and form of the tags that put this resource's charges under a project.

    None where the type does not bill, cannot be tagged, or bills past its own tags. Forms:
    'list' is [{Key, Value}], 'asg' the same with PropagateAtLaunch, 'map' {key: value},
    'items' {Items: [{Key, Value}]}, and 'nested' a list whose elements each hold a list
    under Tags (a global table's Replicas, TagSpecifications).
    """
    return _table().types.get(resource_type)


def tags_fixed_at_creation(resource_type: str) -> bool:
    """Whether tagging a resource that exists would replace it, or do nothing."""
    return resource_type in _table().fixed
