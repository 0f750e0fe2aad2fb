"""How far tests search that try many cases: some each time, and many with `--thorough`."""

from __future__ import annotations

from hypothesis import settings

QUICK, THOROUGH = 40, 400
"""Examples of a property test."""


def cases(some: int, *, thorough: int) -> int:
    return thorough if settings().max_examples >= THOROUGH else some
