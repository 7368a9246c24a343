"""The tags that a resource carries, wherever its type keeps them, and which keys split costs."""
from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from typing import NamedTuple

from thera_lint.taggable import tag_property
from thera_lint.taggable import tags_fixed_at_creation
from thera_lint.template import Resource
from thera_lint.values import as_text
from thera_lint.values import Map
from thera_lint.values import Path
from thera_lint.values import Seq

# What AWS, SAM and CDK write themselves: nobody's project or cost centre.
_TOOLS = (
    'aws:', 'aws-cdk:', 'sam:',
    'lambda:createdBy', 'stateMachine:createdBy', 'httpapi:createdBy', 'websocketapi:createdBy',
)
_NAMES = {'openapi': ('name', 'x-amazon-apigateway-tag-value')}

# What AWS and deployment tools write, or read by that exact name. `Name` is what the console
# shows; costs are not split by it. Serverless Framework writes STAGE.
_NOT_OURS = re.compile(
    r'(aws|amazon|eks|elasticbeanstalk|alpha\.eksctl|k8s|karpenter|kubernetes|kubecost)'
    r'[\w.-]*[:/]|AmazonECSManaged$|name$|STAGE$',
    re.I,
)

REQUIRED = ('Project', 'Environment', 'CostCenter', 'Owner')
"""The keys that costs are split by, unless the configuration names others."""

CENTS = ('AWS::CloudWatch::Alarm', 'AWS::CloudWatch::CompositeAlarm')
"""Ten to fifty cents a month each, and often there are dozens: too little to be split."""


class Tag(NamedTuple):
    """One tag; `value` may be unknown, `path` is below Properties."""

    key: str
    value: Any
    path: Path


class TagSet(NamedTuple):
    """All tags at one place of a resource; `path` is where they stand, or would.

    `tags` are the user's own; None where there may be more than are known.
    """

    path: Path
    tags: list[Tag] | None


def tag_sets(resource: Resource) -> Iterator[TagSet]:
    """Every place at which tags put a resource's cost under a project.

    One for most types, one a replica for a global table; none for what bears no cost or no
    tags.
    """
    where = tag_property(resource.type)
    if where is None or _may_be_exempt(resource):
        return
    name, form = where
    elements = resource.properties.get(name)
    if form == 'nested' and isinstance(elements, Seq) and elements:
        for index, element in enumerate(elements):
            path = (name, index)
            if isinstance(element, Map):
                yield TagSet(path, _held(element, 'Tags', (*path, 'Tags'), 'list'))
            else:
                yield TagSet(path, None)
    else:
        tags = _held(resource.properties, name, (name,), form)
        if tags is not None and resource.type == 'AWS::ApiGatewayV2::Api':
            more = _in_definition(resource)
            tags = None if more is None else tags + more
        yield TagSet((name,), tags)


def of_stack(stack: Resource) -> list[Tag] | None:
    """The tags of an AWS::CloudFormation::Stack, which reach everything in it."""
    return _held(stack.properties, 'Tags', ('Tags',), 'list')


def ours(key: str) -> bool:
    """Whether costs may be split by a key."""
    return not _NOT_OURS.match(key)


def letters(key: str) -> str:
    """The same for every spelling: `costcenter` for `CostCenter` and `cost-center`."""
    return ''.join(letter for letter in key.casefold() if letter.isalnum())


def within(path: Path) -> str:
    """For a message: which element of a property tags belong to, where each has its own."""
    return f' in {path[0]}[{path[1]}]' if len(path) > 1 else ''


def too_late(resource: Resource) -> str:
    """For a message: a warning where tags cannot be added to what exists."""
    fixed = tags_fixed_at_creation(resource.type)
    return ', which takes tags only at creation,' if fixed else ''


def _held(holder: Map, name: str, path: Path, form: str) -> list[Tag] | None:
    value = holder.get(name)
    if value is None:
        return None if holder.open else []
    if form == 'items':
        return _held(value, 'Items', (*path, 'Items'), 'list') if isinstance(value, Map) else None
    tags: list[Tag] = []
    if form == 'map':
        if not isinstance(value, Map) or value.open:
            return None
        tags = [Tag(key, item, (*path, key)) for key, item in value.items()]
    else:
        if not isinstance(value, Seq):
            return None
        key_name, value_name = _NAMES.get(form, ('Key', 'Value'))
        for index, item in enumerate(value):
            key = as_text(item.get(key_name)) if isinstance(item, Map) else None
            if key is None:
                return None
            tags.append(Tag(key, item.get(value_name), (*path, index)))
    return [tag for tag in tags if not tag.key.startswith(_TOOLS)]


def _in_definition(api: Resource) -> list[Tag] | None:
    """The tags that an HTTP API takes from its OpenAPI definition; SAM writes them there.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-openapi-extensions-x-amazon-apigateway-tag-value.html
    """
    if not api.properties.absent('BodyS3Location'):
        return None
    body = api.properties.get('Body')
    if body is None:
        return []
    if not isinstance(body, Map):
        return None
    return _held(body, 'tags', ('Body', 'tags'), 'openapi')


def _may_be_exempt(resource: Resource) -> bool:
    """What costs nothing, or gets its tags elsewhere, in one of its shapes."""
    properties = resource.properties
    if resource.type == 'AWS::EC2::VPCEndpoint':
        kind = properties.get('VpcEndpointType') or 'Gateway'
        return not isinstance(kind, str) or kind == 'Gateway'
    if resource.type == 'AWS::ECS::Service':
        # Its tasks are what bills; these may carry the tags of their definition instead.
        # https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-using-tags.html
        source = properties.get('PropagateTags') or 'NONE'
        return not isinstance(source, str) or source == 'TASK_DEFINITION'
    return False
