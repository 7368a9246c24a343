"""For every test: the same examples each time, however busy the machine.

A run that fails must fail again, and a gate must not depend on luck; raise max_examples and
set derandomize to False to hunt.
"""
from __future__ import annotations

from hypothesis import HealthCheck
from hypothesis import settings

settings.register_profile(
    'suite', deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile('suite')
