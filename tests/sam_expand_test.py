"""SAM expansion, compared with what AWS's own translator makes of the same template."""
from __future__ import annotations

import copy
import functools
import random
import re
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from thera_lint import sam
from thera_lint.values import At
from thera_lint.values import Path

FUNCTION: dict[str, Any] = {
    'Runtime': 'python3.13', 'Handler': 'app.main', 'CodeUri': 's3://code/app.zip',
}
MACHINE: dict[str, Any] = {
    'Definition': {'StartAt': 'Done', 'States': {'Done': {'Type': 'Succeed'}}},
}

TEMPLATES = {
    'function': """
        Conditions: {IsProd: !Equals [!Ref Stage, prod]}
        Parameters: {Stage: {Type: String, Default: dev}}
        Resources:
          Worker:
            Type: AWS::Serverless::Function
            Condition: IsProd
            DependsOn: Queue
            DeletionPolicy: Retain
            UpdateReplacePolicy: Retain
            Metadata: {Owner: data}
            Properties:
              FunctionName: !Sub "${Stage}-worker"
              Description: works
              MemorySize: !If [IsProd, 2048, 512]
              Timeout: 60
              Architectures: [arm64]
              EphemeralStorage: {Size: 1024}
              Environment: {Variables: {LOG_LEVEL: INFO, QUEUE: !Ref Queue}}
              Tags: {team: data, empty: "", stage: !Ref Stage}
              ReservedConcurrentExecutions: 5
              LoggingConfig: {LogFormat: JSON}
              SnapStart: {ApplyOn: PublishedVersions}
              Tracing: Active
              RecursiveLoop: Terminate
              VpcConfig: {SubnetIds: [subnet-1], SecurityGroupIds: [sg-1]}
              DeadLetterQueue: {Type: SQS, TargetArn: !GetAtt Queue.Arn}
              KmsKeyArn: !Ref Key
              Layers: [!Ref Layer]
              FileSystemConfigs: [{Arn: arn, LocalMountPath: /mnt/x}]
              RuntimeManagementConfig: {UpdateRuntimeOn: Auto}
          Quiet:
            Type: AWS::Serverless::Function
            Properties: {Tracing: Disabled, Role: !GetAtt Given.Arn}
          Inline:
            Type: AWS::Serverless::Function
            Properties: {CodeUri: null, InlineCode: "print()", PackageType: Zip}
          Picture:
            Type: AWS::Serverless::Function
            Properties:
              PackageType: Image
              ImageUri: 123456789012.dkr.ecr.us-east-1.amazonaws.com/app:1
              ImageConfig: {Command: [app.main]}
              Runtime: null
              Handler: null
              CodeUri: null
          Managed:
            Type: AWS::Serverless::Function
            Properties:
              CodeUri: {Bucket: code, Key: app.zip, Version: "7"}
              CapacityProviderConfig: {Arn: arn, PerExecutionEnvironmentMaxConcurrency: 10}
          Queue: {Type: AWS::SQS::Queue}
    """,
    'roles': """
        Conditions: {HasRole: !Equals [!Ref Role, ""]}
        Parameters: {Role: {Type: AWS::SSM::Parameter::Value<String>}}
        Resources:
          Statements:
            Type: AWS::Serverless::Function
            Properties:
              Tags: {team: data}
              RolePath: /app/
              PermissionsBoundary: !Sub "arn:${AWS::Partition}:iam::x:policy/b"
              Policies:
                - Version: "2012-10-17"
                  Statement: [{Effect: Allow, Action: "s3:*", Resource: "*"}]
                - !If
                  - HasRole
                  - Statement: [{Effect: Allow, Action: "sqs:*", Resource: "*"}]
                  - !Ref AWS::NoValue
          First:
            Type: AWS::Serverless::Function
            Properties: {Role: !If [HasRole, !Ref AWS::NoValue, !GetAtt Other.Arn]}
          Second:
            Type: AWS::Serverless::Function
            Properties: {Role: !If [HasRole, !GetAtt Other.Arn, !Ref AWS::NoValue]}
          Both:
            Type: AWS::Serverless::Function
            Properties: {Role: !If [HasRole, !GetAtt Other.Arn, !GetAtt Another.Arn]}
          Machine:
            Type: AWS::Serverless::StateMachine
            Properties: {Policies: "arn:aws:iam::aws:policy/A", Tags: {team: data}}
    """,
    'alias and url': """
        Parameters: {AliasName: {Type: String, Default: blue-green_1}}
        Resources:
          Plain:
            Type: AWS::Serverless::Function
            Properties:
              AutoPublishAlias: live
              VersionDescription: first
              ProvisionedConcurrencyConfig: {ProvisionedConcurrentExecutions: 3}
              FunctionUrlConfig: {AuthType: AWS_IAM, InvokeMode: BUFFERED, Cors: {MaxAge: 5}}
              Events: {Tick: {Type: Schedule, Properties: {Schedule: rate(1 day)}}}
          Named:
            Type: AWS::Serverless::Function
            Condition: IsProd
            Properties: {AutoPublishAlias: !Ref AliasName}
          Open:
            Type: AWS::Serverless::Function
            Properties: {FunctionUrlConfig: {AuthType: NONE}}
        Conditions: {IsProd: !Equals [a, b]}
    """,
    'invoke config': """
        Resources:
          Made:
            Type: AWS::Serverless::Function
            Properties:
              AutoPublishAlias: live
              EventInvokeConfig:
                MaximumEventAgeInSeconds: 70
                MaximumRetryAttempts: 1
                DestinationConfig:
                  OnSuccess: {Type: SQS}
                  OnFailure: {Type: SNS}
          Given:
            Type: AWS::Serverless::Function
            Properties:
              EventInvokeConfig:
                MaximumRetryAttempts: 0
                DestinationConfig:
                  OnSuccess: {Type: SQS, Destination: !GetAtt Queue.Arn}
                  OnFailure: {Type: Lambda, Destination: !GetAtt Made.Arn}
          Queue: {Type: AWS::SQS::Queue}
    """,
    'globals': """
        Globals:
          Function:
            MemorySize: 2048
            Timeout: 900
            Architectures: [arm64]
            Layers: [layer-a]
            Environment: {Variables: {A: general, B: general}}
            Tags: {team: data, env: dev}
            PropagateTags: true
            EphemeralStorage: {Size: 2048}
          Api: {TracingEnabled: true, CacheClusterEnabled: true, CacheClusterSize: "0.5"}
          HttpApi: {DefaultRouteSettings: {ThrottlingBurstLimit: 5}, Tags: {team: web}}
          SimpleTable: {SSESpecification: {SSEEnabled: true}}
          StateMachine: {PropagateTags: true}
          LayerVersion: {PublishLambdaVersion: true}
          CapacityProvider:
            VpcConfig: {SubnetIds: [subnet-1]}
            InstanceRequirements: {Architectures: [x86_64], AllowedTypes: [m5.large]}
            Tags: {team: data}
        Resources:
          Merged:
            Type: AWS::Serverless::Function
            Properties:
              Timeout: 30
              Architectures: [x86_64]
              Layers: [layer-b]
              Environment: {Variables: {B: own, C: own}}
              Tags: {env: prod}
              Events:
                Get: {Type: Api, Properties: {Path: /, Method: get}}
                Web: {Type: HttpApi}
                Queue: {Type: SNS, Properties: {Topic: topic, SqsSubscription: true}}
          Single:
            Type: AWS::Serverless::Function
            IgnoreGlobals: [MemorySize, Tags]
          Alone:
            Type: AWS::Serverless::Function
            IgnoreGlobals: "*"
          Table: {Type: AWS::Serverless::SimpleTable}
          Machine:
            Type: AWS::Serverless::StateMachine
            Properties:
              Tags: {team: data}
              Events: {Tick: {Type: Schedule, Properties: {Schedule: rate(1 day)}}}
          Capacity:
            Type: AWS::Serverless::CapacityProvider
            Properties:
              InstanceRequirements: {Architectures: [arm64]}
              ScalingConfig: {MaxVCpuCount: 8, AverageCPUUtilization: 70}
    """,
    'rules and schedules': """
        Resources:
          Worker:
            Type: AWS::Serverless::Function
            Condition: IsProd
            Properties:
              Events:
                Nightly:
                  Type: Schedule
                  Properties:
                    Schedule: cron(0 3 * * ? *)
                    Name: nightly
                    Description: every night
                    Enabled: false
                    Input: '{"a": 1}'
                    RetryPolicy: {MaximumRetryAttempts: 3}
                    DeadLetterConfig: {Type: SQS, QueueLogicalId: Lost}
                Often: {Type: Schedule, Properties: {Schedule: rate(1 minute), Enabled: true}}
                Stated:
                  Type: Schedule
                  Properties: {Schedule: rate(1 minute), State: !Ref Switch}
                Modern:
                  Type: ScheduleV2
                  Properties:
                    ScheduleExpression: rate(5 minutes)
                    ScheduleExpressionTimezone: Europe/Madrid
                    FlexibleTimeWindow: {Mode: FLEXIBLE, MaximumWindowInMinutes: 5}
                    State: ENABLED
                    Input: x
                    RetryPolicy: {MaximumRetryAttempts: 3}
                    DeadLetterConfig: {Type: SQS}
                Owned:
                  Type: ScheduleV2
                  Properties:
                    ScheduleExpression: !Sub "rate(${Minutes} minutes)"
                    OmitName: true
                    RoleArn: !GetAtt Other.Arn
                Changed:
                  Type: EventBridgeRule
                  Properties:
                    EventBusName: !Ref Bus
                    RuleName: changed
                    Pattern: {source: [aws.glue]}
                    InputPath: $.detail
                    State: DISABLED
                    DeadLetterConfig: {Arn: !GetAtt Queue.Arn}
                    Target: {Id: MyTarget}
                Old:
                  Type: CloudWatchEvent
                  Properties:
                    Pattern: {source: [aws.glue]}
                    InputTransformer: {InputTemplate: "<a>", InputPathsMap: {a: $.a}}
          AFunctionWithANameThatIsVeryLongIndeedSoThatTargetIdsAreCut:
            Type: AWS::Serverless::Function
            Properties: {Events: {Tick: {Type: Schedule, Properties: {Schedule: rate(1 day)}}}}
        Conditions: {IsProd: !Equals [a, b]}
        Parameters: {Switch: {Type: String}, Minutes: {Type: Number, Default: 5}}
    """,
    'event source mappings': """
        Resources:
          Worker:
            Type: AWS::Serverless::Function
            Properties:
              AutoPublishAlias: live
              Events:
                Queue:
                  Type: SQS
                  Properties:
                    Queue: !GetAtt Queue.Arn
                    BatchSize: 10
                    Enabled: !Ref Switch
                    ScalingConfig: {MaximumConcurrency: 5}
                    FilterCriteria: {Filters: [{Pattern: "{}"}]}
                    ProvisionedPollerConfig: {MinimumPollers: 2}
                    FunctionResponseTypes: [ReportBatchItemFailures]
                Stream:
                  Type: Kinesis
                  Properties:
                    Stream: !GetAtt Stream.Arn
                    StartingPosition: LATEST
                    MaximumRetryAttempts: 3
                    MaximumRecordAgeInSeconds: 600
                    BisectBatchOnFunctionError: true
                    ParallelizationFactor: 2
                    TumblingWindowInSeconds: 60
                    DestinationConfig: {OnFailure: {Type: SQS, Destination: !GetAtt Queue.Arn}}
                Table:
                  Type: DynamoDB
                  Properties:
                    Stream: !GetAtt Table.StreamArn
                    StartingPosition: TRIM_HORIZON
                    DestinationConfig: {OnFailure: {Destination: !GetAtt Queue.Arn}}
                Kafka:
                  Type: MSK
                  Properties:
                    Stream: arn
                    StartingPosition: LATEST
                    Topics: [a]
                    ConsumerGroupId: group
                Own:
                  Type: SelfManagedKafka
                  Properties:
                    Topics: [a]
                    KafkaBootstrapServers: ["a:9092"]
                    ConsumerGroupId: group
                    SourceAccessConfigurations: [{Type: SASL_SCRAM_512_AUTH, URI: arn}]
                Broker:
                  Type: MQ
                  Properties:
                    Broker: arn
                    Queues: [a]
                    SourceAccessConfigurations: [{Type: BASIC_AUTH, URI: arn}]
                Documents:
                  Type: DocumentDB
                  Properties:
                    Cluster: arn
                    DatabaseName: a
                    CollectionName: b
                    StartingPosition: LATEST
                    SourceAccessConfigurations: [{Type: BASIC_AUTH, URI: arn}]
        Parameters: {Switch: {Type: String}}
    """,
    'notifications': """
        Conditions: {IsProd: !Equals [a, b]}
        Resources:
          Plain: {Type: AWS::S3::Bucket}
          Configured:
            Type: AWS::S3::Bucket
            Properties:
              BucketName: configured
              NotificationConfiguration:
                LambdaConfigurations: [{Event: "s3:ObjectRemoved:*", Function: arn}]
                QueueConfigurations: [{Event: "s3:ObjectCreated:*", Queue: arn}]
          Topic: {Type: AWS::SNS::Topic, Properties: {FifoTopic: true, TopicName: a.fifo}}
          Worker:
            Type: AWS::Serverless::Function
            Properties:
              Events:
                One: {Type: S3, Properties: {Bucket: !Ref Plain, Events: "s3:ObjectCreated:*"}}
                Two:
                  Type: S3
                  Properties:
                    Bucket: !Ref Configured
                    Events: ["s3:ObjectCreated:Put", "s3:ObjectCreated:Post"]
                    Filter: {S3Key: {Rules: [{Name: prefix, Value: in/}]}}
                Direct:
                  Type: SNS
                  Properties:
                    Topic: !Ref Topic
                    Region: eu-west-1
                    FilterPolicy: {kind: [a]}
                    FilterPolicyScope: MessageBody
                    RedrivePolicy: {deadLetterTargetArn: arn}
                Made: {Type: SNS, Properties: {Topic: !Ref Topic, SqsSubscription: true}}
                Given:
                  Type: SNS
                  Properties:
                    Topic: !Ref Topic
                    SqsSubscription: {QueueArn: arn, QueueUrl: url, BatchSize: 5}
                Logs: {Type: CloudWatchLogs, Properties: {LogGroupName: a, FilterPattern: x}}
                Things: {Type: IoTRule, Properties: {Sql: SELECT 1, AwsIotSqlVersion: beta}}
                Voice: {Type: AlexaSkill}
          Conditional:
            Type: AWS::Serverless::Function
            Condition: IsProd
            Properties:
              Events:
                Three: {Type: S3, Properties: {Bucket: !Ref Plain, Events: "s3:ObjectRemoved:*"}}
    """,
    'rest api': """
        Resources:
          Implicit:
            Type: AWS::Serverless::Function
            Condition: IsProd
            Properties:
              Events:
                Get: {Type: Api, Properties: {Path: /items, Method: get}}
                Any: {Type: Api, Properties: {Path: "/items/{id}", Method: ANY}}
                Named: {Type: Api, Properties: {Path: /, Method: post, RestApiId: !Ref Api}}
          Api:
            Type: AWS::Serverless::Api
            DependsOn: Key
            Properties:
              StageName: v1
              Name: api
              CacheClusterEnabled: true
              CacheClusterSize: "1.6"
              MethodSettings: [{HttpMethod: "*", ResourcePath: "/*", LoggingLevel: INFO}]
              TracingEnabled: true
              AccessLogSetting: {DestinationArn: arn, Format: x}
              EndpointConfiguration: {Type: PRIVATE, VPCEndpointIds: [vpce-1]}
              MinimumCompressionSize: 0
              BinaryMediaTypes: [image~1png]
              Variables: {a: b}
              Tags: {team: web}
              PropagateTags: true
          Dashed:
            Type: AWS::Serverless::Api
            Properties: {StageName: v-1, EndpointConfiguration: REGIONAL}
          Unknown:
            Type: AWS::Serverless::Api
            Properties:
              StageName: !Ref Stage
              DefinitionUri: s3://code/api.yaml
          Written:
            Type: AWS::Serverless::Api
            Properties:
              StageName: a
              DefinitionBody: {swagger: "2.0", info: {title: a}, paths: {/x: {get: {}}}}
        Parameters: {Stage: {Type: String}}
        Conditions: {IsProd: !Equals [a, b]}
    """,
    'http api': """
        Resources:
          Worker:
            Type: AWS::Serverless::Function
            Properties:
              Events:
                Default: {Type: HttpApi}
                Get: {Type: HttpApi, Properties: {Path: /a, Method: GET, TimeoutInMillis: 5000}}
                Named: {Type: HttpApi, Properties: {ApiId: !Ref Api, Path: /b, Method: post}}
          Api:
            Type: AWS::Serverless::HttpApi
            Properties:
              StageName: prod
              StageVariables: {a: b}
              AccessLogSettings: {DestinationArn: arn, Format: x}
              DefaultRouteSettings: {DetailedMetricsEnabled: true}
              RouteSettings: {"POST /b": {ThrottlingBurstLimit: 5}}
              Tags: {team: web}
              FailOnWarnings: true
          Dashed:
            Type: AWS::Serverless::HttpApi
            Properties:
              StageName: a-b
              DefinitionBody: {openapi: 3.0.1, info: {title: a}, paths: {/x: {get: {}}}}
          Remote:
            Type: AWS::Serverless::HttpApi
            Properties: {DefinitionUri: "s3://code/api.yaml?versionId=3"}
    """,
    'state machine': """
        Conditions: {IsProd: !Equals [a, b]}
        Resources:
          Machine:
            Type: AWS::Serverless::StateMachine
            Condition: IsProd
            DependsOn: Api
            Properties:
              Name: !Sub "${AWS::StackName}-machine"
              Type: EXPRESS
              Role: !GetAtt Role.Arn
              DefinitionSubstitutions: {Table: !Ref Api}
              Logging: {Level: ALL, IncludeExecutionData: true}
              Tracing: {Enabled: true}
              Tags: {team: data}
              AutoPublishAlias: live
              DeploymentPreference: {Type: CANARY, Percentage: 10, Interval: 5}
              Events:
                Tick: {Type: Schedule, Properties: {Schedule: rate(1 day), Input: "{}"}}
                Owned:
                  Type: Schedule
                  Properties: {Schedule: rate(1 day), RoleArn: arn}
                Modern: {Type: ScheduleV2, Properties: {ScheduleExpression: rate(1 hour)}}
                Changed:
                  Type: EventBridgeRule
                  Properties:
                    Pattern: {source: [aws.s3]}
                    DeadLetterConfig: {Type: SQS}
                    RetryPolicy: {MaximumEventAgeInSeconds: 60}
                Start: {Type: Api, Properties: {Path: /start, Method: post}}
                Named: {Type: Api, Properties: {Path: /go, Method: put, RestApiId: !Ref Api}}
          Aliased:
            Type: AWS::Serverless::StateMachine
            Properties:
              AutoPublishAlias: live
              UseAliasAsEventTarget: true
              Events: {Tick: {Type: Schedule, Properties: {Schedule: rate(1 day)}}}
          Remote:
            Type: AWS::Serverless::StateMachine
            Properties: {Definition: null, DefinitionUri: "s3://code/machine.json?versionId=2"}
          Object:
            Type: AWS::Serverless::StateMachine
            Properties: {Definition: null, DefinitionUri: {Bucket: code, Key: machine.json}}
          Api: {Type: AWS::Serverless::Api, Properties: {StageName: v1}}
    """,
    'tables': """
        Resources:
          Bare: {Type: AWS::Serverless::SimpleTable}
          Full:
            Type: AWS::Serverless::SimpleTable
            DeletionPolicy: Retain
            Properties:
              TableName: !Sub "${AWS::StackName}-full"
              PrimaryKey: {Name: number, Type: Number}
              ProvisionedThroughput: {ReadCapacityUnits: 5, WriteCapacityUnits: !Ref Writes}
              SSESpecification: {SSEEnabled: true}
              PointInTimeRecoverySpecification: {PointInTimeRecoveryEnabled: true}
              Tags: {team: data}
        Parameters: {Writes: {Type: Number}}
    """,
    'layers': """
        Resources:
          Kept:
            Type: AWS::Serverless::LayerVersion
            Properties:
              ContentUri: s3://code/layer.zip
              CompatibleRuntimes: [python3.13]
              CompatibleArchitectures: [arm64]
              Description: a
          Dropped:
            Type: AWS::Serverless::LayerVersion
            Properties:
              LayerName: dropped
              ContentUri: {Bucket: code, Key: layer.zip}
              RetentionPolicy: delete
    """,
    'applications': """
        Resources:
          Child:
            Type: AWS::Serverless::Application
            Properties:
              Location: https://s3.amazonaws.com/code/child.yaml
              Parameters: {Stage: !Ref AWS::StackName}
              NotificationARNs: [arn]
              TimeoutInMinutes: 5
              Tags: {team: data}
    """,
    'capacity': """
        Resources:
          Bare:
            Type: AWS::Serverless::CapacityProvider
            Properties: {VpcConfig: {SubnetIds: [subnet-1], SecurityGroupIds: [sg-1]}}
          Full:
            Type: AWS::Serverless::CapacityProvider
            Properties:
              CapacityProviderName: full
              VpcConfig: {SubnetIds: [subnet-1]}
              OperatorRole: !GetAtt Role.Arn
              InstanceRequirements: {AllowedTypes: [m5.large]}
              ScalingConfig: {MaxVCpuCount: 8}
              KmsKeyArn: arn
    """,
    'mixed': """
        Conditions: {IsProd: !Equals [a, b], IsDev: !Not [!Condition IsProd]}
        Mappings: {Sizes: {prod: {memory: 1024}}}
        Resources:
          Before: {Type: AWS::SQS::Queue, Properties: {QueueName: a}}
          One:
            Type: AWS::Serverless::Function
            Condition: IsProd
            Properties:
              MemorySize: !FindInMap [Sizes, prod, memory]
              Timeout: !If [IsProd, 30, !Ref AWS::NoValue]
              Environment: !If [IsProd, {Variables: {A: b}}, !Ref AWS::NoValue]
              Layers: [!If [IsProd, layer-a, !Ref AWS::NoValue]]
              Tracing: !If [IsProd, Active, PassThrough]
              Events: {Get: {Type: Api, Properties: {Path: /a, Method: get}}}
          Two:
            Type: AWS::Serverless::Function
            Condition: IsDev
            Properties:
              Events: {Get: {Type: Api, Properties: {Path: /b, Method: get}}}
          After: {Type: AWS::SQS::Queue}
    """,
}

