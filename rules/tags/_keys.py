"""What the rules on tag keys share; no rule itself."""
from __future__ import annotations

import re

# What AWS and deployment tools write, or read by that exact name. `Name` is what the console
# shows; costs are not split by it. Serverless Framework writes STAGE.
_NOT_OURS = re.compile(
    r'(aws|amazon|eks|elasticbeanstalk|alpha\.eksctl|k8s|karpenter|kubernetes|kubecost)'
    r'[\w.-]*[:/]|AmazonECSManaged$|name$|STAGE$',
    re.I,
)

REQUIRED = ('Project', 'Environment', 'CostCenter', 'Owner')
"""The keys that costs are split by, unless the configuration names others."""


CENTS = ('AWS::CloudWatch::Alarm', 'AWS::CloudWatch::CompositeAlarm')
"""Ten to fifty cents a month each, and often there are dozens: too little to be split."""


def ours(key: str) -> bool:
    """Whether costs may be split by a key."""
    return not _NOT_OURS.match(key)


def bare(key: str) -> str:
    """The same for every spelling: `costcenter` for `CostCenter` and `cost-center`."""
    return ''.join(letter for letter in key.casefold() if letter.isalnum())
