from __future__ import annotations

from collections.abc import Iterator

from thera_lint.project import Project
from thera_lint.rule import Finding
from thera_lint.rule import Fix
from thera_lint.rule import Options
from thera_lint.rule import ResourceRule
from thera_lint.rule import Set
from thera_lint.rules.athena import _workgroups
from thera_lint.template import Resource


class UnenforcedWorkgroup(ResourceRule):
    """A workgroup lets its clients override its settings.

    ## Why it costs

    With EnforceWorkGroupConfiguration false the settings of the client win over those of the
    workgroup: above all where results are written. They end up in whatever bucket a notebook or
    a driver once named, past the lifecycle that would expire them, unencrypted or owned by
    somebody else, and are stored and billed there for ever. The limit of bytes a query stays.

    The fix sets it to true. It is unsafe where a client reads its results from a bucket of its
    own choice: it would find them in the workgroup's.

    ## When it is right

    While clients that name their own location are moved over one by one. An absent
    EnforceWorkGroupConfiguration is true.

    ## References

    - https://docs.aws.amazon.com/athena/latest/ug/workgroups-settings-override.html
    - https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-athena-workgroup-workgroupconfiguration.html
    """

    id = 'WC3002'
    resources = (_workgroups.WORKGROUP,)
    remedy = 'set EnforceWorkGroupConfiguration to true'

    def check(self, resource: Resource, project: Project, options: Options) -> Iterator[Finding]:
        configuration = _workgroups.configuration(resource)
        if configuration is None or (
            configuration.flag('EnforceWorkGroupConfiguration') is not False
        ):
            return
        path = ('WorkGroupConfiguration', 'EnforceWorkGroupConfiguration')
        yield Finding(
            path,
            'a client may write its results to any bucket, where no lifecycle expires them: '
            f'`{resource.logical_id}` does not enforce its settings',
            fix=Fix('enforce the settings of the workgroup', False, (Set(path, True),)),
        )
