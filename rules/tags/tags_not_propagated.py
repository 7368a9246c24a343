from __future__ import annotations

from collections.abc import Iterator

from thera_lint.project import Project
from thera_lint.rule import Finding
from thera_lint.rule import Option
from thera_lint.rule import Options
from thera_lint.rule import ResourceRule
from thera_lint.tags import letters
from thera_lint.tags import ours
from thera_lint.tags import REQUIRED
from thera_lint.tags import tag_sets
from thera_lint.template import Resource
from thera_lint.values import as_flag
from thera_lint.values import Map
from thera_lint.values import Seq
from thera_lint.values import Unknown
from thera_lint.words import listed

_TEMPLATE = 'AWS::EC2::LaunchTemplate'


class TagsNotPropagated(ResourceRule):
    """Tags that stop short of what bills.

    ## Why it costs

    A group, a service or a template is free; its instances, tasks and volumes are on the
    bill, and they carry only the tags that are handed on. Auto Scaling asks it of each tag
    (PropagateAtLaunch), ECS and Batch of the service or job definition (PropagateTags), a
    Batch compute environment keeps its own tags and has others for its instances
    (ComputeResources.Tags), and a launch template tags volumes apart from instances. What is
    left out is in nobody's report, although everything in the template looks tagged.

    ## When it is right

    Where a job or task is tagged by what submits it. An Auto Scaling group says for each tag
    whether it is handed on, and some are for the group alone: only keys in `required` are
    asked of it, and none that its launch template gives the instances, or may. `Name` and
    what AWS and tools write do not count. Services and jobs on EC2 are left alone, since the
    instance is what bills there.

    ## References

    - https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-tagging.html
    - https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-using-tags.html
    - https://docs.aws.amazon.com/batch/latest/userguide/tag-resources.html
    - https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-properties-ec2-launchtemplate-tagspecification.html
    """

    id = 'WC8005'
    remedy = 'hand the tags on to what bills'
    resources = (
        'AWS::AutoScaling::AutoScalingGroup',
        'AWS::Batch::ComputeEnvironment',
        'AWS::Batch::JobDefinition',
        'AWS::EC2::LaunchTemplate',
        'AWS::ECS::Service',
    )

    options = (
        Option(
            'required', REQUIRED,
            'Tag keys, in any spelling, that an Auto Scaling group must not keep to itself.',
        ),
    )

    def check(self, resource: Resource, project: Project, options: Options) -> Iterator[Finding]:
        kind = resource.type.rpartition('::')[2]
        yield from {
            'AutoScalingGroup': _group,
            'ComputeEnvironment': _environment,
            'JobDefinition': _job,
            'LaunchTemplate': _launch_template,
            'Service': _service,
        }[kind](resource, project, options)


def _group(resource: Resource, project: Project, options: Options) -> Iterator[Finding]:
    items = resource.properties.seq('Tags') or ()
    required = {letters(key) for key in options.required}
    kept = {
        str(item['Key']): index for index, item in enumerate(items)
        if isinstance(item, Map) and item.flag('PropagateAtLaunch') is False
        and letters(item.text('Key') or '') in required
    }
    from_template = _launched_with(resource, project)
    from_stack = project.stack_tags(resource.template)
    if from_template is None or from_stack is None:
        return
    keys = [key for key in kept if key not in from_template and key not in from_stack]
    if keys:
        yield Finding(
            ('Tags', kept[keys[0]]),
            f'`{resource.logical_id}` keeps {_said(keys)} to itself (PropagateAtLaunch false), so '
            'its instances, which are what bills, go without',
        )


def _service(resource: Resource, project: Project, options: Options) -> Iterator[Finding]:
    properties = resource.properties
    if not _unset(properties, 'PropagateTags', 'NONE') or not _on_fargate(properties):
        return
    keys = [tag.key for one in tag_sets(resource) for tag in one.tags or ()]
    source = 'SERVICE'
    if not keys:
        source = 'TASK_DEFINITION'
        for task in project.find(
                properties.get('TaskDefinition'), resource.template, 'AWS::ECS::TaskDefinition',
        ):
            keys = list(_written(task.properties.get('Tags')) or ())
    keys = [key for key in keys if ours(key)]
    if keys:
        yield Finding(
            () if properties.absent('PropagateTags') else ('PropagateTags',),
            f'`{resource.logical_id}` does not hand {_said(keys)} on to its Fargate tasks, which '
            f'are what bills: PropagateTags must say {source}',
        )


