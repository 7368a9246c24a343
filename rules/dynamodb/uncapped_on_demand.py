from __future__ import annotations

from collections.abc import Iterator

from thera_lint.prices import dollars
from thera_lint.prices import HOURS_PER_MONTH
from thera_lint.project import Project
from thera_lint.rule import Finding
from thera_lint.rule import Options
from thera_lint.rule import ResourceRule
from thera_lint.rules.dynamodb import _tables
from thera_lint.template import Resource
from thera_lint.values import Map

_QUOTA = 40_000
"""Units a second that an account's tables may each take by default."""


class UncappedOnDemand(ResourceRule):
    """An on-demand table may be read and written without a limit of its own.

    ## Why it costs

    On demand bills every request, and by default takes up to the account's quota of 40,000
    read and 40,000 write units a second for each table. That is no charge of its own: it is
    how much a loop, a runaway backfill or a scan in a hot path may cost before somebody
    notices. OnDemandThroughput caps it at no charge; beyond the cap requests are throttled.

    A scaling target does not cap an on-demand table: its MaxCapacity is for provisioned
    ones. The reads of an index have their own cap; its writes are held back by the table's.

    ## When it is right

    Where a throttled request costs more than any bill, and an alarm on the consumed units
    or a budget watches instead. SAM's SimpleTable has no property for the cap: write an
    AWS::DynamoDB::Table.

    ## References

    - https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/on-demand-capacity-mode-max-throughput.html
    - https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-dynamodb-table-ondemandthroughput.html
    - https://aws.amazon.com/dynamodb/pricing/on-demand/
    """

    id = 'IC5006'
    resources = _tables.TABLES
    remedy = 'set OnDemandThroughput to a few times the highest rate that is expected'

    def check(self, resource: Resource, project: Project, options: Options) -> Iterator[Finding]:
        if _tables.mode(resource) != 'PAY_PER_REQUEST':
            return
        free = [side for side in _tables.SIDES if _uncapped(resource, resource.properties, side)]
        reads = [
            index for index in _tables.indexes(resource)
            if _uncapped(resource, index.properties, _tables.READ, index)
        ]
        if not free and not reads:
            return
        what = ' and '.join(f'{side.word}s' for side in free)
        of = ' and '.join(f'`{index.name}`' for index in reads)
        if reads:
            what += f'{", and " if what else ""}reads of index{"es" * (len(reads) > 1)} {of},'
        hour = ' and '.join(
            f'{dollars(side.full_use(_QUOTA) / HOURS_PER_MONTH)} of {side.word}s'
            for side in (free or [_tables.READ])
        )
        price = (
            f'that may come to {hour} an hour before the default quota of {_QUOTA:,} units a '
            'second stops them'
        )
        yield Finding(
            (reads[0].path if not free else ()),
            f'`{resource.logical_id}` is on demand and nothing caps its {what.rstrip(",")}: no '
            f'charge of its own, but ' + (
                price if _tables.standard_class(resource) else 'a loop may use up the quota'
            ),
        )


def _uncapped(
        table: Resource, holder: Map, side: _tables.Side, index: _tables.Index | None = None,
) -> bool:
    limit = f'Max{side.title}RequestUnits'
    if table.type == _tables.TABLE:
        return _bare(holder, 'OnDemandThroughput', limit)
    settings = f'{side.title}OnDemandThroughputSettings'
    if not _bare(holder, settings, limit):
        return False
    if side is _tables.WRITE:
        return True
    replicas = table.properties.seq('Replicas') or ()
    for replica in replicas:
        if not isinstance(replica, Map):
            return False
        places = [replica]
        if index is not None:
            own = replica.seq('GlobalSecondaryIndexes') or ()
            if not own and not replica.absent('GlobalSecondaryIndexes'):
                return False
            if not all(isinstance(one, Map) for one in own):
                return False
            name = index.properties.get('IndexName')
            places = [one for one in own if one.get('IndexName') == name]
        if not places or all(_bare(one, settings, limit) for one in places):
            return True
    return False


def _bare(holder: Map, settings: str, limit: str) -> bool:
    """Whether a limit is certainly not written."""
    if holder.absent(settings):
        return True
    written = holder.map(settings)
    return written is not None and written.absent(limit)
