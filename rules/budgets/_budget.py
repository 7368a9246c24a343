"""What the rules on AWS::Budgets::Budget share; no rule itself."""
from __future__ import annotations

from thera_lint.prices import dollars
from thera_lint.project import Project
from thera_lint.template import Resource
from thera_lint.values import Map
from thera_lint.values import Reference

NOTIFICATIONS = 'NotificationsWithSubscribers'
_PERIODS = {
    'DAILY': ' a day', 'MONTHLY': ' a month', 'QUARTERLY': ' a quarter', 'ANNUALLY': ' a year',
}


def counts_spending(budget: Map) -> bool:
    """Whether a budget certainly counts costs or usage, not how far a commitment is used."""
    return budget.text('BudgetType') in ('COST', 'USAGE')


def limit(budget: Map) -> str:
    """The sum that it watches, for a message: `$1,000 a month`, or `its limit`."""
    spend = budget.map('BudgetLimit') or Map()
    amount = spend.number('Amount')
    if amount is None or spend.text('Unit') != 'USD':
        return 'its limit'
    return dollars(amount) + _PERIODS.get(budget.text('TimeUnit') or '', '')


def acts(resource: Resource, project: Project) -> bool:
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
