"""What Lambda gives a function on demand; more is EC1017's to say, and no other rule's.

https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
"""
from __future__ import annotations

MEMORY_MB = 10_240
TIMEOUT_SECONDS = 900
EPHEMERAL_STORAGE_MB = 10_240
