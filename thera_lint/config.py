"""What the user asked for: the configuration file and the command line, as one Config.

Text in, Config out. Options of rules get their values here and nowhere else.
"""
from __future__ import annotations

import os
import re
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence
from typing import Any
from typing import NamedTuple

from thera_lint.builtin import UnreadableFile
from thera_lint.engine import Settings
from thera_lint.ignores import at
from thera_lint.ignores import entries
from thera_lint.ignores import Ignore
from thera_lint.parameters import as_parameter
from thera_lint.rule import FLOORS
from thera_lint.rule import Option
from thera_lint.rule import Options
from thera_lint.rule import Rule
from thera_lint.source import read as read_source
from thera_lint.source import Source
from thera_lint.source import SourceError
from thera_lint.values import Path
from thera_lint.words import near

FILENAMES = ('.thera-lint.yaml', '.thera-lint.yml')

_GLOB = {'**/': '(?:.*/)?', '**': '.*', '*': '[^/]*', '?': '[^/]'}


class Layer(NamedTuple):
    """What is asked for in one place; it comes over what is asked for in wider ones."""

    select: tuple[str, ...] | None = None
    """None is what is selected anyway."""
    include: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    """Rules that need not run."""
    ignores: tuple[Ignore, ...] = ()
    """Findings that are not told."""
    options: Mapping[str, Mapping[str, Any]] = {}
    """By rule id."""
    parameter_files: tuple[str, ...] = ()
    parameters: Mapping[str, str] = {}
    """They come over those of the files."""


class Paths:
    """The entries of `paths`, and which of them a file matches."""

    def __init__(
            self, folder: str = '', layers: Sequence[tuple[re.Pattern[str], Layer]] = (),
    ) -> None:
        """`folder` is what the patterns are relative to."""
        self.layers = tuple(layer for _, layer in layers)
        self._folder = folder
        self._by_pattern = layers
        self._known: dict[str, tuple[Layer, ...]] = {}

    def of(self, filename: str) -> tuple[Layer, ...]:
        if not filename or not self._by_pattern:
            return ()
        # Kept, because it is asked for every rule and finding.
        if filename not in self._known:
            path = os.path.relpath(os.path.abspath(filename), self._folder).replace(os.sep, '/')
            self._known[filename] = tuple(
                layer for pattern, layer in self._by_pattern if pattern.fullmatch(path)
            )
        return self._known[filename]


class Config(NamedTuple):
    """All that may be asked for; without arguments, the defaults."""

    top: Layer = Layer()
    environments: Mapping[str, Layer] = {}
    environment: str = ''
    """The one that counts; it may be SAM's alone."""
    paths: Paths = Paths()
    arguments: Layer = Layer()
    exit_on: str = 'informational'
    """The least severity that shows in the exit status."""
    folder: str = ''
    """What the patterns are relative to."""
    files: tuple[re.Pattern[str], ...] = ()
    """Which files count when folders are linted; empty for all."""
    exclude: tuple[re.Pattern[str], ...] = ()
    """Which do not, after `files`."""
    baseline: str | None = None
    """A file name as one would open it, as are those of parameter files."""
    contents: Mapping[str, Mapping[str, str]] = {}
    """What the parameter files hold, by name."""
    deployed_otherwise: bool = False
    """Whether the command line names an environment or parameters."""

    def to_run(self) -> Settings:
        """Settings that enable every rule which counts for some file."""
        everywhere = _together(self._layers(()))
        more = (id for one in self.paths.layers for id in (one.select or ()) + one.include)
        return everywhere._replace(include=(*everywhere.include, *more))

    def counts(self, rule: Rule, filename: str) -> bool:
        """Whether a rule is wanted in a file, whatever is ignored there."""
        return _together(self._of(filename)).enabled(rule)

    def options_of(self, rule: Rule, filename: str) -> Options:
        """The options of a rule in a file; without one (''), those of no path."""
        options = rule.defaults()
        for one in self._of(filename):
            options.update(one.options.get(rule.id, {}))
        return Options(options)

    def parameters_of(self, filename: str) -> dict[str, str]:
        """The values that parameters of a template have, AWS::Region among them."""
        parameters: dict[str, str] = {}
        for one in self._of(filename):
            for name in one.parameter_files:
                parameters.update(self.contents.get(name, {}))
            parameters.update(one.parameters)
        return parameters

    def parameter_files(self) -> list[str]:
        """The files whose `contents` are needed."""
        layers = self._layers(self.paths.layers)
        return list(dict.fromkeys(name for one in layers for name in one.parameter_files))

    def ignores(self, filename: str) -> list[Ignore]:
        """What is ignored in a file, at some place or everywhere."""
        return [ignore for one in self._of(filename) for ignore in one.ignores]

    def all_ignores(self) -> list[Ignore]:
        return [ignore for one in self._layers(self.paths.layers) for ignore in one.ignores]

    def varies(self) -> bool:
        """Whether this is one of several ways in which the files are deployed."""
        return bool(self.environments or self.environment or self.deployed_otherwise)

    def fails(self, rule: Rule) -> bool:
        """Whether a finding of a rule shows in the exit status."""
        return FLOORS.index(rule.severity) <= FLOORS.index(self.exit_on)

    def _of(self, filename: str) -> list[Layer]:
        return self._layers(self.paths.of(filename))

    def _layers(self, paths: Iterable[Layer]) -> list[Layer]:
        """The widest first."""
        return [
            self.top, self.environments.get(self.environment, Layer()), *paths, self.arguments,
        ]


