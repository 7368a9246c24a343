from __future__ import annotations

import json
from pathlib import Path

import pytest

from thera_lint import files
from thera_lint.config import Config
from thera_lint.config import read as read_config
from thera_lint.config import with_arguments
from thera_lint.deployment import of_assets
from thera_lint.deployment import of_manifest
from thera_lint.deployment import of_samconfig
from thera_lint.deployment import of_template

TEMPLATE = 'Resources: {Companies: {Type: AWS::S3::Bucket}}'
BY_DEFAULT = ('template.yaml', 'template.yml', 'template.json')
TAGGED = '[default.deploy.parameters]\ntags = "Project=thera"\n'


@pytest.mark.parametrize(
    ('written', 'expected'),
    [
        ('"Project=thera"', {'Project': 'thera'}),
        ('"Project=\\"thera\\" Owner=\\"data team\\""', {'Project': 'thera', 'Owner': 'data team'}),
        ("'''Project=thera  \"Cost Center\"='4 2' '''", {'Project': 'thera', 'Cost Center': '4 2'}),
        ('"Owner=data team"', {'Owner': 'data team'}),
        ('["Project=thera", "Owner=data"]', {'Project': 'thera', 'Owner': 'data'}),
        ('["Project=thera Owner=data", 7]', {'Project': 'thera', 'Owner': 'data'}),
        ('{Project = "thera", CostCenter = 42}', {'Project': 'thera', 'CostCenter': '42'}),
        ('"Url=https://thera.example/?a=b Owner=data"', {
            'Url': 'https://thera.example/?a=b', 'Owner': 'data',
        }),
        ('"Owner=data\\\\ team Project=thera"', {'Owner': 'data team', 'Project': 'thera'}),
        ('"Project="', {'Project': ''}),
        ('""', {}),
        ('[]', {}),
        ('"no tags here"', {}),
        ('"="', {}),
        ('"\\"Project=thera Owner=data"', {'Project': 'thera', 'Owner': 'data'}),
        ('true', {}),
    ],
)
def test_samconfig_tags(written: str, expected: dict[str, str]) -> None:
    text = f'version = 0.1\n[default.deploy.parameters]\ntags = {written}\n'
    assert of_samconfig('samconfig.toml', text).tags == expected


def test_samconfig_adds_up_environments_and_commands() -> None:
    text = (
        'version = 0.1\n'
        '[default.global.parameters]\ntags = "Project=thera"\n'
        '[default.build.parameters]\ntags = "Build=1"\n'
        '[dev.sync.parameters]\ntags = "Environment=dev"\n'
        '[prod.deploy.parameters]\nstack_name = "thera"\ntags = ["Owner=data"]\n'
    )
    assert of_samconfig('samconfig.toml', text).tags == {
        'Project': 'thera', 'Environment': 'dev', 'Owner': 'data',
    }


def test_samconfig_tags_of_the_environment_that_was_named() -> None:
    text = (
        '[default.deploy.parameters]\ntags = "Project=thera"\n'
        '[prod.global.parameters]\ntags = "Owner=data"\n'
        '[prod.sync.parameters]\ntags = "Team=data"\n'
        '[dev.build.parameters]\ncached = true\n'
    )
    expected = {'prod': {'Owner': 'data', 'Team': 'data'}, 'dev': {}}
    for environment, tags in expected.items():
        assert of_samconfig('samconfig.toml', text, environment).tags == tags
    every = {'Project': 'thera', 'Owner': 'data', 'Team': 'data'}
    assert of_samconfig('samconfig.toml', text, 'staging').tags == every


def test_a_command_has_other_tags_than_all_commands() -> None:
    text = '[a.global.parameters]\ntags = "A=1 B=2"\n[a.deploy.parameters]\ntags = "A=3"\n'
    assert of_samconfig('samconfig.toml', text).tags == {'A': '1', 'B': '2'}, 'sync has B'


def test_samconfig_in_yaml() -> None:
    text = 'version: 0.1\ndefault:\n  deploy:\n    parameters:\n      tags: [Project=thera]\n'
    assert of_samconfig('samconfig.yaml', text).tags == {'Project': 'thera'}


