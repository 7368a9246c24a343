"""The schema of the configuration: every mistake has its place and a better word."""
from __future__ import annotations

import json
from pathlib import Path as File

import pytest
from docs_test import load
from jsonschema import Draft202012Validator

from thera_lint import registry
from thera_lint.schema import problems
from thera_lint.schema import schema
from thera_lint.source import read
from thera_lint.source import SourceError

ROOT = File(__file__).parent.parent
RULES = registry.every_rule()


def mistakes(text: str) -> list[str]:
    try:
        found = problems(read('.thera-lint.yaml', text), RULES)
    except SourceError as error:
        found = error.problems
    return [f'{one.span.line + 1}:{one.span.column + 1}: {one.message}' for one in found]


@pytest.mark.parametrize(('text', 'message'), [
    ('select: [W]\nignor: [WC8]', "2:1: no key 'ignor'; near: ignore"),
    ('select: [W]\nqqq: 1', "2:1: no key 'qqq'; there are: select, include, ignore, rules, "),
    ('rules:\n  WC1081:\n    max_memory_mb: 1', "2:3: no rule 'WC1081'; near: WC10"),
    ('rules: {memory_above_ceilng: {}}',
     "1:9: no rule 'memory_above_ceilng'; near: memory_above_ceiling"),
    ('rules:\n  WC1001:\n    max_memory: 1',
     "3:5: WC1001 has no option 'max_memory'; it has: max_memory_mb"),
    ('rules: {WC4001: {days: 1}}', "1:18: WC4001 has no option 'days'; it has: none"),
    ('rules:\n  WC1001:\n    max_memory_mb: much',
     "3:5: max_memory_mb is a whole number, not 'much'"),
    ('rules: {WC1001: {max_memory_mb: 1.5}}', '1:18: max_memory_mb is a whole number, not 1.5'),
    ('rules: {WC1001: {max_memory_mb: true}}', '1:18: max_memory_mb is a whole number, not true'),
    ('rules: {WC7010: {budget_elsewhere: "yes"}}',
     "1:18: budget_elsewhere is true or false, not 'yes'"),
    ('rules: {WC8003: {placeholders: [no]}}',
     '1:33: each of placeholders is text, not false: put it in quotes'),
    ('rules: {WC1001: }', '1:9: WC1001 is a mapping, not empty'),
    ('rules: {WC1001: {}, memory_above_ceiling: {}}',
     '1:21: memory_above_ceiling is WC1001, which is here too'),
    ('select: WC8001', "1:1: select is a list, not 'WC8001'"),
    ('ignore: WC8001', "1:1: ignore is a list or a mapping, not 'WC8001'"),
    ('ignore:\n- WC8001\n- WC8009', "3:3: no rule begins with 'WC8009'; near: WC800"),
    ('select: [memory_above_ceiling]',
     "1:10: no rule begins with 'memory_above_ceiling'; near: WC1001"),
    ('include: [1]', "1:11: no rule begins with '1'"),
    ('exit-on: warnings',
     "1:1: exit-on is never or error or warning or informational, not 'warnings'"),
    ('exit-on: [error]', '1:1: exit-on is never or error or warning or informational, not a list'),
    ('budget: none', "1:1: budget is elsewhere, not 'none'"),
    ('tags: {require: [A]}', "1:8: no key 'require'; near: required"),
    ('tags: {required: Team}', "1:8: required is a list, not 'Team'"),
    ('tags: {allowed: {Stage: [1]}}', '1:26: each of Stage is text, not 1: put it in quotes'),
    ('tags: {allowed: {Stage: [a|b]}}', "1:26: 'a|b' is not a value without |"),
    ('tags: {allowed: {S=t: [a]}}', "1:18: 'S=t' is not a tag key without ="),
    ('parameters: {A: {B: 1}}', '1:14: A is text or a number or true or false or a list, not a m'),
    ('parameters:\n  Account: 012345670123', '2:3: this is read as '),
    ('parameters: {Live: no}', '1:14: this is read as false: put it in quotes'),
    ('parameters: {Versions: [3.9, 3.10]}', '1:30: this is read as 3.1: put it in quotes'),
    ('region: Frankfurt', "1:1: 'Frankfurt' is not the code of an AWS region"),
    ('paths: [{path: ""}]', '1:10: path is empty'),
    ('tags: {required: [""]}', '1:19: each of required is empty'),
    ('paths: [{ignore: [WC8]}]', '1:10: each of paths needs the key path'),
    ('paths:\n- path: a\n  tags: {}', '3:3: tags stands at the top of the file only'),
    ('environments: {prod: {baseline: a}}', '1:23: baseline stands at the top of the file only'),
    ('paths:\n- path: a\n  tagz: {}', "3:3: no key 'tagz'; there are: path, select, include, i"),
    ('paths:\n- path: /stacks', "2:3: '/stacks' is not a file, a folder or a pattern, seen from t"),
    ('exclude: [stacks, /gen]', "1:19: '/gen' is not a file, a folder or a pattern, seen from "),
    ('rules: {WC1001: {max_memory_mb: -1}}', '1:18: max_memory_mb is 0 or more, not -1'),
    ('paths:\n- path: a\n  rules: {WC1081: {}}', "3:11: no rule 'WC1081'; near: WC10"),
    ('paths:\n- path: a\n  rules: {WC1001: {max: 1}}',
     "3:20: WC1001 has no option 'max'; it has: max_memory_mb"),
    ('paths:\n- path: a\n  rules: {WC1001: {}, memory_above_ceiling: {}}',
     '3:23: memory_above_ceiling is WC1001, which is here too'),
    ('paths:\n- path: a\n  parameters: {Live: no}', '3:16: this is read as false: put it in quo'),
    ('paths:\n- path: a\n  region: Frankfurt', "3:3: 'Frankfurt' is not the code of an AWS reg"),
    ('paths:\n- path: a\n  ignore: [WX]', "3:12: no rule begins with 'WX'"),
    ('- select', '1:3: the configuration is a mapping, not a list'),
    ('select: [W', '2:1: not YAML: '),
    ('select: [W]\nselect: [E]', "2:1: the key 'select' stands here twice"),
    # what is ignored, with reasons and at places
    ('ignore:\n  WC8009: ours', "2:3: no rule begins with 'WC8009'; near: WC800"),
    ('ignore: {memory_above_ceiling: ours}',
     "1:10: no rule begins with 'memory_above_ceiling'; near: WC1001"),
    ('ignore:\n  Bronze: raw data',
     "2:3: no rule begins with 'Bronze'; to ignore rules at a place: Bronze: {WC4001: the rea"),
    ('ignore: {WC8002: [ours]}', '1:10: the reason of WC8002 is text, not a list'),
    ('ignore: {WC8002: {Bronze: ours}}', '1:10: the reason of WC8002 is text, not a mapping'),
    ('ignore: {WC8002: #14\n}', '1:10: the reason of WC8002 is text, not empty'),
    ('ignore: {WC8002: 14}', '1:10: the reason of WC8002 is text, not 14: put it in quotes'),
    ('ignore: {WC8: 14}', '1:10: the reason of WC8 is text, not 14: put it in quotes'),
    ('ignore: {EC2: [W]}', '1:16: the ignore of W is too wide for a place: name the rules, or'),
    ('ignore: {Bronze: }', '1:10: Bronze names no rule: write Bronze: {WC4001: the reason}'),
    ('ignore: {Bronze: {}}', '1:10: Bronze names no rule: write Bronze: {WC4001: the reason}'),
    ('ignore: {Bronze: []}', '1:10: Bronze names no rule: write Bronze: {WC4001: the reason}'),
    ('ignore:\n  Bronze:\n    WC4O01: kept', "3:5: no rule begins with 'WC4O01'; near: WC4"),
    ('ignore: {Bronze: [WC4001, WC4O01]}', "1:27: no rule begins with 'WC4O01'; near: WC4"),
    ('ignore: {Bronze: {WC4001: [kept]}}', '1:19: the reason of WC4001 is text, not a list'),
    ('ignore: {Bronze: {W: kept}}',
     '1:19: the ignore of W is too wide for a place: name the rules, or the beginning of th'),
    ('ignore: {Pipeline/FanOut: [WC]}', '1:28: the ignore of WC is too wide for a place'),
    ('ignore: {Pipeline/: [WC2001]}', "1:10: 'Pipeline/' is not a rule, a resource or Resou"),
    ('ignore: {/FanOut: [WC2001]}', "1:10: '/FanOut' is not a rule, a resource or Resource/S"),
    ('paths:\n- path: a\n  ignore: {Bronze: {WC4001: }}',
     '3:21: the reason of WC4001 is text, not empty'),
    ('paths:\n- path: a\n  ignore: {Bronze: {I: x}}', '3:21: the ignore of I is too wide for a'),
    # where it is deployed
    ('environments: {prod: {paramters: {}}}', "1:23: no key 'paramters'; near: parameters"),
    ('environments: [prod]', '1:1: environments is a mapping, not a list'),
    ('environments: {prod: }', '1:16: prod is a mapping, not empty'),
    ('environments: {prod: {region: x}}', "1:23: 'x' is not the code of an AWS region"),
    ('environments:\n  prod:\n    parameters: {Account: 0123}', '3:18: this is read as 83: p'),
    ('environment: prd\nenvironments: {dev: {}, prod: {}}',
     "1:1: no environment 'prd'; there are: dev, prod"),
    ('environment: [prod]', '1:1: environment is text, not a list'),
    ('parameter-files: params.json', "1:1: parameter-files is a list, not 'params.json'"),
    ('parameter-files: [1]', '1:19: each of parameter-files is text, not 1: put it in quotes'),
    # which files, and which tags
    ('baseline: ', '1:1: baseline is text, not empty'),
    ('baseline: ""', '1:1: baseline is empty'),
    ('exclude: legacy', "1:1: exclude is a list, not 'legacy'"),
    ('files: [""]', '1:9: each of files is empty'),
    ('tags: {values: [Project]}', '1:8: values is a mapping, not a list'),
    ('tags: {values: {Project: [thera]}}', '1:17: Project is text, not a list'),
    ('tags: {values: {CostCenter: 42}}', '1:17: CostCenter is text, not 42: put it in quotes'),
    ('tags: {values: {P=t: a}}', "1:17: 'P=t' is not a tag key without ="),
    ('tags: {values: {Onwer: data}}',
     "1:17: 'Onwer' is not required, so it is never written; these are: Project, Envi"),
    ('tags: {required: [Team], values: {Owner: data}}',
     "1:35: 'Owner' is not required, so it is never written; these are: Team"),
    ('tags: {values: {Owner: me}, allowed: {Owner: [data, "team-*"]}}',
     "1:17: 'me' is not allowed for Owner; it may be: data, team-*"),
])
def test_a_mistake_has_its_place(text: str, message: str) -> None:
    (mistake,) = mistakes(text)
    assert mistake.startswith(message), mistake


