"""SAM resources as the CloudFormation resources that they become.

Works on raw data, before intrinsic functions are resolved. Names, logical ids and defaults
are those of aws-sam-translator 1.115 (https://github.com/aws/serverless-application-model).
Left out is what costs nothing and what no rule asks for: invoke permissions, queue
policies, API deployments, domains, authorizers and usage plans, CodeDeploy. What cannot be
understood stays as it was written.
"""
from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping
from typing import Any
from typing import NamedTuple

from thera_lint.values import as_flag
from thera_lint.values import At
from thera_lint.values import bare
from thera_lint.values import Path

TRANSFORM = 'AWS::Serverless-2016-10-31'
IMPLICIT_APIS = {'Api': 'ServerlessRestApi', 'HttpApi': 'ServerlessHttpApi'}

_NO_VALUE = {'Ref': 'AWS::NoValue'}
_NOT_CARRIED = {'Type', 'Properties', 'IgnoreGlobals', 'Connectors'}
_PASSED_ON = ('Condition', 'DeletionPolicy', 'UpdateReplacePolicy')
# Types whose Tags are overwritten by PropagateTags, as far as they are made here.
_TAGGED = {
    'AWS::ApiGateway::RestApi', 'AWS::ApiGateway::Stage', 'AWS::IAM::Role',
    'AWS::IoT::TopicRule', 'AWS::Lambda::Function', 'AWS::SNS::Topic', 'AWS::SQS::Queue',
    'AWS::StepFunctions::StateMachine',
}

Resources = dict[str, Any]


def _named(names: str, **renamed: str) -> dict[str, str]:
    return {**{name: name for name in names.split()}, **renamed}


_FUNCTION = _named(
    'FunctionName Handler Runtime Description MemorySize Timeout VpcConfig Environment '
    'KmsKeyArn ReservedConcurrentExecutions Layers FileSystemConfigs ImageConfig PackageType '
    'Architectures SnapStart EphemeralStorage CodeSigningConfigArn RuntimeManagementConfig '
    'LoggingConfig TenancyConfig RecursiveLoop DurableConfig FunctionScalingConfig '
    'PublishToLatestPublished',
)
_CAPACITY_OF_FUNCTION = _named(
    'PerExecutionEnvironmentMaxConcurrency ExecutionEnvironmentMemoryGiBPerVCpu',
    Arn='CapacityProviderArn',
)
_ROLE = _named('AssumeRolePolicyDocument PermissionsBoundary', RolePath='Path')
_STATE_MACHINE = _named(
    'Definition DefinitionSubstitutions', Name='StateMachineName', Type='StateMachineType',
    Logging='LoggingConfiguration', Tracing='TracingConfiguration',
)
_TABLE = _named('TableName SSESpecification PointInTimeRecoverySpecification')
_LAYER = _named('LayerName Description CompatibleArchitectures CompatibleRuntimes LicenseInfo')
_STACK = _named('Parameters NotificationARNs TimeoutInMinutes')
_CAPACITY_PROVIDER = _named('CapacityProviderName VpcConfig KmsKeyArn')
_INSTANCES = _named(
    'Architectures', AllowedTypes='AllowedInstanceTypes', ExcludedTypes='ExcludedInstanceTypes',
)
_REST_API = _named(
    'Name Description BinaryMediaTypes MinimumCompressionSize FailOnWarnings Mode '
    'ApiKeySourceType Policy SecurityPolicy EndpointAccessMode',
)
_REST_STAGE = _named(
    'StageName CacheClusterEnabled CacheClusterSize Variables MethodSettings '
    'AccessLogSetting CanarySetting TracingEnabled',
)
_ENDPOINT = _named('VpcEndpointIds IpAddressType', VPCEndpointIds='VpcEndpointIds')
_HTTP_STAGE = _named('StageVariables AccessLogSettings DefaultRouteSettings RouteSettings')
_CODE = {
    'Bucket': 'S3Bucket', 'Key': 'S3Key', 'Version': 'S3ObjectVersion',
    'StorageMode': 'S3ObjectStorageMode',
}
_LOCATION = _named('Bucket Key Version')

_SCHEDULED_RULE = _named('Name Description State', Schedule='ScheduleExpression')
_PATTERN_RULE = _named('EventBusName State', RuleName='Name', Pattern='EventPattern')
_RULE_TARGET = _named('Input InputPath InputTransformer RetryPolicy')
_SCHEDULER = _named(
    'ScheduleExpression FlexibleTimeWindow Name State Description StartDate EndDate '
    'ScheduleExpressionTimezone GroupName KmsKeyArn',
)
_SCHEDULER_TARGET = _named('RoleArn Input RetryPolicy')
_SUBSCRIPTION = _named(
    'Region FilterPolicy FilterPolicyScope RedrivePolicy', Topic='TopicArn',
)
_MAPPING = _named(
    'BatchSize StartingPosition StartingPositionTimestamp Enabled '
    'MaximumBatchingWindowInSeconds MaximumRetryAttempts BisectBatchOnFunctionError '
    'MaximumRecordAgeInSeconds ParallelizationFactor Topics Queues SourceAccessConfigurations '
    'TumblingWindowInSeconds FunctionResponseTypes FilterCriteria KmsKeyArn ScalingConfig '
    'ProvisionedPollerConfig MetricsConfig LoggingConfig DestinationConfig',
    Stream='EventSourceArn', Queue='EventSourceArn', Broker='EventSourceArn',
    Cluster='EventSourceArn',
)
_KAFKA = {
    'MSK': 'AmazonManagedKafkaEventSourceConfig',
    'SelfManagedKafka': 'SelfManagedKafkaEventSourceConfig',
}


