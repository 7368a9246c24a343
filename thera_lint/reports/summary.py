"""The end of a report: how much was found, and what of it is known to cost money."""
from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Sequence

from thera_lint.engine import Found
from thera_lint.prices import dollars
from thera_lint.reports import Run
from thera_lint.reports.notes import printable

_DEAREST = 5


def lines(run: Run) -> Iterator[str]:
    yield counts(run)
    dearest = counted(run.found)
    if dearest:
        yield f'known waste: {waste(dearest)}'
    shown = [(dollars(monthly(one)), one) for one in dearest[:_DEAREST]]
    width = max((len(sum) for sum, _ in shown), default=0)
    for sum, one in shown:
        place = f'{one.filename}:{one.span.line + 1}'
        yield printable(f'  {sum:>{width}}  {place} {one.rule.id} `{one.resource}`')


def counts(run: Run) -> str:
    """What was found in how many files, and what was passed over."""
    return f'{_found(run.found) or "nothing found"} in {files(run)}{passed_over(run)}'


def _found(found: Sequence[Found]) -> str:
    parts = []
    for severity, plural in (
            ('error', 'errors'), ('warning', 'warnings'), ('informational', 'informational'),
    ):
        count = sum(1 for one in found if one.rule.severity == severity)
        if count:
            parts.append(f'{count} {severity if count == 1 else plural}')
    return ', '.join(parts)


def files(run: Run) -> str:
    # A definition that a template refers to is not in `checked`, but what is found there is told.
    count = len({*run.checked, *(one.filename for one in run.found)})
    return f'{count} {"file" if count == 1 else "files"}'


def passed_over(run: Run) -> str:
    text = ''
    if run.skipped:
        text += f'; {len(run.skipped)} skipped: neither template nor state machine'
    if run.ignored:
        text += f'; {len(run.ignored)} ignored'
    return text


def waste(dearest: Sequence[Found]) -> str:
    # What is found costs that, by the basis of each. How much of it is saved depends on the way
    # out, so it is no bound.
    return f'about {dollars(sum(map(monthly, dearest)))} a month'


def counted(found: Sequence[Found]) -> list[Found]:
    """The dearest finding of each resource that has a known sum, dearest first.

    What several findings say of one resource is often the same money, and what holds under
    two conditions is never spent twice: adding them up would promise too much.
    """
    dearest: dict[tuple[str, str], Found] = {}
    for one in found:
        key = one.filename, one.resource
        if monthly(one) > (monthly(dearest[key]) if key in dearest else 0):
            dearest[key] = one
    return sorted(dearest.values(), key=monthly, reverse=True)


def monthly(one: Found) -> float:
    """The monthly sum of a finding, 0 where it is not known."""
    return (one.cost.monthly_usd or 0) if one.cost is not None else 0
