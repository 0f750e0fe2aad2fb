"""What became of a correction at its target: the vocabulary that all executors share."""

from __future__ import annotations

from dataclasses import dataclass

APPLIED = "applied"
NOOP_ALREADY_RIGHT = "noop_already_right"
FENCED = "fenced"
REJECTED = "rejected"
FAILED = "failed"


@dataclass(frozen=True)
class Outcome:
    """`status` is one of the words above; only `failed` may be attempted again unchanged."""

    status: str
    reason: str = ""
    """What the target said, or what was found there; one word for counting, without personal data."""
    native_id: str = ""
    """The record that was written or found."""
