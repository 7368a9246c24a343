from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from thera_lint import lifecycle
from thera_lint.prices import dollars
from thera_lint.prices import price
from thera_lint.project import Project
from thera_lint.rule import Cost
from thera_lint.rule import Finding
from thera_lint.rule import Options
from thera_lint.rule import ResourceRule
from thera_lint.rules.athena import _workgroups
from thera_lint.template import Resource
from thera_lint.values import Map
from thera_lint.values import UNKNOWN

# An unknown part of canonical text, ⟨0/ResultsBucket⟩, has slashes of its own.
_LOCATION = re.compile(r's3://(?:⟨[^⟩]*⟩|[^/⟨])+/?(?P<prefix>.*)\Z', re.S)


class QueryResultsKeptForever(ResourceRule):
    """The results of a workgroup's queries are stored for ever.

    ## Why it costs

    Athena writes the result of every query to S3, with a metadata file beside it, and deletes
    nothing. A result is hardly read again after the query that made it, but goes on costing
    storage at the price of Standard, and thousands of scheduled queries a day add up.

    Looked at is the bucket in OutputLocation, in whichever document of the run it is declared:
    one of its lifecycle rules must expire what lies below the location. A rule that only moves
    results to a colder class does not end them; a bucket without any lifecycle is reported by
    WC4001 as well, whose tiers would not end them either.

    ## When it is right

    Where results are the product, and somebody downloads them much later. Better give those a
    table of their own, by CTAS or UNLOAD, as Parquet.

    Results that Athena manages itself (ManagedQueryResultsConfiguration) expire in 24 hours.

    ## References

    - https://docs.aws.amazon.com/athena/latest/ug/querying.html
    - https://docs.aws.amazon.com/athena/latest/ug/managed-results.html
    - https://docs.aws.amazon.com/AmazonS3/latest/userguide/lifecycle-expire-general-considerations.html
    """

    id = 'WC3004'
    resources = (_workgroups.WORKGROUP,)
    remedy = 'expire query results after some days with ExpirationInDays'

    def check(self, resource: Resource, project: Project, options: Options) -> Iterator[Finding]:
        configuration = _workgroups.configuration(resource) or Map()
        results = configuration.map('ResultConfiguration') or Map()
        managed = configuration.map('ManagedQueryResultsConfiguration') or Map(
            open=not configuration.absent('ManagedQueryResultsConfiguration'),
        )
        if results.absent('OutputLocation') or not (
            managed.absent('Enabled') or managed.flag('Enabled') is False
        ):
            return
        location = results['OutputLocation']
        buckets = [
            bucket for bucket in project.find(location, resource.template, 'AWS::S3::Bucket')
            if resource.agrees(bucket)
        ]
        prefix = _prefix(project.text(location, resource.template))
        if not buckets or any(_expires(bucket.properties, prefix) for bucket in buckets):
            return
        rate = price('s3.storage.standard.tier1').usd
        yield Finding(
            ('WorkGroupConfiguration', 'ResultConfiguration', 'OutputLocation'),
            f'`{resource.logical_id}` writes query results to `{buckets[0].logical_id}`, where '
            f'each 1,000 GB go on costing {dollars(rate * 1000)} a month: no lifecycle rule '
            'expires them',
            Cost(f'{dollars(rate)} a GB-month in S3 Standard, us-east-1; usage decides the sum'),
        )


def _prefix(location: str) -> Any:
    match = _LOCATION.match(location)
    if match is None or '⟨' in match['prefix']:
        return UNKNOWN
    return match['prefix'].rstrip('/') + '/' if match['prefix'] else ''


def _expires(bucket: Map, prefix: Any) -> bool:
    """Whether a rule may expire all below a prefix; results carry no tags."""
    rules = lifecycle.rules(bucket)
    return rules is None or any(
        any(action.ends for action in rule.current) and
        rule.enabled is not False and not rule.tags and
        lifecycle.prefix_covers(rule.prefix, prefix) is not False
        for rule in rules
    )
