"""Releases: once a breaker, halt or mass drift has ended, the commands that it held back are issued again, for what is
right by then (streams/fleet/withheld.py)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from schemas.instants import NEVER, Instant
from streams.governance.model import Governance
from streams.judge.arming import arm
from streams.judge.breaker import REASON, decided
from streams.judge.keys import ObligationKey
from streams.judge.obligation import Obligation
from streams.judge.reached import reached
from streams.kinds.table import KINDS
from tables.view import Value, Workspace


def on_release(ws: Workspace, governance: Governance, value: dict[str, Any]) -> None:
    """Release the command at the first instant that was undecided when judge was told. A drift that has moved to
    another customer was looked at there when it came."""
    for key, held, undecided in _subjects(ws, governance, value):
        at = max(value["released_at"], undecided)
        word, words = [value["drift_id"], at], held.get("releases", [])
        ws.put(key.text(), {**held, "releases": [*words, word] if word not in words else words})
        arm(ws, key, at, late=False)


def _subjects(
    ws: Workspace, governance: Governance, value: dict[str, Any]
) -> Iterator[tuple[ObligationKey, Value, Instant]]:
    """Keys of the drift's subject, with the stored obligation and the first undecided instant."""
    for kind in KINDS:
        if (kind.name, kind.entity) == (value["kind"], value["entity"]):
            key = ObligationKey(value["canonical_id"], kind.row, value["system"], value["native_id"])
            if key.system in governance.systems:  # of one that has gone nothing may be known until it comes back
                yield key, ws.get(key.text()) or {}, decided(reached(ws), governance, kind, key.system) + 1


def is_released(o: Obligation, at: Instant) -> bool:
    """Whether a release counts by this instant. A repeated one does not: then the drift is no longer restrained by the
    breaker, and its command was issued since."""
    drift = o.drift
    told = [r.at for r in o.releases if drift is not None and r.drift_id == drift["drift_id"] and r.at <= at]
    if drift is None or not told:
        return False
    commanded = drift["mode"] == "execute" and (drift["released_at"] or NEVER) < max(told)
    return drift["restraint"] == REASON or commanded


def without_releases(o: Obligation, at: Instant) -> Obligation:
    """The obligation without the releases up to this instant, which have been looked at."""
    return o._replace(releases=tuple(r for r in o.releases if r.at > at)) if o.releases else o
