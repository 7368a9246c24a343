"""The one module that touches the disk: which files to read, and reading them."""
from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
from typing import NamedTuple
from typing import TypeVar

from thera_lint import deployment
from thera_lint import parameters
from thera_lint import states
from thera_lint import template
from thera_lint.builtin import UnreadableFile
from thera_lint.config import Config
from thera_lint.config import FILENAMES
from thera_lint.deployment import Samconfig
from thera_lint.discovery import discovered
from thera_lint.discovery import repository
from thera_lint.engine import Found
from thera_lint.engine import Progress
from thera_lint.project import Project
from thera_lint.source import decode
from thera_lint.source import looks_like_ours
from thera_lint.source import Problem
from thera_lint.source import read
from thera_lint.source import Source
from thera_lint.source import SourceError
from thera_lint.source import Span
from thera_lint.states import StateMachine
from thera_lint.template import Template
from thera_lint.words import near

_DEFAULTS = Config()
# Names that announce a template or a state machine: when empty, these are a mistake.
_OUR_NAMES = ('template.', '.template', '.asl', '.cfn.')


_Understood = TypeVar('_Understood')


class Loaded(NamedTuple):
    """What a run reads: the project, unreadable files as findings, and how many files."""

    project: Project
    unreadable: list[Found]
    checked: list[str]
    """The files that are templates or state machines, or were meant to be."""
    skipped: list[str]
    """The files that are neither."""
    texts: Callable[[str], str | None]
    """The text of a file of the run by its name; None if it was never read."""
    notes: list[str]
    """What a person should know who wonders why a file is missing."""


def load(
        paths: Iterable[str],
        asked: Config = _DEFAULTS,
        *,
        texts: Mapping[str, bytes] = {},
        overlay: Mapping[str, bytes] = {},
        context: str | None = None,
        progress: Progress | None = None,
) -> Loaded:
    """Read files, and every template below folders.

    `texts` are files that are not on the disk (standard input), by the name to call them;
    `overlay` is what to read instead of files that are. Templates below the folder `context`
    are read for what the others refer to, but not linted.

    Raises OSError and SourceError (with the file's name) for a parameter file.
    """
    asked = asked._replace(contents={
        name: understood(name, parameters.of_file) for name in asked.parameter_files()
    })
    deployed = _Deployment(asked)
    reader = _Reader(deployed.parameters, overlay)
    for name, given in texts.items():
        reader.take(name, named=True, given=given)
    paths = list(paths)
    files: list[tuple[str, str | None]] = []
    notes: list[str] = []
    for path in paths:
        if os.path.isdir(path):
            below = discovered(path, asked.folder, asked.files, asked.exclude)
            files += [(filename, path) for filename in below.files]
            notes += below.notes
        else:
            files.append((os.path.normpath(path), None))
    for done, (filename, folder) in enumerate(files):
        if progress is not None:
            progress('reading', done, len(files))
        if folder is None:
            announced = any(part in os.path.basename(filename) for part in _OUR_NAMES)
            reader.take(filename, named=len(paths) == 1 or announced)
        else:
            reader.take_below(folder, filename)
    if progress is not None:
        progress('reading', len(files), len(files))
    around = _Reader(deployed.parameters, overlay, reader)
    if context is not None:
        for filename in discovered(context, asked.folder, asked.files, asked.exclude).files:
            around.take_below(context, filename)
    project = Project(
        reader.in_order(),
        reader.machines,
        around.open_definition,
        None if texts else deployed.tags,
        around.in_order(),
        deployed.assets,
    )
    checked = {
        *(one.filename for one in reader.templates),
        *(one.source.filename for one in reader.machines),
        *(one.filename for one in reader.unreadable),
    }
    return Loaded(
        project, reader.unreadable, sorted(checked), reader.skipped, around.texts.get,
        [*notes, *deployed.notes()],
    )


