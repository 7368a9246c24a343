"""What Lambda's managed runtimes can do.

The table, runtimes.json, is written by hand, dated and with its sources. A runtime that is
not in it is one of which nothing is known.
"""
from __future__ import annotations

from functools import cache

from thera_lint import bundled


@cache
def _having(feature: str) -> frozenset[str]:
    return frozenset(bundled.read('runtimes')[feature])


def has_arm64(runtime: str) -> bool:
    """Whether functions of this runtime can run on arm64."""
    return runtime in _having('arm64')


def has_snapstart(runtime: str) -> bool:
    """Whether functions of this runtime can have SnapStart."""
    return runtime in _having('snapstart')
