"""What a rule is, and what it finds.

A rule file declares one class below one of the four bases, which say what its `check`
is given. It must import absolutely, and from `thera_lint` only.
"""
from __future__ import annotations

import re
from collections.abc import Iterator
from collections.abc import Mapping
from typing import Any
from typing import ClassVar
from typing import NamedTuple

from thera_lint.project import Project
from thera_lint.states import State
from thera_lint.states import StateMachine
from thera_lint.template import Resource
from thera_lint.values import Path

SEVERITIES = {'E': 'error', 'W': 'warning', 'I': 'informational'}
FLOORS = ('never', *SEVERITIES.values())
"""From which severity on findings may show in the exit status; more of them with each."""


class Option(NamedTuple):
    """A rule's option: its default gives the type (int, bool, str or a list of str).

    Numbers are integers with the unit in the name: cfn-lint ignores any other.
    """

    name: str
    default: int | bool | str | tuple[str, ...]
    doc: str


class Options:
    """The values of a rule's options, read as attributes; nothing can be set."""

    __slots__ = ('_values',)

    def __init__(self, values: Mapping[str, Any]) -> None:
        object.__setattr__(self, '_values', dict(values))

    def __getattr__(self, name: str) -> Any:
        try:
            return self._values[name]
        except KeyError:
            raise AttributeError(name) from None

    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError(f'options are read-only: {name}')


class Cost(NamedTuple):
    """What a finding costs in US dollars, a month or a run, and on what basis."""

    basis: str
    monthly_usd: float | None = None
    per_run_usd: float | None = None


class Set(NamedTuple):
    """Write `value` (plain data) at `path`; the mappings on the way are made."""

    path: Path
    value: Any


class Remove(NamedTuple):
    """Take away what stands at `path`."""

    path: Path


class Declare(NamedTuple):
    """Add a resource to the template; its body is plain data, functions in their long form."""

    logical_id: str
    resource: dict[str, Any]


Edit = Set | Remove | Declare


class Fix(NamedTuple):
    """The edits that end the waste; paths are as in `Finding`.

    `safe` promises that what the deployed system does cannot change.
    """

    title: str
    safe: bool
    edits: tuple[Edit, ...]


class Finding(NamedTuple):
    """One place and one sentence.

    `path` is relative: below a resource's Properties, or below the definition for states
    and machines; () is the resource or machine itself. A path that is not written stands
    for its nearest ancestor. For a machine that can't be read it is the index of one of its
    `problems`.
    """

    path: Path
    message: str
    cost: Cost | None = None
    fix: Fix | None = None


class Rule:
    """Base of all rules; use one of the four below.

    The class docstring is the documentation: a title line, then the sections
    *Why it costs*, *When it is right* and *References*.
    """

    id: ClassVar[str]
    remedy: ClassVar[str]
    """The way out in one imperative sentence, printed under a finding."""
    options: ClassVar[tuple[Option, ...]] = ()

    @property
    def severity(self) -> str:
        """error, warning or informational."""
        return SEVERITIES[self.id[0]]

    @property
    def name(self) -> str:
        """The file's name: `unbounded_map` for class UnboundedMap."""
        return re.sub(r'(?<=[a-z0-9])(?=[A-Z])', '_', type(self).__name__).lower()

    @property
    def documentation(self) -> str:
        from inspect import cleandoc  # 5 ms that linting does not need

        return cleandoc(type(self).__doc__ or '')

    @property
    def title(self) -> str:
        return self.documentation.partition('\n')[0]

    def defaults(self) -> dict[str, Any]:
        return {option.name: option.default for option in self.options}


class ResourceRule(Rule):
    """Looks at one resource at a time, in each of its views; ('*',) means every type."""

    resources: ClassVar[tuple[str, ...]]

    def check(self, resource: Resource, project: Project, options: Options) -> Iterator[Finding]:
        raise NotImplementedError


class StateRule(Rule):
    """Looks at one state at a time, of these types, at any depth."""

    states: ClassVar[tuple[str, ...]]

    def check(self, state: State, project: Project, options: Options) -> Iterator[Finding]:
        """Paths are relative to the state."""
        raise NotImplementedError


class MachineRule(Rule):
    """Looks at one whole state machine at a time."""

    def check(self, machine: StateMachine, project: Project, options: Options) -> Iterator[Finding]:
        raise NotImplementedError


class ProjectRule(Rule):
    """Looks at all documents of the run, once."""

    def check(self, project: Project, options: Options) -> Iterator[tuple[Resource, Finding]]:
        """Each finding comes with the resource at which it is shown."""
        raise NotImplementedError
