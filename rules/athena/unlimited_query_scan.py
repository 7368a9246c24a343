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
from thera_lint.rules.athena import _workgroups
from thera_lint.template import Resource

# Athena bills by the TB without saying which; 10^12 bytes is the one that stops sooner.
_FIX_BYTES = 10 ** 12


class UnlimitedQueryScan(ResourceRule):
    """A workgroup lets a single query scan as much as there is.

    ## Why it costs

    Athena bills by the bytes that a query scans, so one forgotten predicate on a partition, or
    one cross join tried out by hand, is billed for the whole table: $5 for each TB, again at
    each retry, and LIMIT does not change that. BytesScannedCutoffPerQuery cancels a query that
    goes beyond it; what it had scanned until then is billed.

    A limit is no charge and saves nothing on a good day: it bounds the bad one. An alarm on the
    whole workgroup only tells.

    The fix writes 1 TB. It is unsafe, because a query that needs more would be cancelled.

    ## When it is right

    Where large scans are the work, and somebody watches them. Spark workgroups have no such
    limit, and one that a capacity reservation of the project serves does not pay by the byte.

    ## References

    - https://docs.aws.amazon.com/athena/latest/ug/workgroups-setting-control-limits-cloudwatch.html
    - https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-athena-workgroup-workgroupconfiguration.html
    - https://aws.amazon.com/athena/pricing/
    """

    id = 'WC3001'
    resources = (_workgroups.WORKGROUP,)
    remedy = 'set BytesScannedCutoffPerQuery to what the largest good query scans'

    def check(self, resource: Resource, project: Project, options: Options) -> Iterator[Finding]:
        configuration = _workgroups.configuration(resource)
        if configuration is None or not configuration.absent('BytesScannedCutoffPerQuery'):
            return
        if any(
            use.user.type == 'AWS::Athena::CapacityReservation' for use in project.uses(resource)
        ):
            return
        rate = price('athena.sql.scanned_tb').usd
        yield Finding(
            ('WorkGroupConfiguration',),
            f'nothing stops a query that goes wrong, at {dollars(rate)} for each TB it scans: '
            f'`{resource.logical_id}` has no BytesScannedCutoffPerQuery',
            Cost(f'{dollars(rate)} for each TB that one query scans by mistake, us-east-1'),
            Fix(
                'cancel queries that scan more than 1 TB', False,
                (Set(('WorkGroupConfiguration', 'BytesScannedCutoffPerQuery'), _FIX_BYTES),),
            ),
        )
