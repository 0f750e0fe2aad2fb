"""The stage: business keys in, suspicions out. One shard has all members of a key.

m/KEY/SYSTEM/ENTITY/ID   a record that has the key, as it said last
p/KEY/SYSTEM/ENTITY/ID   what is suspected of it: {senior, due, opened, drift}
h/, a/                   what is not yet applied to these (held.py)
d/DRIFT/PARTITION        what has ended, until it is forgotten (streams/graves.py)
~marks                   watermarks, per identify shard

A record is a suspect under one senior a key, so that ten records of one customer are nine suspicions and not 45.
A key that a crowd shares raises none; those that it had raised before stand until one of their two records changes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from schemas import topics
from schemas.instants import Instant
from schemas.money import Money
from streams import graves
from streams.governance.model import Governance
from streams.inputs import Divert, Due, Input
from streams.likeness.keys import CROWD
from streams.suspects import held, suspicion
from streams.suspects.members import Member, likeness, older, senior_first
from streams.suspects.suspicion import Suspected
from streams.suspects.table import KIND_OF, compared, needed
from tables.deadlines import Gate
from tables.view import Emit, Place, Value, Workspace
from tables.watermarks import heard, minima

MARKS = "~marks"


class Suspects:
    name = "suspects"
    waits_under: tuple[str, ...] = (held.WAITING, "p/", graves.GRAVES)
    settled_before: frozenset[str] = frozenset()

    def __init__(self, governance: Governance) -> None:
        self._governance = governance

    def step(self, ws: Workspace, partition: int, record: Input) -> str:
        if record.record == "Watermarks":
            marks = ws.get(MARKS) or {}
            for mark in record.value["watermarks"]:
                name = f"{mark['system']}/{mark['object']}"
                at = record.value["partition"], mark["epoch"], mark["phase"], mark["watermark"]
                marks = heard(marks, name, *at)
            ws.put(MARKS, marks)
            return "watermarks"
        if record.record != "BusinessKeyAsserted":
            raise Divert("unknown_record", f"{topics.BUSINESS_KEYS} carries no {record.record}")
        return self._hold(ws, record.value)

    def _hold(self, ws: Workspace, value: dict[str, Any]) -> str:
        money = Money(**value["amount"]).as_json() if value["amount"] else None
        member = Member(**{name: value[name] for name in Member._fields} | {"amount": money})
        if not held.hold(ws, member, present=value["present"]):
            return "older"
        return "asserted" if value["present"] else "withdrawn"

    def _apply(self, ws: Workspace, member: Member, *, present: bool) -> None:
        at, known = member.effective_at, _member(ws.get(f"m/{member.key}/{member.place}"))
        if known is not None and older(member, known, present=present):
            return
        if known is not None:  # one that came late says so no earlier than what it follows
            member = member._replace(effective_at=max(at, known.effective_at))
        if present:
            ws.put(f"m/{member.key}/{member.place}", member._asdict())
        else:
            ws.delete(f"m/{member.key}/{member.place}")
        self._look_again(ws, member, at, present=present)

    def _look_again(self, ws: Workspace, member: Member, at: Instant, *, present: bool) -> None:
        """Look at the member, and at the records whose senior it is or might be, as of `at`."""
        found = [m for _, v in ws.range(f"m/{member.key}/", CROWD + 1) if (m := _member(v)) is not None]
        crowd = len(found) > CROWD
        self._weigh(ws, member, found if present else [], at, crowd=crowd)
        for other in found:
            entry = ws.get(f"p/{member.key}/{other.place}")
            if other.place == member.place or not (entry is None or entry["senior"] == member.place):
                continue
            self._weigh(ws, other, found if entry or crowd else [member] if present else [], at, crowd=crowd)

    def _weigh(self, ws: Workspace, junior: Member, among: list[Member], at: Instant, *, crowd: bool) -> None:
        """Decide whether the member is suspected, and under which senior. Its senior stays while the two look alike."""
        key = f"p/{junior.key}/{junior.place}"
        entry = ws.get(key)
        if entry is None and crowd:
            return
        seniors = sorted(self._seniors(junior, among), key=lambda m: senior_first(self._governance, m))
        now = {m.place: words for m in seniors if (words := likeness(self._governance, m, junior))}
        if entry is not None and entry["senior"] in now:
            if entry["drift"]["canonical_id"] != junior.canonical_id:
                suspicion.move(ws, self._governance, key, entry, junior.canonical_id, at)
            return
        if entry is not None:
            suspicion.end(ws, self._governance, key, entry, at)
        senior = next((m for m in seniors if m.place in now), None)
        if senior is not None and not crowd:
            told = _suspected(junior, senior, now[senior.place], at if entry else _since(junior, senior))
            suspicion.begin(ws, self._governance, key, told, senior=senior.place)

    def _seniors(self, junior: Member, among: Iterable[Member]) -> list[Member]:
        rank = senior_first(self._governance, junior)
        return [m for m in among if m.place != junior.place and senior_first(self._governance, m) < rank]

    # -- deadlines

    def wake(self, key: str, value: Value | None) -> tuple[tuple[str, ...], Instant] | None:
        if value is None or not key.startswith("p/") or value["opened"]:
            return held.wake(key, value) or graves.wake(key, value)
        return (value["drift"]["entity"],), value["due"]

    def gates(self, ws: Workspace) -> Mapping[Gate, Instant]:
        """The gates of each entity are open as far as its records and the links of customers were heard from every
        system. Assertions up to then are applied first, so a suspicion is told only once it has stood through all of
        them."""
        known = minima(ws.get(MARKS), self._governance.partitions)
        found: dict[Gate, Instant] = {}
        for entity in sorted(compared(self._governance)):
            heard_until = known.lowest(needed(self._governance, entity))[0]
            found[held.gate(entity)] = heard_until
            found[entity,] = held.applied_until(ws, entity, heard_until)
        return found

    def settle(self, ws: Workspace, due: Due) -> None:
        if due.key.startswith(held.WAITING):
            for member, present in held.release(ws, due.key, due.until):
                self._apply(ws, member, present=present)
            return
        if due.key.startswith(graves.GRAVES):
            graves.bury(ws, due.key, due.until)
            return
        entry = ws.get(due.key)
        # What was applied just before may have ended what was due, and begun another in its place.
        if entry is not None and not entry["opened"] and entry["due"] <= due.until:
            suspicion.fall_due(ws, self._governance, due.key, entry)

    def put_aside(self, ws: Workspace, key: str, letter_id: str) -> Emit | None:
        return None  # a suspicion is small

    # -- nothing more to say

    def flush(self, ws: Workspace, partition: int) -> None:
        """Nothing: everything is emitted as it happens."""

    def project(self, ws: Workspace, place: Place) -> None:
        raise NotImplementedError(f"{self.name} refreshes no place")

    def diverted(self, ws: Workspace, partition: int, letter: dict[str, Any]) -> None:
        """No hole: an unreadable key is a fault of ours. The letter remains."""


def _member(value: Value | None) -> Member | None:
    return None if value is None else Member(**value)


def _since(one: Member, other: Member) -> Instant:
    return max(one.effective_at, other.effective_at)


def _suspected(junior: Member, senior: Member, words: str, at: Instant) -> Suspected:
    whole = f"{senior.entity.replace('_', ' ')} {senior.native_id} of {senior.system}"
    return Suspected(
        KIND_OF[junior.entity],
        junior.canonical_id,
        junior.system,
        junior.entity,
        junior.native_id,
        trigger=f"{junior.key}/{senior.place}/{at}",
        began_at=at,
        expected=_expected(junior, senior, whole),
        observed=f"{junior.native_id} of {junior.system} has with {whole}: {words}",
        evidence=tuple(_evidence(member) for member in (junior, senior)),
        desired=_desired(junior, senior),
        amount=junior.amount,
        snapshot=junior.snapshot and senior.snapshot,
    )


def _expected(junior: Member, senior: Member, whole: str) -> str:
    if junior.entity != "customer":
        return f"one {junior.entity.replace('_', ' ')} with that number in {junior.system}: {whole}"
    if junior.system == senior.system:
        return f"one record of a customer in {junior.system}: {whole}"
    return f"a link to {whole}, if the two are one customer"


def _desired(junior: Member, senior: Member) -> dict[str, str]:
    if junior.system == senior.system:
        return {"duplicate_of": senior.native_id}
    return {"link_to": f"{senior.system}/{senior.native_id}"}


def _evidence(member: Member) -> Value:
    return {
        "system": member.system,
        "entity": member.entity,
        "native_id": member.native_id,
        "version": member.version,
        "native_version": "",
        "committed_at": member.effective_at,
        "field": member.key.partition(":")[0],
        "value": None,
    }
