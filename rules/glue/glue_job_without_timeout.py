from __future__ import annotations

from collections.abc import Iterator

from thera_lint.prices import dollars
from thera_lint.prices import price
from thera_lint.project import Project
from thera_lint.rule import Cost
from thera_lint.rule import Finding
from thera_lint.rule import Fix
from thera_lint.rule import Option
from thera_lint.rule import Options
from thera_lint.rule import ResourceRule
from thera_lint.rule import Set
from thera_lint.rules.glue import _jobs
from thera_lint.template import Resource

_FIX_MINUTES = 60


class GlueJobWithoutTimeout(ResourceRule):
    """A Glue job has no Timeout, and a run that hangs is billed for one or two days' work.

    ## Why it costs

    A run is billed for all its workers until it ends, whether they work or wait: for a lock, a
    database that does not answer, or a skewed join that never finishes. Without a Timeout it
    ends after 48 hours in Glue 4.0 and older, and after 8 hours from Glue 5.0 on. With the
    default of 10 DPUs one hung run costs $211 or $35 then, and so does each retry.

    A timeout is a multiplier of what goes wrong, not a charge: a run that ends early is billed
    for the time that it ran.

    The fix writes 60 minutes. It is unsafe, because a run that needs longer would be stopped:
    choose a little more than the longest real run.

    ## When it is right

    Streaming jobs are meant to run for ever and are not reported. Neither are jobs for which
    every trigger and state machine of the project that starts them passes a Timeout, nor Python
    shell jobs so small that a hung run costs less than `min_worst_case_usd`.

    ## References

    - https://docs.aws.amazon.com/glue/latest/dg/aws-glue-api-jobs-job.html
    - https://docs.aws.amazon.com/glue/latest/dg/add-job.html
    - https://aws.amazon.com/glue/pricing/
    """

    id = 'WC3020'
    resources = ('AWS::Glue::Job',)
    remedy = 'set Timeout, in minutes, to a little above the longest real run'
    options = (
        Option(
            'min_worst_case_usd', 5, 'What one hung run must cost at least, in US dollars.',
        ),
    )

    def check(self, resource: Resource, project: Project, options: Options) -> Iterator[Finding]:
        kind = _jobs.command(resource)
        if kind not in (_jobs.SPARK, _jobs.SHELL) or not resource.properties.absent('Timeout'):
            return
        version, dpus, rate = (
            _jobs.version(resource), _jobs.dpus(resource), _jobs.dpu_hour(resource),
        )
        hours = 8 if version is None or version >= 5 else 48
        if kind == _jobs.SHELL:
            # Whatever its GlueVersion: that of a Python shell has no other default or price.
            hours, rate = 48, price('glue.etl.dpu_hour').usd
        least = price('glue.flex.dpu_hour').usd if rate is None else rate
        if dpus is not None and dpus * hours * least < options.min_worst_case_usd:
            return
        starts = list(_jobs.runs(resource, project))
        if starts and all(_jobs.gives(given, 'Timeout') for _, given in starts):
            return
        fix = Fix(
            f'stop each run after {_FIX_MINUTES} minutes', False,
            (Set(('Timeout',), _FIX_MINUTES),),
        )
        length = 'for 8 hours or more' if version is None and kind == _jobs.SPARK else \
            f'for {hours} hours'
        may = f'a run of `{resource.logical_id}` that hangs is billed {length}'
        if dpus is None or rate is None or version is None and kind == _jobs.SPARK:
            yield Finding((), f'{may}: it has no Timeout', fix=fix)
            return
        worst = dpus * hours * rate
        yield Finding(
            (),
            f'{may}, {dollars(worst)} with {dpus:g} DPU{"s" * (dpus != 1)}: it has no Timeout',
            Cost(
                f'{dollars(worst)} for one hung run at {dollars(rate)} a DPU-hour, us-east-1',
                per_run_usd=worst,
            ),
            fix,
        )
