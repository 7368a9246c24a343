from __future__ import annotations

from collections.abc import Iterator

from thera_lint.prices import dollars
from thera_lint.prices import price
from thera_lint.project import Project
from thera_lint.rule import Cost
from thera_lint.rule import Finding
from thera_lint.rule import Options
from thera_lint.rule import ResourceRule
from thera_lint.rules.glue import _jobs
from thera_lint.template import Resource


class GlueStandardExecution(ResourceRule):
    """A scheduled Spark job runs at the standard price although nobody waits for it.

    ## Why it costs

    The FLEX execution class runs on spare capacity for a third less. A run may wait for its
    workers to start, and lose some on the way, which Spark makes up for. A job that starts by
    the clock at night mostly does not mind.

    Reported are Spark jobs of Glue 3.0 to 5.x on G.1X or G.2X workers that a trigger, a rule or
    a schedule of the project starts at set times, itself or through a state machine.

    ## When it is right

    Where the result must be there at a set time, or a state machine has more to do after it
    than it can wait for. Streaming jobs and Python shells have no FLEX.

    ## References

    - https://docs.aws.amazon.com/glue/latest/dg/add-job.html
    - https://aws.amazon.com/blogs/big-data/introducing-aws-glue-flex-jobs-cost-savings-on-etl-workloads/
    - https://aws.amazon.com/glue/pricing/
    """

    id = 'IC3022'
    resources = ('AWS::Glue::Job',)
    remedy = 'set ExecutionClass to FLEX unless its result is waited for'

    def check(self, resource: Resource, project: Project, options: Options) -> Iterator[Finding]:
        properties, version = resource.properties, _jobs.version(resource)
        # What FLEX costs in Glue 6.0, which is cheaper by itself, is not known here.
        if version is None or not 3 <= version < 6 or _jobs.command(resource) != _jobs.SPARK:
            return
        if properties.text('WorkerType') not in ('G.1X', 'G.2X'):
            return
        if not properties.absent('ExecutionClass') and (
            properties.text('ExecutionClass') != 'STANDARD'
        ):
            return
        by = _jobs.scheduled_by(resource, project)
        if by is None or any(
            _jobs.gives(given, 'ExecutionClass') for _, given in _jobs.runs(resource, project)
        ):
            return
        standard = price('glue.etl.dpu_hour').usd
        flex = price('glue.flex.dpu_hour').usd
        yield Finding(
            ('ExecutionClass',),
            f'`{resource.logical_id}` pays {dollars(standard)} a DPU-hour, as FLEX {dollars(flex)} '
            f'if nobody waits for it: `{by.logical_id}` starts it at set times',
            Cost(
                f'{dollars(standard)} against {dollars(flex)} a DPU-hour, us-east-1; '
                'usage decides the hours',
            ),
        )
