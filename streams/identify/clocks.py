"""Checks commit times against the time of capture: nothing can be captured before it was committed."""

from __future__ import annotations

from schemas.instants import iso, seconds
from schemas.source import Heard, SourceEvent, SourceRow
from streams.governance.model import Governance
from streams.inputs import Divert, Input

CAPTURE_CLOCK_SECONDS = 300
"""How far the capturing clock may be behind the source's. Governance adds the known skew of a system."""


def credible(governance: Governance, record: Input, event: SourceEvent) -> SourceEvent:
    """The event, if its time is credible. A row from the future is diverted, because it would count only when its time
    has come. The watermark of a marker from the future is lowered to the time of its capture."""
    if record.produced_ms <= 0:
        return event
    skew = governance.systems[event.system].max_clock_skew_seconds if isinstance(event, SourceRow) else 0
    latest = record.produced_ms * 1000 + seconds(CAPTURE_CLOCK_SECONDS + skew)
    match event:
        case SourceRow(committed_at=at) if at > latest:
            raise Divert(
                "from_the_future",
                f"{event.object} {event.native_id} of {event.system} was committed at {iso(at)}, captured at "
                f"{iso(record.produced_ms * 1000)}: set the source's clock right, mend the row, replay; or raise "
                "max_clock_skew_seconds of the system",
                governance.entity_of(event.system, event.object) or "*",
            )
        case Heard(watermark=int(mark)) if mark > latest:
            return event._replace(watermark=record.produced_ms * 1000)
    return event
