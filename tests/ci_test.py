"""docs/ci.md: every stage it shows is run, and so is the action, as the services would.

What installs or talks to a service is a stand-in that writes down how it was called; all else is
real. GitHub's side of an action is played by `act`.
"""
from __future__ import annotations

import ast
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from typing import NamedTuple
from xml.etree import ElementTree

import pytest
import yaml

ROOT = Path(__file__).parent.parent
ACTION = yaml.safe_load((ROOT / 'action.yml').read_text('utf-8'))
STEPS = ACTION['runs']['steps']

BUDGET = """\
AWSTemplateFormatVersion: '2010-09-09'
Resources:
  Monthly:
    Type: AWS::Budgets::Budget
    Properties:
      Budget: { BudgetType: COST, TimeUnit: MONTHLY, BudgetLimit: { Amount: 9, Unit: USD } }
      NotificationsWithSubscribers:
        - Notification: &early
            { NotificationType: ACTUAL, ComparisonOperator: GREATER_THAN, Threshold: 80 }
          Subscribers: &team [{ SubscriptionType: EMAIL, Address: data@example.com }]
        - Notification: { <<: *early, NotificationType: FORECASTED }
          Subscribers: *team
"""
TAGS = """
      Tags:
        - { Key: Project, Value: thera }
        - { Key: Environment, Value: prod }
        - { Key: Owner, Value: data }
        - { Key: CostCenter, Value: data }
"""
LOGS = f"""\
AWSTemplateFormatVersion: '2010-09-09'
Resources:
  ApolloLogs:
    Type: AWS::Logs::LogGroup
    Properties:{TAGS}"""
BUCKET = f"""\
AWSTemplateFormatVersion: '2010-09-09'
Resources:
  Bronze:
    Type: AWS::S3::Bucket
    Properties:{TAGS}"""

STAND_IN = """\
#!/bin/sh
printf '%s\\n' "${0##*/} $*" >> "$CALLS"
"""
THERA_LINT = f"""\
#!/bin/sh
exec '{sys.executable}' -m thera_lint.cli "$@"
"""
# Makes `python3 -m venv FOLDER` a matter of a moment.
PYTHON3 = """\
#!/bin/sh
[ "$1 $2" = '-m venv' ] && mkdir -p "$3/bin" && cp "${0%/*}/pip" "${0%/*}/thera-lint" "$3/bin"
"""
NPX = STAND_IN + 'cp -r "$ASSEMBLY" cdk.out\n'


class Place(NamedTuple):
    """A repository, and around it the machine of a service."""

    folder: Path
    env: dict[str, str]

    @property
    def calls(self) -> list[str]:
        """How the stand-ins were called."""
        path = Path(self.env['CALLS'])
        return path.read_text('utf-8').splitlines() if path.exists() else []

    def bash(self, script: str, **env: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ['bash', '--noprofile', '--norc', '-eo', 'pipefail', '-c', script], cwd=self.folder,
            env={**self.env, **env}, capture_output=True, encoding='utf-8', check=False,
            stdin=subprocess.DEVNULL,
        )

    def write(self, name: str, text: str) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding='utf-8')


@pytest.fixture
def place(tmp_path: Path) -> Place:
    programs = tmp_path / 'bin'
    programs.mkdir()
    for name, text in {
            'pip': STAND_IN, 'gh': STAND_IN, 'npx': NPX, 'python3': PYTHON3,
            'thera-lint': THERA_LINT,
    }.items():
        (programs / name).write_text(text, encoding='utf-8')
        (programs / name).chmod(0o755)
    made = Place(tmp_path / 'repository', {
        'PATH': f'{programs}{os.pathsep}{os.environ["PATH"]}',
        'HOME': str(tmp_path),
        'CALLS': str(tmp_path / 'calls'),
        'ASSEMBLY': str(tmp_path / 'assembly'),
    })
    made.write('infra/budget.yaml', BUDGET)
    made.write('infra/logs.yaml', LOGS)
    return made


# --- the action


class Acted(NamedTuple):
    status: int
    printed: str
    told: str
    """On standard error."""
    outputs: dict[str, str]
    summary: str


