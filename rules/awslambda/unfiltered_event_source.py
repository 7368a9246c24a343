from __future__ import annotations

from collections.abc import Iterator

from thera_lint.prices import dollars
from thera_lint.prices import price
from thera_lint.project import Project
from thera_lint.rule import Finding
from thera_lint.rule import Options
from thera_lint.rule import ResourceRule
from thera_lint.rules.awslambda import _callers
from thera_lint.template import Resource
from thera_lint.values import Map


class UnfilteredEventSource(ResourceRule):
    """A function is called for all records of a queue or stream.

    ## Why it costs

    A function that looks at a record and returns is paid for as one that works. FilterCriteria
    drop what it has no use for before it is called, at no charge: deletions in a table's stream,
    messages of another kind. Whether there is any such record, only a person knows.

    ## When it is right

    Where the function needs every record. This rule leaves alone what reads a dead letter queue,
    and a queue that is filled through a filter already: by a subscription with a FilterPolicy or
    a rule with an EventPattern.

    ## References

    - https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventfiltering.html
    - https://aws.amazon.com/lambda/pricing/
    """

    id = 'IC1011'
    resources = ('AWS::Lambda::EventSourceMapping',)
    remedy = 'add FilterCriteria that drop what the function has no use for'

    def check(self, resource: Resource, project: Project, options: Options) -> Iterator[Finding]:
        if not _is_unfiltered(resource.properties) or _callers.disabled(resource):
            return
        source = _callers.source(resource, project)
        if not source.kind or source.resource and _is_chosen(source.resource, project):
            return
        million = dollars(price('lambda.request').usd * 1e6)
        yield Finding(
            () if resource.properties.absent('FilterCriteria') else ('FilterCriteria',),
            f'{_callers.called(resource, project)} is called for all that {source.said} holds, '
            f'without FilterCriteria: a million calls for what it only drops cost {million} '
            f'and the time that they take',
        )


def _is_unfiltered(mapping: Map) -> bool:
    criteria = mapping.map('FilterCriteria')
    if criteria is None:
        return mapping.absent('FilterCriteria')
    return criteria.absent('Filters') or criteria.get('Filters') == []


def _is_chosen(queue: Resource, project: Project) -> bool:
    """Whether what is in a queue was chosen before: by a filter, or by having failed."""
    for user, path in project.uses(queue):
        if 'RedrivePolicy' in path or 'DeadLetterConfig' in path or 'OnFailure' in path:
            return True
        chosen_by = {'AWS::SNS::Subscription': 'FilterPolicy', 'AWS::Events::Rule': 'EventPattern'}
        key = chosen_by.get(user.type)
        if key is not None and not user.properties.absent(key):
            return True
    return False
