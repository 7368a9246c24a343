"""Dated unit prices of AWS, us-east-1, in US dollars.

`prices.json` beside this file is written by `scripts/prices.py` and loaded when a rule
first asks. It holds verified prices only, each with its date and where AWS publishes it.
"""
from __future__ import annotations

import functools
from typing import Any
from typing import NamedTuple

from thera_lint import bundled
from thera_lint.values import Map

HOURS_PER_MONTH = 730
"""As AWS's own price examples count a month: 8,760 hours over twelve."""


class Price(NamedTuple):
    """`usd` per `unit` on `as_of` (a day, month or year); `source` is where AWS publishes it.

    A source that ends with a region, as in `(us-east-2)`, was read for that region only.
    """

    usd: float
    unit: str
    as_of: str
    source: str


@functools.cache
def _book() -> dict[str, Any]:
    book: dict[str, Any] = bundled.read('prices')
    return book


def price(id: str) -> Price:
    """The price with this id; raises KeyError where the book holds none."""
    return Price(**_book()[id])


class LambdaRate(NamedTuple):
    """What a Lambda function bills on demand, and the architecture that this is for."""

    gb_second: float
    architecture: str

    def call(self, memory_mb: float, seconds: float) -> float:
        """One call, its request included."""
        return memory_mb / 1024 * seconds * self.gb_second + price('lambda.request').usd

    def said(self) -> str:
        """The rate in words, for the basis of a cost."""
        return (
            f'{dollars(self.gb_second * 1e6)} per million GB-seconds and '
            f'{dollars(price("lambda.request").usd * 1e6)} per million requests '
            f'({self.architecture}, us-east-1, on demand, without the free tier)'
        )


def lambda_rate(function: Map) -> LambdaRate:
    """The rate by the properties of an AWS::Lambda::Function.

    An architecture that only the deployment knows is taken for x86_64, Lambda's default:
    a sentence with money from this in it names `architecture`.
    """
    arm = 'arm64' in (function.seq('Architectures') or ())
    id = 'lambda.duration.arm.tier1' if arm else 'lambda.duration.x86.tier1'
    return LambdaRate(price(id).usd, 'arm64' if arm else 'x86_64')


def dollars(amount: float) -> str:
    """`$0.06`, `$1.50`, `$3`, `$1,234`: two digits that matter, cents from a dollar on."""
    if amount < 0:
        return '-' + dollars(-amount)
    if amount >= 999.995:
        return f'${amount:,.0f}'
    if amount >= 0.995 or amount == 0:
        return '$' + f'{amount:.2f}'.removesuffix('.00')
    rounded = float(f'{amount:.2g}')
    return '$' + f'{rounded:.12f}'.rstrip('0').ljust(4, '0')
