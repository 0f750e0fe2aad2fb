"""Dead letters: what was refused, what has become of it since, and how it is replayed or given up.

A letter counts as replayed or dismissed once a `HoleClosed` with its id lies in q2c.changes behind its last refusal.
Only source records leave a hole; letters of later stages stay `new` until they fall out of the topic. One of a verdict
that cannot be written holds that verdict back until it is replayed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from schemas import topics
from schemas.instants import Instant
from streams.fleet.letters import tell_resolved
from streams.governance.model import Governance
from streams.identify.letters import DISMISSAL
from streams.letters import ENTITY_HEADER, HOPS_HEADER, HOPS_MAX, ID_HEADER, is_of_verdict, key_text
from streams.look.read import CannotLook, Cluster
from streams.look.write import Outgoing
from tables.view import Emit

Letter = dict[str, Any]
REASON_HEADER = "driftwise-reason"
"""On a dismissal: why, in the words of who dismissed it."""
BY_HEADER = "driftwise-by"


class Hole(NamedTuple):
    """What a letter's hole became: the records of q2c.changes about it."""

    told: Mapping[str, Any] | None = None
    how: str = ""
    """replayed or dismissed; empty while it is open."""
    closed_at: Instant = 0
    """Wall clock."""
    opened_at: Instant = 0
    """Wall clock, of the last time; it is opened anew where its native customer moves to."""
    lives: Mapping[str, int] = {}
    """Canonical customer -> how often it was opened there, less how often it moved on with its native customer; for
    partitions are read one after the other, and which record came last cannot be told."""

    @property
    def opened(self) -> Mapping[str, Any] | None:
        """The hole as it is now, at whichever customer."""
        here = next((customer for customer, times in self.lives.items() if times > 0), None)
        return None if self.told is None or here is None else {**self.told, "canonical_id": here}

    def lived(self, customer: str, times: int) -> Mapping[str, int]:
        return {**self.lives, customer: self.lives.get(customer, 0) + times}