# Kept as written, or said in other words (see `sam`).
NOT_COMPARED = {
    ('AWS::ApiGatewayV2::Api', 'Tags'),  # the translator writes them into the Body
    ('AWS::CloudFormation::Stack', 'TemplateURL'),  # a plugin of SAM CLI uploads it
    ('AWS::StepFunctions::StateMachine', 'Definition'),  # becomes DefinitionString
}
# The translator adds policies of its own to every role, and a deployment to every stage.
MORE_IN_THE_TRANSLATORS = {
    'AWS::ApiGateway::RestApi', 'AWS::ApiGateway::Stage', 'AWS::IAM::Role', 'AWS::S3::Bucket',
    'AWS::StepFunctions::StateMachine',
}


class _Loader(yaml.SafeLoader):
    pass


def _long_form(loader: _Loader, suffix: str, node: Any) -> Any:
    if isinstance(node, yaml.ScalarNode):
        value: Any = loader.construct_scalar(node)
        if suffix == 'GetAtt':
            value = value.split('.', 1)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_mapping(node, deep=True)
    return {suffix if suffix in ('Ref', 'Condition') else f'Fn::{suffix}': value}


_Loader.add_multi_constructor('!', _long_form)


@functools.cache
def _parsed(name: str) -> Any:
    return yaml.load(TEMPLATES[name], _Loader)


