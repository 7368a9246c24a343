from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Mapping
from fnmatch import fnmatchcase

from thera_lint.project import Project
from thera_lint.rule import Finding
from thera_lint.rule import Option
from thera_lint.rule import Options
from thera_lint.rule import ResourceRule
from thera_lint.tags import of_stack
from thera_lint.tags import REQUIRED
from thera_lint.tags import tag_sets
from thera_lint.template import Resource
from thera_lint.values import as_text
from thera_lint.words import listed


class TagValueOutsidePolicy(ResourceRule):
    """A tag that costs are split by, with a value that no report knows.

    ## Why it costs

    A report by Environment has one row a value. `prod`, `Prod` and `production` are three,
    none of them the sum that somebody looks for, and a budget that filters by one misses the
    others. A placeholder such as `TODO` files the cost under nobody.

    Without configuration only placeholders and empty values of the `required` keys are found.
    `allowed` says which values your keys may have, as a tag policy of AWS Organizations does:
    `Environment=dev|staging|prod`, `CostCenter=CC-*`. Keys are compared exactly; `*` stands
    for any letters. Values that only the deployment knows are left alone, and so are tags
    that reach a resource from samconfig.toml.

    ## When it is right

    When the list is older than the values: change `allowed`.

    ## References

    - https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_tag-policies.html
    - https://docs.aws.amazon.com/awsaccountbilling/latest/aboutv2/cost-alloc-tags.html
    - https://docs.aws.amazon.com/whitepapers/latest/tagging-best-practices/tagging-best-practices.html
    """

    id = 'WC8003'
    remedy = 'give the tag a value that the cost reports know'
    resources = ('*',)
    options = (
        Option('allowed', (), 'Values by key, as `Environment=dev|prod` and `CostCenter=CC-*`.'),
        Option('required', REQUIRED, 'Tag keys that costs are split by.'),
        Option(
            'placeholders',
            ('', '-', '?', 'changeme', 'fixme', 'n/a', 'placeholder', 'replaceme', 'tbd', 'todo',
             'undefined', 'xxx'),
            'Values that say nothing under a required key, in any case.',
        ),
    )

    def check(self, resource: Resource, project: Project, options: Options) -> Iterator[Finding]:
        policy = _policy(options.allowed)
        if resource.type == 'AWS::CloudFormation::Stack':
            every = of_stack(resource) or []
        else:
            every = [tag for one in tag_sets(resource) for tag in one.tags or ()]
        for tag in every:
            value = as_text(tag.value)
            if value is None:
                continue
            said = f'`{value}`' if value else 'without a value'
            tagged = f'`{resource.logical_id}` is tagged {tag.key} {said}'
            allowed = policy.get(tag.key)
            if allowed is not None:
                if not any(fnmatchcase(value, pattern) for pattern in allowed):
                    policy_says = listed([f'`{one}`' for one in allowed])
                    yield Finding(
                        tag.path,
                        f'{tagged}, where the policy has {policy_says}: its cost is in a row of '
                        'its own',
                    )
            elif tag.key in options.required and value.strip().lower() in options.placeholders:
                yield Finding(
                    tag.path, f'{tagged}: in a report by {tag.key} its cost belongs to nobody',
                )


def _policy(allowed: tuple[str, ...]) -> Mapping[str, list[str]]:
    """Patterns by key; a key may be given more than once."""
    policy: dict[str, list[str]] = {}
    for entry in allowed:
        key, equals, values = entry.partition('=')
        if equals:
            policy.setdefault(key.strip(), []).extend(one.strip() for one in values.split('|'))
    return policy
