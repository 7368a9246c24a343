from __future__ import annotations

from collections.abc import Iterator

from thera_lint.prices import dollars
from thera_lint.prices import price
from thera_lint.project import Project
from thera_lint.rule import Finding
from thera_lint.rule import Options
from thera_lint.rule import ResourceRule
from thera_lint.rules.cloudwatch import _alarms
from thera_lint.template import Resource


class HighResolutionAlarm(ResourceRule):
    """An alarm looks more often than once a minute, at three times the price.

    ## Why it costs

    With a period of 10, 20 or 30 seconds CloudWatch bills a high-resolution alarm, for each
    of its metrics. AWS's own metrics have a point a minute at best: an alarm that looks at
    one of them more often finds nothing most of the time and lapses into INSUFFICIENT_DATA.

    ## When it is right

    On a metric of your own that is sent with StorageResolution 1, where the first seconds
    matter: a trading system rather than a pipeline that runs each night.

    ## References

    - https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
    - https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/publishingMetrics.html
    - https://aws.amazon.com/cloudwatch/pricing/
    """

    id = 'IC7017'
    resources = (_alarms.ALARM,)
    remedy = 'set Period to 60 or more'

    def check(self, resource: Resource, project: Project, options: Options) -> Iterator[Finding]:
        for one in _alarms.watched(resource.properties):
            period = one.stat.number('Period')
            if period not in _alarms.HIGH_RESOLUTION:
                continue
            fast, slow = price('cw.alarm.high_res').usd, price('cw.alarm.standard').usd
            namespace = one.metric.text('Namespace') or ''
            yield Finding(
                (*one.stat_path, 'Period'),
                f'`{resource.logical_id}` looks every {period} s and costs {dollars(fast)} a month '
                f'for each metric; at 60 s it would be {dollars(slow)}' + (
                    f', and {namespace} has no more than a point a minute anyway'
                    if namespace.startswith('AWS/') else ''
                ),
                _alarms.cost(resource),
            )
            return
