"""The package's own data: the JSON files beside this one, read where they are first asked for."""
from __future__ import annotations

import json
import os
from typing import Any


def path(name: str) -> str:
    """Where `name`.json lies."""
    return os.path.join(os.path.dirname(__file__), f'{name}.json')


def read(name: str) -> Any:
    """The content of `name`.json, anew each time: who asks keeps it."""
    with open(path(name), encoding='utf-8') as stream:
        return json.load(stream)
