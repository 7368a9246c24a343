from __future__ import annotations

from collections.abc import Iterator

from thera_lint import lifecycle
from thera_lint.prices import dollars
from thera_lint.prices import price
from thera_lint.project import Project
from thera_lint.rule import Cost
from thera_lint.rule import Finding
from thera_lint.rule import Options
from thera_lint.rule import ResourceRule
from thera_lint.rules.s3 import _purpose
from thera_lint.template import Resource


class NeverTiered(ResourceRule):
    """A lifecycle that leaves all current objects where they are, for ever.

    ## Why it costs

    The lifecycle cleans up behind the objects, noncurrent versions or broken uploads, but moves
    and expires none of the objects themselves. They stay in the class they were written to,
    which is STANDARD unless the writer asked for another, and the bucket only grows.

    Where nobody knows how old an object is when it is last read, INTELLIGENT_TIERING finds out
    for a small charge on each object of 128 KB or more, and reading costs nothing extra.

    ## When it is right

    Where objects are read at any age, are few, or are written to a cheaper class at once.
    Buckets that serve a website or CloudFront are not reported, nor those with an
    IntelligentTieringConfiguration, and buckets that gather logs are reported by WC4010.

    ## References

    - https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lifecycle-mgmt.html
    - https://docs.aws.amazon.com/AmazonS3/latest/userguide/intelligent-tiering-overview.html
    - https://aws.amazon.com/s3/pricing/
    """

    id = 'IC4008'
    resources = ('AWS::S3::Bucket',)
    remedy = 'expire objects that nobody needs any more, or move them to a cheaper class'

    def check(self, resource: Resource, project: Project, options: Options) -> Iterator[Finding]:
        properties = resource.properties
        rules = [
            rule for rule in lifecycle.rules(properties) or () if rule.enabled is not False
        ]
        if (
            not rules or any(rule.current for rule in rules) or
            not properties.absent('IntelligentTieringConfigurations') or
            _purpose.serves(resource, project) or _purpose.logs(resource, project)
        ):
            return
        standard = price('s3.storage.standard.tier1').usd
        cold = price('s3.storage.glacier_ir').usd
        yield Finding(
            ('LifecycleConfiguration', 'Rules'),
            f'`{resource.logical_id}` has a lifecycle that moves or expires no current objects: '
            f'each 1,000 GB it gathers cost {dollars(standard * 1000)} a month, against '
            f'{dollars(cold * 1000)} in GLACIER_IR',
            Cost(
                f'{dollars(standard)} a GB-month in S3 Standard, us-east-1; usage decides the sum',
            ),
        )
