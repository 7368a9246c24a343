from __future__ import annotations

from collections.abc import Iterator

from thera_lint.project import Project
from thera_lint.rule import Finding
from thera_lint.rule import Fix
from thera_lint.rule import Options
from thera_lint.rule import ResourceRule
from thera_lint.rule import Set
from thera_lint.rules.athena import _workgroups
from thera_lint.template import Resource


class UnmeteredWorkgroup(ResourceRule):
    """A workgroup publishes no metrics, so nobody sees what it scans.

    ## Why it costs

    What a workgroup costs is the bytes that its queries scan, and the metric ProcessedBytes in
    AWS/Athena is the only place where they show before the bill. Without it no alarm can fire
    on a day that scans a hundred times the usual, and no dashboard tells which workgroup it was.
    AWS publishes the metric for nothing. This is no charge: it is what keeps one from being seen.

    ## When it is right

    Where each query's statistics are gathered in another way.

    ## References

    - https://docs.aws.amazon.com/athena/latest/ug/query-metrics-viewing.html
    - https://docs.aws.amazon.com/config/latest/developerguide/athena-workgroup-logging-enabled.html
    """

    id = 'IC3003'
    resources = (_workgroups.WORKGROUP,)
    remedy = 'set PublishCloudWatchMetricsEnabled to true, and an alarm on ProcessedBytes'

    def check(self, resource: Resource, project: Project, options: Options) -> Iterator[Finding]:
        configuration = _workgroups.configuration(resource)
        if configuration is None or (
            configuration.flag('PublishCloudWatchMetricsEnabled') is not False
        ):
            return
        path = ('WorkGroupConfiguration', 'PublishCloudWatchMetricsEnabled')
        yield Finding(
            path,
            'no alarm can see what queries scan, and so what they cost, before the bill does: '
            f'`{resource.logical_id}` publishes no metrics',
            fix=Fix('publish the metrics of the workgroup', True, (Set(path, True),)),
        )
