from __future__ import annotations

from collections.abc import Iterator

from thera_lint import lifecycle
from thera_lint.prices import dollars
from thera_lint.prices import price
from thera_lint.project import Project
from thera_lint.rule import Cost
from thera_lint.rule import Finding
from thera_lint.rule import Fix
from thera_lint.rule import Options
from thera_lint.rule import ResourceRule
from thera_lint.rule import Set
from thera_lint.template import Resource


class DisabledLifecycle(ResourceRule):
    """A lifecycle whose every rule is switched off does nothing.

    ## Why it costs

    S3 keeps a rule with Status Disabled and never carries it out. The bucket looks as if its
    objects were moved and expired, in the template and in a review, and its bill grows like
    that of a bucket without any lifecycle. Often a rule was disabled for a test or by an
    incident and forgotten.

    The fix enables all of them. It is unsafe, because rules that expire objects then delete
    what has gathered meanwhile, within about a day, and because each object moved to another
    class is one paid transition.

    ## When it is right

    For as long as rules are suspended on purpose, such as during a legal hold or a migration;
    say so in an ignore with its reason. A bucket with one enabled rule is not reported.

    ## References

    - https://docs.aws.amazon.com/AmazonS3/latest/userguide/intro-lifecycle-rules.html
    - https://docs.aws.amazon.com/AmazonS3/latest/userguide/lifecycle-configuration-examples.html
    - https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-s3-bucket-rule.html
    """

    id = 'WC4002'
    resources = ('AWS::S3::Bucket',)
    remedy = 'enable the lifecycle rules that should apply and delete the others'

    def check(self, resource: Resource, project: Project, options: Options) -> Iterator[Finding]:
        rules = lifecycle.rules(resource.properties)
        if not rules or any(rule.enabled is not False for rule in rules):
            return
        standard = price('s3.storage.standard.tier1').usd
        count = len(rules)
        what = 'its only lifecycle rule' if count == 1 else f'all its {count} lifecycle rules'
        yield Finding(
            (*rules[0].path, 'Status'),
            f'`{resource.logical_id}` has {what} disabled: nothing is moved or expired, and each '
            f'1,000 GB it gathers cost {dollars(standard * 1000)} a month',
            Cost(
                f'{dollars(standard)} a GB-month in S3 Standard, us-east-1; usage decides the sum',
            ),
            Fix(
                'enable the lifecycle rules',
                False,
                tuple(Set((*rule.path, 'Status'), 'Enabled') for rule in rules),
            ),
        )
