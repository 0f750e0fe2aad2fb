"""The crosswalk: which native customers are one customer. One shard sees every link, so a cluster has one answer.

Linked native customers form a *cluster*. Its canonical id is that of its senior member: by governed order of systems,
then by native id, never by arrival. A record that is only named (its row has not come yet) is a member too, so its
arrival changes nothing.

A cluster is in conflict (kind 48) if its most senior system has two records in it: two accounts claim one record, or
two systems map the same pair differently. Junior systems may have several records, one for each company.

If the effect of an assertion depends on others, it is held until every asserting system has been heard that far. Then
all are applied in the order in which they were committed (streams/held.py). So how clusters grow and fall apart, and
how long a conflict stood, does not depend on who arrives first. The state:

    n/SYSTEM/CUSTOMER       {links, back, at, canonical, route_version}
    h/AT/...                an assertion that is held
    c/SYSTEM/CUSTOMER       a record in conflict with the senior: {senior, due, opened, drift}
    w/DUE/SYSTEM/CUSTOMER   the same in the order in which they are due
    b/, y/, v/              parents, and circles of them (streams/suspects/circle.py)
    d/DRIFT/PARTITION       a drift that has ended, until its tombstone (streams/graves.py)
    ~marks                  watermarks of the links of each system, per identify shard
    ~sent                   those that were sent on
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from schemas import ids, topics
from schemas.instants import NEVER, Instant
from streams import graves, held
from streams.governance.model import Governance
from streams.inputs import Divert, Due, Input
from streams.suspects import circle, conflict
from tables.deadlines import Gate
from tables.view import Emit, Place, Value, Workspace
from tables.watermarks import LINKS, Marks, heard, watermark

MARKS = "~marks"
SENT = "~sent"
_COUNTED = {"LinkAsserted": "link", "ParentAsserted": "parent"}
_TELLS = {circle.WAITING: circle.tell, conflict.WAITING: conflict.tell}
"""Prefix of what has fallen due -> what tells of it."""


class Member(NamedTuple):
    system: str
    native_customer: str

    @property
    def key(self) -> str:
        return f"n/{self.system}/{self.native_customer}"


_ALONE: Value = {"links": [], "back": [], "at": NEVER, "canonical": None, "route_version": 0}


class Crosswalk:
    name = "crosswalk"
    waits_under: tuple[str, ...] = (held.HELD, *_TELLS, graves.GRAVES)
    settled_before: frozenset[str] = frozenset()

    def __init__(self, governance: Governance) -> None:
        self._governance = governance

    def step(self, ws: Workspace, partition: int, record: Input) -> str:
        if record.record == "Watermarks":
            self._hear(ws, record.value)
            return "watermarks"
        if record.record not in _COUNTED:
            raise Divert("unknown_record", f"{topics.LINKS} carries no {record.record}")
        if record.record == "ParentAsserted" or held.ordered(self._governance):
            held.hold(ws, record.record, record.value)
        else:
            self._assert(ws, record.value)
        return _COUNTED[record.record]

    def settle(self, ws: Workspace, due: Due) -> None:
        tell = _TELLS.get(due.key[:2])
        if tell is not None:
            tell(ws, self._governance, due.key)
            return
        if due.key.startswith(graves.GRAVES):
            graves.bury(ws, due.key, due.until)
            return
        record, value = held.release(ws, due)
        if record == "ParentAsserted":
            circle.asserted(ws, self._governance, value)
        else:
            self._assert(ws, value)

    def wake(self, key: str, value: Value | None) -> tuple[tuple[str, ...], Instant] | None:
        waits = held.wake(key, value) or circle.wake(key, value) or conflict.wake(key, value)
        return waits or graves.wake(key, value)

    def gates(self, ws: Workspace) -> Mapping[Gate, Instant]:
        """What was asserted first: a conflict or a circle is told of once it has stood through all of that."""
        told = self._heard(ws.get(MARKS) or {})
        return {
            held.GATE: held.heard_until(self._governance, told),
            circle.GATE: held.applied_until(ws, self._governance, told),
            conflict.GATE: conflict.open_until(self._governance, self._resolved(ws, told)),
        }

    def put_aside(self, ws: Workspace, key: str, letter_id: str) -> Emit | None:
        return None  # what a route says always fits into a record

    def project(self, ws: Workspace, place: Place) -> None:
        raise NotImplementedError(f"{self.name} refreshes no place")

    def _assert(self, ws: Workspace, value: dict[str, Any]) -> None:
        member = Member(value["system"], value["native_customer"])
        node = ws.get(member.key) or _ALONE
        old = {Member(*link) for link in node["links"]}
        new = {Member(link["system"], link["native_customer"]) for link in value["links"]}
        ws.put(member.key, {**node, "links": sorted(map(list, new)), "at": value["committed_at"]})
        for target in old - new:
            self._point_back(ws, target, member, linked=False)
        for target in new - old:
            self._point_back(ws, target, member, linked=True)
        done: set[Member] = set()
        for start in (member, *sorted(old | new)):
            if start not in done:
                done |= self._assign(ws, start, value["committed_at"])

    def _point_back(self, ws: Workspace, target: Member, source: Member, *, linked: bool) -> None:
        node = ws.get(target.key) or _ALONE
        back = {Member(*b) for b in node["back"]}
        back = back | {source} if linked else back - {source}
        ws.put(target.key, {**node, "back": sorted(map(list, back))})

    def _assign(self, ws: Workspace, start: Member, caused_at: Instant) -> set[Member]:
        """Give every member of the cluster its senior's id; returns the cluster."""
        cluster = _cluster(ws, start)
        senior = min(cluster, key=self._seniority)
        canonical_id = ids.canonical_id(*senior)
        joined_at = _joined_at(ws, senior)
        for member in sorted(cluster):
            node = ws.get(member.key) or _ALONE
            if canonical_id != (node["canonical"] or ids.canonical_id(*member)):
                at = max(joined_at[member], caused_at)
                self._route(ws, member, node, canonical_id, at)
        for member in sorted(cluster):
            rival = member.system == senior.system and member != senior
            neighbours = tuple(other for other, _ in _neighbours(ws, member)) if rival else ()
            joined = conflict.Joined(neighbours, joined_at[member])
            conflict.weigh(ws, self._governance, member, senior if rival else None, joined, caused_at)
        return cluster

    def _route(self, ws: Workspace, member: Member, node: Value, canonical_id: str, at: Instant) -> None:
        number = node["route_version"] + 1
        ws.put(member.key, {**node, "canonical": canonical_id, "route_version": number})
        value = {
            "system": member.system,
            "native_customer": member.native_customer,
            "canonical_id": canonical_id,
            "route_version": number,
            "routed_at": at,
        }
        partition = topics.partition_for(member.native_customer, self._governance.partitions)
        key = f"{member.system}/{member.native_customer}"
        ws.emit(Emit(topics.CROSSWALK, key, "RouteAssigned", value, partition=partition))
        circle.moved(ws, self._governance, *member, canonical_id, at)

    def _seniority(self, member: Member) -> tuple[int, str]:
        return self._governance.rank(member.system), member.native_customer

    def _hear(self, ws: Workspace, value: dict[str, Any]) -> None:
        marks = ws.get(MARKS) or {}
        for mark in value["watermarks"]:
            marks = heard(marks, mark["system"], value["partition"], mark["epoch"], mark["phase"], mark["watermark"])
        ws.put(MARKS, marks)

    def flush(self, ws: Workspace, partition: int) -> None:
        """Once every identify shard has passed an instant, every link asserted up to it is resolved and on its way."""
        marks, sent = ws.get(MARKS) or {}, ws.get(SENT) or {}
        resolved = self._resolved(ws, self._heard(marks))
        if resolved == sent:
            return
        ws.put(SENT, resolved)
        # All of them each time: the topic is compacted, and this record has one key.
        entries = [self._entry(marks, system, mark) for system, mark in resolved.items()]
        value = {"partition": 0, "watermarks": entries}
        for target in range(self._governance.partitions):
            ws.emit(Emit(topics.CROSSWALK, f"~{LINKS}", "Watermarks", value, partition=target))

    def _resolved(self, ws: Workspace, told: Mapping[str, Instant]) -> dict[str, Instant]:
        """System -> up to when its links are resolved."""
        resolved = {name: told[name] for name in self._governance.linking if name in told}
        if held.ordered(self._governance):
            # What was resolved stays so, also while another system has a gap.
            applied, sent = held.applied_until(ws, self._governance, told), ws.get(SENT) or {}
            resolved = {name: min(mark, max(applied, sent.get(name, NEVER))) for name, mark in resolved.items()}
        return resolved

    def _heard(self, marks: Marks) -> dict[str, Instant]:
        return {system: watermark(marks, system, self._governance.partitions) for system in marks}

    def _entry(self, marks: Marks, system: str, mark: Instant) -> dict[str, Any]:
        streaming = mark > NEVER
        return {
            "system": system,
            "object": LINKS,
            "epoch": max(report[0] for report in marks[system].values()),
            "phase": "streaming" if streaming else "gap",
            "watermark": mark if streaming else None,
        }

    def diverted(self, ws: Workspace, partition: int, letter: dict[str, Any]) -> None:
        """A link that cannot be read is a fault of our own; the letter is the trace."""


def _neighbours(ws: Workspace, member: Member) -> list[tuple[Member, Instant]]:
    """Linked members, each with the instant at which the link was asserted."""
    node = ws.get(member.key) or _ALONE
    out = [(Member(*link), node["at"]) for link in node["links"]]
    back = [(Member(*b), (ws.get(Member(*b).key) or _ALONE)["at"]) for b in node["back"]]
    return sorted(out + back)


def _cluster(ws: Workspace, start: Member) -> set[Member]:
    seen, frontier = {start}, [start]
    while frontier:
        for member, _ in _neighbours(ws, frontier.pop()):
            if member not in seen:
                seen.add(member)
                frontier.append(member)
    return seen


def _joined_at(ws: Workspace, senior: Member) -> dict[Member, Instant]:
    """When each member became one with the senior: the latest link on the path to it. Depends on the links alone,
    not on the order in which they were seen."""
    joined, frontier = {senior: NEVER}, [senior]
    while frontier:
        current = frontier.pop(0)
        for member, at in _neighbours(ws, current):
            reached = max(joined[current], at)
            if member not in joined or reached < joined[member]:
                joined[member] = reached
                frontier.append(member)
    return joined
