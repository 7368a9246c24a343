"""Every fix that a rule proposes holds, in each of its fixtures; and what it makes of them.

`fixed*` is what a fixture `fail*` of the same ending becomes, byte for byte, when all fixes of
its rule are made, the unsafe ones too. With UPDATE=1 those that are there are written anew;
read the difference before committing it. `.thera-lint.yaml` beside the fixtures of a rule is
the configuration that its fixes need.
"""
from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from operator import eq
from pathlib import Path
from typing import Any

import pytest
from rules_test import FIXTURES
from rules_test import fixtures
from rules_test import lint as lint_one
from rules_test import named
from rules_test import rule_of
from rules_test import RULES

from thera_lint import files
from thera_lint import fixing
from thera_lint import registry
from thera_lint.api import lint
from thera_lint.api import Linted
from thera_lint.config import Config
from thera_lint.config import Layer
from thera_lint.config import read as read_config
from thera_lint.edits import applied
from thera_lint.edits import CannotEdit
from thera_lint.edits import splices
from thera_lint.engine import Found
from thera_lint.rule import Declare
from thera_lint.rule import Rule
from thera_lint.source import read
from thera_lint.source import read_definition
from thera_lint.source import SourceError

SAFE = {
    'EC7013', 'EC7018', 'IC2018', 'IC2022', 'IC3003', 'WC1012', 'WC3007', 'WC4004', 'WC4011',
    'WC7001', 'WC7015', 'WC8001', 'WC8002',
}
UNSAFE = {
    'IC1004', 'IC2003', 'WC1003', 'WC1009', 'WC2001', 'WC2002', 'WC2007', 'WC3001', 'WC3002',
    'WC3020', 'WC4001', 'WC4002', 'WC4003', 'WC6005',
}
# Safe where nobody can notice: how long a run waits, where files are named for another reader.
EITHER = {'WC2006', 'WC3010'}
PROPOSING = SAFE | UNSAFE | EITHER


def of_proposing(verdict: str) -> list[Path]:
    return [path for path in fixtures(verdict) if rule_of(path).id in PROPOSING]


def configuration(folder: Path, *select: str) -> Config:
    path = folder / '.thera-lint.yaml'
    config = Config()
    if path.exists():
        config = read_config(str(path), path.read_text(encoding='utf-8'), registry.every_rule())
    return config._replace(arguments=Layer(select=select))


@cache
def proposed(path: Path) -> tuple[Linted, list[Found]]:
    """A run of all rules, and what the fixture's own proposes to edit."""
    linted = lint(path, config=configuration(path.parent, 'E', 'W', 'I'))
    assert not linted.crashes
    return linted, [
        one for one in linted.found if one.rule.id == rule_of(path).id and one.fix is not None
    ]


def places(linted: Linted) -> Counter[tuple[str, str, str, str]]:
    return Counter((one.filename, one.rule.id, one.resource, one.state) for one in linted.found)


@pytest.mark.parametrize('path', of_proposing('fail'), ids=named)
def test_an_edit_ends_its_finding_and_brings_no_other(path: Path) -> None:
    linted, found = proposed(path)
    before = places(linted)
    for one in found:
        assert one.target is not None
        text = linted.texts(one.filename)
        assert text is not None
        try:
            made = splices(one.target, text)
        except CannotEdit as error:
            assert str(error)
            continue
        old = files.bytes_of(one.filename)
        new = applied(old, made)
        config = configuration(path.parent, 'E', 'W', 'I')
        edited = lint(path, config=config, overlay={one.filename: new})
        assert not edited.crashes
        after = places(edited)
        place = one.filename, one.rule.id, one.resource, one.state
        assert after[place] < before[place], f'{one.resource} {one.state}: the finding stays'
        assert not after - before, f'{one.resource} {one.state}: new findings'
        for where in differences(data(one.filename, old), data(one.filename, new)):
            assert is_within(where, one), f'{one.resource} {one.state}: {where} has changed'


def data(filename: str, raw: bytes) -> Any:
    try:
        return read(filename, raw.decode()).data
    except SourceError:
        return read_definition(filename, raw.decode()).data


