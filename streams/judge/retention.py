"""Retention: when a document may leave the state, and what one is that comes back.

A document leaves at an instant of event time, together with all that it is tied to, once nothing of it changed for the
governed span, each is finished and nothing that was demanded of it is undecided or open. Then verdicts stay a function
of event time, so three things hold:

- An instant is judged with what had not left by then. What looks at a document whose instant of leaving lies before the
  instant judged waits until that leaving is decided, which is when all sources have passed it (`AsOf.awaits`).
- What comes later comes as if to an empty place, whether or not it was here before the leaving was decided.
- One that comes back is told in the corrected state, and others find it, but it is no subject any more: what had
  answered it is gone. So is one that is told again to another customer after it was silent for longer than the span;
  a drift so old closes as `moved` and opens no more. What repeats a version from before the leaving is left out.

Its row in the corrected state stays as it was last told; the next one has a higher revision. Sums keep what it gave:
no document gives anything to the customer's counts, and what was counted of its drifts is counted out when they close.

Instants of leaving are whole steps, so that those of one step are worked off from one entry of the deadline index.
Documents wait in the store and not in that index, which lies in memory:

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
"""In a span: one leaves at most so much of it later."""
AWAITS = ("~awaits", "")
"""The gate of obligations whose next instant is judged once it is decided what has left by then."""
Record = dict[str, Any]


class Place(NamedTuple):
    """Of a record."""

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
    """What its record says of its leaving, after a change. Once it waits, further changes move nothing: it is looked at
    then, and waits anew."""
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
    """All that waited for this one has left or waits anew."""
    ws.delete(leaving_key(instant))
    following = ws.range(LEAVING, 1)
    if following:
        ws.put(RETENTION, {"first": instant_of(following[0][0])})
    else:
        ws.delete(RETENTION)


def undecided_from(ws: Workspace) -> Instant:
    """The first instant of leaving that is not decided: what held then must still be known."""
    known = ws.get(RETENTION)
    return ALWAYS if known is None else int(known["first"])


def is_past(governance: Governance, entity: str, at: Instant, passed: Instant) -> bool:
    """What a document said so long ago may have left by now."""
    kept = span(governance)
    return kept is not None and entity in FINISHED and at + kept <= passed


def arriving(ws: Workspace, governance: Governance, place: Place, version: Version) -> Record:
    """The record of what is not here, as its first version finds it. Of one that comes back the revision goes on from
    what no count of versions reaches."""
    if not _came_back(ws, governance, place, version):
        return {"versions": [], "revision": 0}
    return {"versions": [], "revision": version["at"], "returned": True, "folded": True}


def still_returned(ws: Workspace, governance: Governance, place: Place, record: Record, version: Version) -> Record:
    """What it says of having come back, after a further version. Versions told again at one instant are one arrival, in
    which the last counts."""
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
    """To another customer, by a link made after it was committed."""
    return bool(version["at"] > version["committed_at"])


def is_no_subject(ws: Workspace, place: Place) -> bool:
    """It came back; nothing is demanded of it."""
    if place.entity not in FINISHED:
        return False
    record = ws.get(place.key)
    return record is not None and bool(record.get("returned"))
