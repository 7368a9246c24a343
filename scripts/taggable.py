"""Write thera_lint/taggable.json: what bills on its own, and how it is tagged.

    python scripts/taggable.py

BILLABLE is curated here and nowhere else. The name and the form of each type's tag
property are read from the us-east-1 schemas bundled with the installed cfn-lint: run this
when an upgrade changes them, or when BILLABLE changes; tests/taggable_test.py says so.
"""
from __future__ import annotations

import json
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import Any

OUTPUT = Path(__file__).parents[1] / 'thera_lint' / 'taggable.json'

# Types that create charges themselves, without another resource having to exist first.
# What only shapes the bill of something else is left out: IAM, security groups, subnets,
# route tables, event rules, launch templates, target groups, parameter and subnet groups,
# task and job definitions, versions, aliases, policies. So is what is free unless an
# option turns charges on that most templates never set (SSM parameters, Glue tables,
# public certificates), and what is in doubt.
BILLABLE = {
    'ACMPCA': 'CertificateAuthority',
    'APS': 'Scraper Workspace',
    'ARCRegionSwitch': 'Plan',
    'AmazonMQ': 'Broker',
    'Amplify': 'App',
    # A stage is what serves calls and what a cache is sized for; the REST API counts too,
    # because a Deployment can make its stage without a Stage resource.
    'ApiGateway': 'RestApi Stage',
    'ApiGatewayV2': 'Api',
    'AppFlow': 'Flow',
    'AppRunner': 'Service',
    'AppStream': 'Fleet ImageBuilder',
    'AppSync': 'Api ApiCache GraphQLApi',
    # A workgroup is the only thing of a query's that can carry a tag.
    'Athena': 'CapacityReservation WorkGroup',
    'AutoScaling': 'AutoScalingGroup',
    # Plans and selections say when; the vault holds what is paid for.
    'Backup': 'BackupVault LogicallyAirGappedBackupVault',
    'Batch': 'ComputeEnvironment',
    # An application inference profile exists to give model calls a tag; agents, flows and
    # knowledge bases bill as the models and stores that they call.
    'Bedrock': 'ApplicationInferenceProfile',
    'BedrockAgentCore': 'BrowserCustom CodeInterpreterCustom Gateway Memory Runtime',
    'Cassandra': 'Table',
    'Cloud9': 'EnvironmentEC2',
    'CloudFront': 'AnycastIpList Distribution',
    'CloudHSM': 'Cluster',
    'CloudTrail': 'EventDataStore Trail',
    'CloudWatch': 'Alarm CompositeAlarm Dashboard InsightRule MetricStream',
    # Storage is charged to the domain, once for all of its repositories.
    'CodeArtifact': 'Domain',
    'CodeBuild': 'Fleet Project',
    'CodePipeline': 'Pipeline',
    # Identity pools are free.
    'Cognito': 'UserPool',
    # A rule bills by evaluation, of items that the recorder was paid to record.
    'Config': 'ConfigurationRecorder',
    'Connect': 'Instance PhoneNumber',
    'DAX': 'Cluster',
    'DMS': 'ReplicationConfig ReplicationInstance',
    'DSQL': 'Cluster',
    'DataBrew': 'Job',
    'DataPipeline': 'Pipeline',
    'DataSync': 'Task',
    'Deadline': 'Fleet',
    'Detective': 'Graph',
    'DirectConnect': 'Connection',
    'DirectoryService': 'MicrosoftAD SimpleAD',
    'DocDB': 'DBCluster DBInstance',
    'DocDBElastic': 'Cluster',
    'DynamoDB': 'GlobalTable Table',
    # A VPCEndpoint of type Gateway is free: whoever asks must look at VpcEndpointType.
    # A transit gateway bills by attachment, a Connect attachment not by the hour.
    'EC2': (
        'CapacityReservation CapacityReservationFleet ClientVpnEndpoint EC2Fleet EIP Host'
        ' Instance NatGateway RouteServerEndpoint SpotFleet TrafficMirrorSession'
        ' TransitGatewayAttachment TransitGatewayPeeringAttachment'
        ' TransitGatewayVpcAttachment VPCEndpoint VPNConnection VerifiedAccessEndpoint'
        ' Volume'
    ),
    'ECR': 'Repository',
    # A cluster is free, and so is a task definition.
    'ECS': 'ExpressGatewayService Service',
    'EFS': 'FileSystem',
    'EKS': 'Cluster Nodegroup',
    'EMR': 'Cluster',
    'EMRServerless': 'Application',
    'EVS': 'Environment',
    'ElastiCache': 'CacheCluster ReplicationGroup ServerlessCache',
    # An environment passes its tags to all that it launches.
    'ElasticBeanstalk': 'Environment',
    'ElasticLoadBalancing': 'LoadBalancer',
    'ElasticLoadBalancingV2': 'LoadBalancer',
    'Elasticsearch': 'Domain',
    # Rules are free: events are charged where they are put, archived or sent out.
    'Events': 'ApiDestination Archive EventBus',
    'FIS': 'ExperimentTemplate',
    'FMS': 'Policy',
    'FSx': 'FileCache FileSystem',
    'GameLift': 'ContainerFleet Fleet',
    'GlobalAccelerator': 'Accelerator',
    # Triggers and workflows are free, and so is the catalogue up to a million objects.
    'Glue': 'Crawler DevEndpoint Job MLTransform Session TableOptimizer',
    'Grafana': 'Workspace',
    'GuardDuty': 'Detector',
    'HealthImaging': 'Datastore',
    'HealthLake': 'FHIRDatastore',
    'IVS': 'Channel Stage',
    'InternetMonitor': 'Monitor',
    'KMS': 'Key ReplicaKey',
    'KafkaConnect': 'Connector',
    'Kendra': 'Index',
    'Kinesis': 'Stream StreamConsumer',
    'KinesisAnalyticsV2': 'Application',
    'KinesisFirehose': 'DeliveryStream',
    'KinesisVideo': 'SignalingChannel Stream',
    # Provisioned concurrency on an alias or version is charged to the function.
    'Lambda': 'CapacityProvider Function',
    'Lex': 'Bot',
    'Lightsail': 'Bucket Container Database Disk Distribution Instance LoadBalancer',
    'Location': 'GeofenceCollection Map PlaceIndex RouteCalculator Tracker',
    'Logs': 'LogGroup',
    'MSK': 'Cluster Replicator ServerlessCluster',
    'MWAA': 'Environment',
    'MWAAServerless': 'Workflow',
    'Macie': 'Session',
    'ManagedBlockchain': 'Accessor Node',
    'MediaConnect': 'Bridge Flow',
    'MediaLive': 'Channel Multiplex',
    'MediaPackage': 'Channel',
    'MediaPackageV2': 'Channel',
    'MediaTailor': 'Channel PlaybackConfiguration',
    'MemoryDB': 'Cluster',
    'Neptune': 'DBCluster DBInstance',
    'NeptuneGraph': 'Graph',
    'NetworkFirewall': 'Firewall',
    'NetworkManager': 'CoreNetwork SiteToSiteVpnAttachment VpcAttachment',
    'OSIS': 'Pipeline',
    'Omics': 'ReferenceStore SequenceStore',
    'OpenSearchServerless': 'Collection',
    'OpenSearchService': 'Domain',
    'PCS': 'Cluster',
    'PaymentCryptography': 'Key',
    'Pipes': 'Pipe',
    'QBusiness': 'Index',
    'RDS': 'DBCluster DBInstance DBProxy DBShardGroup',
    'RUM': 'AppMonitor',
    'Redshift': 'Cluster',
    # The workgroup computes, the namespace stores.
    'RedshiftServerless': 'Namespace Workgroup',
    'Rekognition': 'Collection StreamProcessor',
    'ResilienceHub': 'App',
    'Route53': 'HealthCheck HostedZone',
    'Route53RecoveryControl': 'Cluster',
    'Route53RecoveryReadiness': 'ReadinessCheck',
    'Route53Resolver': 'ResolverEndpoint',
    'S3': 'Bucket',
    'S3Express': 'DirectoryBucket',
    'S3Tables': 'TableBucket',
    'S3Vectors': 'VectorBucket',
    'SDB': 'Domain',
    'SMSVOICE': 'PhoneNumber',
    'SNS': 'Topic',
    'SQS': 'Queue',
    # Models, endpoint configurations and domains are free; apps, endpoints, notebooks and
    # jobs run instances.
    'SageMaker': (
        'App Cluster Endpoint FeatureGroup MlflowTrackingServer MonitoringSchedule'
        ' NotebookInstance PartnerApp ProcessingJob'
    ),
    'Scheduler': 'Schedule',
    'SecretsManager': 'Secret',
    'SecurityHub': 'Hub',
    'ServiceDiscovery': 'PrivateDnsNamespace PublicDnsNamespace',
    # Activities are free: the transitions that wait for them are the machine's.
    'StepFunctions': 'StateMachine',
    'Synthetics': 'Canary',
    'Timestream': 'InfluxDBCluster InfluxDBInstance Table',
    'Transfer': 'Connector Server WebApp',
    'VerifiedPermissions': 'PolicyStore',
    'VpcLattice': 'Service',
    'WAFv2': 'WebACL',
    'WorkSpaces': 'Workspace',
}

