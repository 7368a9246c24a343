from __future__ import annotations

from collections.abc import Iterator

from thera_lint.prices import dollars
from thera_lint.project import Project
from thera_lint.rule import Finding
from thera_lint.rule import Options
from thera_lint.rule import ResourceRule
from thera_lint.template import Resource
from thera_lint.values import Map
from thera_lint.values import Path
from thera_lint.values import Reference

_NOTIFICATIONS = 'NotificationsWithSubscribers'
_PERIODS = {
    'DAILY': ' a day', 'MONTHLY': ' a month', 'QUARTERLY': ' a quarter', 'ANNUALLY': ' a year',
}


class BudgetWithoutSubscribers(ResourceRule):
    """A budget that alerts nobody.

    ## Why it costs

    A budget is a number on a page of the console until somebody is told that it was
    passed. AWS sends an alert only for what stands in NotificationsWithSubscribers, and
    only to the Subscribers there; without them a runaway is seen on the invoice. The
    list stands beside `Budget` in the resource's Properties: inside `Budget`, or under a
    name like BudgetAlerts, CloudFormation does not know it. Alerts are free.

    ## When it is right

    Where a budget is only looked at, or somebody polls it by the API. A budget with an
    AWS::Budgets::BudgetsAction in the same run is left alone: the action has thresholds
    and subscribers of its own.

    ## References

    - https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-budgets-budget.html
    - https://docs.aws.amazon.com/cost-management/latest/userguide/budgets-managing-costs.html
    - https://aws.amazon.com/aws-cost-management/aws-budgets/pricing/
    """

    id = 'WC7011'
    resources = ('AWS::Budgets::Budget',)
    remedy = 'list who is told at which threshold in NotificationsWithSubscribers, beside Budget'

    def check(self, resource: Resource, project: Project, options: Options) -> Iterator[Finding]:
        properties = resource.properties
        if _acts(resource, project):
            return
        unseen = (
            f'`{resource.logical_id}` alerts nobody, so {_limit(properties)} can be passed unseen'
        )
        if properties.absent(_NOTIFICATIONS):
            path, why = _misplaced(properties)
            yield Finding(path, f'{unseen}: {why}')
            return
        notifications = properties.seq(_NOTIFICATIONS)
        if notifications is None:
            return
        if not notifications:
            yield Finding((_NOTIFICATIONS,), f'{unseen}: {_NOTIFICATIONS} is empty')
        mute = [
            (index, one) for index, one in properties.maps(_NOTIFICATIONS)
            if one.absent('Subscribers') or one.seq('Subscribers') == []
        ]
        for index, one in mute:
            path = (_NOTIFICATIONS, index)
            if not one.absent('Subscribers'):
                path = (*path, 'Subscribers')
            if len(mute) == len(notifications):
                yield Finding(path, f'{unseen}: {_said(one)} has no Subscribers')
            else:
                yield Finding(
                    path, f'`{resource.logical_id}` tells nobody of {_said(one)}: '
                    f'it has no Subscribers',
                )


def _misplaced(properties: Map) -> tuple[Path, str]:
    """Where the notifications were written instead, if anywhere, and what is wrong there."""
    inside = properties.map('Budget') or Map()
    if _NOTIFICATIONS in inside:
        return ('Budget', _NOTIFICATIONS), f'{_NOTIFICATIONS} belongs beside `Budget`, not inside'
    for holder, path in ((properties, ()), (inside, ('Budget',))):
        for key in holder:
            if any(word in key.lower() for word in ('alert', 'notification', 'subscriber')):
                return (*path, key), f'`{key}` is no property, {_NOTIFICATIONS} is'
    return (), f'{_NOTIFICATIONS} is not set'


def _limit(properties: Map) -> str:
    """The sum that nobody watches."""
    budget = properties.map('Budget') or Map()
    limit = budget.map('BudgetLimit') or Map()
    amount = limit.number('Amount')
    if amount is None or limit.text('Unit') != 'USD':
        return 'its limit'
    return dollars(amount) + _PERIODS.get(budget.text('TimeUnit') or '', '')


def _said(notification: Map) -> str:
    """`the ACTUAL notification at 80 %`, as far as it is known."""
    inner = notification.map('Notification') or Map()
    kind, threshold = inner.text('NotificationType'), inner.number('Threshold')
    if kind is None or threshold is None:
        return 'a notification'
    unit = '' if inner.text('ThresholdType') == 'ABSOLUTE_VALUE' else ' %'
    return f'the {kind} notification at {threshold:,}{unit}'


def _acts(resource: Resource, project: Project) -> bool:
    """Whether an action of this run watches the budget."""
    budget = resource.properties.map('Budget') or Map()
    name = project.text(budget.get('BudgetName'), resource.template)
    for action in project.resources('AWS::Budgets::BudgetsAction'):
        of = action.properties.get('BudgetName')
        if of == Reference(resource.logical_id) and action.template is resource.template:
            return True
        if project.text(of, action.template) == name:
            return True
    return False
