"""Runs rules over a project: dispatch by type, under every condition, sorted, once each."""
from __future__ import annotations

from collections.abc import Callable
from collections.abc import Collection
from collections.abc import Iterator
from collections.abc import Mapping
from typing import Any
from typing import NamedTuple

from thera_lint import registry
from thera_lint import states
from thera_lint.intrinsics import LOOP
from thera_lint.intrinsics import World
from thera_lint.project import Project
from thera_lint.rule import Cost
from thera_lint.rule import Declare
from thera_lint.rule import Edit
from thera_lint.rule import Finding
from thera_lint.rule import Fix
from thera_lint.rule import MachineRule
from thera_lint.rule import Options
from thera_lint.rule import ProjectRule
from thera_lint.rule import ResourceRule
from thera_lint.rule import Rule
from thera_lint.rule import StateRule
from thera_lint.source import Source
from thera_lint.source import Span
from thera_lint.states import MACHINE
from thera_lint.states import StateMachine
from thera_lint.template import Resource
from thera_lint.template import Template
from thera_lint.values import Map
from thera_lint.values import Path


class Settings(NamedTuple):
    """What the user asked for; rule ids may be given by their beginning."""

    select: tuple[str, ...] = ('E', 'W')
    include: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    options: Mapping[str, Mapping[str, Any]] = {}
    """By rule id: the options that differ from their defaults."""

    def enabled(self, rule: Rule) -> bool:
        return rule.id.startswith(self.select + self.include) and not (
            self.ignore and rule.id.startswith(self.ignore)
        )

    def options_of(self, rule: Rule, filename: str) -> Options:
        """The same in every file."""
        return Options({**rule.defaults(), **self.options.get(rule.id, {})})


class Target(NamedTuple):
    """What a fix would edit: the paths of `edits` are below `root`, which `source` holds."""

    source: Source
    root: Map
    edits: tuple[Edit, ...]


class Found(NamedTuple):
    """A finding with its place; `path` is the whole path, that of the edits in `fix` too."""

    filename: str
    span: Span
    rule: Rule
    message: str
    path: Path
    resource: str
    """The logical id, or the name of a machine's own file; empty for a file that is unreadable."""
    cost: Cost | None = None
    fix: Fix | None = None
    state: str = ''
    """The innermost state that it lies in."""
    home: Resource | None = None
    """The resource in the view that was judged; None for a machine in a file of its own."""
    target: Target | None = None
    """Where to make the edits of `fix`."""

    @property
    def construct(self) -> str:
        """The path of the CDK construct that made the resource, as CDK writes it; else empty."""
        metadata = self.home.attributes.map('Metadata') if self.home is not None else None
        return (metadata.text('aws:cdk:path') if metadata is not None else None) or ''


class Crash(NamedTuple):
    """A rule that failed on a file: its findings there are lost, the run goes on."""

    rule: Rule
    filename: str
    error: Exception


class Result(NamedTuple):
    found: list[Found]
    crashes: list[Crash]


OptionsOf = Callable[[Rule, str], Options]
"""The options of a rule in a file; the file is empty for a rule that looks at the whole run."""


Progress = Callable[[str, int, int], None]
"""Called with what is being done, how much of it is done, and how much there is."""


def lint(
        project: Project,
        settings: Settings,
        options_of: OptionsOf | None = None,
        progress: Progress | None = None,
) -> Result:
    """The findings of all enabled rules, sorted by place."""
    types: set[str] = {kind for template in project.templates for kind in template.types}
    has_states = MACHINE in types or bool(project.machines)
    rules = [
        rule for rule in registry.rules_for(types, states=has_states) if settings.enabled(rule)
    ]
    return run(project, rules, options_of or settings.options_of, progress)


def run(
        project: Project,
        rules: Collection[Rule],
        options_of: OptionsOf,
        progress: Progress | None = None,
) -> Result:
    """The findings of these rules, sorted by place."""
    return _Run(project, options_of).all(rules, progress)


class _Held(NamedTuple):
    found: Found
    worlds: list[World]