def is_sam(template: Mapping[str, Any]) -> bool:
    """Whether CloudFormation would hand the template to the SAM transform."""
    transform = template.get('Transform')
    return TRANSFORM in (transform if isinstance(transform, list) else [transform])


def expand(template: dict[str, Any], resources: dict[str, Any]) -> dict[str, Any]:
    """`resources` with every SAM resource replaced by those that it becomes.

    Values that do not stand where they were written are wrapped in At.
    """
    if not is_sam(template):
        return resources
    return _Expansion(template, resources).run()


# --- raw values with the place where they were written


def _at(value: Any, place: Path) -> At:
    return value if isinstance(value, At) else At(place, value)


def _is_plain(node: At) -> bool:
    """A mapping that is no intrinsic function."""
    value = node.value
    if not isinstance(value, dict):
        return False
    name = str(next(iter(value))) if len(value) == 1 else ''
    return name not in ('Ref', 'Condition') and not name.startswith('Fn::')


def _get(node: At | None, *keys: str) -> At | None:
    """What `keys` lead to; None where it is absent or null."""
    for key in keys:
        if node is None or not isinstance(node.value, dict):
            return None
        node = _at(node.value.get(key), (*node.place, key))
        if node.value is None:
            return None
    return node


def _entries(node: At | None) -> list[tuple[str, At]]:
    if node is None or not _is_plain(node):
        return []
    return [(key, _at(value, (*node.place, key))) for key, value in node.value.items()]


def _items(node: At | None) -> list[At]:
    if node is None or not isinstance(node.value, list):
        return []
    return [_at(value, (*node.place, index)) for index, value in enumerate(node.value)]


def _text(node: At | None) -> str | None:
    return node.value if node is not None and isinstance(node.value, str) else None


def _pick(node: At | None, names: Mapping[str, str]) -> dict[str, Any]:
    """The properties in `names` under their new names.

    A Fn::Transform beside them comes along: it says that there may be more.
    """
    picked: dict[str, Any] = {}
    if node is not None and isinstance(node.value, dict):
        for key in node.value:
            value = _get(node, key)
            if value is not None and (key in names or str(key).startswith('Fn::')):
                picked[names.get(key, key)] = value
    return picked


def _put(node: At, keys: tuple[str, ...], value: Any) -> At:
    """A copy of `node` with `value` under `keys`; the same where there is no way down."""
    if not _is_plain(node):
        return node
    key, rest = keys[0], keys[1:]
    if rest:
        value = _put(_get(node, key) or At((*node.place, key), {}), rest, value)
    return At(node.place, {**node.value, key: value})


def _each(node: At, convert: Callable[[At], At]) -> At:
    """`convert` applied to the value, or to both branches of a Fn::If."""
    branches = _items(_get(node, 'Fn::If'))
    if len(branches) != 3:
        return convert(node)
    test, yes, no = branches
    chosen = [test.value, _each(yes, convert), _each(no, convert)]
    return At(node.place, {'Fn::If': chosen})


def _merged(general: At, own: At) -> At:
    """Mappings merge, lists concatenate, anything else of the resource's own wins."""
    if _is_plain(general) and _is_plain(own):
        result: dict[str, At] = dict(_entries(general))
        for key, value in _entries(own):
            if key in result and key != 'Architectures':
                value = _merged(result[key], value)
            result[key] = value
        return At(own.place, result)
    if isinstance(general.value, list) and isinstance(own.value, list):
        return At(own.place, [*_items(general), *_items(own)])
    return own


def _referred(node: At | None) -> str | None:
    """The logical id in a Ref or Fn::GetAtt."""
    name = _text(_get(node, 'Ref'))
    attribute = _get(node, 'Fn::GetAtt')
    if name is None and attribute is not None:
        parts = attribute.value
        parts = parts.split('.') if isinstance(parts, str) else parts
        name = parts[0] if isinstance(parts, list) and parts else None
    return name if isinstance(name, str) else None


def _arn_of(logical_id: str) -> dict[str, Any]:
    return {'Fn::GetAtt': [logical_id, 'Arn']}


def _tags(tags: At | None, created_by: str) -> Any:
    """SAM's map of tags as a list that starts with the tag of the transform."""
    own = [{'Key': created_by, 'Value': 'SAM'}] if created_by else []

    def listed(node: At) -> At:
        if not _is_plain(node):
            return node
        pairs = [
            At(value.place, {'Key': key, 'Value': '' if value.value is None else value})
            for key, value in _entries(node)
        ]
        return At(node.place, [*own, *pairs])

    return own if tags is None else _each(tags, listed)


def _renamed(names: Mapping[str, str]) -> Callable[[At], At]:
    """A converter of mappings, and of S3 URIs to such; anything else stays as it is."""
    def convert(node: At) -> At:
        uri = node.value
        if isinstance(uri, str) and uri.startswith('s3://'):
            bucket, _, key = uri[len('s3://'):].partition('/')
            key, _, version = key.partition('?versionId=')
            parts = {'Bucket': bucket, 'Key': key, **({'Version': version} if version else {})}
            node = At(node.place, {key: At(node.place, part) for key, part in parts.items()})
        return At(node.place, _pick(node, names)) if _is_plain(node) else node
    return convert


