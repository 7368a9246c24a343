"""The command `thera-lint`: arguments in, findings and an exit status out."""
from __future__ import annotations

import argparse
import functools
import gc
import os
import sys
import time
from collections.abc import Callable
from collections.abc import Sequence
from typing import NoReturn
from typing import TYPE_CHECKING

from thera_lint import __version__
from thera_lint import api
from thera_lint import config
from thera_lint import files
from thera_lint import registry
from thera_lint import reports
from thera_lint.api import Linted
from thera_lint.config import Config
from thera_lint.engine import Progress
from thera_lint.reports.docs import page
from thera_lint.source import SourceError
from thera_lint.words import listed
from thera_lint.words import near

if TYPE_CHECKING:
    from thera_lint.fixing import Refused  # only for those who fix

WRONG_USAGE = 1
_EXIT = {'error': 2, 'warning': 4, 'informational': 8}

_EPILOG = """\
more commands:
  thera-lint init [FOLDER]  write a .thera-lint.yaml made from the templates below a folder
  thera-lint explain RULE   what a rule looks for, why it costs, when it is right
  thera-lint rules          every rule, a line each

exit status: 0 clean, 2 an error was found, 4 a warning, 8 informational, added up;
1 wrong usage, or a file that could not be written
"""

# So many of the same kind are told by name.
_SHOWN = 3

_COMMANDS = ('explain', 'init', 'rules')

