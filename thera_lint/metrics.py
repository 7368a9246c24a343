"""Which metrics AWS services publish, and which is meant by a name that none does.

The table, metrics.json, is written by scripts/metrics.py, which says where it is from. Of a
namespace that is not in it, a custom one above all, nothing is known.
"""
from __future__ import annotations

import re
from functools import cache
from typing import NamedTuple

from thera_lint import bundled

# One slip of the pen turns a shorter name into too many others.
_LONG = 5


class Metric(NamedTuple):
    namespace: str
    name: str


class _Table(NamedTuple):
    names: dict[str, frozenset[str]]
    meant: dict[str, dict[str, tuple[Metric, ...]]]


@cache
def _table() -> _Table:
    content = bundled.read('metrics')
    return _Table(
        names={namespace: frozenset(names) for namespace, names in content['names'].items()},
        meant={
            namespace: {
                wrong: tuple(Metric(*right.split(' ', 1)) for right in rights)
                for wrong, rights in mistakes.items()
            }
            for namespace, mistakes in content['meant'].items()
        },
    )


@cache
def meant(namespace: str, name: str) -> tuple[Metric, ...]:
    """The metrics that somebody means who writes this one, which does not exist.

    Empty where it does, where the namespace is not known in full, and where the name
    resembles no real one, or several.
    """
    table = _table()
    names = table.names.get(namespace, frozenset())
    known = table.meant.get(namespace, {}).get(name)
    if known:
        return known
    if not names or name in names:
        return ()
    bare = _bare(name)
    near = [real for real in names if _bare(real) == bare]
    if not near and len(bare) >= _LONG:
        near = [real for real in names if _one_slip(bare, _bare(real))]
    return (Metric(namespace, near[0]),) if len(near) == 1 else ()


def _bare(name: str) -> str:
    """`unhealthyhostcount` for `UnHealthyHostCount` and for `un_healthy_host_count`."""
    return re.sub(r'[\W_]', '', name).casefold()


def _one_slip(one: str, other: str) -> bool:
    """Whether a letter was left out or added, two swapped, or an s and a z.

    Not where it is the first, or a digit, or any other letter in place of another: CPU and
    GPU, P50 and P90, Rx and Tx are different things.
    """
    if one[:1] != other[:1] or one == other:
        return False
    while one and other and one[0] == other[0]:
        one, other = one[1:], other[1:]
    if one[1:] == other or one == other[1:]:
        return (one if len(one) > len(other) else other)[0].isalpha()
    return (
        one[:2] == other[1::-1] and one[2:] == other[2:] or
        one[1:] == other[1:] and {one[0], other[0]} == {'s', 'z'}
    )
