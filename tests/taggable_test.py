from __future__ import annotations

import json
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

from thera_lint import bundled
from thera_lint.taggable import billable
from thera_lint.taggable import tag_property
from thera_lint.taggable import tags_fixed_at_creation

SCRIPT = Path(__file__).parents[1] / 'scripts' / 'taggable.py'


def test_table_is_what_the_script_writes() -> None:
    script = runpy.run_path(str(SCRIPT))
    fresh = script['table']()
    text = Path(bundled.path('taggable')).read_text('utf-8')
    # Another version of cfn-lint is no fault; other schemas in it are.
    fresh['cfn_lint'] = json.loads(text)['cfn_lint']
    assert text == script['render'](fresh), 'stale: run python scripts/taggable.py'


@pytest.mark.parametrize(
    ('resource_type', 'expected'),
    [
        ('AWS::ApiGateway::Stage', ('Tags', 'list')),
        ('AWS::ApiGatewayV2::Api', ('Tags', 'map')),
        ('AWS::Athena::WorkGroup', ('Tags', 'list')),
        ('AWS::AutoScaling::AutoScalingGroup', ('Tags', 'asg')),
        ('AWS::Backup::BackupVault', ('BackupVaultTags', 'map')),
        ('AWS::CloudFront::AnycastIpList', ('Tags', 'items')),
        ('AWS::Cognito::UserPool', ('UserPoolTags', 'map')),
        ('AWS::DynamoDB::GlobalTable', ('Replicas', 'nested')),
        ('AWS::EC2::CapacityReservation', ('TagSpecifications', 'nested')),
        ('AWS::EFS::FileSystem', ('FileSystemTags', 'list')),
        ('AWS::Glue::Job', ('Tags', 'map')),
        ('AWS::Lambda::Function', ('Tags', 'list')),
        ('AWS::MSK::Cluster', ('Tags', 'map')),
        ('AWS::Route53::HostedZone', ('HostedZoneTags', 'list')),
        ('AWS::S3::Bucket', ('Tags', 'list')),
    ],
)
def test_tag_property(resource_type: str, expected: tuple[str, str]) -> None:
    assert billable(resource_type)
    assert tag_property(resource_type) == expected


@pytest.mark.parametrize(
    'resource_type',
    [
        'AWS::ApiGateway::RestApi',
        'AWS::EC2::SpotFleet',
        'AWS::EKS::Nodegroup',
        'AWS::Scheduler::Schedule',
    ],
)
def test_bills_without_useful_tags(resource_type: str) -> None:
    assert billable(resource_type)
    assert tag_property(resource_type) is None


@pytest.mark.parametrize(
    'resource_type',
    [
        'AWS::EC2::SecurityGroup',
        'AWS::Events::Rule',
        'AWS::IAM::Role',
        'AWS::Lambda::Permission',
        'AWS::SSM::Parameter',
        'AWS::Serverless::Function',
        'Custom::Thing',
        '',
    ],
)
def test_does_not_bill(resource_type: str) -> None:
    assert not billable(resource_type)
    assert tag_property(resource_type) is None


def test_tags_fixed_at_creation() -> None:
    assert tags_fixed_at_creation('AWS::OpenSearchServerless::Collection')
    assert not tags_fixed_at_creation('AWS::S3::Bucket')
    assert not tags_fixed_at_creation('AWS::IAM::Role')


def test_forms_are_the_documented_ones() -> None:
    types = json.loads(Path(bundled.path('taggable')).read_bytes())['types']
    assert {value[1] for value in types.values() if value} == {
        'asg', 'items', 'list', 'map', 'nested',
    }


def test_lookup_does_not_import_cfnlint() -> None:
    code = (
        'import sys; from thera_lint.taggable import billable;'
        'assert billable("AWS::S3::Bucket"); assert "cfnlint" not in sys.modules'
    )
    subprocess.run([sys.executable, '-c', code], check=True, cwd=SCRIPT.parents[1])
