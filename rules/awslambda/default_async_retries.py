from __future__ import annotations

from collections.abc import Iterator

from thera_lint.project import Project
from thera_lint.rule import Finding
from thera_lint.rule import Options
from thera_lint.rule import ResourceRule
from thera_lint.rules.awslambda import _callers
from thera_lint.template import Resource

_ASYNCHRONOUS = ('bucket', 'rule', 'schedule', 'topic')
_CONFIG = 'AWS::Lambda::EventInvokeConfig'


class DefaultAsyncRetries(ResourceRule):
    """An event that a function fails on is tried twice more, because nobody chose otherwise.

    ## Why it costs

    SNS, S3 and EventBridge hand an event to Lambda and do not wait. Lambda tries it three times
    in all if the function fails, and keeps trying for up to six hours if it is throttled. A bug,
    or a record that can't be read, is then paid for three times, at full length where it ends in
    the timeout. An EventInvokeConfig chooses: MaximumRetryAttempts 0 to 2, and how old an event
    may get.

    That is a multiplier of what goes wrong, not a charge.

    ## When it is right

    Two more tries are a good choice where the function fails because something else does, for a
    moment. Write an EventInvokeConfig with MaximumRetryAttempts 2 then, to say that it is meant.

    ## References

    - https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
    - https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-configuring.html
    """

    id = 'IC1014'
    resources = ('AWS::Lambda::Function',)
    remedy = 'add an AWS::Lambda::EventInvokeConfig with MaximumRetryAttempts'

    def check(self, resource: Resource, project: Project, options: Options) -> Iterator[Finding]:
        if any(use.user.type == _CONFIG for use in project.uses(resource)):
            return
        events = [
            caller for caller in _callers.callers(resource, project)
            if caller.kind in _ASYNCHRONOUS
        ]
        if not events:
            return
        function = resource.properties
        timeout = 3 if function.absent('Timeout') else function.number('Timeout')
        long = '' if timeout is None else f' of up to {timeout} s'
        yield Finding(
            (),
            f'`{resource.logical_id}` has no EventInvokeConfig: an event from '
            f'{_callers.listed(events, project)} that it fails on is three paid calls{long}, '
            f'no charge of its own but a multiplier of every failure',
        )
