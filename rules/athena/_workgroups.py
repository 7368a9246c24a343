"""SQL workgroups; what the rules on them share, no rule itself."""
from __future__ import annotations

from thera_lint.template import Resource
from thera_lint.values import Map

WORKGROUP = 'AWS::Athena::WorkGroup'


def configuration(workgroup: Resource) -> Map | None:
    """Of a workgroup that runs SQL, empty where none is written; None if that is not certain."""
    properties = workgroup.properties
    # The second is an old property that changes the first.
    if properties.open or not properties.absent('WorkGroupConfigurationUpdates'):
        return None
    if not properties.absent('State') and properties.text('State') != 'ENABLED':
        return None
    if properties.absent('WorkGroupConfiguration'):
        return Map((*properties.place, 'WorkGroupConfiguration'))
    found = properties.map('WorkGroupConfiguration')
    if found is None or found.absent('EngineVersion'):
        return found
    version = found.map('EngineVersion') or Map(open=True)
    if version.absent('SelectedEngineVersion'):
        return found
    # `PySpark engine version 3`, `Apache Spark version 3.5`
    engine = version.text('SelectedEngineVersion')
    return None if engine is None or 'spark' in engine.lower() else found
