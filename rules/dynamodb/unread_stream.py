from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from thera_lint.prices import dollars
from thera_lint.prices import price
from thera_lint.project import Project
from thera_lint.project import Use
from thera_lint.rule import Finding
from thera_lint.rule import Options
from thera_lint.rule import ResourceRule
from thera_lint.rules.dynamodb import _tables
from thera_lint.template import Resource
from thera_lint.values import Map
from thera_lint.values import Reference
from thera_lint.values import Seq
from thera_lint.values import Text
from thera_lint.values import Unknown

# What reads a stream by the ARN of the table, or does what no template says.
_READERS = ('AWS::CloudFormation::CustomResource', 'AWS::OSIS::Pipeline', 'Custom::')
_SOURCES = (('AWS::Lambda::EventSourceMapping', 'EventSourceArn'), ('AWS::Pipes::Pipe', 'Source'))


class UnreadStream(ResourceRule):
    """A table streams its changes and nothing reads them.

    ## Why it costs

    A stream without a reader is not billed. It is here because one of two things is wrong:
    the reader is missing, and what it was to do is done some dearer way, mostly by scanning
    the table; or the stream is left over, and whoever polls it one day is billed for each
    read (readers in Lambda are not).

    What counts as a reader is anything of the run that refers to the StreamArn, including an
    output, a pipe, a policy and an OpenSearch ingestion pipeline.

    ## When it is right

    Where the reader is found at run time, by DescribeTable, or is in another repository that
    is given the ARN by hand. A GlobalTable with more than one replica must have a stream.

    ## References

    - https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Streams.html
    - https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CostOptimization_StreamsUsage.html
    - https://aws.amazon.com/dynamodb/pricing/
    """

    id = 'IC5010'
    resources = _tables.TABLES
    remedy = 'remove StreamSpecification, or add what is to read it'

    def check(self, resource: Resource, project: Project, options: Options) -> Iterator[Finding]:
        if resource.properties.map('StreamSpecification') is None:
            return
        if resource.type == _tables.GLOBAL:
            replicas = resource.properties.seq('Replicas')
            if replicas is None or len(replicas) != 1 or not isinstance(replicas[0], Map):
                return
        outputs = resource.template.outputs
        if outputs.open or any(
                _streams(value, resource) for value in _leaves(outputs)
        ) or any(_reads(use, resource, project) for use in project.uses(resource)):
            return
        if _may_be_read(project):
            return
        million = price('ddb.streams.read').usd * 1e6
        yield Finding(
            ('StreamSpecification',),
            f'`{resource.logical_id}` streams its changes and nothing in this run reads, exports '
            f'or imports the stream: {dollars(million)} for each million reads once something '
            'outside Lambda polls it, and free until then',
        )


def _reads(use: Use, table: Resource, project: Project) -> bool:
    if use.user.type.startswith(_READERS):
        return True
    value: Any = use.user.properties
    for part in use.path:
        if isinstance(value, Map) and isinstance(part, str):
            value = value.get(part)
        elif isinstance(value, Seq) and isinstance(part, int):
            value = value[part]
        else:
            return False  # a state machine's definition, which reads the table and no stream
    if use.user.template is table.template and _streams(value, table):
        return True
    return '/stream/' in project.text(value, use.user.template)


def _streams(value: Any, table: Resource) -> bool:
    """Whether a value has the StreamArn in it."""
    parts = value.parts if isinstance(value, Text) else (value,)
    return Reference(table.logical_id, 'StreamArn') in parts


def _may_be_read(project: Project) -> bool:
    """Whether some source of the run may be any stream: nobody knows what it is."""
    return any(
        isinstance(value := resource.properties.get(key), Unknown) and
        not isinstance(value, Reference) and
        ':sqs:' not in project.text(value, resource.template) and
        ':kinesis:' not in project.text(value, resource.template) and
        not project.find(value, resource.template)
        for kind, key in _SOURCES for resource in project.resources(kind)
    )


def _leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, Map):
        for item in value.values():
            yield from _leaves(item)
    elif isinstance(value, list):
        for item in value:
            yield from _leaves(item)
    else:
        yield value
