from __future__ import annotations

from collections.abc import Iterator

from thera_lint.prices import dollars
from thera_lint.prices import HOURS_PER_MONTH
from thera_lint.prices import price
from thera_lint.project import Project
from thera_lint.rule import Cost
from thera_lint.rule import Finding
from thera_lint.rule import Options
from thera_lint.rule import ResourceRule
from thera_lint.template import Resource

_KAFKA_POLLERS_PER_UNIT = 10
_SQS_FEWEST = 2
_KAFKA_ONLY = (
    'AmazonManagedKafkaEventSourceConfig', 'SelfManagedEventSource',
    'SelfManagedKafkaEventSourceConfig', 'Topics',
)


class AlwaysOnPollers(ResourceRule):
    """An event source mapping keeps pollers of its own, around the clock.

    ## Why it costs

    A mapping in provisioned mode (ProvisionedPollerConfig) bills event poller units by the hour,
    from the day it is deployed, whether a message comes or not. A queue has at least two
    pollers, a unit each; Kafka at least one unit, which up to ten pollers share. More pollers,
    up to MaximumPollers, bill more while they run, so the sum in the message is the floor.

    ## When it is right

    Where many messages come at once and the minutes that the default mode takes to scale up
    are too long. Kafka mappings that share a PollerGroupName share their units: for those the
    message has no sum.

    ## References

    - https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventsourcemapping.html
    - https://docs.aws.amazon.com/lambda/latest/dg/kafka-scaling-modes.html
    - https://docs.aws.amazon.com/lambda/latest/api/API_ProvisionedPollerConfig.html
    - https://aws.amazon.com/lambda/pricing/
    """

    id = 'IC1016'
    resources = ('AWS::Lambda::EventSourceMapping',)
    remedy = 'remove ProvisionedPollerConfig, unless the default mode scales too slowly'

    def check(self, resource: Resource, project: Project, options: Options) -> Iterator[Finding]:
        mapping = resource.properties
        config = mapping.map('ProvisionedPollerConfig')
        if config is None or mapping.flag('Enabled') is False:
            return
        start = f'`{resource.logical_id}` keeps event pollers on around the clock'
        kind = _source(resource, project)
        if kind is None or not config.absent('PollerGroupName'):
            yield Finding(
                ('ProvisionedPollerConfig',),
                f'{start}, which bill by the hour with and without messages',
            )
            return
        fewest = config.number('MinimumPollers') or 1
        if kind == 'sqs':
            units = max(int(fewest), _SQS_FEWEST)
        else:
            units = -(-int(fewest) // _KAFKA_POLLERS_PER_UNIT)
        hourly = price(f'lambda.esm.provisioned_epu.{kind}').usd
        monthly = units * hourly * HOURS_PER_MONTH
        yield Finding(
            ('ProvisionedPollerConfig',),
            f'{start}: at least {units} event poller unit{"" if units == 1 else "s"}, '
            f'{dollars(monthly)} a month with and without messages',
            Cost(
                f'{units} times {HOURS_PER_MONTH} h at {dollars(hourly)} per unit-hour, us-east-1',
                monthly_usd=monthly,
            ),
        )


def _source(resource: Resource, project: Project) -> str | None:
    """`sqs`, `kafka`, or None where it is neither or unknown."""
    mapping = resource.properties
    if not all(mapping.absent(name) for name in _KAFKA_ONLY):
        return 'kafka'
    arn = mapping.get('EventSourceArn')
    text = project.text(arn, resource.template)
    if ':kafka:' in text:
        return 'kafka'
    if ':sqs:' in text or project.find(arn, resource.template, 'AWS::SQS::Queue'):
        return 'sqs'
    return None
