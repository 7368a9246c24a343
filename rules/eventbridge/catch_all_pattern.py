from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from thera_lint.project import Project
from thera_lint.rule import Cost
from thera_lint.rule import Finding
from thera_lint.rule import Options
from thera_lint.rule import ResourceRule
from thera_lint.rules.eventbridge import _targets
from thera_lint.template import Resource
from thera_lint.values import Map
from thera_lint.values import Parameter
from thera_lint.values import Seq

# Every event has these, so that a test for their presence tests nothing.
_ALWAYS = frozenset(('account', 'detail-type', 'id', 'region', 'source', 'time', 'version'))


class CatchAllPattern(ResourceRule):
    """A rule's pattern matches every event of its bus.

    ## Why it costs

    What the rule starts is paid for each event, and nearly all of them are thrown away by
    code that has to run to find that out. On the default bus that is everything that any
    AWS service in the account reports, and it grows with the account. A pattern costs
    nothing, whatever it tests.

    A pattern that only names the account, the region or the version, only asks for a prefix
    or suffix "" or a wildcard "*", or only for a field that every event has, matches all.

    ## When it is right

    Where all events are wanted: an audit trail, or a bus that hands everything on to another
    account. An archive, which needs no rule, is the cheaper way to keep them. On a custom
    bus, a pattern that names the source is no catch-all, and one that names another account
    is not either.

    ## References

    - https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-patterns.html
    - https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-patterns-best-practices.html
    - https://aws.amazon.com/eventbridge/pricing/
    """

    id = 'WC6003'
    resources = (_targets.RULE,)
    remedy = 'name the source and the detail-type of the events that the target needs'

    def check(self, resource: Resource, project: Project, options: Options) -> Iterator[Finding]:
        properties = resource.properties
        pattern = properties.map('EventPattern')
        bus = _targets.bus(properties.get('EventBusName'), resource.template, project)
        if pattern is None or pattern.open or not _targets.is_enabled(resource) or not all(
            _matches_all(key, value, bus == 'default') for key, value in pattern.items()
        ):
            return
        started = _targets.names(resource, project)
        if not started:
            return
        bills = [
            bill for _, target in _targets.targets(resource)
            if (bill := _targets.bill(1e6, target, resource.template, project))
        ]
        where = 'the default bus, all that AWS services report,' if bus == 'default' else 'its bus'
        yield Finding(
            ('EventPattern',),
            f'`{resource.logical_id}` matches every event of {where} and starts {started} for each'
            f'{": a million of them cost " if bills else ""}{" and ".join(map(str, bills))}',
            Cost('; '.join(dict.fromkeys(bill.basis for bill in bills))) if bills else None,
        )


def _matches_all(key: str, value: Any, default_bus: bool) -> bool:
    if value is None or isinstance(value, Map) and not value and not value.open:
        return True
    if not isinstance(value, Seq) or key not in _ALWAYS:
        return False
    return not value or any(_any_value(key, item, default_bus) for item in value)


def _any_value(key: str, item: Any, default_bus: bool) -> bool:
    if isinstance(item, Map):
        return item.get('prefix') == '' or item.get('suffix') == '' or (
            item.get('wildcard') == '*' or item.get('exists') is True
        )
    if key == 'account':  # a custom bus may be there to hear other accounts
        return default_bus or item == Parameter('AWS::AccountId')
    return key == 'region' and item == Parameter('AWS::Region') or key == 'version' and item == '0'