Lint = Callable[..., Linted]


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        print(f'thera-lint: {message}\ntry: thera-lint --help', file=sys.stderr)
        raise SystemExit(WRONG_USAGE)


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog='thera-lint',
        description='Points at the lines of CloudFormation, SAM and Step Functions files '
                    'that will waste money.',
        epilog=_EPILOG,
        # The width is given because asking the terminal imports shutil, and with it zlib, bz2 ...
        formatter_class=lambda prog: argparse.RawDescriptionHelpFormatter(prog, width=100),
        allow_abbrev=False,
    )
    parser.add_argument(
        'paths', nargs='*', metavar='PATH',
        help='a file, a folder, or - for standard input (default: the current folder)',
    )
    parser.add_argument('--format', choices=reports.FORMATS, default='text')
    which = parser.add_argument_group('which rules')
    which.add_argument(
        '--select', metavar='ID,...', action='append', default=[],
        help='only these rules; the beginning of an id will do (WC4 is all of S3)',
    )
    which.add_argument(
        '-c', '--include', metavar='ID,...', action='append', default=[],
        help='these rules as well: I or IC asks for the informational ones',
    )
    which.add_argument(
        '-i', '--ignore', metavar='ID,...', action='append', default=[], help='not these rules',
    )
    which.add_argument(
        '-x', '--configure', metavar='ID:OPTION=VALUE', action='append', default=[],
        help='set an option of a rule: WC1001:max_memory_mb=2048',
    )
    which.add_argument(
        '--config', metavar='FILE',
        help='instead of the nearest .thera-lint.yaml, upward from the first path',
    )
    which.add_argument(
        '--show-ignored', action='store_true',
        help='tell what is ignored, too, with the reasons that were given',
    )
    deployed = parser.add_argument_group('how it is deployed')
    deployed.add_argument(
        '--parameter', metavar='KEY=VALUE', action='append', default=[],
        help="a template parameter's value, also AWS::Region",
    )
    deployed.add_argument(
        '--parameter-file', metavar='FILE', action='append', default=[],
        help='parameters as the AWS command line, CodePipeline or SAM take them',
    )
    deployed.add_argument(
        '--environment', metavar='NAME',
        help='one of the environments of .thera-lint.yaml or samconfig.toml',
    )
    deployed.add_argument(
        '--context', metavar='FOLDER',
        help='read the templates below FOLDER too, for what the linted files refer to',
    )
    deployed.add_argument(
        '--stdin-filename', metavar='NAME', help='read standard input and call it NAME',
    )
    adopting = parser.add_argument_group('adopting and fixing')
    adopting.add_argument(
        '--baseline', metavar='FILE', help='leave out what FILE says was there before',
    )
    adopting.add_argument(
        '--no-baseline', action='store_true', help='tell of it, whatever the configuration says',
    )
    adopting.add_argument(
        '--write-baseline', metavar='FILE', help='write what is found now to FILE, for --baseline',
    )
    adopting.add_argument(
        '--fix', action='store_true',
        help='make the edits that cannot change what the deployed system does',
    )
    adopting.add_argument(
        '--unsafe-fixes', action='store_true', help='with --fix: those that can, as well',
    )
    adopting.add_argument(
        '--diff', action='store_true', help='with --fix: show the edits, and change no file',
    )
    parser.add_argument('--exit-zero', action='store_true', help='findings do not count')
    parser.add_argument('--version', action='version', version=f'thera-lint {__version__}')
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit status."""
    arguments = sys.argv[1:] if argv is None else list(argv)
    if argv is None:
        # A process that lives for a second makes no garbage worth collecting, and looking
        # for it took half the time on 3,000 resources.
        gc.disable()
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, 'reconfigure'):
            stream.reconfigure(errors='backslashreplace')
    try:
        status = _run(arguments)
        sys.stdout.flush()
        return status
    except BrokenPipeError:
        # `thera-lint . | head`: the reader has seen enough.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        # What is read has its own messages; this is a full disk behind standard output.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        _say(f'cannot write: {error.strerror or error}')
        return WRONG_USAGE
    except KeyboardInterrupt:
        return 130


def _run(arguments: Sequence[str]) -> int:
    if arguments[:1] == ['explain']:
        return _explain(arguments[1:])
    if arguments[:1] == ['init']:
        return _init(arguments[1:])
    if arguments[:1] == ['rules']:
        return _rules(arguments[1:])
    return _lint(_parser().parse_args(arguments))


def _lint(args: argparse.Namespace) -> int:
    paths = list(args.paths)
    standard_input = args.stdin_filename is not None or '-' in paths
    if standard_input and paths not in ([], ['-']):
        _usage('standard input or paths, not both')
    if (args.diff or args.unsafe_fixes) and not args.fix:
        _usage(f'{"--diff" if args.diff else "--unsafe-fixes"} goes with --fix')
    if args.baseline is not None and args.no_baseline:
        _usage('--baseline or --no-baseline, not both')
    if args.fix and (standard_input or args.write_baseline is not None):
        _usage('--fix edits files: not standard input, and not with --write-baseline')
    if args.write_baseline is not None and standard_input and args.stdin_filename is None:
        _usage('--write-baseline needs the name of a file: --stdin-filename')
    for word in paths[:1]:
        if word.isidentifier() and not os.path.lexists(word):
            _usage(f'no command, file or folder {word!r}{near(word, _COMMANDS)}')
    paths = [] if standard_input else paths or ['.']
    asked = _asked(args, args.stdin_filename or (paths or ['.'])[0])
    lint = functools.partial(
        api.lint, sys.stdin.buffer.read() if standard_input else paths,
        name=args.stdin_filename or '<stdin>', config=asked, context=args.context,
        progress=_progress(),
    )
    try:
        if args.write_baseline is not None:
            return _write_baseline(lint, asked, args.write_baseline)
        if args.fix:
            return _fix(paths, asked, args)
        return _told(lint(), asked, args)
    except SourceError as error:
        _told_problems(error)
    except OSError as error:
        if error.filename is None:  # of standard output: see main()
            raise
        missing = isinstance(error, FileNotFoundError) and error.filename == asked.baseline
        hint = f'; --write-baseline {asked.baseline} makes it' if missing else ''
        _usage(f'cannot read {error.filename}: {error.strerror or error}{hint}')


def _told(linted: Linted, asked: Config, args: argparse.Namespace) -> int:
    """Print what was found; the exit status."""
    _say_aside(linted, asked)
    for line in reports.render(
            args.format, linted, colour=_colour(), show_ignored=args.show_ignored,
    ):
        print(line)
    sys.stdout.flush()
    if args.exit_zero:
        return 0
    return sum({_EXIT[one.rule.severity] for one in linted.found if asked.fails(one.rule)})


def _say_aside(linted: Linted, asked: Config) -> None:
    """What is no finding goes to standard error, whatever the format."""
    for note in linted.notes:
        _say(note)
    for crash in linted.crashes:
        _say(
            f'{crash.rule.id} failed on {crash.filename}, so its findings there are '
            f'missing; please report this: {type(crash.error).__name__}: {crash.error}',
        )
    if linted.idle:
        one = len(linted.idle) == 1
        entries = [
            ' '.join(filter(None, (
                entry.file, entry.rule, '/'.join(filter(None, (entry.resource, entry.state))),
            ))) for entry in linted.idle
        ]
        _say(
            f'{asked.baseline}: {len(entries)} {"entry is" if one else "entries are"} no longer '
            f'needed ({_some(entries)}); --write-baseline {asked.baseline} takes '
            f'{"it" if one else "them"} out',
        )


def _write_baseline(lint: Lint, asked: Config, filename: str) -> int:
    from thera_lint import baseline  # only for those who adopt one

    asked = asked._replace(baseline=None)
    linted = lint(config=asked)
    _say_aside(linted, asked)
    entries = api.renewed_baseline(linted, asked, filename)
    try:
        files.write(filename, baseline.written(entries).encode())
    except OSError as error:
        _usage(f'cannot write {filename}: {error.strerror or error}')
    print(
        f'{filename} holds {len(entries)} {"finding" if len(entries) == 1 else "findings"}; '
        f'--baseline {filename} leaves them out',
    )
    return 0


def _fix(paths: Sequence[str], asked: Config, args: argparse.Namespace) -> int:
    from thera_lint import fixing  # only for those who fix

    fixed = fixing.fix(
        paths, unsafe=args.unsafe_fixes, config=asked, context=args.context,
        progress=_progress(),
    )
    status = 0
    if args.diff:
        for line in fixing.diff(fixed.changes):
            print(line)
    else:
        for filename, change in fixed.changes.items():
            try:
                files.replace(filename, *change)
            except OSError as error:
                _say(f'cannot write {filename}: {error.strerror or error}')
                status = WRONG_USAGE
        status |= _told(fixed.linted, asked, args)
    _say_refused(fixed.refused)
    count, places = len(fixed.done), len(fixed.changes)
    _say(
        f'{count} {"finding" if count == 1 else "findings"} '
        f'{"would be " if args.diff else ""}fixed in '
        f'{places} {"file" if places == 1 else "files"}',
    )
    return status


def _say_refused(refused: Sequence[Refused]) -> None:
    """One line a rule and reason; a few of the places will do."""
    together: dict[tuple[str, str], list[str]] = {}
    for found, reason in refused:
        where = f'{found.filename}:{found.span.line + 1}'
        together.setdefault((found.rule.id, reason), []).append(where)
    for (rule, reason), places in together.items():
        _say(f'{rule} is left at {_some(places)}: {reason}')


def _some(words: Sequence[str]) -> str:
    """The first few, and how many more there are."""
    more = [f'{len(words) - _SHOWN} more'] if len(words) > _SHOWN else []
    return listed([*words[:_SHOWN], *more])


def _asked(args: argparse.Namespace, start: str) -> Config:
    filename = args.config or files.config_file(start)
    try:
        asked = Config() if filename is None else api.configured(start, filename)
        asked = config.with_arguments(
            asked, registry.every_rule, select=args.select, include=args.include,
            ignore=args.ignore, configure=args.configure, parameters=args.parameter,
            environment=args.environment, parameter_files=args.parameter_file,
        )
    except OSError as error:
        _usage(f'cannot read {filename}: {error.strerror or error}')
    except config.WrongArgument as error:
        _usage(str(error))
    except SourceError as error:
        _told_problems(error)
    if args.no_baseline:
        return asked._replace(baseline=None)
    return asked if args.baseline is None else asked._replace(baseline=args.baseline)


def _told_problems(error: SourceError) -> NoReturn:
    for problem in error.problems:
        line, column = problem.span.line + 1, problem.span.column + 1
        print(f'{error.filename}:{line}:{column}: {problem.message}', file=sys.stderr)
    raise SystemExit(WRONG_USAGE)


def _usage(message: str) -> NoReturn:
    _say(message)
    raise SystemExit(WRONG_USAGE)


def _say(message: str) -> None:
    print(f'thera-lint: {message}', file=sys.stderr)


def _colour() -> bool:
    wanted = not os.environ.get('NO_COLOR') and os.environ.get('TERM') != 'dumb'
    return wanted and sys.stdout.isatty()


def _progress() -> Progress | None:
    """One line on a terminal that tells how far a run over many files is; else nothing."""
    if not sys.stderr.isatty():
        return None
    start = last = time.monotonic()

    def show(doing: str, done: int, total: int) -> None:
        nonlocal last
        now = time.monotonic()
        # Nothing for a run that is over in a blink, and then no more than the eye can see.
        if now - start > 0.5 and now - last > 0.1:
            last = now
            print(f'\r{doing} {done} of {total}\x1b[K', end='', file=sys.stderr, flush=True)
        if done == total and last != start:
            print('\r\x1b[K', end='', file=sys.stderr, flush=True)

    return show


def _init(words: Sequence[str]) -> int:
    parser = _Parser(prog='thera-lint init', allow_abbrev=False)
    parser.add_argument('folder', nargs='?', default='.', metavar='FOLDER')
    parser.add_argument('--force', action='store_true', help='write over the file that is there')
    args = parser.parse_args(words)
    if not os.path.isdir(args.folder):
        _usage(f'{args.folder} is no folder')
    for name in config.FILENAMES:
        if os.path.lexists(os.path.join(args.folder, name)) and not args.force:
            _usage(f'{os.path.join(args.folder, name)} is there already; --force writes it anew')
    filename = os.path.normpath(os.path.join(args.folder, config.FILENAMES[0]))
    text, count = api.init(args.folder, _progress())
    try:
        files.write(filename, text.encode())
    except OSError as error:
        _usage(f'cannot write {filename}: {error.strerror or error}')
    print(
        f'{filename} is written, made from {count} '
        f'{"template or state machine" if count == 1 else "templates and state machines"}',
    )
    return 0


def _rules(words: Sequence[str]) -> int:
    if words:
        _usage('rules takes no arguments; thera-lint explain WC2001 tells of one')
    for rule in registry.every_rule():
        print(f'{rule.id}  {rule.severity:13}  {rule.name:34}  {rule.title}')
    return 0


def _explain(words: Sequence[str]) -> int:
    if len(words) != 1:
        _usage('explain takes one rule: thera-lint explain WC2001')
    rules = registry.every_rule()
    for rule in rules:
        if words[0] in (rule.id, rule.id.lower(), rule.name):
            print(page(rule), end='')
            return 0
    names = [name for rule in rules for name in (rule.id, rule.name)]
    _usage(f'no rule {words[0]!r}{near(words[0], names)}')


if __name__ == '__main__':
    raise SystemExit(main())
