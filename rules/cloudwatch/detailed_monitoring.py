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
from thera_lint.values import Map
from thera_lint.values import Path

_INSIGHTS = 'ContributorInsightsSpecification'


class DetailedMonitoring(ResourceRule):
    """A resource reports more to CloudWatch or X-Ray than it does for free.

    ## Why it costs

    What services report by themselves is free. Detailed monitoring of EC2 sends each metric of
    each instance as one that bills; Container Insights and the detailed metrics of API Gateway
    make one for every service, task, method or route; Contributor Insights bills the rule and
    every event that it reads; a sampling rate of 1 makes X-Ray record every request instead of
    one in twenty. A launch configuration without InstanceMonitoring has it switched on.

    ## When it is right

    Where scaling has to react within a minute, where somebody looks at the tasks and methods
    one by one, and while a hot key or an incident is looked into. AWS Config's
    ec2-instance-detailed-monitoring-enabled and ecs-container-insights-enabled ask for these,
    and so does Checkov's CKV_AWS_65. DynamoDB's mode THROTTLED_KEYS, which reads only what was
    throttled, is left alone, and so is X-Ray at a lower rate.

    ## References

    - https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/manage-detailed-monitoring.html
    - https://docs.aws.amazon.com/autoscaling/ec2/userguide/enable-as-instance-metrics.html
    - https://docs.aws.amazon.com/AmazonECS/latest/developerguide/cloudwatch-container-insights.html
    - https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/contributorinsights.html
    - https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-metrics-and-dimensions.html
    - https://docs.aws.amazon.com/xray/latest/devguide/xray-console-sampling.html
    - https://docs.aws.amazon.com/config/latest/developerguide/ec2-instance-detailed-monitoring-enabled.html
    - https://aws.amazon.com/cloudwatch/pricing/
    """

    id = 'IC7026'
    resources = (
        'AWS::ApiGateway::Stage',
        'AWS::ApiGatewayV2::Stage',
        'AWS::AutoScaling::LaunchConfiguration',
        'AWS::CloudWatch::InsightRule',
        'AWS::DynamoDB::GlobalTable',
        'AWS::DynamoDB::Table',
        'AWS::EC2::Instance',
        'AWS::EC2::LaunchTemplate',
        'AWS::ECS::Cluster',
        'AWS::XRay::SamplingRule',
    )
    remedy = 'switch it off where nobody looks at it'

    def check(self, resource: Resource, project: Project, options: Options) -> Iterator[Finding]:
        for path, what, cost in _extras(resource):
            yield Finding(path, f'`{resource.logical_id}` {what}', cost)


def _extras(resource: Resource) -> Iterator[tuple[Path, str, Cost | None]]:
    """Where something is switched on, what it does, and its price."""
    properties = resource.properties
    kind = resource.type.removeprefix('AWS::')
    if kind == 'EC2::Instance' and properties.flag('Monitoring'):
        yield ('Monitoring',), *_ec2('has detailed monitoring')
    elif kind == 'EC2::LaunchTemplate':
        data = properties.map('LaunchTemplateData') or Map()
        if (data.map('Monitoring') or Map()).flag('Enabled'):
            path: Path = ('LaunchTemplateData', 'Monitoring', 'Enabled')
            yield path, *_ec2('gives each of its instances detailed monitoring')
    elif kind == 'AutoScaling::LaunchConfiguration':
        if properties.flag('InstanceMonitoring'):
            path = ('InstanceMonitoring',)
            yield path, *_ec2('gives each of its instances detailed monitoring')
        elif properties.absent('InstanceMonitoring'):
            yield (), *_ec2('gives each of its instances detailed monitoring by default')
    elif kind == 'ECS::Cluster':
        each = dollars(price('cw.container_insights.ecs').usd)
        for index, setting in properties.maps('ClusterSettings'):
            value = setting.text('Value')
            if setting.get('Name') == 'containerInsights' and value in ('enabled', 'enhanced'):
                yield (
                    ('ClusterSettings', index, 'Value'),
                    f'has Container Insights {value}: each metric of each service and task is '
                    f'{each} a month',
                    Cost(f'{each} a metric-month, us-east-1; usage decides how many'),
                )
    elif kind.startswith('DynamoDB::'):
        for path, specification in _insights(properties, ()):
            if specification.flag('Enabled') and specification.absent('Mode') or \
                    specification.get('Mode') == 'ACCESSED_AND_THROTTLED_KEYS':
                yield (
                    (*path, 'Enabled'),
                    'has Contributor Insights, which bill every read and write that they count',
                    None,
                )
    elif kind == 'CloudWatch::InsightRule' and properties.get('RuleState') == 'ENABLED':
        each = dollars(price('cw.contributor_insights.rule').usd)
        yield (
            (),
            f'costs {each} a month as a rule of Contributor Insights, and more by the event',
            Cost(
                f'{each} a rule-month, us-east-1, without its events',
                price('cw.contributor_insights.rule').usd,
            ),
        )
    elif kind == 'ApiGateway::Stage':
        for index, setting in properties.maps('MethodSettings'):
            if setting.flag('MetricsEnabled'):
                yield ('MethodSettings', index, 'MetricsEnabled'), *_methods('method')
    elif kind == 'ApiGatewayV2::Stage':
        if (properties.map('DefaultRouteSettings') or Map()).flag('DetailedMetricsEnabled'):
            yield ('DefaultRouteSettings', 'DetailedMetricsEnabled'), *_methods('route')
    elif kind == 'XRay::SamplingRule':
        rate = (properties.map('SamplingRule') or Map()).number('FixedRate')
        if rate is not None and rate >= 1:
            yield (
                ('SamplingRule', 'FixedRate'),
                'makes X-Ray record every request that matches; its default is one in twenty',
                None,
            )


def _ec2(what: str) -> tuple[str, Cost]:
    each = dollars(price('cw.metric.tier1').usd)
    return f'{what}, which every five minutes would be free: each metric of an instance is ' \
        f'{each} a month', \
        Cost(f'{each} a metric-month, us-east-1; the instance type decides how many')


def _methods(one: str) -> tuple[str, Cost]:
    each = dollars(price('cw.metric.tier1').usd)
    return f'has detailed metrics: each metric of each {one} is {each} a month', Cost(
        f'{each} a metric-month, us-east-1; the API decides how many',
    )


def _insights(holder: Map, path: Path) -> Iterator[tuple[Path, Map]]:
    """The specifications of a table, of its replicas, and of the indexes of both."""
    own = holder.map(_INSIGHTS)
    if own is not None:
        yield (*path, _INSIGHTS), own
    for key in ('GlobalSecondaryIndexes', 'Replicas'):
        for index, inner in holder.maps(key):
            yield from _insights(inner, (*path, key, index))
