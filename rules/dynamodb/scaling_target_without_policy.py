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
from thera_lint.template import Resource


class ScalingTargetWithoutPolicy(ResourceRule):
    """A scaling target that no policy and no schedule uses scales nothing.

    ## Why it costs

    A scalable target only says between which limits a capacity may move. What moves it is a
    scaling policy or a scheduled action, and without one the capacity stays where it is,
    at the minimum or above, billed around the clock. The template looks as if the table
    were scaled, so nobody looks again.

    ## When it is right

    Where the policy is made elsewhere: by hand, by another tool, or in a template that is
    not part of the run. A policy counts in any document of the run, by ScalingTargetId or
    by ResourceId and ScalableDimension, also under a condition.

    ## References

    - https://docs.aws.amazon.com/autoscaling/application/userguide/what-is-application-auto-scaling.html
    - https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-applicationautoscaling-scalingpolicy.html
    - https://aws.amazon.com/dynamodb/pricing/provisioned/
    """

    id = 'WC5004'
    resources = (_scaling.TARGET,)
    remedy = 'add a ScalingPolicy with target tracking at about 70 %, or remove the target'

    def check(self, resource: Resource, project: Project, options: Options) -> Iterator[Finding]:
        properties = resource.properties
        if not _scaling.is_dynamodb(resource) or properties.open:
            return
        if properties.get('ScheduledActions') or _scaling.used(resource, project):
            return
        side = _scaling.side(resource)
        message = (
            f'`{resource.logical_id}` has no scaling policy and no schedule in this run, so the '
            f'{side.word + " " if side else ""}capacity that it is for never changes'
        )
        least = properties.number('MinCapacity')
        if (
                side is None or least is None or least <= 0 or
                not _scaling.at_standard_price(resource, project)
        ):
            yield Finding((), message)
            return
        units = f'{least:g} unit{"" if least == 1 else "s"}'
        yield Finding(
            (),
            f'{message}: {units} or more, from {dollars(side.month(least))} a month, used or not',
            Cost(
                f'{units} at {dollars(price(side.hour).usd)} an hour for 730 hours, the least '
                'that the target allows (us-east-1, Standard table class, without the free tier)',
                monthly_usd=side.month(least),
            ),
        )
