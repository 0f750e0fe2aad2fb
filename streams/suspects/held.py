"""Holds assertions of business keys until every system that could assert something earlier has been heard.

So members change in the order of commits, and what comes of it does not depend on which partition is read first.

h/ENTITY/AT/KEY/SYSTEM/ENTITY/ID   {member, present}; of two in one instant the later version holds
a/ENTITY                           {at}: the earliest of them. One deadline stands for all, however many wait"""

from __future__ import annotations

from typing import NamedTuple

from schemas.instants import Instant
from streams.suspects.members import Member, older
from tables.deadlines import Gate
from tables.view import Value, Workspace

HELD = "h/"
WAITING = "a/"
_AT_A_TIME = 64
"""Most assertions that one step releases."""


def gate(entity: str) -> Gate:
    return "asserted", entity


def hold(ws: Workspace, member: Member, *, present: bool) -> bool:
    """Hold it. Returns False if a newer one of the same instant is held."""
    key = f"{HELD}{member.entity}/{_instant(member):020d}/{member.key}/{member.place}"
    entry = ws.get(key)
    if entry is not None and _outlives(Member(**entry["member"]), member, present=present):
        return False
    ws.put(key, {"member": member._asdict(), "present": present})
    first = ws.get(f"{WAITING}{member.entity}")
    if first is None or _instant(member) < first["at"]:
        ws.put(f"{WAITING}{member.entity}", {"at": _instant(member)})
    return True


def _outlives(known: Member, new: Member, *, present: bool) -> bool:
    return new.version < known.version or older(new, known, present=present)


def release(ws: Workspace, key: str, until: Instant) -> list[tuple[Member, bool]]:
    """The first assertions that are due, in order. `key`: the entry that stands for all of an entity."""
    prefix = f"{HELD}{key.removeprefix(WAITING)}/"
    found = ws.range(prefix, _AT_A_TIME + 1)
    ready = [(name, entry) for name, entry in found[:_AT_A_TIME] if Held.parse(name).at <= until]
    for name, _ in ready:
        ws.delete(name)
    if len(ready) < len(found):
        ws.put(key, {"at": Held.parse(found[len(ready)][0]).at})
    else:
        ws.delete(key)
    return [(Member(**entry["member"]), entry["present"]) for _, entry in ready]


def wake(key: str, value: Value | None) -> tuple[Gate, Instant] | None:
    if value is None or not key.startswith(WAITING):
        return None
    return gate(key.removeprefix(WAITING)), value["at"]


def applied_until(ws: Workspace, entity: str, heard: Instant) -> Instant:
    """Everything asserted up to the result has been applied, if every system was heard up to `heard`."""
    first = ws.get(f"{WAITING}{entity}")
    return heard if first is None else min(heard, first["at"] - 1)


class Held(NamedTuple):
    """The parts of an entry's key."""

    at: Instant
    key: str
    place: str

    @classmethod
    def parse(cls, name: str) -> Held:
        _, _, at, key, place = name.split("/", 4)
        return cls(int(at), key, place)


def _instant(member: Member) -> Instant:
    return max(member.effective_at, 0)
