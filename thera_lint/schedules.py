"""When a schedule of EventBridge or its Scheduler fires.

A year of firings is one integer, a bit a minute: counting is `bit_count`, and where two
schedules clash is `&`. There is no clock in here. What a schedule does in a normal month is
a twelfth of what it does in REFERENCE_YEAR, a year of 365 days (8,760 hours, as prices count
it), or in the first later year in which it fires; one that ended before is over.

The libraries for AWS's cron know UTC only and find one firing after the other, seconds
for a year of minutes, and some fail on LW. The tests hold this to one of them, aws-croniter.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-scheduled-rule-pattern.html
https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html
"""
from __future__ import annotations

import re
from collections.abc import Collection
from collections.abc import Iterator
from datetime import date
from datetime import datetime
from datetime import timedelta
from datetime import timezone as fixed_offset
from datetime import tzinfo
from functools import cached_property
from functools import lru_cache
from typing import NamedTuple

from thera_lint.values import Map

REFERENCE_YEAR = 2026

_UTC = fixed_offset.utc
_MINUTE = timedelta(minutes=1)
_DAY = 1440
_UNITS = {'minute': 1, 'hour': 60, 'day': _DAY}
_MONTHS = 'JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC'.split()
_DAYS = 'SUN MON TUE WED THU FRI SAT'.split()
_MONTH_NAMES = (
    'January February March April May June July August September October November December'
).split()
_DAY_NAMES = 'Monday Tuesday Wednesday Thursday Friday Saturday Sunday'.split()

_RATE = re.compile(r'rate\(\s*([0-9]{1,9})\s+(minute|hour|day)(s?)\s*\)')
_CRON = re.compile(r'cron\((.*)\)', re.S)
_AT = re.compile(r'at\(([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2})\)')
_ITEM = re.compile(r'(?:\*|(\w+)(?:-(\w+))?)(?:/([0-9]{1,5}))?')


class _Cron(NamedTuple):
    minutes: frozenset[int]
    hours: frozenset[int]
    months: frozenset[int]
    years: frozenset[int]
    day_of_month: frozenset[int] | str
    day_of_week: frozenset[int] | str
    """One of the two is '?'. Otherwise days, or a word with L, W or #."""

    def days(self, year: int, month: int) -> set[int]:
        """The days of a month on which it fires."""
        if year not in self.years or month not in self.months:
            return set()
        first, length = date(year, month, 1).isoweekday(), _length(year, month)

        def weekday(day: int) -> int:
            return (first + day - 1) % 7 + 1  # 1 is Sunday, which is 7 for Python

        days, weekdays = self.day_of_month, self.day_of_week
        if isinstance(days, frozenset):
            return {day for day in days if day <= length}
        if isinstance(weekdays, frozenset):
            return {day for day in range(1, length + 1) if weekday(day) in weekdays}
        if days == 'L':
            return {length}
        if days != '?':
            day = length if days == 'LW' else int(days[:-1])
            return {_nearest_workday(day, weekday(day), length)} if day <= length else set()
        if weekdays[-1] == 'L':
            return {
                day for day in range(length - 6, length + 1) if weekday(day) == int(weekdays[0])
            }
        wanted, nth = int(weekdays[0]), int(weekdays[2])
        return {day for day in range(7 * nth - 6, min(7 * nth, length) + 1)
                if weekday(day) == wanted}


class _Rate(NamedTuple):
    minutes: int