# --- what is being expanded


class _Source(NamedTuple):
    """A SAM resource. `properties` has its Globals merged in."""

    id: str
    body: At
    properties: At

    def get(self, *keys: str) -> At | None:
        return _get(self.properties, *keys)

    def itself(self, type_: str, properties: dict[str, Any], **attributes: Any) -> At:
        """The resource that takes its place."""
        carried = {k: v for k, v in self.body.value.items() if k not in _NOT_CARRIED}
        return At(self.body.place, {
            'Type': type_, **attributes, **carried,
            'Properties': At(self.properties.place, properties),
        })

    def made(self, type_: str, place: Path, properties: dict[str, Any], **attributes: Any) -> At:
        """A resource that the property or event at `place` brings along."""
        passed = {name: _get(self.body, name) for name in _PASSED_ON}
        attributes |= {name: value for name, value in passed.items() if value is not None}
        return At(place, {'Type': type_, **attributes, 'Properties': properties})


class _Event(NamedTuple):
    """One of the Events of a function or state machine, and what it shall start."""

    source: _Source
    id: str
    kind: str
    place: Path
    properties: At
    arn: dict[str, Any]
    name: dict[str, Any]
    is_machine: bool

    def get(self, *keys: str) -> At | None:
        return _get(self.properties, *keys)

    def made(self, type_: str, properties: dict[str, Any]) -> At:
        return self.source.made(type_, self.place, properties)

    def role(self) -> Resources:
        """The role with which another service starts the target; what it may do is left out."""
        return {f'{self.id}Role': self.made('AWS::IAM::Role', {})}

    def conditional(self, value: dict[str, Any]) -> At:
        """A value that is there only if the function or state machine is."""
        condition = _get(self.source.body, 'Condition')
        if condition is None:
            return At(self.place, value)
        choice = [condition.value, At(self.place, value), _NO_VALUE]
        return At(self.place, {'Fn::If': choice})


class _Route(NamedTuple):
    event: _Event
    path: str
    method: str
    operation: At


class _Expansion:
    def __init__(self, template: dict[str, Any], resources: dict[str, Any]) -> None:
        self.template = At((), template)
        self.written = resources
        self.resources = {
            name: _at(body, ('Resources', name))
            for name, body in resources.items() if isinstance(name, str)
        }
        self.routes: dict[str, list[_Route]] = {}
        self.notifications: dict[str, list[At]] = {}

    def run(self) -> Resources:
        parts: dict[str, Resources] = {name: {name: body} for name, body in self.written.items()}
        apis = []
        for name, body in self.resources.items():
            type_ = _text(_get(body, 'Type')) or ''
            convert = _TYPES.get(type_)
            properties = _get(body, 'Properties') or At((*body.place, 'Properties'), {})
            if convert is None or not isinstance(properties.value, dict):
                continue
            source = _Source(name, body, self.with_globals(type_, body, properties))
            if convert in (_rest_api, _http_api):
                apis.append((convert, source))
            else:
                parts[name] = _propagated(source, convert(source, self))
        for convert, source in apis:  # last, because the functions give them their routes
            parts[source.id] = _propagated(source, convert(source, self))
        for kind, name in IMPLICIT_APIS.items():
            if name in self.routes and name not in self.resources:
                source = self.implicit_api(kind, name)
                cause = self.routes[name][0].event.source.id
                convert = _TYPES[f'AWS::Serverless::{kind}']
                parts[cause].update(_propagated(source, convert(source, self)))
        for name, added in self.notifications.items():
            if parts[name].get(name) is self.written[name]:
                parts[name] = {name: _notified(self.resources[name], added)}
        return {  # what the author wrote is never lost to an id that SAM makes up
            made: body for name, part in parts.items() for made, body in part.items()
            if made == name or made not in self.written
        }

    def with_globals(self, type_: str, body: At, properties: At) -> At:
        general = _get(self.template, 'Globals', type_.rpartition('::')[2])
        ignored = _get(body, 'IgnoreGlobals')
        if general is None or _text(ignored) == '*':
            return properties
        if ignored is not None:
            names = [item.value for item in _items(ignored)]
            general = At(general.place, {k: v for k, v in _entries(general) if k not in names})
        return _merged(general, properties)

    def default(self, node: At | None) -> str | None:
        """A literal string, or the default of the parameter that stands for it."""
        name = _text(_get(node, 'Ref'))
        if name is not None:
            node = _get(self.template, 'Parameters', name, 'Default')
        return _text(node)

    def events(
            self,
            source: _Source,
            arn: dict[str, Any],
            name: dict[str, Any],
            kinds: Mapping[str, _EventConverter],
    ) -> Resources:
        result: Resources = {}
        for key, event in _entries(source.get('Events')):
            kind = _text(_get(event, 'Type')) or ''
            properties = _get(event, 'Properties') or At((*event.place, 'Properties'), {})
            if kind in kinds and isinstance(properties.value, dict):
                result.update(kinds[kind](_Event(
                    source, f'{source.id}{key}', kind, event.place, properties, arn, name,
                    kinds is _MACHINE_EVENTS,
                ), self))
        return result

    def implicit_api(self, kind: str, name: str) -> _Source:
        """The API that SAM makes for events that name none."""
        events = [route.event for route in self.routes[name]]
        place = events[0].place
        properties: dict[str, Any] = {'StageName': At(place, 'Prod')} if kind == 'Api' else {}
        tags: dict[str, Any] = {}
        for event in events:
            if _is_propagating(event.source):
                own = _get(event.source.body, 'Properties', 'Tags')
                tags.update(_entries(own or event.source.get('Tags')))
        if tags:
            properties |= {'Tags': At(place, tags), 'PropagateTags': At(place, True)}
        conditions = [_get(event.source.body, 'Condition') for event in events]
        # Several conditions would need an Fn::Or that the template has no name for.
        is_one = len({_text(condition) for condition in conditions}) == 1
        body = At(place, {'Condition': conditions[0]} if is_one and conditions[0] else {})
        type_ = f'AWS::Serverless::{kind}'
        return _Source(name, body, self.with_globals(type_, body, At(place, properties)))


