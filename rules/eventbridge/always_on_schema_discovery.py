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


class AlwaysOnSchemaDiscovery(ResourceRule):
    """A schema discoverer reads every event of its bus for as long as it exists.

    ## Why it costs

    Discovery is billed for each 8 KB of each event on the bus, beyond a few million a month
    that are free, and never stops by itself. A schema is found within minutes of the first
    event; after that the discoverer pays to see the same shapes again.

    ## When it is right

    On a bus of a development account, while schemas still change. Make it under a condition
    there, or switch it on in the console for the day: a discoverer that a template creates
    runs until the template no longer has it.

    ## References

    - https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-schema.html
    - https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-eventschemas-discoverer.html
    - https://aws.amazon.com/eventbridge/pricing/
    """

    id = 'WC6006'
    resources = ('AWS::EventSchemas::Discoverer',)
    remedy = 'take the discoverer out of the template when the schemas are known'

    def check(self, resource: Resource, project: Project, options: Options) -> Iterator[Finding]:
        usd = dollars(price('eventbridge.schema_discovery').usd * 1e6)
        yield Finding(
            (),
            f'`{resource.logical_id}` reads every event of its bus and never stops, '
            f'{usd} for each million chunks of 8 KB',
            Cost(f'{usd} per million chunks of 8 KB, us-east-1; usage decides the sum'),
        )
