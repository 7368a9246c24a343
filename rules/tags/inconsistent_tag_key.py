from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from thera_lint.project import Project
from thera_lint.rule import Finding
from thera_lint.rule import Option
from thera_lint.rule import Options
from thera_lint.rule import ProjectRule
from thera_lint.tags import letters
from thera_lint.tags import of_stack
from thera_lint.tags import ours
from thera_lint.tags import REQUIRED
from thera_lint.tags import tag_sets
from thera_lint.template import Resource
from thera_lint.template import Template
from thera_lint.values import Path


class _Use(NamedTuple):
    resource: Resource
    key: str
    path: Path


class InconsistentTagKey(ProjectRule):
    """One tag key in two spellings.

    ## Why it costs

    Keys are case-sensitive and compared letter by letter: `CostCenter`, `costcenter` and
    `cost-center` are three columns of the cost report, each has to be activated, and each
    holds only part of the sum. A budget that filters by one does not see what is tagged with
    the others.

    The spelling that counts as right is the one in `required`, else the one that the whole
    stack is tagged with, else the one used most, else the first. The others are reported
    once a template. Only resources that bill on their own are looked at, and the tags of
    stacks.

    ## When it is right

    Where both spellings are wanted: a resource that carries both is left alone, unless one
    of them comes from its stack. While a key is being renamed. Keys that AWS or tools write,
    and `Name`, are not compared.

    ## References

    - https://docs.aws.amazon.com/awsaccountbilling/latest/aboutv2/cost-alloc-tags.html
    - https://docs.aws.amazon.com/tag-editor/latest/userguide/best-practices-and-strats.html
    - https://docs.aws.amazon.com/whitepapers/latest/tagging-best-practices/tagging-best-practices.html
    """

    id = 'WC8004'
    remedy = 'spell the key everywhere as in the cost reports'
    options = (
        Option('required', REQUIRED, 'Tag keys as the cost reports spell them.'),
    )

    def check(self, project: Project, options: Options) -> Iterator[tuple[Resource, Finding]]:
        uses = [use for template in project.templates for use in _uses(template)]
        stack_keys = {
            template.filename: list(project.stack_tags(template) or ())
            for template in project.templates
        }
        by_bare: dict[str, list[_Use]] = {}
        for use in uses:
            by_bare.setdefault(letters(use.key), []).append(use)
        from_stacks: dict[str, list[str]] = {}
        for key in (key for keys in stack_keys.values() for key in keys):
            from_stacks.setdefault(letters(key), []).append(key)
        required = {letters(key): key for key in options.required}
        for bare, same in by_bare.items():
            stack = from_stacks.get(bare, [])
            spellings = {*(use.key for use in same), *stack}
            if len(spellings) < 2:
                continue
            right = _right(required.get(bare), stack, [use.key for use in same])
            yield from _deviations(same, right, stack_keys)


def _uses(template: Template) -> Iterator[_Use]:
    """The tags that somebody wrote onto what bills, each place once."""
    seen = set()
    for kind, ids in template.types.items():
        for view in (view for logical_id in ids for view in template.views(logical_id)):
            if kind == 'AWS::CloudFormation::Stack':
                tags = of_stack(view) or []
            else:
                tags = [tag for one in tag_sets(view) for tag in one.tags or ()]
            for tag in tags:
                place = view.logical_id, tag.path, tag.key
                if place not in seen and ours(tag.key):
                    seen.add(place)
                    yield _Use(view, tag.key, tag.path)


def _right(required: str | None, stack: list[str], written: list[str]) -> str:
    """The spelling to keep, of those in use."""
    if required in stack or required in written:
        return str(required)
    keys = stack or written
    return max(keys, key=keys.count)


def _deviations(
        same: list[_Use], right: str, stack_keys: dict[str, list[str]],
) -> Iterator[tuple[Resource, Finding]]:
    """Each other spelling, once a template, at its first use."""
    both = {
        (id(use.resource.template), use.resource.logical_id) for use in same if use.key == right
    }
    found: dict[tuple[str, str], list[_Use]] = {}
    for use in same:
        resource = use.resource
        if use.key != right and (id(resource.template), resource.logical_id) not in both:
            found.setdefault((resource.template.filename, use.key), []).append(use)
    for (filename, key), uses in found.items():
        first, others = uses[0], len({use.resource.logical_id for use in uses}) - 1
        and_others = f' and {others} more resource{"s" * (others > 1)}' if others else ''
        if right in stack_keys[filename]:
            where = 'the whole stack'
        else:
            count = len(both)
            where = f'{count} other resource{"s" * (count > 1)}' if count else 'another stack'
        yield first.resource, Finding(
            first.path,
            f'`{first.resource.logical_id}`{and_others} {"are" if others else "is"} tagged '
            f'`{key}` where {where} {"have" if where[-1] == "s" else "has"} `{right}`: a report '
            'by either shows part of the cost',
        )
