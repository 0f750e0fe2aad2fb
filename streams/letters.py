"""Dead letters: records that could not be read or mapped, with origin, reason and the original bytes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from schemas import topics
from tables.view import Emit

ID_HEADER = "driftwise-letter"
"""On a replayed record: the dead letter it comes from."""
ENTITY_HEADER = "driftwise-letter-entity"
HOPS_HEADER = "driftwise-letter-hops"
HOPS_MAX = 3
"""A letter refused that often needs a person: replaying it again will not help."""


NO_RECORD = -1
"""Offset of a letter that stands for a verdict which could not be written, not for a refused record."""
_VERDICT = "-verdict-"


class Raw(NamedTuple):
    """A record as the broker gave it."""

    topic: str
    partition: int
    offset: int
    timestamp_ms: int
    key: bytes | None
    value: bytes | None
    headers: Mapping[str, bytes]


def key_text(key: bytes | None) -> str:
    """A record's key as text, whatever its bytes are; empty: it has none."""
    return (key or b"").decode("utf-8", "backslashreplace")


def verdict_id(stage: str, partition: int, now_nanos: int) -> str:
    """The id of a letter that stands for a verdict."""
    return f"{stage}-{partition}{_VERDICT}{now_nanos}"


def is_of_verdict(letter_id: str) -> bool:
    return _VERDICT in letter_id


def letter(raw: Raw, stage: str, reason: str, detail: str, entity: str, now_micros: int) -> dict[str, Any]:
    """The letter of a refused record; a replayed one keeps its first id and counts its hops."""
    hops = int(raw.headers.get(HOPS_HEADER, b"0")) + 1
    first = raw.headers.get(ID_HEADER)
    known_entity = raw.headers.get(ENTITY_HEADER, b"*").decode()
    system = raw.topic.removeprefix("src.") if raw.topic.startswith("src.") else ""
    return {
        "letter_id": first.decode() if first else f"{raw.topic}-{raw.partition}-{raw.offset}",
        "topic": raw.topic,
        "partition": raw.partition,
        "offset": raw.offset,
        "stage": stage,
        "reason": reason,
        "detail": detail[:2000],
        "system": system,
        # The hole of a replayed letter keeps its entity, even if the entity is readable only this time.
        "entity": known_entity if first else entity,
        "hops": hops,
        "status": "needs_fix" if hops >= HOPS_MAX else "new",
        "diverted_at": now_micros,
        "original_key": raw.key,
        "original_value": raw.value,
        "original_headers": {
            # A header may have no value, whatever the client's types say.
            name: None if value is None else value.decode("latin-1")
            for name, value in raw.headers.items()
        },
    }


def divert(value: dict[str, Any]) -> Emit:
    return Emit(topics.DEAD_LETTERS, key_text(value["original_key"]), "DeadLetter", value, partition=value["partition"])
