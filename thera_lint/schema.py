"""What may stand in the configuration file: its JSON Schema, and what is wrong in our words."""
from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
from fnmatch import fnmatchcase
from typing import Any

from thera_lint.ignores import names_a_service
from thera_lint.parameters import misread
from thera_lint.rule import FLOORS
from thera_lint.rule import Option
from thera_lint.rule import Rule
from thera_lint.source import Problem
from thera_lint.source import Source
from thera_lint.values import as_text
from thera_lint.values import Path
from thera_lint.words import near

_FORMS = {
    'string': 'text', 'integer': 'a whole number', 'number': 'a number',
    'boolean': 'true or false', 'array': 'a list', 'object': 'a mapping',
}


def schema(rules: Iterable[Rule]) -> dict[str, Any]:
    """The JSON Schema of the configuration file."""
    rules = list(rules)
    titles = {rule.id: rule.title for rule in rules}
    words = {'type': 'array', 'items': {'type': 'string', 'minLength': 1}}
    scalar = {'type': ['string', 'number', 'boolean']}
    tag_key = {'pattern': '^[^=]+$', 'description': 'a tag key without ='}
    which = {
        'select': {
            '$ref': '#/$defs/ids', 'description': 'Only these rules; the beginning of an id '
            'stands for all of them. The default is E and W.',
        },
        'include': {
            '$ref': '#/$defs/ids', 'description': 'These rules as well: IC asks for opportunities.',
        },
        'ignore': {
            '$ref': '#/$defs/ignore', 'description': 'Not these rules: a list, or a mapping of '
            'rules to reasons. Below a resource, or Resource/State, they are not told there only.',
        },
        'rules': {'$ref': '#/$defs/options', 'description': 'Options of rules, by id or name.'},
    }
    deployment = {
        'region': {
            'description': 'the code of an AWS region, as eu-central-1',
            'type': 'string', 'pattern': r'^[a-z]{2,}(-[a-z]+)+-\d+$',
        },
        'parameters': {
            'description': 'Values of template parameters.',
            'type': 'object',
            'additionalProperties': {**scalar, 'type': [*scalar['type'], 'array'], 'items': scalar},
        },
        'parameter-files': {
            **words, 'description': 'Files with values of template parameters, in any form that '
            'the AWS CLI, CodePipeline or Git sync takes; seen from this file. `parameters` '
            'come over them.',
        },
    }
    tags = {
        'required': {**words, 'description': 'Tag keys that costs are split by.'},
        'from_stack': {
            **words, 'description': 'Tag keys that the deployment gives to every stack.',
        },
        'allowed': {
            'description': 'The values that a tag key may have; * stands for any letters.',
            'type': 'object', 'propertyNames': tag_key,
            'additionalProperties': {'type': 'array', 'items': {
                'type': 'string', 'pattern': '^[^|]+$', 'description': 'a value without |',
            }},
        },
        'values': {
            'description': 'What --fix writes where a required tag is missing.',
            'type': 'object', 'propertyNames': tag_key,
            'additionalProperties': {'type': 'string', 'minLength': 1},
        },
    }
    glob = {
        'description': 'a file, a folder or a pattern, seen from this file; * stands for any '
        'letters but /, ** for any number of folders',
        'type': 'string', 'minLength': 1, 'pattern': '^(?!/)',
    }
    globs = {'type': 'array', 'items': glob}
    path = {
        'path': glob,
        **which, **deployment,
    }
    properties = {
        **which,
        'exit-on': {
            'description': 'The least severity that shows in the exit status; never: none does.',
            'enum': list(FLOORS),
        },
        'baseline': {
            'description': 'The file of findings that were there before, seen from this file: '
            'only new ones are told.',
            'type': 'string', 'minLength': 1,
        },
        'files': {
            **globs, 'description': 'Which files count when folders are linted: files, folders '
            'or patterns, as in `paths`. The default is all that may be templates.',
        },
        'exclude': {
            **globs, 'description': 'Which files do not count when folders are linted, as `files`.',
        },
        'tags': {'description': 'What the rules on tags (WC8) expect.', **_closed(tags)},
        'budget': {
            'description': 'Whether a budget outside the linted files watches.',
            'enum': ['elsewhere'],
        },
        **deployment,
        'environment': {
            'description': 'Which of the environments counts where --environment names none.',
            'type': 'string', 'minLength': 1,
        },
        'environments': {
            'description': 'What is deployed where, by name; it comes over what stands at the '
            'top of the file.',
            'type': 'object', 'additionalProperties': _closed(deployment),
        },
        'paths': {
            'description': 'What is otherwise for some files; later entries come over earlier '
            'ones.',
            'type': 'array', 'items': {**_closed(path), 'required': ['path']},
        },
    }
    return {
        '$schema': 'https://json-schema.org/draft/2020-12/schema',
        'title': 'thera-lint configuration',
        **_closed(properties),
        '$defs': {**_ignore(beginnings(rules), titles), **_options(rules, titles)},
    }


