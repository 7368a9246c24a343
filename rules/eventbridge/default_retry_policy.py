from __future__ import annotations

import re
from collections.abc import Iterator

from thera_lint.project import Project
from thera_lint.rule import Finding
from thera_lint.rule import Options
from thera_lint.rule import ResourceRule
from thera_lint.rules.eventbridge import _targets
from thera_lint.template import Resource

# These keep an event and start nothing.
_KEEPERS = (
    'AWS::Events::EventBus', 'AWS::Kinesis::', 'AWS::KinesisFirehose::', 'AWS::Logs::',
    'AWS::SNS::', 'AWS::SQS::',
)
_ARN = re.compile(r'arn:(?:⟨[^⟩]*⟩|[^:]*):([a-z0-9-]+):')
_SERVICES = ('events', 'firehose', 'kinesis', 'logs', 'sns', 'sqs')


class DefaultRetryPolicy(ResourceRule):
    """A target is retried 185 times in 24 hours, because nothing else was said.

    ## Why it costs

    When a target cannot be reached, is throttled or answers with an error, EventBridge and
    its Scheduler try again for 24 hours and up to 185 times. That is no charge of its own but
    a multiplier: after an outage, a day's worth of events comes at once. For work that is
    worthless an hour later, or that the next run of a schedule does anyway, all of it is
    waste. What is retried is the delivery; a function's own errors are retried by Lambda.

    Queues, topics, streams, log groups and other buses only take the event in; they are not
    reported, and no target is of which this run cannot tell what it is.

    ## When it is right

    Where each event counts and is still wanted a day later. Write the 86400 seconds and the
    185 attempts down then, and add a dead-letter queue: after them the event is gone.

    ## References

    - https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-retry-policy.html
    - https://docs.aws.amazon.com/scheduler/latest/APIReference/API_RetryPolicy.html
    """

    id = 'IC6004'
    resources = (_targets.RULE, _targets.SCHEDULE)
    remedy = 'set MaximumEventAgeInSeconds and MaximumRetryAttempts in the RetryPolicy'

    def check(self, resource: Resource, project: Project, options: Options) -> Iterator[Finding]:
        for path, target in _targets.targets(resource):
            if not target.absent('RetryPolicy') or not _targets.is_enabled(resource):
                continue
            arn = target.get('Arn')
            text = project.text(arn, resource.template)
            found = project.find(arn, resource.template)
            service = _ARN.match(text)
            # An import or a parameter may be the topic of all alerts.
            if not found and service is None:
                continue
            if any(one.type.startswith(_KEEPERS) for one in found):
                continue
            if service is not None and service[1] in _SERVICES:
                continue
            name = _targets.name(target, resource.template, project)
            yield Finding(
                (*path, 'RetryPolicy'),
                f'`{resource.logical_id}` tries a failed delivery to {name} again for 24 hours, up '
                f'to 185 times, no charge of its own but a multiplier of what comes after an '
                f'outage: it has no RetryPolicy',
            )
