"""From stamps to spans: for each change, when each topic showed it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from schemas import topics
from schemas.codec import Codec
from schemas.instants import Instant
from streams.bench.latency.listen import Heard
from streams.identify.changes import ENTITY_OF_RECORD

Change = tuple[str, Instant]
"""(canonical entity, commit time): no two rows of an entity are changed in the same microsecond."""
Seen = dict[Change, Instant]
MICROS = 1_000_000


@dataclass
class Stamps:
    """When each change was readable first, by topic."""

    captured: Seen = field(default_factory=dict)
    identified: Seen = field(default_factory=dict)
    corrected: Seen = field(default_factory=dict)
    drifted: Seen = field(default_factory=dict)
    """By the commit that opened the drift."""
    read_again: list[Instant] = field(default_factory=list)
    """Rows of a snapshot, as they came from Debezium."""


def stamps(heard: Iterable[Heard], codec: Codec, source: str, entities: Mapping[str, str]) -> Stamps:
    """Decode what was heard. `source`: the topic of the captured rows; `entities`: its tables and what they are."""
    found = Stamps()
    for at, topic, data in heard:
        if data is None:
            continue
        record, value = codec.decode(data)
        if topic == source:
            _captured(found, at, record, value, entities)
        elif topic == topics.CHANGES and record in ENTITY_OF_RECORD and not value["snapshot"]:
            found.identified.setdefault((ENTITY_OF_RECORD[record], value["committed_at"]), at)
        elif topic == topics.CORRECTED_STATE and record == "CorrectedEntity":
            committed = max((a["committed_at"] or 0 for a in value["attributes"]), default=0)
            found.corrected.setdefault((value["entity"], committed), at)
        elif topic == topics.DRIFTS and value["status"] == "open":
            found.drifted.setdefault((value["entity"], value["triggered_at"]), at)
    return found


def _captured(found: Stamps, at: Instant, record: str, value: dict[str, Any], entities: Mapping[str, str]) -> None:
    if record != "Envelope" or value["source"]["table"] not in entities:
        return
    if value["op"] == "r":
        found.read_again.append(at)
    elif value["op"] in ("c", "u"):
        found.captured.setdefault((entities[value["source"]["table"]], value["source"]["ts_us"]), at)


def spans(later: Seen, begin: Instant, end: Instant, earlier: Seen | None = None) -> list[float]:
    """Seconds from the commit, or from when `earlier` showed it, for changes committed in [begin, end)."""
    return [
        (at - (change[1] if earlier is None else earlier[change])) / MICROS
        for change, at in later.items()
        if begin <= change[1] < end and (earlier is None or change in earlier)
    ]


def percentiles(seconds: list[float]) -> dict[str, float | int | None]:
    """Median and 99th percentile in seconds, and of how many."""
    if not seconds:
        return {"p50": None, "p99": None, "count": 0}
    ordered = sorted(seconds)
    return {"p50": _at(ordered, 0.5), "p99": _at(ordered, 0.99), "max": _at(ordered, 1.0), "count": len(ordered)}


def _at(ordered: list[float], share: float) -> float:
    """Nearest rank: a value that was seen, never one between two."""
    return round(ordered[min(len(ordered) - 1, int(share * len(ordered)))], 4)
