"""What a bucket is for, as the documents of the run say; no rule itself."""
from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Any
from typing import NamedTuple

from thera_lint.project import Project
from thera_lint.project import Use
from thera_lint.template import Resource
from thera_lint.values import as_text
from thera_lint.values import Map
from thera_lint.values import Path
from thera_lint.values import Seq
from thera_lint.values import Text
from thera_lint.values import UNKNOWN
from thera_lint.values import Unknown

BUCKET = 'AWS::S3::Bucket'
DISTRIBUTION = 'AWS::CloudFront::Distribution'

# What these answer with is in the bucket, whatever its age.
_INDEXES = ('AWS::Bedrock::DataSource', 'AWS::Kendra::DataSource')

# Conditions by which everybody of a network may read.
_NETWORKS = frozenset((
    'aws:referer', 'aws:sourceip', 'aws:sourcevpc', 'aws:sourcevpce', 'aws:vpcsourceip',
))


def serves(bucket: Resource, project: Project) -> bool:
    """Whether it is a website, read by CloudFront or by everybody, or what a search finds."""
    properties = bucket.properties
    if not properties.absent('WebsiteConfiguration'):
        return True
    if properties.get('AccessControl') in ('PublicRead', 'PublicReadWrite'):
        return True
    for use in project.uses(bucket):
        if use.user.type == DISTRIBUTION and use.path[-1] in ('DomainName', 'DNSName'):
            return True
        if use.user.type in _INDEXES:
            return True
        if use.user.type == 'AWS::S3::BucketPolicy' and use.path == ('Bucket',):
            document = use.user.properties.map('PolicyDocument') or Map()
            if any(_publishes(one, use.user, project) for one in _items(document.get('Statement'))):
                return True
    # A literal endpoint names the bucket without referring to it.
    return not properties.absent('BucketName') and any(
        project.text(domain, distribution.template).startswith(f'{project.name(bucket)}.s3')
        for distribution in project.resources(DISTRIBUTION)
        for domain in _domains(distribution)
    )


def _domains(distribution: Resource) -> Iterator[Any]:
    config = distribution.properties.map('DistributionConfig') or Map()
    for _, origin in config.maps('Origins'):
        yield origin.get('DomainName')
    yield (config.map('S3Origin') or Map()).get('DNSName')


def _publishes(statement: Any, policy: Resource, project: Project) -> bool:
    """Whether a statement of a bucket policy lets CloudFront or everybody read objects."""
    if not isinstance(statement, Map) or statement.get('Effect') != 'Allow' or not any(
        isinstance(action, str) and fnmatchcase('s3:getobject', action.lower())
        for action in _items(statement.get('Action'))
    ):
        return False
    principal = statement.get('Principal')
    who = principal if isinstance(principal, Map) else Map()
    accounts = _items(who.get('AWS'))
    if principal == '*' or '*' in accounts:
        return statement.absent('Condition') or _only_by_network(statement)
    # An origin access control, or an origin access identity in either of its forms.
    return (
        'cloudfront.amazonaws.com' in _items(who.get('Service')) or
        'CanonicalUser' in who or
        any(
            ':user/CloudFront Origin Access Identity' in project.text(account, policy.template)
            for account in accounts if isinstance(account, (str, Unknown))
        )
    )


def _only_by_network(statement: Map) -> bool:
    """Whether all that it asks of a reader is a network, and it lets nobody write."""
    conditions = statement.map('Condition') or Map(open=True)
    if conditions.open or any(
        not isinstance(action, str) or not action.lower().startswith(('s3:get', 's3:list'))
        for action in _items(statement.get('Action'))
    ):
        return False
    return all(
        isinstance(one, Map) and not one.open and _NETWORKS.issuperset(map(str.lower, one))
        for one in conditions.values()
    )


def _items(value: Any) -> list[Any]:
    return value if isinstance(value, Seq) else [value]


# Who writes logs, and what lets nobody write anything but a replica.
_LOGGERS = frozenset((
    'cloudtrail.amazonaws.com', 'delivery.logs.amazonaws.com', 'logdelivery.elb.amazonaws.com',
    'logdelivery.elasticloadbalancing.amazonaws.com', 'logging.s3.amazonaws.com',
))
_HARMLESS = ('s3:get', 's3:list', 's3:objectowner', 's3:replicat')


class Logs(NamedTuple):
    """What somebody writes to a bucket, and where: "the access logs of `Cdn`", "cdn/"."""

    what: str
    prefix: Any


def logs(bucket: Resource, project: Project) -> list[Logs]:
    """The logs and pipeline artifacts that other resources of the run write to a bucket."""
    found = []
    own = bucket.properties.map('LoggingConfiguration')
    if own is not None and own.absent('DestinationBucketName'):
        found.append(Logs('its own access logs', _text(own, 'LogFilePrefix')))
    for use in project.uses(bucket):
        if use.user.type in _WRITERS and bucket.agrees(use.user):
            what, written = _WRITERS[use.user.type]
            found += [
                Logs(f'{what} of `{use.user.logical_id}`', prefix)
                for prefix in written(use.user.properties, use.path)
            ]
    return list(dict.fromkeys(found))


def only_logs(bucket: Resource, project: Project) -> bool:
    """Whether only AWS writes to it, and only logs: each once, in one small piece.

    Also where only the bucket's policy says so, or where it holds the replicas of such logs.
    Artifacts of a pipeline are uploaded by clients.
    """
    return _only_logs(bucket, project, frozenset())


