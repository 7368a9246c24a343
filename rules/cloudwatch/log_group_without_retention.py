from __future__ import annotations

from collections.abc import Iterator

from thera_lint.prices import dollars
from thera_lint.prices import price
from thera_lint.project import Project
from thera_lint.rule import Cost
from thera_lint.rule import Finding
from thera_lint.rule import Fix
from thera_lint.rule import Options
from thera_lint.rule import ResourceRule
from thera_lint.rule import Set
from thera_lint.template import Resource
from thera_lint.values import Unknown


class LogGroupWithoutRetention(ResourceRule):
    """A log group without a retention keeps its logs for ever.

    ## Why it costs

    CloudWatch Logs bills stored logs by the month, after compression, and by default never
    deletes any. So a log group that is written to costs more every month than the month before,
    for logs that are hardly read after the first weeks, and it goes on costing after the last
    line is written.

    ## When it is right

    Where a law or contract asks for logs without an end; an export to S3 then keeps them
    for less. AWS Config's cw-loggroup-retention-period-check and Checkov's CKV_AWS_338 ask for
    at least a year, the former also takes no retention at all for compliant: where they are
    binding, set 365, which ends the growth as well. Log groups of class DELIVERY keep their logs
    for a fixed day and are not reported.

    The fix sets 30 days, enough to debug a pipeline. What runs stays as it is, so it counts as
    safe, but with the next deployment CloudWatch deletes what was logged more than 30 days ago:
    export first what you must keep, or write a longer retention yourself.

    ## References

    - https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-logs-loggroup.html
    - https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/Working-with-log-groups-and-streams.html
    - https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CloudWatch_Logs_Log_Classes.html
    - https://docs.aws.amazon.com/config/latest/developerguide/cw-loggroup-retention-period-check.html
    - https://aws.amazon.com/cloudwatch/pricing/
    """

    id = 'WC7001'
    resources = ('AWS::Logs::LogGroup',)
    remedy = 'set RetentionInDays'

    def check(self, resource: Resource, project: Project, options: Options) -> Iterator[Finding]:
        properties = resource.properties
        kind = properties.get('LogGroupClass')
        if not properties.absent('RetentionInDays') or kind == 'DELIVERY':
            return
        if isinstance(kind, Unknown):
            return
        infrequent = kind == 'INFREQUENT_ACCESS'
        stored = price('cw.logs.storage.ia' if infrequent else 'cw.logs.storage.standard').usd
        yield Finding(
            (),
            f'`{resource.logical_id}` keeps its logs for ever: each GB stored costs '
            f'{dollars(stored)} a month without end, so the bill only grows',
            Cost(
                f'{dollars(stored)} a GB-month of stored, compressed logs, us-east-1; usage '
                'decides the sum',
            ),
            Fix('keep logs for 30 days', True, (Set(('RetentionInDays',), 30),)),
        )