class _Run:
    def __init__(self, project: Project, options_of: OptionsOf) -> None:
        self.project = project
        self.options_of = options_of
        self.crashes: list[Crash] = []

    def all(self, rules: Collection[Rule], progress: Progress | None) -> Result:
        found: dict[tuple[str, Span, str, str], Found] = {}
        for done, rule in enumerate(rules):
            if progress is not None:
                progress('checking', done, len(rules))
            filename = ''
            try:
                for filename, findings in self._documents(rule):
                    for one in self._caught(rule, filename, findings):
                        found.setdefault((one.filename, one.span, rule.id, one.message), one)
            except Exception as error:  # a state machine that the model can't bear
                self.crashes.append(Crash(rule, filename, error))
        if progress is not None:
            progress('checking', len(rules), len(rules))
        order = sorted(found.values(), key=lambda f: (f.filename, f.span, f.rule.id, f.message))
        return Result(order, self.crashes)

    def _caught(self, rule: Rule, filename: str, findings: Iterator[Found]) -> list[Found]:
        try:
            return list(findings)
        except Exception as error:  # a rule's defect must not cost the run
            self.crashes.append(Crash(rule, filename, error))
            return []

    def _documents(self, rule: Rule) -> Iterator[tuple[str, Iterator[Found]]]:
        project = self.project
        if isinstance(rule, ProjectRule):
            if project.templates:
                yield project.templates[0].filename, self._project(rule)
            return
        for template in project.templates:
            types = _types(rule, template)
            if types:
                options = self.options_of(rule, template.filename)
                yield template.filename, self._template(template, rule, types, options)
        if isinstance(rule, (StateRule, MachineRule)):
            for machine in project.machines:
                filename = machine.source.filename
                options = self.options_of(rule, filename)
                yield filename, self._standalone(machine, rule, options)

    def _project(self, rule: ProjectRule) -> Iterator[Found]:
        for resource, finding in rule.check(self.project, self.options_of(rule, '')):
            yield _placed(rule, resource, finding)

    def _template(
            self, template: Template, rule: Rule, types: Collection[str], options: Options,
    ) -> Iterator[Found]:
        for kind in types:
            for logical_id in template.types.get(kind, ()):
                views = template.views(logical_id)
                held: dict[tuple[Path, str], _Held] = {}
                for view in views:
                    # By key first: a rule may say the same twice in one view.
                    for key, found in dict(self._view(view, rule, options)).items():
                        held.setdefault(key, _Held(found, [])).worlds.extend(view.worlds)
                every = [world for view in views for world in view.worlds]
                for found, worlds in held.values():
                    when = _when(worlds, every)
                    yield found._replace(message=found.message + when) if when else found

    def _view(
            self, view: Resource, rule: Rule, options: Options,
    ) -> Iterator[tuple[tuple[Path, str], Found]]:
        if isinstance(rule, ResourceRule) and {view.type, '*'}.intersection(rule.resources):
            for finding in rule.check(view, self.project, options):
                yield (finding.path, finding.message), _placed(rule, view, finding)
        if not isinstance(rule, (StateRule, MachineRule)) or view.type != MACHINE:
            return
        machine = self.project.machine(view)
        if machine is None:
            return
        for path, finding in self._machine(machine, rule, options):
            yield (path, finding.message), _placed_in(rule, machine, path, finding)

    def _standalone(
            self, machine: StateMachine, rule: Rule, options: Options,
    ) -> Iterator[Found]:
        for path, finding in self._machine(machine, rule, options):
            yield _placed_in(rule, machine, path, finding)

    def _machine(
            self, machine: StateMachine, rule: Rule, options: Options,
    ) -> Iterator[tuple[Path, Finding]]:
        if isinstance(rule, MachineRule):
            for finding in rule.check(machine, self.project, options):
                yield finding.path, finding
        elif isinstance(rule, StateRule):
            for state in machine.states():
                if state.type in rule.states:
                    for finding in rule.check(state, self.project, options):
                        yield (*state.path, *finding.path), finding._replace(
                            fix=_below(finding.fix, state.path),
                        )


def _types(rule: Rule, template: Template) -> list[str]:
    """What of a template a rule looks at; it may look at both resources and states."""
    kinds: list[str] = []
    if isinstance(rule, ResourceRule):
        kinds += template.types if '*' in rule.resources else rule.resources
    if isinstance(rule, (StateRule, MachineRule)):
        kinds.append(MACHINE)
    return [kind for kind in dict.fromkeys(kinds) if kind in template.types]


def _placed(rule: Rule, resource: Resource, finding: Finding) -> Found:
    source = resource.template.source
    return Found(
        source.filename,
        source.span(resource.place(finding.path)),
        rule,
        finding.message,
        _reported(resource, finding.path),
        resource.logical_id,
        finding.cost,
        _below(finding.fix, resource.properties.place),
        home=resource,
        target=_target(source, resource.properties, finding.fix),
    )


def _placed_in(rule: Rule, machine: StateMachine, path: Path, finding: Finding) -> Found:
    """A finding on a definition that can't be read has the number of its problem as path."""
    if machine.problems and path:
        span, path = machine.problems[int(path[0])].span, ()
    else:
        span = machine.span(path)
    return Found(
        machine.source.filename,
        span,
        rule,
        finding.message,
        (*machine.root, *path),
        machine.name,
        finding.cost,
        _below(finding.fix, machine.root),
        states.innermost(path),
        machine.resource,
        _target(machine.source, machine.definition, finding.fix),
    )


def _target(source: Source, root: Map, fix: Fix | None) -> Target | None:
    return Target(source, root, fix.edits) if fix is not None else None


def _below(fix: Fix | None, root: Path) -> Fix | None:
    if fix is None:
        return None
    return fix._replace(edits=tuple(
        edit if isinstance(edit, Declare) else edit._replace(path=(*root, *edit.path))
        for edit in fix.edits
    ))


def _reported(resource: Resource, path: Path) -> Path:
    """The path where it was written, if that is below a resource; else as if it were."""
    place = resource.place(path)
    if place[0] == 'Resources' and not str(place[1]).startswith(LOOP):
        return place
    return ('Resources', resource.logical_id, *(('Properties', *path) if path else ()))


def _when(held: list[World], every: list[World]) -> str:
    """` when IsProd is false`: in which of all worlds something holds; empty for all."""
    if len(held) == len(every):
        return ''
    indexes = {index for index, world in enumerate(every) if any(world is one for one in held)}
    literals = {
        (name, truth): {i for i, world in enumerate(every) if world.conditions.get(name) == truth}
        for name in every[0].conditions
        for truth in (True, False)
    }
    for literal, where in literals.items():
        if where == indexes:
            return f' when {_said(literal)}'
    for one, where in literals.items():
        for other, there in literals.items():
            if where & there == indexes:
                return f' when {_said(one)} and {_said(other)}'
    for one, where in literals.items():
        for other, there in literals.items():
            if where | there == indexes:
                return f' when {_said(one)} or {_said(other)}'
    return ' under some of its conditions'


def _said(literal: tuple[str, bool]) -> str:
    name, truth = literal
    return f'{name} is {"true" if truth else "false"}'