class Schedule:
    """A parsed schedule; `parse` makes it."""

    def __init__(
            self,
            when: _Cron | _Rate | datetime,
            zone: str,
            tz: tzinfo,
            start: datetime | None,
            end: datetime | None,
    ) -> None:
        self._when = when
        self._zone = zone
        self._tz = tz
        self._start = start
        self._end = end
        self._years: dict[int, int] = {}

    @property
    def period(self) -> int | None:
        """Of a rate, its minutes."""
        return self._when.minutes if isinstance(self._when, _Rate) else None

    @property
    def drifts(self) -> bool:
        """A rate without a start runs from its deployment: which minutes, nobody knows."""
        return (self.period or 0) > 1 and self._start is None

    @cached_property
    def year(self) -> int | None:
        """The year to look at: REFERENCE_YEAR, else the first later one in which it fires."""
        when, start = self._when, self._start or _year(REFERENCE_YEAR)[0]
        first = max(REFERENCE_YEAR, start.year)
        if isinstance(when, _Cron):
            # The 29th of February may be eight years away; the 30th never comes.
            years = sorted(year for year in when.years if year >= first)[:9]
        else:
            years = [max(first, when.year) if isinstance(when, datetime) else first]
            years.append(first + 1)  # a rate may skip what is left of the first
        return next((year for year in years if self.firings(year)), None)

    @property
    def per_day(self) -> float:
        """Firings a day on average, while it is active; 0 for one that fires only once."""
        if self.year is None or isinstance(self._when, datetime):
            return 0
        first, last = _year(self.year)
        first = max(first, self._start or first)
        last = min(last, self._end + _MINUTE if self._end else last)
        return self.firings(self.year).bit_count() / max(1, (last - first) / timedelta(days=1))

    @property
    def per_month(self) -> float:
        return self.per_day * 365 / 12

    def firings(self, year: int) -> int:
        """The minutes of a year at which it fires: bit 0 is 1 January 00:00 UTC."""
        if year not in self._years:
            self._years[year] = self._fired(year)
        return self._years[year]

    def _fired(self, year: int) -> int:
        first, last = _year(year)
        start, end = self._start or first, self._end or last
        if start >= last or end < first:
            return 0
        low = max(0, _minutes(first, start))
        high = min(_minutes(first, last), _minutes(first, end) + 1)
        when = self._when
        if isinstance(when, _Cron):
            fires = self._in_utc(when, year)
        elif isinstance(when, _Rate):
            phase = low if start >= first else _minutes(first, start) % when.minutes
            fires = _every(when.minutes, high - phase) << phase if high > phase else 0
        else:
            fires = 1 << _minutes(first, when) if first <= when < last else 0
        return fires >> low << low & (1 << high) - 1

    def _in_utc(self, cron: _Cron, year: int) -> int:
        """A year of the wall clock, cut where the zone's offset changes, and put together.

        AWS skips what the clock skips in spring, and runs once what it shows twice in autumn:
        https://repost.aws/knowledge-center/eventbridge-scheduler-adjust-dst
        """
        if self._tz is _UTC:
            return _calendar(cron, year)
        local = _calendar(cron, year, 2)  # no offset is more than a day
        first, last = _year(year)
        fires = shown = 0
        for begin, end, offset in _offsets(self._tz, first, last):
            low = max(shown, begin + offset + 2 * _DAY)
            shown = end + offset + 2 * _DAY
            part = (local & (1 << shown) - 1) >> low << low
            fires |= part >> offset + 2 * _DAY
        return fires

    def between(self, start: datetime, end: datetime) -> Iterator[datetime]:
        """The firings from `start` up to, not including, `end`, in UTC.

        Both must be aware. A rate without a start is counted from the start of each year.
        """
        for year in range(start.astimezone(_UTC).year, end.astimezone(_UTC).year + 1):
            first = _year(year)[0]
            for minute in _bits(self.firings(year)):
                when = first + minute * _MINUTE
                if when >= end:
                    return
                if when >= start:
                    yield when


class Clash(NamedTuple):
    """What two schedules have in common: how often a month, and when, in words."""

    per_month: float
    when: str


