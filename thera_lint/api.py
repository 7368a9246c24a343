"""Linting as a function: what the command does, for programs.

    import thera_lint
    for found in thera_lint.lint('template.yaml').found:
        print(found.filename, found.span.line + 1, found.rule.id, found.message)
"""
from __future__ import annotations

import os
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
from typing import NamedTuple
from typing import TYPE_CHECKING

from thera_lint import config as configuration
from thera_lint import engine
from thera_lint import files
from thera_lint import registry
from thera_lint.config import Config
from thera_lint.engine import Crash
from thera_lint.engine import Found
from thera_lint.engine import Progress
from thera_lint.files import Loaded
from thera_lint.ignores import idle
from thera_lint.ignores import Ignored
from thera_lint.ignores import Ignores
from thera_lint.project import Project
from thera_lint.rule import Rule

if TYPE_CHECKING:
    from thera_lint import baseline  # 1 ms for those who have one

_Path = str | os.PathLike[str]


class Linted(NamedTuple):
    """What a run found, in order of place."""

    found: list[Found]
    ignored: list[Ignored]
    crashes: list[Crash]
    """Rules that failed on a file: their findings there are missing."""
    idle: list[baseline.Entry]
    """What the baseline holds and is no longer needed."""
    checked: list[str]
    """The files that are templates or state machines, or were meant to be."""
    skipped: list[str]
    """The files that are neither."""
    texts: Callable[[str], str | None]
    """The text of a file of the run by its name; None if it was never read."""
    notes: list[str]
    """What a person should know who wonders why a file is missing."""
    project: Project


def lint(
        path_or_text: _Path | bytes | Sequence[_Path],
        *,
        name: str = 'template.yaml',
        config: Config | _Path | None = None,
        context: _Path | None = None,
        overlay: Mapping[str, bytes] = {},
        progress: Progress | None = None,
) -> Linted:
    """Lint a file, every template below a folder, several of them together, or a text.

    A string of several lines, one that begins with a brace, and bytes are the text of a
    template or a state machine; findings call it `name`. Anything else is a path.
    `config` is a configuration or its file; None looks for the nearest one as the command
    does, and `Config()` asks for the defaults. Templates below the folder `context` are
    known, but not linted. `overlay` holds what to read instead of files on the disk, by
    name: buffers that an editor has not saved. `progress` is called with what is being
    done, how much of it is done, and how much there is.

    Raises SourceError where the configuration, a parameter file or the baseline can't be
    understood, with its name and the places, and OSError where one can't be read. A file to
    lint that can't be read is a finding, EC0001.
    """
    paths, texts = _sorted_out(path_or_text, name)
    if not isinstance(config, Config):
        start = next(iter([*paths, *texts]), '.')
        config = configured(start, None if config is None else os.fspath(config))
    loaded = files.load(
        paths,
        config,
        texts=texts,
        overlay=overlay,
        context=None if context is None else os.fspath(context),
        progress=progress,
    )
    result = engine.lint(loaded.project, config.to_run(), config.options_of, progress)
    # A broken definition that a template of the run points to is told once, as its machine's.
    told = {(one.filename, one.span) for one in result.found}
    found = [one for one in loaded.unreadable if (one.filename, one.span) not in told]
    found += result.found
    found = [one for one in found if config.counts(one.rule, one.filename)]
    ignores = Ignores(loaded.project, config.ignores)
    found, ignored = ignores.applied(found)
    about, more = ignores.applied(
        one for one in _about(ignores, loaded, result.crashes, config, paths)
        if config.counts(one.rule, one.filename)
    )
    found += about
    ignored += more
    found.sort(key=lambda one: (one.filename, one.span, one.rule.id, one.message))
    linted = Linted(
        found, ignored, result.crashes, [], loaded.checked, loaded.skipped, loaded.texts,
        loaded.notes, loaded.project,
    )
    return linted if config.baseline is None else _after_baseline(linted, config)


def init(folder: str, progress: Progress | None = None) -> tuple[str, int]:
    """A configuration made from the templates below a folder, and how many these were."""
    from thera_lint.starter import starter  # only for those who start

    linted = lint(folder, config=Config(), progress=progress)
    return starter(linted.project, linted.found, folder), len(linted.checked)


def configured(start: str, filename: str | None = None) -> Config:
    """The configuration for a path: of a file, or the nearest one; raises as `lint` does."""
    if filename is None:
        filename = files.config_file(start)
    if filename is None:
        return Config()
    rules = registry.every_rule()
    return files.understood(filename, lambda name, text: configuration.read(name, text, rules))


