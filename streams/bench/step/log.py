"""The workload as bytes of q2c.changes: canonical changes by customer, watermarks in-band in every partition."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from schemas import topics
from schemas.codec import Codec
from schemas.instants import SECOND, Instant, seconds
from schemas.registry import DictRegistry
from streams.bench.step.journeys import journeys
from streams.bench.step.rows import STARTED_AT, Rows, heard
from streams.demo.steps import in_time_order
from streams.governance import Governance, load
from tables.view import Emit

GOVERNANCE = Path(__file__).parents[2] / "demo" / "governance"
HEARD_EVERY: Instant = SECOND
"""Of event time: each upstream partition says as often how far it is, to each partition."""


class Record(NamedTuple):
    partition: int
    key: bytes
    value: bytes


def governance(*, all_kinds: bool = False) -> Governance:
    """The demo's: deadlines of seconds, so that minutes of event time hold every kind of verdict. `all_kinds`: not only
    those of the demo's first story, but all whose records its systems carry."""
    governed = load(GOVERNANCE)
    return governed.model_copy(update={"judged": None}) if all_kinds else governed


def codec() -> Codec:
    """Schema ids follow from the schemas' texts, so that no benchmark needs a registry beside its broker."""
    return Codec(DictRegistry())


def records(seed: int, events: int, governed: Governance) -> Iterator[Record]:
    """`events` changes in the order of event time, the same for the same seed, with the watermarks between them. Of
    the last customers it shows only what they have done by then, and no watermark goes further."""
    encode, due = codec().encode, STARTED_AT
    for now, emit in islice(_changes(seed, governed), events):
        if now >= due:
            yield from _progress(governed, due, encode)
            due += HEARD_EVERY
        value = encode(topics.CHANGES, emit.record, emit.value or {})
        yield Record(topics.partition_for(emit.key, governed.partitions), emit.key.encode(), value)
    yield from _progress(governed, due, encode)


def _changes(seed: int, governed: Governance) -> Iterator[tuple[Instant, Emit]]:
    rows = Rows(governed, seed)
    for step in in_time_order(journeys(seed)):
        for emit in rows.changes(step):
            yield STARTED_AT + seconds(step.at_seconds), emit


def _progress(governed: Governance, now: Instant, encode: Callable[..., bytes]) -> Iterator[Record]:
    for upstream in range(governed.partitions):
        value = encode(topics.CHANGES, "Watermarks", heard(governed, upstream, now))
        for partition in range(governed.partitions):
            yield Record(partition, b"", value)
