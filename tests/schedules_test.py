"""Calendars against independent ones: aws-croniter for the days, the standard zone for hours."""
from __future__ import annotations

import time
from datetime import datetime
from datetime import timedelta
from datetime import timezone
from zoneinfo import ZoneInfo

import pytest
from aws_croniter import AwsCroniter
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from thera_lint import schedules
from thera_lint.schedules import clashes
from thera_lint.schedules import parse
from thera_lint.schedules import REFERENCE_YEAR
from thera_lint.schedules import Schedule

MONTHS = 'JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC'.split()
DAYS = 'SUN MON TUE WED THU FRI SAT'.split()
ZONES = (
    'Europe/Berlin', 'America/New_York', 'Asia/Kolkata', 'Pacific/Auckland', 'Pacific/Kiritimati',
    'Australia/Lord_Howe', 'America/St_Johns', 'Pacific/Niue', 'Africa/Casablanca', 'Etc/UTC',
)


def utc(year: int, month: int = 1, day: int = 1, hour: int = 0, minute: int = 0) -> datetime:
    return datetime(year, month, day, hour, minute, tzinfo=timezone.utc)


def made(expression: str, *more: str | None) -> Schedule:
    schedule = parse(expression, *more)
    assert schedule is not None
    return schedule


# --- the same firings as an independent library's


def numbers(low: int, high: int) -> st.SearchStrategy[str]:
    number = st.integers(low, high)
    pair = st.tuples(number, number).map(lambda ends: f'{ends[0]}-{ends[1]}')
    item = st.one_of(
        number.map(str),
        pair,
        st.tuples(st.one_of(st.just('*'), number.map(str), pair), st.integers(1, high)).map(
            lambda both: f'{both[0]}/{both[1]}',
        ),
    )
    return st.one_of(st.just('*'), st.lists(item, min_size=1, max_size=3).map(','.join))


def day_fields() -> st.SearchStrategy[tuple[str, str]]:
    of_month = st.one_of(
        numbers(1, 31), st.just('L'), st.integers(1, 28).map(lambda day: f'{day}W'),
    )
    weekday = st.integers(1, 7)
    of_week = st.one_of(
        st.lists(st.one_of(
            weekday.map(str), st.tuples(weekday, weekday).map(lambda d: f'{d[0]}-{d[1]}'),
            st.sampled_from(DAYS),
        ), min_size=1, max_size=3).map(','.join),
        weekday.map(lambda day: f'{day}L'),
        st.tuples(weekday, st.integers(1, 5)).map(lambda both: f'{both[0]}#{both[1]}'),
        st.just('*'),
    )
    return st.one_of(
        of_month.map(lambda field: (field, '?')), of_week.map(lambda field: ('?', field)),
    )


MONTH_FIELD = st.one_of(numbers(1, 12), st.lists(st.sampled_from(MONTHS), min_size=1).map(','.join))


@settings(max_examples=200, deadline=None)
@given(
    numbers(0, 59), numbers(0, 23), day_fields(), MONTH_FIELD,
    st.sampled_from(('*', '2026', '2024-2028', '2027,2028')),
    st.datetimes(datetime(2024, 1, 1), datetime(2029, 1, 1)),
)
def test_cron_fires_as_aws_croniter_says(
        minutes: str, hours: str, days: tuple[str, str], months: str, years: str, at: datetime,
) -> None:
    cron = f'{minutes} {hours} {days[0]} {months} {days[1]} {years}'
    start = at.replace(second=0, microsecond=0, tzinfo=timezone.utc)
    schedule = made(f'cron({cron})')
    expected = []
    moment = start - timedelta(seconds=1)
    for _ in range(20):  # one by one is slow there
        found = AwsCroniter(cron).occurrence(moment).next()
        if found is None or found >= utc(2030):
            break
        expected.append(found)
        moment = found
    end = expected[-1] + timedelta(minutes=1) if len(expected) == 20 else utc(2030)
    assert list(schedule.between(start, end)) == expected


