"""The command `thera-lint`: arguments in, findings and an exit status out."""
from __future__ import annotations

import argparse
import gc
import os
import sys
from collections.abc import Sequence
from typing import NoReturn

from thera_lint import __version__
from thera_lint import config
from thera_lint import engine
from thera_lint import files
from thera_lint import report
from thera_lint.config import Config
from thera_lint.rule import Rule
from thera_lint.source import SourceError

WRONG_USAGE = 1
_EXIT = {'error': 2, 'warning': 4, 'informational': 8}

_EPILOG = """\
more commands:
  thera-lint explain RULE   what a rule looks for, why it costs, when it is right
  thera-lint rules          every rule, a line each

exit status: 0 clean, 2 an error was found, 4 a warning, 8 informational, added up;
1 wrong usage
"""


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
    parser.add_argument('--format', choices=('text', 'json'), default='text')
    parser.add_argument(
        '--select', metavar='ID,...', action='append', default=[],
        help='only these rules; the beginning of an id will do (WC4 is all of S3)',
    )
    parser.add_argument(
        '-c', '--include', metavar='ID,...', action='append', default=[],
        help='these rules as well: I or IC asks for the informational ones',
    )
    parser.add_argument(
        '-i', '--ignore', metavar='ID,...', action='append', default=[], help='not these rules',
    )
    parser.add_argument(
        '-x', '--configure', metavar='ID:OPTION=VALUE', action='append', default=[],
        help='set an option of a rule: WC1001:max_memory_mb=2048',
    )
    parser.add_argument(
        '--parameter', metavar='KEY=VALUE', action='append', default=[],
        help="a template parameter's value, also AWS::Region",
    )
    parser.add_argument(
        '--config', metavar='FILE',
        help='instead of the nearest .thera-lint.yaml, upward from the first path',
    )
    parser.add_argument(
        '--stdin-filename', metavar='NAME', help='read standard input and call it NAME',
    )
    parser.add_argument(
        '--context', metavar='FOLDER',
        help='read the templates below FOLDER too, for what the linted files refer to',
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
        if arguments[:1] == ['explain']:
            return _explain(arguments[1:])
        if arguments == ['rules']:
            return _rules()
        return _lint(_parser().parse_args(arguments))
    except BrokenPipeError:
        # `thera-lint . | head`: the reader has seen enough.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        return 130


def _lint(args: argparse.Namespace) -> int:
    standard_input = None
    paths = list(args.paths)
    if args.stdin_filename is not None or '-' in paths:
        if paths not in ([], ['-']):
            _usage('standard input or paths, not both')
        standard_input = args.stdin_filename or '<stdin>', sys.stdin.buffer.read()
        paths = []
    elif not paths:
        paths = ['.']
    asked = _asked(args, args.stdin_filename or (paths or ['.'])[0])
    loaded = files.load(paths, asked.parameters, standard_input, args.context)
    result = engine.lint(loaded.project, asked.to_run())
    # A broken definition that a template of the run points to is told once, as its machine's.
    told = {(one.filename, one.span) for one in result.found}
    unreadable = [one for one in loaded.unreadable if (one.filename, one.span) not in told]
    found = sorted([*unreadable, *result.found], key=lambda one: (one.filename, one.span))
    found = [one for one in found if asked.counts(one.rule, one.filename)]
    for crash in result.crashes:
        print(
            f'thera-lint: {crash.rule.id} failed on {crash.filename}, so its findings there are '
            f'missing; please report this: {type(crash.error).__name__}: {crash.error}',
            file=sys.stderr,
        )
    if args.format == 'json':
        print(report.as_json(found))
    else:
        for line in report.as_text(found, loaded.texts, colour=_colour()):
            print(line)
        print(report.summary(
            found, checked=loaded.checked, skipped=loaded.skipped, ignored=result.ignored,
        ))
    sys.stdout.flush()
    if args.exit_zero:
        return 0
    return sum({_EXIT[one.rule.severity] for one in found if asked.fails(one.rule)})


def _asked(args: argparse.Namespace, start: str) -> Config:
    asked = Config()
    filename = args.config or files.config_file(start)
    try:
        if filename is not None:
            asked = config.read(filename, files.text_of(filename), _every_rule())
        return config.with_arguments(
            asked, _every_rule, select=args.select, include=args.include, ignore=args.ignore,
            configure=args.configure, parameters=args.parameter,
        )
    except OSError as error:
        _usage(f'cannot read {filename}: {error.strerror or error}')
    except config.WrongArgument as error:
        _usage(str(error))
    except SourceError as error:
        for problem in error.problems:
            line, column = problem.span.line + 1, problem.span.column + 1
            print(f'{filename}:{line}:{column}: {problem.message}', file=sys.stderr)
        raise SystemExit(WRONG_USAGE) from None


def _every_rule() -> list[Rule]:
    from thera_lint import registry  # imports all rules: only for those who ask

    return [files.UnreadableFile(), *registry.all_rules()]


def _usage(message: str) -> NoReturn:
    print(f'thera-lint: {message}', file=sys.stderr)
    raise SystemExit(WRONG_USAGE)


def _colour() -> bool:
    return sys.stdout.isatty() and not os.environ.get('NO_COLOR')


def _rules() -> int:
    for rule in _every_rule():
        print(f'{rule.id}  {rule.severity:13}  {rule.name:34}  {rule.title}')
    return 0


def _explain(words: Sequence[str]) -> int:
    if len(words) != 1:
        _usage('explain takes one rule: thera-lint explain WC2001')
    rules = _every_rule()
    for rule in rules:
        if words[0] in (rule.id, rule.id.lower(), rule.name):
            print(report.page(rule), end='')
            return 0
    names = [name for rule in rules for name in (rule.id, rule.name)]
    _usage(f'no rule {words[0]!r}{config.near(words[0], names)}')


if __name__ == '__main__':
    raise SystemExit(main())
