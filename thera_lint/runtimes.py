"""What Lambda's managed runtimes can do.

The table, runtimes.json, is written by hand, dated and with its sources. A runtime that is
not in it is one of which nothing is known.
"""
from __future__ import annotations

import json
from functools import cache
from pathlib import Path

TABLE = Path(__file__).with_name('runtimes.json')


@cache
def _having(feature: str) -> frozenset[str]:
    return frozenset(json.loads(TABLE.read_bytes())[feature])


def has_arm64(runtime: str) -> bool:
    """Whether functions of this runtime can run on arm64."""
    return runtime in _having('arm64')


def has_snapstart(runtime: str) -> bool:
    """Whether functions of this runtime can have SnapStart."""
    return runtime in _having('snapstart')
