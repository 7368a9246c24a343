from __future__ import annotations

from collections.abc import Iterator

from thera_lint.prices import dollars
from thera_lint.prices import price
from thera_lint.project import Project
from thera_lint.rule import Cost
from thera_lint.rule import Finding
from thera_lint.rule import Options
from thera_lint.rule import ResourceRule
from thera_lint.rules.dynamodb import _scaling
from thera_lint.rules.dynamodb import _tables
from thera_lint.template import Resource
from thera_lint.values import Map
from thera_lint.values import Path


class FixedAutoscalingRange(ResourceRule):
    """Auto scaling whose minimum is its maximum scales nothing.

    ## Why it costs

    A scaling target is read as "this table follows its load". With MinCapacity equal to
    MaxCapacity it is a fixed capacity with more to maintain: billed around the clock, used
    or not, and throttled at the peak all the same. Each of its policies also keeps
    CloudWatch alarms that can change nothing.

    ## When it is right

    For a while, to hold a capacity during a load test or a migration. A target whose
    ScheduledActions move the range is not reported, and neither is one from 1 to 1: there is
    no smaller capacity to pay for.

    ## References

    - https://docs.aws.amazon.com/autoscaling/application/userguide/what-is-application-auto-scaling.html
    - https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/AutoScaling.html
    - https://aws.amazon.com/dynamodb/pricing/provisioned/
    """

    id = 'WC5003'
    resources = (_scaling.TARGET, _tables.GLOBAL)
    remedy = 'lower MinCapacity to what the quietest hour needs'

    def check(self, resource: Resource, project: Project, options: Options) -> Iterator[Finding]:
        for path, where, side, settings, standard in _ranges(resource, project):
            least, most = settings.number('MinCapacity'), settings.number('MaxCapacity')
            if least is None or least != most or least <= 1:  # 1 is the least there is
                continue
            units = f'{side.word} units' if side else 'units'
            message = (
                f'`{resource.logical_id}` may scale from {least:g} to {most:g} {units}{where}, '
                f'and so not at all: a fixed capacity, used or not'
            )
            if side is None or not standard:
                yield Finding((*path, 'MinCapacity'), message)
                continue
            monthly = side.month(least)
            yield Finding(
                (*path, 'MinCapacity'),
                f'{message}, for {dollars(monthly)} a month',
                Cost(
                    f'{least:g} {units} at {dollars(price(side.hour).usd)} an hour for 730 hours '
                    '(us-east-1, Standard table class, without the free tier)',
                    monthly_usd=monthly,
                ),
            )


def _ranges(
        resource: Resource, project: Project,
) -> Iterator[tuple[Path, str, _tables.Side | None, Map, bool]]:
    """Path, place in words, side and settings, and whether the Standard prices are right."""
    if resource.type == _scaling.TARGET:
        scheduled = resource.properties.get('ScheduledActions')
        if _scaling.is_dynamodb(resource) and not scheduled and not resource.properties.open:
            standard = _scaling.at_standard_price(resource, project)
            yield (), '', _scaling.side(resource), resource.properties, standard
        return
    for one in _scaling.own(resource):
        if one.scaling is not None:
            yield one.path, one.where, one.side, one.scaling, one.at_standard_price(resource)
