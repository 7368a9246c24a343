"""A first configuration file, made from the templates that are there.

What it sets is right for them; the rest is commented out, and says when one would want it.
"""
from __future__ import annotations

import os.path
import re
from collections import Counter
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
from typing import Any
from typing import NamedTuple

from thera_lint.engine import Found
from thera_lint.project import Project
from thera_lint.states import MACHINE
from thera_lint.taggable import billable
from thera_lint.tags import CENTS
from thera_lint.tags import ours
from thera_lint.tags import REQUIRED
from thera_lint.tags import tag_sets
from thera_lint.template import Template
from thera_lint.values import as_flag
from thera_lint.values import as_text
from thera_lint.values import Parameter
from thera_lint.words import listed

_SCHEMA = (
    'https://raw.githubusercontent.com/thera-lint/thera-lint/main/docs/thera-lint.schema.json'
)
_DOCS = 'https://github.com/thera-lint/thera-lint/blob/main/docs/configuration.md'

_BASELINE = '.thera-lint-baseline.json'
_NO_BUDGET = 'WC7010'

# So many of each are shown: all of the file is to be seen at once.
_SERVICES = 6
_RULES = 3
_KEYS = 4
_VALUES = 6
_PARAMETERS = 5
_STAGES = 6
_FOLDERS = 3

# What people call a service, where it is not the word in its resource types.
_CALLED = {
    'ApiGateway': 'API Gateway', 'ApiGatewayV2': 'API Gateway', 'Events': 'EventBridge',
    'KinesisFirehose': 'Firehose', 'Logs': 'CloudWatch Logs', 'StepFunctions': 'Step Functions',
}
_STAGE_WORDS = frozenset(('env', 'environment', 'stage'))
_STAGE_VALUE = re.compile(
    r'dev\w*|test\w*|qa|uat|int(egration)?|stag\w*|pre-?prod\w*|prod\w*|live|sandbox', re.I,
)
_LIVE = re.compile(r'pro?d\w*|live', re.I)
_NOT_DEPLOYED = frozenset((
    'demo', 'demos', 'example', 'examples', 'fixture', 'fixtures', 'sample', 'samples', 'test',
    'testdata', 'tests',
))
_SHORT_LIVED = frozenset((
    'dev', 'development', 'experiments', 'playground', 'poc', 'sandbox', 'sandboxes', 'scratch',
))

# A lone surrogate is no text in UTF-8; a tag key of AWS's is no longer.
_WRITABLE = re.compile(r'[^\ud800-\udfff]{1,128}')
_VALUE = re.compile(r'[^|*?[\]\ud800-\udfff]{1,256}')  # neither a pattern nor two values
_PLAIN = re.compile(r'[A-Za-z_](?:[\w./-]| (?=\w))*', re.ASCII)
_NO_TEXT = frozenset(('y', 'n', 'yes', 'no', 'on', 'off', 'true', 'false', 'null'))


class _Declared(NamedTuple):
    """A parameter: its type, the values it allows, in how many templates it is."""

    kind: str
    allowed: tuple[str, ...]
    templates: int
    unknown: bool
    """Whether some template has no value for it."""


def starter(project: Project, found: Sequence[Found], folder: str) -> str:
    """The text of a `.thera-lint.yaml` in `folder`, for the project that lies below it.

    `found` is what the default rules find there.
    """
    declared = _declared(project)
    stages = {name: one for name, one in declared.items() if _is_stage(name, one)}
    sections = (
        _head(project),
        _tags(project, stages),
        _loudest(found),
        _adoption(found),
        _budget(found),
        ['# To hear of opportunities too, which need a person to judge them:', '# include: [IC]'],
        ['# If all of it is deployed in one region:', '# region: eu-central-1'],
        _environments(stages),
        _parameters({name: one for name, one in declared.items() if name not in stages}),
        _paths(project, folder),
    )
    return '\n\n'.join('\n'.join(lines) for lines in sections if lines) + '\n'


# --- the sections, as lines


def _head(project: Project) -> list[str]:
    machines = len(project.machines) + sum(
        len(template.types.get(MACHINE, ())) for template in project.templates
    )
    kinds = (len(project.templates), 'template'), (machines, 'state machine')
    seen = listed([_counted(*one) for one in kinds if one[0]]) or 'no template yet'
    services: Counter[str] = Counter()
    for template in project.templates:
        for kind, ids in template.types.items():
            if billable(kind):
                service = kind.split('::')[1]
                services[_CALLED.get(service, service)] += len(ids)
    names = [name for name, _ in services.most_common(_SERVICES)]
    if len(services) > len(names):
        names.append('...')
    return [
        f'# yaml-language-server: $schema={_SCHEMA}',
        f'# thera-lint found here: {seen}{": " if names else ""}{", ".join(names)}',
        f'# Remove a # to make a setting count. All of them: {_DOCS}',
    ]


