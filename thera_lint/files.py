"""The one module that touches the disk: which files to read, and reading them."""
from __future__ import annotations

import os
import stat
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
from functools import cache
from typing import NamedTuple

from thera_lint import stacktags
from thera_lint import states
from thera_lint import template
from thera_lint.config import FILENAMES
from thera_lint.engine import Found
from thera_lint.project import Project
from thera_lint.rule import Rule
from thera_lint.source import decode
from thera_lint.source import looks_like_ours
from thera_lint.source import Problem
from thera_lint.source import read
from thera_lint.source import Source
from thera_lint.source import SourceError
from thera_lint.source import Span
from thera_lint.states import StateMachine
from thera_lint.template import Template

_ENDINGS = ('.yaml', '.yml', '.json', '.template')
_SKIPPED_FOLDERS = frozenset(('node_modules', 'cdk.out', 'venv', '__pycache__'))
# Names that announce a template or a state machine: when empty, these are a mistake.
_OUR_NAMES = ('template.', '.template', '.asl.', '.cfn.')


class UnreadableFile(Rule):
    """A template or state machine that can't be read.

    ## Why it costs

    Nothing in the file was checked. CloudFormation may still accept what is not clean here
    (a key that stands twice: the last one wins, silently), so this is worth a look even if
    the stack deploys.

    ## When it is right

    Never in a file that is deployed. A template of a template (Jinja, cookiecutter) is best
    left out by path.

    ## References

    - https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-formats.html
    """

    id = 'EC0001'
    remedy = 'mend the file at this place'


class Loaded(NamedTuple):
    """What a run reads: the project, unreadable files as findings, and how many files."""

    project: Project
    unreadable: list[Found]
    checked: int
    skipped: int
    texts: Callable[[str], str | None]
    """The text of a file of the run by its name; None if it was never read."""


def load(
        paths: Iterable[str],
        parameters: Mapping[str, str],
        standard_input: tuple[str, bytes] | None = None,
        context: str | None = None,
) -> Loaded:
    """Read files, and every template below folders; `standard_input` is a name and bytes.

    Templates below the folder `context` are read for what the others refer to, but not linted.
    """
    reader = _Reader(parameters)
    if standard_input is not None:
        name, given = standard_input
        reader.take(name, named=True, given=given)
    paths = list(paths)
    for path in paths:
        if os.path.isdir(path):
            reader.take_folder(path)
        else:
            filename = os.path.normpath(path)
            announced = any(part in os.path.basename(filename) for part in _OUR_NAMES)
            reader.take(filename, named=len(paths) == 1 or announced)
    around = _Reader(parameters, reader)
    if context is not None:
        around.take_folder(context)
    project = Project(
        reader.in_order(),
        reader.machines,
        around.open_definition,
        _stack_tags() if standard_input is None else None,
        around.in_order(),
    )
    unreadable = {one.filename for one in reader.unreadable}
    checked = len(reader.templates) + len(reader.machines) + len(unreadable)
    return Loaded(project, reader.unreadable, checked, reader.skipped, around.texts.get)


class _Reader:
    """Takes file after file, each once; one that goes `after` another shares its texts."""

    def __init__(self, parameters: Mapping[str, str], after: _Reader | None = None) -> None:
        self.templates: list[Template] = []
        self.machines: list[StateMachine] = []
        self.unreadable: list[Found] = []
        self.skipped = 0
        self.texts: dict[str, str] = after.texts if after else {}
        self._taken: set[str] = after._taken if after else set()
        self._roots: dict[str, str] = after._roots if after else {}
        self._parameters = parameters

    def in_order(self) -> list[Template]:
        return sorted(self.templates, key=lambda one: one.filename)

    def take_folder(self, folder: str) -> None:
        for filename in discovered(folder):
            self._roots.setdefault(filename, folder)
            self.take(filename, named=False)

    def take(self, filename: str, *, named: bool, given: bytes | None = None) -> None:
        """Read one file; `named` is true where an empty one is somebody's mistake."""
        if filename in self._taken:
            return
        self._taken.add(filename)
        text = ''
        try:
            data = _bytes(filename) if given is None else given
            if not _may_be_ours(data) if data.strip() else not named:
                self.skipped += 1
                return
            text = self.texts[filename] = decode(data)
            source = read(filename, text)
        except OSError as error:
            problem = Problem(Span(0, 0, 0, 0), f'cannot read the file: {error.strerror or error}')
            self.unreadable.append(_unreadable(filename, problem))
        except SourceError as error:
            placeholders = _with_placeholders(filename, text)
            if placeholders is not None:
                self.machines.append(states.standalone(placeholders))
            elif not text.strip() or looks_like_ours(text):
                self.unreadable.extend(_unreadable(filename, one) for one in error.problems)
            else:
                self.skipped += 1
        else:
            if template.is_template(source.data):
                self.templates.append(Template(source, self._parameters))
            elif states.is_state_machine(source.data):
                self.machines.append(states.standalone(source))
            else:
                self.skipped += 1

    def open_definition(self, template_filename: str, path: str) -> Source:
        """The definition file that a template refers to; LookupError where it must not be read."""
        folder = os.path.dirname(template_filename)
        filename = os.path.normpath(os.path.join(folder, path))
        root = self._roots.get(template_filename) or project_root(template_filename)
        if '://' in path or not _is_below(filename, root):
            raise LookupError(filename)
        source = _definition(filename)
        self.texts[filename] = source.text
        return source


