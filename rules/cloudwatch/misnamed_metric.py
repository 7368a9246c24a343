from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from thera_lint import metrics
from thera_lint.project import Project
from thera_lint.rule import Finding
from thera_lint.rule import Fix
from thera_lint.rule import Options
from thera_lint.rule import ResourceRule
from thera_lint.rule import Set
from thera_lint.rules.cloudwatch import _alarms
from thera_lint.template import Resource
from thera_lint.values import Map
from thera_lint.values import Path
from thera_lint.values import Seq
from thera_lint.values import Text

_DASHBOARD = 'AWS::CloudWatch::Dashboard'
_HOLE = '918273645'  # what only the deployment knows: fits into a string, and is a number


class MisnamedMetric(ResourceRule):
    """An alarm, a dashboard or a scaling policy is for a metric that does not exist.

    ## Why it costs

    CloudWatch takes any name. An alarm on a metric that nobody publishes is billed like any
    other and never fires; a scaling policy on one never scales, so the capacity that it
    should have taken away is paid for; a graph of one stays empty where it should show the
    bill. The names of AWS's metrics are known, with the day that they were read: what is
    reported is a known mistake (MaxMemoryUsed is a field of Lambda's log, DataScannedInBytes
    one of Athena's API) or one slip of the pen, or of capitals, away from exactly one name.

    ## When it is right

    Where AWS has since begun to publish a metric of that name: ignore it then. A name that
    resembles none is left alone, and so is every namespace of your own.

    ## References

    - https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/aws-services-cloudwatch-metrics.html
    - https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html
    - https://docs.aws.amazon.com/athena/latest/ug/query-metrics-viewing.html
    - https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-monitoring.html
    - https://aws.amazon.com/cloudwatch/pricing/
    """

    id = 'EC7018'
    resources = (
        _alarms.ALARM,
        'AWS::ApplicationAutoScaling::ScalingPolicy',
        'AWS::AutoScaling::ScalingPolicy',
        _DASHBOARD,
    )
    remedy = 'name the metric as the service publishes it'

    def check(self, resource: Resource, project: Project, options: Options) -> Iterator[Finding]:
        alarm = resource.type == _alarms.ALARM
        drawn = resource.type == _DASHBOARD
        found = _drawn(resource.properties.get('DashboardBody')) if drawn else \
            _named(resource.properties, ())
        for path, namespace, name in found:
            meant = metrics.meant(namespace, name)
            if not meant:
                continue
            right = ' or '.join(f'`{one.name}`' for one in meant)
            if meant[0].namespace != namespace:
                right += f' of {meant[0].namespace}'
            what, end = ('watches', 'never fires') if alarm else \
                ('draws', 'shows nothing') if drawn else ('scales by', 'never scales')
            fix = None
            if not drawn and len(meant) == 1 and meant[0].namespace == namespace:
                fix = Fix(f'write {meant[0].name}', True, (Set(path, meant[0].name),))
            yield Finding(
                path,
                f'`{resource.logical_id}` {what} `{name}`, which {namespace} does not have '
                f'({right} is meant), and {end}{_alarms.said(resource) if alarm else ""}',
                _alarms.cost(resource) if alarm else None,
                fix,
            )


def _named(value: Any, path: Path) -> Iterator[tuple[Path, str, str]]:
    """Path, namespace and name of the metrics in an alarm or a policy."""
    if isinstance(value, Map):
        namespace, name = value.text('Namespace'), value.text('MetricName')
        if namespace is not None and name is not None:
            yield (*path, 'MetricName'), namespace, name
        for key, inner in value.items():
            yield from _named(inner, (*path, key))
    elif isinstance(value, Seq):
        for index, inner in enumerate(value):
            yield from _named(inner, (*path, index))


def _drawn(body: Any) -> Iterator[tuple[Path, str, str]]:
    """The same of a dashboard: each metric once, and all of them at its body."""
    try:
        data = json.loads(body.shown(_HOLE) if isinstance(body, Text) else body)
        widgets = [widget.get('properties', {}).get('metrics') for widget in data['widgets']]
    except (AttributeError, KeyError, TypeError, ValueError, RecursionError):
        return  # unknown, or not a dashboard
    seen = set()
    for rows in widgets:
        above: list[Any] = []
        for row in rows if isinstance(rows, list) else ():
            if not isinstance(row, list) or not row or isinstance(row[0], dict):
                continue
            # "." stands for what is in the same place of the row above, "..." for all before it.
            if '...' in row[:2]:
                row = [*above[:2], *row]
            above = [above[i] if cell == '.' and i < len(above) else cell
                     for i, cell in enumerate(row)]
            pair = above[:2]
            if len(pair) == 2 and all(isinstance(cell, str) for cell in pair):
                if tuple(pair) not in seen:
                    seen.add(tuple(pair))
                    yield ('DashboardBody',), pair[0], pair[1]
