from __future__ import annotations

from collections.abc import Iterator

from thera_lint import schedules
from thera_lint.prices import dollars
from thera_lint.prices import price
from thera_lint.project import Project
from thera_lint.rule import Cost
from thera_lint.rule import Finding
from thera_lint.rule import Option
from thera_lint.rule import Options
from thera_lint.rule import ResourceRule
from thera_lint.rules.glue import _jobs
from thera_lint.schedules import Schedule
from thera_lint.template import Resource
from thera_lint.values import Path

_CRAWLER = 'AWS::Glue::Crawler'

_MINIMUM_MINUTES = 10
_DPUS = 2


class CrawlerTooOften(ResourceRule):
    """A crawler starts so often that its minimum bill alone is a sum.

    ## Why it costs

    Each run of a crawler is billed as ten minutes at least, whether anything is new or not. AWS
    does not say with how many DPUs a crawler runs; its price example has 2, and so has this
    rule: $0.15 a run, $107 a month for once an hour. New partitions of a known form need no
    crawler: partition projection, or an ADD PARTITION by whoever writes the files, does it for
    nothing.

    The ten minutes are uncertain: AWS's documents of 2026 say both ten minutes and one.

    ## When it is right

    Where the schema really changes within hours, and readers have to know at once. Raise
    `max_monthly_usd` to what that is worth.

    ## References

    - https://docs.aws.amazon.com/glue/latest/dg/schedule-crawler.html
    - https://docs.aws.amazon.com/athena/latest/ug/partition-projection.html
    - https://docs.aws.amazon.com/glue/latest/dg/crawler-s3-event-notifications.html
    - https://aws.amazon.com/glue/pricing/
    """

    id = 'WC3024'
    resources = (_CRAWLER, _jobs.TRIGGER)
    remedy = 'crawl once a day or on events, and find new partitions by projection'
    options = (
        Option('max_monthly_usd', 20, 'The minimum bill of a month, in US dollars, to accept.'),
    )

    def check(self, resource: Resource, project: Project, options: Options) -> Iterator[Finding]:
        run = _DPUS * price('glue.crawler.dpu_hour').usd * _MINIMUM_MINUTES / 60
        for schedule, path, crawler in _starts(resource, project):
            month = run * schedule.per_month
            if month <= options.max_monthly_usd:
                continue
            yield Finding(
                path,
                f'`{resource.logical_id}` costs {dollars(month)} a month, above the limit of '
                f'{dollars(options.max_monthly_usd)}, at {_MINIMUM_MINUTES} minutes billed a run: '
                f'it starts {crawler}{schedule.per_month:,.0f} times',
                Cost(
                    f'{_MINIMUM_MINUTES} minutes of {_DPUS} DPUs a run, as in the price example of '
                    f'AWS, at {dollars(price("glue.crawler.dpu_hour").usd)} a DPU-hour, us-east-1 '
                    '(AWS also names one minute)',
                    monthly_usd=month,
                ),
            )


def _starts(resource: Resource, project: Project) -> Iterator[tuple[Schedule, Path, str]]:
    properties = resource.properties
    if resource.type == _CRAWLER:
        own = properties.map('Schedule')
        schedule = None if own is None else schedules.of(own)
        if schedule is not None:
            yield schedule, ('Schedule', 'ScheduleExpression'), ''
        return
    # A trigger that nobody activates after its creation never fires.
    written = properties.text('Schedule')
    schedule = None if written is None else schedules.parse(written)
    if schedule is None or properties.text('Type') != 'SCHEDULED' or (
        not properties.flag('StartOnCreation')
    ):
        return
    for _, action in properties.maps('Actions'):
        if not action.absent('CrawlerName'):
            known = project.find(action['CrawlerName'], resource.template, _CRAWLER)
            yield schedule, ('Schedule',), f'`{known[0].logical_id}` ' if known else 'a crawler '
