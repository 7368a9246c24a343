"""What the user asked for: the configuration file and the command line, as one Config.

Text in, Config out. Options of rules get their values here and nowhere else.
"""
from __future__ import annotations

import os
import re
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
from typing import Any
from typing import NamedTuple

from thera_lint.engine import Settings
from thera_lint.rule import Option
from thera_lint.rule import Rule
from thera_lint.source import Problem
from thera_lint.source import read as read_source
from thera_lint.source import Source
from thera_lint.source import SourceError
from thera_lint.values import as_text
from thera_lint.values import Path

FILENAMES = ('.thera-lint.yaml', '.thera-lint.yml')

_FLOORS = ('error', 'warning', 'informational')
_FORMS = {
    'string': 'text', 'integer': 'a whole number', 'number': 'a number',
    'boolean': 'true or false', 'array': 'a list', 'object': 'a mapping',
}
_GLOB = {'**/': '(?:.*/)?', '**': '.*', '*': '[^/]*', '?': '[^/]'}


class PathSettings(NamedTuple):
    """Which rules count for the files that a pattern matches; None is what counts anyway."""

    pattern: re.Pattern[str]
    select: tuple[str, ...] | None
    include: tuple[str, ...]
    ignore: tuple[str, ...]


class Config(NamedTuple):
    """All that may be asked for; without arguments, the defaults."""

    settings: Settings = Settings()
    parameters: Mapping[str, str] = {}
    exit_on: str = 'informational'
    """The least severity that shows in the exit status."""
    folder: str = ''
    """What the patterns of `paths` are relative to."""
    paths: tuple[PathSettings, ...] = ()

    def to_run(self) -> Settings:
        """Settings that enable every rule which counts for some path."""
        more = (id for one in self.paths for id in (one.select or ()) + one.include)
        return self.settings._replace(include=(*self.settings.include, *more))

    def counts(self, rule: Rule, filename: str) -> bool:
        """Whether a rule's findings in a file are wanted."""
        settings = self.settings
        if self.paths:
            path = os.path.relpath(os.path.abspath(filename), self.folder).replace(os.sep, '/')
            for one in self.paths:
                if one.pattern.fullmatch(path):
                    settings = settings._replace(
                        select=settings.select if one.select is None else one.select,
                        include=settings.include + one.include,
                        ignore=settings.ignore + one.ignore,
                    )
        return settings.enabled(rule)

    def fails(self, rule: Rule) -> bool:
        """Whether a finding of a rule shows in the exit status."""
        return _FLOORS.index(rule.severity) <= _FLOORS.index(self.exit_on)


class WrongArgument(Exception):
    """An argument of the command line that cannot be meant."""


# --- the file


