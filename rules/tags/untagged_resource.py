from __future__ import annotations

from collections.abc import Iterator

from thera_lint import invokers
from thera_lint.project import Project
from thera_lint.rule import Finding
from thera_lint.rule import Option
from thera_lint.rule import Options
from thera_lint.rule import ResourceRule
from thera_lint.rules.tags import _fix
from thera_lint.tags import CENTS
from thera_lint.tags import REQUIRED
from thera_lint.tags import tag_sets
from thera_lint.tags import too_late
from thera_lint.tags import within
from thera_lint.template import Resource


class UntaggedResource(ResourceRule):
    """A resource that costs money carries no tags.

    ## Why it costs

    A bill says what was spent on a service, not for whom. Only tags split it by project and
    owner. What has none ends up in a remainder that nobody watches and nobody is asked to
    cut, and a budget that filters by tag never sees it.

    Only resources that bill on their own are looked at, and nothing that costs cents: no alarms,
    and no functions and state machines that only a custom resource runs. Tags that reach them
    from the stack count: those in samconfig.toml, those in the manifest that CDK writes beside
    its templates, and those of a parent stack in the same run. Tags that AWS, SAM and CDK write
    for themselves do not.

    ## When it is right

    When every stack is tagged from outside the template, as a pipeline does with
    `aws cloudformation deploy --tags`: name those keys in `from_stack`. In an account that
    serves one project only, the account already tells whose cost it is.

    A few types take tags only when they are created; the message says so. Tagging one that
    exists replaces it, or does nothing: leave it for the next time it is rebuilt. There is no
    fix for them.

    The fix writes the keys in `required`, where `values` has one for each: in the configuration
    file that is `tags.values`. It is safe, as no more than the bill looks at them; a policy of
    yours that allows by tag does too.

    ## References

    - https://docs.aws.amazon.com/awsaccountbilling/latest/aboutv2/cost-alloc-tags.html
    - https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-resource-tags.html
    - https://docs.aws.amazon.com/whitepapers/latest/tagging-best-practices/tagging-best-practices.html
    """

    id = 'WC8001'
    remedy = 'add tags that say whose cost it is, or tag the whole stack'
    resources = ('*',)
    options = (
        Option(
            'from_stack', (),
            'Tag keys that the deployment gives to every stack: nothing is without tags then.',
        ),
        Option('required', REQUIRED, 'Tag keys that costs are split by; the fix writes them.'),
        _fix.VALUES,
    )

    def check(self, resource: Resource, project: Project, options: Options) -> Iterator[Finding]:
        if options.from_stack or resource.type in CENTS:
            return
        for path, tags in tag_sets(resource):
            if tags is None or tags:
                continue
            from_stack = project.stack_tags(resource.template)
            if from_stack is None or from_stack:
                continue
            if invokers.only_by_deployments(resource, project):
                return
            yield Finding(
                path if len(path) > 1 else (),
                f'`{resource.logical_id}`{too_late(resource)} has no tags{within(path)}, so its '
                f'cost cannot be attributed',
                fix=_fix.tagged(resource, path, options.required, options),
            )
