"""What somebody asked not to hear, and why: in comments, in Metadata, in the configuration.

Metadata and the configuration share one form: rule to reason, or a place to such a mapping,
where a place is `Resource` or `Resource/State`. A rule is an id or the beginning of ids that
says at least the service. cfn-lint's own directives count, with cfn-lint's meaning.
"""
from __future__ import annotations

import os.path
import re
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Sequence
from typing import Any
from typing import NamedTuple

from thera_lint.builtin import BrokenIgnore
from thera_lint.builtin import IdleIgnore
from thera_lint.engine import Found
from thera_lint.intrinsics import LOOP
from thera_lint.project import Project
from thera_lint.rule import Rule
from thera_lint.source import Source
from thera_lint.source import Span
from thera_lint.states import MACHINE
from thera_lint.states import StateMachine
from thera_lint.template import Template
from thera_lint.values import At
from thera_lint.values import Map
from thera_lint.values import Path
from thera_lint.words import near

_DIRECTIVE = re.compile(
    r'#\s*thera-lint\s*:\s*(?P<word>[\w-]*)\s*(?:\[(?P<rules>[^]]*)\])?'
    r'(?P<reason>.*?)(?=#\s*thera-lint\s*:|$)',
)
# E, W or I, the C of all our rules, and the service.
_SHORTEST = 3


class Ignore(NamedTuple):
    """One request not to hear of a rule, at a place or anywhere that it can reach.

    `resource` is a logical id or the name of a machine's own file. `filename` and `span` say
    where the request itself is written, `by` in which of the ways.
    """

    rule: str
    reason: str
    resource: str
    state: str
    by: str
    filename: str
    span: Span

    def covers(self, found: Found) -> bool:
        """Whether it asks not to hear this, so far as rule and place go."""
        ids = ['', found.resource]
        if found.path[:1] == ('Resources',):
            # What SAM expands has a logical id of its own, and stands in another's body.
            ids.append(str(found.path[1]))
        if found.home is not None and found.filename != found.home.template.filename:
            ids.append(os.path.basename(found.filename))
        return (
            found.rule.id.startswith(self.rule) and self.resource in ids and
            self.state in ('', found.state)
        )


class Ignored(NamedTuple):
    """A finding that is not told, and what for."""

    found: Found
    reason: str
    by: str


class Entry(NamedTuple):
    """One rule in the common form; `path` is below the form, `place` as it is written or empty."""

    path: Path
    rule: str
    place: str
    reason: str


def entries(form: Any, place: str = '') -> Iterator[Entry]:
    """The rules that Metadata or a configuration asks to ignore, in the common form."""
    if isinstance(form, str):
        yield Entry((), form, place, '')
    elif isinstance(form, list):
        for index, item in enumerate(form):
            if isinstance(item, str):
                yield Entry((index,), item, place, '')
    elif isinstance(form, dict):
        for key, value in form.items():
            if isinstance(value, (dict, list)) and not place:
                yield from (
                    one._replace(path=(key, *one.path)) for one in entries(value, key)
                )
            else:
                yield Entry((key,), key, place, value if isinstance(value, str) else '')


def at(place: str) -> tuple[str, str]:
    """Resource and state of a place."""
    resource, _, state = place.partition('/')
    return resource, state


def names_a_service(rule: str) -> bool:
    """Whether what an ignore names is less than every error, warning or opportunity."""
    return len(rule) >= _SHORTEST


