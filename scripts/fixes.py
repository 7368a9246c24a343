"""Make the fixes of every file below a folder, and check by other means what became of it.

    python scripts/fixes.py FOLDER [--form crlf,tabs] [--alone] [--tags] [--only NAME]

Each folder directly below FOLDER is copied, in each form (FORMS, below, or `all`), and the
command makes all fixes in the copy, the unsafe ones too. Nothing that the product says of its
edits is believed: files are read with plain PyYAML and json, and commands run in processes of
their own. The laws:

- what is read differs only where an edit says so, and what is new is what the edit says;
- changed lines lie within the resource or state that is edited, and no more than need be;
- line ends, byte order mark, the end of the file, order of keys, anchors and comments, each
  below the same line, are as before (those of a removed state go with it); no new line ends in
  blanks;
- the findings are gone, none is new, no file but the edited is touched, and fixing again
  changes no byte.

With --alone every edit is made by itself, in a file by itself; with --tags there are values for
the tags that are missing. Prints what is violated, what is refused, by rule and reason, and the
time; exits with 1 if anything is violated.
"""
from __future__ import annotations

import argparse
import contextlib
import difflib
import json
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Sequence
from typing import Any

import yaml

from thera_lint import fixing
from thera_lint.api import configured
from thera_lint.api import lint
from thera_lint.config import Config
from thera_lint.config import Layer
from thera_lint.edits import applied
from thera_lint.edits import splices
from thera_lint.engine import Found
from thera_lint.rule import Declare
from thera_lint.rule import Edit
from thera_lint.rule import Remove
from thera_lint.rule import Set
from thera_lint.texttree import CannotEdit

COMMAND = (
    sys.executable, '-c', 'import sys; from thera_lint.cli import main; sys.exit(main())',
    '--select', 'E,W,I',
)
TAGS = 'tags:\n  values:\n' + ''.join(
    f'    {key}: a {key}\n' for key in ('Project', 'Environment', 'CostCenter', 'Owner')
)
ENDINGS = ('.yaml', '.yml', '.json', '.template', '.asl')
BOM = b'\xef\xbb\xbf'

Place = tuple[Any, ...]
Difference = tuple[Place, Any, Any]


# --- reading


