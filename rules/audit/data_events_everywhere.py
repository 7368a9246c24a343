from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from thera_lint.prices import dollars
from thera_lint.prices import price
from thera_lint.project import Project
from thera_lint.rule import Cost
from thera_lint.rule import Finding
from thera_lint.rule import Options
from thera_lint.rule import ResourceRule
from thera_lint.template import Resource
from thera_lint.values import Map
from thera_lint.values import Parameter
from thera_lint.values import Path
from thera_lint.values import Text

_KINDS = {
    'AWS::S3::Object': ('S3 bucket', 'read and write'),
    'AWS::Lambda::Function': ('Lambda function', 'call'),
    'AWS::DynamoDB::Table': ('DynamoDB table', 'read and write'),
}
_EVERY = re.compile(r'arn:[^:]+:(s3|lambda|dynamodb):*')
# Fields that leave everything in: which events are meant, and whether they read or write.
_WIDE = frozenset(('eventCategory', 'readOnly', 'resources.type'))


class DataEventsEverywhere(ResourceRule):
    """A trail that records the data events of everything in the account.

    ## Why it costs

    The first copy of management events is free, data events never are: each object read or
    written, each function called, each item put is an event. A pipeline that reads a million
    objects a day pays for a million events a day, and once more for the log files in S3 and
    for CloudWatch Logs, if they go there. On all buckets that includes the buckets that hold
    logs.

    ## When it is right

    Where an auditor asks for it: CIS AWS Foundations Benchmark and PCI DSS want object-level
    logging, of the buckets that hold what they protect. Name these buckets, functions or
    tables. A selector that names or leaves out some, or some events or callers, by
    resources.ARN, eventName or userIdentity.arn, is taken for a choice, and so is a type
    other than the three.

    ## References

    - https://docs.aws.amazon.com/awscloudtrail/latest/userguide/logging-data-events-with-cloudtrail.html
    - https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_DataResource.html
    - https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_AdvancedFieldSelector.html
    - https://aws.amazon.com/cloudtrail/pricing/
    """

    id = 'WC7023'
    resources = ('AWS::CloudTrail::Trail',)
    remedy = 'name the buckets, functions or tables whose data events somebody reads'

    def check(self, resource: Resource, project: Project, options: Options) -> Iterator[Finding]:
        if resource.properties.flag('IsLogging') is False:
            return
        usd = dollars(price('cloudtrail.data_event').usd)
        for path, kind, mode in (*_basic(resource.properties), *_advanced(resource.properties)):
            thing, events = _KINDS[kind]
            if events != 'call':
                events = {'ReadOnly': 'read', 'WriteOnly': 'write'}.get(mode or '', events)
            elif mode == 'ReadOnly':
                continue  # a call is a write event
            yield Finding(
                path,
                f'`{resource.logical_id}` records every {events} of every {thing} of the '
                f'account, {usd} for each 100,000',
                Cost(f'{usd} per 100,000 data events, us-east-1; usage decides the sum'),
            )


def _basic(trail: Map) -> Iterator[tuple[Path, str, str | None]]:
    """Where EventSelectors name everything of a type, that type, and which events of it."""
    for at, selector in trail.maps('EventSelectors'):
        for index, one in selector.maps('DataResources'):
            kind = one.text('Type')
            for number, value in enumerate(one.seq('Values') or ()):
                if kind in _KINDS and _EVERY.fullmatch(_arn(value)):
                    path = ('EventSelectors', at, 'DataResources', index, 'Values', number)
                    yield path, kind, selector.text('ReadWriteType')


def _advanced(trail: Map) -> Iterator[tuple[Path, str, str | None]]:
    """The same of AdvancedEventSelectors."""
    for at, selector in trail.maps('AdvancedEventSelectors'):
        fields: dict[str, Map] = {}
        conditions = selector.seq('FieldSelectors') or ()
        for one in conditions:
            if isinstance(one, Map) and not one.open and one.text('Field'):
                fields[one['Field']] = one
        arn = fields.pop('resources.ARN', None)
        if len(fields) + (arn is not None) != len(conditions) or not fields.keys() <= _WIDE:
            continue
        if arn is not None and not _any_arn(arn):
            continue
        if _only(fields, 'eventCategory') != ['Data']:
            continue
        read = fields.get('readOnly')
        if read is not None and _only(fields, 'readOnly') not in (['true'], ['false']):
            continue
        mode = {'true': 'ReadOnly', 'false': 'WriteOnly'}[read['Equals'][0]] if read else None
        for kind in _only(fields, 'resources.type') or ():
            if kind in _KINDS:
                yield ('AdvancedEventSelectors', at), kind, mode


def _only(fields: dict[str, Map], name: str) -> list[Any] | None:
    """The values that a field must equal, where that is all that is asked of it."""
    field = fields.get(name, Map())
    return field.seq('Equals') if field.keys() == {'Field', 'Equals'} else None


def _any_arn(field: Map) -> bool:
    """Whether a condition on resources.ARN holds for every ARN of the service."""
    return field.keys() == {'Field', 'StartsWith'} and any(
        _EVERY.fullmatch(_arn(value)) for value in field.seq('StartsWith') or ()
    )


def _arn(value: Any) -> str:
    """An ARN, its partition taken for `aws`; what else is unknown matches nothing."""
    parts = value.parts if isinstance(value, Text) else (value,)
    partition = Parameter('AWS::Partition')
    return ''.join(
        part if isinstance(part, str) else 'aws' if part == partition else '\0' for part in parts
    )
