"""What of the records that a stage wrote is compared. Tables, a row a topic.

In a compacted topic the last word on a name counts; in the others every record, and how often it was said."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import orjson

from schemas import topics
from schemas.instants import Instant
from streams.fleet import FLEET_KINDS
from streams.identify.changes import ENTITY_OF_RECORD
from streams.letters import NO_RECORD
from streams.suspects.table import IN_CROSSWALK, SUSPECT_KINDS
from streams.verify.compare import Fact

Value = dict[str, Any]


class Output(NamedTuple):
    """How records of one topic are compared."""

    sort: str
    topic: str
    name: Callable[[str, str, Value], str | None]
    """(record, key, value) -> under which name it is compared; None: it is not. A tombstone has an empty record."""
    fact: Callable[[Value], Fact]
    when: Callable[[Value], Instant | None] | None = None
    """The instant it speaks of; None: when it was written."""
    compacted: bool = False
    shard: Callable[[Value], str] | None = None
    """Text whose partition number is that of the shard which wrote it; None: the record lies in that partition, or the
    stage has one shard."""
    customer: Callable[[Value], str] | None = None
    """Whose verdict it is."""
    placed: bool = False
    """Each partition has a last word of its own: the name is that of the key there."""

    def key(self, key: str, partition: int) -> str:
        return f"{key}/{partition}" if self.placed else key


def plain(value: Any) -> Any:
    """A value as JSON holds it: amounts without trailing zeros, bytes as hex."""
    return orjson.loads(orjson.dumps(value, default=_plain))


def _plain(value: Any) -> str:
    return value.hex() if isinstance(value, bytes) else format(value.normalize(), "f")


def without(*names: str) -> Callable[[Value], Fact]:
    return lambda value: {name: held for name, held in value.items() if name not in names}


OF_OTHERS = frozenset(FLEET_KINDS) | frozenset(SUSPECT_KINDS)
"""Kinds that judge does not judge."""
_CONFLICTS = frozenset(IN_CROSSWALK)
_PAIRS = frozenset(SUSPECT_KINDS) - _CONFLICTS


def _of_kinds(kinds: frozenset[str], *, others: bool = False) -> Callable[[str, str, Value], str | None]:
    """Drifts of these kinds, or of the others. A tombstone may be anyone's: where nothing was told it takes nothing."""
    return lambda record, key, value: key if not value or (value["kind"] in kinds) != others else None


def _of_business_key(value: Value) -> str:
    """Which key a suspicion is under; the trigger begins with it."""
    return str(value["trigger_version"]).partition("/")[0]


def _drift_turned(value: Value) -> Instant | None:
    turns = [value["opened_at"], value["closed_at"]]
    return max((at for at in turns if at is not None), default=None)


def _command(record: str, key: str, value: Value) -> str | None:
    if value["kind"] in OF_OTHERS:
        return None
    return f"{value['idempotency_key']}/{value['canonical_id']}"


def _settlement(record: str, key: str, value: Value) -> str | None:
    if record != "ObligationSettled":
        return None
    return f"{value['drift_id']}/{value['canonical_id']}/{value['result']}/{value['settled_at']}"


def _corrected(value: Value) -> Fact:
    """The record, with its known conditions: which others there are depends on the governance then."""
    known = (c for c in value.get("conditions", ()) if c["status"] != "Unknown")
    conditions = [[c["type"], c["status"], c["reason"], c["last_transition_at"]] for c in known]
    fact = without("revision", "complete_until", "conditions")(value)
    return fact | ({"conditions": conditions} if conditions else {})


def wrong_alone(fact: Fact) -> Fact:
    """The record with only its conditions that are False, and why."""
    conditions = [[name, reason] for name, status, reason, _ in fact.get("conditions", ()) if status == "False"]
    return without("conditions")(fact) | ({"conditions": conditions} if conditions else {})


def _corrected_at(value: Value) -> Instant | None:
    known = [a["committed_at"] for a in value.get("attributes", ()) if a["committed_at"] is not None]
    return max(known, default=None)


def _route(record: str, key: str, value: Value) -> str | None:
    return key if record == "RouteAssigned" else None


def _link(record: str, key: str, value: Value) -> str | None:
    return f"{record}/{key}/{value['version']}" if record in ("LinkAsserted", "ParentAsserted") else None


def _row(record: str, key: str, value: Value) -> str | None:
    """A version of a row, and a row that went to another native customer. Which canonical customer was told, and how
    often, follows from the routes as they were."""
    entity = ENTITY_OF_RECORD.get(record)
    moved = record == "EntityMoved" and value["version"]
    if entity is None and not moved:
        return None
    operation = "moved" if moved else value["operation"]
    place = f"{entity or value['entity']}/{value['system']}/{value['native_customer']}/{value['native_id']}"
    return f"{place}/{value['version']}/{operation}"


def _row_content(value: Value) -> Fact:
    return {name: value.get(name) for name in ("committed_at", "attributes", "changed_by", "snapshot", "since")}


def _any(record: str, key: str, value: Value) -> str:
    return key


def _text(name: str) -> Callable[[Value], str]:
    return lambda value: str(value[name])


def _at(name: str) -> Callable[[Value], Instant | None]:
    return lambda value: value.get(name)


WHOSE = _text("canonical_id")


def _letters(stage: str) -> Output:
    def name(record: str, key: str, value: Value) -> str | None:
        if value["stage"] != stage or value["offset"] == NO_RECORD:  # no record's fault: when it was tried says nothing
            return None
        return f"{value['topic']}-{value['partition']}@{value['offset']}"

    fact = without("detail", "diverted_at", "original_key", "original_value", "original_headers")
    return Output("dead letters", topics.DEAD_LETTERS, name, fact)


CORRECTED = Output("corrected state", topics.CORRECTED_STATE, _any, _corrected, _corrected_at, True)
OUTPUTS: Mapping[str, tuple[Output, ...]] = {
    # stage: what it writes
    "identify": (
        Output("links told", topics.LINKS, _link, without(), _at("committed_at"), shard=_text("native_customer")),
        _letters("identify"),
    ),
    "crosswalk": (
        Output("routes", topics.CROSSWALK, _route, without(), _at("routed_at"), compacted=True),
        Output("identity conflicts", topics.DRIFTS, _of_kinds(_CONFLICTS), without(), _drift_turned, True, placed=True),
        _letters("crosswalk"),
    ),
    "suspects": (
        Output(
            "suspects", topics.DRIFTS, _of_kinds(_PAIRS), without(), _drift_turned, True, _of_business_key, placed=True
        ),
        _letters("suspects"),
    ),
    "judge": (
        Output(
            "drifts",
            topics.DRIFTS,
            _of_kinds(OF_OTHERS, others=True),
            without("watermarks"),
            _drift_turned,
            True,
            None,
            WHOSE,
        ),
        Output("commands", topics.COMMANDS, _command, without("not_after"), None, False, WHOSE, WHOSE),
        Output("audit", topics.AUDIT, _settlement, without(), _at("settled_at"), False, WHOSE, WHOSE),
        CORRECTED,
        _letters("judge"),
    ),
    "fleet": (
        Output("stale sources", topics.DRIFTS, _of_kinds(frozenset(FLEET_KINDS)), without(), _at("opened_at"), True),
        _letters("fleet"),
    ),
}
ROWS = Output("rows", topics.CHANGES, _row, _row_content, _at("committed_at"))
"""Versions told to judge: of all shards of identify together, as a row that moved is told in another partition too."""