def beginnings(rules: Iterable[Rule]) -> list[str]:
    """All that may stand for rules: their ids, and how these begin."""
    ids = [*(rule.id for rule in rules), 'IC']  # right to ask for, though there be none
    return sorted({id[:length] for id in ids for length in range(1, len(id) + 1)})


def _ignore(ids: Sequence[str], titles: Mapping[str, str]) -> dict[str, Any]:
    narrow = [id for id in ids if names_a_service(id)]
    reasons = {id: {'$ref': '#/$defs/reason'} for id in ids}
    for id, title in titles.items():
        reasons[id]['description'] = title
    there = {'$ref': '#/$defs/ignored_there'}
    return {
        'ids': {'type': 'array', 'items': {'enum': ids}},
        'ignore': {
            'type': ['array', 'object'],
            'items': {'enum': ids},
            'propertyNames': {
                'pattern': '^[^/]+(/.+)?$', 'description': 'a rule, a resource or Resource/State',
            },
            'properties': {
                # A resource may be called EC2.
                id: reasons[id] if id in titles else {'$ref': '#/$defs/reason_or_place'}
                for id in ids
            },
            'additionalProperties': {'type': ['array', 'object'], **there},
        },
        'reason_or_place': {'type': ['string', 'array', 'object'], **there},
        'ignored_there': {
            'minItems': 1,
            'items': {'enum': narrow},
            'minProperties': 1,
            'properties': {id: reasons[id] for id in narrow},
            'additionalProperties': False,
        },
        'reason': {'type': 'string'},
    }


def _options(rules: Sequence[Rule], titles: Mapping[str, str]) -> dict[str, Any]:
    return {
        'options': _closed({
            key: {'$ref': f'#/$defs/{rule.id}'} for rule in rules for key in (rule.id, rule.name)
        }),
        **{
            rule.id: {
                'title': titles[rule.id],
                **_closed({option.name: _schema_of(option) for option in rule.options}),
            }
            for rule in rules
        },
    }


def _closed(properties: dict[str, Any]) -> dict[str, Any]:
    return {'type': 'object', 'properties': properties, 'additionalProperties': False}


def _schema_of(option: Option) -> dict[str, Any]:
    about = {'description': option.doc}
    if isinstance(option.default, tuple):
        return {
            **about, 'type': 'array', 'items': {'type': 'string'}, 'default': list(option.default),
        }
    kind = {bool: 'boolean', int: 'integer', str: 'string'}[type(option.default)]
    least = {'minimum': 0} if kind == 'integer' else {}
    return {**about, 'type': kind, **least, 'default': option.default}


# --- what is wrong in it


def problems(source: Source, rules: Sequence[Rule]) -> list[Problem]:
    """All that the schema forbids; if that is nothing, what a schema cannot say."""
    from jsonschema import Draft202012Validator  # 70 ms: only for those who configure

    errors = Draft202012Validator(schema(rules)).iter_errors(source.data)
    found = [problem for error in errors for problem in _problems(source, error, rules)]
    return sorted(found or _other_problems(source, rules))


def _problems(source: Source, error: Any, rules: Iterable[Rule]) -> Iterator[Problem]:
    """What jsonschema found, at its place and in our words."""
    path: Path = tuple(error.absolute_path)
    if error.validator == 'additionalProperties':
        known = list(error.schema['properties'])
        for key in error.instance:
            if key not in known:
                yield Problem(source.span((*path, key)), _unknown(path, key, known, rules))
        return
    if 'propertyNames' in error.absolute_schema_path:
        path = (*path, error.instance)
    ignored = _below_ignore(path)
    message = _on_ignore(ignored, error, rules) if ignored else _on_value(path, error, rules)
    yield Problem(source.span(path), message)


def _on_value(path: Path, error: Any, rules: Iterable[Rule]) -> str:
    value, wanted = error.instance, error.validator_value
    name = _shown_name(path[-1]) if path and isinstance(path[-1], str) else ''
    said = name or (f'each of {path[-2]}' if len(path) > 1 else 'the configuration')
    if error.validator == 'type':
        return _other_type(said, wanted, value)
    if error.validator == 'enum':
        if name:
            return f'{said} is {" or ".join(wanted)}, not {_shown(value)}'
        return no_rule(str(value), rules)
    if error.validator == 'minimum':
        return f'{said} is {wanted} or more, not {_shown(value)}'
    if error.validator == 'required':
        return f'{said} needs the key path'
    if error.validator == 'pattern':
        return f'{value!r} is not {error.schema["description"]}'
    return f'{said} is empty'  # minLength


def _below_ignore(path: Path) -> Path:
    if path[:1] == ('ignore',):
        return path[1:]
    return path[3:] if path[:1] == ('paths',) and path[2:3] == ('ignore',) else ()


