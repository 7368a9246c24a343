from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from thera_lint.prices import dollars
from thera_lint.prices import price
from thera_lint.project import Project
from thera_lint.rule import Cost
from thera_lint.rule import Finding
from thera_lint.rule import Options
from thera_lint.rule import ResourceRule
from thera_lint.rules.dynamodb import _tables
from thera_lint.template import Resource

_STORES = frozenset(('cache', 'lock', 'session', 'token'))

# Words after the one that says what a table holds.
_AFTERTHOUGHTS = frozenset((
    'data', 'database', 'db', 'ddb', 'dev', 'dynamo', 'entries', 'item', 'items', 'prod',
    'records', 'staging', 'storage', 'store', 'table', 'test', 'v',
))


class ItemsKeptForever(ResourceRule):
    """A table of things that expire never deletes them.

    ## Why it costs

    An item that is out of date is stored, backed up and scanned like any other, so such a
    table only grows. Time to live deletes items some time after the moment that a number in
    them says, and DynamoDB charges nothing for these deletes; code that does the same pays
    for a query and a write for each.

    A table is taken for one of these where an attribute it declares is named like an expiry
    (`ttl`, `expires_at`, `expirationAt`), or where it is named for a cache, for sessions,
    tokens or locks.

    ## When it is right

    Where the attribute is a date of the business, such as the end of a contract, and the
    item is kept after it. Terraform's lock table is not reported: Terraform deletes each
    lock. SAM's SimpleTable has no property for time to live: write an AWS::DynamoDB::Table.

    ## References

    - https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/TTL.html
    - https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-dynamodb-table-timetolivespecification.html
    - https://aws.amazon.com/dynamodb/pricing/
    """

    id = 'WC5009'
    resources = _tables.TABLES
    remedy = 'write the expiry as seconds since 1970 and set TimeToLiveSpecification to it'

    def check(self, resource: Resource, project: Project, options: Options) -> Iterator[Finding]:
        properties = resource.properties
        if not properties.absent('TimeToLiveSpecification'):
            written = properties.map('TimeToLiveSpecification')
            if written is None or written.flag('Enabled') is not False:
                return
        attributes = [_tables.shown(name) for name in _attributes(resource)]
        if 'LockID' in attributes:  # Terraform's
            return
        expiry = next((name for name in attributes if name and _expires(name)), None)
        name = _tables.shown(properties.get('TableName'))
        store = next((one for one in (name, resource.logical_id) if one and _keeps(one)), None)
        if expiry is not None:
            why = f'has an attribute `{expiry}`'
        elif store is not None:
            why = 'is named for what expires' + (f' (`{store}`)' if store == name else '')
        else:
            return
        cost = ''
        if _tables.standard_class(resource):
            cost = f', at {dollars(price("ddb.storage.standard").usd)} a GB-month'
        yield Finding(
            ('TimeToLiveSpecification',),
            f'`{resource.logical_id}` {why} and no time to live is enabled: what is out of date '
            f'is stored until somebody deletes it{cost}',
            Cost(f'{cost[5:]} (us-east-1, Standard table class); usage decides the sum')
            if cost else None,
        )


def _attributes(table: Resource) -> Iterator[Any]:
    """The names of the attributes that a table declares: keys, and what indexes include."""
    for _, attribute in table.properties.maps('AttributeDefinitions'):
        yield attribute.get('AttributeName')
    for index in _tables.indexes(table, local=True):
        projection = index.properties.map('Projection')
        yield from (projection and projection.seq('NonKeyAttributes')) or ()


def _expires(attribute: str) -> bool:
    words = _tables.words(attribute)
    if not words:
        return False
    return (
        'ttl' in (words[0], words[-1]) or words[0].startswith('expire') or
        words[0].startswith('expir') and words[-1] in ('at', 'on')
    )


def _keeps(name: str) -> bool:
    """Whether the last word that says anything is that of a store of things that expire."""
    words = _tables.words(name)
    while words and (words[-1] in _AFTERTHOUGHTS or words[-1].isdigit()):
        words.pop()
    return bool(words) and words[-1].removesuffix('s') in _STORES