@settings(max_examples=100, deadline=None)
@given(
    st.sampled_from(ZONES), st.integers(0, 59), st.lists(st.integers(0, 23), min_size=1),
    st.integers(2000, 2035),
)
def test_a_zone_skips_what_the_clock_skips_and_runs_once_what_it_shows_twice(
        zone: str, minute: int, hours: list[int], year: int,
) -> None:
    """By brute force: every wall clock time of a year, the other way round than the module."""
    schedule = made(f'cron({minute} {",".join(map(str, hours))} * * ? *)', zone)
    tz = ZoneInfo(zone)
    expected = set()
    for day in range(-2, 369):
        for hour in hours:
            wall = datetime(year, 1, 1, hour, minute) + timedelta(days=day)
            moment = wall.replace(tzinfo=tz).astimezone(timezone.utc)
            exists = moment.astimezone(tz).replace(tzinfo=None) == wall
            if exists and moment.year == year:
                expected.add(moment)
    # At the very edge of a year, one that is shown twice may belong to the year before.
    assert set(schedule.between(utc(year), utc(year + 1))) == expected


@settings(max_examples=100, deadline=None)
@given(
    st.integers(1, 5000), st.sampled_from(('minutes', 'hours', 'days')),
    st.datetimes(datetime(2020, 1, 1), datetime(2028, 1, 1)),
    st.one_of(st.none(), st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1))),
)
def test_a_rate_counts_from_its_start(
        value: int, unit: str, start: datetime, end: datetime | None,
) -> None:
    start = start.replace(second=0, microsecond=0)
    schedule = made(
        f'rate({value} {unit})', None, f'{start.isoformat()}Z', end and f'{end.isoformat()}Z',
    )
    step = timedelta(**{unit: value})
    first, last = datetime(2026, 1, 1), datetime(2027, 1, 1)
    moment = start + max(0, -((start - first) // step)) * step
    expected = []
    while moment < last and (end is None or moment <= end):
        expected.append(moment.replace(tzinfo=timezone.utc))
        moment += step
    assert list(schedule.between(utc(2026), utc(2027))) == expected


EXPRESSIONS = st.tuples(
    st.tuples(st.sampled_from((0, 30)), numbers(0, 23), day_fields(), MONTH_FIELD).map(
        lambda f: f'cron({f[0]} {f[1]} {f[2][0]} {f[3]} {f[2][1]} *)',
    ),
    st.sampled_from((None, *ZONES[:6])),
)


@settings(max_examples=60, deadline=None)
@given(EXPRESSIONS, EXPRESSIONS)
def test_a_clash_is_a_minute_of_both(
        one: tuple[str, str | None], other: tuple[str, str | None],
) -> None:
    first, second = made(*one), made(*other)
    clash = clashes(first, second)
    assert clash == clashes(second, first)
    if first.year is None or second.year is None:
        assert clash is None
        return
    year = max(first.year, second.year)
    both = set(first.between(utc(year), utc(year + 1))) & set(
        second.between(utc(year), utc(year + 1)),
    )
    assert bool(clash) == bool(both)
    if clash:
        assert clash.per_month == len(both) / 12


@settings(max_examples=500, deadline=None)
@given(
    st.one_of(
        st.text(),
        st.text(alphabet='0123456789*?LW#,-/ MONJAN').map(lambda text: f'cron({text})'),
        st.text(alphabet='0123456789 minuteshoursdays').map(lambda text: f'rate({text})'),
        st.text(alphabet='0123456789T:-').map(lambda text: f'at({text})'),
    ),
    st.one_of(st.none(), st.text()), st.one_of(st.none(), st.text()),
)
def test_nothing_raises(expression: str, zone: str | None, start: str | None) -> None:
    schedule = parse(expression, zone, start)
    if schedule is not None:
        assert schedule.per_month >= 0


# --- by hand


@pytest.mark.parametrize('expression', (
    'rate(5 minute)', 'rate(0 minutes)', 'rate(-5 minutes)', 'rate(1.5 hours)', 'rate(5 weeks)',
    'rate(5)', 'rate(٥ minutes)', 'cron(0 6 * * *)', 'cron(0 6 * * * *)', 'cron(0 6 ? * ? *)',
    'cron(0 6 1 * MON *)', 'cron(60 6 * * ? *)', 'cron(0 24 * * ? *)', 'cron(0 6 32 * ? *)',
    'cron(0 6 0 * ? *)', 'cron(0 6 * 13 ? *)', 'cron(0 6 ? * 8 *)', 'cron(0 6 ? * 0 *)',
    'cron(0 6 ? * MON#6 *)', 'cron(0 6 ? * MON#1,FRI#2 *)', 'cron(0 6 * * ? 1969)',
    'cron(*/0 * * * ? *)', 'cron(0 6 32W * ? *)', 'cron(0 6 1,L * ? *)', 'cron(0 6 * * ? *',
    '0 6 * * ? *', 'at(2027-02-30T06:00:00)', 'at(2027-03-01)', 'at(2027-03-01T06:00:00Z)',
    '', 'cron()', 'cron(a b c d e f)', 'cron(- - - - ? -)', 'cron(, 6 * * ? *)',
))
def test_what_aws_rejects_is_unknown(expression: str) -> None:
    assert parse(expression) is None


@pytest.mark.parametrize(('zone', 'start'), (
    ('Europe/Atlantis', None), ('../../etc/passwd', None), ('Europe', None), ('', None),
    (None, 'tomorrow'),
))
def test_an_unknown_zone_or_start_is_unknown(zone: str | None, start: str | None) -> None:
    assert parse('rate(1 day)', zone, start) is None or zone == ''


@pytest.mark.parametrize(('expression', 'per_month'), (
    ('rate(1 minute)', 43_800), ('rate(1 minutes)', 43_800), ('rate(5 minutes)', 8_760),
    ('rate(1 hour)', 730), ('rate(1 day)', 365 / 12), ('cron(* * * * ? *)', 43_800),
    ('cron(0 6 * * ? *)', 365 / 12), ('cron(0 6 ? * MON *)', 52 / 12), ('cron(0 6 L * ? *)', 1),
    ('cron(0 6 LW * ? *)', 1), ('cron(0 6 31 * ? *)', 7 / 12), ('cron(0 6 30 2 ? *)', 0),
    ('cron(0 6 * * ? 2020)', 0), ('cron(0 6 * * ? 2025/2)', 365 / 12),
    ('cron(0 6 * * ? 2030)', 365 / 12),
    ('at(2027-03-01T06:00:00)', 0),
))
def test_firings_in_a_normal_month(expression: str, per_month: float) -> None:
    assert made(expression).per_month == pytest.approx(per_month)


def test_days() -> None:
    def days(field: str, weekday: str = '?', month: str = '*') -> list[str]:
        schedule = made(f'cron(0 0 {field} {month} {weekday} *)')
        return [f'{when:%m-%d}' for when in schedule.between(utc(2026), utc(2027))][:3]

    assert days('L') == ['01-31', '02-28', '03-31']
    assert days('LW') == ['01-30', '02-27', '03-31']
    assert days('1W', month='AUG') == ['08-03']  # the 1st is a Saturday: not back into July
    assert days('31W', month='MAY') == ['05-29']  # a Sunday: not on into June
    assert days('?', 'L') == ['01-03', '01-10', '01-17']
    assert days('?', 'FRIL') == days('?', '6L') == ['01-30', '02-27', '03-27']
    assert days('?', 'mon#1') == ['01-05', '02-02', '03-02']
    assert days('?', 'MON#5') == ['03-30', '06-29', '08-31']
    assert days('?', 'FRI-MON') == ['01-02', '01-03', '01-04']


def test_start_and_end_bound_it() -> None:
    schedule = made('cron(0 6 * * ? *)', None, '2026-03-01T06:00:30Z', '2026-03-10T05:00:00+00:00')
    fired = list(schedule.between(utc(2025), utc(2028)))
    assert (fired[0], fired[-1], len(fired)) == (utc(2026, 3, 1, 6), utc(2026, 3, 9, 6), 9)
    assert schedule.per_day == pytest.approx(1, abs=0.05)
    assert made('rate(1 day)', None, None, '2020-01-01T00:00:00Z').per_month == 0
    later = made('rate(1 minute)', None, '2031-12-31T23:00:00Z')
    assert (later.year, later.per_day) == (2031, 60)  # in the one day that it has there


def test_a_local_hour_moves_with_daylight_saving_time() -> None:
    schedule = made('cron(0 6 * * ? *)', 'Europe/Berlin')
    assert next(schedule.between(utc(2026, 1, 1), utc(2026, 2, 1))) == utc(2026, 1, 1, 5)
    assert next(schedule.between(utc(2026, 7, 1), utc(2026, 8, 1))) == utc(2026, 7, 1, 4)
    assert next(made('at(2026-07-01T06:00:00)', 'Europe/Berlin').between(utc(2026), utc(2027))) \
        == utc(2026, 7, 1, 4)


@pytest.mark.parametrize(('one', 'other', 'when'), (
    ('cron(0 6 * * ? *)', 'cron(0 6 ? * MON *)', 'every Monday at 06:00 UTC'),
    ('cron(0 6 * * ? *)', 'cron(0 6 ? * MON-FRI *)',
     'every day from Monday to Friday at 06:00 UTC'),
    ('cron(0 6 * * ? *)', 'cron(0 6 ? * TUE,SAT *)', 'every Tuesday and Saturday at 06:00 UTC'),
    ('cron(0 6 * * ? *)', 'cron(0/30 6,18 * * ? *)', 'every day at 06:00 UTC'),
    ('cron(0 6,18 * * ? *)', 'rate(1 minute)', 'every day at 06:00 and 18:00 UTC'),
    ('cron(0 * * * ? *)', 'cron(*/5 * * * ? *)', 'every day 24 times, from 00:00 to 23:00 UTC'),
    ('cron(0 6 1 * ? *)', 'cron(0 6 * * ? *)', 'on day 1 of every month at 06:00 UTC'),
    ('cron(0 6 L * ? *)', 'cron(0 6 * * ? *)',
     '12 times a year, the first on 31 January 2026 at 06:00 UTC'),
    ('at(2027-03-01T06:00:00)', 'cron(0 6 * * ? *)', 'once, on 2027-03-01 at 06:00 UTC'),
    ('rate(1 minute)', 'cron(* * * * ? *)', 'every minute'),
    ('rate(5 minutes)', 'rate(5 minutes)', 'every 5 minutes'),
    ('rate(60 minutes)', 'rate(1 hour)', 'every hour'),
    ('cron(0 6 * * ? *)', 'cron(5 6 * * ? *)', None),
    ('cron(0 6 ? * MON *)', 'cron(0 6 ? * TUE *)', None),
    ('rate(5 minutes)', 'cron(0 6 * * ? *)', None),
    ('rate(5 minutes)', 'rate(10 minutes)', None),
    ('cron(0 6 * * ? 2027)', 'cron(0 6 * * ? 2028)', None),
    ('cron(0 6 * * ? 2020)', 'cron(0 6 * * ? *)', None),
))
def test_clashes_in_words(one: str, other: str, when: str | None) -> None:
    clash = clashes(made(one), made(other))
    assert (clash and clash.when) == when


def test_clashes_across_zones() -> None:
    berlin = made('cron(0 6 * * ? *)', 'Europe/Berlin')
    monday = made('cron(0 6 ? * MON *)', 'Europe/Berlin')
    clash = clashes(berlin, monday)
    assert clash and clash.when == 'every Monday at 06:00 Europe/Berlin'
    summer = clashes(berlin, made('cron(0 4 * * ? *)'))
    assert summer and summer.when == '210 times a year, the first on 29 March 2026 at 04:00 UTC'
    assert clashes(berlin, made('cron(0 6 * * ? *)')) is None


def test_a_schedule_takes_milliseconds() -> None:
    made('rate(1 day)', 'Europe/Berlin')  # reads the zone
    start = time.process_time()
    clashes(made('cron(* * * * ? *)', 'Europe/Berlin'), made('cron(*/2 * * * ? *)'))
    assert time.process_time() - start < 1
    assert REFERENCE_YEAR == schedules.REFERENCE_YEAR == 2026
