from __future__ import annotations

from collections.abc import Iterator

from thera_lint.project import Project
from thera_lint.rule import Finding
from thera_lint.rule import Fix
from thera_lint.rule import Options
from thera_lint.rule import Remove
from thera_lint.rule import ResourceRule
from thera_lint.rule import Set
from thera_lint.rules.cloudwatch import _alarms
from thera_lint.template import Resource
from thera_lint.values import Map

_SIX_HOURS = 21600
_LONGEST = 604_800  # seconds that all evaluation periods of an alarm may take together

# What a statistic makes of a total that grows through the month.
_WRONG = {
    'Average': 'which lags behind the bill',
    'Minimum': 'which lags behind the bill',
    'SampleCount': 'which counts how often AWS published it, not dollars',
    'Sum': 'which adds up totals of the month so far and fires long before the limit',
}


class BillingAlarmThatCannotFire(ResourceRule):
    """An alarm on EstimatedCharges watches it in a way that does not tell of the bill.

    ## Why it costs

    AWS publishes EstimatedCharges a few times a day, as the total of the month so far, and
    only with the dimension Currency. Without that dimension an alarm watches a metric that
    does not exist. With a period below six hours most periods hold no data. With another
    statistic than Maximum it sees something else than the total. Each way the alarm costs
    what an alarm costs, and the charges that it was made to stop go on unseen. Note that the
    metric exists in us-east-1 only, after billing alerts were switched on for the account.

    ## When it is right

    An alarm with metric math may want another statistic or a shorter period, and one with
    TreatMissingData ignore keeps its state while there is no data: only the dimension is
    asked of these. AWS Budgets need none of this, and two of them are free.

    ## References

    - https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/monitor_estimated_charges_with_cloudwatch.html
    - https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/AlarmThatSendsEmail.html
    - https://aws.amazon.com/cloudwatch/pricing/
    """

    id = 'WC7015'
    resources = (_alarms.ALARM,)
    remedy = 'watch EstimatedCharges by Currency, with Maximum over 21600 s'

    def check(self, resource: Resource, project: Project, options: Options) -> Iterator[Finding]:
        properties = resource.properties
        cost = _alarms.cost(resource)
        math = any('MetricStat' not in query for _, query in properties.maps('Metrics'))
        for one in _alarms.watched(properties):
            if (one.metric.text('Namespace'), one.metric.text('MetricName')) != (
                    'AWS/Billing', 'EstimatedCharges'):
                continue
            if _without_currency(one.metric):
                path = (*one.metric_path, 'Dimensions')
                currency = {'Name': 'Currency', 'Value': 'USD'}
                written = one.metric.seq('Dimensions')
                edit = Set(path, [currency]) if written is None else Set(
                    (*path, len(written)), currency,
                )
                yield Finding(
                    path if written is not None else one.metric_path,
                    f'`{resource.logical_id}` watches EstimatedCharges without the dimension '
                    f'Currency, which AWS never publishes, so it can never fire'
                    f'{_alarms.said(resource)}',
                    cost,
                    Fix('watch the charges in US dollars', True, (edit,)),
                )
            if math:
                continue
            period = one.stat.number('Period')
            patient = properties.get('TreatMissingData')
            if period is not None and period < _SIX_HOURS and (
                    properties.absent('TreatMissingData') or
                    isinstance(patient, str) and patient != 'ignore'):
                path = (*one.stat_path, 'Period')
                yield Finding(
                    path,
                    f'`{resource.logical_id}` looks at EstimatedCharges every {period:,} s, but '
                    f'AWS publishes it a few times a day, so most periods hold no data and the '
                    f'bill passes between them',
                    cost,
                    Fix('look at six hours at a time', True, (Set(path, _SIX_HOURS),))
                    if _SIX_HOURS * (properties.number('EvaluationPeriods') or 0) <= _LONGEST
                    else None,
                )
            key = 'Stat' if one.stat is not properties else 'Statistic'
            keys = (key, 'ExtendedStatistic')
            name = next((name for name in keys if not one.stat.absent(name)), key)
            statistic = one.stat.text(name)
            if statistic is not None and statistic != 'Maximum':
                path = (*one.stat_path, name)
                away = (Remove(path),) if name == 'ExtendedStatistic' else ()
                yield Finding(
                    path,
                    f'`{resource.logical_id}` takes the {statistic} of EstimatedCharges, '
                    f'{_WRONG.get(statistic, "which is not the bill so far")}',
                    cost,
                    Fix(
                        'take the Maximum', True, (*away, Set((*one.stat_path, key), 'Maximum')),
                    ),
                )


def _without_currency(metric: Map) -> bool:
    """Whether its dimensions are all known, and none is the currency."""
    dimensions = metric.seq('Dimensions')
    if dimensions is None:
        return metric.absent('Dimensions')
    names = [one.text('Name') if isinstance(one, Map) else None for one in dimensions]
    return None not in names and 'Currency' not in names

