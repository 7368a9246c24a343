"""The tags that the configuration has values for, as an edit; no rule itself."""
from __future__ import annotations

from collections.abc import Collection
from typing import Any

from thera_lint.rule import Edit
from thera_lint.rule import Fix
from thera_lint.rule import Option
from thera_lint.rule import Options
from thera_lint.rule import Set
from thera_lint.taggable import tag_property
from thera_lint.taggable import tags_fixed_at_creation
from thera_lint.template import Resource
from thera_lint.values import Path
from thera_lint.values import Seq
from thera_lint.words import listed

VALUES = Option(
    'values', (),
    'What the fix writes: each entry is a key, =, and its value. Without one for every key that '
    'is missing there is no fix.',
)


def tagged(
        resource: Resource, path: Path, missing: Collection[str], options: Options,
) -> Fix | None:
    """Give a resource the keys that it lacks at the path of a TagSet."""
    values = dict(entry.partition('=')[::2] for entry in options.values)
    where = tag_property(resource.type)
    if not missing or not values.keys() >= set(missing) or where is None:
        return None
    name, form = where
    if tags_fixed_at_creation(resource.type) or form == 'nested' and len(path) == 1:
        return None
    serverless = _is_serverless(resource)
    # What AWS makes of tags beside a definition that has some is not documented.
    if 'Body' in resource.properties and not serverless:
        return None
    if not _is_written_here(resource, name):
        return None
    if form == 'nested':
        path = (*path, 'Tags')
    given = {key: values[key] for key in missing}
    if form == 'map' or serverless:
        edits: list[Edit] = [Set((*path, key), value) for key, value in given.items()]
    else:
        more = {'PropagateAtLaunch': True} if form == 'asg' else {}
        tags = [{'Key': key, 'Value': value, **more} for key, value in given.items()]
        present = _at(resource, path)
        if isinstance(present, Seq) and present:
            edits = [Set((*path, index), tag) for index, tag in enumerate(tags, len(present))]
        else:
            edits = [Set(path, tags)]
    if resource.type == 'AWS::ECS::Service' and resource.properties.absent('PropagateTags'):
        edits.append(Set(('PropagateTags',), 'SERVICE'))  # its tasks are what bills
    return Fix(f'tag it with {listed(list(given))}', True, tuple(edits))


def _is_serverless(resource: Resource) -> bool:
    """Whether it was written for SAM, all of whose tags are mappings."""
    written = resource.template.raw['Resources'].get(resource.attributes.place[1])
    kind = written.get('Type') if isinstance(written, dict) else None
    return isinstance(kind, str) and kind.startswith('AWS::Serverless::')


def _is_written_here(resource: Resource, name: str) -> bool:
    """Whether tags are written, or could be: what SAM makes has no properties of its own."""
    if name in resource.properties:
        return name in resource.properties.place_of(name)
    return resource.properties.place[2:] == ('Properties',)


def _at(resource: Resource, path: Path) -> Any:
    value: Any = resource.properties
    for part in path:
        value = value.get(part) if isinstance(part, str) else value[part]
        if value is None:
            break
    return value
