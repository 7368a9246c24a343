from __future__ import annotations

from collections.abc import Iterator

from thera_lint.prices import dollars
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

# Only of these is TargetValue the percentage of use.
_METRICS = {
    'DynamoDBReadCapacityUtilization': _tables.READ,
    'DynamoDBWriteCapacityUtilization': _tables.WRITE,
}
_USUAL = 70
"""What the console writes."""


class AutoscalingTargetTooLow(ResourceRule):
    """Auto scaling keeps far more capacity than is used, or too little to spare.

    ## Why it costs

    A target of 30 % tells DynamoDB to hold, and bill, more than three units for each one that
    is used. Low enough, even a perfectly steady load would be cheaper on demand; the message
    says so where that is the case. What is left is for bursts until scaling reacts, a few
    minutes later; DynamoDB also lends the unused capacity of the last five minutes.

    Above 90 % the fault is the other one: hardly anything is left, requests are throttled
    before more capacity comes, and each one that is tried again is another paid call of
    whatever made it.

    ## When it is right

    Where traffic jumps by more than a factor of two within a minute or two and throttling is
    not acceptable. On demand doubles at once, and is usually cheaper than such a target.

    Targets on a metric of your own are not judged: their value is not a percentage of use.

    ## References

    - https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/AutoScaling.html
    - https://docs.aws.amazon.com/autoscaling/application/APIReference/API_TargetTrackingScalingPolicyConfiguration.html
    - https://aws.amazon.com/dynamodb/pricing/provisioned/
    """

    id = 'WC5002'
    resources = (_scaling.POLICY, _tables.GLOBAL)
    remedy = 'set TargetValue to about 70'
    options = (
        Option('min_target_percent', 50, 'The lowest target, in percent of use, to accept.'),
        Option('max_target_percent', 90, 'The highest target, in percent of use, to accept.'),
    )

    def check(self, resource: Resource, project: Project, options: Options) -> Iterator[Finding]:
        for path, where, side, target, standard in _targets(resource, project):
            subject = f'`{resource.logical_id}` scales the {side.word} units{where} at {target:g} %'
            if target > options.max_target_percent:
                yield Finding(
                    path,
                    f'{subject} of use, above {options.max_target_percent} %: requests are '
                    f'throttled before more capacity comes, no charge of its own but a multiplier '
                    f'of paid retries',
                )
            elif 0 < target < options.min_target_percent:
                message = f'{subject} of use and so keeps {100 / target:.1f} for each that is used'
                if not standard:
                    yield Finding(path, message)
                    continue
                used, usual = side.month(100 / target), side.month(100 / _USUAL)
                dearer = used > side.full_use(1)
                on_demand = f' and {dollars(side.full_use(1))} on demand' if dearer else ''
                yield Finding(
                    path,
                    f'{message}: {dollars(used)} a month, against {dollars(usual)} at '
                    f'{_USUAL} %{on_demand}',
                    Cost(
                        f'{dollars(used - usual)} a month more than at {_USUAL} % for each unit '
                        f'that is used, at {dollars(side.month(1))} a provisioned unit-month '
                        '(us-east-1, Standard table class); usage decides the sum',
                    ),
                )


def _targets(
        resource: Resource, project: Project,
) -> Iterator[tuple[Path, str, _tables.Side, float, bool]]:
    """Path, place in words, side, percentage, and whether the Standard prices are right."""
    if resource.type == _scaling.POLICY:
        configuration = resource.properties.map('TargetTrackingScalingPolicyConfiguration')
        metric = configuration and configuration.map('PredefinedMetricSpecification')
        side = metric and _METRICS.get(metric.text('PredefinedMetricType') or '')
        target = configuration and configuration.number('TargetValue')
        if side and target:
            path: Path = ('TargetTrackingScalingPolicyConfiguration', 'TargetValue')
            yield path, '', side, target, _scaling.at_standard_price(resource, project)
        return
    for one in _scaling.own(resource):
        tracking = one.scaling and one.scaling.map('TargetTrackingScalingPolicyConfiguration')
        target = tracking and tracking.number('TargetValue')
        if target:
            path = (*one.path, 'TargetTrackingScalingPolicyConfiguration', 'TargetValue')
            yield path, one.where, one.side, target, one.at_standard_price(resource)
