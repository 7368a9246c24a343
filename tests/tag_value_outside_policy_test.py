"""What WC8003 finds where values are configured; its fixtures run without configuration."""
from __future__ import annotations

from pathlib import Path

import pytest

from thera_lint import engine
from thera_lint import files
from thera_lint import registry
from thera_lint.engine import Settings

TEMPLATE = """\
Resources:
  Bronze:
    Type: AWS::S3::Bucket
    Properties:
      Tags:
        - { Key: Environment, Value: production }
        - { Key: CostCenter, Value: CC-4711 }
        - { Key: Owner, Value: !Ref AWS::AccountId }
        - { Key: environment, Value: anything }
"""


@pytest.mark.parametrize(
    ('allowed', 'expected'),
    [
        ((), []),
        (('Environment=dev|staging|prod',), [6]),
        (('Environment=dev', 'Environment = prod | production'), []),
        (('CostCenter=CC-*', 'Environment=prod*'), []),
        (('CostCenter=DE-*', 'Environment=PROD*'), [6, 7]),
        (('Owner=data-team',), []),
        (('Project=Thera', 'Environment'), []),
    ],
)
def test_configured_values(tmp_path: Path, allowed: tuple[str, ...], expected: list[int]) -> None:
    path = tmp_path / 'template.yaml'
    path.write_text(TEMPLATE, encoding='utf-8')
    rule = next(rule for rule in registry.all_rules() if rule.id == 'WC8003')
    settings = Settings(options={'WC8003': {'allowed': allowed}})
    loaded = files.load([str(path)])
    result = engine.run(loaded.project, [rule], settings.options_of)
    assert not result.crashes
    assert [found.span.line + 1 for found in result.found] == expected
