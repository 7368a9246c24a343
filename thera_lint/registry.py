"""Which rules there are. Being a file below `rules/` is being registered."""
from __future__ import annotations

import importlib
import os
from collections.abc import Collection
from collections.abc import Iterator
from types import ModuleType

import thera_lint.rules
from thera_lint import builtin
from thera_lint.rule import Rule

STATES = 'states'
"""In a folder's LOOKS_AT: its rules look at state machines, also standalone ones."""


def rules_for(types: Collection[str], *, states: bool) -> list[Rule]:
    """The rules of every folder that looks at one of these resource types, by id.

    Other folders are not imported: start-up time counts.
    """
    found: list[Rule] = []
    for folder in _folders():
        looks_at: tuple[str, ...] = folder.LOOKS_AT
        if states and STATES in looks_at or any(kind.startswith(looks_at) for kind in types):
            found.extend(_rules(folder))
    return sorted(found, key=lambda rule: rule.id)


def all_rules() -> list[Rule]:
    """Every rule, by id; raises ValueError where two share one."""
    rules = sorted(
        (rule for folder in _folders() for rule in _rules(folder)), key=lambda rule: rule.id,
    )
    for one, other in zip(rules, rules[1:], strict=False):
        if one.id == other.id:
            raise ValueError(f'{one.id} is both {one.name} and {other.name}')
    return rules


def every_rule() -> list[Rule]:
    """Every rule that a user may name: those of the files, and the built-in ones first."""
    return [*builtin.RULES, *all_rules()]


# os.listdir, because pkgutil imports 9 ms of modules that nobody else needs.


def _folders() -> Iterator[ModuleType]:
    root = thera_lint.rules.__path__[0]
    for name in sorted(os.listdir(root)):
        if os.path.exists(os.path.join(root, name, '__init__.py')):
            yield importlib.import_module(f'thera_lint.rules.{name}')


def _rules(folder: ModuleType) -> Iterator[Rule]:
    for name in sorted(os.listdir(folder.__path__[0])):
        if name[0] == '_' or not name.endswith('.py'):
            continue
        module = importlib.import_module(f'{folder.__name__}.{name[:-3]}')
        for value in vars(module).values():
            if isinstance(value, type) and issubclass(value, Rule):
                if value.__module__ == module.__name__:
                    yield value()
