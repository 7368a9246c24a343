from __future__ import annotations

from collections.abc import Iterator

from thera_lint.prices import dollars
from thera_lint.prices import price
from thera_lint.project import Project
from thera_lint.rule import Cost
from thera_lint.rule import Finding
from thera_lint.rule import Options
from thera_lint.rule import ResourceRule
from thera_lint.template import Resource


class VerboseFlowLogs(ResourceRule):
    """Flow logs write all traffic, every minute, to CloudWatch Logs.

    ## Why it costs

    A flow log writes a line for each flow of each interval. With an interval of a minute that
    is up to ten times the lines of the default ten, of all the traffic that was accepted as
    well as of what was rejected, and CloudWatch Logs bills every GB that comes in at twice
    what a delivery to S3 costs, and stores it for more.

    ## When it is right

    While an incident is looked into, and where a security team watches accepted traffic as it
    happens. CKV2_AWS_11 and AWS Config's vpc-flow-logs-enabled ask for flow logs; a flow log
    to S3, of ten minutes, satisfies them. On Nitro instances the interval is a minute
    whatever is written here, so there S3 and the traffic type are what helps.

    ## References

    - https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs.html
    - https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-s3.html
    - https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-ec2-flowlog.html
    - https://docs.aws.amazon.com/config/latest/developerguide/vpc-flow-logs-enabled.html
    - https://aws.amazon.com/cloudwatch/pricing/
    """

    id = 'IC7025'
    resources = ('AWS::EC2::FlowLog',)
    remedy = 'send the flow log to S3, at 600 s, or only what was rejected'

    def check(self, resource: Resource, project: Project, options: Options) -> Iterator[Finding]:
        properties = resource.properties
        logs = properties.absent('LogDestinationType') or \
            properties.get('LogDestinationType') == 'cloud-watch-logs'
        everything = properties.get('TrafficType') == 'ALL'
        if not logs or not everything or properties.number('MaxAggregationInterval') != 60:
            return
        into_logs, into_s3 = price('cw.logs.vended.tier1').usd, price('cw.logs.vended_to_s3').usd
        yield Finding(
            ('MaxAggregationInterval',),
            f'`{resource.logical_id}` writes ALL traffic every 60 s to CloudWatch Logs, '
            f'{dollars(into_logs)} a GB instead of {dollars(into_s3)} to S3',
            Cost(
                f'{dollars(into_logs)} a GB that comes in, us-east-1, the first 10 TB; traffic '
                'decides the sum',
            ),
        )
