from __future__ import annotations

import json
from pathlib import Path

import pytest
from cfnlint.rules.resources.lmbd.SnapStartSupported import SnapStartSupported
from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER

from thera_lint import bundled
from thera_lint.runtimes import has_arm64
from thera_lint.runtimes import has_snapstart

CONTENT = json.loads(Path(bundled.path('runtimes')).read_text('utf-8'))


def test_is_dated_and_sourced() -> None:
    assert CONTENT['as_of']
    assert set(CONTENT['source']) == {'arm64', 'snapstart'}


@pytest.mark.parametrize('feature', ['arm64', 'snapstart'])
def test_is_sorted_and_known_to_cloudformation(feature: str) -> None:
    schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema('us-east-1', 'AWS::Lambda::Function')
    names = CONTENT[feature]
    assert names == sorted(set(names))
    assert set(names) <= set(schema.schema['properties']['Runtime']['enum'])


def test_cfn_lint_takes_snapstart_for_supported_as_well() -> None:
    supported = SnapStartSupported()._is_runtime_valid
    assert all(supported(runtime) for runtime in CONTENT['snapstart'])


@pytest.mark.parametrize(
    ('runtime', 'arm64', 'snapstart'),
    [
        ('python3.13', True, True),
        ('python3.11', True, False),
        ('python3.7', False, False),
        ('java21', True, True),
        ('java8.al2', True, False),
        ('java8', False, False),
        ('dotnet8', True, True),
        ('dotnet6', True, False),
        ('nodejs24.x', True, False),
        ('ruby3.4', True, False),
        ('go1.x', False, False),
        ('provided', False, False),
        ('provided.al2023', True, False),
        ('cobol85', False, False),
    ],
)
def test_runtimes(runtime: str, arm64: bool, snapstart: bool) -> None:
    assert (has_arm64(runtime), has_snapstart(runtime)) == (arm64, snapstart)
