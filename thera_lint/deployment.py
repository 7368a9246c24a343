"""What a deployment gives to a whole stack, as SAM and CDK write it down: tags and parameters.

Text in, values out; what is malformed holds none.
"""
from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from collections.abc import Mapping
from typing import Any
from typing import NamedTuple

from thera_lint.source import read
from thera_lint.source import SourceError
from thera_lint.values import as_text

ASSETS = '.assets.json'
"""How the names end of the files in a CDK cloud assembly that list what a stack uploads."""

SAMCONFIGS = ('samconfig.toml', 'samconfig.yaml', 'samconfig.yml')
"""In the order in which SAM looks for them."""

# Where SAM looks, in this order, when nobody names a template.
_TEMPLATES = ('template.yaml', 'template.yml', 'template.json')
_WORD = re.compile(r"""(?:"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|\\.|[^\s"'\\])+""", re.S)
_LONG = re.compile('ParameterKey=(.*?),ParameterValue=', re.S)


class Samconfig(NamedTuple):
    """What `sam deploy` deploys, and with what."""

    templates: tuple[str, ...]
    """Paths seen from the samconfig; the first that exists is deployed."""
    parameters: dict[str, str]
    """AWS::Region among them; of the environment, or of `default` where it is not there."""
    tags: dict[str, str]
    """Of the environment; of all together where it is not there."""
    environments: tuple[str, ...]


def of_samconfig(filename: str, text: str, environment: str = '') -> Samconfig:
    """What a samconfig says of one of its environments.

    https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/serverless-sam-cli-config.html
    """
    parsed = _parsed(filename, text)
    environments = {
        name: one for name, one in parsed.items() if isinstance(one, dict)
    } if isinstance(parsed, dict) else {}
    asked = environments.get(environment)
    own = environments.get('default') if asked is None else asked
    deploy = _sam_options(own, 'deploy')
    region = deploy.get('region')
    named = []
    for options in (deploy, _sam_options(own, 'build')):
        name = options.get('template_file', options.get('template'))
        # What `sam build` writes is deployed, but its source is linted.
        if isinstance(name, str) and '.aws-sam' not in re.split(r'[/\\]', name):
            named.append(name)
    tags: dict[str, str] = {}
    for one in environments.values() if asked is None else [asked]:
        for command in ('deploy', 'sync'):  # these two create stacks
            tags.update(_sam_tags(_sam_options(one, command).get('tags')))
    return Samconfig(
        (*named, *_TEMPLATES),
        {
            **({'AWS::Region': region} if isinstance(region, str) else {}),
            **_sam_parameters(deploy.get('parameter_overrides')),
        },
        tags,
        tuple(environments),
    )


def of_manifest(text: str) -> dict[str, dict[str, str]]:
    """Tags by template file, from the manifest.json of a CDK cloud assembly.

    https://docs.aws.amazon.com/cdk/api/v2/docs/aws-cdk-lib.cloud_assembly_schema.AwsCloudFormationStackProperties.html
    """
    stacks: dict[str, dict[str, str]] = {}
    for artifact in _values(_below(_parsed('manifest.json', text), 'artifacts')):
        template = _below(artifact, 'properties', 'templateFile')
        if _below(artifact, 'type') != 'aws:cloudformation:stack' or not isinstance(template, str):
            continue
        tags = stacks.setdefault(template, {})
        for entries in _values(_below(artifact, 'metadata')):
            for entry in entries if isinstance(entries, list) else ():
                if _below(entry, 'type') == 'aws:cdk:stack-tags':
                    tags.update(_listed(_below(entry, 'data')))
        tags.update(_texts(_below(artifact, 'properties', 'tags')))
    return stacks


def of_assets(text: str) -> dict[str, str]:
    """The files that CDK uploads for a stack, each by the last part of its object's key in S3.

    https://docs.aws.amazon.com/cdk/api/v2/docs/aws-cdk-lib.cloud_assembly_schema.FileAsset.html
    """
    found: dict[str, str] = {}
    for asset in _values(_below(_parsed('assets.json', text), 'files')):
        path = _below(asset, 'source', 'path')
        for destination in _values(_below(asset, 'destinations')):
            key = _below(destination, 'objectKey')
            if isinstance(path, str) and isinstance(key, str):
                found[key.rpartition('/')[2]] = path
    return found