def schema(rules: Iterable[Rule]) -> dict[str, Any]:
    """The JSON Schema of the configuration file."""
    rules = list(rules)
    ids = {'$ref': '#/$defs/ids'}
    words = {'type': 'array', 'items': {'type': 'string', 'minLength': 1}}
    scalar = {'type': ['string', 'number', 'boolean']}
    which = {
        'select': {
            **ids, 'description': 'Only these rules; the beginning of an id stands for all of '
            'them. The default is E and W.',
        },
        'include': {**ids, 'description': 'These rules as well: IC asks for opportunities.'},
        'ignore': {**ids, 'description': 'Not these rules.'},
    }
    tags = {
        'required': {**words, 'description': 'Tag keys that costs are split by.'},
        'from_stack': {
            **words, 'description': 'Tag keys that the deployment gives to every stack.',
        },
        'allowed': {
            'description': 'The values that a tag key may have; * stands for any letters.',
            'type': 'object',
            'propertyNames': {'pattern': '^[^=]+$', 'description': 'a tag key without ='},
            'additionalProperties': {'type': 'array', 'items': {
                'type': 'string', 'pattern': '^[^|]+$', 'description': 'a value without |',
            }},
        },
    }
    path = {
        'path': {
            'description': 'A file, a folder or a pattern, seen from the configuration file; '
            '** stands for any number of folders.',
            'type': 'string', 'minLength': 1,
        },
        **which,
    }
    properties = {
        **which,
        'rules': {
            'description': 'Options of rules, by id or name.',
            **_closed({
                key: {'$ref': f'#/$defs/{rule.id}'}
                for rule in rules for key in (rule.id, rule.name)
            }),
        },
        'exit-on': {
            'description': 'The least severity that shows in the exit status.',
            'enum': list(_FLOORS),
        },
        'tags': {'description': 'What the rules on tags (WC8) expect.', **_closed(tags)},
        'budget': {
            'description': 'Whether a budget outside the linted files watches.',
            'enum': ['elsewhere'],
        },
        'parameters': {
            'description': 'Values of template parameters.',
            'type': 'object',
            'additionalProperties': {**scalar, 'type': [*scalar['type'], 'array'], 'items': scalar},
        },
        'region': {
            'description': 'the code of an AWS region, as eu-central-1',
            'type': 'string', 'pattern': r'^[a-z]{2,}(-[a-z]+)+-\d+$',
        },
        'paths': {
            'description': 'Which rules count where; later entries come after earlier ones.',
            'type': 'array', 'items': {**_closed(path), 'required': ['path']},
        },
    }
    return {
        '$schema': 'https://json-schema.org/draft/2020-12/schema',
        'title': 'thera-lint configuration',
        **_closed(properties),
        '$defs': {
            'ids': {'type': 'array', 'items': {'enum': _beginnings(rules)}},
            **{
                rule.id: {
                    'title': rule.title,
                    **_closed({option.name: _schema_of(option) for option in rule.options}),
                }
                for rule in rules
            },
        },
    }


def read(filename: str, text: str, rules: Sequence[Rule]) -> Config:
    """Read a configuration file; raises SourceError with everything that is wrong in it."""
    from jsonschema import Draft202012Validator  # 70 ms: only for those who configure

    folder = os.path.dirname(os.path.abspath(filename))
    if all(line.strip()[:1] in ('', '#') for line in text.splitlines()):
        return Config(folder=folder)
    source = read_source(filename, text)
    errors = Draft202012Validator(schema(rules)).iter_errors(source.data)
    problems = [problem for error in errors for problem in _problems(source, error, rules)]
    if not problems:
        problems = [*_other_problems(source, rules)]
    if problems:
        raise SourceError(sorted(problems))
    data = source.data
    parameters = {key: _text(value) for key, value in data.get('parameters', {}).items()}
    if 'region' in data:
        parameters.setdefault('AWS::Region', data['region'])
    return Config(
        Settings(
            tuple(data.get('select', Settings().select)),
            tuple(data.get('include', ())),
            tuple(data.get('ignore', ())),
            {rule.id: _options(rule, data) for rule in rules},
        ),
        parameters,
        data.get('exit-on', Config().exit_on),
        folder,
        tuple(
            PathSettings(
                _pattern(one['path']),
                tuple(one['select']) if 'select' in one else None,
                tuple(one.get('include', ())),
                tuple(one.get('ignore', ())),
            )
            for one in data.get('paths', ())
        ),
    )


def _closed(properties: dict[str, Any]) -> dict[str, Any]:
    return {'type': 'object', 'properties': properties, 'additionalProperties': False}


def _schema_of(option: Option) -> dict[str, Any]:
    about = {'description': option.doc}
    if isinstance(option.default, tuple):
        return {
            **about, 'type': 'array', 'items': {'type': 'string'}, 'default': list(option.default),
        }
    kind = {bool: 'boolean', int: 'integer', str: 'string'}[type(option.default)]
    return {**about, 'type': kind, 'default': option.default}


def _beginnings(rules: Iterable[Rule]) -> list[str]:
    ids = [*(rule.id for rule in rules), 'IC']  # right to ask for, though there be none
    return sorted({id[:length] for id in ids for length in range(1, len(id) + 1)})


