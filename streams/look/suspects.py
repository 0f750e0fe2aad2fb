"""Why a record is suspected to be another customer's once more, or is not: kinds 44 and 45 across customers.

`explain_suspects` is pure. The rules of likeness and their weights are the stage's own; here they are only told."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property
from typing import NamedTuple

from schemas import topics
from schemas.instants import Instant, iso
from streams.governance.model import Governance
from streams.identify.keys import part
from streams.kinds.finding import Subject
from streams.likeness.keys import CROWD
from streams.look import changelog
from streams.look.lag import heard_least, heard_up_to
from streams.look.near import WORDS, Near, near, nearest
from streams.look.read import Cluster
from streams.look.reasons import Said
from streams.look.suspicion import Heard, quiet, standing
from streams.look.why import Explanation
from streams.suspects.held import HELD, Held
from streams.suspects.keys import NOT_IN_USE, Keyed, keyed
from streams.suspects.members import Member
from streams.suspects.stage import MARKS
from streams.suspects.table import KIND_OF, compared, needed
from tables.versions import MOVED, Version
from tables.view import Value, View

Shards = Mapping[int, View]
"""The state of the suspects stage, as far as the customer's records have keys there."""
_MANY = 1_000_000


class Asked(NamedTuple):
    """A record of the customer, as judge has it."""

    subject: Subject
    version: Version
    said: Keyed

    @property
    def place(self) -> str:
        return f"{self.subject.system}/{self.subject.entity}/{part(self.subject.native_id)}"


class Looked:
    """One record with everything that an explanation needs."""

    def __init__(self, shards: Shards, governance: Governance, asked: Asked) -> None:
        self._shards, self.governance = shards, governance
        self.asked, self.place = asked, asked.place

    @cached_property
    def sharing(self) -> dict[str, list[Member]]:
        """Each of its keys, with the records that have it; of a crowd so many and one more."""
        return {key: [Member(**v) for _, v in self._range(f"m/{key}/", key, CROWD + 1)] for key in self.asked.said.keys}

    @property
    def is_told(self) -> bool:
        return any(member.place == self.place for members in self.sharing.values() for member in members)

    @property
    def held(self) -> list[Instant]:
        """Of what it said under its keys and is not yet compared: since when it says so."""
        prefix = f"{HELD}{self.asked.subject.entity}/"
        found = [Held.parse(n) for key in self.asked.said.keys for n, _ in self._range(prefix, key, _MANY)]
        return sorted(one.at for one in found if one.place == self.place and one.key in self.asked.said.keys)

    @cached_property
    def crowded(self) -> list[str]:
        return [key for key, members in self.sharing.items() if len(members) > CROWD]

    def suspected(self) -> Iterator[tuple[Value, str]]:
        """What stands of it, and of others with it as their senior; those who are, in words."""
        for key in self.asked.said.keys:
            if (entry := self._of(key).get(f"p/{key}/{self.place}")) is not None:
                yield entry, ""
        for key in self.asked.said.keys:
            for _, entry in self._range(f"p/{key}/", key, _MANY):
                if entry["senior"] == self.place:
                    drift = entry["drift"]
                    yield entry, f"told of {drift['native_id']} of {drift['system']} ({drift['canonical_id']}): "

    def near(self) -> list[Near]:
        found: dict[str, Near] = {}
        for key, members in self.sharing.items():
            own = next((m for m in members if m.place == self.place), None)
            if own is not None and key not in self.crowded:
                others = (m for m in members if m.canonical_id != own.canonical_id)
                found |= {other.place: near(self.governance, own, other) for other in others}
        return list(found.values())

    @property
    def heard(self) -> Heard:
        wanted = needed(self.governance, self.asked.subject.entity)
        places = {_partition(self.governance, key) for key in self.asked.said.keys}
        states = [self._shards[place].get(MARKS) or {} for place in places]
        return Heard(*min(heard_least(marks, self.governance, wanted) for marks in states))

    def _of(self, key: str) -> View:
        return self._shards[_partition(self.governance, key)]

    def _range(self, prefix: str, key: str, limit: int) -> list[tuple[str, Value]]:
        return self._of(key).range(prefix, limit)


