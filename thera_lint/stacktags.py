"""Tags that a deployment gives to a whole stack, as its tools write them down.

Text in, tags out; what is malformed holds no tags.
"""
from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from collections.abc import Mapping
from typing import Any

from thera_lint.source import read
from thera_lint.source import SourceError
from thera_lint.values import as_text

SAMCONFIGS = ('samconfig.toml', 'samconfig.yaml', 'samconfig.yml')
"""In the order in which SAM looks for them."""

# `global` holds for every command; the other two create stacks.
_COMMANDS = ('global', 'deploy', 'sync')
_WORD = re.compile(r"""(?:"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|\\.|[^\s"'\\])+""", re.S)


def of_samconfig(filename: str, text: str) -> dict[str, str]:
    """The tags of a samconfig file, those of all its environments together.

    https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/serverless-sam-cli-config.html
    """
    tags: dict[str, str] = {}
    for environment in _values(_parsed(filename, text)):
        for command in _COMMANDS:
            tags.update(_sam_tags(_below(environment, command, 'parameters', 'tags')))
    return tags


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
    tags: dict[str, str] = {}
    for text in node if isinstance(node, list) else [node]:
        if not isinstance(text, str):
            continue
        # SAM takes a lone pair whole: its value may hold spaces without quotes.
        for word in [text] if text.count('=') == 1 else _WORD.findall(text):
            key, equals, value = word.partition('=')
            if equals and _unquoted(key):
                tags[_unquoted(key)] = _unquoted(value)
    return tags


def _unquoted(text: str) -> str:
    text = text.strip()
    if len(text) > 1 and text[0] == text[-1] and text[0] in '"\'':
        text = text[1:-1]
    return re.sub(r"""\\([ "'])""", r'\1', text)