class Ignores:
    """All that is asked not to be heard of a run's files."""

    def __init__(
            self,
            project: Project,
            configured: Callable[[str], Sequence[Ignore]] = lambda filename: (),
    ) -> None:
        """`configured(filename)` is what a configuration ignores in a file."""
        self._project = project
        self._configured = configured
        self._by_line: dict[str, dict[int, list[Ignore]]] = {}
        self._of_template: dict[str, list[Ignore]] = {}
        self._broken: list[Found] = []
        self._used: set[Ignore] = set()
        for template in project.templates:
            self._read(template.source)
            self._of_template[template.filename] = [
                one for one in _of_template(template) if self._is_narrow(one)
            ]
        for machine in (*project.machines, *filter(None, self._defined(project.templates))):
            self._read(machine.source)

    def applied(self, found: Iterable[Found]) -> tuple[list[Found], list[Ignored]]:
        """What is left to tell, and what is not to be told."""
        kept, ignored = [], []
        for one in found:
            reason = self._reason(one)
            if reason is None:
                kept.append(one)
            else:
                ignored.append(reason)
        return kept, ignored

    def used(self, ignore: Ignore) -> bool:
        """Whether one has dropped something so far."""
        return ignore in self._used

    def knows(self, templates: Iterable[Template], resource: str) -> bool:
        """Whether the state machines of templates can be read, or the one of this name."""
        return all(
            machine is not None and not machine.problems
            for machine in self._defined(templates, resource)
        )

    def about(
            self, rules: Callable[[], Sequence[Rule]], told: Callable[[Rule, str], bool],
    ) -> list[Found]:
        """Findings about ignores: those that can't be meant, and those that dropped nothing.

        `rules` are all there are; `told(rule, filename)` is whether all that one may find in a
        file was told.
        """
        return [*self._broken, *self._idle(rules, told)]

    def _reason(self, found: Found) -> Ignored | None:
        home = found.home
        asked = [
            *self._by_line.get(found.filename, {}).get(found.span.line, ()),
            *self._configured(found.filename),
        ]
        if home is None:
            asked += self._of_template.get(found.filename, ())
        else:
            asked += self._metadata(home.template)
            if found.filename != home.template.filename:
                # The definition is a file of its own; the template names the resource.
                configured = self._configured(home.template.filename)
                asked += [one for one in configured if one.resource]
        covering = [one for one in asked if one.covers(found)]
        self._used.update(covering)
        if covering:
            return Ignored(found, covering[0].reason, covering[0].by)
        if home is not None and _by_cfn_lint(found, home.template, home.attributes):
            return Ignored(found, '', 'Metadata for cfn-lint')
        return None

    def _metadata(self, template: Template) -> list[Ignore]:
        """What a template asks for, which may be one of the context."""
        if template.filename not in self._of_template:
            self._of_template[template.filename] = [
                one for one in _of_template(template) if names_a_service(one.rule)
            ]
        return self._of_template[template.filename]

    def _defined(
            self, templates: Iterable[Template], resource: str = '',
    ) -> Iterator[StateMachine | None]:
        """The state machines that templates define, or one of them; None for an unknown one."""
        for template in templates:
            for logical_id in template.types.get(MACHINE, ()):
                if resource in ('', logical_id):
                    yield from map(self._project.machine, template.views(logical_id))

    def _read(self, source: Source) -> None:
        lines: dict[int, list[Ignore]] = {}
        if source.filename in self._by_line:
            return
        self._by_line[source.filename] = lines
        for span, text, below in source.comments('thera-lint'):
            for match in _DIRECTIVE.finditer(text):
                rules = [one.strip() for one in (match['rules'] or '').split(',') if one.strip()]
                if match['word'] != 'ignore' or not rules:
                    said = 'names no rule' if match['word'] == 'ignore' else 'is no directive'
                    self._broken.append(_about(
                        BrokenIgnore(), source.filename, span,
                        f'`{match.group().strip()}` {said}',
                    ))
                    continue
                for rule in rules:
                    ignore = Ignore(
                        rule, match['reason'].strip(), '', '', 'comment', source.filename, span,
                    )
                    if self._is_narrow(ignore):
                        lines.setdefault(below, []).append(ignore)

    def _is_narrow(self, ignore: Ignore) -> bool:
        if names_a_service(ignore.rule):
            return True
        self._broken.append(_about(
            BrokenIgnore(), ignore.filename, ignore.span,
            f'the ignore of `{ignore.rule}` is too wide: name the rules, or the beginning of '
            'their ids down to the service',
        ))
        return False

    def _idle(
            self,
            rules: Callable[[], Sequence[Rule]],
            told: Callable[[Rule, str], bool],
    ) -> Iterator[Found]:
        asked = [
            one for lines in self._by_line.values() for ignores in lines.values() for one in ignores
        ]
        for template in self._project.templates:
            asked += [
                one for one in self._of_template[template.filename]
                if self.knows([template], one.resource)
            ]
        # An anchor or a loop may ask for several resources in one place.
        done = {(one.filename, one.span, one.rule) for one in self._used}
        for one in asked:
            where = one.filename, one.span, one.rule
            if where in done:
                continue
            done.add(where)
            meant = [rule for rule in rules() if rule.id.startswith(one.rule)]
            if not meant:
                ids = [name for rule in rules() for name in (rule.id, rule.name)]
                yield _about(
                    BrokenIgnore(), one.filename, one.span,
                    f'no rule `{one.rule}` to ignore{near(one.rule, ids)}',
                )
            elif all(told(rule, one.filename) for rule in meant):
                yield idle(one)