# They bill, and take tags, but a tag on them is not known to reach the line on the bill;
# asking for it would promise what Cost Explorer does not show.
TAGS_MISS_THE_BILL = {
    # Inherited tags serve access control only; cost allocation wants them on the stage:
    # https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-tagging-supported-resources.html
    'AWS::ApiGateway::RestApi',
    # Instances are tagged by ComputeResources.Tags, Fargate tasks by the job definition.
    'AWS::Batch::ComputeEnvironment',
    # One for the account and region: the charge belongs to no project.
    'AWS::Detective::Graph',
    'AWS::GuardDuty::Detector',
    'AWS::SecurityHub::Hub',
    # A node group's own tags stay off its instances; a launch template tags those:
    # https://github.com/aws/containers-roadmap/issues/608
    'AWS::EKS::Nodegroup',
    # Not documented as cost allocation tags.
    'AWS::Events::EventBus',
    'AWS::Kinesis::StreamConsumer',
    # The charge is that of the hosted zone it creates.
    'AWS::ServiceDiscovery::PrivateDnsNamespace',
    'AWS::ServiceDiscovery::PublicDnsNamespace',
}

Schema = dict[str, Any]


def resolve(schema: Schema, node: Schema) -> Schema:
    """The node that a local $ref stands for."""
    while '$ref' in node:
        target: Any = schema
        for key in node['$ref'].removeprefix('#/').split('/'):
            target = target[key]
        node = target
    return node


