"""Which customers a store holds, and changes to them at random: a new version of one of a customer's records."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from schemas import topics
from schemas.instants import SECOND, Instant
from streams.bench.state import copies
from streams.bench.state.templates import ENDED_AT, Template, watermarks
from streams.bench.step.inprocess import KeyAndValue
from streams.bench.step.log import codec, governance
from streams.governance import Governance

BETWEEN_EVENTS: Instant = SECOND // 200
"""Of event time: 200 changes a second, so few records change twice before their versions may be folded."""


@dataclass(frozen=True)
class Population:
    """`customers` copies, each with `documents` invoices and their postings; None: as its template has them."""

    customers: int
    documents: int | None = None

    def shards(self, partitions: int) -> int:
        """With documents of its own making it is one shard, so that one customer and many are worked on alike."""
        return partitions if self.documents is None else 1


def build(population: Population, made: list[Template], folder: Path, partition: int, partitions: int) -> int:
    """Fill the store of one shard; returns the number of its records."""
    if population.documents is None:
        indices = copies.shard_of(population.customers, partitions)[partition]
        return copies.ingest(folder, copies.in_key_order(made, indices))
    return copies.ingest(folder, sorted(dict(_documents(population, made[0])).items()))


def _documents(population: Population, template: Template) -> Iterator[KeyAndValue]:
    for index in range(population.customers):
        own = copies.customer(template, index)
        for number in range(population.documents or 0):
            other = copies.document(template, index * (population.documents or 0) + number)
            yield from ((own(other(key)), own(other(value))) for key, value in template.state)


class Events:
    """Endless changes to a population, uniform over its customers and their records; event time goes on."""

    def __init__(self, population: Population, made: list[Template], seed: int = 1) -> None:
        self._population, self._made = population, made
        self._rng = random.Random(f"driftwise events {seed}")  # noqa: S311 - must repeat, not be secret
        self._codec = codec()
        self._governed: Governance = governance()
        self._documents = _of_documents(made[0])
        self._draw: Callable[[], tuple[bytes, int]] = self._any if population.documents is None else self._document
        self._partition_of = self._partitions()
        self._number = 1_000_000
        self._now = ENDED_AT + SECOND

    def batch(self, events: int) -> Mapping[int, list[KeyAndValue]]:
        """Shard -> its changes, with watermarks behind them that release all they armed."""
        found: dict[int, list[KeyAndValue]] = {
            shard: [] for shard in range(self._population.shards(self._governed.partitions))
        }
        for _ in range(events):
            data, shard = self._draw()
            found[shard].append(self._next_version(data))
        for emit in watermarks(self._governed, self._now + 60 * SECOND):
            data = self._codec.encode(topics.CHANGES, emit.record, emit.value or {})
            for waiting in found.values():
                waiting.append((b"", data))
        self._now += 61 * SECOND
        return found

    def _any(self) -> tuple[bytes, int]:
        index = self._rng.randrange(self._population.customers)
        template = self._made[index % len(self._made)]
        data = copies.customer(template, index)(self._rng.choice(template.latest))
        return data, self._partition_of[index]

    def _document(self) -> tuple[bytes, int]:
        """An invoice or a posting: what there are many of."""
        template, each = self._made[0], self._population.documents or 0
        index, number = self._rng.randrange(self._population.customers), self._rng.randrange(each)
        own, other = copies.customer(template, index), copies.document(template, index * each + number)
        return own(other(self._rng.choice(self._documents))), 0

    def _next_version(self, data: bytes) -> KeyAndValue:
        record, value = self._codec.decode(data)
        self._number += 1
        self._now += BETWEEN_EVENTS
        value |= {"version": f"{0:06}/{self._number:020}", "native_version": str(self._number)}
        value |= {"committed_at": self._now, "effective_at": self._now}
        return value["canonical_id"].encode(), self._codec.encode(topics.CHANGES, record, value)

    def _partitions(self) -> bytes:
        if self._population.documents is not None:
            return b""
        found = bytearray(self._population.customers)
        for partition, indices in enumerate(copies.shard_of(len(found), self._governed.partitions)):
            for index in indices:
                found[index] = partition
        return bytes(found)


def _of_documents(template: Template) -> list[bytes]:
    wanted = [prefix + copies.marked(template.number) for prefix in (b"I", b"LP")]
    decode = codec().decode
    return [data for data in template.latest if decode(data).value["native_id"].encode() in wanted]
