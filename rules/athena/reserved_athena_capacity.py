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

# CloudFormation's schema accepts 1, Athena does not.
_MINIMUM_DPUS = 4


class ReservedAthenaCapacity(ResourceRule):
    """A capacity reservation of Athena bills its DPUs around the clock.

    ## Why it costs

    Reserved DPUs are billed by the time that they are reserved, queried or not, until the
    reservation is cancelled: a stack keeps it day and night. Queries in its workgroups do not
    pay by the TB, so it pays off only where those scan more than the reservation costs: at $5 a
    TB even the smallest one, 4 DPUs, is worth 175 TB a month.

    ## When it is right

    Where the workgroups that it serves do scan that much all day, or need their queries never to
    wait. For some hours of load a reservation can be made and cancelled by a schedule: it is
    billed by the minute.

    ## References

    - https://docs.aws.amazon.com/athena/latest/ug/capacity-management.html
    - https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-athena-capacityreservation.html
    - https://aws.amazon.com/athena/pricing/
    """

    id = 'WC3016'
    resources = ('AWS::Athena::CapacityReservation',)
    remedy = 'query on demand, or reserve capacity only for the hours that fill it'

    def check(self, resource: Resource, project: Project, options: Options) -> Iterator[Finding]:
        target = resource.properties.number('TargetDpus')
        dpus = max(target or 0, _MINIMUM_DPUS)
        least = '' if target is not None and target >= _MINIMUM_DPUS else 'at least '
        rate = price('athena.capacity.dpu_hour').usd
        month = dpus * rate * HOURS_PER_MONTH
        worth = month / price('athena.sql.scanned_tb').usd
        yield Finding(
            ('TargetDpus',),
            f'`{resource.logical_id}` costs {least}{dollars(month)} a month, as much as '
            f'{worth:,.0f} TB scanned on demand: it reserves {least}{dpus:g} DPUs around the clock',
            Cost(
                f'{dpus:g} DPUs for {HOURS_PER_MONTH} hours at {dollars(rate)} each, us-east-1',
                monthly_usd=month,
            ),
        )