class Loader(yaml.SafeLoader):
    """Short forms of functions become long ones, dates stay texts."""

    yaml_implicit_resolvers = {
        first: [one for one in found if one[0] != 'tag:yaml.org,2002:timestamp']
        for first, found in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


def long_form(loader: Any, suffix: str, node: Any) -> Any:
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
        if suffix == 'GetAtt':
            value = value.split('.', 1)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_mapping(node, deep=True)
    return {suffix if suffix in ('Ref', 'Condition') else f'Fn::{suffix}': value}


Loader.add_multi_constructor('!', long_form)


def data_of(raw: bytes) -> Any:
    """Raises ValueError or YAMLError."""
    text = raw.decode('utf-8-sig')
    if text.lstrip()[:1] == '{' and '"StartAt"' in text and '"Resources"' not in text:
        text = re.sub(r'(:\s*)(\$\{[^}]*\})', r'\1"\2"', text)  # ${name} without quotes
    try:
        return json.loads(text)
    except ValueError:
        return yaml.load(text, Loader)


def inner(value: Any) -> Any:
    """A definition in a string, as data; else the value itself."""
    if isinstance(value, str) and 'StartAt' in value:
        with contextlib.suppress(ValueError, yaml.YAMLError):
            found = data_of(value.encode())
            return found if isinstance(found, dict) else value
    return value


def differences(old: Any, new: Any, path: Place = ()) -> Iterator[Difference]:
    """Path, old and new value of all that differs; `...` is what is not there."""
    if old != new:
        old, new = inner(old), inner(new)
    if isinstance(old, dict) and isinstance(new, dict):
        if [key for key in new if key in old] != [key for key in old if key in new]:
            yield (*path, 'the order'), old, new
        for key in {**old, **new}:
            if key in old and key in new:
                yield from differences(old[key], new[key], (*path, key))
            else:
                yield (*path, key), old.get(key, ...), new.get(key, ...)
    elif isinstance(old, list) and isinstance(new, list):
        for index in range(max(len(old), len(new))):
            one, other = (given[index] if index < len(given) else ... for given in (old, new))
            yield from differences(one, other, (*path, index))
    elif old != new or type(old) is not type(new):
        yield path, old, new


def words(value: Any) -> Iterator[str]:
    """All keys and values of plain data."""
    if isinstance(value, dict):
        for key, one in value.items():
            yield str(key)
            yield from words(one)
    elif isinstance(value, (list, tuple)):
        for one in value:
            yield from words(one)
    elif value is not ...:
        yield str(value)


def names(path: Place) -> list[str]:
    return [part for part in path if isinstance(part, str) and part[:4] != 'Fn::']


# --- the laws


def violations(before: bytes, after: bytes, done: Sequence[Found]) -> Iterator[str]:
    """What the edits of these findings did to a file and must not do."""
    edits = [edit for one in done if one.fix is not None for edit in one.fix.edits]
    try:
        old, new = data_of(before), data_of(after)
    except (ValueError, yaml.YAMLError) as error:
        yield f'it cannot be read: {error}'
        return
    found = list(differences(old, new))
    paths = [
        ('Resources', one.logical_id) if isinstance(one, Declare) else one.path for one in edits
    ]
    if isinstance(old, dict) and 'Resources' not in old:  # a definition in a file of its own
        paths = [path[path.index('States'):] if 'States' in path else path for path in paths]
    yield from in_data(found, edits, paths)
    yield from in_bytes(before, after)
    one, other = (
        raw.decode('utf-8-sig').replace('\r\n', '\n') for raw in (before, after)
    )
    removing = any(isinstance(edit, Remove) for edit in edits)
    edited = {tuple(path[:2]) for path in paths}
    places = {
        where if where in edited else where[:1] for where in (path[:2] for path, _, _ in found)
    }
    yield from in_lines(one, other, places, None if removing else found)
    if one.lstrip()[:1] != '{':
        yield from in_tokens(one, other, removing)


def in_data(
        found: Sequence[Difference], edits: Sequence[Edit], paths: Sequence[Place],
) -> Iterator[str]:
    if not found:
        yield 'nothing has changed'
    known = {'Properties', 'Key', 'Value'}.union(
        *(words(edit.path if isinstance(edit, Remove) else list(edit)) for edit in edits),
    )
    for path, old, new in found:
        said = names(path)
        if path[0] != 'Globals' and not any(is_meant(said, names(edit)) for edit in paths):
            yield f'{path} has changed'
        strange = (Counter(words(new)) - Counter(words(old))).keys() - known
        if strange and not (isinstance(old, str) and isinstance(new, str)):
            yield f'{path} has got {sorted(strange)}'
        if new is ... and not any(may_take_away(edit, said) for edit in edits):
            yield f'{path} is gone'


def is_meant(changed: list[str], edited: list[str]) -> bool:
    """Whether one lies in the other; SAM has other names on the way to some properties."""
    size = min(len(changed), len(edited))
    return changed[:2] == edited[:2] and (
        changed[:size] == edited[:size] or changed[-1:] == edited[-1:]
    )


def may_take_away(edit: Edit, changed: list[str]) -> bool:
    if isinstance(edit, Remove):
        return changed[-1:] == names(edit.path)[-1:]
    return isinstance(edit, Set) and isinstance(edit.value, (list, dict))


def in_bytes(before: bytes, after: bytes) -> Iterator[str]:
    if b'\n' in before and b'\n' not in before.replace(b'\r\n', b''):
        if re.search(rb'(?<!\r)\n|\r(?!\n)', after):
            yield 'line ends are mixed'
    elif b'\r' not in before and b'\r' in after:
        yield 'there are carriage returns'
    if before.startswith(BOM) != after.startswith(BOM):
        yield 'the byte order mark has changed'
    if re.findall(rb'[\r\n]*\Z', before)[0] != re.findall(rb'[\r\n]*\Z', after)[0]:
        yield 'the end of the file has changed'


def in_lines(
        before: str, after: str, places: set[Place], found: Sequence[Difference] | None,
) -> Iterator[str]:
    """`found` is None where lines may go."""
    old, new = before.split('\n'), after.split('\n')
    allowed = extents(before, places)
    changed = 0
    matcher = difflib.SequenceMatcher(None, old, new, autojunk=False)
    for kind, start, stop, first, last in matcher.get_opcodes():
        if kind == 'equal':
            continue
        changed += stop - start
        # A line that looks like its neighbour is matched with one too early or too late.
        if not any(begin <= start + 1 and stop - 1 <= end for begin, end in allowed):
            yield f'lines {start + 1} to {stop} have changed'
        for line in new[first:last]:
            if line != line.rstrip() and line not in old:
                yield f'blanks at the end of {line!r}'
            if '\t' in line and '\t' not in before:
                yield f'a tab in {line!r}'
    # One for each that changes, and one where a comma is added.
    if found is not None and changed > len(found) + sum(one is not ... for _, one, _ in found):
        yield f'{changed} lines changed for {len(found)} differences'


def extents(text: str, places: set[Place]) -> list[tuple[int, int]]:
    """The first line of each of these places, and the line behind its last."""
    try:
        # Tabs, which JSON may have, are no YAML.
        root = yaml.compose(text.replace('\t', ' '), Loader=yaml.SafeLoader)
    except yaml.YAMLError:
        return [(0, text.count('\n') + 1)]
    result = []
    for place in places:
        node: Any = root
        start = 0
        for part in place:
            pairs = node.value if isinstance(node, yaml.MappingNode) else []
            for key, value in pairs:
                if key.value == part:
                    node, start = value, key.start_mark.line
        end = node.end_mark
        result.append((start, end.line + (end.column > 0 or node.flow_style is True)))
    return result


def in_tokens(before: str, after: str, removing: bool) -> Iterator[str]:
    (comments, anchors), (kept, left) = scanned(before), scanned(after)
    for what, old, new in ('comments', comments, kept), ('anchors', anchors, left):
        rest = iter(old)
        if old != new and not (removing and all(one in rest for one in new)):
            gone, come = Counter(old) - Counter(new), Counter(new) - Counter(old)
            yield f'{what} have changed: {[*gone]} went, {[*come]} came'


def scanned(text: str) -> tuple[list[str], list[str]]:
    """The comments, which are in what no token covers, and the anchors and aliases."""
    comments: list[str] = []
    anchors: list[str] = []
    position = 0
    for token in [*yaml.scan(text, Loader=yaml.SafeLoader), None]:
        start = token.start_mark.index if token is not None else len(text)
        end = token.end_mark.index if token is not None else start
        if isinstance(token, (yaml.AnchorToken, yaml.AliasToken)):
            anchors.append(f'{token.id} {token.value}')
        if end > start or token is None:
            if isinstance(token, yaml.ScalarToken) and token.style in ('|', '>'):
                start = text.find('\n', start, end)  # a comment behind the |
            comments += [
                f'{match[0].rstrip()} below {above(text, position + match.start())}'
                for match in re.finditer('#[^\n]*', text[position:start])
            ]
            position = end
    return comments, anchors


def above(text: str, offset: int) -> str:
    """The line to which a comment on a line of its own belongs: the last that is indented less."""
    *lines, blank = text[:offset].split('\n')
    if not blank.strip():
        for line in reversed(lines):
            code = line.lstrip()
            if code and code[0] != '#' and len(line) - len(code) < len(blank):
                return code.rstrip(', ')
    return ''


# --- forms


def as_json(raw: bytes, **how: Any) -> bytes | None:
    try:
        return json.dumps(json.loads(raw.decode('utf-8-sig')), **how).encode()
    except ValueError:
        return None


def commented(raw: bytes) -> bytes | None:
    """With comments on lines of their own and behind others, wherever YAML takes them."""
    text = raw.decode('utf-8-sig')
    if text.lstrip()[:1] == '{':
        return None
    chance = random.Random(len(raw))
    inside: set[int] = set()
    for token in yaml.scan(text, Loader=yaml.SafeLoader):
        if isinstance(token, yaml.ScalarToken):
            first, last = token.start_mark.line, token.end_mark.line
            block = token.style in ('|', '>')
            inside.update(range(first if block else first + 1, last + 1))
            if last > first:
                inside.add(first)
    lines = []
    for number, line in enumerate(text.split('\n')):
        if number not in inside and chance.random() < .3:
            indent = len(line) - len(line.lstrip())
            lines.append(' ' * chance.choice((0, 2, indent)) + f'# above {number}')
        if not inside & {number, number + 1} and line.strip() and chance.random() < .3:
            line = f'{line.rstrip()}  # behind {number}'
        lines.append(line)
    return '\n'.join(lines).encode()


def flowing(raw: bytes) -> bytes | None:
    """With some collections in flow style; comments are lost."""
    text = raw.decode('utf-8-sig')
    if text.lstrip()[:1] == '{':
        return None
    chance = random.Random(len(raw))
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    waiting = [(root, 0)]
    while waiting:
        node, depth = waiting.pop()
        if isinstance(node, yaml.CollectionNode):
            node.flow_style = depth > 1 and chance.random() < .25
            for entry in node.value:
                waiting += [
                    (one, depth + 1) for one in (entry if isinstance(entry, tuple) else [entry])
                ]
    width, indent = chance.choice((60, 100, 1000)), chance.choice((2, 4))
    return str(yaml.serialize(root, width=width, indent=indent)).encode()


FORMS: dict[str, Callable[[bytes], bytes | None]] = {
    'plain': lambda raw: raw,
    'crlf': lambda raw: re.sub(rb'\r?\n', b'\r\n', raw),
    'bom': lambda raw: BOM + raw.removeprefix(BOM),
    'stripped': lambda raw: raw.rstrip(),
    'tabs': lambda raw: as_json(raw, indent='\t'),
    'minified': lambda raw: as_json(raw, separators=(',', ':')),
    'oneline': as_json,
    'commented': commented,
    'flow': flowing,
}


def formed(raw: bytes, form: str) -> bytes | None:
    """A file in another form, if it can have that and still says the same."""
    try:
        new = FORMS[form](raw)
        return new if new is not None and data_of(raw) == data_of(new) else None
    except (ValueError, RecursionError, yaml.YAMLError):
        return raw if form == 'plain' else None


def copied(folder: str, to: str, form: str) -> int:
    """Copy the files of a folder that can have this form; how many are templates or the like."""
    shutil.copytree(folder, to, symlinks=True)
    count = 0
    for path in paths_of(to):
        if path.lower().endswith(ENDINGS) and not os.path.islink(path):
            raw = read(path)
            new = formed(raw, form)
            if new is None:
                os.unlink(path)
            else:
                count += 1
                with open(path, 'wb') as stream:
                    stream.write(new)
    return count


def paths_of(folder: str) -> list[str]:
    return [
        path for root, _, found in os.walk(folder) for name in sorted(found)
        if os.path.isfile(path := os.path.join(root, name))
    ]


def read(path: str) -> bytes:
    with open(path, 'rb') as stream:
        return stream.read()


def contents(folder: str) -> dict[str, bytes]:
    return {os.path.relpath(path, folder): read(path) for path in paths_of(folder)}


# --- running


class Tally:
    def __init__(self) -> None:
        self.violated = 0
        self.done: Counter[str] = Counter()
        self.refused: Counter[tuple[str, str]] = Counter()

    def violation(self, where: str, what: str) -> None:
        self.violated += 1
        print(f'VIOLATION {where}: {what}', flush=True)

    def refusal(self, found: Found, reason: str) -> None:
        # Without what it quotes.
        reason = re.sub('(elsewhere|lines|its own|Parameters|Mappings|here): .*', r'\1', reason)
        self.refused[found.rule.id, re.sub('&.*|Fn::ForEach.*', '...', reason)] += 1


def command(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *arguments, '.'], capture_output=True, encoding='utf-8', check=False,
    )


