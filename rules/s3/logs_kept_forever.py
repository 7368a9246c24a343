from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from thera_lint import lifecycle
from thera_lint.lifecycle import LifecycleRule
from thera_lint.lifecycle import PRICES
from thera_lint.prices import dollars
from thera_lint.prices import price
from thera_lint.project import Project
from thera_lint.rule import Cost
from thera_lint.rule import Finding
from thera_lint.rule import Options
from thera_lint.rule import ResourceRule
from thera_lint.rules.s3 import _purpose
from thera_lint.template import Resource


class LogsKeptForever(ResourceRule):
    """A bucket gathers logs or build artifacts and never expires them.

    ## Why it costs

    Access logs, CloudTrail and VPC flow logs and the artifacts of a pipeline are written day
    by day for as long as the stack lives, and hardly ever read after some weeks. Their storage
    grows with the traffic of everything that is logged, without an end. A move to an archive
    makes them cheaper, but never fewer, and adds a paid request for each of many small files.

    Reported is a bucket with a lifecycle of which no enabled rule expires what another
    resource of the same run writes there. A rule for a prefix that can be theirs is enough.
    A bucket without any lifecycle is reported by WC4001, one with disabled rules by WC4002.

    ## When it is right

    Where a law or an audit asks for all logs ever written. Buckets with Object Lock are taken
    for that and are not reported; for others say so in an ignore with its reason. Security
    benchmarks ask for a retention time, such as a year for audit logs, not for eternity.

    ## References

    - https://docs.aws.amazon.com/AmazonS3/latest/userguide/ServerLogs.html
    - https://docs.aws.amazon.com/AmazonS3/latest/userguide/lifecycle-expire-general-considerations.html
    - https://docs.aws.amazon.com/awscloudtrail/latest/userguide/best-practices-security.html
    """

    id = 'WC4010'
    resources = ('AWS::S3::Bucket',)
    remedy = 'expire logs and artifacts with ExpirationInDays after the time they are needed'

    def check(self, resource: Resource, project: Project, options: Options) -> Iterator[Finding]:
        properties = resource.properties
        rules = [
            rule for rule in lifecycle.rules(properties) or () if rule.enabled is not False
        ]
        locked = not (
            properties.absent('ObjectLockEnabled') and properties.absent('ObjectLockConfiguration')
        )
        if not rules or locked or any(_expires(rule, '') and rule.prefix == '' for rule in rules):
            return
        kept = [
            logs for logs in _purpose.logs(resource, project)
            if not any(_expires(rule, logs.prefix) for rule in rules)
        ]
        if not kept:
            return
        others = len(kept) - 1
        more = f' and {others} other{"s" * (others > 1)}' if others else ''
        coldest = _coldest(rules, kept[0].prefix)
        rate = price(PRICES[coldest]).usd
        yield Finding(
            ('LifecycleConfiguration', 'Rules'),
            f'`{resource.logical_id}` keeps {kept[0].what}{more} for ever: no lifecycle rule '
            f'expires them, and each 1,000 GB go on costing {dollars(rate * 1000)} a month'
            f'{"" if coldest == "STANDARD" else f" in {coldest}"}',
            Cost(f'{dollars(rate)} a GB-month in {coldest}, us-east-1; usage decides the sum'),
        )


def _expires(rule: LifecycleRule, prefix: Any) -> bool:
    """Whether it may expire logs below a prefix, all or in part; logs carry no tags."""
    return (
        any(action.ends for action in rule.current) and not rule.tags and (
            lifecycle.prefix_covers(rule.prefix, prefix) is not False or
            lifecycle.prefix_covers(prefix, rule.prefix) is not False
        )
    )


def _coldest(rules: list[LifecycleRule], prefix: Any) -> str:
    """The cheapest class that logs below a prefix are moved to."""
    classes = {
        action.storage_class for rule in rules for action in rule.current
        if lifecycle.prefix_covers(rule.prefix, prefix) and not rule.tags
    }
    return next((one for one in reversed(PRICES) if one in classes), 'STANDARD')