@dataclass
class Letters:
    """Every letter that is kept, by id, as of its last refusal."""

    letters: dict[str, Letter] = field(default_factory=dict)
    holes: dict[str, Hole] = field(default_factory=dict)
    since: Instant | None = None
    """The first refusal of any of them: it opened the hole, and one that follows a replay opens no other."""

    def add(self, letter: Letter) -> None:
        refused_at: Instant = letter["diverted_at"]
        self.since = refused_at if self.since is None else min(self.since, refused_at)
        known = self.letters.get(letter["letter_id"])
        if known is None or letter["hops"] >= known["hops"]:
            self.letters[letter["letter_id"]] = letter

    def add_hole(self, record: str, value: Mapping[str, Any], at: Instant) -> None:
        known = self.holes.get(value["letter_id"], Hole())
        if record == "HoleOpened":
            lives, opened_at = known.lived(value["canonical_id"], 1), max(known.opened_at, at)
            self.holes[value["letter_id"]] = known._replace(told=value, lives=lives, opened_at=opened_at)
        elif record == "HoleClosed" and value["how"] == "moved":
            self.holes[value["letter_id"]] = known._replace(lives=known.lived(value["canonical_id"], -1))
        elif record == "HoleClosed" and at >= known.closed_at:
            self.holes[value["letter_id"]] = known._replace(how=value["how"], closed_at=at)

    def status(self, letter: Letter) -> str:
        """new, needs_fix, replayed or dismissed."""
        hole = self.holes.get(letter["letter_id"], Hole())
        if hole.how and hole.closed_at >= max(letter["diverted_at"] // 1_000 * 1_000, hole.opened_at):
            return hole.how
        return "needs_fix" if letter["hops"] >= HOPS_MAX else "new"

    def get(self, letter_id: str) -> Letter:
        try:
            return self.letters[letter_id]
        except KeyError:
            raise CannotLook(f"there is no dead letter {letter_id}: `driftwise dead-letters list` shows them") from None

    def unsettled(self, reason: str | None = None) -> list[Letter]:
        """Letters that still wait for somebody, oldest first."""
        return [x for x in self.sorted(reason) if self.status(x) in ("new", "needs_fix")]

    def sorted(self, reason: str | None = None) -> list[Letter]:
        wanted = (x for x in self.letters.values() if reason in (None, x["reason"]))
        return sorted(wanted, key=lambda x: (x["diverted_at"], x["letter_id"]))


def read_letters(cluster: Cluster) -> Letters:
    found = Letters()
    for seen in cluster.decoded(topics.DEAD_LETTERS):
        if seen.value is not None:
            found.add(seen.value)
    if found.since is not None:
        _read_holes(cluster, found, found.since)
    return found


def _read_holes(cluster: Cluster, found: Letters, since: Instant) -> None:
    """The changes since the first letter; only those that mention a letter are decoded."""
    mentions = re.compile(b"|".join(re.escape(i.encode()) for i in sorted(found.letters, reverse=True)))
    for record in cluster.raw(topics.CHANGES, since=since - 1_000_000):
        if record.data is not None and mentions.search(record.data):
            seen = cluster.decode(record)
            if seen.record in ("HoleOpened", "HoleClosed") and seen.value is not None:
                found.add_hole(seen.record, seen.value, record.timestamp_ms * 1_000)


def replay(letter: Letter, *, force: bool = False) -> Outgoing:
    """The record as it was received, for its partition once more. Raises CannotLook where that will not help."""
    if letter["hops"] >= HOPS_MAX and not force:
        raise CannotLook(
            f"{letter['letter_id']} was refused {letter['hops']} times ({letter['reason']}): mend the cause, then "
            "replay it with --force, or dismiss it"
        )
    headers = {name: (text or "").encode("latin-1") for name, text in letter["original_headers"].items()}
    headers |= {
        ID_HEADER: letter["letter_id"].encode(),
        ENTITY_HEADER: letter["entity"].encode(),
        HOPS_HEADER: str(letter["hops"]).encode(),
    }
    return Outgoing(letter["topic"], letter["partition"], letter["original_key"], letter["original_value"], headers)


def dismiss(
    letters: Letters, governance: Governance, letter_id: str, reason: str, by: str, now_micros: Instant
) -> list[Emit]:
    """What closes the hole of a letter that never comes home: its audit record, one record where the hole is, and one
    in the source's topic, so that identify takes it nowhere else. Once more, where it is dismissed: an earlier release
    wrote one after the other, of which the last may be lacking; none does anything twice."""
    letter = letters.get(letter_id)
    opened, status = letters.holes.get(letter_id, Hole()).opened, letters.status(letter)
    if status not in ("new", "needs_fix", "dismissed"):
        raise CannotLook(f"{letter_id} is {status} already: its hole is closed")
    if is_of_verdict(letter_id):
        raise CannotLook(
            f"{letter_id} holds back a verdict that cannot be written, and nothing can be judged in its place: shorten "
            "what it is about, then replay it"
        )
    if opened is None:
        raise CannotLook(f"{letter_id} has no hole in the evidence ({letter['topic']}): nothing is held back by it")
    value = {name: opened[name] for name in ("canonical_id", "system", "entity", "letter_id")} | {"how": "dismissed"}
    headers = ((REASON_HEADER, reason.encode()), (BY_HEADER, by.encode()))
    customer = opened["canonical_id"]
    if customer:
        targets: Iterable[int] = (topics.partition_for(customer, governance.partitions),)
    else:
        targets = range(governance.partitions)
    closing = [Emit(topics.CHANGES, customer, "HoleClosed", value, partition=p, headers=headers) for p in targets]
    closing.append(_to_identify(letter, value))
    closing.append(tell_resolved(letter["letter_id"], "dismissed"))
    if status == "dismissed":
        return closing
    audited = {name: opened[name] for name in ("letter_id", "system", "entity", "canonical_id")}
    audited |= {"reason": reason, "by": by, "dismissed_at": now_micros}
    partition = topics.partition_for(letter_id, governance.partitions)
    return [Emit(topics.AUDIT, letter_id, "LetterDismissed", audited, partition=partition), *closing]


def _to_identify(letter: Letter, value: dict[str, Any]) -> Emit:
    key = key_text(letter["original_key"])
    return Emit(letter["topic"], key, DISMISSAL, value, partition=letter["partition"])
