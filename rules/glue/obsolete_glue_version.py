from __future__ import annotations

from collections.abc import Iterator

from thera_lint.prices import dollars
from thera_lint.project import Project
from thera_lint.rule import Cost
from thera_lint.rule import Finding
from thera_lint.rule import Options
from thera_lint.rule import ResourceRule
from thera_lint.rules.glue import _jobs
from thera_lint.template import Resource

_OLD_MINUTES = 10


class ObsoleteGlueVersion(ResourceRule):
    """A Glue job runs on a version that bills at least ten minutes a run.

    ## Why it costs

    Glue 0.9 and 1.0 bill each run as ten minutes at least, all its DPUs, and let it wait for
    minutes for a cluster. From Glue 2.0 on the minimum is one minute, and a run starts in
    seconds; newer versions also do the same work in less time. AWS supports the old ones no
    more.

    ## When it is right

    Never for long. A Python shell job is billed by the minute whatever its GlueVersion and is
    not reported, nor is a job without a GlueVersion, for which AWS chooses.

    ## References

    - https://docs.aws.amazon.com/glue/latest/dg/glue-version-support-policy.html
    - https://docs.aws.amazon.com/glue/latest/dg/release-notes.html
    - https://aws.amazon.com/glue/pricing/
    """

    id = 'WC3023'
    resources = ('AWS::Glue::Job',)
    remedy = 'move the script to a supported Glue version'

    def check(self, resource: Resource, project: Project, options: Options) -> Iterator[Finding]:
        version = _jobs.version(resource)
        if version not in (0.9, 1) or _jobs.command(resource) != _jobs.SPARK:
            return
        message = f'each run of `{resource.logical_id}` bills {_OLD_MINUTES} minutes at least'
        runs_on = f'it runs on Glue {version:.1f}'
        dpus, rate = _jobs.dpus(resource), _jobs.dpu_hour(resource)
        if dpus is None or rate is None:
            yield Finding(('GlueVersion',), f'{message}: {runs_on}')
            return
        old = dpus * rate * _OLD_MINUTES / 60
        yield Finding(
            ('GlueVersion',),
            f'{message}, {dollars(old)} with {dpus:g} DPUs, where Glue 2.0 and newer bill one, '
            f'{dollars(old / _OLD_MINUTES)}: {runs_on}',
            Cost(
                f'{dollars(old)} a run at least, at {dollars(rate)} a DPU-hour, us-east-1',
                per_run_usd=old,
            ),
        )
