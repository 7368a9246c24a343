from __future__ import annotations

from collections.abc import Iterator

from thera_lint.project import Project
from thera_lint.rule import Finding
from thera_lint.rule import Options
from thera_lint.rule import ResourceRule
from thera_lint.rules.budgets import _budget
from thera_lint.template import Resource
from thera_lint.values import Map

_SCOPES = ('CostFilters', 'FilterExpression', 'BillingViewArn')


class UnscopedBudget(ResourceRule):
    """A budget without a filter, which counts the whole account.

    ## Why it costs

    A budget that a project brings along is meant to watch that project. Without a filter it
    adds up everything that the account buys, in a management account everything that the
    organization buys: others trip it, so that its alerts are soon ignored, and a runaway of
    the project hides in what others save. Filter by a cost allocation tag, `user:Project$x`
    in TagKeyValue or Tags in FilterExpression, once that tag is activated for billing.

    ## When it is right

    In an account that serves this project only, and for a budget that is meant for the whole
    account. A budget beside another that is filtered, in the same run, is taken for one.

    ## References

    - https://docs.aws.amazon.com/cost-management/latest/userguide/budgets-create-filters.html
    - https://docs.aws.amazon.com/awsaccountbilling/latest/aboutv2/cost-alloc-tags.html
    - https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-properties-budgets-budget-budgetdata.html
    """

    id = 'IC7014'
    resources = ('AWS::Budgets::Budget',)
    remedy = 'filter the budget by a cost allocation tag of the project'

    def check(self, resource: Resource, project: Project, options: Options) -> Iterator[Finding]:
        budget = resource.properties.map('Budget')
        if budget is None or not _budget.counts_spending(budget) or not _unscoped(budget):
            return
        others = (one.properties.map('Budget') for one in project.resources(resource.type))
        if all(other is not None and _unscoped(other) for other in others):
            yield Finding(
                ('Budget',),
                f'`{resource.logical_id}` has no filter and counts the whole account: others trip '
                f'{_budget.limit(budget)}, and this project can hide in it',
            )


def _unscoped(budget: Map) -> bool:
    """Whether it certainly has no filter."""
    return all(budget.absent(key) or budget.get(key) == {} for key in _SCOPES) and not any(
        isinstance(budget.get(key), Map) and budget[key].open for key in _SCOPES
    )