def _is_propagating(source: _Source) -> bool:
    flag = source.get('PropagateTags')
    return flag is not None and as_flag(flag.value) is True


def _propagated(source: _Source, made: Resources) -> Resources:
    tags = source.get('Tags')
    if tags is None or not tags.value or not _is_propagating(source):
        return made
    listed = _tags(tags, '')
    return {
        name: _put(body, ('Properties', 'Tags'), listed)
        if body.value['Type'] in _TAGGED else body
        for name, body in made.items()
    }


def _notified(bucket: At, added: list[At]) -> At:
    way = ('Properties', 'NotificationConfiguration', 'LambdaConfigurations')
    present = _get(bucket, *way)
    if present is None:
        return _put(bucket, way, added)
    if not isinstance(present.value, list):
        return bucket
    known = [bare(item) for item in present.value]
    new = [item for item in added if bare(item) not in known]
    return _put(bucket, way, At(present.place, [*_items(present), *new]))


# --- SAM types


def _function(source: _Source, expansion: _Expansion) -> Resources:
    properties = _pick(source.properties, _FUNCTION)
    inline, image = source.get('InlineCode'), source.get('ImageUri')
    location = source.get('CodeUri')
    if _text(source.get('PackageType')) == 'Image':
        inline = location = None
    if inline is not None:
        properties['Code'] = At(inline.place, {'ZipFile': inline})
    elif location is not None:
        properties['Code'] = _each(location, _renamed(_CODE))
    elif image is not None:
        properties['Code'] = At(image.place, {'ImageUri': image})
    tracing = source.get('Tracing')
    if tracing is not None and tracing.value != 'Disabled':
        properties['TracingConfig'] = At(tracing.place, {'Mode': tracing})
    dead_letters = source.get('DeadLetterQueue')
    if dead_letters is not None:
        properties['DeadLetterConfig'] = _each(dead_letters, _renamed({'TargetArn': 'TargetArn'}))
    capacity = source.get('CapacityProviderConfig')
    if capacity is not None:
        properties['CapacityProviderConfig'] = At(capacity.place, {
            'LambdaManagedInstancesCapacityProviderConfig':
                _each(capacity, _renamed(_CAPACITY_OF_FUNCTION)),
        })
    properties['Tags'] = _tags(source.get('Tags'), 'lambda:createdBy')
    properties['Role'], role = _execution_role(source, properties['Tags'])

    made: Resources = {source.id: source.itself('AWS::Lambda::Function', properties)}
    arn, name = _arn_of(source.id), {'Ref': source.id}
    alias = source.get('AutoPublishAlias')
    if alias is not None:
        published = _alias(source, alias, expansion.default(alias) or '')
        made |= published
        arn = name = {'Ref': list(published)[-1]}
    url = source.get('FunctionUrlConfig')
    if url is not None:
        made[f'{source.id}Url'] = source.made('AWS::Lambda::Url', url.place, {
            'TargetFunctionArn': name, **_pick(url, _named('AuthType Cors InvokeMode')),
        })
    made |= _invoke_config(source, alias)
    return made | role | expansion.events(source, arn, name, _FUNCTION_EVENTS)


def _alias(source: _Source, alias: At, name: str) -> Resources:
    """The version and the alias of AutoPublishAlias; SAM puts a hash after the version's id."""
    version_id = f'{source.id}Version'
    alias_id = f'{source.id}Alias{name.replace("-", "D").replace("_", "U")}'
    kept = 'Retain' if source.get('CapacityProviderConfig') is None else 'Delete'
    described = _pick(source.properties, {'VersionDescription': 'Description'})
    if kept == 'Delete':
        described |= _pick(source.properties, _named('FunctionScalingConfig'))
    return {
        version_id: source.made(
            'AWS::Lambda::Version', alias.place,
            {'FunctionName': {'Ref': source.id}, **described},
            DeletionPolicy=source.get('VersionDeletionPolicy') or kept,
        ),
        alias_id: source.made('AWS::Lambda::Alias', alias.place, {
            'Name': alias, 'FunctionName': {'Ref': source.id},
            'FunctionVersion': {'Fn::GetAtt': [version_id, 'Version']},
            **_pick(source.properties, _named('ProvisionedConcurrencyConfig')),
        }),
    }


