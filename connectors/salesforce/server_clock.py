"""The server's clock as seen from here: always a lower bound, because a watermark must never run ahead."""

from datetime import UTC
from email.utils import parsedate_to_datetime
from math import ceil

from schemas.instants import SECOND, Instant, from_datetime, seconds


def began_at(date_header: str, elapsed_seconds: float) -> Instant:
    """The latest whole second that the server had surely reached when the request began.

    The Date header is written at some time before the answer arrived, so the request began no earlier than that
    minus the whole round trip.
    """
    return from_datetime(parsedate_to_datetime(date_header).astimezone(UTC)) - ceil(elapsed_seconds) * SECOND


class ServerClock:
    """Carries the last Date header forward with the monotonic clock; steps of the local wall clock do no harm."""

    def __init__(self) -> None:
        self._offset: Instant | None = None

    def observe(self, date_header: str, elapsed_seconds: float, answered_at_monotonic: float) -> Instant:
        """Takes note of an answer and returns when, by the server's clock, its request began."""
        self._offset = began_at(date_header, 0) - seconds(answered_at_monotonic)
        return began_at(date_header, elapsed_seconds)

    def now(self, monotonic: float) -> Instant | None:
        """A lower bound of the server's time, None before the first answer."""
        return None if self._offset is None else self._offset + seconds(monotonic)
