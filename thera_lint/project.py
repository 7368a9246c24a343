"""All documents of a run together, and who refers to whom.

Names are compared as canonical text, in which an unknown part stands as `⟨name⟩`: two
strings built alike from the same parameters are equal, `AWS::StackName` only within one
template.
"""
from __future__ import annotations

import posixpath
import re
from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
from functools import cached_property
from typing import Any
from typing import NamedTuple
from typing import TypeVar

from thera_lint import states
from thera_lint import tags
from thera_lint.source import Source
from thera_lint.source import SourceError
from thera_lint.states import StateMachine
from thera_lint.template import Resource
from thera_lint.template import Template
from thera_lint.values import as_text
from thera_lint.values import Import
from thera_lint.values import Map
from thera_lint.values import Parameter
from thera_lint.values import Path
from thera_lint.values import Reference
from thera_lint.values import Seq
from thera_lint.values import Text
from thera_lint.values import Unknown

_UNSETTLED = '⟨?⟩'  # equals nothing, not even itself

# The property that names a resource, where it is not `Name`.
_NAMES = {
    'AWS::Athena::NamedQuery': 'Name',
    'AWS::CloudWatch::Alarm': 'AlarmName',
    'AWS::CloudWatch::CompositeAlarm': 'AlarmName',
    'AWS::CloudWatch::Dashboard': 'DashboardName',
    'AWS::DynamoDB::GlobalTable': 'TableName',
    'AWS::DynamoDB::Table': 'TableName',
    'AWS::ECS::Cluster': 'ClusterName',
    'AWS::KinesisFirehose::DeliveryStream': 'DeliveryStreamName',
    'AWS::Lambda::Function': 'FunctionName',
    'AWS::Logs::LogGroup': 'LogGroupName',
    'AWS::S3::Bucket': 'BucketName',
    'AWS::SNS::Topic': 'TopicName',
    'AWS::SQS::Queue': 'QueueName',
    'AWS::StepFunctions::StateMachine': 'StateMachineName',
}

# What an ARN's resource part names: service, the words before the name, the type.
_ARNS = (
    ('athena', 'workgroup/', 'AWS::Athena::WorkGroup'),
    ('cloudwatch', 'alarm:', 'AWS::CloudWatch::Alarm'),
    ('dynamodb', 'table/', 'AWS::DynamoDB::Table'),
    ('dynamodb', 'table/', 'AWS::DynamoDB::GlobalTable'),
    ('events', 'event-bus/', 'AWS::Events::EventBus'),
    ('events', 'rule/', 'AWS::Events::Rule'),
    ('firehose', 'deliverystream/', 'AWS::KinesisFirehose::DeliveryStream'),
    ('glue', 'crawler/', 'AWS::Glue::Crawler'),
    ('glue', 'job/', 'AWS::Glue::Job'),
    ('kinesis', 'stream/', 'AWS::Kinesis::Stream'),
    ('lambda', 'function:', 'AWS::Lambda::Alias'),
    ('lambda', 'function:', 'AWS::Lambda::Function'),
    ('logs', 'log-group:', 'AWS::Logs::LogGroup'),
    ('s3', '', 'AWS::S3::Bucket'),
    ('sns', '', 'AWS::SNS::Topic'),
    ('sqs', '', 'AWS::SQS::Queue'),
    ('states', 'activity:', 'AWS::StepFunctions::Activity'),
    ('states', 'stateMachine:', 'AWS::StepFunctions::StateMachine'),
)

# Names inside other names: Application Auto Scaling's ResourceId, a function's log group.
_PREFIXES = (
    ('table/', 'AWS::DynamoDB::Table'),
    ('table/', 'AWS::DynamoDB::GlobalTable'),
    ('function:', 'AWS::Lambda::Alias'),
    ('function:', 'AWS::Lambda::Function'),
    ('/aws/lambda/', 'AWS::Lambda::Function'),
    ('s3://', 'AWS::S3::Bucket'),
)

_NAMING = tuple(words for words, _ in _PREFIXES)

_ARN = re.compile(
    r'(?:^|.*?[^\w-])arn:[^:]*:(?P<service>[a-z0-9-]+):[^:]*:[^:]*:(?P<tail>.+)\Z', re.S,
)
_NUMBERED = re.compile(r'(?P<name>[^:]+):(?:\$LATEST|\d+)\Z')
# ⟨0/LogicalId.Arn⟩ in canonical text.
_ATTRIBUTE = re.compile(r'⟨(?P<template>[0-9]{1,9})/(?P<logical_id>[^⟩.]+)\.\w*Arn⟩')

