from __future__ import annotations

from collections.abc import Iterator
from typing import Any

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
from thera_lint.rules.s3 import _purpose
from thera_lint.template import Resource
from thera_lint.values import Map


class BucketWithoutLifecycle(ResourceRule):
    """A bucket without a lifecycle keeps everything in the dearest storage class for ever.

    ## Why it costs

    S3 deletes nothing by itself, and an object stays in the class it was written to. Without
    a lifecycle the bill of a bucket that is written to only grows, at the price of Standard,
    also for objects that nobody has read for years. Parts of uploads that never completed,
    and in a versioned bucket every replaced version, are billed as well and listed nowhere.

    The fix writes the tiers 30 days STANDARD_IA, 90 days GLACIER, 365 days DEEP_ARCHIVE,
    aborts incomplete uploads after 7 days and expires noncurrent versions after 30. It is
    unsafe because objects in GLACIER and DEEP_ARCHIVE must be restored before they can be
    read, Athena skips them by default, and reading from the cheaper classes is charged.
    Where data is queried at any age, expire it or use INTELLIGENT_TIERING instead.
    There is no fix for a bucket that others write logs to: they need an end, and how long they
    must be kept is for you to say.

    ## When it is right

    Where all objects are current and read at any age, such as the files of a website: buckets
    with a WebsiteConfiguration, that CloudFront reads from, that everybody or everybody in a
    network may read, or that a Bedrock or Kendra data source indexes are not reported unless
    they are versioned, and the fix then expires versions only and moves nothing. Nor is the
    bucket of a conformance pack reported, which holds a few templates. Likewise right is a
    bucket whose few objects are replaced in place, such as a Terraform state. Directory buckets
    have no classes to move to. In a template that a macro of your own rewrites, a lifecycle may
    be what it adds: nothing is reported there.

    ## References

    - https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lifecycle-mgmt.html
    - https://docs.aws.amazon.com/AmazonS3/latest/userguide/lifecycle-transition-general-considerations.html
    - https://docs.aws.amazon.com/athena/latest/ug/querying-glacier.html
    - https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-s3-bucket-rule.html
    - https://aws.amazon.com/s3/pricing/
    """

    id = 'WC4001'
    resources = ('AWS::S3::Bucket',)
    remedy = 'add lifecycle rules that move ageing objects to cheaper classes or expire them'

    def check(self, resource: Resource, project: Project, options: Options) -> Iterator[Finding]:
        properties = resource.properties
        if lifecycle.rules(properties) != []:
            return
        versioning = properties.map('VersioningConfiguration')
        versioned = versioning is not None and versioning.text('Status') == 'Enabled'
        # The prefix that AWS Config demands for its templates.
        if project.name(resource).startswith('awsconfigconforms'):
            return
        serves = _purpose.serves(resource, project)
        if serves and not versioned:
            return
        standard = price('s3.storage.standard.tier1').usd
        if serves:
            waste = (
                'it serves its current objects, but each 1,000 GB of replaced and deleted '
                f'versions go on costing {dollars(standard * 1000)} a month'
            )
        else:
            cold = price('s3.storage.deep_archive').usd
            waste = (
                f'each 1,000 GB it gathers cost {dollars(standard * 1000)} a month until somebody '
                f'deletes them, against {dollars(cold * 1000)} in DEEP_ARCHIVE'
            )
        yield Finding(
            ('LifecycleConfiguration',),
            f'`{resource.logical_id}` has no lifecycle rule: {waste}',
            Cost(
                f'{dollars(standard)} a GB-month in S3 Standard, us-east-1; usage decides the sum',
            ),
            None if _decided_elsewhere(resource, project) else _fix(properties, tiered=not serves),
        )


def _decided_elsewhere(bucket: Resource, project: Project) -> bool:
    """Whether it has rules under some other condition, or logs whose end a person must set."""
    return not bucket.properties.absent('LifecycleConfiguration') or bool(
        _purpose.logs(bucket, project)
    )


def _fix(properties: Map, *, tiered: bool) -> Fix:
    rule: dict[str, Any] = {'Id': 'EndUnusedStorage', 'Status': 'Enabled'}
    title = 'abort incomplete uploads after 7 days'
    if tiered:
        title = f'move objects at 30, 90 and 365 days, {title}'
        rule['Transitions'] = [
            {'StorageClass': 'STANDARD_IA', 'TransitionInDays': 30},
            {'StorageClass': 'GLACIER', 'TransitionInDays': 90},
            {'StorageClass': 'DEEP_ARCHIVE', 'TransitionInDays': 365},
        ]
    rule['AbortIncompleteMultipartUpload'] = {'DaysAfterInitiation': 7}
    if not properties.absent('VersioningConfiguration') or properties.flag('ObjectLockEnabled'):
        title += ', expire noncurrent versions after 30'
        rule['NoncurrentVersionExpiration'] = {'NoncurrentDays': 30}
    return Fix(title, False, (Set(('LifecycleConfiguration', 'Rules'), [rule]),))
