from __future__ import annotations

from collections.abc import Iterator

from thera_lint.prices import dollars
from thera_lint.prices import price
from thera_lint.project import Project
from thera_lint.rule import Cost
from thera_lint.rule import Finding
from thera_lint.rule import Option
from thera_lint.rule import Options
from thera_lint.rule import ResourceRule
from thera_lint.rules.dynamodb import _scaling
from thera_lint.rules.dynamodb import _tables
from thera_lint.template import Resource
from thera_lint.values import Path


class CapacityAboveCeiling(ResourceRule):
    """A table's fixed or least capacity is above the ceiling.

    ## Why it costs

    Capacity that scaling may not go below is billed every hour of the month, by number and
    not by use. Such numbers are often left from an import, a load test, or a table that was
    once throttled by one hot key, which more capacity does not cure: a partition takes
    1,000 writes and 3,000 reads a second however much the table has.

    Looked at are fixed units that no scaling target covers, and the MinCapacity of those
    that one does.

    ## When it is right

    Where the load is that high in the quietest hour. Then reserved capacity is cheaper
    still; give the measurement as the reason, or raise `max_capacity_units`.

    ## References

    - https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/provisioned-capacity-mode.html
    - https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-design.html
    - https://aws.amazon.com/dynamodb/pricing/provisioned/
    """

    id = 'WC5005'
    resources = (*_tables.TABLES, _scaling.TARGET)
    remedy = 'lower it to what the quietest hour needs and let auto scaling raise it'
    options = (
        Option('max_capacity_units', 500, 'The most read or write units that need no reason.'),
    )

    def check(self, resource: Resource, project: Project, options: Options) -> Iterator[Finding]:
        ceiling = options.max_capacity_units
        for path, where, side, units, fixed, standard in _least(resource, project):
            if units is None or units <= ceiling:
                continue
            said = f'{side.word} units' if side else 'units'
            verb = 'has' if fixed else 'scales no lower than'
            message = (
                f'`{resource.logical_id}` {verb} {units:g} {said}{where}, above the ceiling of '
                f'{ceiling}'
            )
            if side is None or not standard:
                yield Finding(path, f'{message}, used or not')
                continue
            excess = side.month(units - ceiling)
            yield Finding(
                path,
                f'{message}: {dollars(side.month(units))} a month, used or not, '
                f'{dollars(excess)} more than at the ceiling',
                Cost(
                    f'{units - ceiling:g} {said} above the ceiling at '
                    f'{dollars(price(side.hour).usd)} an hour for 730 hours '
                    '(us-east-1, Standard table class)',
                    monthly_usd=excess,
                ),
            )


def _least(
        resource: Resource, project: Project,
) -> Iterator[tuple[Path, str, _tables.Side | None, float | None, bool, bool]]:
    """Path, place in words, side, units, whether they are fixed, and at the Standard price."""
    if resource.type == _scaling.TARGET:
        if _scaling.is_dynamodb(resource):
            standard = _scaling.at_standard_price(resource, project)
            least = resource.properties.number('MinCapacity')
            yield ('MinCapacity',), '', _scaling.side(resource), least, False, standard
        return
    standard = _tables.standard_class(resource)
    for one in _scaling.fixed(resource, project):
        yield one.path, one.where, one.side, one.units, True, standard
    for one in _scaling.own(resource):
        if one.scaling is not None:
            least = one.scaling.number('MinCapacity')
            standard = one.at_standard_price(resource)
            yield (*one.path, 'MinCapacity'), one.where, one.side, least, False, standard
