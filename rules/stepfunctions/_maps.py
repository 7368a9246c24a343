"""What the rules on Map states share; no rule itself."""
from __future__ import annotations

import json
import re
from typing import Any

from thera_lint.rule import Fix
from thera_lint.rule import Set
from thera_lint.states import State
from thera_lint.values import Map
from thera_lint.values import Path
from thera_lint.values import Seq
from thera_lint.values import Unknown

_REFERENCE_PATH = re.compile(r'\$(\.\w+)*')
_RANGE = re.compile(r'\[\s*(\d+)\s*\.\.\s*(\d+)\s*\]')


def mode(state: State) -> str | None:
    """INLINE or DISTRIBUTED; None where that is unknown."""
    processor = state.data.map('ItemProcessor') or state.data.map('Iterator')
    if processor is None:
        return None
    if processor.absent('ProcessorConfig'):
        return 'INLINE'
    config = processor.map('ProcessorConfig')
    if config is None:
        return None
    return 'INLINE' if config.absent('Mode') else config.text('Mode')


def unbounded(state: State) -> bool:
    """Whether a Map certainly leaves it to the service how many items run at once."""
    data = state.data
    if not data.absent('MaxConcurrencyPath'):
        return False
    return data.absent('MaxConcurrency') or data.number('MaxConcurrency') == 0


def cause(state: State) -> str:
    """Why it is unbounded, for the message."""
    if state.data.absent('MaxConcurrency'):
        return 'no MaxConcurrency is set'
    return 'MaxConcurrency 0 is no limit'


def place(state: State) -> Path:
    """Where a person would write the limit."""
    return () if state.data.absent('MaxConcurrency') else ('MaxConcurrency',)


def limited(number: int) -> Fix:
    """The edit that bounds a Map; unsafe, because a run may take longer."""
    edit = Set(('MaxConcurrency',), number)
    return Fix(f'set MaxConcurrency to {number}', safe=False, edits=(edit,))


def work(state: State) -> str | None:
    """The tasks that every item runs, for the message; None where there are none.

    A Lambda task is named first: it bills by the call and by the time.
    """
    tasks = [inner for level in state.levels for inner in level.walk() if inner.type == 'Task']
    if not tasks:
        return None
    first = min(tasks, key=lambda one: one.task is None or one.task.service != 'lambda')
    said = f'`{first.name}`'
    if first.task is not None:
        said += f' ({first.task.service}:{first.task.action})'
    others = len(tasks) - 1
    return said + (f' and {others} more task{"s" * (others > 1)}' if others else '')


def at_once(state: State, allowed: int) -> int | None:
    """How many items run at once, where the service allows so many and nothing else is set.

    A literal list may hold fewer; None where its length is known only to the deployment.
    """
    items = state.data.get('Items')
    if items is None and not state.jsonata:
        items = _handed_on(state)
    if isinstance(items, str):
        items = _evaluated(items)
    if isinstance(items, Unknown) or isinstance(items, Map) and items.open:
        return None
    return min(len(items), allowed) if isinstance(items, (list, dict, range)) else allowed


def _evaluated(expression: str) -> Any:
    """The list that `{% [1..5] %}` or `{% ['a', 'b'] %}` means; None for any other."""
    text = expression.removeprefix('{%').removesuffix('%}').strip()
    bounds = _RANGE.fullmatch(text)
    if bounds:
        return range(int(bounds[1]), int(bounds[2]) + 1)
    try:
        value = json.loads(text.replace("'", '"'))
    except ValueError:
        return None
    return value if isinstance(value, list) else None


def _handed_on(state: State) -> Any:
    """What ItemsPath picks of the literal that a Pass hands on, if nothing else leads here."""
    before = [
        other for other in state.level.states.values()
        for edge in other.edges if edge.target == state.name
    ]
    if len(before) != 1 or state.level.start == state.name:
        return None
    one = before[0]
    plain = one.type == 'Pass' and not one.jsonata and one.data.absent('OutputPath')
    if not plain or not state.data.absent('InputPath'):
        return None
    put = _names(one.data.get('ResultPath', '$'))
    wanted = _names(state.data.get('ItemsPath', '$'))
    if put is None or wanted is None or wanted[:len(put)] != put:
        return None
    value = one.data.get('Result', one.data.get('Parameters'))
    for name in wanted[len(put):]:
        value = value.get(name) if isinstance(value, Map) else None
    return value if isinstance(value, (Seq, Unknown)) else None


def _names(path: Any) -> list[str] | None:
    """The names in a reference path like `$.companies.new`; None for any other value."""
    if isinstance(path, str) and _REFERENCE_PATH.fullmatch(path):
        return path.split('.')[1:]
    return None