def of_template(stacks: Mapping[str, Mapping[str, str]], template: str) -> dict[str, str]:
    """What a template file of an assembly gets; `stacks` as `of_manifest` gives them.

    The manifest does not list nested stacks. One gets the tags of the stack above it; which
    that is, it does not say either, so any may be.
    """
    if template in stacks:
        return dict(stacks[template])
    return {key: value for tags in stacks.values() for key, value in tags.items()}


def _parsed(filename: str, text: str) -> Any:
    try:
        return _toml(text) if filename.endswith('.toml') else read(filename, text).data
    except (SourceError, ValueError, RecursionError):
        return None


def _toml(text: str) -> Any:
    # Imported here: few runs meet such a file.
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    return tomllib.loads(text)


def _below(node: Any, *keys: str) -> Any:
    for key in keys:
        node = node.get(key) if isinstance(node, dict) else None
    return node


def _values(node: Any) -> list[Any]:
    return list(node.values()) if isinstance(node, dict) else []


def _sam_options(environment: Any, command: str) -> dict[str, Any]:
    """`global` holds for every command; a command outdoes it option by option."""
    options: dict[str, Any] = {}
    for name in ('global', command):
        parameters = _below(environment, name, 'parameters')
        options.update(parameters if isinstance(parameters, dict) else {})
    return options


def _texts(node: Any) -> dict[str, str]:
    if not isinstance(node, dict):
        return {}
    texts = {key: as_text(value) for key, value in node.items()}
    return {key: text for key, text in texts.items() if text is not None}


def _listed(node: Any) -> Iterator[tuple[str, str]]:
    for tag in node if isinstance(node, list) else ():
        key, value = (
            as_text(_below(tag, name) or _below(tag, name.lower())) for name in ('Key', 'Value')
        )
        if key is not None:
            yield key, value or ''


def _sam_tags(node: Any) -> dict[str, str]:
    """`Project="x y" Owner=z`, or a list of such, or a mapping."""
    if isinstance(node, dict):
        return _texts(node)
    return dict(
        pair for text in (node if isinstance(node, list) else [node]) if isinstance(text, str)
        # SAM takes a lone pair whole: its value may hold spaces without quotes.
        for word in ([text] if text.count('=') == 1 else _WORD.findall(text))
        for pair in _pair(word)
    )


def _sam_parameters(node: Any) -> dict[str, str]:
    """As tags, or `ParameterKey=Stage,ParameterValue=prod`; SAM passes over an empty value."""
    if isinstance(node, list):
        return {key: value for one in node for key, value in _sam_parameters(one).items()}
    if isinstance(node, dict):
        texts = {key: _as_sam(value) for key, value in node.items()}
        return {key: _unquoted(text) for key, text in texts.items() if text is not None}
    words = _WORD.findall(node) if isinstance(node, str) else []
    words = [_LONG.sub(r'\1=', word) for word in words]
    return dict(pair for word in words if word.partition('=')[2] for pair in _pair(word))


def _as_sam(value: Any) -> str | None:
    """A value of a mapping as SAM passes it on: Python writes true as True."""
    if isinstance(value, list):
        items = [_as_sam(item) for item in value]
        return ','.join(item.strip() for item in items if item)
    if isinstance(value, bool):
        return str(value)
    return '' if value is None else as_text(value)


def _pair(word: str) -> Iterator[tuple[str, str]]:
    key, equals, value = word.partition('=')
    if equals and _unquoted(key):
        yield _unquoted(key), _unquoted(value)


def _unquoted(text: str) -> str:
    text = text.strip()
    if len(text) > 1 and text[0] == text[-1] and text[0] in '"\'':
        text = text[1:-1]
    return re.sub(r"""\\([ "'])""", r'\1', text)
