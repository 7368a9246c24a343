from __future__ import annotations

from collections.abc import Iterator

from thera_lint.project import Project
from thera_lint.rule import Finding
from thera_lint.rule import Options
from thera_lint.rule import StateRule
from thera_lint.rules.athena import _queries
from thera_lint.states import State


class QueryOutsideWorkgroup(StateRule):
    """A state starts a query in whatever the account's primary workgroup allows.

    ## Why it costs

    A workgroup is what can stop a query: BytesScannedCutoffPerQuery cancels it at a number of
    bytes. It also is what tells one project's queries from another's in metrics and, by its
    tags, on the bill. Without WorkGroup a query runs in the group `primary`, which belongs to
    the account: it has no limit unless somebody set one by hand, and nothing in this project
    can say so.

    ## When it is right

    In an account of one project, whose primary workgroup has its limits. Write
    `WorkGroup: primary` then, to say that it is meant.

    ## References

    - https://docs.aws.amazon.com/athena/latest/ug/workgroups-manage-queries-control-costs.html
    - https://docs.aws.amazon.com/athena/latest/ug/workgroups-setting-control-limits-cloudwatch.html
    - https://docs.aws.amazon.com/athena/latest/APIReference/API_StartQueryExecution.html
    """

    id = 'WC3017'
    states = ('Task',)
    remedy = 'name a WorkGroup with a BytesScannedCutoffPerQuery'

    def check(self, state: State, project: Project, options: Options) -> Iterator[Finding]:
        parameters = state.parameters
        if not _queries.is_start(state):
            return
        if parameters.absent('WorkGroup') and parameters.absent('WorkGroup.$'):
            yield Finding(
                ('Arguments' if state.jsonata else 'Parameters',),
                f'`{state.name}` starts a query in no workgroup of this project, so no limit that '
                f'is written here stops a scan, at {_queries.scan()}',
            )
