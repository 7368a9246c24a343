from __future__ import annotations

from collections.abc import Iterator

from thera_lint import lifecycle
from thera_lint.lifecycle import LifecycleRule
from thera_lint.prices import dollars
from thera_lint.prices import price
from thera_lint.project import Project
from thera_lint.rule import Cost
from thera_lint.rule import Finding
from thera_lint.rule import Options
from thera_lint.rule import ResourceRule
from thera_lint.template import Resource

_SMALL = 131072
_ARCHIVES = ('GLACIER', 'DEEP_ARCHIVE')
_BILLED = {
    'STANDARD_IA': 'as 128 KB at least',
    'ONEZONE_IA': 'as 128 KB at least',
    'GLACIER_IR': 'as 128 KB at least',
    'GLACIER': 'for 40 KB more',
    'DEEP_ARCHIVE': 'for 40 KB more',
}


class SmallObjectsMoved(ResourceRule):
    """A lifecycle moves small objects to a class that bills them as larger ones.

    ## Why it costs

    STANDARD_IA, ONEZONE_IA and GLACIER_IR bill every object as 128 KB at least. GLACIER and
    DEEP_ARCHIVE add 40 KB to each: 32 at their own price and 8 at that of STANDARD. Each move
    is a paid request besides, the same for 1 KB as for 1 GB. An object of a few KB costs more
    after the move than before; one of 100 KB needs years to earn its move back.

    By default S3 therefore moves no object below 128 KB. TransitionDefaultMinimumObjectSize
    varies_by_storage_class lets them go to the archives, and a size filter of a rule,
    ObjectSizeGreaterThan or ObjectSizeLessThan, takes precedence over the default.

    ## When it is right

    Where objects must lie in an archive for another reason than the bill. Small objects that
    are kept for long are cheaper packed together, and the cheapest are those that expire.

    ## References

    - https://docs.aws.amazon.com/AmazonS3/latest/userguide/lifecycle-transition-general-considerations.html
    - https://docs.aws.amazon.com/AmazonS3/latest/userguide/lifecycle-configuration-examples.html
    - https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-s3-bucket-lifecycleconfiguration.html
    - https://aws.amazon.com/s3/pricing/
    """

    id = 'WC4007'
    resources = ('AWS::S3::Bucket',)
    remedy = 'leave objects below 128 KB where they are, with ObjectSizeGreaterThan 131071'

    def check(self, resource: Resource, project: Project, options: Options) -> Iterator[Finding]:
        rules = lifecycle.rules(resource.properties) or []
        configuration = resource.properties.map('LifecycleConfiguration')
        name = 'TransitionDefaultMinimumObjectSize'
        default = configuration.text(name) if configuration else None
        for rule in rules:
            what = _small(rule, varies=default == 'varies_by_storage_class')
            if not rule.enabled or what is None:
                continue
            # Without a filter of its own, a rule moves small objects to the archives only.
            classes = tuple(_BILLED) if rule.sized else _ARCHIVES
            moves = [
                action for action in lifecycle.in_order((*rule.current, *rule.noncurrent))
                if action.storage_class in classes
            ]
            for move in moves[:1]:
                fee = price(f's3.transition.{move.storage_class.lower()}').usd
                yield Finding(
                    move.path,
                    f'`{resource.logical_id}` moves {what} to {move.storage_class}: each is '
                    f'billed {_BILLED[move.storage_class]}, and to move a million of them costs '
                    f'{dollars(fee * 1000)}',
                    Cost(
                        f'{dollars(fee)} for each 1,000 objects moved to {move.storage_class}, '
                        'us-east-1; usage decides the sum',
                    ),
                )


def _small(rule: LifecycleRule, *, varies: bool) -> str | None:
    """Which small objects a rule moves; None where it moves none or that is unknown."""
    if rule.above is None or rule.below is None:
        return None
    if not rule.sized:
        return 'objects of any size' if varies else None
    smallest = int(rule.above) + 1
    if smallest >= _SMALL:
        return None
    if smallest > 1:
        return f'objects from {smallest:,} bytes on'
    if rule.below == float('inf'):
        return 'objects of any size'
    return f'objects of less than {int(rule.below):,} bytes'
