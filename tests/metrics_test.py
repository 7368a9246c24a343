from __future__ import annotations

import json
from pathlib import Path

import pytest

from thera_lint import bundled
from thera_lint.metrics import meant
from thera_lint.metrics import Metric

CONTENT = json.loads(Path(bundled.path('metrics')).read_text('utf-8'))
NAMES: dict[str, list[str]] = CONTENT['names']

# What the pipeline's own services publish, by the pages that scripts/metrics.py names.
SOME = {
    'AWS/ApiGateway': '4XXError 5XXError 4xx 5xx Count Latency IntegrationLatency',
    'AWS/Athena': 'EngineExecutionTime ProcessedBytes QueryQueueTime TotalExecutionTime',
    'AWS/Billing': 'EstimatedCharges',
    'AWS/DynamoDB': 'ConsumedReadCapacityUnits ReadThrottleEvents ThrottledRequests',
    'AWS/EC2': 'CPUUtilization NetworkIn StatusCheckFailed_System',
    'AWS/EventBridge/Pipes': 'ExecutionFailed ExecutionThrottled Invocations',
    'AWS/Events': 'FailedInvocations Invocations MatchedEvents TriggeredRules',
    'AWS/Kinesis': 'GetRecords.IteratorAgeMilliseconds PutRecord.Success PutRecords.Success',
    'AWS/Lambda': 'ConcurrentExecutions Duration Errors Invocations IteratorAge Throttles',
    'AWS/Logs': 'IncomingBytes IncomingLogEvents',
    'AWS/RDS': 'CPUUtilization FreeStorageSpace VolumeReadIOPs ReadIOPS',
    'AWS/S3': '4xxErrors AllRequests BucketSizeBytes NumberOfObjects',
    'AWS/SNS': 'NumberOfMessagesPublished NumberOfNotificationsFailed',
    'AWS/SQS': 'ApproximateAgeOfOldestMessage ApproximateNumberOfMessagesVisible',
    'AWS/Scheduler': 'InvocationAttemptCount TargetErrorCount',
    'AWS/States': 'ExecutionsFailed ExecutionsStarted ExecutionThrottled',
}


def test_is_dated_and_sourced() -> None:
    assert CONTENT['as_of']
    assert CONTENT['source']


def test_names_are_sorted_and_of_aws() -> None:
    assert list(NAMES) == sorted(NAMES)
    for namespace, names in NAMES.items():
        assert namespace.startswith('AWS/')
        assert names == sorted(set(names)) and names


@pytest.mark.parametrize('namespace', SOME)
def test_holds_what_the_services_publish(namespace: str) -> None:
    assert set(SOME[namespace].split()) <= set(NAMES[namespace])


def test_no_real_name_is_a_mistake() -> None:
    for namespace, names in NAMES.items():
        for name in names:
            assert meant(namespace, name) == ()


def test_a_known_mistake_leads_to_real_names() -> None:
    for namespace, mistakes in CONTENT['meant'].items():
        for wrong in mistakes:
            rights = meant(namespace, wrong)
            assert rights
            assert len({right.namespace for right in rights}) == 1
            for right in rights:
                assert right.name in NAMES.get(right.namespace, [right.name])


@pytest.mark.parametrize(('namespace', 'wrong', 'right'), [
    ('AWS/States', 'ExecutionFailed', 'ExecutionsFailed'),
    ('AWS/ApplicationELB', 'UnhealthyHostCount', 'UnHealthyHostCount'),
    ('AWS/ApplicationELB', 'HealthyHostsCount', 'HealthyHostCount'),
    ('AWS/RDS', 'CPUUtilisation', 'CPUUtilization'),
    ('AWS/RDS', 'CPU_Utilization', 'CPUUtilization'),
    ('AWS/Lambda', 'Durtaion', 'Duration'),
    ('AWS/Athena', 'DataScannedInBytes', 'ProcessedBytes'),
])
def test_one_slip_from_one_name(namespace: str, wrong: str, right: str) -> None:
    assert meant(namespace, wrong) == (Metric(namespace, right),)


@pytest.mark.parametrize(('namespace', 'name'), [
    ('Thera/Pipeline', 'MaxMemoryUsed'),
    ('AWS/Usage', 'CallCounts'),
    ('AWS/Lambda', 'ColdStartRatio'),
    ('AWS/Lambda', ''),
    ('AWS/RDS', 'GPUUtilization'),
    ('AWS/ApplicationELB', 'HTTPCode_ELB_501_Count'),
    ('AWS/EC2', 'NetworkPacketsOn'),
])
def test_knows_nothing_of_others(namespace: str, name: str) -> None:
    assert meant(namespace, name) == ()
