from __future__ import annotations

from collections.abc import Iterator

from thera_lint.project import Project
from thera_lint.rule import Finding
from thera_lint.rule import Options
from thera_lint.rule import ResourceRule
from thera_lint.rules.budgets import _budget
from thera_lint.rules.budgets._budget import NOTIFICATIONS
from thera_lint.template import Resource
from thera_lint.values import Map
from thera_lint.values import Path


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
        if _budget.acts(resource, project):
            return
        limit = _budget.limit(properties.map('Budget') or Map())
        unseen = f'`{resource.logical_id}` alerts nobody, so {limit} can be passed unseen'
        if properties.absent(NOTIFICATIONS):
            path, why = _misplaced(properties)
            yield Finding(path, f'{unseen}: {why}')
            return
        notifications = properties.seq(NOTIFICATIONS)
        if notifications is None:
            return
        if not notifications:
            yield Finding((NOTIFICATIONS,), f'{unseen}: {NOTIFICATIONS} is empty')
        mute = [
            (index, one) for index, one in properties.maps(NOTIFICATIONS)
            if one.absent('Subscribers') or one.seq('Subscribers') == []
        ]
        for index, one in mute:
            path = (NOTIFICATIONS, index)
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
    if NOTIFICATIONS in inside:
        return ('Budget', NOTIFICATIONS), f'{NOTIFICATIONS} belongs beside `Budget`, not inside'
    for holder, path in ((properties, ()), (inside, ('Budget',))):
        for key in holder:
            if any(word in key.lower() for word in ('alert', 'notification', 'subscriber')):
                return (*path, key), f'`{key}` is no property, {NOTIFICATIONS} is'
    return (), f'{NOTIFICATIONS} is not set'


def _said(notification: Map) -> str:
    """`the ACTUAL notification at 80 %`, as far as it is known."""
    inner = notification.map('Notification') or Map()
    kind, threshold = inner.text('NotificationType'), inner.number('Threshold')
    if kind is None or threshold is None:
        return 'a notification'
    unit = '' if inner.text('ThresholdType') == 'ABSOLUTE_VALUE' else ' %'
    return f'the {kind} notification at {threshold:,}{unit}'
