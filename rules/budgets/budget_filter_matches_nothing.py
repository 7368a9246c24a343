from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from thera_lint.billing_services import meant
from thera_lint.project import Project
from thera_lint.rule import Finding
from thera_lint.rule import Fix
from thera_lint.rule import Options
from thera_lint.rule import Remove
from thera_lint.rule import ResourceRule
from thera_lint.rule import Set
from thera_lint.rules.budgets import _budget
from thera_lint.template import Resource
from thera_lint.values import Map
from thera_lint.values import Path
from thera_lint.values import Seq
from thera_lint.values import Text

# The names of the API's dimensions, as its error messages and CostFilters spell them:
# https://github.com/hashicorp/terraform/issues/19370
# https://docs.aws.amazon.com/aws-cost-management/latest/APIReference/API_budgets_ExpressionDimensionValues.html
_KEYS = (
    'AZ', 'BillingEntity', 'CostCategory', 'InstanceType', 'InvoicingEntity',
    'LegalEntityName', 'LinkedAccount', 'Operation', 'PurchaseType', 'Region', 'Service',
    'TagKeyValue', 'UsageType', 'UsageTypeGroup',
)
# Dimensions of FilterExpression; whether CostFilters takes them is not known.
_DOUBTFUL = frozenset((
    'cacheengine', 'chargetype', 'costcategoryname', 'databaseengine', 'deploymentoption',
    'instancetypefamily', 'linkedaccountname', 'operatingsystem', 'paymentoption', 'platform',
    'recordtype', 'reservationid', 'reservationmodified', 'resourceid', 'rightsizingtype',
    'savingsplanarn', 'savingsplanstype', 'scope', 'servicecode', 'subscriptionid', 'tenancy',
))
_MEANT = {
    **{key.lower(): key for key in _KEYS},
    'account': 'LinkedAccount', 'accountid': 'LinkedAccount', 'accounts': 'LinkedAccount',
    'availabilityzone': 'AZ', 'linkedaccounts': 'LinkedAccount', 'regions': 'Region',
    'services': 'Service', 'servicename': 'Service', 'usagetypes': 'UsageType',
}
_TAGS = frozenset(('tag', 'tagkey', 'tags', 'tagvalue', 'tagvalues', 'tagkeyvalues'))
_PREFIXES = ('user:', 'aws:')


class BudgetFilterMatchesNothing(ResourceRule):
    """A budget whose filter names what billing does not know.

    ## Why it costs

    A budget counts what its filter lets through. A service by another name than the bill's,
    or a tag without `user:`, lets nothing through: the budget stands at $0 of its sum, all
    looks well, and no alert is ever sent. AWS accepts both without a word. A filter key that
    does not exist is refused when the stack is deployed.

    AWS publishes no list of the names on the bill, and they follow no scheme: Lambda is
    `AWS Lambda`, S3 is `Amazon Simple Storage Service`, EventBridge is `CloudWatch Events`,
    EC2 is two. Cost Explorer shows them when its costs are grouped by service. A tag is
    written `user:Key$value`, with `aws:` in place of `user:` for tags that AWS makes.

    ## When it is right

    Never. What is merely unknown is left alone, and so are FilterExpression and the services
    of budgets for reservations and Savings Plans, which have other names.

    ## References

    - https://docs.aws.amazon.com/cost-management/latest/userguide/budgets-create-filters.html
    - https://docs.aws.amazon.com/aws-cost-management/latest/APIReference/API_budgets_Budget.html
    - https://docs.aws.amazon.com/awsaccountbilling/latest/aboutv2/custom-tags.html
    """

    id = 'EC7013'
    resources = ('AWS::Budgets::Budget',)
    remedy = 'spell the filter as billing does'

    def check(self, resource: Resource, project: Project, options: Options) -> Iterator[Finding]:
        budget = resource.properties.map('Budget') or Map()
        filters = budget.map('CostFilters') or Map()
        for key, value in filters.items():
            path: Path = ('Budget', 'CostFilters', key)
            if key not in _KEYS:
                yield from _key(resource, path, value, filters)
            items = value if isinstance(value, Seq) else [value]
            for index, item in enumerate(items):
                place = (*path, index) if isinstance(value, Seq) else path
                if key == 'Service' and isinstance(item, str):
                    if _budget.counts_spending(budget):
                        yield from _service(resource, place, item)
                elif key == 'TagKeyValue' and isinstance(item, (str, Text)):
                    yield from _tag(resource, place, item)


