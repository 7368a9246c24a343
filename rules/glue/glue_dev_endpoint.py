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
from thera_lint.values import Map

# What it has by default AWS's documents of today do not say; a Spark cluster has two at least.
_MINIMUM_DPUS = 2
_WORKER_DPUS = {'Standard': 1, 'G.1X': 1, 'G.2X': 2}


class GlueDevEndpoint(ResourceRule):
    """A Glue development endpoint bills its DPUs around the clock.

    ## Why it costs

    The endpoint is a Spark cluster that stands ready from its creation to its deletion, billed
    by the second whether somebody is connected or not, nights and weekends included: $321 a
    month for each DPU. An interactive session does the same, starts in seconds and ends by
    itself when idle; AWS's container with the Glue libraries runs on a laptop for nothing.

    ## When it is right

    In a template, hardly ever: what a developer needs for an afternoon is no part of a stack.

    ## References

    - https://docs.aws.amazon.com/glue/latest/dg/interactive-sessions-overview.html
    - https://docs.aws.amazon.com/glue/latest/dg/aws-glue-programming-etl-libraries.html
    - https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-glue-devendpoint.html
    - https://aws.amazon.com/glue/pricing/
    """

    id = 'WC3026'
    resources = ('AWS::Glue::DevEndpoint',)
    remedy = 'delete it and develop in interactive sessions or in the Glue container'

    def check(self, resource: Resource, project: Project, options: Options) -> Iterator[Finding]:
        known = _dpus(resource.properties)
        dpus = _MINIMUM_DPUS if known is None else known
        rate = price('glue.etl.dpu_hour').usd
        month = dpus * rate * HOURS_PER_MONTH
        least = 'at least ' if known is None else ''
        yield Finding(
            (),
            f'`{resource.logical_id}` costs {least}{dollars(month)} a month, whether somebody '
            f'develops or not: it keeps {least}{dpus:g} DPUs ready around the clock',
            Cost(
                f'{dpus:g} DPUs for {HOURS_PER_MONTH} hours at {dollars(rate)} each, us-east-1',
                monthly_usd=month,
            ),
        )


def _dpus(endpoint: Map) -> float | None:
    if not endpoint.absent('NumberOfNodes'):
        return endpoint.number('NumberOfNodes')
    size = _WORKER_DPUS.get(endpoint.text('WorkerType') or '')
    count = endpoint.number('NumberOfWorkers')
    return None if size is None or count is None else size * count
