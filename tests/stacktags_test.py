from __future__ import annotations

import json
from pathlib import Path

import pytest

from thera_lint import files
from thera_lint.stacktags import of_manifest
from thera_lint.stacktags import of_samconfig
from thera_lint.stacktags import of_template

TEMPLATE = 'Resources: {Companies: {Type: AWS::S3::Bucket}}'
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
    assert of_samconfig('samconfig.toml', text) == expected


def test_samconfig_adds_up_environments_and_commands() -> None:
    text = (
        'version = 0.1\n'
        '[default.global.parameters]\ntags = "Project=thera"\n'
        '[default.build.parameters]\ntags = "Build=1"\n'
        '[dev.sync.parameters]\ntags = "Environment=dev"\n'
        '[prod.deploy.parameters]\nstack_name = "thera"\ntags = ["Owner=data"]\n'
    )
    assert of_samconfig('samconfig.toml', text) == {
        'Project': 'thera', 'Environment': 'dev', 'Owner': 'data',
    }


def test_samconfig_in_yaml() -> None:
    text = 'version: 0.1\ndefault:\n  deploy:\n    parameters:\n      tags: [Project=thera]\n'
    assert of_samconfig('samconfig.yaml', text) == {'Project': 'thera'}


@pytest.mark.parametrize('name', ['samconfig.toml', 'samconfig.yaml'])
@pytest.mark.parametrize(
    'text', ['', '[', ']]', 'a = b', '- 1', '"', '\0', 'x = ' + '[' * 5000, 'default: {deploy: 1}'],
)
def test_malformed_samconfig_holds_no_tags(name: str, text: str) -> None:
    assert of_samconfig(name, text) == {}


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


# --- found on the disk


def tags_of(path: Path) -> object:
    project = files.load([str(path)], {}).project
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
    project = files.load([], {}, ('template.yaml', TEMPLATE.encode())).project
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


def test_nothing_is_read_until_a_rule_asks(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr(files, '_configuration', lambda name: asked.append(name) or '')
    (root / 'samconfig.toml').write_text(TAGGED)
    project = files.load([str(root)], {}).project
    assert asked == []
    project.stack_tags(project.templates[0])
    assert [Path(name).name for name in asked] == ['samconfig.toml', 'manifest.json']
    project.stack_tags(project.templates[0])
    assert len(asked) == 2


# --- from the stacks above


def nested(root: Path, properties: str) -> object:
    (root / 'parent.yaml').write_text(
        'Resources:\n  Crawl:\n    Type: AWS::CloudFormation::Stack\n    Properties:\n'
        f'      TemplateURL: service/infra/template.yaml\n{properties}',
    )
    project = files.load([str(root)], {}).project
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
    project = files.load([str(root)], {}).project
    one = next(one for one in project.templates if one.filename.endswith('one.yaml'))
    assert project.stack_tags(one) == {'One': 'x', 'Two': 'x'}