def _on_ignore(path: Path, error: Any, rules: Iterable[Rule]) -> str:
    """`path` is below `ignore`: a rule, a place, or a place and a rule."""
    value, name = error.instance, _shown_name(path[-1])
    if error.validator == 'pattern':
        return f'{value!r} is not {error.schema["description"]}'
    if error.validator == 'enum':
        return _no_rule_there(str(value), rules)
    if error.validator == 'type' and 'string' in error.validator_value:
        return _other_type(f'the reason of {name}', 'string', value)
    if isinstance(value, (dict, list)) or value is None:
        return f'{name} names no rule: write {name}: {{WC4001: the reason}}'
    return no_rule(name, rules, f'; to ignore rules at a place: {name}: {{WC4001: the reason}}')


def _no_rule_there(beginning: str, rules: Iterable[Rule]) -> str:
    if beginning in beginnings(rules):
        return (
            f'the ignore of {beginning} is too wide for a place: name the rules, or the beginning '
            'of their ids down to the service'
        )
    return no_rule(beginning, rules)


def _other_type(said: str, wanted: str | list[str], value: Any) -> str:
    kinds = [wanted] if isinstance(wanted, str) else wanted
    forms = ' or '.join(_FORMS[kind] for kind in kinds)
    is_scalar = value is not None and not isinstance(value, (dict, list))
    quotes = ': put it in quotes' if 'string' in kinds and is_scalar else ''
    return f'{said} is {forms}, not {_shown(value)}{quotes}'


def _unknown(path: Path, key: str, known: list[str], rules: Iterable[Rule]) -> str:
    if _below_ignore(path):
        return _no_rule_there(key, rules)
    below = path[2:] if path[:1] == ('paths',) else path
    if below == ('rules',):
        return f'no rule {key!r}{near(key, known)}'
    if below[:1] == ('rules',):
        return no_option(str(below[1]), key, known)
    if path and key in schema(rules)['properties']:
        return f'{key} stands at the top of the file only'
    return f'no key {key!r}{near(key, known) or "; there are: " + ", ".join(known)}'


def no_rule(beginning: str, rules: Iterable[Rule], otherwise: str = '') -> str:
    """Names are not accepted, but understood; `otherwise` is the ending if nothing is near."""
    import difflib

    ids = {word: rule.id for rule in rules for word in (rule.id, rule.name)}
    like = difflib.get_close_matches(beginning, list(ids), 3, 0.5)
    listed = ', '.join(dict.fromkeys(ids[word] for word in like))
    return f'no rule begins with {beginning!r}' + (f'; near: {listed}' if listed else otherwise)


def no_option(rule: str, name: str, known: Sequence[str]) -> str:
    return f'{rule} has no option {name!r}; it has: {", ".join(known) or "none"}'


def no_environment(name: str, known: Iterable[str]) -> str:
    return f'no environment {name!r}; there are: {", ".join(known)}'


def _other_problems(source: Source, rules: Sequence[Rule]) -> Iterator[Problem]:
    data = source.data
    places: list[tuple[Path, Any]] = [
        ((), data),
        *((('environments', name), one) for name, one in data.get('environments', {}).items()),
        *((('paths', index), one) for index, one in enumerate(data.get('paths', ()))),
    ]
    for path, one in places:
        said = one.get('rules', {})
        for rule in rules:
            if rule.id in said and rule.name in said:
                yield Problem(
                    source.span((*path, 'rules', rule.name)),
                    f'{rule.name} is {rule.id}, which is here too',
                )
        for key, value in one.get('parameters', {}).items():
            yield from misread(source, (*path, 'parameters', key), value)
    environments = data.get('environments')
    if environments and data.get('environment', '') not in ('', *environments):
        yield Problem(
            source.span(('environment',)), no_environment(data['environment'], environments),
        )
    yield from _tag_problems(source, data.get('tags', {}), rules)


def _tag_problems(
        source: Source, tags: Mapping[str, Any], rules: Iterable[Rule],
) -> Iterator[Problem]:
    """Values that --fix would never write, or that it would write to be told of next time."""
    required = tags.get('required') or [
        key for rule in rules if rule.id[1:3] == 'C8'
        for key in rule.defaults().get('required', ())
    ]
    for key, value in tags.get('values', {}).items():
        allowed = tags.get('allowed', {}).get(key)
        span = source.span(('tags', 'values', key))
        if key not in required:
            listed = ', '.join(dict.fromkeys(required))
            yield Problem(span, f'{key!r} is not required, so it is never written; these are: '
                                f'{listed}')
        elif allowed is not None and not any(fnmatchcase(value, one) for one in allowed):
            yield Problem(span, f'{value!r} is not allowed for {key}; it may be: '
                                f'{", ".join(allowed)}')


def _shown(value: Any) -> str:
    if value is None:
        return 'empty'
    if isinstance(value, (dict, list)):
        return 'a mapping' if isinstance(value, dict) else 'a list'
    return repr(value) if isinstance(value, str) else as_text(value) or ''


def _shown_name(part: str | int) -> str:
    name = str(part)
    return name if name.isprintable() else repr(name)
