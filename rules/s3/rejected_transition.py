from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

from thera_lint import lifecycle
from thera_lint.lifecycle import Action
from thera_lint.lifecycle import INFREQUENT
from thera_lint.lifecycle import PRICES
from thera_lint.project import Project
from thera_lint.rule import Finding
from thera_lint.rule import Options
from thera_lint.rule import ResourceRule
from thera_lint.template import Resource
from thera_lint.values import Path

_IA_DAYS = 30


class RejectedTransition(ResourceRule):
    """A lifecycle that S3 rejects, so that the deployment fails and nothing is moved.

    ## Why it costs

    S3 checks a lifecycle as a whole and takes nothing of it if one rule is wrong: the stack
    rolls back, and until somebody tries again everything stays in the dearest class. It wants
    of each rule by itself, for objects and for noncurrent versions alike,

    - no move to STANDARD_IA or ONEZONE_IA before day 30;
    - steps that go from warmer to colder, each class once, on different days;
    - at least 30 days between a move to STANDARD_IA or ONEZONE_IA and the next one, and 90
      between a move of objects to GLACIER_IR or GLACIER and the next one (of this last one
      S3's guide says nothing, but the service answers "must be 90 days more than");
    - an expiration that comes after every transition;
    - the age of all steps in days, or of all as a date, and of each step one or the other.
      `Days` is what S3's own API and its command line call TransitionInDays.

    ## When it is right

    Never. Steps that follow each other sooner can be written as two rules, and are then
    carried out, but with the minimum days of each class billed: see WC4005.

    ## References

    - https://docs.aws.amazon.com/AmazonS3/latest/userguide/lifecycle-transition-general-considerations.html
    - https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-s3-bucket-rule.html
    - https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-s3-bucket-transition.html
    """

    id = 'EC4006'
    resources = ('AWS::S3::Bucket',)
    remedy = 'order the steps from warm to cold, each after the minimum days of the one before'

    def check(self, resource: Resource, project: Project, options: Options) -> Iterator[Finding]:
        for rule in lifecycle.rules(resource.properties) or ():
            if not rule.enabled:
                continue
            for what, actions in (('objects', rule.current), ('versions', rule.noncurrent)):
                reasons: dict[Path, str] = {}
                for path, reason in _reasons(actions, noncurrent=what == 'versions'):
                    reasons.setdefault(path, reason)
                for path, reason in reasons.items():
                    yield Finding(
                        path,
                        f'`{resource.logical_id}` moves {"noncurrent " * (what == "versions")}'
                        f'{what} {reason}: the lifecycle is rejected and the deployment fails',
                    )


def _reasons(actions: tuple[Action, ...], *, noncurrent: bool) -> Iterator[tuple[Path, str]]:
    moves = [one for one in actions if isinstance(one.storage_class, str)]
    for move in moves:
        to = f'to {move.storage_class}'
        if not move.timed:
            yield move.path, f"{to} without TransitionInDays, which S3's own API calls Days"
            continue
        if move.storage_class in INFREQUENT and move.days is not None and move.days < _IA_DAYS:
            yield move.path, f'{to} on day {move.days}, earlier than day {_IA_DAYS}'
        for end in actions:
            if not end.ends:
                continue
            if move.dated != end.dated:
                yield move.path, f'{to} by {_unit(move)} and expires them by {_unit(end)}'
            elif move.days is not None and end.days is not None and end.days <= move.days:
                yield move.path, f'{to} on day {move.days} and expires them on day {end.days}'
    timed = [move for move in moves if move.timed]
    for one, other in combinations(timed, 2):
        if one.dated != other.dated:
            yield other.path, (
                f'to {other.storage_class} by {_unit(other)} and to {one.storage_class} by '
                f'{_unit(one)}'
            )
    aged = [move for move in timed if move.days is not None and move.storage_class in PRICES]
    for earlier, later in combinations(lifecycle.in_order(aged), 2):
        reason = _between(earlier, later, noncurrent=noncurrent)
        if reason is not None:
            yield later.path, f'to {later.storage_class} on day {later.days}{reason}'


def _between(earlier: Action, later: Action, *, noncurrent: bool) -> str | None:
    """Why S3 takes no rule with these two moves, if so."""
    one, other = earlier.storage_class, later.storage_class
    if one == other:
        return f' and on day {earlier.days}'
    if earlier.days == later.days:
        return f' and to {one} on the same day'
    if not lifecycle.leads_to(one, other):
        return f', but nothing goes there from {one}, where they are from day {earlier.days} on'
    wanted = lifecycle.rejects(earlier, later, noncurrent=noncurrent)
    if wanted is not None:
        return f', less than {wanted} days after the move to {one} on day {earlier.days}'
    return None


def _unit(action: Action) -> str:
    return 'date' if action.dated else 'days'
