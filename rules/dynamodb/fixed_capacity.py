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

_FREE_UNITS = 25
"""Of reads, and of writes, for all tables of an account in a region together."""


class FixedCapacity(ResourceRule):
    """A table pays for a fixed capacity, used or not.

    ## Why it costs

    Provisioned capacity is billed by the hour for what it could do, on demand for what was
    done. Nothing lowers a fixed capacity at night, at the weekend, or between two runs of a
    pipeline, and nothing raises it at the peak, when requests are throttled and tried again.
    A unit has to be busy for more than a quarter of all hours before it is cheaper than the
    same requests on demand; the message says the exact share at the prices of the day.

    PROVISIONED is also what CloudFormation takes where BillingMode is absent. Each index has
    a capacity of its own: a scaling target for the table does not scale its indexes, and one
    for reads does not scale writes. Targets are looked for in all documents of the run. The
    sum is exact, at the prices of us-east-1 and before anything that the account has free.

    ## When it is right

    For a load that is steady and known, all the more with reserved capacity; measure
    ConsumedReadCapacityUnits and ConsumedWriteCapacityUnits. An account has 25 units of
    reads and 25 of writes free, shared by all its provisioned tables of the Standard class:
    they may make a few small tables cost nothing, and on demand has no such allowance. The
    template cannot know how much of that is left, so it is not subtracted;
    `min_monthly_usd` leaves small sums alone, by default a table that has the least there is:
    one unit of each. A table that another tool or another
    repository scales is fixed as far as this run can see.

    AWS Config's `dynamodb-autoscaling-enabled` asks for the same: auto scaling, or on demand.

    ## References

    - https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/capacity-mode.html
    - https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/AutoScaling.html
    - https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-applicationautoscaling-scalabletarget.html
    - https://aws.amazon.com/dynamodb/pricing/provisioned/
    """

    id = 'WC5001'
    resources = _tables.TABLES
    remedy = 'set BillingMode to PAY_PER_REQUEST, or scale each side with a target and a policy'
    options = (
        Option('min_monthly_usd', 1, 'The least monthly sum, in US dollars, to report.'),
    )

    def check(self, resource: Resource, project: Project, options: Options) -> Iterator[Finding]:
        found = _scaling.fixed(resource, project)
        if not found:
            return
        parts: dict[str, list[str]] = {}
        for one in found:
            parts.setdefault(one.where, []).append(f'{one.units:g} {one.side.word}')
        units = ', and '.join(
            f'{" and ".join(said)} unit{"s" if said[-1][:2] != "1 " else ""}{where}'
            for where, said in parts.items()
        )
        message = f'`{resource.logical_id}` pays for {units} around the clock, used or not'
        misnamed = next((key for key in resource.properties if 'Scaling' in key), None)
        if misnamed is not None:  # the guide's AutoScalingTargets
            message += f' (`{misnamed}` is no property of a table and scales nothing)'
        path = found[0].path[:-1]
        monthly = sum(one.side.month(one.units or 0) for one in found)
        if monthly < options.min_monthly_usd:
            return
        if not _tables.standard_class(resource):
            yield Finding(path, message)  # dearer than the sum, by how much is not in prices.json
            return
        full_use = sum(one.side.full_use(one.units or 0) for one in found)
        message += (
            f', cheaper than on demand only above {monthly / full_use * 100:.1f} % of steady use: '
            f'{dollars(monthly)} a month'
        )
        sums = {
            side: sum(one.units or 0 for one in found if one.side is side)
            for side in _tables.SIDES
        }
        if max(sums.values()) <= _FREE_UNITS:
            message += f', unless the {_FREE_UNITS} units that the account has free cover it'
        rates = ' and '.join(
            f'{count:g} {side.word} unit{"s" * (count != 1)} at {dollars(price(side.hour).usd)}'
            for side, count in sums.items() if count
        )
        yield Finding(
            path,
            message,
            Cost(
                f'{rates} an hour for 730 hours (us-east-1, Standard table class, without the '
                'free tier)',
                monthly_usd=monthly,
            ),
        )
