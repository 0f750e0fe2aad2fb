"""How long something was, in words."""

from __future__ import annotations


def span(micros: int) -> str:
    """A span in words, in the largest unit that fits."""
    left = max(micros, 0) // 1_000_000
    for size, unit in ((86400, "days"), (3600, "hours"), (60, "minutes")):
        if left >= 2 * size:
            return f"{left // size} {unit}"
    return f"{left} second{'' if left == 1 else 's'}"
