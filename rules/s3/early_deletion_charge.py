from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from thera_lint import lifecycle
from thera_lint.lifecycle import Action
from thera_lint.lifecycle import LifecycleRule
from thera_lint.lifecycle import MINIMUM_DAYS
from thera_lint.lifecycle import PRICES
from thera_lint.prices import dollars
from thera_lint.prices import HOURS_PER_MONTH
from thera_lint.prices import price
from thera_lint.project import Project
from thera_lint.rule import Cost
from thera_lint.rule import Finding
from thera_lint.rule import Options
from thera_lint.rule import ResourceRule
from thera_lint.template import Resource
from thera_lint.values import Map

VERSIONS = 'noncurrent versions'


class EarlyDeletionCharge(ResourceRule):
    """Objects leave a storage class before the days that are billed in it anyway.

    ## Why it costs

    The cheaper classes bill a minimum: 30 days in STANDARD_IA and ONEZONE_IA, 90 in GLACIER_IR
    and GLACIER, 180 in DEEP_ARCHIVE. An object that is deleted or moved on sooner is charged
    for the rest of them at once. Each move is a paid request besides, so that a short stay can
    cost more than no move at all; the finding says where it does, by the prices of storage.

    All enabled rules that are for the same objects are taken together, the noncurrent versions
    of a versioned bucket by themselves. Where versioning is on, ExpirationInDays deletes
    nothing: the object leaves its class when its noncurrent version does. Rules that work by
    date or by a number of newer versions are not judged. INTELLIGENT_TIERING has no minimum.
    Steps of one rule that S3 itself rejects are reported by EC4006.

    ## When it is right

    Where even a minimum billed in full is cheaper than the days in the class before, and the
    objects must not be kept longer: 90 days of GLACIER cost as much as two weeks of STANDARD. The
    transition requests and the 40 KB added to each archived object still weigh against it.

    ## References

    - https://docs.aws.amazon.com/AmazonS3/latest/userguide/storage-class-intro.html
    - https://docs.aws.amazon.com/AmazonS3/latest/userguide/lifecycle-transition-general-considerations.html
    - https://docs.aws.amazon.com/AmazonS3/latest/userguide/lifecycle-conflicts.html
    - https://aws.amazon.com/s3/pricing/
    """

    id = 'WC4005'
    resources = ('AWS::S3::Bucket',)
    remedy = 'keep objects in a class for the days it bills at least, or do not move them there'

    def check(self, resource: Resource, project: Project, options: Options) -> Iterator[Finding]:
        rules = lifecycle.rules(resource.properties) or []
        seen = set()
        for rule in rules:
            together = _together(rule, rules) if rule.enabled else None
            if together is None:
                continue
            current, noncurrent = _actions(together, resource.properties)
            for what, actions in (('objects', current), (VERSIONS, noncurrent)):
                for stay in _stays(actions):
                    key = what, stay.entered.path, stay.left.path
                    if stay.unused <= 0 or key in seen or _rejected(stay, what == VERSIONS):
                        continue
                    seen.add(key)
                    yield _finding(resource, rule, what, stay)


class Stay(NamedTuple):
    """The days of an object in one class: the move there, and the move or deletion after it."""

    before: str
    entered: Action
    left: Action

    @property
    def days(self) -> int:
        return int((self.left.days or 0) - (self.entered.days or 0))

    @property
    def unused(self) -> int:
        """Days that are billed after the object has left."""
        minimum: int = MINIMUM_DAYS.get(self.entered.storage_class, 0)
        return minimum - self.days


def _together(region: LifecycleRule, rules: list[LifecycleRule]) -> list[LifecycleRule] | None:
    """The rules that are for all objects of one of them; None if one of those is not known."""
    found = []
    for rule in rules:
        covers = rule.covers(region) if rule.enabled is not False else False
        if covers is None or covers and rule.enabled is None:
            return None
        if covers:
            found.append(rule)
    return found


def _actions(rules: list[LifecycleRule], bucket: Map) -> tuple[list[Action], list[Action]]:
    """What happens to an object, and to a noncurrent version; nothing where that is unknown."""
    current = _settled([action for rule in rules for action in rule.current])
    if bucket.absent('VersioningConfiguration') and bucket.absent('ObjectLockEnabled'):
        return current, []
    # Expiration deletes nothing here: it makes a noncurrent version, in the class it is in.
    age = min((action.days for action in current if action.ends and action.days), default=None)
    moves = [
        action for action in current
        if not action.ends and (age is None or action.days is None or action.days <= age)
    ]
    versioning = bucket.map('VersioningConfiguration') or Map()
    if versioning.text('Status') != 'Enabled' or not bucket.absent('ObjectLockEnabled'):
        return moves, []
    noncurrent = _settled([action for rule in rules for action in rule.noncurrent])
    if age is not None:
        moves += [one._replace(days=(one.days or 0) + age) for one in noncurrent]
    return moves, noncurrent


def _settled(actions: list[Action]) -> list[Action]:
    return actions if all(action.settled for action in actions) else []


def _stays(actions: list[Action]) -> Iterator[Stay]:
    before, now = 'STANDARD', None
    for action in lifecycle.in_order(actions):
        if now is None:
            if action.ends:
                return
            now = action
        elif action.days != now.days and (
            action.ends or lifecycle.leads_to(now.storage_class, action.storage_class)
        ):
            yield Stay(before, now, action)
            if action.ends:
                return
            before, now = now.storage_class, action


def _rejected(stay: Stay, noncurrent: bool) -> bool:
    """Whether S3 takes no such rule at all."""
    return (
        not stay.left.ends and stay.entered.path[:3] == stay.left.path[:3] and
        lifecycle.rejects(stay.entered, stay.left, noncurrent=noncurrent) is not None
    )


def _finding(resource: Resource, rule: LifecycleRule, what: str, stay: Stay) -> Finding:
    storage_class = stay.entered.storage_class
    minimum = MINIMUM_DAYS[storage_class]
    rate = price(PRICES[storage_class]).usd
    if rule.prefix and isinstance(rule.prefix, str):
        what += f' below `{rule.prefix}`'
    if rule.tags:
        what += f' tagged {", ".join(sorted(key for key, _ in rule.tags))}'
    goes = 'deletes them' if stay.left.ends else f'moves them on to {stay.left.storage_class}'
    full = int(stay.entered.days or 0) + minimum
    if minimum * rate >= stay.days * price(PRICES[stay.before]).usd:
        better = f'leaving them in {stay.before} would cost less'
    elif stay.left.ends:
        better = f'keeping them until day {full} would cost the same'
    else:
        better = f'moving them on from day {full} on would cost less'
    return Finding(
        stay.entered.path,
        f'`{resource.logical_id}` moves {what} to {storage_class} on day {stay.entered.days} and '
        f'{goes} on day {stay.left.days}: {stay.unused} of the {minimum} days billed there are '
        f'paid for nothing, {dollars(stay.unused * 24 / HOURS_PER_MONTH * rate * 1000)} for each '
        f'1,000 GB; {better}',
        Cost(
            f'{dollars(rate)} a GB-month in {storage_class}, us-east-1, for {stay.unused} days '
            'after the objects have left; usage decides the sum',
        ),
    )
