from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from collections.abc import Iterator
from functools import lru_cache

from thera_lint.project import Project
from thera_lint.rule import Finding
from thera_lint.rule import Option
from thera_lint.rule import Options
from thera_lint.rule import ResourceRule
from thera_lint.rules.tags import _fix
from thera_lint.tags import CENTS
from thera_lint.tags import letters
from thera_lint.tags import ours
from thera_lint.tags import REQUIRED
from thera_lint.tags import Tag
from thera_lint.tags import tag_sets
from thera_lint.tags import too_late
from thera_lint.tags import within
from thera_lint.template import Resource
from thera_lint.template import Template
from thera_lint.words import listed


class MissingCostTag(ResourceRule):
    """A resource that costs money has tags, but not all of those that costs are split by.

    ## Why it costs

    A cost report by a tag key, and a budget that filters by it, leave out whatever does not
    carry that key. The sum looks complete and is not; what it misses grows unseen. Keys are
    case-sensitive: `environment` and `Environment` are two columns of the report.

    Only resources that bill on their own are looked at, and no alarms, which cost cents. Tags
    that reach them from the stack count: those in samconfig.toml, those in the manifest that CDK
    writes beside its templates, and those of a parent stack in the same run. A resource without
    any tag is untagged_resource's.

    ## When it is right

    When costs are split by other keys: name yours in `required`. As long as nobody has, nor
    given `values`, a template that has none of the default keys, and another key on two
    resources or more, is taken to be tagged by other keys, and such resources of it are not
    reported; `Name` alone is no such key. When a pipeline adds the rest with
    `aws cloudformation deploy --tags`: name those in `from_stack`.

    The fix writes the missing keys, where `values` has one for each: in the configuration file
    that is `tags.values`. It is safe, as no more than the bill looks at them; a policy of yours
    that allows by tag does too. There is none where a key is there in another spelling, as that
    one is to be renamed, and none for types that take tags only when they are created.

    ## References

    - https://docs.aws.amazon.com/awsaccountbilling/latest/aboutv2/cost-alloc-tags.html
    - https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-resource-tags.html
    - https://docs.aws.amazon.com/whitepapers/latest/tagging-best-practices/tagging-best-practices.html
    """

    id = 'WC8002'
    remedy = 'add the missing keys, spelled exactly so, to the resource or to the whole stack'
    resources = ('*',)
    options = (
        Option(
            'required', REQUIRED,
            'Tag keys that costs are split by; each must be there, spelled exactly so.',
        ),
        Option('from_stack', (), 'Tag keys that the deployment gives to every stack.'),
        _fix.VALUES,
    )

    def check(self, resource: Resource, project: Project, options: Options) -> Iterator[Finding]:
        if resource.type in CENTS:
            return
        for path, tags in tag_sets(resource):
            from_stack = project.stack_tags(resource.template) if tags is not None else None
            if tags is None or from_stack is None:
                continue
            keys = {*(tag.key for tag in tags), *from_stack, *options.from_stack}
            missing = [key for key in options.required if key not in keys]
            if not keys or not missing or _by_other_keys(tags, resource, options):
                continue
            others = _other_spellings(keys, missing)
            yield Finding(
                path if tags or len(path) > 1 else (),
                f'`{resource.logical_id}`{too_late(resource)} is tagged without {listed(missing)}'
                f'{within(path)}{others}, so reports by '
                f'{"it" if len(missing) == 1 else "them"} miss its cost',
                fix=None if others else _fix.tagged(resource, path, missing, options),
            )


def _by_other_keys(tags: Iterable[Tag], resource: Resource, options: Options) -> bool:
    """Whether it is tagged by keys that its template has instead of the default ones.

    With values to write for these, they are what is wanted: one fix must not bring the next.
    """
    if options.required != REQUIRED or options.values:
        return False
    return not _shared(resource.template).isdisjoint(tag.key for tag in tags)


@lru_cache(maxsize=1)
def _shared(template: Template) -> frozenset[str]:
    """The keys of two or more resources; none in a template that has a default key."""
    wanted = {letters(key) for key in REQUIRED}
    held: Counter[str] = Counter()
    for logical_id in template.declared:
        keys = {
            tag.key for view in template.views(logical_id)
            for _, tags in tag_sets(view) for tag in tags or () if ours(tag.key)
        }
        if not wanted.isdisjoint(map(letters, keys)):
            return frozenset()
        held.update(keys)
    return frozenset(key for key, count in held.items() if count > 1)


def _other_spellings(keys: Iterable[str], missing: Iterable[str]) -> str:
    wanted = {letters(key) for key in missing}
    found = sorted(key for key in keys if letters(key) in wanted)
    if not found:
        return ''
    is_one = len(found) == 1
    names = listed([f'`{key}`' for key in found])
    return f' ({names} {"is another key" if is_one else "are other keys"})'
