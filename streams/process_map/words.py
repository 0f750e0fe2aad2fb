"""Spans of time as people say them."""

from __future__ import annotations

UNITS = ((86_400, "d"), (3_600, "h"), (60, "min"))


def duration(seconds: float) -> str:
    """In the largest unit that divides it: 14400 is 4 h, 90 is 90 s."""
    for size, unit in UNITS:
        if seconds and seconds % size == 0:
            return f"{seconds / size:g} {unit}"
    return f"{seconds:g} s"
