"""The canary: a customer that breaks on purpose, at a steady interval, and must drift within its bound.

A silent detector looks like a healthy company. So canaries break all the time, and take the way of every other drift:

1. `broken`, in identify: one comes out of a source topic, after all that the source has sent.
2. `armed`, in judge: it is an obligation that nothing will ever answer.
3. `settled`, in judge: it waits for the source's watermark like any other, and drifts at its deadline.
4. `alive`, in the fleet stage: its drift is noted. The worker that owns this stage exports how long ago the last one
   was.

Canaries appear in no drifts, corrected state, commands or audit. A silent source stops them too, and rightly: then no
verdicts about that source are given."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from schemas import topics
from schemas.instants import ALWAYS, NEVER, Instant, seconds
from streams.governance.model import Governance
from streams.judge.keys import ObligationKey
from streams.judge.obligation import Clock, Obligation, wake_at
from streams.kinds.finding import Finding
from tables.deadlines import Gate
from tables.view import Emit, Workspace
from tables.watermarks import Minima

KIND = "canary"
CUSTOMER = "~canary"
"""The customer of canaries: no canonical id begins like that."""
LAST = "~canary"
"""In identify's state: system -> when the last one was broken here."""


def broken(ws: Workspace, governance: Governance, system: str, partition: int, now: Instant) -> None:
    """Break one, if the last was long enough ago. `now` is the wall clock of the worker that sent the probe. It may
    have been far ahead before and set right since, hence `abs`."""
    last = ws.get(LAST) or {}
    if abs(now - last.get(system, 0)) < seconds(governance.canary_interval_seconds):
        return
    ws.put(LAST, {**last, system: now})
    value = {"system": system, "partition": partition, "broken_at": now}
    ws.emit(Emit(topics.CHANGES, "", "CanaryBroken", value, partition=partition))


def armed(ws: Workspace, value: Mapping[str, Any]) -> None:
    """Arm an obligation for it, however many wait already: which canaries drift must not depend on timing."""
    key = ObligationKey(CUSTOMER, KIND, value["system"], f"{value['partition']}/{value['broken_at']}")
    ws.put(key.text(), Obligation(next=value["broken_at"]).as_json())


def gate(system: str) -> Gate:
    return KIND, system


def heard_until(heard: Minima, governance: Governance, system: str) -> Instant:
    """How far the canaries' gate is open: as far as all entities of the system have been heard."""
    everything = governance.derived.get((KIND, system))
    if everything is None:
        entities = {mapping.entity for mapping in governance.mappings[system].values()}
        everything = governance.derived[KIND, system] = tuple((system, entity) for entity in sorted(entities))
    return heard.lowest(everything)[0]


def is_canary(text: str) -> bool:
    """Whether a key of judge's state is a canary's."""
    return text.startswith(f"o/{CUSTOMER}/")


def settled(ws: Workspace, governance: Governance, text: str, until: Instant) -> None:
    """Judge its instants up to `until`, as for any obligation. Once it has drifted it is deleted, and the fleet stage
    told.
    """
    value, key = ws.get(text), ObligationKey.parse(text)
    if value is None:
        return
    obligation, clock = Obligation.from_json(value), Clock("deadline", seconds(governance.canary_sla_seconds))
    partition, broken_at = map(int, key.native_id.split("/"))
    never = Finding(False, broken_at, str(broken_at), key.system, "an answer", "none, on purpose", ())
    while obligation.next <= until and obligation.status != "open":
        obligation = clock.advance(obligation, obligation.next, never, moved=False)
        obligation = obligation._replace(next=wake_at(obligation, ALWAYS, 0))
    if obligation.status != "open":
        ws.put(text, obligation.as_json())
        return
    ws.delete(text)
    said = {"system": key.system, "partition": partition, "broken_at": broken_at, "opened_at": obligation.opened_at}
    ws.emit(Emit(topics.PROGRESS, key.system, "CanaryDrifted", said, partition=0))


def alive(ws: Workspace, system: str, partition: int, at: Instant) -> None:
    """In the fleet stage: a canary that was broken at `at` has drifted; or the wait for the first one begins."""
    key = f"y/{system}"
    heard = ws.get(key) or {}
    if at > heard.get(str(partition), 0):
        ws.put(key, {**heard, str(partition): at})


def awaited(ws: Workspace, system: str, partition: int, now: Instant) -> None:
    """In the fleet stage: the source has been heard here; from now on canaries have to drift."""
    if str(partition) not in (ws.get(f"y/{system}") or {}):
        alive(ws, system, partition, now)


def judged_until(fleet: Workspace, governance: Governance, system: str, partition: int) -> Instant:
    """In the fleet stage: up to when judge is known to have worked off what it was told of the system there."""
    heard = fleet.get(f"y/{system}") or {}
    return int(heard.get(str(partition), NEVER)) + seconds(governance.canary_sla_seconds)


def age(fleet: Workspace, system: str, now: Instant) -> Instant | None:
    """For how long no canary of the system has drifted, in its worst partition; None: it has not been heard yet."""
    heard = fleet.get(f"y/{system}")
    return None if not heard else now - int(min(heard.values()))


def bound(governance: Governance, system: str) -> Instant:
    """An age beyond it says that detection is dead."""
    waits = governance.canary_interval_seconds + governance.canary_sla_seconds
    return seconds(waits + governance.systems[system].stale_after_seconds)