def _invoke_config(source: _Source, alias: At | None) -> Resources:
    config = source.get('EventInvokeConfig')
    if config is None:
        return {}
    name = f'{source.id}EventInvokeConfig'
    made: Resources = {}
    destinations: dict[str, Any] = {}
    for outcome in ('OnSuccess', 'OnFailure'):
        written = _get(config, 'DestinationConfig', outcome)
        if written is None:
            continue
        kind = _text(_get(written, 'Type'))
        arn = _get(written, 'Destination')
        if kind in ('SQS', 'SNS'):
            target = f'{name}{outcome}{"Queue" if kind == "SQS" else "Topic"}'
            created = _arn_of(target) if kind == 'SQS' else {'Ref': target}
            arn, is_needed = _filled(arn, At(written.place, created))
            if is_needed:
                type_ = 'AWS::SQS::Queue' if kind == 'SQS' else 'AWS::SNS::Topic'
                made[target] = source.made(type_, written.place, {})
        destinations[outcome] = At(written.place, {} if arn is None else {'Destination': arn})
    properties = {
        'FunctionName': {'Ref': source.id}, 'Qualifier': alias or '$LATEST',
        **_pick(config, _named('MaximumEventAgeInSeconds MaximumRetryAttempts')),
    }
    if destinations:
        place = (*config.place, 'DestinationConfig')
        properties['DestinationConfig'] = At(place, destinations)
    return {**made, name: source.made('AWS::Lambda::EventInvokeConfig', config.place, properties)}


def _filled(node: At | None, made: At) -> tuple[At, bool]:
    """`made` where nothing is written or a branch of Fn::If is AWS::NoValue; whether it was."""
    if node is None:
        return made, True
    used = []

    def fill(branch: At) -> At:
        if branch.value == _NO_VALUE and branch is not node:
            used.append(branch)
            return At(branch.place, made.value)
        return branch

    return _each(node, fill), bool(used)


def _execution_role(source: _Source, tags: Any) -> tuple[Any, Resources]:
    """The value of Role, and the role itself where SAM makes it."""
    role_id = f'{source.id}Role'
    arn, is_needed = _filled(source.get('Role'), At(source.body.place, _arn_of(role_id)))
    if not is_needed:
        return arn, {}
    properties = {**_pick(source.properties, _ROLE), 'Tags': tags}
    given = source.get('Policies')
    inline: list[At] = []
    managed: list[At] = []
    for index, policy in enumerate(_items(given) or ([] if given is None else [given])):
        plain: list[At] = []

        def named(node: At, name: str = f'{role_id}Policy{index}', plain: list[At] = plain) -> At:
            if not _is_plain(node):
                return node
            plain.append(node)
            if 'Statement' not in node.value:
                return node  # a SAM policy template, kept as written
            return At(node.place, {'PolicyName': name, 'PolicyDocument': node})

        policy = _each(policy, named)
        (inline if plain else managed).append(policy)
    if inline:
        properties['Policies'] = inline
    if managed:
        properties['ManagedPolicyArns'] = managed
    place = source.body.place if given is None else given.place
    return arn, {role_id: source.made('AWS::IAM::Role', place, properties)}


def _state_machine(source: _Source, expansion: _Expansion) -> Resources:
    properties = _pick(source.properties, _STATE_MACHINE)
    uri = source.get('DefinitionUri')
    if uri is not None:
        location = _each(uri, _renamed(_LOCATION))
        is_local = location is uri
        properties['DefinitionUri' if is_local else 'DefinitionS3Location'] = location
    properties['Tags'] = _tags(source.get('Tags'), 'stateMachine:createdBy')
    properties['RoleArn'], role = _execution_role(source, properties['Tags'])
    made: Resources = {
        source.id: source.itself('AWS::StepFunctions::StateMachine', properties), **role,
    }
    arn = {'Ref': source.id}
    alias = source.get('AutoPublishAlias')
    if alias is not None:
        version_id, alias_id = f'{source.id}Version', f'{source.id}Alias{_text(alias) or ""}'
        made[version_id] = source.made(
            'AWS::StepFunctions::StateMachineVersion', alias.place, {
                'StateMachineArn': arn,
                'StateMachineRevisionId': {'Fn::GetAtt': [source.id, 'StateMachineRevisionId']},
            }, DeletionPolicy='Retain', UpdateReplacePolicy='Retain',
        )
        deployment = source.get('DeploymentPreference') or At(alias.place, {'Type': 'ALL_AT_ONCE'})
        made[alias_id] = source.made('AWS::StepFunctions::StateMachineAlias', alias.place, {
            'Name': alias,
            'DeploymentPreference': _put(
                deployment, ('StateMachineVersionArn',), {'Ref': version_id},
            ),
        })
        flag = source.get('UseAliasAsEventTarget')
        if flag is not None and as_flag(flag.value):
            arn = {'Ref': alias_id}
    return made | expansion.events(source, arn, arn, _MACHINE_EVENTS)


def _simple_table(source: _Source, expansion: _Expansion) -> Resources:
    properties = _pick(source.properties, _TABLE)
    key = source.get('PrimaryKey')
    name: Any = _get(key, 'Name') or 'id'
    kind: Any = _get(key, 'Type') or 'S'
    if isinstance(kind, At) and isinstance(kind.value, str):
        short = {'String': 'S', 'Number': 'N', 'Binary': 'B'}
        kind = At(kind.place, short.get(kind.value, kind.value))
    place = (*source.properties.place, 'PrimaryKey') if key is None else key.place
    properties['AttributeDefinitions'] = At(
        place, [At(place, {'AttributeName': name, 'AttributeType': kind})],
    )
    properties['KeySchema'] = At(place, [At(place, {'AttributeName': name, 'KeyType': 'HASH'})])
    throughput = source.get('ProvisionedThroughput')
    if throughput is not None and throughput.value:
        properties['ProvisionedThroughput'] = throughput
    else:
        properties['BillingMode'] = 'PAY_PER_REQUEST'
    tags = source.get('Tags')
    if tags is not None:
        properties['Tags'] = _tags(tags, '')
    return {source.id: source.itself('AWS::DynamoDB::Table', properties)}


