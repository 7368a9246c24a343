"""Write docs/thera-lint.schema.json, the JSON Schema of the configuration file.

    python scripts/schema.py

`tests/config_test.py` fails while the file differs from what this would write.
"""
from __future__ import annotations

import json
from pathlib import Path

from thera_lint import registry
from thera_lint.schema import schema

FILE = Path(__file__).parent.parent / 'docs' / 'thera-lint.schema.json'


def text() -> str:
    """The schema of the rules as they are now."""
    return json.dumps(schema(registry.every_rule()), indent=2) + '\n'


if __name__ == '__main__':
    FILE.write_text(text(), encoding='utf-8')
