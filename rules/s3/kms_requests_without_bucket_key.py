from __future__ import annotations

from collections.abc import Iterator

from thera_lint.prices import dollars
from thera_lint.prices import price
from thera_lint.project import Project
from thera_lint.rule import Cost
from thera_lint.rule import Finding
from thera_lint.rule import Fix
from thera_lint.rule import Options
from thera_lint.rule import ResourceRule
from thera_lint.rule import Set
from thera_lint.template import Resource
from thera_lint.values import Map


class KmsRequestsWithoutBucketKey(ResourceRule):
    """A bucket encrypted with KMS asks KMS again for every object.

    ## Why it costs

    With SSE-KMS every object has a data key of its own: each write and each read of an object
    is a paid request to KMS as well, also with the key that AWS manages. A query over 100,000
    files is 100,000 of them, and they count against KMS's own request limit. With a bucket key
    S3 asks once in a while for a key for the whole bucket, up to 99 % less, and nothing else
    changes for those who read and write. It holds for objects written from then on.

    ## When it is right

    Where policies or grants condition on the encryption context of single objects
    (kms:EncryptionContext:aws:s3:arn with the ARN of an object): with a bucket key the context
    is the bucket's ARN, and so is what CloudTrail records. Change such a policy first.
    Dual-layer encryption (aws:kms:dsse) has no bucket keys and is not reported.

    ## References

    - https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-key.html
    - https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html
    - https://aws.amazon.com/kms/pricing/
    """

    id = 'WC4011'
    resources = ('AWS::S3::Bucket',)
    remedy = 'set BucketKeyEnabled to true'

    def check(self, resource: Resource, project: Project, options: Options) -> Iterator[Finding]:
        name = 'ServerSideEncryptionConfiguration'
        encryption = resource.properties.map('BucketEncryption') or Map()
        for index, rule in encryption.maps(name):
            default = rule.map('ServerSideEncryptionByDefault')
            if default is None or default.text('SSEAlgorithm') != 'aws:kms':
                continue
            if not rule.absent('BucketKeyEnabled') and rule.flag('BucketKeyEnabled') is not False:
                continue
            request = price('kms.request').usd
            path = ('BucketEncryption', name, index, 'BucketKeyEnabled')
            yield Finding(
                path,
                f'`{resource.logical_id}` is encrypted with KMS without a bucket key: each object '
                'written or read is a request to KMS, and a million of them cost '
                f'{dollars(request * 100)}, up to 99 % of which a bucket key saves',
                Cost(
                    f'{dollars(request)} for 10,000 KMS requests, us-east-1; usage decides the sum',
                ),
                Fix('enable the bucket key', True, (Set(path, True),)),
            )