def _only_logs(bucket: Resource, project: Project, seen: frozenset[str]) -> bool:
    own = bucket.properties.map('LoggingConfiguration')
    if own is not None and own.absent('DestinationBucketName'):
        return False  # logged is how its other objects are used
    is_written = False
    for use in project.uses(bucket):
        if use.user.type == BUCKET and use.path[0] == 'ReplicationConfiguration':
            known = seen | {bucket.logical_id}
            if use.user.logical_id in known or not _only_logs(use.user, project, known):
                return False
            is_written = True
        elif use.user.type in _WRITERS:
            _, written = _WRITERS[use.user.type]
            is_artifacts = use.user.type == 'AWS::CodePipeline::Pipeline'
            if is_artifacts or not any(True for _ in written(use.user.properties, use.path)):
                return False
            is_written = True
        else:
            writers = _writers(use)
            if writers is None or not _LOGGERS.issuperset(writers):
                return False
            # One policy is often written for all buckets; one whose use is logged holds data.
            is_written = is_written or bool(writers) and own is None
    return is_written


def _writers(use: Use) -> set[Any] | None:
    """The services that a policy which refers to a bucket lets write there; None if others may."""
    if use.path == ('Bucket',) and use.user.type == 'AWS::S3::BucketPolicy':
        return set()
    if 'Condition' in use.path:
        return set()
    if 'Resource' not in use.path:
        return None
    statement: Any = use.user.properties
    for key in use.path[:use.path.index('Resource')]:
        statement = statement[key]
    if not isinstance(statement, Map) or statement.get('Effect') == 'Deny':
        return set()
    actions = _items(statement.get('Action'))
    if all(isinstance(one, str) and one.lower().startswith(_HARMLESS) for one in actions):
        return set()
    principal = statement.get('Principal')
    if not isinstance(principal, Map) or principal.open or set(principal) != {'Service'}:
        return None
    return set(_items(principal['Service']))


def _text(raw: Map, key: str) -> Any:
    """A str or an Unknown; empty where nothing is written."""
    value = raw.get(key, '' if raw.absent(key) else UNKNOWN)
    return value if isinstance(value, (str, Unknown)) else as_text(value) or UNKNOWN


def _below(prefix: Any, folder: str) -> Any:
    """The folder that a service makes for itself below what it is told."""
    if not isinstance(prefix, str):
        return prefix
    return f'{prefix.strip("/")}/{folder}' if prefix.strip('/') else folder


def _of_bucket(properties: Map, path: Path) -> Iterator[Any]:
    if path == ('LoggingConfiguration', 'DestinationBucketName'):
        yield _text(properties['LoggingConfiguration'], 'LogFilePrefix')


def _of_distribution(properties: Map, path: Path) -> Iterator[Any]:
    if path == ('DistributionConfig', 'Logging', 'Bucket'):
        yield _text(properties['DistributionConfig']['Logging'], 'Prefix')


def _of_trail(properties: Map, path: Path) -> Iterator[Any]:
    if path == ('S3BucketName',):
        yield _below(_text(properties, 'S3KeyPrefix'), 'AWSLogs/')


def _of_flow_log(properties: Map, path: Path) -> Iterator[Any]:
    if path == ('LogDestination',) and properties.text('LogDestinationType') == 's3':
        # The bucket's ARN, without any slash, may go on with a folder.
        arn = properties['LogDestination']
        written = arn.shown('*') if isinstance(arn, Text) else arn
        folder = written.partition('/')[2] if isinstance(written, str) else ''
        yield UNKNOWN if '*' in folder else _below(folder, 'AWSLogs/')


def _of_classic_balancer(properties: Map, path: Path) -> Iterator[Any]:
    policy = properties.map('AccessLoggingPolicy')
    if policy is not None and path[-1] == 'S3BucketName' and policy.flag('Enabled'):
        yield _below(_text(policy, 'S3BucketPrefix'), 'AWSLogs/')


def _of_balancer(properties: Map, path: Path) -> Iterator[Any]:
    attributes = {one.text('Key'): one for _, one in properties.maps('LoadBalancerAttributes')}
    for kind in ('access_logs', 'connection_logs'):
        bucket, on, prefix = (
            attributes.get(f'{kind}.s3.{name}') for name in ('bucket', 'enabled', 'prefix')
        )
        if bucket is not None and on is not None and on.flag('Value') and (
            len(path) > 1 and properties['LoadBalancerAttributes'][path[1]] is bucket
        ):
            yield _below('' if prefix is None else _text(prefix, 'Value'), 'AWSLogs/')


def _of_pipeline(properties: Map, path: Path) -> Iterator[Any]:
    if path[-2:] == ('ArtifactStore', 'Location'):
        yield ''


_WRITERS = {
    'AWS::CloudFront::Distribution': ('the access logs', _of_distribution),
    'AWS::CloudTrail::Trail': ('the CloudTrail logs', _of_trail),
    'AWS::CodePipeline::Pipeline': ('the artifacts', _of_pipeline),
    'AWS::EC2::FlowLog': ('the VPC flow logs', _of_flow_log),
    'AWS::ElasticLoadBalancing::LoadBalancer': ('the access logs', _of_classic_balancer),
    'AWS::ElasticLoadBalancingV2::LoadBalancer': ('the logs', _of_balancer),
    'AWS::S3::Bucket': ('the access logs', _of_bucket),
}
