"""Limits on the size of a record, checked before a transaction begins: one record too large fails all of it."""

from __future__ import annotations

from collections.abc import Iterable

from schemas import topics
from tables.state import Record

RECORD_BYTES_MAX = 900_000
"""Below the broker's default limit of 1 MiB, headers and batch overhead included."""
LETTER_BYTES_MAX = 2_000_000
"""For a dead letter, which holds a whole record of another topic. Its own topic has a higher limit."""


class Unwritable(Exception):
    """The broker would never take a transaction with this in it, however often it is tried."""


def check_effect(topic: str, name: str, size_bytes: int) -> None:
    limit = LETTER_BYTES_MAX if topic == topics.DEAD_LETTERS else RECORD_BYTES_MAX
    if size_bytes > limit:
        raise Unwritable(f"{name} for {topic} would have {size_bytes} bytes; the broker takes {limit}")


def check_state(pending: Iterable[Record]) -> None:
    for key, data in pending:
        if data is not None and len(data) > RECORD_BYTES_MAX:
            entry = key.decode(errors="backslashreplace")
            raise Unwritable(f"state {entry} would have {len(data)} bytes; the broker takes {RECORD_BYTES_MAX}")
