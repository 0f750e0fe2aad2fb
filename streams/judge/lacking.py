"""For which instants a hole counts at a customer.

A hole is {at, away}. Evidence is complete up to the instant `at`. `away` lists spans [from, until], in order, in which
the native customer belonged to another canonical customer, who then has a hole of its own. At all other instants after
`at` the record is missing here, until its letter is replayed or dismissed."""

from __future__ import annotations

from typing import Any

from schemas.instants import ALWAYS, Instant
from tables.view import Value


def opened(known: Value | None, at: Instant) -> Value:
    """The hole opens here, or its native customer has come back. A replay that is refused again changes nothing."""
    if known is None:
        return {"at": at}
    *earlier, (since, until) = known.get("away", [[ALWAYS, ALWAYS]])
    if until < ALWAYS or since > at + 1:
        return known
    return _hole(known, [*earlier, [since, at + 1]] if since <= at else earlier)


def left(known: Value, at: Instant) -> Value | None:
    """The native customer belongs to another one from `at` on. None: then nothing was ever missing here."""
    away = [[since, min(until, at)] for since, until in known.get("away", ()) if since < at]
    since = away.pop()[0] if away and away[-1][1] == at else at
    return _hole(known, [*away, [since, ALWAYS]]) if since > known["at"] + 1 else None


def stands(hole: Value, instant: Instant) -> bool:
    """Whether the hole counts at this instant."""
    return hole["at"] < instant and not any(since <= instant < until for since, until in hole.get("away", ()))


def ends(hole: Value, instant: Instant) -> Instant:
    """The end of the span, around this instant, in which the hole counts."""
    return min((since for since, _ in hole.get("away", ()) if since > instant), default=ALWAYS)


def until(hole: Value) -> Instant:
    """From when on the hole no longer counts here, unless the native customer comes back."""
    since, until = hole.get("away", [[ALWAYS, ALWAYS]])[-1]
    return since if until == ALWAYS else ALWAYS


def _hole(known: Value, away: list[list[Instant]]) -> Value:
    hole: dict[str, Any] = {name: held for name, held in known.items() if name != "away"}
    return hole | {"away": away} if away else hole
