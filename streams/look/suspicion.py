"""What is said of a suspicion that stands (streams/suspects/suspicion.py), whichever kind it is of."""

from __future__ import annotations

from typing import NamedTuple

from schemas.instants import NEVER, Instant, iso
from streams.kinds.finding import Subject
from streams.look.lag import behind, heard_up_to, spoken
from streams.look.reasons import Said
from streams.look.why import Explanation
from tables.view import Value


class Heard(NamedTuple):
    """How far verdicts can be given, and the source that holds them back there."""

    until: Instant
    source: str


def standing(kind: str, subject: Subject, entry: Value, heard: Heard, now: Instant, before: str = "") -> Explanation:
    """`before`: how the subject belongs to it, where the drift is told of another record."""
    drift = entry["drift"]
    outcome, because = _said(entry, heard, now)
    return Explanation(
        kind, *subject, outcome, before + because, entry["due"], drift["drift_id"], drift["amount_at_stake"]
    )


def _said(entry: Value, heard: Heard, now: Instant) -> Said:
    drift, due = entry["drift"], entry["due"]
    found = f"expected {drift['expected']}; found {drift['observed']}"
    if entry["opened"]:
        outcome = "baseline" if drift["status"] == "baseline" else "open"
        return outcome, f"open since {iso(drift['opened_at'])}: {found}"
    if due > now:
        return "pending", f"not due before {iso(due)}: {found}"
    return "unknown", f"UNKNOWN: it was due {iso(due)}, but {behind(due, *heard)}; so far {found}"


def quiet(kind: str, subject: Subject, said: Said, heard: Heard) -> Explanation:
    """Nothing is suspected, as far as everybody was heard; of one who never was, nothing can be said."""
    outcome, because = said
    if heard.until == NEVER:
        return Explanation(kind, *subject, "unknown", f"UNKNOWN: {heard_up_to(*heard)}; so far {because}")
    if outcome == "unknown":
        return Explanation(kind, *subject, outcome, because)
    known = f"{because}; {spoken(heard.source)}, heard least of all, was heard up to {iso(heard.until)}"
    return Explanation(kind, *subject, outcome, known)
