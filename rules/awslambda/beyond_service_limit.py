from __future__ import annotations

from collections.abc import Iterator

from thera_lint.project import Project
from thera_lint.rule import Finding
from thera_lint.rule import Options
from thera_lint.rule import ResourceRule
from thera_lint.rules.awslambda import _limits
from thera_lint.template import Resource
from thera_lint.values import Path

_LIMITS: tuple[tuple[Path, int, str, str], ...] = (
    (('MemorySize',), _limits.MEMORY_MB, 'MB', ' of memory'),
    (('Timeout',), _limits.TIMEOUT_SECONDS, 's', ' a call'),
    (('EphemeralStorage', 'Size'), _limits.EPHEMERAL_STORAGE_MB, 'MB', ' of /tmp'),
)


class BeyondServiceLimit(ResourceRule):
    """A function asks for more than Lambda gives on demand.

    ## Why it costs

    A function that runs on demand has at most 10,240 MB of memory, 900 seconds and 10,240 MB of
    ephemeral storage. CloudFormation's schema allows more, for managed instances, so what checks a
    template by its schema says nothing: the deployment fails at this function and rolls back
    all that came with it. And the work was planned for a size that it can't have: what needs
    longer than 15 minutes must be split, or go to Step Functions, Glue, Batch or Fargate, which
    bill in other ways.

    ## When it is right

    On managed instances: with a CapacityProviderConfig the higher limits hold, and this rule says
    nothing. cfn-lint's E3717 finds a Timeout above 900 as well, and not the other two.

    ## References

    - https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
    - https://docs.aws.amazon.com/lambda/latest/dg/lambda-managed-instances.html
    """

    id = 'EC1017'
    resources = ('AWS::Lambda::Function',)
    remedy = 'stay within the limit, split the work, or configure a capacity provider'

    def check(self, resource: Resource, project: Project, options: Options) -> Iterator[Finding]:
        function = resource.properties
        if not function.absent('CapacityProviderConfig'):
            return
        for path, limit, unit, of in _LIMITS:
            holder = function if len(path) == 1 else function.map(str(path[0]))
            value = holder.number(str(path[-1])) if holder is not None else None
            if value is not None and value > limit:
                yield Finding(
                    path,
                    f'`{resource.logical_id}` asks for {value} {unit}{of}, and without a capacity '
                    f'provider a function gets at most {limit} {unit}: its deployment fails',
                )