BROKEN = [
    '', '[', ']]', 'a = b', '- 1', '"', '\0', 'x = ' + '[' * 5000, 'default: {deploy: 1}',
    'default: {global: {parameters: [1]}}', '[default]\ndeploy = 1\n',
    '[default.deploy.parameters]\nparameter_overrides = 7\nregion = 7\ntemplate_file = 7\n',
]


@pytest.mark.parametrize('name', ['samconfig.toml', 'samconfig.yaml'])
@pytest.mark.parametrize('text', BROKEN)
def test_malformed_samconfig_holds_nothing(name: str, text: str) -> None:
    said = of_samconfig(name, text)
    assert (said.templates, said.parameters, said.tags) == (BY_DEFAULT, {}, {})


# The same texts give the same parameters in SAM 1.170.
@pytest.mark.parametrize(
    ('written', 'expected'),
    [
        ('"Stage=prod"', {'Stage': 'prod'}),
        ('"Stage=prod Memory=512"', {'Stage': 'prod', 'Memory': '512'}),
        ('"Stage=\\"prod\\" Owner=\\"data team\\""', {'Stage': 'prod', 'Owner': 'data team'}),
        ("\"Owner='data team'\"", {'Owner': 'data team'}),
        ('"Owner=data team"', {'Owner': 'data'}),
        ('"Owner=data\\\\ team Stage=prod"', {'Owner': 'data team', 'Stage': 'prod'}),
        ('"ParameterKey=Stage,ParameterValue=prod"', {'Stage': 'prod'}),
        ('"ParameterKey=Ports,ParameterValue=80,443 ParameterKey=A,ParameterValue=\\"b c\\""', {
            'Ports': '80,443', 'A': 'b c',
        }),
        ('["Stage=dev Memory=128", "Stage=prod"]', {'Stage': 'prod', 'Memory': '128'}),
        ('["Stage=dev", {Memory = 128}]', {'Stage': 'dev', 'Memory': '128'}),
        ('{Stage = "prod", Memory = 512, Live = true, Ports = [80, " 443", ""]}', {
            'Stage': 'prod', 'Memory': '512', 'Live': 'True', 'Ports': '80,443',
        }),
        ("{Stage = \"'prod'\"}", {'Stage': 'prod'}),
        ('"Key=c2VjcmV0cw== Url=https://thera.example/?a=b"', {
            'Key': 'c2VjcmV0cw==', 'Url': 'https://thera.example/?a=b',
        }),
        ('"Empty= Quoted=\\"\\""', {'Quoted': ''}),
        ('""', {}),
        ('[]', {}),
        ('"nothing here"', {}),
        ('true', {}),
    ],
)
def test_samconfig_parameters(written: str, expected: dict[str, str]) -> None:
    text = f'version = 0.1\n[default.deploy.parameters]\nparameter_overrides = {written}\n'
    assert of_samconfig('samconfig.toml', text).parameters == expected


def test_samconfig_parameters_of_one_environment() -> None:
    text = (
        'version = 0.1\n'
        '[default.global.parameters]\nregion = "eu-west-1"\nparameter_overrides = "A=1 B=2"\n'
        '[default.deploy.parameters]\nparameter_overrides = "A=3"\n'
        '[default.sync.parameters]\nparameter_overrides = "A=4"\n'
        '[prod.deploy.parameters]\nregion = "eu-central-1"\n'
        '[dev.global.parameters]\nparameter_overrides = ["AWS::Region=us-east-1", "A=5"]\n'
        'region = "eu-south-1"\n'
    )
    expected = {
        '': {'AWS::Region': 'eu-west-1', 'A': '3'},
        'default': {'AWS::Region': 'eu-west-1', 'A': '3'},
        'prod': {'AWS::Region': 'eu-central-1'},
        'dev': {'AWS::Region': 'us-east-1', 'A': '5'},
        'staging': {'AWS::Region': 'eu-west-1', 'A': '3'},
        'version': {'AWS::Region': 'eu-west-1', 'A': '3'},
    }
    for environment, parameters in expected.items():
        assert of_samconfig('samconfig.toml', text, environment).parameters == parameters