def _layer_version(source: _Source, expansion: _Expansion) -> Resources:
    """SAM puts a hash after the logical id; here it stays, so that references find it."""
    properties = {'LayerName': source.id, **_pick(source.properties, _LAYER)}
    content = source.get('ContentUri')
    if content is not None:
        properties['Content'] = _each(content, _renamed(_CODE))
    layer = source.itself('AWS::Lambda::LayerVersion', properties, DeletionPolicy='Retain')
    retention = source.get('RetentionPolicy')
    if retention is not None and isinstance(retention.value, str):
        kept = At(retention.place, retention.value.capitalize())
        layer = _put(layer, ('DeletionPolicy',), kept)
    return {source.id: layer}


def _application(source: _Source, expansion: _Expansion) -> Resources:
    properties = _pick(source.properties, _STACK)
    location = source.get('Location')
    if location is not None and not _is_plain(location):
        properties['TemplateURL'] = location
    properties['Tags'] = _tags(source.get('Tags'), 'lambda:createdBy')
    return {source.id: source.itself('AWS::CloudFormation::Stack', properties)}


def _capacity_provider(source: _Source, expansion: _Expansion) -> Resources:
    properties = _pick(source.properties, _CAPACITY_PROVIDER)
    made: Resources = {}
    operator = source.get('OperatorRole')
    if operator is None:
        role_id = f'{source.id}OperatorRole'
        made[role_id] = source.made('AWS::IAM::Role', source.body.place, {})
        operator = At(source.body.place, _arn_of(role_id))
    properties['PermissionsConfig'] = {'CapacityProviderOperatorRoleArn': operator}
    instances = source.get('InstanceRequirements')
    if instances is not None:
        properties['InstanceRequirements'] = _each(instances, _renamed(_INSTANCES))
    scaling = source.get('ScalingConfig')
    if scaling is not None:
        average = _get(scaling, 'AverageCPUUtilization')
        scaled = {
            **_pick(scaling, _named('MaxVCpuCount')),
            'ScalingMode': 'Auto' if average is None else 'Manual',
        }
        if average is not None:
            metric = 'LambdaCapacityProviderAverageCPUUtilization'
            scaled['ScalingPolicies'] = [
                At(average.place, {'PredefinedMetricType': metric, 'TargetValue': average}),
            ]
        properties['CapacityProviderScalingConfig'] = At(scaling.place, scaled)
    properties['Tags'] = _tags(source.get('Tags'), 'lambda:createdBy')
    return {source.id: source.itself('AWS::Lambda::CapacityProvider', properties), **made}


def _stage_id(api: str, stage: str) -> str:
    if stage.isalnum() or not stage:
        return f'{api}{stage}Stage'
    import hashlib  # only here, since start-up counts
    name = stage.encode('utf-8', 'surrogatepass')
    return f'{api}Stage{hashlib.sha1(name, usedforsecurity=False).hexdigest()[:10]}'


def _definition(source: _Source, expansion: _Expansion, head: dict[str, str]) -> dict[str, Any]:
    """Body or BodyS3Location: as written, else with the routes that events declare."""
    uri = source.get('DefinitionUri')
    if uri is not None:
        return {'BodyS3Location': _each(uri, _renamed(_LOCATION))}
    body = source.get('DefinitionBody')
    if body is not None:
        return {'Body': body}
    paths: dict[str, dict[str, At]] = {}
    for route in expansion.routes.get(source.id, ()):
        paths.setdefault(route.path, {})[route.method] = route.operation
    return {'Body': {**head, 'paths': paths}}


def _rest_api(source: _Source, expansion: _Expansion) -> Resources:
    properties = _pick(source.properties, _REST_API)
    properties |= _definition(source, expansion, {'swagger': '2.0'})
    endpoint = source.get('EndpointConfiguration')
    if endpoint is not None:
        kind = _get(endpoint, 'Type') or endpoint
        properties['EndpointConfiguration'] = At(endpoint.place, {
            'Types': At(kind.place, [At(kind.place, kind.value)]), **_pick(endpoint, _ENDPOINT),
        })
    stage = {'RestApiId': {'Ref': source.id}, **_pick(source.properties, _REST_STAGE)}
    tags = source.get('Tags')
    if tags is not None:
        stage['Tags'] = _tags(tags, '')
    name = _text(source.get('StageName')) or ''
    place = (*source.properties.place, 'StageName') if 'StageName' not in stage else (
        stage['StageName'].place
    )
    return {
        source.id: source.itself('AWS::ApiGateway::RestApi', properties),
        _stage_id(source.id, name): source.made('AWS::ApiGateway::Stage', place, stage),
    }


