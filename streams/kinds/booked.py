"""Since when an invoice stands in the ledger. While it is on its way there it does not, however long that takes."""

from __future__ import annotations

from streams.kinds.asof import Found
from streams.kinds.facts import Since, since
from streams.kinds.trail import trail_of

REGARDED = ("@live", "status", "document_type")
"""Of a ledger posting, by whoever asks."""
ON_ITS_WAY = "posting"


def booked(posting: Found) -> Since | None:
    """None: it is something else than an invoice, or does not stand there."""
    stamped, attrs = posting.version["since"], posting.attrs
    live = since(stamped, "live")
    if live is None or attrs["document_type"] not in ("invoice", None):
        return None
    steps = [s for s in trail_of(stamped, "status") if s.at > live.at]
    if not steps:
        return None if attrs["status"] == ON_ITS_WAY else live
    arrived = steps[-1]  # what was posted once stands there, also while it is posted again
    if arrived.was != ON_ITS_WAY:
        return live
    return Since(arrived.at, arrived.version, arrived.snapshot, seen=not arrived.snapshot)
