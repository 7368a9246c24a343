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
from thera_lint.values import Map
from thera_lint.values import Path


class ConfigRecordsEverything(ResourceRule):
    """An AWS Config recorder that records each change of each resource as it happens.

    ## Why it costs

    Config bills by configuration item, and each change of each resource makes one, of its
    relations too: a container that starts changes its network interface, the subnet and the
    security groups. In an account where batches, Auto Scaling or deployments come and go,
    items of things that lived for minutes are most of the Config bill. Rules that are
    evaluated on change are billed on top.

    Daily recording makes at most one item a resource and day, and can be overridden by type
    (RecordingModeOverrides); an exclusion keeps the types that churn out altogether.

    ## When it is right

    Where every change must be traceable: AWS Security Hub and most benchmarks ask for all
    types, and AWS Firewall Manager needs them continuously; a run with one of its policies is
    left alone. In an account where little changes, the sum is small.

    ## References

    - https://docs.aws.amazon.com/config/latest/developerguide/select-resources.html
    - https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-properties-config-configurationrecorder-recordinggroup.html
    - https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-properties-config-configurationrecorder-recordingmode.html
    - https://aws.amazon.com/config/pricing/
    """

    id = 'IC7027'
    resources = ('AWS::Config::ConfigurationRecorder',)
    remedy = 'record daily, or exclude the types that come and go'

    def check(self, resource: Resource, project: Project, options: Options) -> Iterator[Finding]:
        properties = resource.properties
        path = _everything(properties)
        if path is None or not _continuous(properties) or project.has('AWS::FMS::Policy'):
            return
        usd = dollars(price('config.ci.continuous').usd)
        yield Finding(
            path,
            f'`{resource.logical_id}` records each change of each resource of every supported '
            f'type, {usd} an item however short its life',
            Cost(f'{usd} per configuration item, us-east-1; usage decides the sum'),
        )


def _everything(recorder: Map) -> Path | None:
    """Where it says that all types are recorded; None where it says otherwise, or may."""
    if recorder.absent('RecordingGroup'):
        return ()
    group = recorder.map('RecordingGroup')
    if group is None or group.open:
        return None
    if not group.absent('RecordingStrategy'):
        strategy = group.map('RecordingStrategy') or Map()
        is_all = strategy.text('UseOnly') == 'ALL_SUPPORTED_RESOURCE_TYPES'
        return ('RecordingGroup', 'RecordingStrategy') if is_all else None
    excluded = group.get('ExclusionByResourceTypes')
    if group.flag('AllSupported') is True and not excluded:
        return ('RecordingGroup', 'AllSupported')
    return None


def _continuous(recorder: Map) -> bool:
    """Whether it records at once, and no type is excepted."""
    if recorder.absent('RecordingMode'):
        return True
    mode = recorder.map('RecordingMode')
    return mode is not None and mode.text('RecordingFrequency') == 'CONTINUOUS' and (
        mode.absent('RecordingModeOverrides') or mode.seq('RecordingModeOverrides') == []
    )
