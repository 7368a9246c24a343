from __future__ import annotations

from collections.abc import Iterator

from thera_lint.project import Project
from thera_lint.rule import Finding
from thera_lint.rule import Options
from thera_lint.rule import ResourceRule
from thera_lint.template import Resource


class TransferAcceleration(ResourceRule):
    """A bucket offers transfer acceleration, which charges for each GB that uses it.

    ## Why it costs

    Whatever goes through the bucket's accelerate endpoint is charged by the GB on top of the
    transfer itself, also uploads, which are free otherwise. The setting alone costs nothing:
    the charge begins when a client is configured to use that endpoint, often for all buckets
    and from anywhere, also from inside the bucket's own region, where it is no faster.

    ## When it is right

    Where large files cross continents and time matters. AWS has a page that compares the speed
    with and without. Requests that acceleration would not make faster are not charged for.

    ## References

    - https://docs.aws.amazon.com/AmazonS3/latest/userguide/transfer-acceleration.html
    - https://docs.aws.amazon.com/AmazonS3/latest/userguide/transfer-acceleration-getting-started.html
    - https://aws.amazon.com/s3/pricing/
    """

    id = 'IC4009'
    resources = ('AWS::S3::Bucket',)
    remedy = 'suspend transfer acceleration unless clients on other continents need it'

    def check(self, resource: Resource, project: Project, options: Options) -> Iterator[Finding]:
        configuration = resource.properties.map('AccelerateConfiguration')
        if configuration is None or configuration.text('AccelerationStatus') != 'Enabled':
            return
        yield Finding(
            ('AccelerateConfiguration', 'AccelerationStatus'),
            f'`{resource.logical_id}` has transfer acceleration enabled: uploads, which are free '
            'otherwise, and downloads through its accelerate endpoint are charged by the GB on top',
        )
