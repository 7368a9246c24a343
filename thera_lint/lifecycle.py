"""A bucket's lifecycle as S3 understands it, as the rules of several folders read it."""
from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Iterator
from typing import Any
from typing import NamedTuple

from thera_lint.values import as_text
from thera_lint.values import Map
from thera_lint.values import Path
from thera_lint.values import Seq
from thera_lint.values import UNKNOWN
from thera_lint.values import Unknown

# Each storage class that objects can be moved to, with the price of a GB-month in it.
PRICES = {
    'STANDARD': 's3.storage.standard.tier1',
    'STANDARD_IA': 's3.storage.standard_ia',
    'INTELLIGENT_TIERING': 's3.storage.it.frequent',
    'ONEZONE_IA': 's3.storage.onezone_ia',
    'GLACIER_IR': 's3.storage.glacier_ir',
    'GLACIER': 's3.storage.glacier',
    'DEEP_ARCHIVE': 's3.storage.deep_archive',
}

# The days that are billed in a class at least; a class that is not here has no minimum.
MINIMUM_DAYS = {
    'STANDARD_IA': 30, 'ONEZONE_IA': 30, 'GLACIER_IR': 90, 'GLACIER': 90, 'DEEP_ARCHIVE': 180,
}

INFREQUENT = ('STANDARD_IA', 'ONEZONE_IA')

# Where S3 moves objects on to, by
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/lifecycle-transition-general-considerations.html
_ARCHIVES = ('GLACIER', 'DEEP_ARCHIVE')
_ONWARD = {
    'STANDARD_IA': ('INTELLIGENT_TIERING', 'ONEZONE_IA', 'GLACIER_IR', *_ARCHIVES),
    'INTELLIGENT_TIERING': ('ONEZONE_IA', 'GLACIER_IR', *_ARCHIVES),
    'ONEZONE_IA': _ARCHIVES,
    'GLACIER_IR': _ARCHIVES,
    'GLACIER': ('DEEP_ARCHIVE',),
}

# Of two moves due on one day S3 takes the cheaper class, Intelligent-Tiering before all but the
# archives: https://docs.aws.amazon.com/AmazonS3/latest/userguide/lifecycle-conflicts.html
_PREFERRED = (
    'DEEP_ARCHIVE', 'GLACIER', 'INTELLIGENT_TIERING', 'GLACIER_IR', 'ONEZONE_IA', 'STANDARD_IA',
)


class Action(NamedTuple):
    """What a rule does to an object at some age: a move to a class, or its end.

    `days` is None where the age is unknown, a date or not written at all.
    """

    path: Path
    storage_class: Any
    """A str, Unknown, or None for the end."""
    days: float | None
    dated: bool = False
    timed: bool = True
    """False where neither days nor a date are written."""
    newer: bool = False
    """Whether a number of newer versions must exist as well."""

    @property
    def ends(self) -> bool:
        return self.storage_class is None

    @property
    def settled(self) -> bool:
        """Whether it is known what happens, and at which age."""
        return self.days is not None and not self.newer and (
            self.ends or self.storage_class in PRICES
        )


class LifecycleRule(NamedTuple):
    """One rule; whatever of its filter is unknown is None or an Unknown."""

    path: Path
    raw: Map
    enabled: bool | None
    prefix: Any
    """A str or an Unknown; empty without such a filter."""
    tags: frozenset[tuple[str, str]] | None
    above: float | None
    """Objects must be larger than this many bytes; -1 without such a filter."""
    below: float | None
    """Objects must be smaller than this many bytes; infinite without such a filter."""
    current: tuple[Action, ...]
    noncurrent: tuple[Action, ...]

    @property
    def covers_all(self) -> bool | None:
        """Whether it is for every object of the bucket; None where that is unknown."""
        filters = (self.prefix, self.tags, self.above, self.below)
        answers = [
            None if value is None or isinstance(value, Unknown) else value == every
            for value, every in zip(filters, ('', frozenset(), -1, float('inf')), strict=True)
        ]
        return False if False in answers else None if None in answers else True

    @property
    def sized(self) -> bool:
        """Whether it has a filter by size, be it an unknown one."""
        return self.above != -1 or self.below != float('inf')

    def covers(self, other: LifecycleRule) -> bool | None:
        """Whether it is for every object that `other` is for; None where that is unknown."""
        if self is other:
            return True
        answers: list[bool | None] = [prefix_covers(self.prefix, other.prefix)]
        if self.tags != frozenset():
            known = self.tags is not None and other.tags is not None
            answers.append(self.tags <= other.tags if known else None)  # type: ignore[operator]
        if self.above != -1:
            known = self.above is not None and other.above is not None
            answers.append(self.above <= other.above if known else None)  # type: ignore[operator]
        if self.below != float('inf'):
            known = self.below is not None and other.below is not None
            answers.append(self.below >= other.below if known else None)  # type: ignore[operator]
        return False if False in answers else None if None in answers else True


def prefix_covers(prefix: Any, other: Any) -> bool | None:
    """Whether every key that begins with `other` begins with `prefix`."""
    if prefix == '' or prefix == other and prefix is not UNKNOWN:
        return True
    if isinstance(prefix, str) and isinstance(other, str):
        return other.startswith(prefix)
    return None