@pytest.mark.parametrize(
    ('text', 'expected'),
    [
        ('', ()),
        ('[default.deploy.parameters]\ntemplate_file = "infra/main.yaml"\n', ('infra/main.yaml',)),
        ('[default.deploy.parameters]\ntemplate = "main.yaml"\n', ('main.yaml',)),
        ('[default.global.parameters]\ntemplate_file = "main.yaml"\n', ('main.yaml', 'main.yaml')),
        ('[default.build.parameters]\ntemplate_file = "main.yaml"\n', ('main.yaml',)),
        ('[default.deploy.parameters]\ntemplate_file = ".aws-sam/build/template.yaml"\n', ()),
        ('[default.deploy.parameters]\ntemplate_file = ".aws-sam\\\\build\\\\template.yaml"\n', ()),
        ('[default.deploy.parameters]\ntemplate_file = "packaged.yaml"\n'
         '[default.build.parameters]\ntemplate = "main.yaml"\n', ('packaged.yaml', 'main.yaml')),
        ('[prod.deploy.parameters]\ntemplate_file = "main.yaml"\n', ()),
    ],
)
def test_which_template_a_samconfig_deploys(text: str, expected: tuple[str, ...]) -> None:
    assert of_samconfig('samconfig.toml', text).templates == (*expected, *BY_DEFAULT)


def manifest(**artifacts: object) -> str:
    return json.dumps({'version': '36.0.0', 'artifacts': artifacts})


def stack(template: str, tags: object = None, metadata: object = None) -> dict[str, object]:
    return {
        'type': 'aws:cloudformation:stack',
        'properties': {'templateFile': template, 'tags': tags},
        'metadata': metadata,
    }


def test_manifest_by_template() -> None:
    entry = {'type': 'aws:cdk:stack-tags', 'data': [{'Key': 'Owner', 'Value': 'data'}]}
    older = {'type': 'aws:cdk:stack-tags', 'data': [{'key': 'Project', 'value': 'thera'}]}
    text = manifest(
        Silver=stack('Silver.template.json', {'Project': 'thera'}, {'/Silver': [entry]}),
        Bronze=stack('Bronze.template.json', None, {'/Bronze': [older, {'type': 'aws:cdk:info'}]}),
        Bare=stack('Bare.template.json'),
        Tree={'type': 'cdk:tree', 'properties': {'templateFile': 'x', 'tags': {'No': 'tag'}}},
    )
    stacks = of_manifest(text)
    assert stacks == {
        'Silver.template.json': {'Project': 'thera', 'Owner': 'data'},
        'Bronze.template.json': {'Project': 'thera'},
        'Bare.template.json': {},
    }
    assert of_template(stacks, 'Bare.template.json') == {}
    nested = of_template(stacks, 'SilverCrawl.nested.template.json')
    assert nested == {'Project': 'thera', 'Owner': 'data'}


@pytest.mark.parametrize(
    'text',
    [
        '', '{', '[]', '7', '{"artifacts": []}', '{"name": "a web app", "icons": []}',
        '[' * 5000, manifest(A=None, B=[], C={'type': 'aws:cloudformation:stack'}),
    ],
)
def test_malformed_manifest_holds_no_stacks(text: str) -> None:
    assert of_manifest(text) == {}


@pytest.mark.parametrize(
    ('tags', 'metadata'),
    [
        ([], []), ('x', 'x'), ({'Project': ['a']}, {'/': 'x'}), (7, {'/': [7, {'type': 7}]}),
        (None, {'/': [{'type': 'aws:cdk:stack-tags', 'data': [None, 7, {'Key': {}}, 'x']}]}),
        (None, {'/': [{'type': 'aws:cdk:stack-tags', 'data': {}}]}),
    ],
)
def test_malformed_stack_holds_no_tags(tags: object, metadata: object) -> None:
    assert of_manifest(manifest(S=stack('S.json', tags, metadata))) == {'S.json': {}}


