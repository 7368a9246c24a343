from __future__ import annotations

from collections.abc import Iterator

from thera_lint.project import Project
from thera_lint.rule import Finding
from thera_lint.rule import Option
from thera_lint.rule import Options
from thera_lint.rule import ProjectRule
from thera_lint.rules.budgets import _paid
from thera_lint.template import Resource


class ProjectWithoutBudget(ProjectRule):
    """Nothing in the project watches what its paid resources cost.

    ## Why it costs

    A loop, a wrong size or a forgotten endpoint bills until somebody notices, and without
    a budget that is when the invoice comes. A budget with an alert at 80 % of the sum
    that is expected, and at 100 % of the forecast, says so within a day. AWS refreshes it
    up to three times a day: it is an alert, not a cap. Budgets and their alerts are free.

    Said once for all templates of a run, at the first paid resource of the one that has
    the most of them.

    ## When it is right

    Where the budget is made elsewhere: by a landing zone, by hand, by a custom resource
    or another tool, or in a template that is not part of the run. Set `budget_elsewhere`
    then. An AWS::CloudWatch::Alarm on AWS/Billing EstimatedCharges watches as well and
    counts as a budget, and so does one that only some conditions create. Alarms,
    dashboards, keys, secrets, topics, queues, zones and log groups alone are not taken for
    a project, nor are applications that are published in the Serverless Application
    Repository, whose budget is that of whoever deploys them, nor a run over more than twenty
    folders with something to pay: that is many projects, so lint them one by one.

    ## References

    - https://docs.aws.amazon.com/cost-management/latest/userguide/budgets-managing-costs.html
    - https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-budgets-budget.html
    - https://aws.amazon.com/aws-cost-management/aws-budgets/pricing/
    """

    id = 'WC7010'
    remedy = (
        'add an AWS::Budgets::Budget with a subscriber, or write `budget: elsewhere` into '
        '.thera-lint.yaml'
    )
    options = (
        Option('budget_elsewhere', False, 'Whether a budget outside the linted files watches.'),
    )

    def check(self, project: Project, options: Options) -> Iterator[tuple[Resource, Finding]]:
        if options.budget_elsewhere or _watched(project):
            return
        paid = _paid.paid(project)
        if paid is not None:
            yield paid.first, Finding(
                (),
                f'{paid.said}, and no AWS::Budgets::Budget in this run watches how much; its '
                'alerts would be free',
            )


def _watched(project: Project) -> bool:
    """Whether a budget, an action of one, or a billing alarm is declared anywhere."""
    return _paid.declared(project, 'budget', 'AWS::Budgets::') or any(
        alarm.properties.text('Namespace') == 'AWS/Billing'
        for alarm in project.resources('AWS::CloudWatch::Alarm')
    )
