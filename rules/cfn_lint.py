"""All rules for cfn-lint: `--append-rules rules`, or `--append-rules thera_lint.rules.cfn_lint`."""
from thera_lint.hosts.cfn_lint import *  # noqa: F403
