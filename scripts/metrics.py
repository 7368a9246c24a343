"""Write thera_lint/metrics.json: the metrics that AWS services publish, and common mistakes.

    pip download --no-deps awslabs-cloudwatch-mcp-server
    npm pack @aws-cdk/aws-service-spec
    python scripts/metrics.py awslabs_cloudwatch_mcp_server-*.whl aws-cdk-aws-service-spec-*.tgz

Both packages are AWS's own: the first holds the metrics that the services' user guides
list, the second those of CloudWatch's automatic dashboards, which are only some of each
namespace. ADDED completes them and MEANT is curated, from the pages named beside them.
A namespace that none of these lists in full is left out: of its names nothing is known.
"""
from __future__ import annotations

import gzip
import json
import sys
import tarfile
import zipfile
from datetime import date
from pathlib import Path

OUTPUT = Path(__file__).parents[1] / 'thera_lint' / 'metrics.json'

MCP = 'awslabs/cloudwatch_mcp_server/cloudwatch_metrics/data/metric_metadata.json'
SPEC = 'package/db.json.gz'

# The console also shows IngestionTo...; whoever writes it may be right.
_EVENTS = """
    DeadLetterInvocations EventBusEncryptionCompleted EventBusEncryptionFailed
    EventBusEncryptionStarted Events FailedInvocations IngestionToInvocationCompleteLatency
    IngestionToInvocationStartLatency IngestionToInvocationSuccessLatency
    IngestiontoInvocationCompleteLatency IngestiontoInvocationStartLatency InvocationAttempts
    Invocations InvocationsCreated InvocationsFailedToBeSentToDlq InvocationsSentToDlq
    MatchedEvents PutEventsApproximateCallCount PutEventsApproximateFailedCount
    PutEventsApproximateSuccessCount PutEventsApproximateThrottledCount PutEventsEntriesCount
    PutEventsFailedEntriesCount PutEventsLatency PutEventsRequestSize
    PutPartnerEventsApproximateCallCount PutPartnerEventsApproximateFailedCount
    PutPartnerEventsApproximateSuccessCount PutPartnerEventsApproximateThrottledCount
    PutPartnerEventsEntriesCount PutPartnerEventsFailedEntriesCount PutPartnerEventsLatency
    RetryInvocationAttempts SuccessfulInvocationAttempts ThrottledRules TriggeredRules
"""

ADDED = {
    # https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-cloudwatch-metrics.html
    'AWS/ApplicationELB': """
        ActiveZonalShiftHostCount AnomalousHostCount HealthyStateDNS HealthyStateRouting
        MitigatedHostCount StandardProcessedBytes UnhealthyRoutingRequestCount
        UnhealthyStateDNS UnhealthyStateRouting
    """,
    # https://docs.aws.amazon.com/athena/latest/ug/query-metrics-viewing.html
    'AWS/Athena': """
        DPUAllocated DPUConsumed DPUCount EngineExecutionTime ProcessedBytes
        QueryPlanningTime QueryQueueTime ServicePreProcessingTime ServiceProcessingTime
        TotalExecutionTime
    """,
    # https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/monitor_estimated_charges_with_cloudwatch.html
    'AWS/Billing': 'EstimatedCharges',
    # Other tools write these; which spelling is right is not certain, so both pass.
    'AWS/Cognito': 'AccountTakeOverRisk CompromisedCredentialsRisk',
    # https://docs.aws.amazon.com/elasticloadbalancing/latest/classic/elb-cloudwatch-metrics.html
    'AWS/ELB': """
        EstimatedALBActiveConnectionCount EstimatedALBConsumedLCUs
        EstimatedALBNewConnectionCount EstimatedProcessedBytes
    """,
    # https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-monitoring.html
    'AWS/EventBridge/Pipes': """
        Concurrency Duration EnrichmentStageDuration EnrichmentStageFailed EventCount EventSize
        ExecutionFailed ExecutionPartiallyFailed ExecutionThrottled ExecutionTimeout
        Invocations TargetStageDuration TargetStageFailed TargetStagePartiallyFailed
        TargetStageSkipped
    """,
    # https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-monitoring.html
    'AWS/Events': _EVENTS,
    # https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CloudWatch-Logs-Monitoring-CloudWatch-Metrics.html
    'AWS/Logs': 'ForwardedBytes',
    'AWS/Route53Resolver': 'OutboundQueryAggregatedVolume',  # as for Cognito
    # https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/appinsights-metrics-step-functions.html
    # https://docs.aws.amazon.com/step-functions/latest/dg/procedure-cw-metrics.html
    'AWS/States': """
        ConsumedCapacity ExpressExecutionBilledDuration ExpressExecutionBilledMemory
        ExpressExecutionMemory LambdaFunctionRunTime LambdaFunctionScheduleTime
        LambdaFunctionTime LambdaFunctionsFailed LambdaFunctionsScheduled
        LambdaFunctionsStarted LambdaFunctionsSucceeded LambdaFunctionsTimedOut
        ProvisionedBucketSize ProvisionedRefillRate ServiceIntegrationRunTime
        ServiceIntegrationScheduleTime ServiceIntegrationTime ServiceIntegrationsFailed
        ServiceIntegrationsScheduled ServiceIntegrationsStarted ServiceIntegrationsSucceeded
        ServiceIntegrationsTimedOut ThrottledEvents
    """,
}

