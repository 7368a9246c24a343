"""A cost linter for CloudFormation, SAM and Step Functions.

    for found in thera_lint.lint('template.yaml').found:
        print(found.filename, found.span.line + 1, found.rule.id, found.message)
"""
from __future__ import annotations

from thera_lint.api import lint as lint
from thera_lint.api import Linted as Linted
from thera_lint.config import Config as Config
from thera_lint.engine import Found as Found

__version__ = '0.1.0'