class _Reader:
    """Takes file after file, each once; one that goes `after` another shares its texts."""

    def __init__(
            self,
            parameters: Callable[[str], Mapping[str, str]],
            overlay: Mapping[str, bytes],
            after: _Reader | None = None,
    ) -> None:
        self.templates: list[Template] = []
        self.machines: list[StateMachine] = []
        self.unreadable: list[Found] = []
        self.skipped: list[str] = []
        self.texts: dict[str, str] = after.texts if after else {}
        self._taken: set[str] = after._taken if after else set()
        self._roots: dict[str, str] = after._roots if after else {}
        self._parameters = parameters
        self._overlay = overlay

    def in_order(self) -> list[Template]:
        return sorted(self.templates, key=lambda one: one.filename)

    def take_below(self, folder: str, filename: str) -> None:
        """Read one file that is linted because it is below a folder."""
        self._roots.setdefault(filename, folder)
        self.take(filename, named=False)

    def take(self, filename: str, *, named: bool, given: bytes | None = None) -> None:
        """Read one file; `named` is true where an empty one is somebody's mistake."""
        if filename in self._taken:
            return
        self._taken.add(filename)
        text = ''
        try:
            data = self._bytes(filename) if given is None else given
            if not _may_be_ours(data) if data.strip() else not named:
                self.skipped.append(filename)
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
                self.skipped.append(filename)
        else:
            if template.is_template(source.data):
                self.templates.append(Template(source, self._parameters(filename)))
            elif states.is_state_machine(source.data):
                self.machines.append(states.standalone(source))
            else:
                self.skipped.append(filename)

    def open_definition(self, template_filename: str, path: str) -> Source:
        """The definition file that a template refers to; LookupError where it must not be read."""
        folder = os.path.dirname(template_filename)
        filename = os.path.normpath(os.path.join(folder, path))
        root = self._roots.get(template_filename) or project_root(template_filename)
        if '://' in path or not _is_below(filename, root):
            raise LookupError(filename)
        source = self._definition(filename)
        self.texts[filename] = source.text
        return source

    def _bytes(self, filename: str) -> bytes:
        given = self._overlay.get(filename)
        return bytes_of(filename) if given is None else given

    def _definition(self, filename: str) -> Source:
        try:
            source = states.read_file(filename, decode(self._bytes(filename)))
        except OSError as error:
            raise LookupError(filename) from error
        if not isinstance(source.data, dict):
            raise LookupError(filename)
        return source


def config_file(path: str) -> str | None:
    """The nearest configuration, from a path up to its project's root."""
    for folder in _upward(path if os.path.isdir(path) else os.path.dirname(path)):
        for name in FILENAMES:
            filename = os.path.join(folder, name)
            if os.path.isfile(filename):
                return os.path.relpath(filename)
    return None


def bytes_of(filename: str) -> bytes:
    """Raises OSError."""
    if not stat.S_ISREG(os.stat(filename).st_mode):
        raise OSError(errno.EINVAL, 'it is not a regular file', filename)
    with open(filename, 'rb') as stream:
        return stream.read()


def replace(filename: str, old: bytes, new: bytes) -> None:
    """Write a file anew, all of it or nothing; a symbolic link stays, its target is written.

    Raises OSError, also where the file no longer holds `old`.
    """
    target = os.path.realpath(filename)
    if not os.access(target, os.W_OK):
        raise PermissionError(errno.EACCES, 'it may not be written')
    if bytes_of(target) != old:
        raise OSError('it has changed meanwhile')
    write(target, new, os.stat(target))


def write(filename: str, new: bytes, like: os.stat_result | None = None) -> None:
    """Write a file by way of a temporary one beside it; raises OSError.

    Mode and owner will be those of `like`, the owner only where that may be given away.
    """
    temporary = f'{filename}.{os.getpid()}.tmp'
    mode = 0o666 if like is None else stat.S_IMODE(like.st_mode)
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode & 0o777)
    try:
        with open(handle, 'wb') as stream:
            stream.write(new)
            stream.flush()
            os.fsync(stream.fileno())
        if like is not None:
            # In a container that runs as root, the file would be root's from now on.
            if hasattr(os, 'chown'):
                with contextlib.suppress(PermissionError):
                    os.chown(temporary, like.st_uid, like.st_gid)
            os.chmod(temporary, mode)
        os.replace(temporary, filename)
    except BaseException:
        os.unlink(temporary)
        raise


