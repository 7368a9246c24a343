from __future__ import annotations

from collections.abc import Iterator

from thera_lint.prices import dollars
from thera_lint.prices import price
from thera_lint.project import Project
from thera_lint.rule import Cost
from thera_lint.rule import Finding
from thera_lint.rule import Options
from thera_lint.rule import ResourceRule
from thera_lint.template import Resource


class CrawlerRecrawlsEverything(ResourceRule):
    """A crawler reads all folders again each time, old ones included.

    ## Why it costs

    A crawler is billed by the time that it runs, and without a RecrawlPolicy it lists and
    samples every folder in S3 each time. The data grow, so each run takes longer than the one
    before, to find out again what it knew. CRAWL_NEW_FOLDERS_ONLY looks at folders that were
    added since, CRAWL_EVENT_MODE at those that S3 sent an event for.

    Reported are crawlers with a schedule, or that something else in the project starts.

    ## When it is right

    Where old folders change, or their schema does: CRAWL_NEW_FOLDERS_ONLY needs
    SchemaChangePolicy to be LOG for updates and deletions. A crawler that runs once, or over
    little data, gains nothing.

    ## References

    - https://docs.aws.amazon.com/glue/latest/dg/incremental-crawls.html
    - https://docs.aws.amazon.com/glue/latest/dg/crawler-s3-event-notifications.html
    - https://aws.amazon.com/glue/pricing/
    """

    id = 'IC3025'
    resources = ('AWS::Glue::Crawler',)
    remedy = 'set RecrawlBehavior to CRAWL_NEW_FOLDERS_ONLY or CRAWL_EVENT_MODE'

    def check(self, resource: Resource, project: Project, options: Options) -> Iterator[Finding]:
        properties = resource.properties
        targets = properties.map('Targets')
        if targets is None or not targets.seq('S3Targets'):
            return
        if not properties.absent('RecrawlPolicy'):
            policy = properties.map('RecrawlPolicy')
            if policy is None or not policy.absent('RecrawlBehavior') and (
                policy.text('RecrawlBehavior') != 'CRAWL_EVERYTHING'
            ):
                return
        # A table that was made by the crawler names it, but does not start it.
        if properties.absent('Schedule') and not any(
            use.user.type != 'AWS::Glue::Table' for use in project.uses(resource)
        ):
            return
        rate = price('glue.crawler.dpu_hour').usd
        yield Finding(
            ('RecrawlPolicy', 'RecrawlBehavior'),
            f'each run of `{resource.logical_id}` takes longer the more folders there are, at '
            f'{dollars(rate)} a DPU-hour: it crawls all of them again',
            Cost(f'{dollars(rate)} a DPU-hour, us-east-1; usage decides the hours'),
        )
