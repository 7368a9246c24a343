from __future__ import annotations

from collections.abc import Iterator

from thera_lint.prices import dollars
from thera_lint.prices import price
from thera_lint.project import Project
from thera_lint.rule import Cost
from thera_lint.rule import Finding
from thera_lint.rule import Option
from thera_lint.rule import Options
from thera_lint.rule import ResourceRule
from thera_lint.template import Resource


class FrequentCanary(ResourceRule):
    """A Synthetics canary runs so often that its runs alone cost real money.

    ## Why it costs

    Every run of a canary is billed, and its Lambda time, logs and S3 objects on top. Once a
    minute is about 43,800 runs a month. A canary every five minutes finds an outage four
    minutes later on average and costs a fifth.

    ## When it is right

    Where those minutes are worth more than the canary. One that runs for a time only
    (DurationInSeconds) or only once (rate(0 minute)) is left alone, and so is one that the
    template does not start: StartCanaryAfterCreation is false unless it is written.

    ## References

    - https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-synthetics-canary-schedule.html
    - https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Synthetics_Canaries.html
    - https://aws.amazon.com/cloudwatch/pricing/
    """

    id = 'WC7020'
    resources = ('AWS::Synthetics::Canary',)
    remedy = 'run the canary less often'
    options = (
        Option('max_monthly_usd', 20, 'What the runs of one canary may cost a month.'),
    )

    def check(self, resource: Resource, project: Project, options: Options) -> Iterator[Finding]:
        properties = resource.properties
        plan = properties.map('Schedule')
        expression = plan.text('Expression') if plan is not None else None
        if plan is None or expression is None:
            return
        if not plan.absent('DurationInSeconds') and plan.number('DurationInSeconds') != 0:
            return
        from thera_lint import schedules  # 10 ms that other templates need not pay

        schedule = schedules.parse(expression)
        if schedule is None or not properties.flag('StartCanaryAfterCreation'):
            return
        each = price('cw.synthetics.run').usd
        runs = schedule.per_month
        if runs * each <= options.max_monthly_usd:
            return
        yield Finding(
            ('Schedule', 'Expression'),
            f'`{resource.logical_id}` makes {runs:,.0f} runs a month by `{expression}`, above '
            f'the ceiling of {dollars(options.max_monthly_usd)}: they cost {dollars(runs * each)}',
            Cost(
                f'{runs:,.0f} runs at {dollars(each)}, us-east-1, without their Lambda time, '
                'logs and S3 objects',
                runs * each,
            ),
        )
