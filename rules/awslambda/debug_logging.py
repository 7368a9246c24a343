from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from thera_lint.prices import dollars
from thera_lint.prices import price
from thera_lint.project import Project
from thera_lint.rule import Finding
from thera_lint.rule import Fix
from thera_lint.rule import Options
from thera_lint.rule import ResourceRule
from thera_lint.rule import Set
from thera_lint.template import Resource
from thera_lint.template import Template
from thera_lint.values import as_flag
from thera_lint.values import Map
from thera_lint.values import Path

_LEVELS = ('LOG_LEVEL', 'POWERTOOLS_LOG_LEVEL')
_EVENTS = 'POWERTOOLS_LOGGER_LOG_EVENT'
_LOUD = ('DEBUG', 'TRACE')
_WORD = re.compile(r'[A-Z]?[a-z]+|[A-Z]+(?![a-z])')
_DEV = frozenset((
    'debug', 'dev', 'develop', 'development', 'local', 'localstack', 'nonprod', 'qa', 'sandbox',
    'sbx', 'stage', 'staging', 'test', 'testing', 'tst', 'uat', 'verbose',
))
_PROD = frozenset(('live', 'prd', 'prod', 'production'))
_NOT = frozenset(('no', 'non', 'not'))


class DebugLogging(ResourceRule):
    """A function writes debug logs.

    ## Why it costs

    CloudWatch Logs bills every gigabyte that is written, and a debug log is often many times as
    long as the rest: every request and response, every event in full. At a busy function the log
    costs more than the calls. What is written is also stored, until its retention ends.

    ## When it is right

    In development, where few calls are made, and for the hour in which a fault is looked for. The
    rule is silent where a condition or parameter value of that kind chooses the level (IsDev is
    true, IsProd is false, Stage is dev, test, sandbox, staging ...), and where Lambda drops what
    is below ApplicationLogLevel. A default of DEBUG is found: whoever says nothing pays for it.

    The fix writes INFO, or false for the event. There is none where a parameter or condition says
    so, or SAM's Globals of which it is right for another function.

    ## References

    - https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-log-level.html
    - https://docs.aws.amazon.com/powertools/python/latest/core/logger/
    - https://aws.amazon.com/cloudwatch/pricing/
    """

    id = 'WC1012'
    resources = ('AWS::Lambda::Function',)
    remedy = 'log at INFO and raise the level for one function, for as long as it is looked at'

    def check(self, resource: Resource, project: Project, options: Options) -> Iterator[Finding]:
        for path, value in _loud(resource.properties):
            if _is_meant(resource, path) or _is_default_of_dev(resource, path):
                continue
            what = 'every event in full' if path[-1] == _EVENTS else 'for debugging'
            yield Finding(
                path,
                f'`{resource.logical_id}` logs {what} ({path[-1]} {value}): every GB that it '
                f'writes costs {dollars(price("cw.logs.ingest.standard").usd)} to take in',
                fix=_quiet(resource, path, value),
            )


def _loud(function: Map) -> Iterator[tuple[Path, str]]:
    """The settings that ask for more than a log needs."""
    config = function.map('LoggingConfig') or Map()
    level = config.text('ApplicationLogLevel')
    if level is not None and level.upper() in _LOUD:
        yield ('LoggingConfig', 'ApplicationLogLevel'), level
    # In the JSON format, Lambda drops what is below its level: INFO if none is written.
    elif not function.absent('LoggingConfig') and not _is_plain(function):
        return
    variables = (function.map('Environment') or Map()).map('Variables') or Map()
    for name in _LEVELS:
        level = variables.text(name)
        if level is not None and level.upper() in _LOUD:
            yield ('Environment', 'Variables', name), level
    if as_flag(variables.get(_EVENTS)):
        yield ('Environment', 'Variables', _EVENTS), 'true'


def _is_plain(function: Map) -> bool:
    config = function.map('LoggingConfig')
    return config is not None and (config.absent('LogFormat') or config.text('LogFormat') == 'Text')


def _is_meant(resource: Resource, path: Path) -> bool:
    """Whether it is set nowhere but where the function is under development."""
    return all(
        _is_dev_world(world.conditions, world.parameters)
        for view in resource.template.views(resource.logical_id)
        if any(path == one for one, _ in _loud(view.properties))
        for world in view.worlds
    )


def _is_dev_world(conditions: Any, parameters: Any) -> bool:
    return any(_is_dev_condition(name, truth) for name, truth in conditions.items()) or any(
        values and all(value is not None and _words(value) & _DEV for value in values)
        for values in parameters.values()
    )


def _is_dev_condition(name: str, truth: bool) -> bool:
    words = _words(name)
    if words & _NOT:
        truth = not truth
    return bool(words & (_DEV if truth else _PROD))


def _words(text: str) -> set[str]:
    """`IsNonProd` is is, non and prod."""
    return {word.lower() for word in _WORD.findall(text)}


def _is_default_of_dev(resource: Resource, path: Path) -> bool:
    """Whether it comes from a parameter, of a template whose defaults are those of development."""
    if isinstance(_written(resource, path), (str, bool)):
        return False
    resolver = resource.template.resolver
    values = [resolver.outside(one) or resolver.default(one) for one in resolver.parameters]
    return any(value is not None and value.lower() in _DEV - {'debug'} for value in values)


def _written(resource: Resource, path: Path) -> Any:
    """What stands in the file at a path, before anything is resolved."""
    value: Any = resource.template.source.data
    for part in resource.place(path):
        try:
            value = value[part]
        except (LookupError, TypeError):
            return None
    return value


@lru_cache(maxsize=4)
def _is_meant_somewhere(template: Template, place: Path, path: Path) -> bool:
    """Whether what SAM's Globals say is right for one of the functions that get it."""
    return any(
        view.place(path) == place and _is_meant(view, path)
        for logical_id in template.types['AWS::Lambda::Function']
        for view in template.views(logical_id)
    )


def _quiet(resource: Resource, path: Path, value: str) -> Fix | None:
    """The edit, where the value is written as such and under no condition."""
    place = resource.place(path)
    literal = isinstance(_written(resource, path), (str, bool))
    if not literal or any(str(part).startswith('Fn::') for part in place):
        return None
    if place[0] == 'Globals' and _is_meant_somewhere(resource.template, place, path):
        return None
    calm = 'false' if path[-1] == _EVENTS else 'INFO' if value.isupper() else 'info'
    return Fix(f'set {path[-1]} to {calm}', safe=True, edits=(Set(path, calm),))