def _key(resource: Resource, path: Path, value: Any, filters: Map) -> Iterator[Finding]:
    """A key that is no filter, and the one that is."""
    key = str(path[-1])
    bare = re.sub(r'[\W_]', '', key).lower()
    if bare in _DOUBTFUL:
        return
    right = _MEANT.get(bare, 'TagKeyValue')
    fix = None
    if bare in _MEANT:
        hint = f'{right} is'
        content = value
    else:
        content = _tag_values(value) if bare in _TAGS else None
        example = content[0] if content else f'user:{"Project" if bare in _TAGS else key}$value'
        hint = f'a tag is filtered by TagKeyValue, as `{example}`'
    if right not in filters and _literal(resource, path, content, value):
        edits = (Remove(path), Set((*path[:-1], right), content))
        fix = Fix(f'filter by {right}', True, edits)
    yield Finding(
        path,
        f'`{resource.logical_id}` filters by `{key}`, which is no filter of a budget: {hint}',
        fix=fix,
    )


def _service(resource: Resource, path: Path, name: str) -> Iterator[Finding]:
    """A service by another name than the bill's."""
    names = meant(name)
    if names:
        said = ' and '.join(f'`{one}`' for one in names)
        fix = None
        if len(names) == 1 and _literal(resource, path, name, name):
            fix = Fix(f'write {names[0]}', True, (Set(path, names[0]),))
        yield Finding(
            path,
            f'`{resource.logical_id}` counts nothing for `{name}`: on the bill that is {said}',
            fix=fix,
        )


def _tag(resource: Resource, path: Path, value: str | Text) -> Iterator[Finding]:
    """A tag that is not `user:Key$value`, so far as that is certain."""
    shown = value if isinstance(value, str) else value.shown()
    known = value if isinstance(value, str) else value.parts[0]
    if not isinstance(known, str) or not known:
        return
    prefixed = known.startswith(_PREFIXES)
    key, dollar, _ = known.partition('$')
    if dollar:
        # A colon or slash may be of a prefix or a key of another kind.
        wrong = not prefixed and not re.search('[:/]', key)
        why = 'lacks `user:` before the key'
    else:
        wrong = isinstance(value, str)
        why = 'lacks a `$` between key and value'
    if not wrong:
        return
    right = _spelled(value) if isinstance(value, str) else None
    fix = None
    if right and _literal(resource, path, value, value):
        fix = Fix(f'write {right}', True, (Set(path, right),))
    hint = f': that is `{right}`' if right else ''
    yield Finding(
        path,
        f'`{resource.logical_id}` counts nothing for the tag `{shown}`, which {why}{hint}',
        fix=fix,
    )


def _spelled(tag: str) -> str | None:
    """`user:Key$value` for `Key$value`, `Key=value` or `user:Key:value`; None where unclear."""
    prefix = next((one for one in _PREFIXES if tag.startswith(one)), '')
    match = re.fullmatch(r'([\w .+@/-]+)[$:=]([\w .+@/-]+)', tag[len(prefix):])
    return f'{prefix or "user:"}{match[1].strip()}${match[2].strip()}' if match else None


def _tag_values(value: Any) -> list[str] | None:
    """What [{Key: Project, Values: [x]}] is in TagKeyValue; None where that is not certain."""
    result = []
    for item in value if isinstance(value, Seq) else ():
        if isinstance(item, str) and _spelled(item):
            result.append(str(_spelled(item)))
        elif isinstance(item, Map) and item.text('Key') and item.seq('Values'):
            values = item['Values']
            if not all(isinstance(one, str) for one in values):
                return None
            result += [f'user:{item["Key"]}${one}' for one in values]
        else:
            return None
    return result or None


def _literal(resource: Resource, path: Path, content: Any, value: Any) -> bool:
    """Whether there is something to write, and it replaces no reference to a parameter."""
    node: Any = resource.template.raw
    for part in resource.place(path):
        node = node[part]
    return content is not None and node == value
