from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from thera_lint.project import Project
from thera_lint.rule import Finding
from thera_lint.rule import Options
from thera_lint.rule import ResourceRule
from thera_lint.rules.cloudwatch import _alarms
from thera_lint.template import Resource
from thera_lint.values import Reference

# What a dimension of a namespace is: by type, the attributes that give it. '' is Ref, and
# the first is what to write. The name of a REST API is no attribute at all.
_V2 = 'ElasticLoadBalancingV2'
_IS: dict[tuple[str, str], dict[str, tuple[str, ...]]] = {
    ('AWS/ApiGateway', 'ApiId'): {'ApiGatewayV2::Api': ('', 'ApiId')},
    ('AWS/ApiGateway', 'ApiName'): {'ApiGateway::RestApi': ()},
    ('AWS/ApplicationELB', 'LoadBalancer'): {f'{_V2}::LoadBalancer': ('LoadBalancerFullName',)},
    ('AWS/ApplicationELB', 'TargetGroup'): {f'{_V2}::TargetGroup': ('TargetGroupFullName',)},
    ('AWS/Athena', 'WorkGroup'): {'Athena::WorkGroup': ('',)},
    ('AWS/DynamoDB', 'TableName'): {'DynamoDB::Table': ('',), 'DynamoDB::GlobalTable': ('',)},
    ('AWS/EC2', 'AutoScalingGroupName'): {'AutoScaling::AutoScalingGroup': ('',)},
    ('AWS/EC2', 'InstanceId'): {'EC2::Instance': ('', 'InstanceId')},
    ('AWS/ECS', 'ClusterName'): {'ECS::Cluster': ('',)},
    ('AWS/ECS', 'ServiceName'): {'ECS::Service': ('Name',)},
    ('AWS/Events', 'RuleName'): {'Events::Rule': ('',)},
    ('AWS/Firehose', 'DeliveryStreamName'): {'KinesisFirehose::DeliveryStream': ('',)},
    ('AWS/Kinesis', 'StreamName'): {'Kinesis::Stream': ('',)},
    ('AWS/Lambda', 'FunctionName'): {'Lambda::Function': ('',)},
    ('AWS/Logs', 'LogGroupName'): {'Logs::LogGroup': ('',)},
    ('AWS/NetworkELB', 'LoadBalancer'): {f'{_V2}::LoadBalancer': ('LoadBalancerFullName',)},
    ('AWS/NetworkELB', 'TargetGroup'): {f'{_V2}::TargetGroup': ('TargetGroupFullName',)},
    ('AWS/RDS', 'DBClusterIdentifier'): {'RDS::DBCluster': ('',)},
    ('AWS/RDS', 'DBInstanceIdentifier'): {'RDS::DBInstance': ('',)},
    ('AWS/S3', 'BucketName'): {'S3::Bucket': ('',)},
    ('AWS/SNS', 'TopicName'): {'SNS::Topic': ('TopicName',)},
    ('AWS/SQS', 'QueueName'): {'SQS::Queue': ('QueueName',)},
    ('AWS/States', 'StateMachineArn'): {'StepFunctions::StateMachine': ('', 'Arn')},
}
_KINDS = {kind for kinds in _IS.values() for kind in kinds}


class AlarmOnNothing(ResourceRule):
    """A dimension of an alarm names nothing that reports the metric.

    ## Why it costs

    CloudWatch keeps a metric for each exact set of dimensions, and takes any text for one. A
    Ref of a queue is its URL, a Ref of a topic or a load balancer its ARN, and no metric bears
    those; a text with `${Queue}` in it that lacks Fn::Sub, or a logical id in place of a name,
    names a thing that does not exist. Such an alarm is billed every month, stays in
    INSUFFICIENT_DATA, and never fires.

    ## When it is right

    Never for a reference of the wrong kind. Names that nothing in the run declares are left
    alone, and so are namespaces of your own: what they mean by a dimension is theirs.

    ## References

    - https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_concepts.html
    - https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/aws-services-cloudwatch-metrics.html
    - https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-sqs-queue.html
    - https://aws.amazon.com/cloudwatch/pricing/
    """

    id = 'WC7024'
    resources = (_alarms.ALARM,)
    remedy = 'write what the service reports the metric by'

    def check(self, resource: Resource, project: Project, options: Options) -> Iterator[Finding]:
        for one in _alarms.watched(resource.properties):
            namespace = one.metric.text('Namespace') or ''
            for index, dimension in one.metric.maps('Dimensions'):
                name = dimension.text('Name') or ''
                kinds = _IS.get((namespace, name))
                why = _why(dimension.get('Value'), name, kinds, resource) if kinds else None
                if why is not None:
                    yield Finding(
                        (*one.metric_path, 'Dimensions', index, 'Value'),
                        f'`{resource.logical_id}` never fires{_alarms.said(resource)}: {why}',
                        _alarms.cost(resource),
                    )


def _why(
        value: Any, name: str, kinds: dict[str, tuple[str, ...]], alarm: Resource,
) -> str | None:
    """Why no metric has this value in its dimension `name`; None where one may have."""
    template = alarm.template
    if isinstance(value, str):
        if '${' in value:
            return f'its {name} is the text `{value}` itself, without Fn::Sub'
        kind = template.kinds.get(value, '').removeprefix('AWS::')
        # A REST API without a Name has the title of its OpenAPI document.
        if kinds.get(kind) and not any(_may_be_named(one) for one in template.views(value)):
            return f'its {name} is the text `{value}`, a logical id and no name'
        return None
    if not isinstance(value, Reference) or '.' in value.logical_id:
        return None
    written = f'!GetAtt {value.logical_id}.{value.attribute}' if value.attribute else \
        f'!Ref {value.logical_id}'
    if value.logical_id not in template.kinds:
        # A macro may make what is not written here.
        return None if 'Transform' in template.raw else \
            f'its {name} is `{written}`, which names no resource of this template'
    kind = template.kinds[value.logical_id].removeprefix('AWS::')
    if kind not in _KINDS:
        return None  # a custom resource, a nested stack, an alias: it may give any text
    if kind not in kinds:
        return f'its {name} is `{written}`, of an AWS::{kind}'
    rights = kinds[kind]
    if (value.attribute or '') in rights:
        return None
    right = f'`!GetAtt {value.logical_id}.{rights[0]}`' if rights and rights[0] else \
        f'`!Ref {value.logical_id}`' if rights else f'the Name of {value.logical_id}'
    return f'its {name} should be {right}, not `{written}`'


def _may_be_named(resource: Resource) -> bool:
    """Whether a resource bears a name that somebody chose."""
    return resource.properties.open or any(
        key.endswith(('Name', 'Identifier')) for key in resource.properties
    )