# Ref of these gives the ARN, not the name.
_ARN_BY_REF = frozenset((
    'AWS::Lambda::Alias',
    'AWS::Lambda::Version',
    'AWS::SNS::Topic',
    'AWS::StepFunctions::Activity',
    'AWS::StepFunctions::StateMachine',
    'AWS::StepFunctions::StateMachineAlias',
    'AWS::StepFunctions::StateMachineVersion',
))

# Where an alias or a version says what it stands for.
_BEHIND: dict[str, tuple[str, ...]] = {
    'AWS::Lambda::Alias': ('FunctionName',),
    'AWS::Lambda::Version': ('FunctionName',),
    'AWS::StepFunctions::StateMachineAlias': ('DeploymentPreference', 'StateMachineVersionArn'),
    'AWS::StepFunctions::StateMachineVersion': ('StateMachineArn',),
}

# Fields of a state machine that name its own states, or nothing.
_OWN_WORDS = frozenset(('Comment', 'Default', 'Next', 'StartAt', 'Type'))


_Made = TypeVar('_Made')


class Use(NamedTuple):
    """A place that refers to a resource: the user, and the path below its Properties.

    Below a state machine the path goes on through the definition.
    """

    user: Resource
    path: Path


class Project:
    """The templates and state machines of one run."""

    def __init__(
            self,
            templates: list[Template],
            machines: list[StateMachine],
            open_file: Callable[[str, str], Source],
            stack_tags: Callable[[str], Mapping[str, str]] | None = None,
            context: Sequence[Template] = (),
            assets: Callable[[str], Mapping[str, str]] | None = None,
    ) -> None:
        """`machines` are the standalone ones.

        `context` are templates that are known, so that what is declared there is found, but
        are not linted: `templates` are what to lint, `documents` both.

        `open_file(template's filename, relative path)` reads a definition; it raises
        LookupError where it must not or can't. `stack_tags(template's filename)` are the
        tags that its deployment is configured to give to the whole stack, where no template
        of this run nests it. `assets(template's filename)` are the files, seen from there,
        that its deployment uploads, each by the name of the object in S3.
        """
        self.templates = templates
        self.documents = [*templates, *context]
        self._standalone = machines
        self._open_file = open_file
        self._machines: dict[int, StateMachine | None] = {}
        self._files: dict[tuple[str, str], Source | SourceError | LookupError] = {}
        self._indexes = {id(template): str(index) for index, template in enumerate(self.documents)}
        self._made: dict[Callable[[Project], Any], Any] = {}
        self._texts: dict[tuple[int, Unknown], str] = {}
        self._configured_tags = stack_tags
        self._assets = assets
        self._stack_tags: dict[str, Mapping[str, Any] | None] = {}

    @cached_property
    def machines(self) -> list[StateMachine]:
        """The machines to lint in files of their own.

        One that a linted template defines a resource by is linted there; one that a template
        of the context does, is linted as that resource.
        """
        defined = {
            machine.source.filename: machine
            for resource in self.resources(states.MACHINE)
            if (machine := self.machine(resource)) is not None
        }
        linted = {id(template) for template in self.templates}
        result = []
        for machine in self._standalone:
            one = defined.get(machine.source.filename, machine)
            if one.resource is None or id(one.resource.template) not in linted:
                result.append(one)
        return result

    def resources(self, *types: str) -> Iterator[Resource]:
        """Every view of every resource of these types; of all types without an argument."""
        for template in self.documents:
            for kind in types or template.types:
                for logical_id in template.types.get(kind, ()):
                    yield from template.views(logical_id)

    def has(self, *types: str) -> bool:
        """Whether any template declares a resource of one of these types."""
        return any(kind in template.types for template in self.documents for kind in types)

    def once(self, make: Callable[[Project], _Made]) -> _Made:
        """What `make` makes of the run: an index that a rule asks at every resource."""
        if make not in self._made:
            self._made[make] = make(self)
        made: _Made = self._made[make]
        return made

    def machine(self, resource: Resource) -> StateMachine | None:
        """The state machine that a resource defines, if its definition is known."""
        key = id(resource)
        if key not in self._machines:
            filename = resource.template.filename

            def open_file(path: str) -> Source:
                return self._opened(filename, path)

            def asset(object_key: str) -> str | None:
                return self._asset(filename, object_key)

            self._machines[key] = states.of_resource(resource, open_file, asset)
        return self._machines[key]

    def _opened(self, template: str, path: str) -> Source:
        key = template, path
        if key not in self._files:
            try:
                self._files[key] = self._open_file(template, path)
            except (LookupError, SourceError) as error:
                self._files[key] = error
            except ValueError:  # no file system has such a name: a null byte, another drive
                self._files[key] = LookupError(path)
        result = self._files[key]
        if isinstance(result, Exception):
            raise result
        return result

    def _asset(self, template: str, object_key: str) -> str | None:
        """The file, seen from a template, that its deployment uploads to S3 as that object."""
        assets = self._assets(template) if self._assets is not None else {}
        return assets.get(object_key.rpartition('/')[2])

    # --- tags

    def stack_tags(self, template: Template) -> Mapping[str, Any] | None:
        """The tags that a template's resources get from its stack; None where unknown.

        They come from the stacks of this run that it is nested in, else from how it is deployed.
        """
        key = template.filename
        if key not in self._stack_tags:
            self._stack_tags[key] = {}  # where a template nests itself
            self._stack_tags[key] = self._tags_from_above(template)
        return self._stack_tags[key]

    def _tags_from_above(self, template: Template) -> Mapping[str, Any] | None:
        parents = self._parents.get(template.filename)
        if parents is None:
            return self._configured_tags(template.filename) if self._configured_tags else {}
        result: dict[str, Any] = {}
        for stack in parents:
            own, above = tags.of_stack(stack), self.stack_tags(stack.template)
            if own is None or above is None:
                return None
            result |= above
            result |= {tag.key: tag.value for tag in own}
        return result

    # --- names

    def name(self, resource: Resource) -> str:
        """The canonical text of a resource's own name.

        That of an alias begins with its function's. Without a name it is a token that
        equals nothing but this resource's Ref.
        """
        own = resource.properties.get(_NAMES.get(resource.type, 'Name'))
        name = None if own is None else self.text(own, resource.template)
        if name is not None and resource.type == 'AWS::Lambda::Alias':
            name = f'{self._function_name(resource)}:{name}'
        if name is None or _UNSETTLED in name:
            return self._token(resource.template, resource.logical_id)
        return name

    def _function_name(self, alias: Resource) -> str:
        value = alias.properties.get('FunctionName')
        if isinstance(value, Reference):
            value = Reference(value.logical_id)
        text = self.text(value, alias.template)
        return text.rpartition(':function:')[2]

    def text(self, value: Any, template: Template) -> str:
        """Canonical text of a string: comparable across the documents of the run."""
        if isinstance(value, Text):
            return ''.join(self.text(part, template) for part in value.parts)
        if isinstance(value, Unknown):
            key = id(template), value
            if key not in self._texts:
                self._texts[key] = _UNSETTLED  # a name that is made of itself
                self._texts[key] = self._unknown_text(value, template)
            return self._texts[key]
        known = as_text(value)
        return known if known is not None else _UNSETTLED

    def _unknown_text(self, value: Unknown, template: Template) -> str:
        elsewhere = {self.text(*origin) for origin in self._origins(value, template)}
        if len(elsewhere) == 1:
            return elsewhere.pop()
        if isinstance(value, Reference):
            return self._referred(value, template)
        if isinstance(value, Parameter):
            if elsewhere or value.name in ('AWS::StackName', 'AWS::StackId'):
                return self._token(template, value.name)
            return f'⟨{_plain(value.name)}⟩'
        if isinstance(value, Import):
            name = self.text(value.name, template)
            return _UNSETTLED if _UNSETTLED in name else f'⟨import {_plain(name)}⟩'
        return _UNSETTLED

    def _referred(self, value: Reference, template: Template) -> str:
        logical_id = value.logical_id.split('.')[0]
        attribute = value.attribute
        if attribute is None and template.kinds.get(logical_id) in _ARN_BY_REF:
            attribute = 'Arn'
        if attribute is None or attribute in ('Name', 'QueueName', 'TopicName'):
            names = {self.name(view) for view in template.views(logical_id)}
            return names.pop() if len(names) == 1 else self._token(template, logical_id)
        return self._token(template, f'{logical_id}.{attribute}')

    def _token(self, template: Template, name: str) -> str:
        return f'⟨{self._indexes.get(id(template), "?")}/{_plain(name)}⟩'

    def _origins(self, value: Unknown, template: Template) -> list[tuple[Any, Template]]:
        """What a value is where it comes from, if that is another template of this run.

        That of an import, of a parameter which stacks above hand down (each its own), and
        of a nested stack's output.
        """
        if isinstance(value, Import):
            exported = self._exports.get(self.text(value.name, template))
            return [exported] if exported else []
        if isinstance(value, Parameter):
            return [
                (passed[value.name], stack.template)
                for stack in self._parents.get(template.filename, ())
                if (passed := stack.properties.map('Parameters')) and value.name in passed
            ]
        if isinstance(value, Reference) and (value.attribute or '').startswith('Outputs.'):
            child = self._children.get((id(template), value.logical_id))
            output = child.outputs.map(str(value.attribute)[len('Outputs.'):]) if child else None
            return [(output.get('Value'), child)] if child and output is not None else []
        return []

    @cached_property
    def _exports(self) -> dict[str, tuple[Any, Template]]:
        result: dict[str, tuple[Any, Template]] = {}
        for template in self.documents:
            for output in template.outputs.values():
                export = output.map('Export') if isinstance(output, Map) else None
                if export is not None and 'Value' in output:
                    name = self.text(export.get('Name'), template)
                    if _UNSETTLED not in name:
                        result[name] = output['Value'], template
        return result

    @cached_property
    def _children(self) -> dict[tuple[int, str], Template]:
        """The template of a nested stack, by its parent and logical id."""
        by_name = {template.filename.replace('\\', '/'): template for template in self.documents}
        result: dict[tuple[int, str], Template] = {}
        for stack in self.resources('AWS::CloudFormation::Stack'):
            path = self._nested_path(stack)
            if path is not None:
                folder = posixpath.dirname(stack.template.filename.replace('\\', '/'))
                child = by_name.get(posixpath.normpath(posixpath.join(folder, path)))
                if child is not None and child is not stack.template:
                    result[id(stack.template), stack.logical_id] = child
        return result

    def _nested_path(self, stack: Resource) -> str | None:
        """The path of a nested stack's template, seen from its parent's.

        CDK writes the URL of an object in S3, and beside it, with its command, the file's name.
        """
        url = stack.properties.get('TemplateURL')
        if isinstance(url, str) and '://' not in url:
            return url
        metadata = stack.attributes.map('Metadata')
        written = metadata.text('aws:asset:path') if metadata is not None else None
        if written is not None:
            return written
        last = url.parts[-1] if isinstance(url, Text) else url
        return self._asset(stack.template.filename, last) if isinstance(last, str) else None

    @cached_property
    def _parents(self) -> dict[str, list[Resource]]:
        """The stacks that a template is nested by, by its filename."""
        result: dict[str, list[Resource]] = {}
        for stack in self.resources('AWS::CloudFormation::Stack'):
            child = self._children.get((id(stack.template), stack.logical_id))
            if child is not None:
                result.setdefault(child.filename, []).append(stack)
        return result

    # --- references

    @cached_property
    def _named(self) -> dict[str, list[Resource]]:
        result: dict[str, list[Resource]] = {}
        for resource in self.resources():
            token = self._token(resource.template, resource.logical_id)
            for name in {self.name(resource), token}:
                result.setdefault(name, []).append(resource)
        return result

    def find(self, value: Any, template: Template, *types: str) -> list[Resource]:
        """The resources that a value of `template` names: by Ref, GetAtt, name, ARN or import.

        All views of them; only of `types`, where given. An alias or a version also stands
        for what is behind it. Empty where none is known.
        """
        found: list[Resource] = []
        waiting = [(value, template)]
        seen = set()
        while waiting:
            one, home = waiting.pop()
            if isinstance(one, Unknown):
                if (id(home), one) in seen:
                    continue
                seen.add((id(home), one))
                origins = self._origins(one, home)
                if origins:
                    waiting += origins
                    continue
            found += self._named_by(one, home)
        for resource in found:  # it grows meanwhile
            if resource.type in _BEHIND:
                behind: Any = resource.properties
                for key in _BEHIND[resource.type]:
                    behind = behind.get(key) if isinstance(behind, Map) else None
                found += [
                    other for other in self._named_by(behind, resource.template)
                    if other not in found
                ]
        return [one for one in dict.fromkeys(found) if not types or one.type in types]

    def _named_by(self, value: Any, template: Template) -> list[Resource]:
        if isinstance(value, Reference):
            return list(template.views(value.logical_id.split('.')[0]))
        if not isinstance(value, (str, Text)):
            return []
        found = self._by_text(self.text(value, template))
        # A name stands once in an account: the same one in another template is of another.
        own = {one.type for one in found if one.template is template}
        return [one for one in found if one.template is template or one.type not in own]

    def _by_text(self, text: str) -> list[Resource]:
        # An attribute inside a longer string (an API's integration URI) is that resource.
        found = [
            resource
            for match in _ATTRIBUTE.finditer(text) if int(match['template']) < len(self.documents)
            for resource in self.documents[int(match['template'])].views(match['logical_id'])
        ] if '⟨' in text else []
        if found:
            return found
        match = _ARN.match(text) if 'arn:' in text else None
        if match:
            service, tail = match.group('service', 'tail')
            nested = _ARN.match(tail)  # apigateway:...:lambda:path/2015-03-31/functions/arn:...
            if nested:
                service, tail = nested.group('service', 'tail')
            for name, words, kind in _ARNS:
                if name == service and tail.startswith(words):
                    found += self._lookup(tail[len(words):], kind)
            return found
        for words, kind in _PREFIXES:
            if text.startswith(words):
                found += self._lookup(text[len(words):], kind)
        numbered = _NUMBERED.match(text)
        if numbered:
            found += self._lookup(numbered['name'], 'AWS::Lambda::Function')
        return found + self._named.get(text, [])

    def _lookup(self, tail: str, kind: str) -> list[Resource]:
        """Resources of a type whose name is `tail`, or begins it (a qualifier, a key, :*)."""
        exact = [r for r in self._named.get(tail, ()) if r.type == kind]
        if exact:
            return exact
        separators = ':' if kind == 'AWS::Logs::LogGroup' else '[:/]'
        name = re.split(separators, _guarded(tail), maxsplit=1)[0]
        return [r for r in self._named.get(name.replace('\0', '/'), ()) if r.type == kind]

    def uses(self, resource: Resource) -> list[Use]:
        """Every place of the run that refers to a resource, whatever the form."""
        return self._uses.get(resource.key, [])

    @cached_property
    def _uses(self) -> dict[tuple[str, str], list[Use]]:
        result: dict[tuple[str, str], list[Use]] = {}
        for user in self.resources():
            for path, value in self._leaves(user):
                if isinstance(value, str) and not self._may_name(value):
                    continue
                values = [value]
                if isinstance(value, Text):
                    values += [part for part in value.parts if isinstance(part, Unknown)]
                # A resource's own name is not a reference to another of that name.
                own = self.name(user) if path == (_NAMES.get(user.type, 'Name'),) else None
                seen = {user.key}
                for part in values:
                    for target in self.find(part, user.template):
                        if target.key not in seen and (own is None or self.name(target) != own):
                            seen.add(target.key)
                            result.setdefault(target.key, []).append(Use(user, path))
        return result

    def _may_name(self, text: str) -> bool:
        """Cheap, and never wrong: nine of ten strings of a template name nothing."""
        return text in self._named or ':' in text or text.startswith(_NAMING)

    def _leaves(self, user: Resource) -> Iterator[tuple[Path, Any]]:
        machine = self.machine(user) if user.type == states.MACHINE else None
        for key, value in user.properties.items():
            if machine is None or key != machine.root[-1]:
                yield from _leaves(value, (key,))
        if machine is not None:
            for path, value in _leaves(machine.definition, machine.root[3:]):
                if path[-1] not in _OWN_WORDS:
                    yield path, value


def _plain(name: str) -> str:
    """Without colons, so that a token inside an ARN is one field of it."""
    return name.replace(':', '.')


def _guarded(text: str) -> str:
    """Hide the separators inside ⟨0/LogicalId⟩."""
    return re.sub(r'⟨[^⟩]*⟩', lambda m: m.group().replace('/', '\0'), text)


def _leaves(value: Any, path: Path) -> Iterator[tuple[Path, Any]]:
    if isinstance(value, Map):
        for key, item in value.items():
            yield from _leaves(item, (*path, key))
    elif isinstance(value, Seq):
        for index, item in enumerate(value):
            yield from _leaves(item, (*path, index))
    elif isinstance(value, (str, Unknown)):
        yield path, value
