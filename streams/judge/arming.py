"""Arms obligations: sets the instant that is judged next."""

from __future__ import annotations

from schemas.instants import ALWAYS, NEVER, Instant
from streams.governance.in_force import InForce
from streams.judge import told
from streams.judge.gates import passed_by
from streams.judge.keys import ObligationKey
from streams.judge.obligation import Obligation
from streams.judge.reached import reached_by
from streams.kinds.table import BY_NAME
from tables.view import Value, Workspace


def arm(
    ws: Workspace,
    key: ObligationKey,
    at: Instant,
    *,
    late: bool,
    kept_from: Instant = ALWAYS,
    ruled: InForce | None = None,
) -> bool:
    """Have the instant judged. Instants that are settled are judged again only for late evidence. Returns False if late
    evidence can amend nothing any more."""
    text = key.text()
    value = ws.get(text)
    if value is None:
        ws.put(text, {"next": at})
        return True
    if "awaits" in value:  # an earlier instant may not have to
        value = {name: held for name, held in value.items() if name != "awaits"}
    waits_for = value.get("next", ALWAYS)
    if late:
        value = _as_it_became(told.remembered(value, kept_from), at)
        if told.is_of_memory(value) and "told" not in value:
            ws.put(text, {"next": min(waits_for, at)})
            return True
    settled = value.get("settled", NEVER)
    if at <= settled and not late:
        return True
    until = _passed(ws, ruled, key) if late and "told" in value else ALWAYS
    is_amended = True
    if late and (at <= settled or told.is_anew(value)):
        anew = told.again(value, at, kept_from, until, clock=BY_NAME[key.kind].clock)
        if anew is not None:
            ws.put(text, anew)
        is_amended = anew is not None or not told.is_over(value)
        if anew is not None or told.is_anew(value):
            return is_amended
    again_at = min(waits_for, at) if at > settled else settled
    if again_at != waits_for:
        value = _again(value, kept_from, until) if at <= settled else value
        ws.put(text, {**value, "next": again_at})
    return is_amended


def _as_it_became(value: Value, at: Instant) -> Value:
    """The value without the last instants that changed nothing: which those are depends on where commits fell."""
    since = value.get("unchanged_since")
    if since is None or at > value["settled"]:
        return value
    return {name: held for name, held in value.items() if name != "unchanged_since"} | {"settled": since}


def _passed(ws: Workspace, ruled: InForce | None, key: ObligationKey) -> Instant:
    """Up to which instant verdicts of its kind have ever been given."""
    if ruled is None:
        return ALWAYS
    return passed_by(reached_by(ws, ruled.newest), ruled, BY_NAME[key.kind], key.system)[0]


def _again(value: Value, kept_from: Instant, until: Instant) -> Value:
    """To be judged again, by what was known when the late evidence came. What is known when it is actually judged
    depends on where commits fall."""
    value = told.recalled(value, until)
    return value if kept_from == ALWAYS else {"again_from": kept_from, **value}


def save(ws: Workspace, key: ObligationKey, obligation: Obligation) -> None:
    asleep = obligation.next == ALWAYS and obligation.held is None
    if obligation.status == "idle" and asleep:
        ws.delete(key.text())
    else:
        ws.put(key.text(), obligation.as_json())