def _http_api(source: _Source, expansion: _Expansion) -> Resources:
    properties = _pick(source.properties, _named('FailOnWarnings'))
    properties |= _definition(source, expansion, {'openapi': '3.0.1'})
    stage_name = source.get('StageName')
    name = '$default' if stage_name is None else _text(stage_name) or ''
    stage = {
        'ApiId': {'Ref': source.id}, 'StageName': stage_name or name, 'AutoDeploy': True,
        **_pick(source.properties, _HTTP_STAGE),
    }
    tags = source.get('Tags') or At(source.properties.place, {})
    body = source.get('DefinitionBody')
    if 'Body' in properties and (body is None or _is_plain(body)):
        tags = _put(tags, ('httpapi:createdBy',), 'SAM')
        properties['Tags'] = tags  # SAM writes them into the Body, to the same effect
    if tags.value:
        stage['Tags'] = tags
    stage_id = _stage_id(source.id, name)
    if name == '$default':
        stage_id = f'{source.id}ApiGatewayDefaultStage'
    place = source.body.place if stage_name is None else stage_name.place
    return {
        source.id: source.itself('AWS::ApiGatewayV2::Api', properties),
        stage_id: source.made('AWS::ApiGatewayV2::Stage', place, stage),
    }


# --- events


def _dead_letters(event: _Event) -> tuple[dict[str, Any], Resources]:
    """DeadLetterConfig of a rule or schedule, and the queue where SAM makes one."""
    config = event.get('DeadLetterConfig')
    if config is None:
        return {}, {}
    if _get(config, 'Arn') is not None or _get(config, 'Type') is None:
        return {'DeadLetterConfig': config}, {}
    queue = _text(_get(config, 'QueueLogicalId')) or f'{event.id}Queue'
    return (
        {'DeadLetterConfig': At(config.place, {'Arn': _arn_of(queue)})},
        {queue: event.source.made('AWS::SQS::Queue', config.place, {})},
    )


def _rule(event: _Event, expansion: _Expansion) -> Resources:
    names = _SCHEDULED_RULE if event.kind == 'Schedule' else _PATTERN_RULE
    properties = _pick(event.properties, names)
    enabled = event.get('Enabled')
    if enabled is not None:  # an intrinsic function counts as true, as it does for SAM
        state = 'DISABLED' if as_flag(enabled.value) is False else 'ENABLED'
        properties['State'] = At(enabled.place, state)
    suffix = 'StepFunctionsTarget' if event.is_machine else 'LambdaTarget'
    target: dict[str, Any] = {
        'Arn': event.arn,
        'Id': event.get('Target', 'Id') or event.id[:64 - len(suffix)] + suffix,
        **_pick(event.properties, _RULE_TARGET),
    }
    made: Resources = {}
    if event.is_machine:
        made = {} if event.get('RoleArn') is not None else event.role()
        target['RoleArn'] = event.get('RoleArn') or _arn_of(f'{event.id}Role')
    dead_letters, queue = _dead_letters(event)
    properties['Targets'] = [At(event.place, {**target, **dead_letters})]
    return {event.id: event.made('AWS::Events::Rule', properties), **made, **queue}


def _schedule(event: _Event, expansion: _Expansion) -> Resources:
    properties: dict[str, Any] = {
        'Name': event.id, 'FlexibleTimeWindow': {'Mode': 'OFF'},
        **_pick(event.properties, _SCHEDULER),
    }
    omitted = event.get('OmitName')
    if omitted is not None and as_flag(omitted.value):
        del properties['Name']
    dead_letters, queue = _dead_letters(event)
    role = {} if event.get('RoleArn') is not None else event.role()
    properties['Target'] = At(event.place, {
        'Arn': event.arn, 'RoleArn': _arn_of(f'{event.id}Role'),
        **_pick(event.properties, _SCHEDULER_TARGET), **dead_letters,
    })
    return {event.id: event.made('AWS::Scheduler::Schedule', properties), **role, **queue}


def _mapping(event: _Event, expansion: _Expansion) -> Resources:
    properties = {'FunctionName': event.name, **_pick(event.properties, _MAPPING)}
    servers = event.get('KafkaBootstrapServers')
    if servers is not None:
        endpoints = At(servers.place, {'KafkaBootstrapServers': servers})
        properties['SelfManagedEventSource'] = At(servers.place, {'Endpoints': endpoints})
    if event.kind in _KAFKA:
        config = _pick(event.properties, _named('ConsumerGroupId SchemaRegistryConfig'))
        if config:
            properties[_KAFKA[event.kind]] = config
    if event.kind == 'DocumentDB':
        properties['DocumentDBEventSourceConfig'] = _pick(
            event.properties, _named('DatabaseName CollectionName FullDocument'),
        )
    failure = event.get('DestinationConfig', 'OnFailure')
    if failure is not None and _is_plain(failure):  # Type is there for SAM's policies only
        kept = At(failure.place, _pick(failure, _named('Destination')))
        properties['DestinationConfig'] = _put(
            properties['DestinationConfig'], ('OnFailure',), kept,
        )
    return {event.id: event.made('AWS::Lambda::EventSourceMapping', properties)}