@contextlib.contextmanager
def working_in(folder: str) -> Iterator[None]:
    before = os.getcwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


def told() -> Counter[tuple[str, str, str]]:
    """What a new process finds: file, rule, and resource or state."""
    return Counter(
        (one['Filename'], one['Rule']['Id'], where(one['Location']['Path']))
        for one in json.loads(command('--format', 'json').stdout)
    )


def where(path: Sequence[Any] | None) -> str:
    return '/'.join(map(str, (path or ())[1:2]))


def together(label: str, config: Config, tally: Tally) -> None:
    """Fix the files of the working folder with the command, and check them."""
    before, was = contents('.'), told()
    made = fixing.fix('.', unsafe=True, config=config)
    ran = command('--fix', '--unsafe-fixes')
    if 'Traceback' in ran.stderr:
        tally.violation(label, ran.stderr)
    after, now = contents('.'), told()
    for name in {**before, **after}:
        change = made.changes.get(name)
        expected = before.get(name) if change is None else change.new
        if after.get(name) != expected:
            tally.violation(f'{label}/{name}', 'the library makes something else')
        elif change is not None:
            mine = [one for one in made.done if one.filename == name]
            for what in violations(before[name], after[name], mine):
                tally.violation(f'{label}/{name}', what)
    for key in now - was:
        tally.violation(label, f'new: {key}')
    gone = Counter((one.filename, one.rule.id, where(one.path)) for one in made.done)
    for key, count in gone.items():
        if was[key] - now[key] < count:
            tally.violation(label, f'{count} fixed, {was[key]} before, {now[key]} after: {key}')
    again = command('--fix', '--unsafe-fixes')
    if contents('.') != after or '0 findings fixed in 0 files' not in again.stderr:
        tally.violation(label, f'fixing again: {again.stderr}')
    tally.done.update(one.rule.id for one in made.done)
    for refused in made.refused:
        tally.refusal(refused.found, refused.reason)