@pytest.mark.parametrize(('files', 'expected'), [
    ({'3f': {'source': {'path': 'asset.3f'}, 'destinations': {
        'here': {'objectKey': 'some/3f.zip'}, 'there': {'objectKey': '3f.zip'},
    }}}, {'3f.zip': 'asset.3f'}),
    ({'3f': {'source': {'executable': ['x']}, 'destinations': {'a': {'objectKey': '3f'}}}}, {}),
    ({'3f': {'source': {'path': 'a'}, 'destinations': {'a': {}, 'b': {'objectKey': 3}}}}, {}),
    ({'3f': {'source': {'path': 'a'}, 'destinations': []}}, {}),
    ({'3f': None}, {}),
    ([], {}),
], ids=str)
def test_assets(files: object, expected: dict[str, str]) -> None:
    assert of_assets(json.dumps({'version': '36.0.0', 'files': files})) == expected


@pytest.mark.parametrize('text', ['', '{', '[]', '7', '[' * 5000])
def test_malformed_assets_are_none(text: str) -> None:
    assert of_assets(text) == {}


# --- found on the disk


def tags_of(path: Path) -> object:
    project = files.load([str(path)]).project
    template, = project.templates
    return project.stack_tags(template)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / '.git').mkdir()
    (tmp_path / 'service' / 'infra').mkdir(parents=True)
    (tmp_path / 'service' / 'infra' / 'template.yaml').write_text(TEMPLATE)
    return tmp_path


def test_samconfig_beside_the_template(root: Path) -> None:
    (root / 'service' / 'infra' / 'samconfig.toml').write_text(TAGGED)
    assert tags_of(root / 'service' / 'infra' / 'template.yaml') == {'Project': 'thera'}


def test_samconfig_at_the_root_whatever_was_named(root: Path) -> None:
    (root / 'samconfig.toml').write_text(TAGGED)
    assert tags_of(root / 'service' / 'infra') == {'Project': 'thera'}
    assert tags_of(root / 'service' / 'infra' / 'template.yaml') == {'Project': 'thera'}


def test_the_nearest_samconfig_counts(root: Path) -> None:
    (root / 'samconfig.toml').write_text(TAGGED)
    (root / 'service' / 'samconfig.toml').write_text('version = 0.1\n')
    assert tags_of(root) == {}


def test_samconfig_above_the_root_does_not_count(root: Path) -> None:
    (root / 'service' / '.git').touch()
    (root / 'samconfig.toml').write_text(TAGGED)
    assert tags_of(root) == {}


def test_samconfig_that_cannot_be_read(root: Path) -> None:
    (root / 'samconfig.toml').mkdir()
    assert tags_of(root) == {}


def test_samconfig_is_toml_even_with_a_byte_order_mark(root: Path) -> None:
    (root / 'samconfig.toml').write_bytes(b'\xef\xbb\xbf' + TAGGED.encode())
    assert tags_of(root) == {'Project': 'thera'}


