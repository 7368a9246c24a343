from __future__ import annotations

from collections.abc import Iterator

from thera_lint.prices import dollars
from thera_lint.prices import price
from thera_lint.project import Project
from thera_lint.rule import Finding
from thera_lint.rule import Option
from thera_lint.rule import Options
from thera_lint.rule import StateRule
from thera_lint.rules.stepfunctions import _workflows
from thera_lint.states import State
from thera_lint.values import Unknown


class WaitInExpress(StateRule):
    """An Express workflow waits, and pays for the time.

    ## Why it costs

    An Express run bills how long it lasts, at the memory it holds, whether it works or
    waits: a second costs at least as much as to start the run. A Standard workflow bills
    one transition for a Wait, as much as 24 seconds of Express at the least memory, and
    nothing for the time. Children of a distributed Map that are of type EXPRESS are
    billed like any Express run.

    ## When it is right

    Where the wait is a second or so, to let something settle. For more, put the message
    on a queue with a delay, let EventBridge Scheduler start the second half, or run the
    part that waits as a Standard workflow.

    ## References

    - https://docs.aws.amazon.com/step-functions/latest/dg/choosing-workflow-type.html
    - https://docs.aws.amazon.com/step-functions/latest/dg/state-wait.html
    - https://aws.amazon.com/step-functions/pricing/
    """

    id = 'WC2016'
    states = ('Wait',)
    remedy = 'wait outside: a queue with a delay, a schedule, or a Standard workflow'
    options = (
        Option('max_wait_seconds', 1, 'A Wait of at most so many seconds is left alone.'),
    )

    def check(self, state: State, project: Project, options: Options) -> Iterator[Finding]:
        if _workflows.execution_type(state) != 'EXPRESS':
            return
        data = state.data
        written = data.get('Seconds')
        if isinstance(written, Unknown) or data.open:
            return
        seconds = data.number('Seconds')
        if seconds is not None and seconds <= options.max_wait_seconds:
            return
        each = _workflows.express_second() * 1e6
        said, paid = f'{seconds} s', f'{dollars(each * (seconds or 0))} per million runs'
        if seconds is None:
            said, paid = 'as long as its input says', f'{dollars(each)} per million seconds'
        yield Finding(
            () if written is None else ('Seconds',),
            f'`{state.name}` waits {said}, {paid} at 64 MB, beside '
            f'{dollars(price("sfn.express.request").usd * 1e6)} per million starts: an Express '
            'workflow bills the time',
        )