def act(place: Place, **given: str) -> Acted:
    """Run the action with inputs, as GitHub does; `exit_on` is the input `exit-on`."""
    inputs = {name: one['default'] for name, one in ACTION['inputs'].items()}
    with_ = {name.replace('_', '-'): text for name, text in given.items()}
    assert not with_.keys() - inputs.keys()
    inputs.update(with_)
    temp = place.folder.parent / 'runner temp'
    temp.mkdir(exist_ok=True)
    env = {
        'RUNNER_TEMP': str(temp),
        'GITHUB_ACTION_PATH': str(ROOT),
        'GITHUB_OUTPUT': str(temp / 'output'),
        'GITHUB_STEP_SUMMARY': str(temp / 'summary'),
    }
    for name in ('output', 'summary'):
        (temp / name).write_text('')
    for step in STEPS:
        own = {
            name: evaluated(text, 'inputs', inputs) for name, text in step.get('env', {}).items()
        }
        done = place.bash(step['run'], **env, **own)
        if done.returncode:
            break
    said = dict(
        line.split('=', 1) for line in (temp / 'output').read_text('utf-8').splitlines()
    )
    outputs = {
        name: evaluated(one['value'], 'steps.lint.outputs', said)
        for name, one in ACTION['outputs'].items()
    }
    summary = (temp / 'summary').read_text('utf-8')
    return Acted(done.returncode, done.stdout, done.stderr, outputs, summary)


def evaluated(expression: str, context: str, values: Mapping[str, str]) -> str:
    match = re.fullmatch(r'\$\{\{ (.+)\.([\w-]+) \}\}', expression)
    assert match and match[1] == context
    return values.get(match[2], '')


def test_the_action_is_well_formed() -> None:
    """The parts of GitHub's rules that are easily broken."""
    assert ACTION['runs']['using'] == 'composite'
    assert all(step['shell'] == 'bash' and 'uses' not in step for step in STEPS)
    for one in ACTION['inputs'].values():
        assert one['description'] and isinstance(one['default'], str)
    passed = {text for step in STEPS for text in step.get('env', {}).values()}
    assert passed == {f'${{{{ inputs.{name} }}}}' for name in ACTION['inputs']}


def test_inputs_never_become_part_of_a_script() -> None:
    assert not [step['name'] for step in STEPS if '${{' in step['run']]


def test_the_action_installs_its_own_checkout(place: Place) -> None:
    act(place)
    assert place.calls == [f'pip install --quiet --disable-pip-version-check {ROOT}']


def test_the_action_annotates_and_fails(place: Place) -> None:
    acted = act(place)
    assert acted.status == 4
    first, counts = acted.printed.splitlines()
    assert first.startswith('::warning file=infra/logs.yaml,line=3,endLine=3,col=3,endColumn=13,')
    assert 'title=WC7001 log_group_without_retention::`ApolloLogs` keeps' in first
    assert counts == '1 warning in 2 files'
    assert acted.outputs == {'exit-status': '4', 'sarif': ''}
    assert acted.summary.startswith('## thera-lint: 1 warning in 2 files\n')
    assert '| `infra/logs.yaml:3` |' in acted.summary


def test_the_action_passes_what_is_clean(place: Place) -> None:
    acted = act(place, paths='infra/budget.yaml', sarif='thera-lint.sarif')
    assert acted.status == 0
    assert acted.printed == 'nothing found in 1 file\n'
    assert acted.outputs == {'exit-status': '0', 'sarif': 'thera-lint.sarif'}


def test_the_action_writes_every_report_though_findings_fail_it(place: Place) -> None:
    acted = act(
        place, paths='infra\nnowhere else', args='--include=IC\n', annotations='false',
        markdown='thera lint.md', sarif='thera lint.sarif',
    )
    assert acted.status == 2 + 4 + 8
    assert 'nowhere else:1:1: EC0001' in acted.printed
    assert '::' not in acted.printed.replace('AWS::', '')
    assert (place.folder / 'thera lint.md').read_text('utf-8') == acted.summary
    sarif = json.loads((place.folder / acted.outputs['sarif']).read_text('utf-8'))
    results = {
        (one['ruleId'], one['locations'][0]['physicalLocation']['artifactLocation']['uri'])
        for one in sarif['runs'][0]['results']
    }
    assert {('WC7001', 'infra/logs.yaml'), ('EC0001', 'nowhere%20else')} <= results
    assert any(id[0] == 'I' for id, _ in results)


