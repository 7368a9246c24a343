from __future__ import annotations

from collections.abc import Iterator

from thera_lint.project import Project
from thera_lint.rule import Finding
from thera_lint.rule import Option
from thera_lint.rule import Options
from thera_lint.rule import ProjectRule
from thera_lint.taggable import billable
from thera_lint.template import Resource
from thera_lint.template import Template

# These bill for what others send to them, or cents: alone they are no project to watch.
_TRIFLES = frozenset((
    'AWS::CloudWatch::Alarm',
    'AWS::CloudWatch::CompositeAlarm',
    'AWS::CloudWatch::Dashboard',
    'AWS::KMS::Key',
    'AWS::Logs::LogGroup',
    'AWS::Route53::HostedZone',
    'AWS::SNS::Topic',
    'AWS::SQS::Queue',
    'AWS::SecretsManager::Secret',
))

_OPAQUE = ('AWS::CloudFormation::', 'AWS::Serverless::Application', 'Custom::')
"""What a resource of these makes is not in the template."""


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
    a project.

    ## References

    - https://docs.aws.amazon.com/cost-management/latest/userguide/budgets-managing-costs.html
    - https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-budgets-budget.html
    - https://aws.amazon.com/aws-cost-management/aws-budgets/pricing/
    """

    id = 'WC7010'
    remedy = 'add an AWS::Budgets::Budget with a subscriber, or set budget_elsewhere'
    options = (
        Option('budget_elsewhere', False, 'Whether a budget outside the linted files watches.'),
    )

    def check(self, project: Project, options: Options) -> Iterator[tuple[Resource, Finding]]:
        if options.budget_elsewhere or _watched(project):
            return
        paid = [_paid(template) for template in project.templates]
        worth = [[one for one in ones if one.type not in _TRIFLES] for ones in paid]
        main = max(worth, key=len, default=[])
        if not main:
            return
        first, others = main[0], sum(map(len, paid)) - 1
        and_others = f' and {others} more resource{"s" * (others > 1)}' if others else ''
        services = sorted({one.type.split('::')[1] for ones in paid for one in ones})
        said = ', '.join(services) if len(services) <= 6 else f'{len(services)} services'
        yield first, Finding(
            (),
            f'`{first.logical_id}`{and_others} ({said}) bill{"" if others else "s"}, and no '
            'AWS::Budgets::Budget in this run watches how much; its alerts would be free',
        )


def _paid(template: Template) -> list[Resource]:
    """The resources that bill on their own, as written, each in one of its views."""
    return [
        view for logical_id in template.declared
        if billable(template.kinds.get(logical_id, ''))
        for view in template.views(logical_id)[:1]
        if not _free(view)
    ]


def _watched(project: Project) -> bool:
    """Whether a budget, an action of one, or a billing alarm is declared anywhere.

    A module, nested stack or custom resource is taken for a budget where its name says so.
    """
    for template in project.documents:
        for logical_id, kind in template.kinds.items():
            named = f'{kind} {logical_id}' if kind.startswith(_OPAQUE) else kind
            if 'budget' in named.lower():
                return True
    return any(
        alarm.properties.text('Namespace') == 'AWS/Billing'
        for alarm in project.resources('AWS::CloudWatch::Alarm')
    )


def _free(resource: Resource) -> bool:
    """Whether a resource of a type that bills has the shape that does not."""
    if resource.type != 'AWS::EC2::VPCEndpoint':
        return False
    properties = resource.properties
    return properties.absent('VpcEndpointType') or properties.text('VpcEndpointType') == 'Gateway'
