"""What AWS services are called on the bill, and so in the filters of a budget.

The table, billing_services.json, is written by hand, dated and with its sources: AWS
publishes no list. A name that is not in it is one of which nothing is known.
"""
from __future__ import annotations

import re
from functools import cache
from typing import NamedTuple

from thera_lint import bundled

_BRAND = re.compile(r'(amazon|aws)\s+')
# One slip of the pen turns a shorter name into too many others.
_LONG = 5


class _Table(NamedTuple):
    names: frozenset[str]
    meant: dict[str, tuple[str, ...]]


@cache
def _table() -> _Table:
    content = bundled.read('billing_services')
    return _Table(
        names=frozenset(content['names']),
        meant={
            **{_bare(name): (name,) for name in content['names']},
            **{_bare(short): tuple(names) for short, names in content['short'].items()},
        },
    )


def meant(name: str) -> tuple[str, ...]:
    """The names on the bill that somebody means who writes `name`.

    Empty where `name` is one of them, and where it resembles none, or several.
    """
    table = _table()
    if name in table.names:
        return ()
    bare = _bare(name)
    if bare in table.meant:
        return table.meant[bare]
    near = {
        names for known, names in table.meant.items()
        if min(len(bare), len(known)) >= _LONG and _one_slip(bare, known)
    }
    return near.pop() if len(near) == 1 else ()


def _bare(name: str) -> str:
    """`step functions` for `AWS Step Functions` and for `Amazon step-functions`."""
    words = ' '.join(re.findall(r'[^\W_]+', name.casefold()))
    return _BRAND.sub('', words, count=1) if _BRAND.match(words) else words


def _one_slip(one: str, other: str) -> bool:
    """Whether one letter was left out, added or changed, or two were swapped."""
    while one and other and one[0] == other[0]:
        one, other = one[1:], other[1:]
    return (
        one[1:] == other or one == other[1:] or one[1:] == other[1:] or
        one[:2] == other[1::-1] and one[2:] == other[2:]
    )
