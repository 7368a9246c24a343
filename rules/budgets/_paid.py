"""What the rules share that ask whether anything watches the costs of a run; no rule itself."""
from __future__ import annotations

from typing import NamedTuple

from thera_lint.project import Project
from thera_lint.taggable import billable
from thera_lint.template import Resource
from thera_lint.template import Template

# These bill for what others send to them, or cents: alone they are no project to watch.
_TRIFLES = frozenset((
    'AWS::CloudWatch::Alarm',
    'AWS::CloudWatch::CompositeAlarm',
    'AWS::CloudWatch::Dashboard',
    'AWS::KMS::Key',
    'AWS::Logs::LogGroup',
    'AWS::Route53::HostedZone',
    'AWS::SNS::Topic',
    'AWS::SQS::Queue',
    'AWS::SecretsManager::Secret',
))

_MAX_FOLDERS = 20
"""A run with templates that bill in more of them is many projects, or a collection."""

_OPAQUE = ('AWS::CloudFormation::', 'AWS::Serverless::Application', 'Custom::')
"""What a resource of these makes is not in the template."""


class Paid(NamedTuple):
    """What bills in a run: where to say so, and how: `X` and 2 more resources (S3) bill."""

    first: Resource
    said: str


def paid(project: Project) -> Paid | None:
    """What bills in the run; None where that is no project to watch, or many.

    The first paid resource of the template that has the most of them stands for all.
    """
    billing = [one for one in project.templates if _paid(one)]
    if 2 * sum(map(_published, billing)) > len(billing):
        return None
    folders = {one.filename.replace('\\', '/').rpartition('/')[0] for one in billing}
    if len(folders) > _MAX_FOLDERS:
        return None
    every = [_paid(template) for template in billing]
    worth = [[one for one in ones if one.type not in _TRIFLES] for ones in every]
    main = max(worth, key=len, default=[])
    if not main:
        return None
    first, others = main[0], sum(map(len, every)) - 1
    and_others = f' and {others} more resource{"s" * (others > 1)}' if others else ''
    services = sorted({one.type.split('::')[1] for ones in every for one in ones})
    said = ', '.join(services) if len(services) <= 6 else f'{len(services)} services'
    return Paid(first, f'`{first.logical_id}`{and_others} ({said}) bill{"" if others else "s"}')


def declared(project: Project, word: str, *prefixes: str) -> bool:
    """Whether a resource of a type that begins so, or a foreign one named so, is in the run.

    A module, nested stack or custom resource is taken for what its name says.
    """
    for template in project.documents:
        for logical_id, kind in template.kinds.items():
            if kind.startswith(prefixes):
                return True
            if kind.startswith(_OPAQUE) or not kind.startswith('AWS::'):
                if word in f'{kind} {logical_id}'.lower():
                    return True
    return False


def _published(template: Template) -> bool:
    """Whether it is offered to others, in the Serverless Application Repository."""
    metadata = template.raw.get('Metadata')
    return isinstance(metadata, dict) and 'AWS::ServerlessRepo::Application' in metadata


def _paid(template: Template) -> list[Resource]:
    """The resources that bill on their own, as written, each in one of its views."""
    return [
        view for logical_id in template.declared
        if billable(template.kinds.get(logical_id, ''))
        for view in template.views(logical_id)[:1]
        if not _free(view)
    ]


def _free(resource: Resource) -> bool:
    """Whether a resource of a type that bills has the shape that does not."""
    if resource.type != 'AWS::EC2::VPCEndpoint':
        return False
    properties = resource.properties
    return properties.absent('VpcEndpointType') or properties.text('VpcEndpointType') == 'Gateway'