def clashes(one: Schedule, other: Schedule) -> Clash | None:
    """When both fire at the same minute; None where they never do, or nobody can know.

    Two equal rates that run from their deployment are a clash: each does all that the other
    does, a moment apart.
    """
    if one.drifts or other.drifts:
        if not one.drifts or not other.drifts or one.period != other.period:
            return None
        return Clash(min(one.per_month, other.per_month), _said_rate(one.period or 1))
    if _differ(one, other) or one.year is None or other.year is None:
        return None
    year = max(one.year, other.year)
    both = one.firings(year) & other.firings(year)
    if not both:
        return None
    once = isinstance(one._when, datetime) or isinstance(other._when, datetime)
    zone, first = 'UTC', _year(year)[0]
    words = both
    if one._zone == other._zone and isinstance(one._when, _Cron) and \
            isinstance(other._when, _Cron):
        # In their own zone the hour does not move with daylight saving time.
        zone = one._zone
        words = _calendar(one._when, year) & _calendar(other._when, year) or both
    if once or words.bit_count() == 1:
        moment = first + ((words & -words).bit_length() - 1) * _MINUTE
        return Clash(both.bit_count() / 12, f'once, on {moment:%Y-%m-%d at %H:%M} {zone}')
    return Clash(both.bit_count() / 12, _said(words, year, zone))


def _differ(one: Schedule, other: Schedule) -> bool:
    """Whether the fields alone say that they never meet, as those of most pairs do."""
    mine, theirs = one._when, other._when
    return one._zone == other._zone and isinstance(mine, _Cron) and isinstance(theirs, _Cron) and (
        mine.minutes.isdisjoint(theirs.minutes) or mine.hours.isdisjoint(theirs.hours) or
        mine.months.isdisjoint(theirs.months) or mine.years.isdisjoint(theirs.years)
    )


@lru_cache(maxsize=256)
def parse(
        expression: str,
        timezone: str | None = None,
        start: str | None = None,
        end: str | None = None,
) -> Schedule | None:
    """A ScheduleExpression with its zone, StartDate and EndDate; None for what AWS rejects.

    Also for what its documentation does not say, and for a zone that this machine does not
    know.
    """
    tz: tzinfo | None = _UTC if timezone in (None, 'UTC') else _zone(timezone or '')
    begins, ends = _instant(start), _instant(end)
    when = _when(expression)
    if tz is None or when is None or (start and not begins) or (end and not ends):
        return None
    if isinstance(when, datetime):
        when = when.replace(tzinfo=tz).astimezone(_UTC).replace(second=0)
    return Schedule(when, timezone or 'UTC', tz, begins, ends)


def of(properties: Map) -> Schedule | None:
    """That of an AWS::Events::Rule or AWS::Scheduler::Schedule; None where any of it is unknown.

    A schedule without ScheduleExpressionTimezone runs in UTC, as every rule does.
    """
    expression = properties.text('ScheduleExpression')
    bounds = []
    for key in ('ScheduleExpressionTimezone', 'StartDate', 'EndDate'):
        if not properties.absent(key) and properties.text(key) is None:
            return None
        bounds.append(properties.text(key))
    return parse(expression, *bounds) if expression is not None else None


# --- reading


def _when(expression: str) -> _Cron | _Rate | datetime | None:
    rate = _RATE.fullmatch(expression)
    if rate:
        value, plural = int(rate[1]), bool(rate[3])
        # A rule wants `1 minute`; the Scheduler documents only the plural.
        fits = value > 0 and (plural or value == 1)
        return _Rate(value * _UNITS[rate[2]]) if fits else None
    cron = _CRON.fullmatch(expression)
    if cron:
        return _cron(cron[1].split())
    at = _AT.fullmatch(expression)
    try:
        return datetime.fromisoformat(at[1]) if at else None
    except ValueError:  # the 30th of February
        return None


def _cron(fields: list[str]) -> _Cron | None:
    if len(fields) != 6:
        return None
    minutes = _numbers(fields[0], 0, 59)
    hours = _numbers(fields[1], 0, 23)
    months = _numbers(fields[3], 1, 12, _MONTHS)
    years = _numbers(fields[5], 1970, 2199)
    days, weekdays = _days(fields[2].upper()), _weekdays(fields[4].upper())
    if not minutes or not hours or not months or not years or not days or not weekdays:
        return None
    if (days == '?') == (weekdays == '?'):
        return None
    return _Cron(minutes, hours, months, years, days, weekdays)