def discovered(folder: str) -> Iterator[str]:
    """Files below a folder that may be templates or state machines, sorted."""
    for root, folders, names in os.walk(folder):
        folders[:] = sorted(
            name for name in folders if name[0] != '.' and name not in _SKIPPED_FOLDERS
        )
        for name in sorted(names):
            path = os.path.normpath(os.path.join(root, name))
            ours = name.endswith(_ENDINGS) and name not in FILENAMES
            if ours and os.path.exists(path):  # not a dangling link
                yield path


def config_file(path: str) -> str | None:
    """The nearest configuration, from a path up to its project's root."""
    for folder in _upward(path if os.path.isdir(path) else os.path.dirname(path)):
        for name in FILENAMES:
            filename = os.path.join(folder, name)
            if os.path.isfile(filename):
                return os.path.relpath(filename)
    return None


def text_of(filename: str) -> str:
    """Raises OSError or SourceError."""
    return decode(_bytes(filename))


def project_root(filename: str) -> str:
    """The repository a file lies in; else the working folder, if it is above; else its own."""
    own = os.path.dirname(os.path.abspath(filename))
    folder = own
    while True:
        if os.path.exists(os.path.join(folder, '.git')):
            return folder
        above = os.path.dirname(folder)
        if above == folder:
            break
        folder = above
    here = os.getcwd()
    return here if _is_below(own, here) else own


def _upward(folder: str) -> Iterator[str]:
    """A folder, the one above it, and so on up to the project's root."""
    folder = os.path.abspath(folder)
    root = project_root(os.path.join(folder, 'any'))
    while True:
        yield folder
        above = os.path.dirname(folder)
        if above == folder or not _is_below(above, root):
            return
        folder = above


def _is_below(path: str, folder: str) -> bool:
    folder = os.path.realpath(folder)
    return os.path.commonpath([os.path.realpath(path), folder]) == folder


def _bytes(filename: str) -> bytes:
    if not stat.S_ISREG(os.stat(filename).st_mode):
        raise OSError('it is not a regular file')
    with open(filename, 'rb') as stream:
        return stream.read()


def _may_be_ours(data: bytes) -> bool:
    """Cheap, and never wrong for UTF-8: a template and a machine hold one of these words."""
    return (
        b'Resources' in data or b'StartAt' in data or b'AWSTemplateFormatVersion' in data or
        data[:2] in (b'\xff\xfe', b'\xfe\xff')
    )


def _stack_tags() -> Callable[[str], Mapping[str, str]]:
    """A function that says which tags a template's deployment gives to its whole stack.

    It reads each folder's configuration once.
    """
    of_samconfig, of_manifest = cache(_of_samconfig), cache(_of_manifest)

    def stack_tags(filename: str) -> Mapping[str, str]:
        folder, name = os.path.split(os.path.abspath(filename))
        return {**of_samconfig(folder), **stacktags.of_template(of_manifest(folder), name)}

    return stack_tags


def _of_samconfig(folder: str) -> Mapping[str, str]:
    """Of the nearest one, from a folder up to the project's root."""
    for above in _upward(folder):
        for name in stacktags.SAMCONFIGS:
            path = os.path.join(above, name)
            if os.path.exists(path):
                return stacktags.of_samconfig(name, _configuration(path))
    return {}


def _of_manifest(folder: str) -> Mapping[str, Mapping[str, str]]:
    return stacktags.of_manifest(_configuration(os.path.join(folder, 'manifest.json')))


def _configuration(filename: str) -> str:
    """The text of a file that need not be there, and is nobody's to mend here."""
    try:
        return text_of(filename)
    except (OSError, SourceError):
        return ''


def _definition(filename: str) -> Source:
    try:
        source = states.read_file(filename, decode(_bytes(filename)))
    except OSError as error:
        raise LookupError(filename) from error
    if not isinstance(source.data, dict):
        raise LookupError(filename)
    return source


def _with_placeholders(filename: str, text: str) -> Source | None:
    """A state machine in which `${name}` stands unquoted, for SAM to fill in."""
    if 'StartAt' not in text or '${' not in text:
        return None
    try:
        source = states.read_file(filename, text)
    except SourceError:
        return None
    return source if states.is_state_machine(source.data) else None


def _unreadable(filename: str, problem: Problem) -> Found:
    return Found(
        filename, problem.span, UnreadableFile(), problem.message, (), '', None, None,
    )
