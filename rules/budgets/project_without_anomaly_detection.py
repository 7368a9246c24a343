from __future__ import annotations

from collections.abc import Iterator

from thera_lint.project import Project
from thera_lint.rule import Finding
from thera_lint.rule import Option
from thera_lint.rule import Options
from thera_lint.rule import ProjectRule
from thera_lint.rules.budgets import _paid
from thera_lint.template import Resource


class ProjectWithoutAnomalyDetection(ProjectRule):
    """Nothing in the project notices when its paid resources cost more than they use to.

    ## Why it costs

    A budget speaks when a sum is reached. What doubles from one day to the next and stays
    below that sum is seen weeks later. AWS Cost Anomaly Detection learns what a service, an
    account or a tag costs day by day, and tells its subscribers of a jump within a day or so,
    with the service and the usage type behind it.

    Said once for all templates of a run, at the first paid resource of the one that has
    the most of them.

    ## When it is right

    Where one monitor for the whole account or organization is made elsewhere, as most
    landing zones do, and as AWS does for accounts that are new to Cost Explorer. Set
    `anomaly_detection_elsewhere` then. A monitor or subscription that only some conditions
    create counts, and so does a module, nested stack or custom resource with `anomaly` in
    its name. Anomaly detection on a metric or a log group watches no costs and does not.
    Published applications and runs over more than twenty folders are no project, as in
    project_without_budget.

    ## References

    - https://docs.aws.amazon.com/cost-management/latest/userguide/manage-ad.html
    - https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-ce-anomalymonitor.html
    - https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-ce-anomalysubscription.html
    """

    id = 'IC7022'
    remedy = (
        'add an AWS::CE::AnomalyMonitor and an AnomalySubscription, or set '
        'anomaly_detection_elsewhere'
    )
    options = (
        Option(
            'anomaly_detection_elsewhere', False,
            'Whether a cost anomaly monitor outside the linted files watches.',
        ),
    )

    def check(self, project: Project, options: Options) -> Iterator[tuple[Resource, Finding]]:
        if options.anomaly_detection_elsewhere:
            return
        if _paid.declared(project, 'anomaly', 'AWS::CE::Anomaly'):
            return
        paid = _paid.paid(project)
        if paid is not None:
            yield paid.first, Finding(
                (),
                f'{paid.said}, and no AWS::CE::AnomalyMonitor in this run notices a jump in '
                'that before a budget or the invoice does',
            )