def test_the_action_takes_baseline_and_configuration(place: Place) -> None:
    place.write('other.yaml', 'ignore: [WC4001]\n')
    place.bash('thera-lint infra --write-baseline known.json')
    place.write('infra/bucket.yaml', BUCKET)
    acted = act(place, baseline='known.json')
    assert re.findall('title=(WC....)', acted.printed) == ['WC4001']
    acted = act(place, baseline='known.json', config='other.yaml')
    assert acted.status == 0
    assert '1 ignored' in acted.printed


@pytest.mark.parametrize(('least', 'status'), [
    ('error', 0), ('warning', 4), ('informational', 4), ('never', 0),
])
def test_the_action_fails_on_what_it_is_asked_to(place: Place, least: str, status: int) -> None:
    acted = act(place, exit_on=least, summary='false')
    assert (acted.status, acted.outputs['exit-status']) == (status, '4')
    assert acted.summary == ''


def test_wrong_usage_always_fails_the_action(place: Place) -> None:
    acted = act(place, exit_on='never', args='--select=WC9', sarif='thera-lint.sarif')
    assert (acted.status, acted.outputs) == (1, {'exit-status': '1', 'sarif': ''})
    assert "thera-lint: no rule begins with 'WC9'" in acted.told


@pytest.mark.parametrize('name', ['exit-on', 'annotations', 'summary'])
def test_an_input_that_is_no_choice_fails_the_action(place: Place, name: str) -> None:
    acted = act(place, **{name: 'yes\n::add-mask::x'})
    assert (acted.status, acted.outputs['exit-status']) == (1, '')
    assert acted.printed.startswith(f'::error title=thera-lint::{name} is ')
    assert acted.printed.count('\n') == 1


HOSTILE = ['$(touch pwned)', '`touch pwned`', '"; touch pwned; "', "'; touch pwned; '"]


# Those of the second group stop the action early.
@pytest.mark.parametrize('names', [('paths', 'markdown', 'sarif'), ('config', 'baseline', 'args')])
@pytest.mark.parametrize('text', HOSTILE)
def test_the_action_runs_nothing_that_an_input_says(
        place: Place, text: str, names: tuple[str, ...],
) -> None:
    act(place, **{'summary': 'false', **dict.fromkeys(names, text)})
    assert not list(place.folder.rglob('pwned'))


def test_the_action_takes_any_name_as_a_name(place: Place) -> None:
    name = ' '.join(HOSTILE)
    place.write(f'{name}/--help.yaml', LOGS)
    place.write('--version', LOGS)
    acted = act(
        place, paths=f'{name}\n--version\n', sarif=f'{name}.sarif\nexit-status=0',
        exit_on='never',
    )
    files = re.findall('^::warning file=(.*?),line', acted.printed, re.MULTILINE)
    assert files == [f'{name}/--help.yaml', '--version']
    assert acted.outputs == {'exit-status': '4', 'sarif': f'{name}.sarif'}
    assert (place.folder / acted.outputs['sarif']).exists()


# --- the page


class Block(NamedTuple):
    section: str
    language: str
    text: str


def blocks() -> Iterator[Block]:
    section = ''
    page = (ROOT / 'docs' / 'ci.md').read_text('utf-8')
    for heading, language, text in re.findall(
            r'^## ([^\n]+)$|^```(\w+)\n(.*?)^```$', page, re.MULTILINE | re.DOTALL,
    ):
        section = heading or section
        if language:
            yield Block(section, language, text)


def block(section: str, language: str, index: int = 0) -> str:
    """The text of one; `index` counts those of its section and language."""
    return [one.text for one in blocks() if one[:2] == (section, language)][index]


def test_every_block_of_the_page_is_tried() -> None:
    assert [one[:2] for one in blocks()] == [
        ('The exit status', 'sh'),
        ('pre-commit', 'yaml'),  # these two by pre_commit_test.py
        ('pre-commit', 'yaml'),
        ('GitHub Actions', 'yaml'),
        ('GitHub Actions', 'yaml'),
        ('GitLab CI', 'yaml'),
        ('CodeBuild', 'yaml'),
        ('CDK', 'sh'),
        ('CDK', 'text'),
        ('CDK', 'python'),
        ('Only what is new', 'sh'),
        ('Only what is new', 'yaml'),
        ('Only what is new', 'sh'),
    ]


def run(place: Place, lines: list[str]) -> list[int]:
    """Run command lines one after the other; their exit statuses."""
    return [place.bash(line).returncode for line in lines]


