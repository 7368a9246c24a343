from __future__ import annotations

from collections.abc import Iterator

from thera_lint.prices import dollars
from thera_lint.project import Project
from thera_lint.rule import Cost
from thera_lint.rule import Finding
from thera_lint.rule import Option
from thera_lint.rule import Options
from thera_lint.rule import ResourceRule
from thera_lint.rules.glue import _jobs
from thera_lint.template import Resource

_ARGUMENT = '--enable-auto-scaling'


class GlueWorkersAlwaysOn(ResourceRule):
    """A Glue job runs many workers from its first second to its last.

    ## Why it costs

    Every worker of a run is billed from the start to the end, also while the driver lists files
    alone, a stage has fewer partitions than there are workers, or one last task keeps all the
    others waiting. With `--enable-auto-scaling` Glue takes NumberOfWorkers as the most it may
    use, adds workers when there is work for them and lets go of idle ones.

    ## When it is right

    Where all workers are really busy all the time. Jobs of a Glue version before 3.0 cannot
    scale, and a run that is given the argument by everybody who starts it is not reported.

    ## References

    - https://docs.aws.amazon.com/glue/latest/dg/auto-scaling.html
    - https://aws.amazon.com/glue/pricing/
    """

    id = 'WC3021'
    resources = ('AWS::Glue::Job',)
    remedy = 'set --enable-auto-scaling to "true" in DefaultArguments'
    options = (
        Option('max_workers', 10, 'How many workers a job may have without auto scaling.'),
    )

    def check(self, resource: Resource, project: Project, options: Options) -> Iterator[Finding]:
        properties = resource.properties
        workers, version = properties.number('NumberOfWorkers'), _jobs.version(resource)
        kind = _jobs.command(resource)
        if workers is None or workers <= options.max_workers or version is None or version < 3:
            return
        if kind not in (_jobs.SPARK, _jobs.STREAMING) or _jobs.argument(resource, _ARGUMENT):
            return
        starts = list(_jobs.runs(resource, project))
        if starts and all(_jobs.passes(given, _ARGUMENT) for _, given in starts):
            return
        message = f'`{resource.logical_id}` keeps all workers to the end of each run, busy or not'
        dpus, rate = _jobs.dpus(resource), _jobs.dpu_hour(resource)
        limit = (
            f'without auto scaling, above the ceiling of {options.max_workers}, it has {workers:g}'
        )
        if dpus is None or rate is None:
            yield Finding(('NumberOfWorkers',), f'{message}: {limit}')
            return
        yield Finding(
            ('NumberOfWorkers',),
            f'{message}, at {dollars(dpus * rate)} an hour: {limit}',
            Cost(
                f'{dpus:g} DPUs at {dollars(rate)} a DPU-hour, us-east-1; usage decides the hours',
            ),
        )