def test_standard_input_has_no_folder(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (root / 'samconfig.toml').write_text(TAGGED)
    monkeypatch.chdir(root)
    project = files.load([], texts={'template.yaml': TEMPLATE.encode()}).project
    assert project.stack_tags(project.templates[0]) == {}


def test_manifest_beside_the_template(root: Path) -> None:
    assembly = root / 'cdk.out'
    assembly.mkdir()
    (assembly / 'Silver.template.json').write_text(json.dumps({
        'Resources': {'Companies': {'Type': 'AWS::S3::Bucket'}},
    }))
    (assembly / 'manifest.json').write_text(
        manifest(Silver=stack('Silver.template.json', {'Owner': 'data'})),
    )
    (root / 'samconfig.toml').write_text(TAGGED)
    assert tags_of(assembly) == {'Project': 'thera', 'Owner': 'data'}


def test_each_file_is_read_once(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr(files, '_configuration', lambda name: asked.append(name) or '')
    (root / 'samconfig.toml').write_text(TAGGED)
    (root / 'service' / 'infra' / 'other.yaml').write_text(TEMPLATE)
    project = files.load([str(root)]).project
    assert [Path(name).name for name in asked] == ['samconfig.toml']
    for template in project.templates * 2:
        project.stack_tags(template)
    assert [Path(name).name for name in asked] == ['samconfig.toml', 'manifest.json']


def names_of(path: Path, asked: Config) -> dict[str, str | None]:
    """The bucket's name, which tells the values of parameters, by file."""
    templates = files.load([str(path)], asked).project.templates
    return {
        Path(one.filename).name: one.views('Companies')[0].properties.text('BucketName')
        for one in templates
    }


def with_name(name: str) -> str:
    return (
        'Parameters: {A: {Default: 0}, B: {Default: 0}, C: {Default: 0}, D: {Default: 0}}\n'
        'Resources:\n  Companies:\n    Type: AWS::S3::Bucket\n'
        f'    Properties: {{BucketName: !Sub "{name}"}}\n'
    )


def test_samconfig_parameters_are_those_of_the_template_it_deploys(root: Path) -> None:
    infra = root / 'service' / 'infra'
    for name in ('template.yaml', 'template.yml', 'main.yaml'):
        (infra / name).write_text(with_name('${A}-${AWS::Region}'))
    written = '[default.deploy.parameters]\nparameter_overrides = "A=1"\nregion = "eu-west-1"\n'
    nothing = {'template.yaml': None, 'template.yml': None, 'main.yaml': None}
    (infra / 'samconfig.toml').write_text(written)
    assert names_of(infra, Config()) == {**nothing, 'template.yaml': '1-eu-west-1'}
    (infra / 'samconfig.toml').write_text(written + 'template = "./main.yaml"\n')
    assert names_of(infra, Config()) == {**nothing, 'main.yaml': '1-eu-west-1'}
    (infra / 'samconfig.toml').unlink()
    (root / 'samconfig.toml').write_text(written + 'template = "service/infra/template.yml"\n')
    assert names_of(infra, Config()) == {**nothing, 'template.yml': '1-eu-west-1'}


def test_the_configuration_comes_over_samconfig(root: Path) -> None:
    infra = root / 'service' / 'infra'
    (infra / 'template.yaml').write_text(with_name('${A}-${B}-${C}-${D}'))
    (infra / 'samconfig.yaml').write_text(
        'default: {deploy: {parameters: {parameter_overrides: [A=1, B=1, C=1, D=1]}}}\n'
        'prod: {deploy: {parameters: {parameter_overrides: [A=2, B=2, C=2, D=2]}}}\n',
    )
    (root / 'params.json').write_text('["B=3", "C=3", "D=3"]')
    asked = read_config(str(root / '.thera-lint.yaml'), (
        'environment: prod\nparameter-files: [params.json]\nparameters: {C: 4, D: 4}\n'
    ), [])
    asked = with_arguments(asked, list, parameters=['D=5'])
    assert names_of(infra, asked) == {'template.yaml': '2-3-4-5'}


# --- from the stacks above


def nested(root: Path, properties: str) -> object:
    (root / 'parent.yaml').write_text(
        'Resources:\n  Crawl:\n    Type: AWS::CloudFormation::Stack\n    Properties:\n'
        f'      TemplateURL: service/infra/template.yaml\n{properties}',
    )
    project = files.load([str(root)]).project
    child, = (one for one in project.templates if one.filename.endswith('template.yaml'))
    return project.stack_tags(child)


def test_tags_of_the_stack_above(root: Path) -> None:
    (root / 'samconfig.toml').write_text(TAGGED)
    written = '      Tags: [{Key: Owner, Value: data}, {Key: lambda:createdBy, Value: SAM}]\n'
    assert nested(root, written) == {'Project': 'thera', 'Owner': 'data'}


def test_unknown_tags_of_the_stack_above(root: Path) -> None:
    assert nested(root, '      Tags: !Ref Tags\n') is None


def test_no_tags_of_the_stack_above(root: Path) -> None:
    assert nested(root, '') == {}


def test_a_stack_that_nests_itself(root: Path) -> None:
    loop = (
        'Resources:\n  Again:\n    Type: AWS::CloudFormation::Stack\n    Properties:\n'
        '      TemplateURL: %s\n      Tags: [{Key: %s, Value: x}]\n'
    )
    (root / 'one.yaml').write_text(loop % ('two.yaml', 'One'))
    (root / 'two.yaml').write_text(loop % ('one.yaml', 'Two'))
    project = files.load([str(root)]).project
    one = next(one for one in project.templates if one.filename.endswith('one.yaml'))
    assert project.stack_tags(one) == {'One': 'x', 'Two': 'x'}
