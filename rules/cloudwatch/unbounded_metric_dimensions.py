from __future__ import annotations

import re
from collections.abc import Iterator

from thera_lint.prices import dollars
from thera_lint.prices import price
from thera_lint.project import Project
from thera_lint.rule import Cost
from thera_lint.rule import Finding
from thera_lint.rule import Options
from thera_lint.rule import ResourceRule
from thera_lint.template import Resource

# Of what there are as many as requests, people or machines. Of functions, tenants, accounts,
# stages and jobs there are few, so their ids are no such thing.
_MANY = frozenset((
    'batch', 'connection', 'correlation', 'event', 'execution', 'invocation', 'message',
    'order', 'record', 'request', 'session', 'span', 'trace', 'transaction', 'user', 'visitor',
))
_ITSELF = frozenset((
    'clientip', 'correlationid', 'datetime', 'email', 'eventid', 'executionid', 'guid',
    'invocationid', 'ip', 'ipaddress', 'ipaddr', 'messageid', 'orderid', 'recordid', 'referer',
    'referrer', 'remoteaddr', 'remoteip', 'requestid', 'sessionid', 'sourceip',
    'sourceipaddress', 'spanid', 'timestamp', 'traceid', 'transactionid', 'useragent', 'userid',
    'username', 'uuid', 'xforwardedfor', 'xrayid',
))


class UnboundedMetricDimensions(ResourceRule):
    """A metric filter makes a metric of its own for each request, user or address.

    ## Why it costs

    Each distinct value of a dimension is a metric of its own, billed by the hour for as long
    as it is sent. Of a request id or an address there is no end of values, so a busy hour
    makes more metrics than the rest of the account has, and none of them is ever drawn. After
    a thousand values within an hour CloudWatch may switch the filter off, and what it should
    have counted is lost.

    ## When it is right

    Never as a dimension. Logs Insights, or a Contributor Insights rule, finds the requests
    and the users behind a number in the log itself.

    ## References

    - https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-logs-metricfilter-dimension.html
    - https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutMetricFilter.html
    - https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/ContributorInsights.html
    - https://aws.amazon.com/cloudwatch/pricing/
    """

    id = 'WC7021'
    resources = ('AWS::Logs::MetricFilter',)
    remedy = 'drop the dimension, and search the log for what is behind the number'

    def check(self, resource: Resource, project: Project, options: Options) -> Iterator[Finding]:
        each = price('cw.metric.tier1').usd
        for index, metric in resource.properties.maps('MetricTransformations'):
            for number, dimension in metric.maps('Dimensions'):
                field = dimension.text('Value')
                if field is None or not _is_unbounded(field):
                    continue
                yield Finding(
                    ('MetricTransformations', index, 'Dimensions', number, 'Value'),
                    f'`{resource.logical_id}` makes a metric of every value of `{field}`, each '
                    f'{dollars(each)} a month while it is sent, and may be switched off after a '
                    f'thousand in an hour',
                    Cost(
                        f'{dollars(each)} a metric-month, by the hour, us-east-1; the number of '
                        'values decides the sum',
                    ),
                )


def _is_unbounded(field: str) -> bool:
    """Whether a field of the log (`$.requestId`, `$user_id`) has no end of values."""
    if not field.startswith('$'):
        return False
    last = re.split(r'[.\[]', field.rstrip(']').replace('"', '').replace("'", ''))[-1].lstrip('$')
    words = re.findall(r'[A-Z]+(?![a-z])|[A-Z]?[a-z]+', last)
    lower = [word.lower() for word in words]
    if ''.join(lower) in _ITSELF or lower[-1:] == ['ip'] or lower[-1:] in (['uuid'], ['guid']):
        return True
    return len(lower) > 1 and lower[-1] == 'id' and lower[-2] in _MANY