def _days(field: str) -> frozenset[int] | str | None:
    if field in ('?', 'L', 'LW') or re.fullmatch(r'([1-9]|[12][0-9]|3[01])W', field):
        return field
    return _numbers(field, 1, 31)


def _weekdays(field: str) -> frozenset[int] | str | None:
    if field == '?':
        return field
    if field == 'L':
        return frozenset((7,))  # the last day of the week
    special = re.fullmatch(r'(\w+?)(L|#[1-5])', field)
    if special:
        day = _number(special[1], 1, 7, _DAYS)
        return None if day is None else f'{day}{special[2]}'
    return None if '/' in field else _numbers(field, 1, 7, _DAYS)


def _numbers(
        field: str, low: int, high: int, names: list[str] | None = None,
) -> frozenset[int] | None:
    """`5`, `MON-FRI`, `22-2`, `*/10`, `0/15`, and a list of them."""
    result: set[int] = set()
    for item in field.upper().split(','):
        match = _ITEM.fullmatch(item)
        if not match:
            return None
        step = int(match[3] or 1)
        first = low if match[1] is None else _number(match[1], low, high, names)
        last = first if match[3] is None and match[1] else high
        if match[2] is not None:
            last = _number(match[2], low, high, names)
        if first is None or last is None or step < 1:
            return None
        size = high - low + 1
        if last < first:  # over midnight, or the end of the year
            last += size
        result.update((value - low) % size + low for value in range(first, last + 1, step))
    return frozenset(result)


def _number(word: str, low: int, high: int, names: list[str] | None) -> int | None:
    if names and word in names:
        return names.index(word) + 1
    value = int(word) if re.fullmatch(r'[0-9]{1,4}', word) else -1
    return value if low <= value <= high else None


def _zone(name: str) -> tzinfo | None:
    from zoneinfo import ZoneInfo  # 5 ms that only a zone needs

    try:
        return ZoneInfo(name)
    except (LookupError, ValueError, OSError):  # unknown; a path; a folder of zones
        return None


def _instant(text: str | None) -> datetime | None:
    try:
        when = datetime.fromisoformat(re.sub('Z$', '+00:00', text or ''))
        when = when.astimezone(_UTC) if when.tzinfo else when.replace(tzinfo=_UTC)
        return when.replace(second=0, microsecond=0)  # AWS is precise to the minute
    except (ValueError, OverflowError):
        return None


# --- calendars

_A_DAY = timedelta(days=1)


def _year(year: int) -> tuple[datetime, datetime]:
    return datetime(year, 1, 1, tzinfo=_UTC), datetime(year + 1, 1, 1, tzinfo=_UTC)


