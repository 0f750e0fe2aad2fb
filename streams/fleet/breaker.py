"""C4 correction_breaker: so many corrections of one kind, or to one target system, went wrong one after the other that
commands are only proposed until somebody resumes them, or a while has passed.

It goes wrong if the target refuses, or never answers; or if its own changes do not show what it answered (M6). Trust
comes back by an answer of success in the one case, and by a drift that closed `corrected` in the other. After a breaker
that closed by itself, the next that goes wrong opens it again.

Judge proposes instead of commanding from when it hears of it; an executor performs none of what was commanded before.
Where its mode is `alert`, it is told of and stops nothing.

b/SCOPE/NAME    {refused, ineffective, drift, until}"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from schemas import topics
from schemas.instants import Instant, iso
from streams.fleet.table import AGAIN, Subject, Told, clock, close, is_early, opened, publish, wait
from streams.governance.model import Governance
from tables.view import Emit, Value, Workspace

KIND = "correction_breaker"
ENTITY = "breaker"
"""Entity of its drifts; their native id is the scope's text."""
REFUSED, INEFFECTIVE = "refused", "ineffective"
_SOUND: Value = {REFUSED: 0, INEFFECTIVE: 0, "drift": None, "until": None}


class Scope(NamedTuple):
    """What a breaker stops: a kind's corrections, or those to a system."""

    of: str
    """kind or system"""
    name: str

    @property
    def text(self) -> str:
        return f"{self.of}/{self.name}"


def went(ws: Workspace, governance: Governance, kind: str, target: str, at: Instant, how: str, *, wrong: bool) -> None:
    """Count a correction of this kind at this target, which failed or did not. `how`: REFUSED or INEFFECTIVE, whichever
    of the two is known now."""
    if not governance.wants(KIND):
        return
    for scope in (Scope("kind", kind), Scope("system", target)):
        key = f"b/{scope.text}"
        known = ws.get(key) or _SOUND
        known = {**known, how: known[how] + 1 if wrong else 0}
        if wrong and known["drift"] is None and known[how] >= governance.kinds[KIND].tolerance_absolute:
            until = at + governance.kinds[KIND].sla
            known = _open(ws, governance, scope, known, at, _observed(how, known[how], until), until)
        _keep(ws, key, known)


def halted(ws: Workspace, governance: Governance, value: dict[str, Any]) -> None:
    """Somebody halts the corrections of a kind or to a system, or resumes them."""
    scope, at = Scope(value["scope"], value["name"]), value["at"]
    key = f"b/{scope.text}"
    known = ws.get(key) or _SOUND
    if value["halted"] and known["drift"] is None:
        observed = f"somebody halted them at {iso(at)} until `driftwise resume`: {value['reason']}"
        known = _open(ws, governance, scope, known, at, observed, None)
    elif value["halted"]:
        known = {**known, "until": None}
    elif known["drift"] is not None:
        _close(ws, governance, known["drift"], at, "accepted")
        known = _SOUND
    _keep(ws, key, known)


def due(ws: Workspace, governance: Governance, key: str) -> None:
    known = ws.get(key)
    if known is None or known["until"] is None or is_early(ws, known["until"], key):
        return
    _close(ws, governance, known["drift"], known["until"], "expired")
    last = max(0, int(governance.kinds[KIND].tolerance_absolute) - 1)
    ws.put(key, {**_SOUND, REFUSED: last, INEFFECTIVE: last})


def halts(drift: Mapping[str, Any]) -> bool:
    """Whether the drift stops corrections: not if its mode was `alert` when it opened."""
    return bool(drift["mode"] != "alert")


def turned(ws: Workspace, governance: Governance, scope: Scope, drift: Value, closed_at: Instant | None) -> None:
    """Tell judge, in every partition, that corrections stop or go on; unless the breaker only alerts."""
    if not halts(drift):
        return
    times = {"opened_at": drift["opened_at"], "closed_at": closed_at}
    value = {"scope": scope.of, "name": scope.name, "drift_id": drift["drift_id"], **times}
    for partition in range(governance.partitions):
        ws.emit(Emit(topics.CHANGES, "", "BreakerTurned", value, partition=partition))
    if closed_at is not None:
        wait(ws, clock(ws), AGAIN)


def stops(ws: Workspace, kind: str, target: str) -> bool:
    """Whether corrections of the kind, or to the system, are stopped by a breaker."""
    entries = (ws.get(f"b/{scope.text}") for scope in (Scope("kind", kind), Scope("system", target)))
    return any(known is not None and known["drift"] is not None and halts(known["drift"]) for known in entries)


def _open(
    ws: Workspace,
    governance: Governance,
    scope: Scope,
    known: Value,
    at: Instant,
    observed: str,
    until: Instant | None,
) -> Value:
    told = Told(
        Subject(scope.name if scope.of == "system" else "driftwise", ENTITY, scope.text),
        str(at),
        at,
        at,
        expected=f"{_whose(scope)} bring about what they ask for",
        observed=f"{observed}; meanwhile commands are only proposed",
        causes=(scope.name,) if scope.of == "kind" else (),
    )
    drift = opened(governance, KIND, told)
    publish(ws, governance, drift)
    turned(ws, governance, scope, drift, None)
    if until is not None:
        wait(ws, max(until, clock(ws)), f"b/{scope.text}")
    return {**known, "drift": drift, "until": until}


def _whose(scope: Scope) -> str:
    return f"corrections of {scope.name.replace('_', ' ')}" if scope.of == "kind" else f"corrections in {scope.name}"


def _observed(how: str, number: int, until: Instant) -> str:
    what = "were refused or not answered" if how == REFUSED else "showed no effect"
    return (
        f"the last {number} {what}; it closes by `driftwise resume` once the cause is mended, or by itself {iso(until)}"
    )


def _close(ws: Workspace, governance: Governance, drift: Value, at: Instant, how: str) -> None:
    at = max(at, drift["opened_at"])
    close(ws, governance, drift, at, how)
    turned(ws, governance, Scope(*drift["native_id"].split("/", 1)), drift, at)


def _keep(ws: Workspace, key: str, known: Value) -> None:
    if known == _SOUND:
        ws.delete(key)
    else:
        ws.put(key, known)
