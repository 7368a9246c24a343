from __future__ import annotations

from collections.abc import Iterator

from thera_lint.prices import dollars
from thera_lint.prices import HOURS_PER_MONTH
from thera_lint.prices import price
from thera_lint.project import Project
from thera_lint.rule import Cost
from thera_lint.rule import Finding
from thera_lint.rule import Options
from thera_lint.rule import ResourceRule
from thera_lint.template import Resource

_PRICES = {'dax.r5.large': 'ddb.dax.r5_large'}


class AlwaysOnDax(ResourceRule):
    """A DAX cluster bills its nodes around the clock.

    ## Why it costs

    DAX has no idle state: each node is billed by the hour from creation to deletion, whether
    anything is read through it or not, on top of the table it stands before. A pipeline that
    runs for an hour a day pays for the other twenty-three as well. The reads that it saves
    have to be worth that, and a read on demand costs next to nothing.

    ## When it is right

    Where the same items are read thousands of times a second, or must be there in
    microseconds. AWS advises three nodes in production; one is enough for development. A
    cache in the memory of the function, or CloudFront before an API, may do the same for
    nothing.

    ## References

    - https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/DAX.html
    - https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/DAX.concepts.cluster.html
    - https://aws.amazon.com/dynamodb/pricing/
    """

    id = 'IC5013'
    resources = ('AWS::DAX::Cluster',)
    remedy = 'remove the cluster, or run smaller and fewer nodes outside production'

    def check(self, resource: Resource, project: Project, options: Options) -> Iterator[Finding]:
        kind = resource.properties.text('NodeType')
        nodes = resource.properties.number('ReplicationFactor')
        what = f'{f"{nodes:g} " if nodes else ""}{f"`{kind}` " if kind else ""}'
        what += 'node' if nodes == 1 else 'nodes'
        message = f'`{resource.logical_id}` runs {what} around the clock, read or not'
        known = _PRICES.get(kind or '')
        if known is None:
            yield Finding((), message)
            return
        node = price(known)
        month = node.usd * HOURS_PER_MONTH
        region = node.source.rpartition('(')[2].rstrip(')') if node.source[-1:] == ')' else ''
        basis = (
            f'${node.usd:g} a node-hour for 730 hours' + (f', {region}' if region else '')
        )
        if nodes is None:
            yield Finding((), f'{message}, {dollars(month)} a month each', Cost(basis))
            return
        yield Finding(
            (),
            f'{message}, {dollars(month * nodes)} a month',
            Cost(basis, monthly_usd=month * nodes),
        )
