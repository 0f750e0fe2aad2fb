"""Time in records and state: whole microseconds since the Unix epoch, UTC."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

Instant = int
"""Microseconds since the epoch."""

SECOND: Instant = 1_000_000
NEVER: Instant = -(2**62)
"""Before every event: the watermark of what was not heard from."""
ALWAYS: Instant = 2**62
"""After every event."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def seconds(value: float) -> Instant:
    return round(value * SECOND)


def from_datetime(value: datetime) -> Instant:
    return (value - _EPOCH) // timedelta(microseconds=1)


def to_datetime(value: Instant) -> datetime:
    return _EPOCH + timedelta(microseconds=value)


_DATES = range(from_datetime(datetime.min.replace(tzinfo=UTC)), from_datetime(datetime.max.replace(tzinfo=UTC)) + 1)


def iso(value: Instant | None) -> str:
    """An instant for people: 2026-11-24T10:31:58.123Z, `never` or `always`; seconds since the epoch if no date can say
    it.
    """
    if value is None or value <= NEVER:
        return "never"
    if value >= ALWAYS:
        return "always"
    if value not in _DATES:
        return f"{value // SECOND} s"
    return to_datetime(value).isoformat(timespec="milliseconds").replace("+00:00", "Z")
