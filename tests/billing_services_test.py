from __future__ import annotations

import json
from pathlib import Path

import pytest

from thera_lint import bundled
from thera_lint.billing_services import meant

CONTENT = json.loads(Path(bundled.path('billing_services')).read_text('utf-8'))


def test_is_dated_and_sourced() -> None:
    assert CONTENT['as_of']
    assert set(CONTENT['source']) == {'names', 'short'}


def test_is_sorted_and_closed() -> None:
    assert CONTENT['names'] == sorted(set(CONTENT['names']))
    assert list(CONTENT['short']) == sorted(CONTENT['short'])
    for names in CONTENT['short'].values():
        assert set(names) <= set(CONTENT['names'])


@pytest.mark.parametrize('name', CONTENT['names'])
def test_a_name_on_the_bill_means_no_other(name: str) -> None:
    assert meant(name) == ()


@pytest.mark.parametrize(
    ('name', 'expected'),
    [
        ('Amazon Lambda', 'AWS Lambda'),
        ('Lambda', 'AWS Lambda'),
        ('AWS lambda', 'AWS Lambda'),
        ('AWS Lamda', 'AWS Lambda'),
        ('Amazon S3', 'Amazon Simple Storage Service'),
        ('AWS S3', 'Amazon Simple Storage Service'),
        ('Amazon EventBridge', 'CloudWatch Events'),
        ('Amazon CloudWatch', 'AmazonCloudWatch'),
        ('AWS DynamoDB', 'Amazon DynamoDB'),
        ('Amazon Step Functions', 'AWS Step Functions'),
        ('AWS Step Function', 'AWS Step Functions'),
        ('Amazon Route53', 'Amazon Route 53'),
        ('Amazon Atehna', 'Amazon Athena'),
        ('EC2-Other', 'EC2 - Other'),
        ('AWS CodeBuild', 'CodeBuild'),
    ],
)
def test_one_name_is_meant(name: str, expected: str) -> None:
    assert meant(name) == (expected,)


def test_two_names_are_meant() -> None:
    assert meant('Amazon EC2') == ('Amazon Elastic Compute Cloud - Compute', 'EC2 - Other')


@pytest.mark.parametrize(
    'name',
    [
        '', 'Amazon', 'AWS', 'Amazon Q', 'AWS WAF', 'Amazon MQ', 'AWS Systems Manager',
        'Amazon Simple Email Service', 'Amazon Kinesis Firehose', 'AWS CodeCommit',
        'AWS Data Transfer', 'AmazonS3', 'AmazonEC2', 'AWSLambda', 'Amazon Cognito Sync',
        'Amazon Elastic Container Registry Public', 'Amazon Lexa', 'Amazon Glue2', 'Tax',
        'Amazon Elastic Container Service for Kubernetes',
    ],
)
def test_nothing_is_known(name: str) -> None:
    assert meant(name) == ()