def _job(resource: Resource, project: Project, options: Options) -> Iterator[Finding]:
    properties = resource.properties
    capabilities = properties.seq('PlatformCapabilities') or ()
    keys = _ours(properties)
    if keys and 'FARGATE' in capabilities and _unset(properties, 'PropagateTags', False):
        yield Finding(
            ('Tags',) if properties.absent('PropagateTags') else ('PropagateTags',),
            f'`{resource.logical_id}` does not hand {_said(keys)} on to its Fargate tasks, which '
            'are what bills: PropagateTags must say true',
        )


def _environment(resource: Resource, project: Project, options: Options) -> Iterator[Finding]:
    computes = resource.properties.map('ComputeResources')
    keys = _ours(resource.properties)
    if computes is None or computes.text('Type') not in ('EC2', 'SPOT') or not keys:
        return
    if computes.absent('Tags') and computes.absent('LaunchTemplate'):
        yield Finding(
            ('ComputeResources',),
            f'`{resource.logical_id}` keeps {_said(keys)} to itself, so its instances, which are '
            'what bills, go without: they take ComputeResources.Tags',
        )


def _launch_template(resource: Resource, project: Project, options: Options) -> Iterator[Finding]:
    data = resource.properties.map('LaunchTemplateData') or Map()
    specifications = data.seq('TagSpecifications') or Seq([], [])
    by_type: dict[str, dict[str, None]] = {}
    for one in specifications:
        of = one.text('ResourceType') if isinstance(one, Map) else None
        keys = _written(one.get('Tags')) if isinstance(one, Map) else None
        if of is None or keys is None:
            return
        by_type.setdefault(of, {}).update(dict.fromkeys(keys))
    keys = [key for key in by_type.get('instance', ()) if ours(key)]
    if keys and 'volume' not in by_type:
        yield Finding(
            ('LaunchTemplateData', 'TagSpecifications'),
            f'`{resource.logical_id}` tags instances with {_listed(keys)} and not their '
            'volumes, which bill on their own',
        )


def _launched_with(group: Resource, project: Project) -> set[str] | None:
    """The keys that the group's launch template gives its instances; None where unknown."""
    properties = group.properties
    holder = properties
    if not properties.absent('MixedInstancesPolicy'):
        policy = properties.map('MixedInstancesPolicy') or Map(open=True)
        holder = policy.map('LaunchTemplate') or Map(open=True)
    name = 'LaunchTemplate' if holder is properties else 'LaunchTemplateSpecification'
    if holder.absent(name):
        return set()
    specification = holder.map(name) or Map()
    value = specification.get('LaunchTemplateId') or specification.get('LaunchTemplateName')
    found = project.find(value, group.template, _TEMPLATE)
    keys: set[str] = set()
    for one in found:
        data = one.properties.map('LaunchTemplateData') or Map(open=True)
        specifications = data.get('TagSpecifications')
        if data.open or isinstance(specifications, Unknown):
            return None
        for each in specifications or ():
            tags = _written(each.get('Tags')) if isinstance(each, Map) else None
            if tags is None:
                return None
            if each.text('ResourceType') == 'instance':
                keys.update(tags)
    return keys if found else None


def _on_fargate(service: Map) -> bool:
    """Whether a service's tasks certainly bill on their own."""
    return service.text('LaunchType') == 'FARGATE' or any(
        one.text('CapacityProvider') in ('FARGATE', 'FARGATE_SPOT')
        for _, one in service.maps('CapacityProviderStrategy')
    )


def _unset(properties: Map, name: str, off: str | bool) -> bool:
    """Whether a property certainly is not there, or says no."""
    value = properties.get(name)
    return properties.absent(name) or (
        as_flag(value) is False if off is False else value == off
    )


def _written(tags: object) -> list[str] | None:
    """The keys of a list or mapping of tags; None where there may be more than are known."""
    if tags is None:
        return []
    if isinstance(tags, Map):
        return None if tags.open else list(tags)
    if not isinstance(tags, Seq):
        return None
    keys = [item.text('Key') if isinstance(item, Map) else None for item in tags]
    return None if None in keys else [key for key in keys if key is not None]


def _ours(holder: Map) -> list[str]:
    return [key for key in _written(holder.get('Tags')) or () if ours(key)]


def _said(keys: list[str]) -> str:
    return f'its tag{"s" * (len(keys) > 1)} {_listed(keys)}'


def _listed(keys: list[str]) -> str:
    return listed([f'`{key}`' for key in keys])
