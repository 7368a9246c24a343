from __future__ import annotations

from collections.abc import Iterator

from thera_lint import invokers
from thera_lint.prices import dollars
from thera_lint.prices import price
from thera_lint.project import Project
from thera_lint.rule import Cost
from thera_lint.rule import Finding
from thera_lint.rule import Option
from thera_lint.rule import Options
from thera_lint.rule import ResourceRule
from thera_lint.template import Resource


class LongRetention(ResourceRule):
    """A log group keeps its logs for longer than a year.

    ## Why it costs

    CloudWatch Logs bills every stored GB each month until its retention ends: at ten years
    that is about 120 months for logs that are read in their first weeks. An export to S3, in
    a Glacier class, keeps the same lines for a fraction of it, and Athena can still search
    them.

    ## When it is right

    Where a law, a contract or an audit asks for the years and for the search of CloudWatch
    Logs. A log group of class INFREQUENT_ACCESS is left alone: somebody has thought about
    what it costs. So is one of class DELIVERY, which keeps its logs for a fixed time, and one
    that only functions behind a custom resource write to, a few lines per deployment.

    ## References

    - https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-logs-loggroup.html
    - https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CloudWatch_Logs_Log_Classes.html
    - https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/S3Export.html
    - https://aws.amazon.com/cloudwatch/pricing/
    """

    id = 'IC7002'
    resources = ('AWS::Logs::LogGroup',)
    remedy = 'shorten RetentionInDays, and export to S3 what must be kept for years'
    options = (
        Option('max_days', 400, 'The longest retention that is not reported.'),
    )

    def check(self, resource: Resource, project: Project, options: Options) -> Iterator[Finding]:
        properties = resource.properties
        days = properties.number('RetentionInDays')
        kind = properties.get('LogGroupClass')
        if days is None or days <= options.max_days:
            return
        if not properties.absent('LogGroupClass') and kind != 'STANDARD':
            return
        if _only_of_deployments(resource, project):
            return
        stored = price('cw.logs.storage.standard').usd
        yield Finding(
            ('RetentionInDays',),
            f'`{resource.logical_id}` keeps its logs for {days:,} days, above the ceiling of '
            f'{options.max_days:,}, so each GB stored costs '
            f'{dollars(stored * days * 12 / 365)} before it is deleted',
            Cost(
                f'{dollars(stored)} a GB-month of stored, compressed logs, us-east-1; usage '
                'decides the sum',
            ),
        )


def _only_of_deployments(group: Resource, project: Project) -> bool:
    name = group.properties.get('LogGroupName')
    writers = [
        *project.find(name, group.template, 'AWS::Lambda::Function'),
        *(use.user for use in project.uses(group) if use.path == ('LoggingConfig', 'LogGroup')),
    ]
    return bool(writers) and all(
        invokers.only_by_deployments(writer, project) for writer in writers
    )
