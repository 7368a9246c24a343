"""Who calls a function, where that decides what it costs."""
from __future__ import annotations

from thera_lint.project import Project
from thera_lint.template import Resource


def only_by_deployments(function: Resource, project: Project) -> bool:
    """Whether it is behind a custom resource or a macro: a few calls a year."""
    return any(
        use.path == ('ServiceToken',) or use.user.type == 'AWS::CloudFormation::Macro'
        for use in project.uses(function)
    )


def at_the_edge(function: Resource, project: Project) -> bool:
    """Whether it is a Lambda@Edge function: CloudFront runs it, or its role lets the edge do so."""
    if any(use.user.type == 'AWS::CloudFront::Distribution' for use in project.uses(function)):
        return True
    role = function.properties.get('Role')
    return any(
        'edgelambda.amazonaws.com' in repr(one.properties.get('AssumeRolePolicyDocument'))
        for one in project.find(role, function.template, 'AWS::IAM::Role')
    )