def alone(label: str, config: Config, tally: Tally) -> None:
    """Make each edit of the files of the working folder by itself, and check it."""
    for name, raw in contents('.').items():
        if not name.lower().endswith(ENDINGS):
            continue
        linted = lint(name, config=config)
        before = counted(linted.found)
        for one in linted.found:
            if one.target is None or one.filename != name:
                continue
            try:
                new = applied(raw, splices(one.target, linted.texts(name) or ''))
            except CannotEdit as error:
                tally.refusal(one, str(error))
                continue
            for what in violations(raw, new, [one]):
                tally.violation(f'{label}/{name}:{one.span.line + 1}', f'{one.rule.id} {what}')
            after = counted(lint(name, config=config, overlay={name: new}).found)
            brought = ', '.join(sorted({id for id, _, _ in after - before}))
            if after[key := (one.rule.id, one.resource, one.state)] >= before[key]:
                tally.refusal(one, 'the finding would stay')
            elif brought:
                tally.refusal(one, f'it would bring {brought}')
            else:
                tally.done[one.rule.id] += 1


def counted(found: Sequence[Found]) -> Counter[tuple[str, str, str]]:
    return Counter((one.rule.id, one.resource, one.state) for one in found)


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or '').partition('\n')[0])
    parser.add_argument('folder')
    parser.add_argument('--form', default='plain', help=f'some of {", ".join(FORMS)}, or all')
    parser.add_argument('--alone', action='store_true', help='each edit by itself')
    parser.add_argument('--tags', action='store_true', help='with values for the tags')
    parser.add_argument('--only', default='', help='folders whose names hold this')
    args = parser.parse_args()
    top = os.path.abspath(args.folder)
    tally = Tally()
    for form in FORMS if args.form == 'all' else args.form.split(','):
        start, count = time.perf_counter(), 0
        for name in sorted(os.listdir(top)):
            if not os.path.isdir(os.path.join(top, name)) or args.only not in name:
                continue
            with tempfile.TemporaryDirectory() as copy, working_in(copy):
                count += copied(os.path.join(top, name), name, form)
                with working_in(name):
                    if args.tags:
                        with open('.thera-lint.yaml', 'w', encoding='utf-8') as stream:
                            stream.write(TAGS)
                    config = configured('.')._replace(arguments=Layer(select=('E', 'W', 'I')))
                    (alone if args.alone else together)(f'{form}:{name}', config, tally)
        print(f'{form}: {count} files, {time.perf_counter() - start:.0f} s', flush=True)
    print('\nfixed:', ', '.join(f'{id} {count}' for id, count in sorted(tally.done.items())))
    print('refused:')
    for (id, reason), count in sorted(tally.refused.items()):
        print(f'{count:6} {id} {reason}')
    print(f'{tally.violated} violations')
    return 1 if tally.violated else 0


if __name__ == '__main__':
    sys.exit(main())
