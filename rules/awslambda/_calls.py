"""Who calls a function, where that decides what it costs."""
from __future__ import annotations

from thera_lint import schedules
from thera_lint.project import Project
from thera_lint.rules.awslambda import _callers
from thera_lint.template import Resource

# The package of every connector that AWS publishes, and of its SDK's user-defined functions.
_CONNECTORS = 'com.amazonaws.athena.'
# Lambda tries an asynchronous call three times.
_TRIES = 3
_SMALL_USD_A_MONTH = 1


def at_the_edge(function: Resource, project: Project) -> bool:
    """Whether it is a Lambda@Edge function: CloudFront runs it, or its role lets the edge do so."""
    if any(use.user.type == 'AWS::CloudFront::Distribution' for use in project.uses(function)):
        return True
    role = function.properties.get('Role')
    return any(
        'edgelambda.amazonaws.com' in repr(one.properties.get('AssumeRolePolicyDocument'))
        for one in project.find(role, function.template, 'AWS::IAM::Role')
    )


def by_athena(function: Resource, project: Project) -> bool:
    """Whether it is a connector or a user-defined function of Athena's federated queries.

    Such a call scans a whole split of the data, and has Lambda's 15 minutes for it.
    https://docs.aws.amazon.com/athena/latest/ug/connectors-bigquery.html
    """
    properties = function.properties
    image = properties.map('ImageConfig')
    handlers = [properties.get('Handler'), *((image and image.seq('Command')) or ())]
    if any(isinstance(one, str) and one.startswith(_CONNECTORS) for one in handlers):
        return True
    return any(use.user.type == 'AWS::Athena::DataCatalog' for use in project.uses(function))


def too_seldom(function: Resource, project: Project, usd: float) -> bool:
    """Whether only schedules start it, and `usd` for every try is less than a dollar a month."""
    starts: dict[tuple[object, ...], float] = {}
    for caller in _callers.callers(function, project):
        properties = caller.user.properties
        if caller.kind not in ('rule', 'schedule'):
            return False
        schedule = schedules.of(properties)
        if schedule is None or not properties.absent('EventPattern'):
            return False
        # One schedule has as many views as its conditions make.
        key = *caller.user.key, *caller.path
        starts[key] = max(starts.get(key, 0), schedule.per_month)
    return bool(starts) and sum(starts.values()) * _TRIES * usd < _SMALL_USD_A_MONTH