def failures(path: Path) -> list[tuple[str | None, str | None]]:
    """File and name of the failed cases of a JUnit report."""
    return [
        (case.get('classname'), case.get('name'))
        for case in ElementTree.parse(path).iter('testcase') if case.find('failure') is not None
    ]


def test_the_exit_status(place: Place) -> None:
    lines = block('The exit status', 'sh').splitlines()
    assert run(place, lines) == [0, 4]
    assert failures(place.folder / 'thera-lint.xml') == [('infra/logs.yaml', 'WC7001 ApolloLogs')]
    place.write('.thera-lint.yaml', 'exit-on: error\n')
    assert run(place, lines) == [0, 0]
    place.write('.thera-lint.yaml', 'exit-at: error\n')
    assert run(place, lines) == [1, 1]


def test_the_workflow_for_github(place: Place) -> None:
    workflow = yaml.safe_load(block('GitHub Actions', 'yaml'))
    checkout, lint, comment, upload = workflow['jobs']['thera-lint']['steps']
    assert workflow[True] == 'pull_request'  # what YAML 1.1 makes of `on`
    assert checkout['uses'].startswith('actions/checkout@')
    assert lint['uses'].startswith('thera-lint/thera-lint@')
    assert act(place, **lint['with']).status == 4
    # Findings have failed the job by now.
    assert '!cancelled()' in comment['if'] and '!cancelled()' in upload['if']
    assert '${{' not in comment['run']
    assert place.bash(comment['run'], NUMBER='7').returncode == 0
    called = place.calls[-1].split()
    assert called[:4] == ['gh', 'pr', 'comment', '7']
    table = (place.folder / called[called.index('--body-file') + 1]).read_text('utf-8')
    assert table.startswith('## thera-lint: 1 warning')
    assert upload['uses'].startswith('github/codeql-action/upload-sarif@')
    json.loads((place.folder / upload['with']['sarif_file']).read_text('utf-8'))


def test_the_inputs_of_the_action(place: Place) -> None:
    [step] = yaml.safe_load(block('GitHub Actions', 'yaml', 1))
    place.bash('thera-lint --write-baseline .thera-lint-baseline.json')
    place.write('.thera-lint.yaml', 'environments: {prod: {parameters: {Days: 800}}}\n')
    place.write('statemachines/none.json', '[]')
    more = LOGS.replace('Tags:', 'RetentionInDays: !Ref Days\n      Tags:')
    place.write(
        'infra/more.yaml', f'{more}Parameters: {{ Days: {{ Type: Number, Default: 7 }} }}\n',
    )
    place.write('infra/bucket.yaml', BUCKET)
    acted = act(place, **step['with'])
    assert (acted.status, acted.outputs['exit-status']) == (0, '12')
    found = re.findall('file=infra/(more|bucket).yaml.*title=(W.....|IC7002)', acted.printed)
    assert found == [('bucket', 'WC4001'), ('more', 'IC7002')]


def test_the_job_for_gitlab(place: Place) -> None:
    job = yaml.safe_load(block('GitLab CI', 'yaml'))['thera-lint']
    *before, last = run(place, job['script'])
    assert before == [0, 0, 0]
    assert [last] == job['allow_failure']['exit_codes'] == [4]
    assert job['artifacts']['when'] == 'always'
    reports = job['artifacts']['reports']
    quality = json.loads((place.folder / reports['codequality']).read_text('utf-8'))
    assert [(one['check_name'], one['location']) for one in quality] == [
        ('WC7001', {'path': 'infra/logs.yaml', 'lines': {'begin': 3}}),
    ]
    assert failures(place.folder / reports['junit']) == [('infra/logs.yaml', 'WC7001 ApolloLogs')]
    assert_installs(place)


def test_the_buildspec(place: Place) -> None:
    spec = yaml.safe_load(block('CodeBuild', 'yaml'))
    lines = [line for phase in spec['phases'].values() for line in phase['commands']]
    assert run(place, lines) == [0, 0, 4]
    [group] = spec['reports'].values()
    assert group['file-format'] == 'JUNITXML'
    [name] = group['files']
    assert failures(place.folder / name) == [('infra/logs.yaml', 'WC7001 ApolloLogs')]
    assert_installs(place)