def text_of(filename: str) -> str:
    """Raises OSError or SourceError."""
    return decode(bytes_of(filename))


def understood(filename: str, read: Callable[[str, str], _Understood]) -> _Understood:
    """What `read(filename, text)` makes of a file; raises OSError or SourceError with its name."""
    try:
        return read(filename, text_of(filename))
    except SourceError as error:
        error.filename = filename
        raise


def project_root(filename: str) -> str:
    """The repository a file lies in; else the working folder, if it is above; else its own."""
    own = os.path.dirname(os.path.abspath(filename))
    here = os.getcwd()
    return repository(own) or (here if _is_below(own, here) else own)


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


def _may_be_ours(data: bytes) -> bool:
    """Cheap, and never wrong for UTF-8: a template and a machine hold one of these words."""
    return (
        b'Resources' in data or b'StartAt' in data or b'AWSTemplateFormatVersion' in data or
        data[:2] in (b'\xff\xfe', b'\xfe\xff')
    )


class _Deployment:
    """What templates are deployed with: as the configuration says, and SAM's and CDK's files.

    Each folder's files are read once.
    """

    def __init__(self, asked: Config) -> None:
        self._asked = asked
        self._samconfigs: dict[str, tuple[str, Samconfig] | None] = {}
        self._manifests: dict[str, Mapping[str, Mapping[str, str]]] = {}
        self._assets: dict[str, dict[str, str]] = {}

    def parameters(self, filename: str) -> Mapping[str, str]:
        """The values of a template's parameters."""
        own = self._asked.parameters_of(filename)
        found = self._samconfig(os.path.dirname(os.path.abspath(filename)))
        if found is None:
            return own
        folder, samconfig = found
        templates = (os.path.normpath(os.path.join(folder, one)) for one in samconfig.templates)
        deployed = next(filter(os.path.isfile, templates), None)
        return {**samconfig.parameters, **own} if deployed == os.path.abspath(filename) else own

    def tags(self, filename: str) -> Mapping[str, str]:
        """The tags that a template's deployment gives to its whole stack."""
        folder, name = os.path.split(os.path.abspath(filename))
        found = self._samconfig(folder)
        if folder not in self._manifests:
            manifest = _configuration(os.path.join(folder, 'manifest.json'))
            self._manifests[folder] = deployment.of_manifest(manifest)
        return {
            **(found[1].tags if found is not None else {}),
            **deployment.of_template(self._manifests[folder], name),
        }

    def assets(self, filename: str) -> Mapping[str, str]:
        """The files, seen from a template, that CDK uploads, each by its object's name in S3."""
        folder = os.path.dirname(os.path.abspath(filename))
        if folder not in self._assets:
            self._assets[folder] = {
                key: path for name in _names(folder) if name.endswith(deployment.ASSETS)
                for key, path in deployment.of_assets(
                    _configuration(os.path.join(folder, name)),
                ).items()
            }
        return self._assets[folder]

    def notes(self) -> Iterator[str]:
        """A name that nobody knows: it would silently be SAM's default environment."""
        name = self._asked.environment
        known = set(self._asked.environments)
        for found in self._samconfigs.values():
            known.update(found[1].environments if found is not None else ())
        if name and name not in known:
            yield f'no environment {name!r} in .thera-lint.yaml or a samconfig{near(name, known)}'

    def _samconfig(self, folder: str) -> tuple[str, Samconfig] | None:
        """Folder and content of the nearest one, up to the project's root."""
        if folder not in self._samconfigs:
            self._samconfigs[folder] = next((
                (above, deployment.of_samconfig(
                    name, _configuration(os.path.join(above, name)), self._asked.environment,
                ))
                for above in _upward(folder) for name in deployment.SAMCONFIGS
                if os.path.exists(os.path.join(above, name))
            ), None)
        return self._samconfigs[folder]


def _names(folder: str) -> list[str]:
    try:
        return sorted(os.listdir(folder))
    except OSError:
        return []


def _configuration(filename: str) -> str:
    """The text of a file that need not be there, and is nobody's to mend here."""
    try:
        return text_of(filename)
    except (OSError, SourceError):
        return ''


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
    return Found(filename, problem.span, UnreadableFile(), problem.message, (), '')
