from __future__ import annotations

from collections.abc import Iterator

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


class ArchiveKeptForever(ResourceRule):
    """An event archive without a retention keeps every event for ever.

    ## Why it costs

    Each event that an archive takes is billed once for being taken, and then every month for
    as long as it is kept. Without RetentionDays, and with 0, that is for ever, so the bill
    only grows. Events are replayed to mend what broke last week, seldom what broke last
    year.

    The fix keeps 90 days. It is unsafe because events that are older are deleted.

    ## When it is right

    Where an audit wants events for years, or the archive is the system's only record of what
    has happened. A copy in S3 in a colder storage class costs less.

    ## References

    - https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-events-archive.html
    - https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-archive.html
    - https://aws.amazon.com/eventbridge/pricing/
    """

    id = 'WC6005'
    resources = ('AWS::Events::Archive',)
    remedy = 'set RetentionDays to how far back events would be replayed'

    def check(self, resource: Resource, project: Project, options: Options) -> Iterator[Finding]:
        properties = resource.properties
        absent = properties.absent('RetentionDays')
        if not absent and properties.number('RetentionDays') != 0:
            return
        storage = price('eventbridge.archive.storage').usd
        yield Finding(
            ('RetentionDays',),
            f'`{resource.logical_id}` keeps every event that it takes for ever, each 1,000 GB for '
            f'{dollars(storage * 1000)} a month: '
            f'{"it has no RetentionDays" if absent else "its RetentionDays is 0"}',
            Cost(
                f'{dollars(storage)} a GB-month in an archive, us-east-1; usage decides the sum',
            ),
            Fix('keep events for 90 days', False, (Set(('RetentionDays',), 90),)),
        )