def _tags(project: Project, stages: Mapping[str, _Declared]) -> list[str]:
    total = 0
    held: Counter[str] = Counter()
    values: dict[str, Counter[str]] = {}
    for tags in _tagged(project):
        total += 1
        for key, texts in tags.items():
            held[key] += 1
            values.setdefault(key, Counter()).update(texts)
    shared = [key for key, count in held.most_common() if count > 1 and 5 * count > total]
    most = [key for key in shared if 2 * held[key] > total][:_KEYS]
    keys = most or shared[:_KEYS] or REQUIRED
    required = ['tags:', f'  required: {_flow(keys)}']
    seen = {key: _closed(values.get(key, {}), stages) for key in keys if '=' not in key}
    allowed = [f'    {_quoted(key)}: {_flow(may)}' for key, may in seen.items() if len(may) > 1]
    fixed = [f'    {_quoted(key)}: {_quoted(may[0])}' for key, may in seen.items() if len(may) == 1]
    if allowed:
        allowed.insert(0, '  allowed:')
    if fixed:
        fixed.insert(0, '  values:')
    if not most:
        when = (
            'If costs are split by these tags, which some resources carry:' if shared else
            'If costs are split by other tags than these, name yours:'
        )
        return [f'# {when}', *_commented([*required, *allowed, *fixed])]
    return [
        f'# Costs are split by these tags: most of the {total} resources that may carry them do.',
        *required,
        *(['  # If no other values are right:'] if allowed else []),
        *_commented(allowed, '  '),
        *(['  # What --fix writes where one is missing:'] if fixed else []),
        *_commented(fixed, '  '),
    ]


def _loudest(found: Sequence[Found]) -> list[str]:
    rules = {
        one.rule.id: one.rule for one in found
        if one.rule.severity != 'error' and one.rule.id != _NO_BUDGET
    }
    counts = Counter(one.rule.id for one in found if one.rule.id in rules)
    if not counts:
        return []
    return [
        '# If a rule does not suit you, with your reason; the loudest here are:',
        '# ignore:',
        *(
            f'#   {id}: your reason  # {_counted(count, "finding")}: {rules[id].name}'
            for id, count in counts.most_common(_RULES)
        ),
    ]


def _adoption(found: Sequence[Found]) -> list[str]:
    if not found:
        return []
    return [
        f'# To hear only of what is new, with {_counted(len(found), "finding")} set aside:',
        f'# baseline: {_BASELINE}  # thera-lint --write-baseline {_BASELINE}',
    ]


def _budget(found: Sequence[Found]) -> list[str]:
    if all(one.rule.id != _NO_BUDGET for one in found):
        return []
    return ['# If a budget outside these templates watches:', '# budget: elsewhere']


def _environments(stages: Mapping[str, _Declared]) -> list[str]:
    names = list(dict.fromkeys(value for one in stages.values() for value in one.allowed))
    names = names[:_STAGES]
    if not names:
        return []
    usual = next(filter(_LIVE.fullmatch, names), names[-1])
    lines = ['environments:']
    for name in names:
        value = _quoted(name)
        given = [f'{_quoted(key)}: {value}' for key in stages if name in stages[key].allowed]
        lines.append(f'  {value}: {{parameters: {{{", ".join(given)}}}}}')
    return [
        '# To judge what one environment gets; on the command line --environment names another:',
        *_commented([*lines, f'environment: {_quoted(usual)}']),
    ]


def _parameters(declared: Mapping[str, _Declared]) -> list[str]:
    unknown = {name: one for name, one in declared.items() if one.unknown}
    if not unknown:
        return []
    # Numbers and choices decide about sizes and conditions; most texts are names.
    order = sorted(
        unknown, key=lambda name: (
            not unknown[name].allowed and unknown[name].kind != 'Number', -unknown[name].templates,
        ),
    )
    lines = ['parameters:']
    for name in order[:_PARAMETERS]:
        kind, allowed, _, _ = unknown[name]
        value = _quoted(allowed[0] if allowed else f'<{kind}>')
        hint = f'  # {_flow(allowed[:_VALUES])}' if len(allowed) > 1 else ''
        lines.append(f'  {_quoted(name)}: {value}{hint}')
    return [
        f'# To judge what depends on {_counted(len(unknown), "parameter")} without a default:',
        *_commented(lines),
    ]


