from __future__ import annotations

from collections.abc import Iterator

from thera_lint.project import Project
from thera_lint.rule import Finding
from thera_lint.rule import Option
from thera_lint.rule import Options
from thera_lint.rule import ResourceRule
from thera_lint.rules.budgets import _budget
from thera_lint.rules.budgets._budget import NOTIFICATIONS
from thera_lint.template import Resource
from thera_lint.values import Map

_FIRST_DOLLARS_PERCENT = 10


class BudgetWithoutEarlyWarning(ResourceRule):
    """A budget without the two alerts that come in time to act.

    ## Why it costs

    AWS refreshes a budget up to three times a day, with figures eight to twelve hours old.
    An alert at 100 % of what was spent comes when there is nothing left to save. Two alerts
    leave time to act: one on ACTUAL costs at 80 % of the sum, and one on FORECASTED costs at
    100 %, which can come in the first week of a month that will end above it. The first is
    needed as well, because a forecast takes weeks of history. Alerts are free, and a budget
    takes ten.

    ## When it is right

    Where a smaller budget of the same costs warns first. Silent are: a budget by the day,
    since AWS makes no forecast for it and a day is soon over; one that adjusts itself
    (AutoAdjustData), whose limit is what is spent in any month; an ACTUAL alert at 10 % or
    less, which tells of the first dollars and needs no forecast; budgets of reservations and
    Savings Plans; and a budget with an AWS::Budgets::BudgetsAction. An absolute threshold
    counts where it is below the limit. A budget that alerts nobody is WC7011's.

    ## References

    - https://docs.aws.amazon.com/cost-management/latest/userguide/budgets-best-practices.html
    - https://docs.aws.amazon.com/cost-management/latest/userguide/budgets-managing-costs.html
    - https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-properties-budgets-budget-notification.html
    """

    id = 'WC7012'
    resources = ('AWS::Budgets::Budget',)
    remedy = 'add an ACTUAL notification at 80 % and a FORECASTED one at 100 %'
    options = (
        Option('max_actual_percent', 80, 'An ACTUAL alert up to here is early.'),
        Option('max_forecasted_percent', 100, 'A FORECASTED alert up to here is early.'),
    )

    def check(self, resource: Resource, project: Project, options: Options) -> Iterator[Finding]:
        budget = resource.properties.map('Budget') or Map()
        period = budget.text('TimeUnit')
        notifications = list(resource.properties.seq(NOTIFICATIONS) or ())
        if not _budget.counts_spending(budget) or period in (None, 'DAILY') or not notifications:
            return
        if not budget.absent('AutoAdjustData'):
            return
        if all(isinstance(one, Map) and _mute(one) for one in notifications):
            return
        percents: dict[str, list[float | None]] = {'ACTUAL': [], 'FORECASTED': []}
        for one in notifications:
            inner = one.map('Notification') if isinstance(one, Map) else None
            kind = inner.text('NotificationType') if inner is not None else None
            if inner is None or kind not in percents:
                return
            if inner.text('ComparisonOperator') != 'LESS_THAN':
                percents[kind].append(_percent(inner, budget, options.max_actual_percent))
        actual, forecast = percents['ACTUAL'], percents['FORECASTED']
        at, ahead = options.max_actual_percent, options.max_forecasted_percent
        no_actual = f'no ACTUAL notification comes at {at} % or less'
        no_forecast = f'no FORECASTED notification comes at {ahead} % or less'
        limit = _budget.limit(budget)
        spent = _early(actual, at)
        foreseen = _early(forecast, ahead) or _early(actual, _FIRST_DOLLARS_PERCENT)
        if spent and foreseen or _budget.acts(resource, project):
            return
        if spent:
            said = f'does not look ahead at {limit}: {no_forecast}'
        elif foreseen:
            said = f'warns of passing {limit} by forecast alone: {no_actual}'
        else:
            said = f'warns of passing {limit} when it is too late: {no_actual}, and {no_forecast}'
        yield Finding((NOTIFICATIONS,), f'`{resource.logical_id}` {said}')


def _mute(notification: Map) -> bool:
    return notification.absent('Subscribers') or notification.seq('Subscribers') == []


def _early(percents: list[float | None], limit: float) -> bool:
    """Whether one is early, or may be."""
    return any(percent is None or percent <= limit for percent in percents)


def _percent(notification: Map, budget: Map, early: int) -> float | None:
    """The threshold of a notification in percent of the limit; None where that is unknown.

    An absolute threshold below the limit was chosen by somebody who wanted it early.
    """
    threshold = notification.number('Threshold')
    unit = notification.text('ThresholdType')
    if notification.absent('ThresholdType'):
        unit = 'PERCENTAGE'
    if threshold is None or unit is None:
        return None
    if unit == 'PERCENTAGE':
        return threshold
    amount = (budget.map('BudgetLimit') or Map()).number('Amount')
    if not amount:
        return None
    percent = 100 * threshold / amount
    return min(percent, early) if percent < 100 else percent
