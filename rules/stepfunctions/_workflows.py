"""What the rules on workflow types and patterns share; no rule itself."""
from __future__ import annotations

from thera_lint.prices import price
from thera_lint.rules.stepfunctions import _maps
from thera_lint.states import State
from thera_lint.states import Task

_GB = 64 / 1024
"""The memory that an Express run bills at least."""


def execution_type(state: State) -> str | None:
    """STANDARD or EXPRESS, as which a state runs; None where that is unknown.

    Inside a DISTRIBUTED Map that is the type of its children, not that of the machine.
    """
    owner = state.parent
    while owner is not None:
        if owner.type == 'Map':
            mode = _maps.mode(owner)
            if mode is None:
                return None
            if mode == 'DISTRIBUTED':
                return owner.children_type
        owner = owner.parent
    return state.machine.type


def pattern(task: Task) -> str | None:
    """The pattern of a task that only a Standard workflow can wait for, for the message."""
    if task.kind == 'activity':
        return 'an activity'
    return f'{task.service}:{task.action}.{task.pattern}' if task.pattern else None


def is_bounded(state: State) -> bool:
    """Whether something may end the wait of a task: a timeout of its own or of its machine."""
    definition = state.machine.definition
    return not definition.absent('TimeoutSeconds') or not all(
        state.data.absent(key) for key in (
            'TimeoutSeconds', 'TimeoutSecondsPath', 'HeartbeatSeconds', 'HeartbeatSecondsPath',
        )
    )


def express_second() -> float:
    """What a second of an Express run costs at the least memory, in the first tier."""
    return _GB * price('sfn.express.duration.tier1').usd
