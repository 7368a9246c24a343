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
from thera_lint.rules.s3 import _added
from thera_lint.rules.s3 import _purpose
from thera_lint.template import Resource

ABORT = 'AbortIncompleteMultipartUpload'


class IncompleteUploadsKeptForever(ResourceRule):
    """A lifecycle without an end for uploads that never completed.

    ## Why it costs

    Large files reach S3 in parts. When a job dies or times out in between, the parts stay, are
    billed as storage, and are in no listing of objects. Expiration does not touch them, because
    they are not objects yet: only AbortIncompleteMultipartUpload does, in a rule without a
    prefix, since an upload can break anywhere. S3 accepts the action in no rule that filters
    by tag or by size.

    ## When it is right

    Hardly ever: no upload is continued after a week. Where large uploads are paused and resumed
    for longer, give the rule more days. A bucket without any lifecycle is reported by WC4001
    instead, and one that only AWS writes logs to, in small pieces, is not reported. A rule that
    aborts under one prefix only is reported, since parts outside stay.

    The fix adds a rule that aborts them after 7 days. Where every rule is disabled it waits until
    they are enabled, which is WC4002's.

    ## References

    - https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpu-abort-incomplete-mpu-lifecycle-config.html
    - https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpuoverview.html
    - https://docs.aws.amazon.com/AmazonS3/latest/userguide/intro-lifecycle-rules.html
    """

    id = 'WC4004'
    resources = ('AWS::S3::Bucket',)
    remedy = 'abort incomplete multipart uploads after a week, in a rule for the whole bucket'

    def check(self, resource: Resource, project: Project, options: Options) -> Iterator[Finding]:
        rules = lifecycle.rules(resource.properties)
        if not rules:
            return
        aborting = [rule for rule in rules if not rule.raw.absent(ABORT)]
        if any(rule.enabled is not False and rule.covers_all is not False for rule in aborting):
            return
        if _purpose.only_logs(resource, project):
            return
        prefixes = [
            f'`{rule.prefix}`' for rule in aborting
            if rule.enabled and rule.prefix and isinstance(rule.prefix, str)
        ]
        if prefixes:
            why = f'aborts incomplete uploads only below {", ".join(prefixes)}'
        elif aborting:
            why = 'has no enabled lifecycle rule that aborts incomplete uploads everywhere'
        else:
            why = 'has a lifecycle that never aborts incomplete uploads'
        standard = price('s3.storage.standard.tier1').usd
        yield Finding(
            ('LifecycleConfiguration', 'Rules'),
            f'`{resource.logical_id}` {why}: each GB of parts left behind costs '
            f'{dollars(standard)} a month for ever and shows in no listing',
            Cost(
                f'{dollars(standard)} a GB-month in S3 Standard, us-east-1, for every part left; '
                'usage decides the sum',
            ),
            Fix(
                'abort incomplete uploads after 7 days',
                True,
                (_added.to(rules, 'AbortIncompleteUploads', {ABORT: {'DaysAfterInitiation': 7}}),),
            ) if any(rule.enabled is not False for rule in rules) else None,
        )