def read_suspects(cluster: Cluster, governance: Governance, judge: View, customer: str) -> dict[int, View]:
    keys = {key for asked in _records(judge, governance, customer) for key in asked.said.keys}
    places = {_partition(governance, key) for key in keys}

    def keep(text: str) -> bool:
        if text.startswith(HELD):
            return Held.parse(text).key in keys
        return text == MARKS or text.split("/", 2)[1] in keys

    return {place: changelog.state(cluster, "suspects", place, keep) for place in places}


def explain_suspects(
    judge: View, shards: Shards, governance: Governance, customer: str, now: Instant
) -> Iterator[Explanation]:
    """Each record of the customer that is compared across customers."""
    for asked in _records(judge, governance, customer):
        kind = KIND_OF[asked.subject.entity]
        looked = Looked(shards, governance, asked)
        stands = [standing(kind, asked.subject, e, looked.heard, now, told) for e, told in looked.suspected()]
        if stands:
            yield from stands
        elif (why_not := _not_compared(looked)) is not None:
            yield Explanation(kind, *asked.subject, *why_not)
        else:
            yield quiet(kind, asked.subject, next(said for rule in RULES if (said := rule(looked))), looked.heard)


def _records(judge: View, governance: Governance, customer: str) -> Iterator[Asked]:
    for entity in sorted(compared(governance)):
        prefix = f"e/{customer}/{entity}/"
        for text, record in judge.range(prefix, _MANY):
            system, native_id = text.removeprefix(prefix).split("/", 1)
            version = record["versions"][-1]
            yield Asked(Subject(system, entity, native_id), version, keyed(system, entity, version))


def _partition(governance: Governance, key: str) -> int:
    return topics.partition_for(key, governance.partitions)


# -- why nothing is suspected: one rule an answer, tried in order


def _not_compared(looked: Looked) -> Said | None:
    if looked.asked.said.keys:
        return None
    entity, attrs = looked.asked.subject.entity.replace("_", " "), looked.asked.version["attrs"]
    if looked.asked.version["op"] == MOVED:
        return "moved", f"moved: the {entity} went to another customer"
    if attrs is None:
        return "not_triggered", f"not compared: the {entity} is gone"
    if entity != "customer" or attrs["status"] in NOT_IN_USE:
        return "not_triggered", f"not compared: the {entity} is {str(attrs['status']).replace('_', ' ')}"
    nothing = "it has no tax id, register number, internet domain, name or street to find others by"
    return "not_triggered", f"not compared: {nothing}"


def _not_yet(looked: Looked) -> Said | None:
    if not (held := looked.held):
        return None
    since, (until, source) = iso(held[0]), looked.heard
    return "unknown", f"UNKNOWN: what it says since {since} is not compared yet, as {heard_up_to(until, source)}"


def _untold(looked: Looked) -> Said | None:
    if looked.is_told:
        return None
    text = (
        "the stage that compares has not been told of it: if it was there before `suspects` was switched on, it is told"
    )
    how = "a captured database: `driftwise connect snapshot`"
    return "unknown", f"UNKNOWN: {text} once {looked.asked.subject.system} is read anew ({how})"


def _close(looked: Looked) -> Said | None:
    found = looked.near()
    return ("near_miss", nearest(found)) if found else None


def _in_a_crowd(looked: Looked) -> Said | None:
    if not looked.crowded:
        return None
    shared = _words(looked.crowded)
    return "near_miss", f"near miss: more than {CROWD} records share its {shared}: that tells nobody apart"


def _alone(looked: Looked) -> Said:
    entity = looked.asked.subject.entity.replace("_", " ")
    other = "other customer" if entity == "customer" else f"other customer's {entity}"
    return "agrees", f"no {other} has its {_words(looked.asked.said.keys)}"


def _words(keys: Iterable[str]) -> str:
    made_of = dict.fromkeys(key.partition(":")[0] for key in keys)
    return " or ".join(WORDS.get(part, part) for part in made_of)


RULES: tuple[Callable[[Looked], Said | None], ...] = (_not_yet, _untold, _close, _in_a_crowd, _alone)
