from __future__ import annotations

from collections.abc import Iterator

from thera_lint import lifecycle
from thera_lint.lifecycle import Action
from thera_lint.lifecycle import LifecycleRule
from thera_lint.prices import dollars
from thera_lint.prices import price
from thera_lint.project import Project
from thera_lint.rule import Cost
from thera_lint.rule import Finding
from thera_lint.rule import Fix
from thera_lint.rule import Options
from thera_lint.rule import ResourceRule
from thera_lint.rules.s3 import _added
from thera_lint.rules.s3 import _purpose
from thera_lint.template import Resource

_DAYS = 30


class NoncurrentVersionsKeptForever(ResourceRule):
    """A versioned bucket keeps every replaced and deleted version for ever.

    ## Why it costs

    In a versioned bucket nothing is overwritten or deleted: the old version becomes noncurrent
    and is billed like any object, though nobody sees it in a listing. A pipeline that writes the
    same keys every day pays for all of its days. Only NoncurrentVersionExpiration ends that.
    ExpirationInDays merely puts a delete marker on top, ExpiredObjectDeleteMarker removes
    markers and no versions, and a transition makes versions cheaper, but never fewer.

    The fix adds a rule that expires them after 30 days, or where they move to another class, as
    soon as the minimum that is billed there is over. It is unsafe, as an older version can't be
    brought back then. A bucket without a lifecycle gets its rules from WC4001.

    ## When it is right

    Where every version must be kept by law or contract; say so in an ignore with its reason.
    Object Lock is no such reason by itself: S3 leaves a version alone while its lock lasts, and
    the rule can delete it afterwards. A rule that expires versions under one prefix, tag or
    size is taken as a decision on which versions may go, and the bucket is not reported. Nor is
    one that only AWS writes logs to, each under a key of its own, as long as nothing expires
    them: that they are kept for ever is WC4001's and WC4010's.

    ## References

    - https://docs.aws.amazon.com/AmazonS3/latest/userguide/Versioning.html
    - https://docs.aws.amazon.com/AmazonS3/latest/userguide/intro-lifecycle-rules.html
    - https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-s3-bucket-noncurrentversionexpiration.html
    """

    id = 'WC4003'
    resources = ('AWS::S3::Bucket',)
    remedy = 'expire noncurrent versions with NoncurrentVersionExpiration'

    def check(self, resource: Resource, project: Project, options: Options) -> Iterator[Finding]:
        properties = resource.properties
        versioning = properties.map('VersioningConfiguration')
        if versioning is None or versioning.text('Status') != 'Enabled':
            return
        rules = lifecycle.rules(properties)
        if rules is None or any(
            rule.enabled is not False and any(action.ends for action in rule.noncurrent)
            for rule in rules
        ):
            return
        # A log is written once. Until a lifecycle ends them there are no noncurrent versions.
        ending = any(
            rule.enabled is not False and any(action.ends for action in rule.current)
            for rule in rules
        )
        if not ending and _purpose.only_logs(resource, project):
            return
        enabled = [rule for rule in rules if rule.enabled]
        standard = price('s3.storage.standard.tier1').usd
        yield Finding(
            ('LifecycleConfiguration', 'Rules') if rules else ('VersioningConfiguration',),
            f'`{resource.logical_id}` is versioned and no enabled lifecycle rule expires '
            f'noncurrent versions: {_consequence(enabled, standard)}',
            Cost(
                f'{dollars(standard)} a GB-month in S3 Standard, us-east-1, for every version '
                'kept; usage decides the sum',
            ),
            _fix(rules),
        )


def _consequence(enabled: list[LifecycleRule], standard: float) -> str:
    for rule in enabled:
        if rule.noncurrent:
            known = rule.noncurrent[-1].storage_class
            return (
                f'they are moved to {known if isinstance(known, str) else "another class"} but '
                'never deleted, so what they cost only grows'
            )
    if any(action.ends and not action.dated for rule in enabled for action in rule.current):
        return (
            'ExpirationInDays only hides an object behind a delete marker, and each GB behind one '
            f'goes on costing {dollars(standard)} a month'
        )
    return f'each GB replaced or deleted goes on costing {dollars(standard)} a month'


def _fix(rules: list[LifecycleRule]) -> Fix | None:
    """One more rule, where one is at work: a bucket without any is WC4001's or WC4002's to mend."""
    if all(rule.enabled is False for rule in rules):
        return None
    moves = [action for rule in rules for action in rule.noncurrent]
    if not all(action.settled for action in moves):
        return None
    days = max((_least(action) for action in moves), default=_DAYS)
    action = {'NoncurrentVersionExpiration': {'NoncurrentDays': days}}
    return Fix(
        f'expire noncurrent versions after {days} days',
        False,
        (_added.to(rules, 'ExpireNoncurrentVersions', action),),
    )


def _least(move: Action) -> int:
    """How many days a version is to be kept, so that the class it moves to is not paid in vain."""
    return max(_DAYS, int(move.days or 0) + lifecycle.MINIMUM_DAYS.get(move.storage_class, 0))
