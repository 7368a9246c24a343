from __future__ import annotations

from collections.abc import Iterator

from thera_lint.prices import dollars
from thera_lint.prices import HOURS_PER_MONTH
from thera_lint.prices import price
from thera_lint.project import Project
from thera_lint.rule import Cost
from thera_lint.rule import Finding
from thera_lint.rule import Options
from thera_lint.rule import ResourceRule
from thera_lint.rules.awslambda import _provisioned
from thera_lint.runtimes import has_snapstart
from thera_lint.template import Resource
from thera_lint.values import Map


class ProvisionedConcurrencyOverSnapstart(ResourceRule):
    """Provisioned concurrency is paid for on a runtime that has SnapStart.

    ## Why it costs

    Provisioned concurrency bills every execution that is kept ready, for every second, busy or
    not. SnapStart starts an execution from a snapshot that was taken when the version was
    published, often in less than a second, and as many as are needed. On Java it is free;
    on Python and .NET the snapshot bills its memory while the version exists, once and not for
    each execution, and every restore bills the memory that it restores.

    ## When it is right

    Where a restore, often below a second, is still too slow: provisioned concurrency answers in
    double-digit milliseconds. And where code can't be restored from a snapshot:
    it makes unique ids, secrets or connections while it initialises. SnapStart does not go with
    EFS, with more than 512 MB of ephemeral storage, with container images or with provisioned
    concurrency, so functions with those are left alone. Old versions keep their snapshots: delete
    them, or each goes on billing.

    ## References

    - https://docs.aws.amazon.com/lambda/latest/dg/snapstart.html
    - https://docs.aws.amazon.com/lambda/latest/dg/provisioned-concurrency.html
    - https://aws.amazon.com/lambda/pricing/
    """

    id = 'IC1006'
    resources = _provisioned.HOLDERS
    remedy = 'measure the function with SnapStart, and drop the provisioned concurrency'

    def check(self, resource: Resource, project: Project, options: Options) -> Iterator[Finding]:
        count = _provisioned.count(resource)
        if count is None or count <= 0:
            return
        views = _provisioned.functions(resource, project)
        if not views or not all(_can_have_snapstart(view.properties) for view in views):
            return
        function = views[0]
        runtime = function.properties['Runtime']
        execution = _provisioned.execution(views)
        gb_month = price('lambda.snapstart.cache').usd * 3600 * HOURS_PER_MONTH
        snapshot = 'at no charge'
        if not runtime.startswith('java'):
            gb = execution.memory_mb / 1024 if execution.memory_mb is not None else 1
            each = '' if execution.memory_mb is not None else ' for each GB of memory'
            snapshot = f'for {dollars(gb_month * gb)} a month{each} and version, and the restores'
        yield Finding(
            ('ProvisionedConcurrencyConfig', 'ProvisionedConcurrentExecutions'),
            f'`{resource.logical_id}` pays {execution.said(count)} to keep '
            f'`{function.logical_id}` warm, where {runtime} has SnapStart {snapshot}',
            Cost(execution.basis(count), monthly_usd=execution.monthly(count)),
        )


def _can_have_snapstart(function: Map) -> bool:
    runtime = function.text('Runtime')
    return runtime is not None and has_snapstart(runtime) and all(
        function.absent(name) for name in (
            'CapacityProviderConfig', 'EphemeralStorage', 'FileSystemConfigs', 'SnapStart',
        )
    )
