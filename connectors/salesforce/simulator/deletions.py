"""The log behind /sobjects/{object}/deleted: it reaches back 15 days, or to the last purge."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from connectors.salesforce.simulator.errors import ApiError
from connectors.salesforce.simulator.values import render

_KEPT = timedelta(days=15)


class DeletionLog:
    """Which record of which object was deleted when."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._entries: list[tuple[datetime, str, str]] = []
        self._purged_at = datetime.fromtimestamp(0, UTC)

    def add(self, object_name: str, row_id: str) -> None:
        self._entries.append((self._now(), object_name, row_id))

    def purge(self) -> None:
        """Drops everything known so far, as the platform's purge job may."""
        self._entries.clear()
        self._purged_at = self._now()

    def between(self, object_name: str, start: datetime, end: datetime) -> dict[str, Any]:
        """The answer for a span; its seconds are ignored, as the platform does."""
        start, end = start.replace(second=0, microsecond=0), end.replace(second=0, microsecond=0)
        if end - start < timedelta(minutes=1):
            raise ApiError(400, "INVALID_REPLICATION_DATE", "startDate must be at least one minute before endDate")
        if start < self._now() - _KEPT - timedelta(minutes=1):
            raise ApiError(400, "INVALID_REPLICATION_DATE", "startDate reaches back too far")
        found = {row_id: at for at, name, row_id in self._entries if name == object_name and start <= at < end}
        return {
            "deletedRecords": [{"id": row_id, "deletedDate": render(at)} for row_id, at in found.items()],
            "earliestDateAvailable": render(max(self._purged_at, self._now() - _KEPT)),
            "latestDateCovered": render(min(end, self._now())),
        }

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self._clock(), UTC)
