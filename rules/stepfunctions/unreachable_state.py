from __future__ import annotations

from collections.abc import Iterator

from thera_lint import graph
from thera_lint.project import Project
from thera_lint.rule import Finding
from thera_lint.rule import Fix
from thera_lint.rule import MachineRule
from thera_lint.rule import Options
from thera_lint.rule import Remove
from thera_lint.states import Level
from thera_lint.states import State
from thera_lint.states import StateMachine


class UnreachableState(MachineRule):
    """A state that nothing leads to.

    ## Why it costs

    The state itself never runs and never bills. But what it calls is deployed and kept for
    it (a function, its log group, its role), and often it is the sign of a way that was
    meant to exist: the branch that ends a loop, or the one that cleans up. CreateStateMachine
    rejects a definition with a state that is not reachable, so the finding comes before the
    deployment fails.

    ## When it is right

    Never in what is deployed; in a draft that is not finished. The rule is silent where a
    way of the same level is not known, or leads to a state that does not exist: that may be
    this one, misspelled.

    ## References

    - https://docs.aws.amazon.com/step-functions/latest/dg/statemachine-structure.html
    - https://states-language.net/spec.html
    """

    id = 'IC2022'
    remedy = 'remove it, or lead to it'

    def check(
            self, machine: StateMachine, project: Project, options: Options,
    ) -> Iterator[Finding]:
        for level in graph.levels(machine):
            if not graph.is_closed(level):
                continue
            for group in _groups(level):
                first, *rest = group
                behind = f'`{rest[0].name}`' if len(rest) == 1 else f'{len(rest)} more'
                more = f', with {behind} behind it,' if rest else ''
                yield Finding(
                    first.path,
                    f'`{first.name}`{more} is not reached from `{level.start}`: it never runs, '
                    'and CreateStateMachine rejects what is not reachable',
                    fix=Fix(
                        f'remove {"them" if rest else "it"}',
                        safe=True,
                        edits=tuple(Remove(state.path) for state in group),
                    ),
                )


def _groups(level: Level) -> list[list[State]]:
    """The unreachable states, those that hang together in one group.

    They go together: a state that stays must not lead to one that is gone.
    """
    entered = graph.reachable(level)
    order = [name for name in level.states if name not in entered]
    group_of = {name: name for name in order}
    for name in order:
        for edge in graph.edges(level.states[name]):
            mine, other = group_of[name], group_of.get(edge.target)
            if other is not None and other != mine:
                for one, group in group_of.items():
                    if group == other:
                        group_of[one] = mine
    groups: dict[str, list[State]] = {}
    for name in order:
        groups.setdefault(group_of[name], []).append(level.states[name])
    return [_head_first(group) for group in groups.values()]


def _head_first(group: list[State]) -> list[State]:
    """The one that leads to the others first."""
    targets = {edge.target for state in group for edge in state.edges}
    head = next((state for state in group if state.name not in targets), group[0])
    return [head, *(state for state in group if state is not head)]
