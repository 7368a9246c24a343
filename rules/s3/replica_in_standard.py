from __future__ import annotations

from collections.abc import Iterator

from thera_lint import lifecycle
from thera_lint.prices import dollars
from thera_lint.prices import price
from thera_lint.project import Project
from thera_lint.rule import Cost
from thera_lint.rule import Finding
from thera_lint.rule import Options
from thera_lint.rule import ResourceRule
from thera_lint.template import Resource
from thera_lint.values import Map

_BUCKET = 'AWS::S3::Bucket'


class ReplicaInStandard(ResourceRule):
    """Replication writes the second copy to the dearest storage class.

    ## Why it costs

    A replica costs its transfer and requests once and its storage every month. Without a
    StorageClass in the destination it gets the class of its source object, STANDARD as a rule,
    though a copy for a disaster is hardly ever read. Replication can write it to a cheaper
    class at once, without the transition request that a lifecycle would pay for later.

    ## When it is right

    Where the replica is read: in another region near its users, by another account, or as a
    standby that must take over at full speed. Objects that live for less than the minimum days
    of a cheaper class gain nothing either. A destination whose own lifecycle, in the same run,
    moves or expires objects is not reported.

    ## References

    - https://docs.aws.amazon.com/AmazonS3/latest/userguide/replication-add-config.html
    - https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-s3-bucket-replicationdestination.html
    - https://aws.amazon.com/s3/pricing/
    """

    id = 'IC4012'
    resources = (_BUCKET,)
    remedy = 'give the destination a StorageClass such as STANDARD_IA or GLACIER_IR'

    def check(self, resource: Resource, project: Project, options: Options) -> Iterator[Finding]:
        replication = resource.properties.map('ReplicationConfiguration') or Map()
        for index, rule in replication.maps('Rules'):
            destination = rule.map('Destination')
            if rule.text('Status') != 'Enabled' or destination is None:
                continue
            same = destination.absent('StorageClass')
            if not same and destination.text('StorageClass') != 'STANDARD':
                continue
            if _tiered(destination, resource, project):
                continue
            standard = price('s3.storage.standard.tier1').usd
            cold = price('s3.storage.glacier_ir').usd
            how = 'in the class of their source, STANDARD by default' if same else 'in STANDARD'
            yield Finding(
                ('ReplicationConfiguration', 'Rules', index, 'Destination', 'StorageClass'),
                f'`{resource.logical_id}` replicates objects {how}: each 1,000 GB of replicas cost '
                f'{dollars(standard * 1000)} a month, against {dollars(cold * 1000)} in GLACIER_IR',
                Cost(
                    f'{dollars(standard)} a GB-month in S3 Standard, us-east-1; usage decides the '
                    'sum',
                ),
            )


def _tiered(destination: Map, source: Resource, project: Project) -> bool:
    """Whether the bucket that it goes to is in this run and may move or expire its objects."""
    for bucket in project.find(destination.get('Bucket'), source.template, _BUCKET):
        rules = lifecycle.rules(bucket.properties)
        if source.agrees(bucket) and (
            rules is None or any(rule.enabled is not False and rule.current for rule in rules)
        ):
            return True
    return False
