"""Values of template parameters as people write them, and files full of them."""
from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from thera_lint.source import Problem
from thera_lint.source import read
from thera_lint.source import Source
from thera_lint.source import SourceError
from thera_lint.values import as_text
from thera_lint.values import Path


def of_file(filename: str, text: str) -> dict[str, str]:
    """The parameters of a file in one of the shapes that AWS's tools take.

    `[{"ParameterKey": ..., "ParameterValue": ...}]` and `["Key=Value"]` of the AWS CLI,
    `{"Parameters": ...}` of CodePipeline, `parameters` of Git sync, or a plain mapping; JSON or
    YAML. Raises SourceError with everything that is wrong.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cfn-whatis-concepts.html
    """
    source = read(filename, text)
    parameters: dict[str, str] = {}
    problems: list[Problem] = []
    for path, key, value in _pairs(source.data):
        found = as_parameter(value)
        if key is None:
            message = 'this is neither Key=Value nor a ParameterKey with its ParameterValue'
            problems.append(Problem(source.span(path), message))
        elif found is None:
            message = f'the value of {key} is text, a number, true, false or a list of such'
            problems.append(Problem(source.span(path), message))
        else:
            problems += misread(source, path, value)
            parameters[key] = found
    if problems:
        raise SourceError(problems)
    return parameters


def as_parameter(value: Any) -> str | None:
    """A value as CloudFormation gets it: a list with commas."""
    if not isinstance(value, list):
        return as_text(value)
    items = [as_text(item) for item in value]
    return ','.join(item for item in items if item is not None) if None not in items else None


def misread(source: Source, path: Path, value: Any) -> Iterator[Problem]:
    """Where YAML's or JSON's number or truth is not what stands there: 0123, 1.10, no."""
    lines = source.text.split('\n')
    several = isinstance(value, list)
    for index, item in enumerate(value if several else [value]):
        span = source.span((*path, index) if several else path)
        written = lines[span.line][span.column:span.end_column]
        if isinstance(item, str) or written.strip('\'"') == path[-1]:  # the value is elsewhere
            continue
        if not written.endswith(as_text(item) or ''):
            yield Problem(span, f'this is read as {as_text(item)}: put it in quotes')


def _pairs(data: Any) -> Iterator[tuple[Path, str | None, Any]]:
    """Where a value stands, its key, and the value; no key for what can't be meant."""
    if isinstance(data, list):
        for index, item in enumerate(data):
            yield from _item((index,), item)
    elif isinstance(data, dict):
        for name in ('Parameters', 'parameters'):
            if isinstance(data.get(name), (dict, list)):
                for path, key, value in _pairs(data[name]):
                    yield (name, *path), key, value
                return
        for key, value in data.items():
            yield (key,), key, value
    else:
        yield (), None, data


def _item(path: Path, item: Any) -> Iterator[tuple[Path, str | None, Any]]:
    if isinstance(item, str):
        key, equals, value = item.partition('=')
        yield path, key if equals and key else None, value
    elif isinstance(item, dict) and isinstance(item.get('ParameterKey'), str):
        if 'ParameterValue' in item:
            yield (*path, 'ParameterValue'), item['ParameterKey'], item['ParameterValue']
        elif not item.get('UsePreviousValue'):
            yield path, None, item
    else:
        yield path, None, item
