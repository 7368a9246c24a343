from __future__ import annotations

from collections.abc import Iterator

from thera_lint import invokers
from thera_lint.prices import dollars
from thera_lint.prices import price
from thera_lint.project import Project
from thera_lint.rule import Cost
from thera_lint.rule import Finding
from thera_lint.rule import Options
from thera_lint.rule import ResourceRule
from thera_lint.rules.awslambda import _limits
from thera_lint.template import Resource

_FREE_MB = 512



class EphemeralStorageAboveDefault(ResourceRule):
    """A function is given more of /tmp than the 512 MB that are free.

    ## Why it costs

    Ephemeral storage above 512 MB bills by the GB-second, for as long as a call lasts, whether
    the file system is used or not. It is a small price, far below that of memory, and worth a
    look where the function runs for hours a day, or where a size was set once and forgotten.

    ## When it is right

    Where files are really that large: an archive to unpack, a model, a file to convert. It is
    cheaper than as much memory. Streaming from and to S3 needs neither.

    Functions on managed instances (CapacityProviderConfig), which are billed by the instance, and
    behind a custom resource or a macro, which only a deployment calls, are left alone.

    ## References

    - https://docs.aws.amazon.com/lambda/latest/dg/configuration-ephemeral-storage.html
    - https://aws.amazon.com/lambda/pricing/
    """

    id = 'IC1007'
    resources = ('AWS::Lambda::Function',)
    remedy = 'lower EphemeralStorage to what the function is measured to write'

    def check(self, resource: Resource, project: Project, options: Options) -> Iterator[Finding]:
        function = resource.properties
        storage = function.map('EphemeralStorage')
        size = storage.number('Size') if storage is not None else None
        if size is None or not _FREE_MB < size <= _limits.EPHEMERAL_STORAGE_MB:
            return
        if not function.absent('CapacityProviderConfig'):
            return
        if invokers.only_by_deployments(resource, project):
            return
        rate = price('lambda.ephemeral_storage').usd
        million = (size - _FREE_MB) / 1024 * rate * 1e6
        yield Finding(
            ('EphemeralStorage', 'Size'),
            f'`{resource.logical_id}` has {size} MB of /tmp, of which {_FREE_MB} MB are free: '
            f'the rest adds {dollars(million)} to a million calls of 1 s',
            Cost(
                f'{dollars(rate * 1e6)} per million GB-seconds above {_FREE_MB} MB, us-east-1; '
                'usage decides the sum',
                per_run_usd=million / 1e6,
            ),
        )