def _subscription(event: _Event, expansion: _Expansion) -> Resources:
    properties = _pick(event.properties, _SUBSCRIPTION)
    through = event.get('SqsSubscription')
    if through is None or as_flag(through.value) is False:
        properties |= {'Protocol': 'lambda', 'Endpoint': event.arn}
        return {event.id: event.made('AWS::SNS::Subscription', properties)}
    made: Resources = {}
    queue: Any = _get(through, 'QueueArn')
    if queue is None:
        queue = _arn_of(f'{event.id}Queue')
        topic = expansion.resources.get(_referred(event.get('Topic')) or '')
        fifo = _pick(_get(topic, 'Properties'), {'FifoTopic': 'FifoQueue'})
        made[f'{event.id}Queue'] = event.source.made('AWS::SQS::Queue', through.place, fifo)
    properties |= {'Protocol': 'sqs', 'Endpoint': queue}
    made[event.id] = event.made('AWS::SNS::Subscription', properties)
    made[f'{event.id}EventSourceMapping'] = event.source.made(
        'AWS::Lambda::EventSourceMapping', through.place, {
            'FunctionName': event.name, 'EventSourceArn': queue, 'Enabled': True,
            'BatchSize': _get(through, 'BatchSize') or 10,
        },
    )
    return made


def _bucket(event: _Event, expansion: _Expansion) -> Resources:
    bucket = _text(_get(event.get('Bucket'), 'Ref'))
    kinds = event.get('Events')
    if bucket in expansion.resources and kinds is not None:
        notifications = expansion.notifications.setdefault(bucket, [])
        for kind in _items(kinds) or [kinds]:
            notifications.append(event.conditional({
                'Function': event.arn, 'Event': kind, **_pick(event.properties, _named('Filter')),
            }))
    return {}


def _log_filter(event: _Event, expansion: _Expansion) -> Resources:
    return {event.id: event.made('AWS::Logs::SubscriptionFilter', {
        **_pick(event.properties, _named('LogGroupName FilterPattern')),
        'DestinationArn': event.arn,
    })}


def _topic_rule(event: _Event, expansion: _Expansion) -> Resources:
    return {event.id: event.made('AWS::IoT::TopicRule', {'TopicRulePayload': {
        **_pick(event.properties, _named('Sql AwsIotSqlVersion')), 'RuleDisabled': False,
        'Actions': [{'Lambda': {'FunctionArn': event.arn}}],
    }})}


def _route(event: _Event, expansion: _Expansion) -> Resources:
    api_key = 'RestApiId' if event.kind == 'Api' else 'ApiId'
    api = event.get(api_key)
    name = IMPLICIT_APIS[event.kind] if api is None else (
        _text(_get(api, 'Ref')) or _text(api) or ''
    )
    path, method = _text(event.get('Path')), _text(event.get('Method'))
    if event.kind == 'HttpApi' and path is None and method is None:
        path, method = '$default', 'any'
    if path is not None and method is not None:
        method = method.lower()
        method = 'x-amazon-apigateway-any-method' if method == 'any' else method
        operation = {'x-amazon-apigateway-integration': _integration(event)}
        route = _Route(event, path, method, event.conditional(operation))
        expansion.routes.setdefault(name, []).append(route)
    return event.role() if event.is_machine else {}


def _integration(event: _Event) -> dict[str, Any]:
    head = 'arn:${AWS::Partition}:apigateway:${AWS::Region}:'
    if event.is_machine:
        started = '{"input": "$input.json(\'$\')", "stateMachineArn": "${%s}"}'
        template = {'Fn::Sub': started % event.arn['Ref']}
        return {
            'type': 'aws', 'httpMethod': 'POST', 'credentials': _arn_of(f'{event.id}Role'),
            'uri': {'Fn::Sub': f'{head}states:action/StartExecution'},
            'requestTemplates': {'application/json': template},
        }
    called = event.arn.get('Ref') or '.'.join(event.arn['Fn::GetAtt'])
    invoke = f'lambda:path/2015-03-31/functions/${{{called}}}/invocations'
    timed = _pick(event.properties, {
        'TimeoutInMillis': 'timeoutInMillis', 'PayloadFormatVersion': 'payloadFormatVersion',
    })
    return {
        'type': 'aws_proxy', 'httpMethod': 'POST', 'uri': {'Fn::Sub': f'{head}{invoke}'}, **timed,
    }


_Converter = Callable[[_Source, _Expansion], Resources]
_EventConverter = Callable[[_Event, _Expansion], Resources]


_TYPES: dict[str, _Converter] = {
    'AWS::Serverless::Api': _rest_api,
    'AWS::Serverless::Application': _application,
    'AWS::Serverless::CapacityProvider': _capacity_provider,
    'AWS::Serverless::Function': _function,
    'AWS::Serverless::HttpApi': _http_api,
    'AWS::Serverless::LayerVersion': _layer_version,
    'AWS::Serverless::SimpleTable': _simple_table,
    'AWS::Serverless::StateMachine': _state_machine,
}
_MACHINE_EVENTS: dict[str, _EventConverter] = {
    'Api': _route,
    'CloudWatchEvent': _rule,
    'EventBridgeRule': _rule,
    'Schedule': _rule,
    'ScheduleV2': _schedule,
}
_FUNCTION_EVENTS: dict[str, _EventConverter] = {
    **_MACHINE_EVENTS,
    **dict.fromkeys(
        ('DocumentDB', 'DynamoDB', 'Kinesis', 'MQ', 'MSK', 'SQS', 'SelfManagedKafka'), _mapping,
    ),
    'CloudWatchLogs': _log_filter,
    'HttpApi': _route,
    'IoTRule': _topic_rule,
    'S3': _bucket,
    'SNS': _subscription,
}
