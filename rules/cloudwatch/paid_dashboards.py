from __future__ import annotations

from collections.abc import Iterator

from thera_lint.prices import dollars
from thera_lint.prices import price
from thera_lint.project import Project
from thera_lint.rule import Cost
from thera_lint.rule import Finding
from thera_lint.rule import Option
from thera_lint.rule import Options
from thera_lint.rule import ProjectRule
from thera_lint.template import Resource

_DASHBOARD = 'AWS::CloudWatch::Dashboard'


class PaidDashboards(ProjectRule):
    """There are more dashboards than CloudWatch gives away.

    ## Why it costs

    An account has three dashboards free, of up to 50 metrics each; every further one is
    billed by the month, whether anybody looks at it or not. A dashboard for each function or
    each stage adds up faster than the functions' own bill. The first dashboard of the run that
    is beyond the free ones is shown, and what all of them cost.

    ## When it is right

    Where each of them is looked at, and where the templates of the run go to more than one
    account. Several widgets fit on one dashboard, up to 500, and a variable in it can choose
    the stage or the function.

    ## References

    - https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Dashboards.html
    - https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_dashboard_variables.html
    - https://aws.amazon.com/cloudwatch/pricing/
    """

    id = 'IC7019'
    remedy = 'put the widgets on fewer dashboards'
    options = (
        Option('free_dashboards', 3, 'How many dashboards the account has free.'),
    )

    def check(self, project: Project, options: Options) -> Iterator[tuple[Resource, Finding]]:
        linted = {id(template) for template in project.templates}
        dashboards: dict[tuple[str, str], Resource] = {}
        conditional = False
        for one in project.resources(_DASHBOARD):
            dashboards.setdefault(one.key, one)
            conditional = conditional or 'Condition' in one.attributes
        paid = len(dashboards) - options.free_dashboards
        shown = [one for one in dashboards.values() if id(one.template) in linted]
        if paid <= 0 or not shown:
            return
        each = price('cw.dashboard').usd
        up_to = 'up to ' if conditional else ''
        yield shown[min(options.free_dashboards, len(shown) - 1)], Finding(
            (),
            f'this run has {up_to}{len(dashboards)} dashboards, of which an account has '
            f'{options.free_dashboards} free: the others cost {up_to}{dollars(paid * each)} a '
            f'month',
            Cost(
                f'{paid} x {dollars(each)} a dashboard-month, us-east-1; '
                f'{options.free_dashboards} in the account are free',
                None if conditional else paid * each,
            ),
        )
