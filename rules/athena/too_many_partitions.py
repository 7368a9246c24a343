from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from datetime import timedelta
from typing import TYPE_CHECKING

from thera_lint.rule import Finding
from thera_lint.rules.athena import _queries
from thera_lint.rules.athena import _sql

if TYPE_CHECKING:
    from sqlglot import exp

    from thera_lint.rules.athena._queries import Query

_LIMIT = 100
_DAY = re.compile(r'\d{4}-\d\d-\d\d(?=\Z|[ T])')
_DAILY = frozenset(('date', 'day', 'ds', 'dt'))
_DAY_FORMATS = ('%Y%m%d', '%Y-%m-%d', '%Y/%m/%d')


class TooManyPartitions(_queries.QueryRule):
    """A CREATE TABLE AS makes more partitions than Athena lets it.

    ## Why it costs

    One statement may write at most 100 partitions. Partitioned by day over more than 100
    days, it fails with HIVE_TOO_MANY_OPEN_PARTITIONS, every time. Athena bills no failed
    query, but it removes nothing either: the files that were written until then stay in S3
    until somebody finds them.

    The days are counted from the constants in the query's own WHERE, where a partition
    column is that column itself (named date, day, ds or dt), its date, or its year, month
    and day.

    ## When it is right

    Never, if there is data for each day. Make the table for the first 100 days, and add the
    others by INSERT INTO, at most 100 a statement; or partition by month.

    ## References

    - https://docs.aws.amazon.com/athena/latest/ug/ctas-insert-into.html
    - https://docs.aws.amazon.com/athena/latest/ug/ctas-considerations-limitations.html
    """

    id = 'EC3018'
    remedy = 'partition by month, or make at most 100 partitions and INSERT INTO the rest'

    def judged(self, query: Query, statement: _sql.Statement) -> Iterator[Finding]:
        from sqlglot import exp

        keys = statement.properties.get('partitioned_by')
        select = statement.query
        if statement.kind != 'ctas' or not isinstance(keys, list):
            return
        if not isinstance(select, exp.Select) or select.args.get('limit'):
            return
        if statement.properties.get('no_data') or select.args.get('where') is None:
            return
        made = {
            one.alias_or_name.lower(): one.unalias()
            for one in select.expressions if one.alias_or_name
        }
        daily = _daily_column(
            [made.get(key.lower(), exp.column(key.lower())) for key in keys],
        )
        days = _days(select.args['where'].this, daily) if daily is not None else None
        if days is None or days[1] <= _LIMIT:
            return
        yield Finding(
            query.path,
            f'`{query.name}` makes a partition for each day of `{daily}` from {days[0]} on, '
            f'{days[1]} of them, and Athena fails a CREATE TABLE AS at more than {_LIMIT}: '
            'it can only fail, and leave files behind that are paid for',
        )


def _daily_column(made: list[exp.Expr]) -> str | None:
    """The column of whose days each has partitions of its own."""
    from sqlglot import exp

    parts: dict[str, set[str]] = {}
    for one in made:
        inner = _column(one)
        if inner is None:
            continue
        name = inner.name.lower()
        if isinstance(one, exp.Column):
            if _DAILY.intersection(name.split('_')):
                return name
        elif isinstance(one, (exp.TimestampTrunc, exp.DateTrunc)):
            if str(one.args.get('unit')).upper().strip("'") in ('DAY', 'HOUR'):
                return name
        elif isinstance(one, exp.TimeToStr):
            if one.args['format'].name in _DAY_FORMATS:
                return name
        elif isinstance(one, exp.Date) or _is_date(one):
            return name
        elif isinstance(one, (exp.Year, exp.Month, exp.Day)):
            parts.setdefault(name, set()).add(type(one).__name__)
    return next((name for name, has in parts.items() if len(has) == 3), None)


def _is_date(node: exp.Expr) -> bool:
    from sqlglot import exp

    return isinstance(node, exp.Cast) and node.to.sql().upper() == 'DATE'


def _column(node: exp.Expr) -> exp.Column | None:
    """The one column that something is made of."""
    from sqlglot import exp

    found = list(node.find_all(exp.Column))
    return found[0] if len(found) == 1 else None


def _days(where: exp.Expr, name: str) -> tuple[date, int] | None:
    """The first day that a WHERE lets through, and how many; None where it is not certain."""
    from sqlglot import exp

    first: list[date] = []
    last: list[date] = []
    for one in _sql.flat(where, exp.And):
        if name not in {column.name.lower() for column in one.find_all(exp.Column)}:
            continue
        if isinstance(one, exp.Between):
            ends = _bare(one.this), _day(one.args['low']), _day(one.args['high'])
            if not ends[0] or ends[1] is None or ends[2] is None:
                return None
            first.append(ends[1])
            last.append(ends[2])
            continue
        if not isinstance(one, (exp.GT, exp.GTE, exp.LT, exp.LTE)):
            return None
        day = _day(one.expression)
        if day is None or not _bare(one.this):
            return None
        if isinstance(one, (exp.GT, exp.GTE)):
            first.append(day + timedelta(days=isinstance(one, exp.GT)))
        else:
            last.append(day - timedelta(days=isinstance(one, exp.LT)))
    if not first or not last:
        return None
    return max(first), (min(last) - max(first)).days + 1


def _bare(node: exp.Expr) -> bool:
    """A column, or its date."""
    from sqlglot import exp

    if isinstance(node, exp.Date) or isinstance(node, exp.Cast):
        return isinstance(node.this, exp.Column)
    return isinstance(node, exp.Column)


def _day(node: exp.Expr) -> date | None:
    """The day of a constant."""
    from sqlglot import exp

    node = node.unnest()
    if isinstance(node, (exp.Cast, exp.Date)):
        node = node.this
    match = _DAY.match(node.name) if isinstance(node, exp.Literal) and node.is_string else None
    try:
        return date.fromisoformat(match.group()) if match else None
    except ValueError:
        return None