# Complete in the second package, together with ADDED.
FROM_SPEC = (
    'AWS/ApplicationELB', 'AWS/ELB', 'AWS/Events', 'AWS/Logs', 'AWS/NetworkELB', 'AWS/States',
)

# What somebody means who writes a name that the namespace does not have: namespace and name.
MEANT = {
    'AWS/ApiGateway': {
        # HTTP APIs have the first, REST APIs the second.
        '4XX': ['AWS/ApiGateway 4xx', 'AWS/ApiGateway 4XXError'],
        '5XX': ['AWS/ApiGateway 5xx', 'AWS/ApiGateway 5XXError'],
    },
    # A statistic of GetQueryExecution, and what Athena's own guide called the metric once.
    'AWS/Athena': {'DataScannedInBytes': ['AWS/Athena ProcessedBytes']},
    # The hypervisor does not see inside: these are the agent's.
    # https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/metrics-collected-by-CloudWatch-agent.html
    'AWS/EC2': {
        'DiskSpaceUtilization': ['CWAgent disk_used_percent'],
        'MemoryUtilization': ['CWAgent mem_used_percent'],
        'disk_used_percent': ['CWAgent disk_used_percent'],
        'mem_used_percent': ['CWAgent mem_used_percent'],
    },
    'AWS/Events': {
        'SuccessfulInvocations': [
            'AWS/Events SuccessfulInvocationAttempts', 'AWS/Events Invocations',
        ],
    },
    # A field of the REPORT line. The metrics are Lambda Insights'.
    # https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Lambda-Insights-metrics.html
    'AWS/Lambda': {
        'MaxMemoryUsed': ['LambdaInsights used_memory_max', 'LambdaInsights memory_utilization'],
        'MemoryUtilization': ['LambdaInsights memory_utilization'],
        'memory_utilization': ['LambdaInsights memory_utilization'],
        'used_memory_max': ['LambdaInsights used_memory_max'],
    },
    # An attribute of the queue.
    'AWS/SQS': {
        'ApproximateNumberOfMessages': ['AWS/SQS ApproximateNumberOfMessagesVisible'],
    },
}


def main() -> None:
    wheel, tarball = sys.argv[1:]
    names: dict[str, set[str]] = {}
    with zipfile.ZipFile(wheel) as archive:
        for entry in json.loads(archive.read(MCP)):
            metric = entry['metricId']
            if metric['namespace'].startswith('AWS/'):
                names.setdefault(metric['namespace'], set()).add(metric['metricName'])
    with tarfile.open(tarball) as archive:
        member = archive.extractfile(SPEC)
        assert member is not None
        entities = json.loads(gzip.decompress(member.read()))['schema']['metric']['entities']
    for namespace in FROM_SPEC:
        names.setdefault(namespace, set())
    for entity in entities:
        if entity['namespace'] in names:
            names[entity['namespace']].add(entity['name'])
    for namespace, added in ADDED.items():
        names.setdefault(namespace, set()).update(added.split())
    packages = [Path(path).name for path in (wheel, tarball)]
    content = {
        'as_of': date.today().isoformat(),
        'source': f'scripts/metrics.py, from {" and ".join(packages)} and the pages named there',
        'meant': MEANT,
        'names': {namespace: sorted(names[namespace]) for namespace in sorted(names)},
    }
    OUTPUT.write_text(json.dumps(content, indent=1, sort_keys=True) + '\n', encoding='utf-8')
    print(f'{sum(map(len, names.values()))} metrics in {len(names)} namespaces')


if __name__ == '__main__':
    main()
