from __future__ import annotations

from collections.abc import Iterator

from thera_lint.project import Project
from thera_lint.rule import Cost
from thera_lint.rule import Finding
from thera_lint.rule import Options
from thera_lint.rule import ResourceRule
from thera_lint.rules.eventbridge import _targets
from thera_lint.template import Resource


class DuplicateRule(ResourceRule):
    """Two rules with the same pattern start the same target, so each event is worked on twice.

    ## Why it costs

    EventBridge delivers an event once for each rule that matches it. Two rules of one bus
    with the same pattern and the same target start everything twice, and the second run is
    paid like the first. It comes of a copied block whose pattern was never changed, or of an
    event that was declared once in SAM and once more as a rule.

    The order of a pattern's lists does not count. Two schedules that meet are another rule's.

    ## When it is right

    Never; where the two are to do different things with an event, they have a different
    Input or InputTransformer, and are not reported.

    ## References

    - https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rules.html
    - https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-patterns.html
    """

    id = 'WC6008'
    resources = (_targets.RULE,)
    remedy = 'remove one of the two rules'

    def check(self, resource: Resource, project: Project, options: Options) -> Iterator[Finding]:
        key = _key(resource, project)
        for other in project.once(_by_key).get(key, ()) if key else ():
            if other.key == resource.key:
                return  # those that follow see this one
            if not resource.agrees(other):
                continue
            theirs = [
                _targets.job(target, other.template, project)
                for _, target in _targets.targets(other)
            ]
            for _, target in _targets.targets(resource):
                job = _targets.job(target, resource.template, project)
                if job is not None and job in theirs:
                    started = _targets.name(target, resource.template, project)
                    bill = _targets.bill(1e6, target, resource.template, project)
                    yield Finding(
                        ('EventPattern',),
                        f'`{resource.logical_id}` has the pattern of `{other.logical_id}` and '
                        f'starts {started} once more for each event'
                        f'{f": a million of them cost {bill}" if bill else ""}',
                        Cost(bill.basis) if bill else None,
                    )
                    return


def _by_key(project: Project) -> dict[tuple[str, str], list[Resource]]:
    result: dict[tuple[str, str], list[Resource]] = {}
    for resource in project.resources(_targets.RULE):
        key = _key(resource, project)
        if key is not None:
            result.setdefault(key, []).append(resource)
    return result


def _key(rule: Resource, project: Project) -> tuple[str, str] | None:
    """Its bus and its pattern, where it is enabled and both are known."""
    pattern = rule.properties.map('EventPattern')
    if not pattern or not _targets.is_enabled(rule):
        return None
    bus = _targets.bus(rule.properties.get('EventBusName'), rule.template, project)
    text = _targets.canonical(pattern, rule.template, project, order=False)
    return (bus, text) if bus is not None and text is not None else None