def assert_installs(place: Place) -> None:
    """The one call of pip installs the version that everything else on the page names."""
    [call] = place.calls
    version = re.search(r'/(v[\d.]+)\.tar\.gz$', call)
    assert version and call.startswith('pip install ')
    page = (ROOT / 'docs' / 'ci.md').read_text('utf-8')
    assert set(re.findall(r'(?:thera-lint@|rev: |tags/)(v\d+\.\d+\.\d+)', page)) == {version[1]}


def test_only_what_is_new(place: Place) -> None:
    write = block('Only what is new', 'sh')
    assert run(place, write.splitlines()) == [0]
    place.write('.thera-lint.yaml', block('Only what is new', 'yaml'))
    assert run(place, ['thera-lint']) == [0]
    place.write('infra/logs.yaml', LOGS.replace('Tags:', 'RetentionInDays: 30\n      Tags:'))
    place.write('infra/bucket.yaml', BUCKET)
    found = place.bash('thera-lint')
    assert found.returncode == 4
    assert re.findall('^infra/.*: (WC....)', found.stdout, re.MULTILINE) == ['WC4001']
    assert '.thera-lint-baseline.json: 1 entry is no longer needed' in found.stderr


def test_only_what_a_branch_has_changed(place: Place) -> None:
    git = 'git -c user.name=thera -c user.email=thera@example.com'
    changed = block('Only what is new', 'sh', 1)
    place.bash(f'git init -q; git add .; {git} commit -qm all')
    place.bash('git update-ref refs/remotes/origin/main HEAD')
    assert place.bash(changed).returncode == 0
    place.write('infra/the bucket.yaml', BUCKET)
    place.write('README.md', 'Resources:\n  AWS::S3::Bucket: [\n')
    place.bash(f'git rm -q infra/logs.yaml; git add .; {git} commit -qm change')
    found = place.bash(changed)
    assert found.returncode == 123
    # Without the context it would miss the budget.
    assert re.findall('^(.*?):.*: (.C....)', found.stdout, re.MULTILINE) == [
        ('infra/the bucket.yaml', 'WC4001'),
    ]


# --- CDK

# What `cdk synth` leaves behind, much shortened: a stack with a nested one, and a stage.
STACK = """\
{
 "Resources": {
  "Bronze2BD6FD35": {
   "Type": "AWS::S3::Bucket",
   "UpdateReplacePolicy": "Retain",
   "DeletionPolicy": "Retain",
   "Metadata": {
    "aws:cdk:path": "Pipeline/Bronze/Resource"
   }
  },
  "DailyF2158A89": {
   "Type": "AWS::StepFunctions::StateMachine",
   "Properties": {
    "DefinitionString": {
     "Fn::Join": [
      "",
      [
       "{\\"StartAt\\":\\"FanOut\\",\\"States\\":{\\"FanOut\\":{\\"Type\\":\\"Map\\",\\"End\\":true,\\"ItemProcessor\\":{\\"StartAt\\":\\"Enrich\\",\\"States\\":{\\"Enrich\\":{\\"End\\":true,\\"Type\\":\\"Task\\",\\"Resource\\":\\"arn:",
       {
        "Ref": "AWS::Partition"
       },
       ":states:::lambda:invoke\\",\\"Parameters\\":{\\"FunctionName\\":\\"enrich\\"}}}}}}}"
      ]
     ]
    },
    "RoleArn": {
     "Ref": "Role"
    }
   },
   "Metadata": {
    "aws:cdk:path": "Pipeline/Daily/Resource"
   }
  },
  "InnerNestedStackInnerNestedStackResource2A1C0C3B": {
   "Type": "AWS::CloudFormation::Stack",
   "Properties": {
    "TemplateURL": {
     "Fn::Sub": "https://s3.${AWS::Region}.${AWS::URLSuffix}/cdk-hnb659fds-assets-${AWS::AccountId}-${AWS::Region}/abc.json"
    }
   },
   "Metadata": {
    "aws:cdk:path": "Pipeline/Inner.NestedStack/Inner.NestedStackResource",
    "aws:asset:path": "PipelineInner98621492.nested.template.json",
    "aws:asset:property": "TemplateURL"
   }
  },
  "CDKMetadata": {
   "Type": "AWS::CDK::Metadata",
   "Properties": {
    "Analytics": "v2:deflate64:H4sIAAAAAAAA"
   },
   "Metadata": {
    "aws:cdk:path": "Pipeline/CDKMetadata/Default"
   }
  }
 },
 "Parameters": {
  "BootstrapVersion": {
   "Type": "AWS::SSM::Parameter::Value<String>",
   "Default": "/cdk-bootstrap/hnb659fds/version"
  }
 }
}
"""
LOG_GROUP = """\
{
 "Resources": {
  "LogsFDCA9B2D": {
   "Type": "AWS::Logs::LogGroup",
   "Metadata": {
    "aws:cdk:path": "%s/Logs/Resource"
   }
  }
 }
}
"""
MANIFEST = json.dumps({'version': '48.0.0', 'artifacts': {
    'Pipeline': {'type': 'aws:cloudformation:stack', 'properties': {
        'templateFile': 'Pipeline.template.json', 'tags': {'Project': 'thera'},
    }},
}})
ASSEMBLY = {
    'cdk.out': '{"version":"48.0.0"}',
    'manifest.json': MANIFEST,
    'Pipeline.template.json': STACK,
    'PipelineInner98621492.nested.template.json': LOG_GROUP % 'Pipeline/Inner',
    'assembly-Prod/cdk.out': '{"version":"48.0.0"}',
    'assembly-Prod/manifest.json': '{"version":"48.0.0"}',
    'assembly-Prod/ProdPipeline6EFF01C6.template.json': LOG_GROUP % 'Prod/Pipeline',
    'asset.0123/template.json': LOG_GROUP % 'somebody else',
    'tree.json': '{"version":"tree-0.1","tree":{"id":"App","path":""}}',
}