def _options(rule: Rule, data: Mapping[str, Any]) -> dict[str, Any]:
    """What the file says about a rule's options; `rules` outdoes the keys for several rules."""
    common: dict[str, Any] = {}
    if rule.id[1:3] == 'C8':
        common.update(data.get('tags', {}))
        if 'allowed' in common:
            common['allowed'] = [
                f'{key}={"|".join(values)}' for key, values in common['allowed'].items()
            ]
    if 'budget' in data:
        common.update(budget_elsewhere=True, anomaly_detection_elsewhere=True)
    rules = data.get('rules', {})
    own = {**common, **rules.get(rule.name, {}), **rules.get(rule.id, {})}
    return {
        option.name: type(option.default)(own[option.name])  # 5.0 is a whole number to a schema
        for option in rule.options if option.name in own
    }


def _text(value: Any) -> str:
    if isinstance(value, list):
        return ','.join(_text(item) for item in value)
    return as_text(value) or ''


def _pattern(glob: str) -> re.Pattern[str]:
    """A folder stands for all that is below it."""
    path = os.path.normpath(glob).replace(os.sep, '/')
    parts = re.split(r'(\*\*/|\*\*|\*|\?)', '**' if path == '.' else path)
    return re.compile(''.join(_GLOB.get(part) or re.escape(part) for part in parts) + '(?:/.*)?')


# --- what is wrong in it


def _problems(source: Source, error: Any, rules: Iterable[Rule]) -> Iterator[Problem]:
    """What jsonschema found, at its place and in our words."""
    path: Path = tuple(error.absolute_path)
    value, wanted = error.instance, error.validator_value
    name = str(path[-1]) if path and isinstance(path[-1], str) else ''
    name = name if name.isprintable() else repr(name)
    said = name or (f'each of {path[-2]}' if len(path) > 1 else 'the configuration')
    if error.validator == 'additionalProperties':
        known = list(error.schema['properties'])
        for key in value:
            if key not in known:
                yield Problem(source.span((*path, key)), _unknown(path, key, known))
        return
    if 'propertyNames' in error.absolute_schema_path:
        path = (*path, value)
    if error.validator == 'type':
        kinds = [wanted] if isinstance(wanted, str) else wanted
        forms = ' or '.join(_FORMS[kind] for kind in kinds)
        is_scalar = value is not None and not isinstance(value, (dict, list))
        quotes = ': put it in quotes' if 'string' in kinds and is_scalar else ''
        message = f'{said} is {forms}, not {_shown(value)}{quotes}'
    elif error.validator == 'enum' and not name:
        message = _no_rule(str(value), rules)
    elif error.validator == 'enum':
        message = f'{said} is {" or ".join(wanted)}, not {_shown(value)}'
    elif error.validator == 'required':
        message = f'{said} needs the key path'
    elif error.validator == 'pattern':
        message = f'{value!r} is not {error.schema["description"]}'
    else:  # minLength
        message = f'{said} is empty'
    yield Problem(source.span(path), message)


def _unknown(path: Path, key: str, known: list[str]) -> str:
    if path == ('rules',):
        return f'no rule {key!r}{near(key, known)}'
    if path[:1] == ('rules',):
        return _no_option(str(path[1]), key, known)
    return f'no key {key!r}{near(key, known) or "; there are: " + ", ".join(known)}'


def _no_rule(beginning: str, rules: Iterable[Rule]) -> str:
    """Names are not accepted, but understood."""
    ids = {word: rule.id for rule in rules for word in (rule.id, rule.name)}
    return f'no rule begins with {beginning!r}{_near(ids[word] for word in _like(beginning, ids))}'


def _no_option(rule: str, name: str, known: Sequence[str]) -> str:
    return f'{rule} has no option {name!r}; it has: {", ".join(known) or "none"}'