def _length(year: int, month: int) -> int:
    return (date(year + month // 12, month % 12 + 1, 1) - date(year, month, 1)).days


def _minutes(first: datetime, last: datetime) -> int:
    return (last - first) // _MINUTE


def _calendar(cron: _Cron, year: int, margin: int = 0) -> int:
    """The minutes of a year by the wall clock, with `margin` days before and after it."""
    hour = sum(1 << minute for minute in cron.minutes)
    day = sum(hour << 60 * each for each in cron.hours).to_bytes(_DAY // 8, 'little')
    idle = bytes(_DAY // 8)
    months = [(year, month) for month in range(1, 13)]
    if margin:
        months = [(year - 1, 12), *months, (year + 1, 1)]
    days = []
    for each in months:
        fires = cron.days(*each)
        days += [day if one in fires else idle for one in range(1, _length(*each) + 1)]
    if margin:
        days = days[31 - margin:margin - 31]
    return int.from_bytes(b''.join(days), 'little')


def _nearest_workday(day: int, weekday: int, length: int) -> int:
    """The nearest day from Monday to Friday in the same month."""
    if weekday == 7:
        return day - 1 if day > 1 else day + 2
    if weekday == 1:
        return day + 1 if day < length else day - 2
    return day


def _offsets(tz: tzinfo, first: datetime, last: datetime) -> Iterator[tuple[int, int, int]]:
    """The stretches of one offset from UTC: from and to (minutes), and the offset."""
    def offset(minute: int) -> int:
        return ((first + minute * _MINUTE).astimezone(tz).utcoffset() or _MINUTE * 0) // _MINUTE

    total = _minutes(first, last)
    begin, current = 0, offset(0)
    for day in range(_DAY, total + 1, _DAY):
        if offset(day) != current:
            low, high = day - _DAY, day
            while high - low > 1:
                middle = (low + high) // 2
                low, high = (middle, high) if offset(middle) == current else (low, middle)
            yield begin, high, current
            begin, current = high, offset(high)
    yield begin, total, current


def _every(period: int, length: int) -> int:
    """Bits 0, period, 2 × period ... below length."""
    fires, size = 1, period
    while size < length:
        fires |= fires << size
        size *= 2
    return fires & (1 << length) - 1


def _bits(value: int) -> Iterator[int]:
    data = value.to_bytes((value.bit_length() + 7) // 8, 'little')
    for index, byte in enumerate(data):
        while byte:
            low = byte & -byte
            yield index * 8 + low.bit_length() - 1
            byte ^= low


# --- words


def _said_rate(minutes: int) -> str:
    for unit, size in (('day', _DAY), ('hour', 60), ('minute', 1)):
        if minutes % size == 0:
            count = minutes // size
            return f'every {unit}' if count == 1 else f'every {count:,} {unit}s'
    raise AssertionError(minutes)


def _said(firings: int, year: int, zone: str) -> str:
    """`every Monday at 06:00 UTC`, or how often a year, and the first time."""
    size = _DAY // 8
    data = firings.to_bytes(366 * size, 'little')
    idle = bytes(size)
    days = {
        date(year, 1, 1) + number * _A_DAY: data[number * size:][:size]
        for number in range(366) if data[number * size:][:size] != idle
    }
    day, first = next(iter(days.items()))
    times = [_clock(minute) for minute in _bits(int.from_bytes(first, 'little'))]
    which = _said_days(days)
    if which is None or len(set(days.values())) > 1:
        return (
            f'{firings.bit_count():,} times a year, the first on {day.day} '
            f'{_MONTH_NAMES[day.month - 1]} {year} at {times[0]} {zone}'
        )
    if which == 'every day' and len(times) == _DAY:
        return 'every minute'
    if len(times) <= 3:
        return f'{which} at {_listed(times)} {zone}'
    return f'{which} {len(times):,} times, from {times[0]} to {times[-1]} {zone}'


def _said_days(days: Collection[date]) -> str | None:
    """In the calendar's own words, if there are any for exactly these days."""
    year = next(iter(days)).year
    length = (date(year + 1, 1, 1) - date(year, 1, 1)).days
    every = [date(year, 1, 1) + number * _A_DAY for number in range(length)]
    if len(days) == length:
        return 'every day'
    weekdays = {day.weekday() for day in days}
    if len(days) == sum(day.weekday() in weekdays for day in every):
        if weekdays == {0, 1, 2, 3, 4}:
            return 'every day from Monday to Friday'
        return 'every ' + _listed([_DAY_NAMES[number] for number in sorted(weekdays)])
    numbers = {day.day for day in days}
    if len(numbers) == 1 and len(days) == 12:
        return f'on day {numbers.pop()} of every month'
    return None


def _clock(minute: int) -> str:
    return f'{minute // 60:02}:{minute % 60:02}'


def _listed(words: list[str]) -> str:
    return words[0] if len(words) == 1 else ', '.join(words[:-1]) + ' and ' + words[-1]