def rules(bucket: Map) -> list[LifecycleRule] | None:
    """All lifecycle rules of a bucket, empty where it has none; None if one cannot be known."""
    if bucket.absent('LifecycleConfiguration'):
        return []
    lifecycle = bucket.map('LifecycleConfiguration')
    items = lifecycle.seq('Rules') if lifecycle is not None else None
    if items is None:
        return None
    result = []
    for index, item in enumerate(items):
        if not isinstance(item, Map) or item.open:
            return None
        result.append(_rule(item, ('LifecycleConfiguration', 'Rules', index)))
    return result


def _rule(raw: Map, path: Path) -> LifecycleRule:
    return LifecycleRule(
        path,
        raw,
        {'Enabled': True, 'Disabled': False}.get(raw.text('Status') or ''),
        _prefix(raw),
        _tags(raw),
        -1 if raw.absent('ObjectSizeGreaterThan') else raw.number('ObjectSizeGreaterThan'),
        float('inf') if raw.absent('ObjectSizeLessThan') else raw.number('ObjectSizeLessThan'),
        (*_moves(raw, path, 'Transition'), *_expiration(raw, path)),
        (*_moves(raw, path, 'NoncurrentVersionTransition'), *_version_expiration(raw, path)),
    )


def _prefix(raw: Map) -> Any:
    if raw.absent('Prefix'):
        return ''
    value = raw['Prefix']
    if isinstance(value, Unknown):
        return value
    text = as_text(value)
    return UNKNOWN if text is None else text


def _tags(raw: Map) -> frozenset[tuple[str, str]] | None:
    if raw.absent('TagFilters'):
        return frozenset()
    filters = raw.seq('TagFilters')
    if filters is None:
        return None
    pairs = [
        (one.text('Key'), one.text('Value')) if isinstance(one, Map) else (None, None)
        for one in filters
    ]
    known = frozenset((key, value) for key, value in pairs if key is not None and value is not None)
    return known if len(known) == len(pairs) else None


def _moves(raw: Map, path: Path, name: str) -> Iterator[Action]:
    """The moves in a list and in its deprecated singular form."""
    if not raw.absent(name):
        yield _move(raw[name], (*path, name))
    if not raw.absent(f'{name}s'):
        several = raw[f'{name}s']
        if isinstance(several, Seq):
            for index, one in enumerate(several):
                yield _move(one, (*path, f'{name}s', index))
        else:
            yield _move(several, (*path, f'{name}s'))


def _move(raw: Any, path: Path) -> Action:
    if not isinstance(raw, Map) or raw.open:
        return Action(path, UNKNOWN, None)
    storage_class = raw.text('StorageClass')
    dated = not raw.absent('TransitionDate')
    return Action(
        path,
        # The schema knows both spellings of this one.
        UNKNOWN if storage_class is None else storage_class.replace('Glacier', 'GLACIER'),
        None if dated else raw.number('TransitionInDays'),
        dated,
        dated or not raw.absent('TransitionInDays'),
        not raw.absent('NewerNoncurrentVersions'),
    )


def _expiration(raw: Map, path: Path) -> Iterator[Action]:
    if not raw.absent('ExpirationInDays'):
        yield Action((*path, 'ExpirationInDays'), None, raw.number('ExpirationInDays'))
    elif not raw.absent('ExpirationDate'):
        yield Action((*path, 'ExpirationDate'), None, None, dated=True)


def _version_expiration(raw: Map, path: Path) -> Iterator[Action]:
    old = 'NoncurrentVersionExpirationInDays'
    if not raw.absent(old):
        yield Action((*path, old), None, raw.number(old))
    name = 'NoncurrentVersionExpiration'
    if not raw.absent(name):
        expiration = raw.map(name) or Map(open=True)
        yield Action(
            (*path, name), None, expiration.number('NoncurrentDays'),
            newer=not expiration.absent('NewerNoncurrentVersions'),
        )


def leads_to(storage_class: str, other: str) -> bool:
    """Whether S3 moves objects from one class to the other."""
    return other in _ONWARD.get(storage_class, ())


def in_order(actions: Iterable[Action]) -> list[Action]:
    """Settled actions as S3 takes them on one object; on the same day deletion comes first."""
    return sorted(
        actions,
        key=lambda one: (
            one.days or 0,
            -1 if one.ends else
            _PREFERRED.index(one.storage_class) if one.storage_class in _PREFERRED else
            len(_PREFERRED),
        ),
    )


def rejects(first: Action, then: Action, *, noncurrent: bool) -> int | None:
    """The days that S3 wants between two moves in one rule, if `then` comes sooner than that.

    For archives S3 says so when it rejects a rule; its guide says it of the IA classes only,
    and of noncurrent versions nothing else is known.
    """
    wanted = MINIMUM_DAYS.get(first.storage_class, 1)
    if noncurrent and first.storage_class not in INFREQUENT:
        wanted = 1
    gap = (then.days or 0) - (first.days or 0)
    return wanted if gap < wanted else None