def differences(old: Any, new: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where two files do not say the same."""
    if isinstance(old, dict) and isinstance(new, dict):
        for key in {**old, **new}:
            if key not in old or key not in new:
                yield (*path, key)
            else:
                yield from differences(old[key], new[key], (*path, key))
    elif isinstance(old, list) and isinstance(new, list):
        for index in range(max(len(old), len(new))):
            if index >= len(old) or index >= len(new):
                yield (*path, index)
            else:
                yield from differences(old[index], new[index], (*path, index))
    elif old != new or type(old) is not type(new):
        yield path


def is_within(where: tuple[Any, ...], found: Found) -> bool:
    """Whether a place in the file is one of those that were to be edited.

    Functions on the way, and the items that they leave out, are not in the paths of edits; and
    SAM has other names for some properties above.
    """
    assert found.fix is not None and found.target is not None
    edited = [
        ('Resources', one.logical_id) if isinstance(one, Declare) else one.path
        for one in (*found.fix.edits, *found.target.edits)
    ]
    names = without_functions(where)
    return where[0] == 'Globals' or any(
        all(map(eq, names, without_functions(path))) or
        (where[:2], where[-1]) == (path[:2], path[-1])
        for path in edited
    )


def without_functions(path: tuple[Any, ...]) -> list[str]:
    return [part for part in path if not isinstance(part, int) and part[:4] != 'Fn::']


@pytest.mark.parametrize('path', of_proposing('fail'), ids=named)
def test_a_fix_is_as_safe_as_the_catalogue_says(path: Path) -> None:
    for one in proposed(path)[1]:
        assert one.fix is not None
        assert one.rule.id in EITHER or one.fix.safe == (one.rule.id in SAFE)
        assert re.match(r'[a-z]', one.fix.title) and one.fix.title[-1] != '.'


@pytest.mark.parametrize('rule', RULES.values(), ids=RULES)
def test_a_rule_proposes_what_it_is_marked_for(rule: Rule) -> None:
    mine = [path for path in fixtures('fail') if rule_of(path) is rule]
    if rule.id in PROPOSING:
        assert any(proposed(path)[1] for path in mine)
    else:
        assert not any(found.fix for path in mine for found in lint_one(path))
        assert not re.search(r'\b[Tt]he fix\b', rule.documentation)


def failing(path: Path) -> Path:
    """The fixture that a `fixed*` was."""
    return path.with_name(path.name.replace('fixed', 'fail', 1))


def contents(path: Path) -> dict[str, bytes]:
    """By name relative to a fixture that may be a folder."""
    if not path.is_dir():
        return {'': path.read_bytes()}
    return {
        os.path.relpath(file, path): file.read_bytes() for file in path.rglob('*') if file.is_file()
    }


def fixed(path: Path) -> dict[str, bytes]:
    """What the fixes of its rule make of a fixture."""
    result = fixing.fix(
        [path], unsafe=True, config=configuration(path.parent, rule_of(path).id),
    )
    made = contents(path)
    for filename, change in result.changes.items():
        name = '' if filename == str(path) else os.path.relpath(filename, path)
        assert name in made, f'{filename} is outside the fixture'
        assert made[name] == change.old
        made[name] = change.new
    return made


@pytest.mark.parametrize('path', fixtures('fixed'), ids=named)
def test_fixed_is_what_the_fix_makes(path: Path) -> None:
    assert rule_of(path).id in PROPOSING, 'a rule that proposes nothing has no fixed fixture'
    made = fixed(failing(path))
    if os.environ.get('UPDATE'):
        for name, content in made.items():
            (path / name).write_bytes(content)
    assert contents(path) == made


@pytest.mark.parametrize('path', fixtures('fixed'), ids=named)
def test_fixing_again_changes_nothing(path: Path) -> None:
    assert fixed(path) == contents(path)


@pytest.mark.parametrize('name', [name for name, rule in RULES.items() if rule.id in PROPOSING])
def test_every_proposing_rule_has_a_fixed_template_in_block_style(name: str) -> None:
    assert any(
        not re.search(r'(?<!\$)\{|\[', path.read_text(encoding='utf-8'))
        for path in (FIXTURES / name).glob('fixed*.yaml')
    )


@cache
def texts() -> dict[str, str]:
    """The files of all `fixed*`, by path."""
    return {
        f'{named(path)}/{name}': content.decode()
        for path in fixtures('fixed') for name, content in contents(path).items()
    }


@pytest.mark.parametrize('kind, pattern', [
    ('JSON', r'\A\{'),
    ('SAM', r'Type: AWS::Serverless::'),
    ('an inline definition', r'\n +Definition:\n'),
    ('a definition file', r'\A\{\s*"StartAt"'),
    ('a definition in a literal block', r'DefinitionString: (!Sub )?\|\n'),
])
def test_the_fixed_show_every_form(kind: str, pattern: str) -> None:
    assert any(re.search(pattern, text) for text in texts().values())


@pytest.mark.parametrize('name, resource', [
    # Logs need an end that a person must set.
    ('bucket_without_lifecycle/fail.yaml', 'CdnLogBucket'),
    # Another rule's fix comes first.
    ('incomplete_uploads_kept_forever/fail.yaml', 'DisabledAbortBucket'),
    ('noncurrent_versions_kept_forever/fail.yaml', 'NoLifecycleBucket'),
    # It is declared under another condition.
    ('log_group_left_to_lambda/fail.yaml', 'EnrichCompanies'),
    # Every function of the template would move.
    ('x86_where_arm_is_cheaper/fail_sam.yaml', 'ApolloDeltaPull'),
    # It is right for another function that gets it.
    ('debug_logging/fail_globals_of_dev.yaml', 'Enrich'),
    # The tags are there in another spelling.
    ('missing_cost_tag/fail.yaml', 'FirecrawlLogs'),
    # They would replace it, or mix with those of its definition.
    ('untagged_resource/fail.yaml', 'CompanySearch'),
    ('untagged_resource/fail.yaml', 'Search'),
])
def test_a_rule_proposes_nothing_where_that_would_be_wrong(name: str, resource: str) -> None:
    path = FIXTURES / name
    found = lint(path, config=configuration(path.parent, rule_of(path).id)).found
    assert [one.fix for one in found if one.resource == resource] == [None]
