"""The server's clock as seen from here: always a lower bound, because a watermark must never run ahead."""

from datetime import UTC
from email.utils import parsedate_to_datetime
from math import ceil

from connectors.salesforce.wire import MICROS_PER_SECOND


def began_at_micros(date_header: str, elapsed_seconds: float) -> int:
    """The latest whole second that the server had surely reached when the request began.

    The Date header is written at some time before the answer arrived, so the request began no earlier than that
    minus the whole round trip.
    """
    answered_at = int(parsedate_to_datetime(date_header).astimezone(UTC).timestamp())
    return (answered_at - ceil(elapsed_seconds)) * MICROS_PER_SECOND


class ServerClock:
    """Carries the last Date header forward with the monotonic clock; steps of the local wall clock do no harm."""

    def __init__(self) -> None:
        self._offset_micros: int | None = None

    def observe(self, date_header: str, elapsed_seconds: float, answered_at_monotonic: float) -> int:
        """Takes note of an answer and returns when, by the server's clock, its request began."""
        began_at = began_at_micros(date_header, elapsed_seconds)
        self._offset_micros = began_at - round((answered_at_monotonic - elapsed_seconds) * MICROS_PER_SECOND)
        return began_at

    def now_micros(self, monotonic: float) -> int | None:
        """A lower bound of the server's time, None before the first answer."""
        if self._offset_micros is None:
            return None
        return self._offset_micros + round(monotonic * MICROS_PER_SECOND)
