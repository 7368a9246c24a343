"""thera-lint: a cost linter for CloudFormation, SAM and Step Functions."""
from __future__ import annotations

__version__ = '0.1.0'