def _together(layers: Sequence[Layer]) -> Settings:
    selected = [one.select for one in layers if one.select is not None]
    return Settings(
        selected[-1] if selected else Settings().select,
        # Of a file that can't be read nothing else is known, whatever is selected.
        (UnreadableFile.id, *(id for one in layers for id in one.include)),
        tuple(id for one in layers for id in one.ignore),
    )


class WrongArgument(Exception):
    """An argument of the command line that cannot be meant."""


# --- the file


def read(filename: str, text: str, rules: Sequence[Rule]) -> Config:
    """Read a configuration file; raises SourceError with everything that is wrong in it."""
    from thera_lint.schema import problems  # what may be wrong concerns only those who write it

    folder = os.path.dirname(os.path.abspath(filename))
    if all(line.strip()[:1] in ('', '#') for line in text.splitlines()):
        return Config(folder=folder)
    source = read_source(filename, text)
    wrong = problems(source, rules)
    if wrong:
        raise SourceError(wrong)
    data = source.data
    top = _layer(source, (), data, rules)
    everywhere = [one for one in entries(data.get('ignore')) if not one.place]
    return Config(
        top._replace(
            ignore=tuple(one.rule for one in everywhere),
            ignores=tuple(one for one in top.ignores if one.resource),
            options={
                rule.id: {**_common(rule, data), **top.options.get(rule.id, {})} for rule in rules
            },
        ),
        {
            name: _layer(source, ('environments', name), one, rules)
            for name, one in data.get('environments', {}).items()
        },
        data.get('environment', ''),
        Paths(folder, [
            (_pattern(one['path']), _layer(source, ('paths', index), one, rules))
            for index, one in enumerate(data.get('paths', ()))
        ]),
        exit_on=data.get('exit-on', Config().exit_on),
        folder=folder,
        files=tuple(_pattern(glob) for glob in data.get('files', ())),
        exclude=tuple(_pattern(glob) for glob in data.get('exclude', ())),
        baseline=_beside(filename, data['baseline']) if 'baseline' in data else None,
    )


def _layer(source: Source, path: Path, data: Mapping[str, Any], rules: Iterable[Rule]) -> Layer:
    """The keys that mean the same at the top of the file, in `environments` and in `paths`."""
    said = data.get('rules', {})
    region = {'AWS::Region': data['region']} if 'region' in data else {}
    parameters = {
        key: as_parameter(value) or '' for key, value in data.get('parameters', {}).items()
    }
    return Layer(
        tuple(data['select']) if 'select' in data else None,
        tuple(data.get('include', ())),
        ignores=tuple(
            Ignore(
                one.rule, one.reason, *at(one.place), 'configuration', source.filename,
                source.span((*path, 'ignore', *one.path)),
            )
            for one in entries(data.get('ignore'))
        ),
        options={
            rule.id: _typed(rule, said.get(rule.id, said.get(rule.name, {})))
            for rule in rules if rule.id in said or rule.name in said
        },
        parameter_files=tuple(
            _beside(source.filename, name) for name in data.get('parameter-files', ())
        ),
        parameters={**region, **parameters},
    )