def _other_problems(source: Source, rules: Iterable[Rule]) -> Iterator[Problem]:
    """What a schema cannot say."""
    said = source.data.get('rules', {})
    for rule in rules:
        if rule.id in said and rule.name in said:
            yield Problem(
                source.span(('rules', rule.name)), f'{rule.name} is {rule.id}, which is here too',
            )
    lines = source.text.split('\n')
    for key, value in source.data.get('parameters', {}).items():
        several = isinstance(value, list)
        for index, item in enumerate(value if several else [value]):
            span = source.span(('parameters', key, *([index] if several else [])))
            written = lines[span.line][span.column:span.end_column]
            if isinstance(item, str) or written.strip('\'"') == key:  # the value is elsewhere
                continue
            # YAML reads 0123 as 83, 1.10 as 1.1 and `no` as false: not what was meant.
            if not written.endswith(_text(item)):
                yield Problem(span, f'YAML reads this as {_text(item)}: put it in quotes')


def _shown(value: Any) -> str:
    if value is None:
        return 'empty'
    if isinstance(value, (dict, list)):
        return 'a mapping' if isinstance(value, dict) else 'a list'
    return repr(value) if isinstance(value, str) else _text(value)


def near(word: str, words: Iterable[str]) -> str:
    """The ending of a message about a wrong word: the right ones that look like it."""
    return _near(_like(word, words))


def _like(word: str, words: Iterable[str]) -> list[str]:
    import difflib

    return difflib.get_close_matches(word, list(words), 3, 0.5)


def _near(words: Iterable[str]) -> str:
    listed = ', '.join(dict.fromkeys(words))
    return f'; near: {listed}' if listed else ''


# --- the command line


def with_arguments(
        config: Config,
        rules: Callable[[], Sequence[Rule]],
        *,
        select: Sequence[str],
        include: Sequence[str],
        ignore: Sequence[str],
        configure: Sequence[str],
        parameters: Sequence[str],
) -> Config:
    """What the command line adds, and what it has instead; raises WrongArgument.

    `rules` is only called to check ids and options, because it imports every rule.
    """
    if not (select or include or ignore or configure or parameters):
        return config
    settings = config.settings
    if select or include or ignore:
        known = rules()
        only = _ids(select, known)
        if only:
            settings = settings._replace(select=only)
            config = config._replace(paths=tuple(
                one._replace(select=None) for one in config.paths
            ))
        settings = settings._replace(
            include=settings.include + _ids(include, known),
            ignore=settings.ignore + _ids(ignore, known),
        )
    if configure:
        options = {id: dict(values) for id, values in settings.options.items()}
        by_id = {rule.id: rule for rule in rules()}
        for text in configure:
            id, name, value = _assignment(text, by_id)
            options.setdefault(id, {})[name] = value
        settings = settings._replace(options=options)
    given = dict(_pair(text, '--parameter KEY=VALUE') for text in parameters)
    return config._replace(settings=settings, parameters={**config.parameters, **given})


def _ids(texts: Iterable[str], rules: Sequence[Rule]) -> tuple[str, ...]:
    ids = tuple(part.strip() for text in texts for part in text.split(',') if part.strip())
    known = _beginnings(rules)
    for id in ids:
        if id not in known:
            raise WrongArgument(_no_rule(id, rules))
    return ids


def _assignment(text: str, rules: Mapping[str, Rule]) -> tuple[str, str, Any]:
    id, _, assignment = text.partition(':')
    name, value = _pair(assignment, '-x ID:OPTION=VALUE')
    if id not in rules:
        raise WrongArgument(f'no rule {id!r}{near(id, rules)}')
    known = {option.name: option for option in rules[id].options}
    if name not in known:
        raise WrongArgument(_no_option(id, name, list(known)))
    return id, name, _value(known[name], value)


def _value(option: Option, text: str) -> Any:
    if isinstance(option.default, bool):
        if text.lower() not in ('true', 'false'):
            raise WrongArgument(f'{option.name} is true or false, not {text!r}')
        return text.lower() == 'true'
    if isinstance(option.default, int):
        try:
            return int(text)
        except ValueError:
            raise WrongArgument(f'{option.name} is a whole number, not {text!r}') from None
    if isinstance(option.default, tuple):
        return tuple(part.strip() for part in text.split(',') if part.strip())
    return text


def _pair(text: str, form: str) -> tuple[str, str]:
    key, equals, value = text.partition('=')
    if not equals or not key:
        raise WrongArgument(f'{text!r} is not {form}')
    return key, value