def _sorted_out(
        given: _Path | bytes | Sequence[_Path], name: str,
) -> tuple[list[str], dict[str, bytes]]:
    """Paths, and texts by name."""
    if isinstance(given, bytes):
        return [], {name: given}
    if isinstance(given, str) and ('\n' in given or given.lstrip()[:1] == '{'):
        return [], {name: given.encode()}
    if isinstance(given, (str, os.PathLike)):
        given = [given]
    return [os.fspath(path) for path in given], {}


def _about(
        ignores: Ignores,
        loaded: Loaded,
        crashes: Iterable[Crash],
        config: Config,
        paths: Sequence[str],
) -> Iterator[Found]:
    enabled = config.to_run().enabled
    crashed = {crash.rule.id for crash in crashes}
    varies = config.varies()
    # These need under any parameters what they need under these.
    templates, machines = loaded.project.templates, loaded.project.machines
    steady = {'', *(one.filename for one in templates if not one.raw.get('Parameters'))}
    steady |= {one.source.filename for one in machines if one.resource is None}

    def told(rule: Rule, filename: str) -> bool:
        return (
            rule.id not in crashed and enabled(rule) and config.counts(rule, filename) and
            (filename in steady or not varies)
        )

    yield from ignores.about(registry.every_rule, told)
    if any(_holds(path, config.folder) for path in paths):
        yield from _idle_places(ignores, loaded, config, told)


def _idle_places(
        ignores: Ignores, loaded: Loaded, config: Config, told: Callable[[Rule, str], bool],
) -> Iterator[Found]:
    """What the configuration ignores at a place, though nothing is found there."""
    # The configuration is of all files; a place that none of these has may be in another.
    seen_all = not (config.files or config.exclude or loaded.unreadable)
    places = [(one.filename, one.kinds) for one in loaded.project.templates]
    places += [(one.source.filename, {one.name: ''}) for one in loaded.project.machines]
    for one in config.all_ignores():
        if not one.resource or ignores.used(one):
            continue
        files = [
            filename for filename, ids in places
            if one.resource in ids and one in config.ignores(filename)
        ]
        meant = [rule for rule in registry.every_rule() if rule.id.startswith(one.rule)]
        known = (files or seen_all) and ignores.knows(loaded.project.templates, one.resource)
        if known and all(told(rule, filename) for rule in meant for filename in files or ['']):
            yield idle(one)


def _holds(path: str, folder: str) -> bool:
    path, folder = os.path.realpath(path), os.path.realpath(folder)
    return folder == path or folder.startswith(os.path.join(path, ''))


def _after_baseline(linted: Linted, config: Config) -> Linted:
    from thera_lint import baseline

    assert config.baseline is not None
    entries = files.understood(config.baseline, baseline.read)
    applied = baseline.applied(entries, linted.found, _scope(linted, config, config.baseline))
    held = [Ignored(found, '', 'baseline') for found, _ in applied.held]
    return linted._replace(
        found=applied.left, ignored=[*linted.ignored, *held], idle=applied.idle,
    )


def renewed_baseline(linted: Linted, config: Config, filename: str) -> list[baseline.Entry]:
    """The entries that a baseline file must hold for this to be left out from now on.

    `linted` is a run without a baseline. What it does not look at is kept as it stands.
    """
    from thera_lint import baseline

    try:
        entries = files.understood(filename, baseline.read)
    except FileNotFoundError:
        entries = []
    return baseline.renewed(entries, linted.found, _scope(linted, config, filename))


def _scope(linted: Linted, config: Config, filename: str) -> baseline.Scope:
    from thera_lint import baseline

    folder = os.path.dirname(os.path.abspath(filename))
    known = {rule.id: rule for rule in registry.every_rule()}
    enabled = config.to_run().enabled
    crashed = {crash.rule.id for crash in linted.crashes}
    # What one deployment has no finding for, another may.
    usual = not config.deployed_otherwise

    def relative(name: str) -> str:
        return os.path.relpath(os.path.abspath(name), folder).replace(os.sep, '/')

    return baseline.Scope(
        linted.project,
        frozenset(map(relative, [*linted.checked, *linted.skipped])),
        relative,
        lambda name: os.path.exists(os.path.join(folder, name)),
        lambda id: usual and (id not in known or id not in crashed and enabled(known[id])),
    )
