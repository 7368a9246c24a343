from __future__ import annotations

from collections.abc import Iterator

from thera_lint.project import Project
from thera_lint.rule import Cost
from thera_lint.rule import Finding
from thera_lint.rule import Options
from thera_lint.rule import ResourceRule
from thera_lint.rules.awslambda import _provisioned
from thera_lint.template import Resource

_TARGET = 'AWS::ApplicationAutoScaling::ScalableTarget'
_DIMENSION = 'lambda:function:ProvisionedConcurrency'


class FixedProvisionedConcurrency(ResourceRule):
    """Provisioned concurrency is kept at a fixed number around the clock.

    ## Why it costs

    Each provisioned execution bills its memory for every second that it is configured, also
    through the night and on days without one call; requests and duration come on top, the
    latter at a lower price. It pays for itself only where it is busy for about 60 % of the time:
    below that, the same calls are cheaper on demand. A scaling target, or a scheduled action
    of one, takes the executions away while nobody needs them.

    The sum in the message is exact: executions, times memory, times 730 hours.

    ## When it is right

    Where latency is promised around the clock and the load is steady, so that most of what is
    provisioned is busy; a measured utilisation (ProvisionedConcurrencyUtilization) above 60 %
    is the proof. Then it is cheaper than on demand.

    ## References

    - https://docs.aws.amazon.com/lambda/latest/dg/provisioned-concurrency.html
    - https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-lambda-alias-provisionedconcurrencyconfiguration.html
    - https://docs.aws.amazon.com/autoscaling/application/userguide/services-that-can-integrate-lambda.html
    - https://aws.amazon.com/lambda/pricing/
    """

    id = 'WC1005'
    resources = _provisioned.HOLDERS
    remedy = 'scale it (ScalableTarget, lambda:function:ProvisionedConcurrency), or remove it'

    def check(self, resource: Resource, project: Project, options: Options) -> Iterator[Finding]:
        count = _provisioned.count(resource)
        if count is None:
            yield from self._misnamed(resource, project)
            return
        if count <= 0 or _scaled(resource, project):
            return
        views = _provisioned.functions(resource, project)
        execution = _provisioned.execution(views)
        of = f' of `{views[0].logical_id}`' if views else ''
        monthly = execution.monthly(count)
        size = f'{execution.memory_mb} MB on {execution.architecture}'
        at = '' if monthly is None else f'at {size} that is '
        yield Finding(
            ('ProvisionedConcurrencyConfig', 'ProvisionedConcurrentExecutions'),
            f'`{resource.logical_id}` keeps {_executions(count)}{of} ready around the clock, and '
            f'no scaling target takes {"it" if count == 1 else "any"} away: '
            f'{at}{execution.said(count)} before the first call',
            Cost(execution.basis(count), monthly_usd=monthly),
        )

    def _misnamed(self, resource: Resource, project: Project) -> Iterator[Finding]:
        """A count in a property that does not exist, as cost guides write it."""
        config = resource.properties.map('ProvisionedConcurrencyConfig')
        if config is None or not config.absent('ProvisionedConcurrentExecutions'):
            return
        nested = config.map('ProvisionedConcurrencyConfig')
        inner, place = (nested, ('ProvisionedConcurrencyConfig',)) if nested else (config, ())
        for name in ('ProvisionedConcurrencyCount', 'ProvisionedConcurrentExecutions'):
            count = inner.number(name)
            if count is None or count <= 0:
                continue
            execution = _provisioned.execution(_provisioned.functions(resource, project))
            yield Finding(
                ('ProvisionedConcurrencyConfig', *place, name),
                f'`{resource.logical_id}` asks for {_executions(count)}, '
                f'{execution.said(count)}, in a form that CloudFormation rejects: the only '
                'property of ProvisionedConcurrencyConfig is ProvisionedConcurrentExecutions',
                Cost(execution.basis(count), monthly_usd=execution.monthly(count)),
            )


def _executions(count: float) -> str:
    return f'{count} provisioned execution{"" if count == 1 else "s"}'


def _scaled(resource: Resource, project: Project) -> bool:
    """Whether a scaling target of the run is, or may be, one for this alias or version."""
    for target in project.resources(_TARGET):
        dimension = target.properties.get('ScalableDimension')
        known = isinstance(dimension, str)
        if (dimension == _DIMENSION or not known) and target.agrees(resource):
            if _is_for(target, resource, project):
                return True
    return False


def _is_for(target: Resource, resource: Resource, project: Project) -> bool:
    scaled = target.properties.get('ResourceId')
    found = project.find(scaled, target.template, *_provisioned.HOLDERS)
    if found:
        return any(view in found for view in resource.template.views(resource.logical_id))
    # `function:⟨0/Pull⟩:live`: a part that is unknown may stand for this one.
    text = project.text(scaled, target.template)
    qualifier = text.rpartition(':')[2]
    behind = project.find(scaled, target.template, 'AWS::Lambda::Function')
    ours = _provisioned.functions(resource, project)
    if '⟨' not in text or behind and not any(one in ours for one in behind):
        return False
    return '⟨' in qualifier or project.name(resource).endswith(f':{qualifier}')
