"""Of which instants a record is lacking here, for which there is a hole.

A hole is {at, away}: evidence is complete up to `at`; `away`: [from, until], in their order, when its native customer
was another's, who has a hole of his own. Of the instants before it is lacking here until the letter is settled."""

from __future__ import annotations

from typing import Any

from schemas.instants import ALWAYS, Instant
from tables.view import Value


def opened(known: Value | None, at: Instant) -> Value:
    """Here; or here again, if it is known. A replay that is refused again makes evidence no more complete."""
    if known is None:
        return {"at": at}
    *earlier, (since, until) = known.get("away", [[ALWAYS, ALWAYS]])
    if until < ALWAYS or since > at + 1:
        return known
    return _hole(known, [*earlier, [since, at + 1]] if since <= at else earlier)


def left(known: Value, at: Instant) -> Value | None:
    """Its native customer is another's from then on; None: nothing was lacking here before that."""
    away = [[since, min(until, at)] for since, until in known.get("away", ()) if since < at]
    since = away.pop()[0] if away and away[-1][1] == at else at
    return _hole(known, [*away, [since, ALWAYS]]) if since > known["at"] + 1 else None


def stands(hole: Value, instant: Instant) -> bool:
    """Whether it is lacking of this instant."""
    return hole["at"] < instant and not any(since <= instant < until for since, until in hole.get("away", ()))


def ends(hole: Value, instant: Instant) -> Instant:
    """From when on it is lacking no more, of one of which it is."""
    return min((since for since, _ in hole.get("away", ()) if since > instant), default=ALWAYS)


def until(hole: Value) -> Instant:
    """It is lacking of no instant from then on, unless its native customer comes back."""
    since, until = hole.get("away", [[ALWAYS, ALWAYS]])[-1]
    return since if until == ALWAYS else ALWAYS


def _hole(known: Value, away: list[list[Instant]]) -> Value:
    hole: dict[str, Any] = {name: held for name, held in known.items() if name != "away"}
    return hole | {"away": away} if away else hole
