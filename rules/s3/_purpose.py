"""What a bucket is for, as the documents of the run say; no rule itself."""
from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Any
from typing import NamedTuple

from thera_lint.project import Project
from thera_lint.template import Resource
from thera_lint.values import as_text
from thera_lint.values import Map
from thera_lint.values import Path
from thera_lint.values import Seq
from thera_lint.values import Text
from thera_lint.values import UNKNOWN
from thera_lint.values import Unknown

DISTRIBUTION = 'AWS::CloudFront::Distribution'


def serves(bucket: Resource, project: Project) -> bool:
    """Whether it is a website, read by CloudFront or by everybody."""
    properties = bucket.properties
    if not properties.absent('WebsiteConfiguration'):
        return True
    if properties.get('AccessControl') in ('PublicRead', 'PublicReadWrite'):
        return True
    for use in project.uses(bucket):
        if use.user.type == DISTRIBUTION and use.path[-1] in ('DomainName', 'DNSName'):
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
        return statement.absent('Condition')
    # An origin access control, or an origin access identity in either of its forms.
    return (
        'cloudfront.amazonaws.com' in _items(who.get('Service')) or
        'CanonicalUser' in who or
        any(
            ':user/CloudFront Origin Access Identity' in project.text(account, policy.template)
            for account in accounts if isinstance(account, (str, Unknown))
        )
    )


def _items(value: Any) -> list[Any]:
    return value if isinstance(value, Seq) else [value]


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
