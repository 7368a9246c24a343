"""The rules as cfn-lint rules. The only module that imports cfnlint.

cfn-lint collects the classes that it finds in a module; one is made here for every rule.
The templates are read again by our own reader, because cfn-lint neither expands SAM nor
keeps a place for every path, and hands a rule one template where ours look at the run.
"""
from __future__ import annotations

import functools
import logging
import os
import sys
from collections.abc import Mapping
from typing import Any

from cfnlint.config import ConfigMixIn
from cfnlint.rules import CloudFormationLintRule
from cfnlint.rules import RuleMatch
from cfnlint.template import Template as CfnTemplate

from thera_lint import engine
from thera_lint import files
from thera_lint import registry
from thera_lint.config import Config
from thera_lint.config import Layer
from thera_lint.engine import Found
from thera_lint.ignores import Ignores
from thera_lint.project import Project
from thera_lint.reports.docs import address
from thera_lint.rule import Option
from thera_lint.rule import Options
from thera_lint.rule import Rule
from thera_lint.source import Source
from thera_lint.source import Span
from thera_lint.states import MACHINE
from thera_lint.template import Template

_LOGGER = logging.getLogger(__name__)

# Standard input keeps no text: cfn-lint finds the place by the path.
_NOWHERE = Span(0, 0, 0, 0)


@functools.cache
def _templates_of_the_run() -> tuple[str, ...]:
    """What cfn-lint's command was asked to lint, which no rule is told; empty in its API."""
    if os.path.basename(sys.argv[0]) not in ('cfn-lint', 'cfn-lint.exe'):
        return ()
    names = ConfigMixIn(sys.argv[1:]).templates or ()
    return tuple(dict.fromkeys(os.path.normpath(name) for name in names if os.path.isfile(name)))


class _Linted:
    """A project, and what each rule found in it, by the template that answers for it."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._ignores = Ignores(project)
        self._found: dict[tuple[str, str], dict[str, list[Found]]] = {}

    def found(self, rule: Rule, values: Mapping[str, Any], template: str) -> list[Found]:
        """A template's Metadata may set options, so a rule may run with several."""
        key = rule.id, repr(sorted(values.items()))
        if key not in self._found:
            options = Options(values)
            result = engine.run(self._project, [rule], lambda rule, filename: options)
            for crash in result.crashes:
                _LOGGER.error('%s failed on %s: %r', rule.id, crash.filename, crash.error)
            self._found[key] = {}
            for one in self._ignores.applied(result.found)[0]:
                owner = self._owners.get(one.filename, one.filename)
                self._found[key].setdefault(owner, []).append(one)
        return self._found[key].get(template, [])

    @functools.cached_property
    def _owners(self) -> dict[str, str]:
        """By definition file: the first template with a state machine of that definition."""
        templates = {template.filename for template in self._project.templates}
        owners: dict[str, str] = {}
        for resource in self._project.resources(MACHINE):
            machine = self._project.machine(resource)
            if machine is not None and machine.source.filename not in templates:
                owners.setdefault(machine.source.filename, resource.template.filename)
        return owners


# What was last read, and for which templates (of a run) or which template (of an API call).
_last: tuple[object, list[_Linted]] = None, []


def _linted(cfn: CfnTemplate, filename: str) -> list[_Linted]:
    """The projects to look at for a template: one for each set of parameters."""
    global _last
    given = [
        {str(key): str(value) for key, value in one.parameters.items()}
        for one in cfn.context.parameter_sets or ()
    ] or [{}]
    names = _templates_of_the_run()
    in_run = filename in names
    asked: object = (names, given) if in_run else cfn
    if _last[0] != asked:
        linted = []
        try:
            for parameters in given:
                linted.append(_Linted(_read(cfn, names if in_run else (filename,), parameters)))
        except Exception as error:  # an E0002 from every rule would not say more
            _LOGGER.error('cannot read %s: %r', filename or 'standard input', error)
        _last = asked, linted
    return _last[1]


def _read(
        cfn: CfnTemplate, filenames: tuple[str, ...], parameters: Mapping[str, str],
) -> Project:
    if os.path.isfile(filenames[0]):
        return files.load(filenames, Config(arguments=Layer(parameters=parameters))).project
    # Standard input, or data handed to cfn-lint's API.
    source = Source(filenames[0], '', _plain(cfn.template), fixed=_NOWHERE)
    return Project([Template(source, parameters)], [], _no_file)


def _no_file(template: str, path: str) -> Source:
    raise LookupError(path)


def _plain(data: Any) -> Any:
    """cfn-lint's nodes, which carry marks, as plain data."""
    if isinstance(data, dict):
        return {str(key): _plain(value) for key, value in data.items()}
    if isinstance(data, list):
        return [_plain(item) for item in data]
    return str(data) if isinstance(data, str) else data


class _Adapter(CloudFormationLintRule):  # type: ignore[misc]
    """One rule of ours in cfn-lint's terms; a subclass names it."""

    rule: Rule

    def __init__(self) -> None:
        super().__init__()
        self.config_definition = {
            option.name: _definition(option) for option in self.rule.options
        }
        self.configure()

    def match(self, cfn: CfnTemplate) -> list[RuleMatch]:
        filename = os.path.normpath(cfn.filename) if cfn.filename else ''
        values = {
            key: tuple(value) if isinstance(value, list) else value
            for key, value in self.config.items()
        }
        return [
            _match(found, filename)
            for linted in _linted(cfn, filename)
            for found in linted.found(self.rule, values, filename)
        ]


def _match(found: Found, filename: str) -> RuleMatch:
    """Only a place in another file is named: cfn-lint says its own as it was given."""
    where: dict[str, Any] = {}
    if found.filename:
        where['location'] = tuple(found.span)
    if found.filename != filename:
        where['filename'] = found.filename
    return RuleMatch(list(found.path), found.message, **where)


def _definition(option: Option) -> dict[str, Any]:
    if isinstance(option.default, tuple):
        return {'default': list(option.default), 'type': 'list', 'itemtype': 'string'}
    kind = {bool: 'boolean', int: 'integer', str: 'string'}[type(option.default)]
    return {'default': option.default, 'type': kind}


def _lend(rule: Rule) -> type[_Adapter]:
    return type(type(rule).__name__, (_Adapter,), {
        'rule': rule,
        'id': rule.id,
        'shortdesc': rule.title,
        'description': rule.documentation,
        'source_url': address(rule),
        'tags': ['cost', rule.name],
    })


_CLASSES = {type(rule).__name__: _lend(rule) for rule in registry.all_rules()}
globals().update(_CLASSES)
__all__ = list(_CLASSES)