def _common(rule: Rule, data: Mapping[str, Any]) -> dict[str, Any]:
    """What the keys for several rules say about the options of one."""
    common: dict[str, Any] = {}
    if rule.id[1:3] == 'C8':
        tags = data.get('tags', {})
        common.update(tags)
        if 'allowed' in tags:
            common['allowed'] = [f'{key}={"|".join(may)}' for key, may in tags['allowed'].items()]
        if 'values' in tags:
            common['values'] = [f'{key}={value}' for key, value in tags['values'].items()]
    if 'budget' in data:
        common.update(budget_elsewhere=True, anomaly_detection_elsewhere=True)
    return _typed(rule, common)


def _typed(rule: Rule, values: Mapping[str, Any]) -> dict[str, Any]:
    return {
        option.name: type(option.default)(values[option.name])  # 5.0 is whole to a schema
        for option in rule.options if option.name in values
    }


def _beside(filename: str, name: str) -> str:
    return os.path.normpath(os.path.join(os.path.dirname(filename), name))


def _pattern(glob: str) -> re.Pattern[str]:
    """A folder stands for all that is below it."""
    path = os.path.normpath(glob).replace(os.sep, '/')
    parts = re.split(r'(\*\*/|\*\*|\*|\?)', '**' if path == '.' else path)
    return re.compile(''.join(_GLOB.get(part) or re.escape(part) for part in parts) + '(?:/.*)?')


# --- the command line


def with_arguments(
        config: Config,
        rules: Callable[[], Sequence[Rule]],
        *,
        select: Sequence[str] = (),
        include: Sequence[str] = (),
        ignore: Sequence[str] = (),
        configure: Sequence[str] = (),
        parameters: Sequence[str] = (),
        parameter_files: Sequence[str] = (),
        environment: str | None = None,
) -> Config:
    """What the command line adds, and what it has instead; raises WrongArgument.

    `rules` is only called to check ids and options, because it imports every rule.
    """
    if environment is not None:
        from thera_lint.schema import no_environment

        # Where the configuration has none, it is an environment of SAM's.
        if config.environments and environment not in config.environments:
            raise WrongArgument(no_environment(environment, config.environments))
        config = config._replace(environment=environment)
    if not (select or include or ignore or configure):
        known: Sequence[Rule] = ()
    else:
        known = rules()
    options: dict[str, dict[str, Any]] = {}
    for text in configure:
        id, name, value = _assignment(text, {rule.id: rule for rule in known})
        options.setdefault(id, {})[name] = value
    return config._replace(
        arguments=Layer(
            _ids(select, known) or None,
            _ids(include, known),
            _ids(ignore, known),
            options=options,
            parameter_files=tuple(os.path.normpath(name) for name in parameter_files),
            parameters=dict(_pair(text, '--parameter KEY=VALUE') for text in parameters),
        ),
        deployed_otherwise=bool(environment is not None or parameters or parameter_files),
    )


def _ids(texts: Iterable[str], rules: Sequence[Rule]) -> tuple[str, ...]:
    ids = tuple(part.strip() for text in texts for part in text.split(',') if part.strip())
    if not ids:
        return ()
    from thera_lint.schema import beginnings
    from thera_lint.schema import no_rule

    known = beginnings(rules)
    for id in ids:
        if id not in known:
            raise WrongArgument(no_rule(id, rules))
    return ids


def _assignment(text: str, rules: Mapping[str, Rule]) -> tuple[str, str, Any]:
    from thera_lint.schema import no_option

    id, _, assignment = text.partition(':')
    name, value = _pair(assignment, '-x ID:OPTION=VALUE')
    if id not in rules:
        raise WrongArgument(f'no rule {id!r}{near(id, rules)}')
    known = {option.name: option for option in rules[id].options}
    if name not in known:
        raise WrongArgument(no_option(id, name, list(known)))
    return id, name, _value(known[name], value)


def _value(option: Option, text: str) -> Any:
    if isinstance(option.default, bool):
        if text.lower() not in ('true', 'false'):
            raise WrongArgument(f'{option.name} is true or false, not {text!r}')
        return text.lower() == 'true'
    if isinstance(option.default, int):
        if not re.fullmatch(r'\d{1,18}', text, re.ASCII):
            raise WrongArgument(f'{option.name} is a whole number, not {text!r}')
        return int(text)
    if isinstance(option.default, tuple):
        return tuple(part.strip() for part in text.split(',') if part.strip())
    return text


def _pair(text: str, form: str) -> tuple[str, str]:
    key, equals, value = text.partition('=')
    if not equals or not key:
        raise WrongArgument(f'{text!r} is not {form}')
    return key, value
