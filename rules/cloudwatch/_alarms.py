"""What alarms watch, and what they cost."""
from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from thera_lint.prices import dollars
from thera_lint.prices import price
from thera_lint.rule import Cost
from thera_lint.template import Resource
from thera_lint.values import Map
from thera_lint.values import Path

ALARM = 'AWS::CloudWatch::Alarm'
COMPOSITE = 'AWS::CloudWatch::CompositeAlarm'

HIGH_RESOLUTION = (10, 20, 30)
"""The periods below a minute that an alarm can have."""


class Watched(NamedTuple):
    """One metric of an alarm: `metric` holds its name and dimensions, `stat` the period.

    `metric_path` and `stat_path` are below Properties.
    """

    metric: Map
    metric_path: Path
    stat: Map
    stat_path: Path


def watched(properties: Map) -> Iterator[Watched]:
    """The metrics that the properties of an alarm name, as far as they are known."""
    if 'MetricName' in properties:
        yield Watched(properties, (), properties, ())
    for index, query in properties.maps('Metrics'):
        stat = query.map('MetricStat')
        metric = stat.map('Metric') if stat is not None else None
        if stat is not None and metric is not None:
            path = ('Metrics', index, 'MetricStat')
            yield Watched(metric, (*path, 'Metric'), stat, path)


def count(properties: Map) -> int | None:
    """How many metrics an alarm is billed for; None where nobody can know."""
    if 'Metrics' not in properties:
        return 1 if 'MetricName' in properties else None
    queries = properties.seq('Metrics')
    if queries is None:
        return None
    metrics, band = 0, False
    for query in queries:
        if not isinstance(query, Map) or query.open:
            return None
        if 'MetricStat' in query:
            metrics += 1
            continue
        expression = query.text('Expression')
        if expression is None or 'SELECT' in expression.upper() or 'SEARCH' in expression.upper():
            return None
        band = band or 'ANOMALY_DETECTION_BAND' in expression.upper()
    # An anomaly band is an upper and a lower bound beside the metric itself.
    return metrics * 3 if band else metrics or None


def monthly(resource: Resource) -> float | None:
    """What an alarm costs a month without the free tier; None where nobody can know."""
    if resource.type == COMPOSITE:
        return price('cw.alarm.composite').usd
    number = count(resource.properties)
    periods = [one.stat.get('Period') for one in watched(resource.properties)]
    if number is None or any(not isinstance(one, (int, str)) for one in periods):
        return None
    fast = any(str(one) in map(str, HIGH_RESOLUTION) for one in periods)
    return number * price('cw.alarm.high_res' if fast else 'cw.alarm.standard').usd


def cost(resource: Resource) -> Cost | None:
    """The exact sum of an alarm, with how it comes about."""
    usd = monthly(resource)
    if usd is None:
        return None
    if resource.type == COMPOSITE:
        return Cost(f'{dollars(usd)} a month for a composite alarm, us-east-1', usd)
    number = count(resource.properties) or 1
    times = '' if number == 1 else f' for each of {number} metrics'
    return Cost(
        f'{dollars(usd / number)} a month{times}, us-east-1; the first ten metrics in alarms of '
        'an account are free',
        usd,
    )


def said(resource: Resource) -> str:
    """`, for $0.10 a month`, or nothing where that is not known."""
    usd = monthly(resource)
    return '' if usd is None else f', for {dollars(usd)} a month'
