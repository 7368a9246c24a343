from __future__ import annotations

from collections.abc import Iterator

from thera_lint import invokers
from thera_lint.prices import dollars
from thera_lint.prices import price
from thera_lint.project import Project
from thera_lint.rule import Cost
from thera_lint.rule import Finding
from thera_lint.rule import Fix
from thera_lint.rule import Options
from thera_lint.rule import ResourceRule
from thera_lint.rule import Set
from thera_lint.rules.awslambda import _calls
from thera_lint.runtimes import has_arm64
from thera_lint.template import Resource


class X86WhereArmIsCheaper(ResourceRule):
    """A function runs on x86_64, and its runtime has arm64 for a fifth less.

    ## Why it costs

    Lambda bills a second on arm64 (Graviton) at 80 % of what it is on x86_64, and a
    provisioned execution likewise. Interpreted code and bytecode, which is what managed runtimes
    run, mostly moves with one property. x86_64 is the default: where nobody wrote Architectures,
    nobody chose it.

    ## When it is right

    Where the package, or what it depends on, holds binaries built for x86_64, such as Python
    wheels with extensions, Node.js addons or .NET ReadyToRun: they must be built anew. Where code
    was measured to run more than a fifth slower. And in the few regions without arm64.

    Container images, custom runtimes (`provided`) and functions with a layer that is not known to
    fit arm64 are left alone, as their binaries decide. So are Lambda@Edge, which is not
    billed at this price, managed instances, and functions behind a custom resource or a macro,
    or called by nothing but such, which only a deployment runs.

    The fix is unsafe: test first with a package that was built for arm64. There is none for what
    SAM's Globals say for all functions.

    ## References

    - https://docs.aws.amazon.com/lambda/latest/dg/foundation-arch.html
    - https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html
    - https://aws.amazon.com/lambda/pricing/
    """

    id = 'IC1004'
    resources = ('AWS::Lambda::Function',)
    remedy = 'set Architectures to arm64, after a test with the package built for it'

    def check(self, resource: Resource, project: Project, options: Options) -> Iterator[Finding]:
        function = resource.properties
        runtime = function.text('Runtime')
        if runtime is None or runtime.startswith('provided') or not has_arm64(runtime):
            return
        if not function.absent('Architectures') and function.get('Architectures') != ['x86_64']:
            return
        if function.text('PackageType') not in (None, 'Zip') or not _layers_fit(resource, project):
            return
        if not function.absent('CapacityProviderConfig'):
            return
        if invokers.only_by_deployments(resource, project) or _calls.at_the_edge(resource, project):
            return
        x86 = price('lambda.duration.x86.tier1').usd * 1e6
        arm = price('lambda.duration.arm.tier1').usd * 1e6
        yield Finding(
            ('Architectures',),
            f'`{resource.logical_id}` runs {runtime} on x86_64 for {dollars(x86)} per million '
            f'GB-seconds, {dollars(x86 - arm)} more than on arm64',
            Cost(
                f'{dollars(x86)} on x86_64, {dollars(arm)} on arm64 per million GB-seconds, '
                'us-east-1, on demand; usage decides the sum',
            ),
            _fix(resource),
        )


def _fix(function: Resource) -> Fix | None:
    """None where it is written in SAM's Globals: functions that can't move would move as well."""
    if function.place(('Architectures',))[0] == 'Globals':
        return None
    return Fix('run it on arm64', False, (Set(('Architectures',), ['arm64']),))


def _layers_fit(function: Resource, project: Project) -> bool:
    """Whether each layer is one of this run that is declared for arm64."""
    if function.properties.absent('Layers'):
        return True
    layers = function.properties.seq('Layers')
    if layers is None:
        return False
    for layer in layers:
        found = project.find(layer, function.template, 'AWS::Lambda::LayerVersion')
        fits = ['arm64' in (one.properties.seq('CompatibleArchitectures') or ()) for one in found]
        if not fits or not all(fits):
            return False
    return True
