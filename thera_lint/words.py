"""Words of messages."""
from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Sequence


def listed(words: Sequence[str]) -> str:
    """`A`, `A and B`, `A, B and C`; empty for none."""
    return ' and '.join(filter(None, (', '.join(words[:-1]), *words[-1:])))


def near(word: str, words: Iterable[str]) -> str:
    """The ending of a message about a wrong word: the right ones that look like it."""
    import difflib  # 5 ms that only mistakes cost

    alike = ', '.join(difflib.get_close_matches(word, list(words), 3, 0.5))
    return f'; near: {alike}' if alike else ''