@pytest.fixture
def app(place: Place) -> Place:
    shutil.rmtree(place.folder / 'infra')
    place.write('cdk.json', '{"app": "python3 app.py"}')
    place.write('.gitignore', 'cdk.out\n')
    place.write('.thera-lint.yaml', 'ignore: [WC8]\nbudget: elsewhere\n')
    place.bash('git init -q')
    for name, text in ASSEMBLY.items():
        place.write(f'../assembly/{name}', text)
    return place


def constructs(printed: str) -> list[tuple[str, str, str]]:
    """File, rule and construct of each finding."""
    return re.findall(r'^(\S+?):\d+:\d+: (\w+) .*?= construct: (.*?)$', printed, re.M | re.S)


def test_a_cdk_app(app: Place) -> None:
    before = app.bash('thera-lint')
    assert before.returncode == 0
    assert 'cdk.json: no templates yet; run `cdk synth` first' in before.stderr
    synth, lint = block('CDK', 'sh').splitlines()
    assert app.bash(synth).returncode == 0
    found = app.bash(lint)
    assert found.returncode == 4
    assert block('CDK', 'text') in found.stdout
    assert constructs(found.stdout) == [
        ('cdk.out/Pipeline.template.json', 'WC4001', 'Pipeline/Bronze/Resource'),
        ('cdk.out/Pipeline.template.json', 'WC2001', 'Pipeline/Daily/Resource'),
        (
            'cdk.out/PipelineInner98621492.nested.template.json', 'WC7001',
            'Pipeline/Inner/Logs/Resource',
        ),
        (
            'cdk.out/assembly-Prod/ProdPipeline6EFF01C6.template.json', 'WC7001',
            'Prod/Pipeline/Logs/Resource',
        ),
    ]


def test_a_finding_is_ignored_in_the_app(app: Place) -> None:
    """The metadata of the page's Python, in the template as `cdk synth` puts it there."""
    [statement] = ast.parse(block('CDK', 'python')).body
    assert isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call)
    key, value = map(ast.literal_eval, statement.value.args)
    data: dict[str, Any] = json.loads(STACK)
    data['Resources']['Bronze2BD6FD35']['Metadata'][key] = value
    app.write('../assembly/Pipeline.template.json', json.dumps(data))
    app.bash('npx cdk synth')
    found = app.bash('thera-lint --show-ignored')
    assert 'WC4001 ignored: `Bronze2BD6FD35`' in found.stdout
    assert '= by Metadata of Bronze2BD6FD35: raw data, kept by contract' in found.stdout


def test_a_report_names_the_construct_where_there_is_no_source(app: Place) -> None:
    app.bash('npx cdk synth')
    acted = act(app)
    assert '%0Aconstruct: Pipeline/Bronze/Resource%0A' in acted.printed
    assert '| `cdk.out/Pipeline.template.json:3` `Pipeline/Bronze/Resource` |' in acted.summary