def test_all_mistakes_are_told_at_once() -> None:
    found = mistakes('ignor: [WC8]\nexit-on: x\nrules: {WC1001: {a: 1, b: 2}}\nignore: {X: 1}')
    assert [one.split(': ')[0] for one in found] == ['1:1', '2:1', '3:18', '3:24', '4:10']


@pytest.mark.parametrize('text', [
    'ignore: [W]',
    'ignore: {W: "", IC: later}',
    'ignore: {Bronze: [WC4001, WC8], Pipeline/Fan/Out: {WC2: five items}, "My Bucket": [EC0]}',
    'ignore: {EC2: no instances here}',
    'ignore: {EC2: {WC8001: it is called so}}',
    'paths: [{path: legacy, ignore: [W]}]',
    'environment: prod',
    'tags: {required: [Team], values: {Team: data-1}, allowed: {Team: [data-*]}}',
    'parameters: {Account: "012", Versions: ["3.10"], Max:\n 5, Big: 1.5}',
])
def test_what_is_no_mistake(text: str) -> None:
    assert mistakes(text) == []


def test_the_schema_is_fresh_and_a_schema() -> None:
    path = ROOT / 'docs' / 'thera-lint.schema.json'
    wanted = load('schema').text()  # type: ignore[attr-defined]
    assert path.read_text(encoding='utf-8') == wanted, 'stale: run python scripts/schema.py'
    Draft202012Validator.check_schema(json.loads(wanted))


def test_editors_have_something_to_show_for_every_key() -> None:
    def keys(node: object) -> None:
        if isinstance(node, dict):
            for key, value in node.get('properties', {}).items():
                shown = {'description', 'title', '$ref'} & {*value}
                assert shown, key
            for value in node.values():
                keys(value)
        elif isinstance(node, list):
            for value in node:
                keys(value)

    keys(schema(RULES))
