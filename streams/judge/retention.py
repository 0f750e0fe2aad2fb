"""Retention: when a document may leave the state, and how one is treated that comes back.

A document leaves at an instant of event time, together with all documents tied to it: once none of them has changed for
the governed span, each is finished, and no obligation of them is undecided or open. Verdicts stay a function of event
time, so three things hold:

- An instant is judged with the documents that had not left by then. A verdict that looks at a document which may have
  left before its instant waits until that is decided, which is when all sources have passed it (`AsOf.awaits`).
- A later version finds an empty place, whether or not it came before the leaving was decided.
- A document that comes back appears in the corrected state and is found by others, but is no subject any more, because
  what had answered it is gone. The same holds for one that a link brings to another customer after a silence longer
  than the span; its drift closes as `moved` and does not open again. A version from before the leaving is dropped.

Its row in the corrected state stays as it was last told; the next one has a higher revision. The customer's counts do
not change: no document contributes to them, and its drifts are counted out when they close.

Instants of leaving are whole steps, so that one entry of the deadline index stands for a whole step. The documents
themselves wait in the store, because the index lies in memory:

q/INSTANT/CUSTOMER/ENTITY/SYSTEM/ID    {}
o/~retention/leave/-/INSTANT           {}: some wait for it
~retention                             {first: of those instants}"""

from __future__ import annotations

from typing import Any, NamedTuple

from schemas.instants import ALWAYS, Instant, seconds
from streams.governance.model import Governance
from streams.judge.keys import LEAVING, RETENTION, holes_prefix, instant_of, leaving_key
from streams.kinds.asof import entity_key
from streams.kinds.documents import FINISHED
from streams.kinds.facts import KNOWN, since
from tables.versions import Version
from tables.view import Workspace

STEPS = 1024
"""Steps in a span: a document leaves at most one step late."""
AWAITS = ("~awaits", "")
"""The gate of obligations that wait until it is decided what has left the state."""
Record = dict[str, Any]


class Place(NamedTuple):
    """Where a record is in the state."""

    customer: str
    entity: str
    system: str
    native_id: str

    @property
    def key(self) -> str:
        return entity_key(*self)


def span(governance: Governance) -> Instant | None:
    """None: documents stay for ever."""
    governed = governance.settled_retention_seconds
    return None if governed is None else seconds(governed)


def leaving_at(governance: Governance, silent_since: Instant) -> Instant:
    """When what has not changed since then may leave at the earliest."""
    kept = span(governance)
    assert kept is not None
    return in_steps(silent_since, kept)


def in_steps(since: Instant, kept: Instant) -> Instant:
    """The first whole step, the span behind that instant."""
    step = max(kept // STEPS, 1)
    return -(-(since + kept) // step) * step


def scheduled(ws: Workspace, governance: Governance, place: Place, leaves: Instant | None, at: Instant) -> Record:
    """The entry `leaves` of its record after a change. A document that waits already is not moved: it is looked at when
    its instant comes, and then waits anew."""
    if place.entity not in FINISHED or span(governance) is None:
        return {}
    wanted = leaving_at(governance, at)
    if leaves is not None and leaves <= wanted:
        return {"leaves": leaves}
    if leaves is not None:
        unqueue(ws, place, leaves)
    queue(ws, place, wanted)
    return {"leaves": wanted}


def queue(ws: Workspace, place: Place, instant: Instant) -> None:
    ws.put(queue_prefix(instant) + "/".join(place), {})
    if ws.get(leaving_key(instant)) is None:
        ws.put(leaving_key(instant), {})
        if instant < undecided_from(ws):
            ws.put(RETENTION, {"first": instant})


def unqueue(ws: Workspace, place: Place, instant: Instant) -> None:
    ws.delete(queue_prefix(instant) + "/".join(place))


def queue_prefix(instant: Instant) -> str:
    return f"q/{instant}/"


def decided(ws: Workspace, instant: Instant) -> None:
    """All documents that waited for this instant have left or wait anew."""
    ws.delete(leaving_key(instant))
    following = ws.range(LEAVING, 1)
    if following:
        ws.put(RETENTION, {"first": instant_of(following[0][0])})
    else:
        ws.delete(RETENTION)


def undecided_from(ws: Workspace) -> Instant:
    """The first undecided instant of leaving: what held then must still be known."""
    known = ws.get(RETENTION)
    return ALWAYS if known is None else int(known["first"])


def is_past(governance: Governance, entity: str, at: Instant, passed: Instant) -> bool:
    """Whether a document with a version from that instant may have left by now."""
    kept = span(governance)
    return kept is not None and entity in FINISHED and at + kept <= passed


def arriving(ws: Workspace, governance: Governance, place: Place, version: Version) -> Record:
    """The record for a first version that finds an empty place. If the document comes back, its revision continues from
    a number that no count of versions reaches."""
    if not _came_back(ws, governance, place, version):
        return {"versions": [], "revision": 0}
    return {"versions": [], "revision": version["at"], "returned": True, "folded": True}


def still_returned(ws: Workspace, governance: Governance, place: Place, record: Record, version: Version) -> Record:
    """The entry `returned` after a further version. Versions that a link brings at one instant are one arrival, and the
    last of them decides."""
    if not record.get("returned"):
        return {}
    one_arrival = _is_told_again(version) and all(v["at"] == version["at"] for v in record["versions"])
    back = _came_back(ws, governance, place, version) if one_arrival else True
    return {"returned": True} if back else {}


def _came_back(ws: Workspace, governance: Governance, place: Place, version: Version) -> bool:
    kept = span(governance)
    if kept is None or place.entity not in FINISHED or version["attrs"] is None:
        return False
    if _is_told_again(version):
        return bool(version["committed_at"] + kept < version["at"])
    known = since(version["since"], KNOWN)
    if known is None or known.at + kept > version["at"]:
        return False  # its first version, or one too young to have left: a late link may bring it without the first
    # Where a record was refused, the first that is heard of it is not the first there was.
    return not ws.range(holes_prefix(place.customer), 1)


def _is_told_again(version: Version) -> bool:
    """Whether a link made after its commit brought the version to this customer."""
    return bool(version["at"] > version["committed_at"])


def is_no_subject(ws: Workspace, place: Place) -> bool:
    """Whether the document came back, so that nothing is demanded of it."""
    if place.entity not in FINISHED:
        return False
    record = ws.get(place.key)
    return record is not None and bool(record.get("returned"))