def form(schema: Schema, node: Schema) -> str | None:
    """How tags are written in this property, None if it is no place for tags.

    list: [{Key, Value}]; asg: the same with PropagateAtLaunch; map: {key: value};
    items: {Items: list}; nested: each element holds a list of its own under Tags.
    """
    node = resolve(schema, node)
    if 'items' in node:
        keys = resolve(schema, node['items']).get('properties', {}).keys()
        if 'PropagateAtLaunch' in keys:
            return 'asg'
        if {'Key', 'Value'} <= keys:
            return 'list'
        return 'nested' if 'Tags' in keys else None
    if 'Items' in node.get('properties', {}):
        return 'items'
    is_map = 'patternProperties' in node or 'object' in node.get('type', ())
    return 'map' if is_map and not node.get('properties') else None


def tag_property(schema: Schema) -> tuple[str, str] | None:
    """Name and form of the property that a resource's tags go into."""
    tagging = schema.get('tagging', {})
    if not tagging.get('taggable', True):
        return None
    properties = schema['properties']
    # Schemas from before `tagging` existed say nothing: look for Tags, then for elements
    # that are tagged one by one.
    name = tagging.get('tagProperty', '/properties/Tags').split('/')[2]
    if name not in properties:
        nested = [key for key in properties if form(schema, properties[key]) == 'nested']
        if not nested:
            return None
        name, = nested
    found = form(schema, properties[name])
    if found is None:
        raise ValueError(f'{schema["typeName"]}: {name} has a form that is not known here')
    return name, found


def fixed_at_creation(schema: Schema, name: str) -> bool:
    """Whether a later change of the tags replaces the resource, or does nothing."""
    return (
        f'/properties/{name}' in schema.get('createOnlyProperties', ())
        or not schema.get('tagging', {}).get('tagUpdatable', True)
    )


def table() -> dict[str, Any]:
    """What taggable.json holds, for the installed cfn-lint."""
    schemas = files('cfnlint') / 'data' / 'schemas'
    region = schemas / 'providers' / 'us-east-1.json'
    digests = json.loads(region.read_text('utf-8'))
    types: dict[str, tuple[str, str] | None] = {}
    fixed = []
    for service, names in BILLABLE.items():
        for resource_type in (f'AWS::{service}::{name}' for name in names.split()):
            file = schemas / 'resources' / f'{digests[resource_type]}.json'
            schema = json.loads(file.read_text('utf-8'))
            found = None if resource_type in TAGS_MISS_THE_BILL else tag_property(schema)
            types[resource_type] = found
            if found and fixed_at_creation(schema, found[0]):
                fixed.append(resource_type)
    unused = TAGS_MISS_THE_BILL - types.keys()
    if unused:
        raise ValueError(f'not in BILLABLE: {sorted(unused)}')
    return {
        'cfn_lint': version('cfn-lint'),
        'fixed_at_creation': sorted(fixed),
        'types': dict(sorted(types.items())),
    }


def render(content: dict[str, Any]) -> str:
    """The file's text: one type a line, so that a diff reads."""
    rows = ',\n'.join(
        f'  {json.dumps(key)}: {json.dumps(value)}' for key, value in content['types'].items()
    )
    fixed = ',\n'.join(f'  {json.dumps(key)}' for key in content['fixed_at_creation'])
    return (
        f'{{\n "cfn_lint": {json.dumps(content["cfn_lint"])},\n'
        f' "fixed_at_creation": [\n{fixed}\n ],\n'
        f' "types": {{\n{rows}\n }}\n}}\n'
    )


if __name__ == '__main__':
    OUTPUT.write_text(render(table()), 'utf-8')
