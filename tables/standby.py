"""Standbys: warm copies of shards that another worker owns, kept close to the end of their changelogs.

One thread follows them all, in small batches with a rest in between, so that it does not starve the worker's own
shards. When a shard is assigned to this worker it takes its warm store over and replays only what is missing."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

from confluent_kafka import OFFSET_BEGINNING, Consumer, Message, TopicPartition

from tables import changelog
from tables.broken import condemn, is_broken
from tables.changelog import Batch
from tables.deadlines import Waits
from tables.replica import Replica

log = logging.getLogger(__name__)
_BATCH = 1_000
_WAIT_SECONDS = 0.05
_REST_SECONDS = 0.01
"""Between two batches: at most 100,000 records a second, and the live path gets the interpreter in between."""
_END_SECONDS = 10.0


class Place(NamedTuple):
    topic: str
    """Of the changelog."""
    partition: int


class Followed(NamedTuple):
    folder: Path
    waits: Waits


class Standbys:
    def __init__(self, client: Mapping[str, Any]) -> None:
        self._client = client
        self._replicas: dict[Place, Replica] = {}
        self._lock = threading.Lock()
        """Held while a batch is read and applied, and while stores are opened, closed or taken."""
        self._ended = threading.Event()
        self._some = threading.Event()
        self._thread: threading.Thread | None = None

    @cached_property
    def _consumer(self) -> Consumer:
        """Made only when there is something to follow."""
        return changelog.reader(self._client, "standby", patience_ms=500)

    def follow(self, wanted: Mapping[Place, Followed]) -> None:
        """Follow these and no others. One that cannot be opened is left out with a warning. Blocks."""
        if not wanted and not self._replicas:
            return
        with self._lock:
            for place in self._replicas.keys() - wanted.keys():
                self._replicas.pop(place).close()
            for place in wanted.keys() - self._replicas.keys():
                self._open(place, wanted[place])
            self._assign()
        if self._thread is None and self._replicas:
            self._thread = threading.Thread(target=self._run, name="standby", daemon=True)
            self._thread.start()

    def take(self, places: Iterable[Place]) -> dict[Place, Replica]:
        """Stop following these, and hand over the open stores of those that were followed. Blocks for a batch."""
        if not self._replicas:
            return {}
        with self._lock:
            taken = {place: self._replicas.pop(place) for place in places if place in self._replicas}
            if taken:
                self._assign()
            return taken

    def lag(self) -> dict[Place, int]:
        """Records between each warm store and the end of its changelog, by what the client knows."""
        found: dict[Place, int] = {}
        for place, replica in list(self._replicas.items()):
            low, high = self._consumer.get_watermark_offsets(TopicPartition(*place), cached=True)
            if high >= 0:
                found[place] = max(0, high - max(low, replica.position or 0))
        return found

    def close(self) -> None:
        """Stop; the stores stay on disk for the next start. Blocks for a batch."""
        if self._ended.is_set():
            return
        self._ended.set()
        self._some.set()
        if self._thread is not None:
            self._thread.join(_END_SECONDS)
        with self._lock:
            while self._replicas:
                self._replicas.popitem()[1].close()
            if self._thread is not None:
                self._consumer.close()

    def _open(self, place: Place, followed: Followed) -> None:
        try:
            replica = Replica(followed.folder, followed.waits)
        except Exception as problem:  # noqa: BLE001 - whatever it is, the shards that we own matter more
            log.warning("no standby of %s-%d: %s", *place, problem)
            return
        try:
            replica.fit(changelog.extent(self._client, *place), f"{place.topic}-{place.partition}")
            self._replicas[place] = replica
        except Exception as problem:  # noqa: BLE001 - as above
            replica.close()
            log.warning("no standby of %s-%d: %s", *place, problem)

    def _assign(self) -> None:
        starts = {p: OFFSET_BEGINNING if r.position is None else r.position for p, r in self._replicas.items()}
        self._consumer.assign([TopicPartition(*place, start) for place, start in starts.items()])
        (self._some.set if starts else self._some.clear)()

    def _run(self) -> None:
        while not self._ended.wait(_REST_SECONDS):
            self._some.wait()
            with self._lock:
                self._read()

    def _read(self) -> None:
        try:
            batch = changelog.read(self._consumer, _BATCH, _WAIT_SECONDS)
        except changelog.ChangelogUnusable as problem:
            log.warning("no standbys until the next rebalance: %s", problem)
            self._drop(*self._replicas)
            return
        for place, messages in _by_place(batch).items():
            if place in self._replicas:
                self._apply(place, messages)
        for place in self._replicas.keys() & batch.ends.keys():
            self._replicas[place].position = batch.ends[place]

    def _apply(self, place: Place, messages: list[Message]) -> None:
        try:
            self._replicas[place].apply(messages)
        except Exception as problem:  # noqa: BLE001 - as above
            log.warning("no standby of %s-%d until the next rebalance: %s", *place, problem)
            folder = self._replicas[place].folder
            self._drop(place)
            if is_broken(problem):
                condemn(folder)

    def _drop(self, *places: Place) -> None:
        for place in places:
            self._replicas.pop(place).close()
        self._assign()


def _by_place(batch: Batch) -> dict[Place, list[Message]]:
    found: dict[Place, list[Message]] = {}
    for message in batch.records:
        found.setdefault(Place(message.topic() or "", message.partition() or 0), []).append(message)
    return found
