from __future__ import annotations

from collections.abc import Iterator

from thera_lint.prices import dollars
from thera_lint.prices import price
from thera_lint.project import Project
from thera_lint.rule import Finding
from thera_lint.rule import Fix
from thera_lint.rule import Options
from thera_lint.rule import ResourceRule
from thera_lint.rule import Set
from thera_lint.states import MACHINE
from thera_lint.template import Resource


class FullExecutionLogging(ResourceRule):
    """A state machine logs every event together with the data it handles.

    ## Why it costs

    At level ALL each state writes several events, and with IncludeExecutionData each of
    them carries the state's whole input or output. CloudWatch Logs bills that by the
    gigabyte when it comes in, and again for each month it is kept. For a short Express
    workflow that is often more than its runs cost. In a Standard workflow the execution
    history holds the same for 90 days at no charge.

    ## When it is right

    While a workflow is being built, or where the data of each run must be kept for an
    audit. An Express workflow has no other history, so keep level ALL there and drop the
    data, or keep the data and log only errors.

    Other tools ask for logging of state machines, as AWS Security Hub does in its control
    StepFunctions.1; a log without the data satisfies them.

    ## References

    - https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html
    - https://docs.aws.amazon.com/securityhub/latest/userguide/stepfunctions-controls.html
    - https://aws.amazon.com/cloudwatch/pricing/
    """

    id = 'IC2018'
    resources = (MACHINE,)
    remedy = 'set IncludeExecutionData to false, or Level to ERROR'

    def check(self, resource: Resource, project: Project, options: Options) -> Iterator[Finding]:
        logging = resource.properties.map('LoggingConfiguration')
        if logging is None or logging.text('Level') != 'ALL':
            return
        if not logging.flag('IncludeExecutionData'):
            return
        path = ('LoggingConfiguration', 'IncludeExecutionData')
        yield Finding(
            path,
            f'`{resource.logical_id}` logs every event of every run with the data that its states '
            f'get and give, {dollars(price("cw.logs.ingest.standard").usd)} per GB: Level is ALL '
            'and IncludeExecutionData true',
            fix=Fix('set IncludeExecutionData to false', safe=True, edits=(Set(path, False),)),
        )