def _paths(project: Project, folder: str) -> list[str]:
    filenames = [
        *(template.filename for template in project.templates),
        *(machine.source.filename for machine in project.machines),
    ]
    places: dict[str, Counter[str]] = {}
    for filename in filenames:
        parts = os.path.relpath(filename, folder or '.').replace(os.sep, '/').split('/')[:-1]
        for index, part in enumerate(parts):
            path = '/'.join(parts[:index + 1])
            if _rules_in(part) and _WRITABLE.fullmatch(path):
                places.setdefault(part, Counter())[path] += 1
                break
    lines = ['paths:']
    for part in sorted(places, key=lambda part: -places[part].total())[:_FOLDERS]:
        path = f'**/{part}' if len(places[part]) > 1 else next(iter(places[part]))
        files = _counted(places[part].total(), 'file')
        lines += [f'  - path: {_quoted(path)}  # {files}', f'    {_rules_in(part)}']
    if not places:
        return []
    return ['# If other rules count for tests, samples or trials:', *_commented(lines)]


# --- what is in the project


def _tagged(project: Project) -> Iterator[dict[str, list[str]]]:
    """Wherever tags are known: the keys that costs may be split by, and their values."""
    for template in project.templates:
        from_stack = project.stack_tags(template)
        if from_stack is None:
            continue
        for logical_id, kind in template.kinds.items():
            for view in template.views(logical_id)[:1] if kind not in CENTS else ():
                for _, tags in tag_sets(view):
                    if tags is not None:
                        every = {**from_stack, **{tag.key: tag.value for tag in tags}}
                        yield {
                            key: _texts(value, template) for key, value in every.items()
                            if ours(key) and _WRITABLE.fullmatch(key)
                        }


def _texts(value: Any, template: Template) -> list[str]:
    if isinstance(value, Parameter):
        return template.resolver.allowed(value.name)
    text = as_text(value)
    return [] if text is None else [text]


def _closed(texts: Mapping[str, int], stages: Mapping[str, _Declared]) -> Sequence[str]:
    """The values that a tag key has, the usual first; none where they are no closed list."""
    values: Sequence[str] = sorted(texts, key=lambda text: -texts[text])
    for stage in stages.values():  # of a stage only the default is seen
        if texts and set(texts).issubset(stage.allowed):
            values = stage.allowed
    if len(values) > _VALUES or not all(map(_VALUE.fullmatch, values)):
        return ()
    return values


def _declared(project: Project) -> dict[str, _Declared]:
    """The parameters whose value a configuration can hold."""
    result: dict[str, _Declared] = {}
    for template in project.templates:
        resolver = template.resolver
        for name, raw in resolver.parameters.items():
            if not isinstance(raw, dict) or not _WRITABLE.fullmatch(name):
                continue
            kind = as_text(raw.get('Type')) or 'String'
            if 'AWS::' in kind or as_flag(raw.get('NoEcho')) or not _WRITABLE.fullmatch(kind):
                continue
            before = result.get(name, _Declared(kind, (), 0, False))
            allowed = [one for one in resolver.allowed(name) if _WRITABLE.fullmatch(one)]
            known = resolver.default(name) is not None or resolver.outside(name) is not None
            result[name] = _Declared(
                before.kind,
                tuple(dict.fromkeys((*before.allowed, *allowed))),
                before.templates + 1,
                before.unknown or not known,
            )
    return result


def _is_stage(name: str, declared: _Declared) -> bool:
    """Whether a parameter says which of several copies of a system this is."""
    words = {word.lower() for word in re.findall(r'[A-Z]?[a-z]+|[A-Z]+', name)}
    return bool(words & _STAGE_WORDS) and len(declared.allowed) > 1 and any(
        map(_STAGE_VALUE.fullmatch, declared.allowed),
    )


def _rules_in(folder: str) -> str:
    """The rules that are wanted in a folder of this name; empty for the usual ones."""
    name = folder.lower()
    if _NOT_DEPLOYED.intersection(re.split(r'[\W_]+', name)):
        return 'select: [E]'
    return 'ignore: [WC8]' if name in _SHORT_LIVED else ''


# --- YAML


def _quoted(text: str) -> str:
    """As one line of YAML that is read as this text by every version of it."""
    if _PLAIN.fullmatch(text) and text.lower() not in _NO_TEXT:
        return text
    if text.isprintable():
        return "'" + text.replace("'", "''") + "'"
    return '"' + ''.join(
        letter if letter.isprintable() and letter not in '"\\' else f'\\U{ord(letter):08X}'
        for letter in text
    ) + '"'


def _flow(words: Iterable[str]) -> str:
    return f'[{", ".join(map(_quoted, words))}]'


def _commented(lines: Iterable[str], indent: str = '') -> list[str]:
    return [f'{indent}# {line[len(indent):]}' for line in lines]


def _counted(count: int, noun: str) -> str:
    return f'{count} {noun}{"" if count == 1 else "s"}'