def _template(name: str) -> dict[str, Any]:
    template: dict[str, Any] = copy.deepcopy(_parsed(name))
    template['Transform'] = sam.TRANSFORM
    for resource in template['Resources'].values():
        general = {
            'AWS::Serverless::Function': FUNCTION, 'AWS::Serverless::StateMachine': MACHINE,
        }.get(resource['Type'])
        if general:
            properties = {**general, **resource.get('Properties', {})}
            resource['Properties'] = {k: v for k, v in properties.items() if v is not None}
    return template


def _bare(raw: Any) -> Any:
    if isinstance(raw, At):
        return _bare(raw.value)
    if isinstance(raw, dict):
        return {key: _bare(value) for key, value in raw.items()}
    return [_bare(item) for item in raw] if isinstance(raw, list) else raw


def _expanded(template: dict[str, Any]) -> dict[str, Any]:
    before = copy.deepcopy(template)
    result = sam.expand(template, template['Resources'])
    assert template == before
    return result


def _translated(template: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    from samtranslator.translator.transform import transform  # type: ignore[import-untyped]

    class Policies:
        def load(self) -> dict[str, str]:
            return {}

    monkeypatch.setenv('AWS_DEFAULT_REGION', 'us-east-1')
    resources = transform(copy.deepcopy(template), {}, Policies())['Resources']
    result = {}
    for name, resource in resources.items():
        if resource['Type'] in ('AWS::Lambda::Version', 'AWS::Lambda::LayerVersion'):
            name = name[:-10]  # a hash of the code
        result[name] = resource
    return result


def _comparable(type_: str, name: str, value: Any) -> Any:
    """`value` without what differs to the same effect."""
    if name == 'Body':
        paths = value.get('paths', {})
        paths = {p: item.get('Fn::If', [0, item])[1] for p, item in paths.items()}
        return {(path, method) for path, item in paths.items() for method in item}
    if name == 'Tags' and isinstance(value, list):
        # The translator makes a bucket wait for a conditional permission with a tag.
        return sorted(str(tag) for tag in value if 'sam:' not in tag['Key'])
    if (type_, name) == ('AWS::Lambda::Alias', 'FunctionVersion'):
        return re.sub(r'Version[0-9a-f]{10}', 'Version', str(value))
    if value == {'Ref': 'AliasName'}:
        return 'blue-green_1'  # the translator puts the default in its place
    return value


@pytest.mark.parametrize('name', TEMPLATES)
def test_makes_what_the_translator_makes(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    template = _template(name)
    ours = _bare(_expanded(template))
    theirs = _translated(template, monkeypatch)
    modelled = {resource['Type'] for resource in ours.values()}
    assert {name: resource['Type'] for name, resource in ours.items()} == {
        name: resource['Type'] for name, resource in theirs.items()
        if resource['Type'] in modelled
    }
    for logical_id, resource in ours.items():
        type_, properties = resource['Type'], resource.get('Properties', {})
        expected = theirs[logical_id].get('Properties', {})
        if type_ not in MORE_IN_THE_TRANSLATORS:
            assert set(expected) <= set(properties), logical_id
        for key in properties:
            if (type_, key) not in NOT_COMPARED:
                assert _comparable(type_, key, properties[key]) == _comparable(
                    type_, key, expected.get(key),
                ), (logical_id, key)
        for attribute in ('DeletionPolicy', 'UpdateReplacePolicy', 'Metadata'):
            if attribute != 'Metadata' or logical_id in template['Resources']:
                assert resource.get(attribute) == theirs[logical_id].get(attribute)


def test_conditions_go_along() -> None:
    made = _bare(_expanded(_template('rules and schedules')))
    assert {made[name]['Condition'] for name in made if name.startswith('Worker')} == {'IsProd'}
    assert _bare(_expanded(_template('rest api')))['ServerlessRestApi']['Condition'] == 'IsProd'
    assert 'Condition' not in _bare(_expanded(_template('mixed')))['ServerlessRestApi']


def test_order_and_strangers() -> None:
    template = _template('mixed')
    made = _expanded(template)
    assert list(made) == [
        'Before', 'One', 'OneRole', 'ServerlessRestApi', 'ServerlessRestApiProdStage',
        'Two', 'TwoRole', 'After',
    ]
    assert made['Before'] is template['Resources']['Before']


def test_an_id_that_sam_makes_up_does_not_hide_the_authors() -> None:
    made = _expanded({'Transform': sam.TRANSFORM, 'Resources': {
        'WorkerRole': {'Type': 'AWS::SQS::Queue'},
        'Worker': {'Type': 'AWS::Serverless::Function', 'Properties': FUNCTION},
    }})
    assert made['WorkerRole'] == {'Type': 'AWS::SQS::Queue'}


def _places(raw: Any, place: Path) -> Iterator[tuple[Path, Any]]:
    if isinstance(raw, At):
        yield from _places(raw.value, raw.place)
        return
    yield place, raw
    children = raw.items() if isinstance(raw, dict) else (
        enumerate(raw) if isinstance(raw, list) else ()
    )
    for key, value in children:
        yield from _places(value, (*place, key))


@pytest.mark.parametrize('name', TEMPLATES)
def test_every_scalar_is_where_it_was_written(name: str) -> None:
    """What is found at a value's place is that value, unless SAM made another of it."""
    template = _template(name)
    made = {
        'Type', 'CodeUri', 'ContentUri', 'DefinitionUri', 'Enabled', 'RetentionPolicy',
    }
    for logical_id, resource in _expanded(template).items():
        for place, value in _places(resource, ('Resources', logical_id)):
            written: Any = template
            try:
                for part in place:
                    written = written[part]
            except (KeyError, IndexError, TypeError):
                continue
            if not isinstance(value, (dict, list)) and (
                    not isinstance(written, (dict, list)) and place[-1] not in made
            ):
                assert value == written, place


def _place_of(resource: Any, *keys: str | int) -> Path:
    place: Path = ()
    for key in keys:
        if isinstance(resource, At):
            place, resource = resource
        resource = resource[key]
        place = (*place, key)
    return resource.place if isinstance(resource, At) else place


def test_places_of_globals_and_events() -> None:
    made = _expanded(_template('globals'))
    properties = ('Resources', 'Merged', 'Properties')
    general = ('Globals', 'Function')
    for way, place in (
        (('MemorySize',), (*general, 'MemorySize')),
        (('Timeout',), (*properties, 'Timeout')),
        (('Environment', 'Variables', 'A'), (*general, 'Environment', 'Variables', 'A')),
        (('Environment', 'Variables', 'B'), (*properties, 'Environment', 'Variables', 'B')),
        (('EphemeralStorage', 'Size'), (*general, 'EphemeralStorage', 'Size')),
        (('Layers', 0), (*general, 'Layers', 0)),
        (('Layers', 1), (*properties, 'Layers', 0)),
        (('Tags', 0, 'Value'), (*general, 'Tags', 'team')),
        (('Tags', 1, 'Value'), (*properties, 'Tags', 'env')),
    ):
        assert _place_of(made['Merged'], 'Properties', *way) == place
    stage = made['ServerlessRestApiProdStage']
    assert _place_of(stage, 'Properties', 'TracingEnabled') == ('Globals', 'Api', 'TracingEnabled')
    assert made['ServerlessRestApi'].place == (*properties, 'Events', 'Get')
    nightly = _expanded(_template('rules and schedules'))['WorkerNightly']
    event = ('Resources', 'Worker', 'Properties', 'Events', 'Nightly')
    assert nightly.place == event
    assert _place_of(nightly, 'Properties', 'ScheduleExpression') == (
        *event, 'Properties', 'Schedule',
    )


def test_resources_that_come_from_elsewhere_keep_their_place() -> None:
    loop = ('Resources', 'Fn::ForEach::Sizes', 2, 'Worker${Size}')
    body = {'Type': 'AWS::Serverless::Function', 'Properties': {
        'MemorySize': At(('Parameters', 'Sizes', 'Default'), '512'), 'Timeout': 3,
    }}
    made = sam.expand({'Transform': [sam.TRANSFORM]}, {'Worker512': At(loop, body)})
    properties = made['Worker512'].value['Properties'].value
    assert properties['MemorySize'] == At(('Parameters', 'Sizes', 'Default'), '512')
    assert properties['Timeout'] == At((*loop, 'Properties', 'Timeout'), 3)


def test_local_paths_stay_for_the_rules_that_read_them() -> None:
    template = {'Transform': sam.TRANSFORM, 'Resources': {
        'Machine': {'Type': 'AWS::Serverless::StateMachine', 'Properties': {
            'DefinitionUri': 'machines/one.asl.json',
        }},
        'Worker': {'Type': 'AWS::Serverless::Function', 'Properties': {'CodeUri': 'src/'}},
    }}
    made = _bare(_expanded(template))
    assert made['Machine']['Properties']['DefinitionUri'] == 'machines/one.asl.json'
    assert 'DefinitionS3Location' not in made['Machine']['Properties']
    assert made['Worker']['Properties']['Code'] == 'src/'


def test_policy_templates_stay() -> None:
    template = {'Transform': sam.TRANSFORM, 'Resources': {
        'Worker': {'Type': 'AWS::Serverless::Function', 'Properties': {
            'Policies': ['AWSXRayDaemonWriteAccess', {'S3CrudPolicy': {'BucketName': 'a'}}],
        }},
    }}
    role = _bare(_expanded(template))['WorkerRole']['Properties']
    assert role['Policies'] == [{'S3CrudPolicy': {'BucketName': 'a'}}]
    assert role['ManagedPolicyArns'] == ['AWSXRayDaemonWriteAccess']


def test_routes_lead_to_functions_and_machines() -> None:
    body = _bare(_expanded(_template('http api')))['ServerlessHttpApi']['Properties']['Body']
    integration = body['paths']['/a']['get']['x-amazon-apigateway-integration']
    assert '${Worker.Arn}' in integration['uri']['Fn::Sub']
    assert integration['timeoutInMillis'] == 5000
    body = _bare(_expanded(_template('state machine')))['Api']['Properties']['Body']
    choice = body['paths']['/go']['put']['Fn::If']
    assert choice[0] == 'IsProd'
    template = choice[1]['x-amazon-apigateway-integration']['requestTemplates']
    assert '${Machine}' in template['application/json']['Fn::Sub']


@pytest.mark.parametrize('transform, expected', [
    (sam.TRANSFORM, True),
    (['AWS::LanguageExtensions', sam.TRANSFORM], True),
    ('AWS::LanguageExtensions', False),
    ({'Name': 'AWS::Include'}, False),
    (None, False),
])
def test_is_sam(transform: Any, expected: bool) -> None:
    assert sam.is_sam({'Transform': transform}) is expected


def test_without_the_transform_nothing_changes() -> None:
    resources = {'Worker': {'Type': 'AWS::Serverless::Function'}}
    assert sam.is_sam({}) is False
    assert sam.expand({}, resources) is resources


@pytest.mark.parametrize('resource', [
    None, 'text', [], {}, {'Type': None}, {'Type': {'Ref': 'A'}},
    {'Type': 'AWS::Serverless::Connector', 'Properties': {}},
    {'Type': 'AWS::Serverless::GraphQLApi', 'Properties': {}},
    {'Type': 'AWS::Serverless::Function', 'Properties': 'text'},
    {'Type': 'AWS::Serverless::Function', 'Properties': ['text']},
])
def test_passes_through_what_it_cannot_read(resource: Any) -> None:
    made = sam.expand({'Transform': sam.TRANSFORM}, {'Thing': resource})
    assert made == {'Thing': resource}
    assert made['Thing'] is resource


ODD: list[Any] = [
    None, '', 'text', 0, True, [], {}, [None], [[]], {'Ref': 'P'}, {'Ref': ['P']},
    {'Fn::If': ['C', {'A': 1}, {'Ref': 'AWS::NoValue'}]}, {'Fn::If': 'C'}, {'Fn::GetAtt': []},
    {'Fn::Transform': {'Name': 'AWS::Include'}}, {1: 2}, '$default', 's3://', '\ud800',
    {'Type': {'A': 1}}, At(('elsewhere',), None), At(('elsewhere',), {'Type': 'SNS'}),
]


def _containers(raw: Any) -> Iterator[Any]:
    if isinstance(raw, (dict, list)) and raw:
        yield raw
        for child in raw.values() if isinstance(raw, dict) else raw:
            yield from _containers(child)


@pytest.mark.parametrize('name', TEMPLATES)
def test_never_raises(name: str) -> None:
    chance = random.Random(name)
    for _ in range(200):
        template = _template(name)
        for _ in range(chance.choice((1, 1, 3))):
            container = chance.choice([*_containers(template)][1:])
            key = chance.choice([*container]) if isinstance(container, dict) else (
                chance.randrange(len(container))
            )
            container[key] = copy.deepcopy(chance.choice(ODD))
        if isinstance(template['Resources'], dict):
            template['Transform'] = sam.TRANSFORM
            _expanded(template)