def idle(ignore: Ignore) -> Found:
    """The finding that an ignore drops nothing."""
    place = '/'.join(filter(None, (ignore.resource, ignore.state)))
    where = f' at `{place}`' if place else ''
    return _about(
        IdleIgnore(), ignore.filename, ignore.span,
        f'the ignore of {ignore.rule}{where} drops nothing',
    )


def _about(rule: Rule, filename: str, span: Span, message: str) -> Found:
    return Found(filename, span, rule, message, (), '')


def _of_template(template: Template) -> Iterator[Ignore]:
    """What Metadata asks for, of the template and of each resource."""
    raw = template.raw
    resources = raw.get('Resources')
    holders: list[tuple[Path, str, Any]] = [((), '', raw)]
    for logical_id, body in resources.items() if isinstance(resources, dict) else ():
        if logical_id.startswith(LOOP):
            place = 'Resources', logical_id
            for name, one in (template.resolver.unrolled(body, place) or {}).items():
                if isinstance(one, At):
                    holders.append((one.place, name, one.value))
        else:
            holders.append((('Resources', logical_id), logical_id, body))
    for path, resource, body in holders:
        metadata = body.get('Metadata') if isinstance(body, dict) else None
        ours = metadata.get('thera-lint') if isinstance(metadata, dict) else None
        form = ours.get('ignore') if isinstance(ours, dict) else None
        for entry in entries(form):
            where, state = at(entry.place)
            yield Ignore(
                entry.rule, entry.reason, where or resource, state,
                f'Metadata of {resource}' if resource else 'Metadata of the template',
                template.filename,
                template.source.span((*path, 'Metadata', 'thera-lint', 'ignore', *entry.path)),
            )


def _by_cfn_lint(found: Found, template: Template, attributes: Map) -> bool:
    """Whole ids on a resource, the beginnings of ids in the template's Metadata."""
    everywhere = tuple(filter(None, _checks(template.raw.get('Metadata'))))
    if found.rule.id.startswith(everywhere):
        return True
    resources = template.raw.get('Resources')
    body = resources.get(str(found.path[1])) if isinstance(resources, dict) else None
    written = body.get('Metadata') if isinstance(body, dict) else None
    return any(
        found.rule.id in _checks(metadata) for metadata in (attributes.get('Metadata'), written)
    )


def _checks(metadata: Any) -> list[str]:
    node = metadata
    for key in ('cfn-lint', 'config', 'ignore_checks'):
        node = node.get(key) if isinstance(node, (dict, Map)) else None
    return [one for one in node if isinstance(one, str)] if isinstance(node, list) else []
