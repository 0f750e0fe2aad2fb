"""What a demo sees of driftwise: only what any consumer sees, the topics, read committed from the beginning."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from confluent_kafka import OFFSET_BEGINNING, Consumer, TopicPartition

from schemas import topics
from schemas.codec import Codec
from schemas.instants import NEVER, Instant
from schemas.registry import HttpRegistry
from streams.demo.matching import Seen
from streams.governance import Governance
from streams.settings import Settings
from tables.watermarks import LINKS, Marks, heard, name, watermark

_READ = {topics.DRIFTS: None, topics.AUDIT: None, topics.DEAD_LETTERS: None, topics.PROGRESS: 1}


class Watch:
    """Follows drifts, audit, dead letters and progress in a thread of its own."""

    def __init__(self, settings: Settings, governance: Governance) -> None:
        self._governance = governance
        self._codec = Codec(HttpRegistry(settings.registry_url))
        self._consumer = Consumer(
            settings.client
            | {"group.id": "demo-watch", "isolation.level": "read_committed", "enable.auto.commit": False}
        )
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._records: dict[str, list[Seen]] = {topics.DRIFTS: [], topics.AUDIT: [], topics.DEAD_LETTERS: []}
        self._marks: Marks = {}
        self._thread = threading.Thread(target=self._follow, name="watch", daemon=True)

    def __enter__(self) -> Watch:
        self._consumer.assign(
            [
                TopicPartition(topic, partition, OFFSET_BEGINNING)
                for topic, count in _READ.items()
                for partition in range(count or self._governance.partitions)
            ]
        )
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()
        self._consumer.close()

    def seen(self, topic: str) -> list[Seen]:
        with self._lock:
            return list(self._records[topic])

    def heard_until(self) -> Instant:
        """Up to when every source, links included, has been processed in every partition."""
        with self._lock:
            marks = dict(self._marks)
        wanted = [name(s, LINKS) for s, rules in self._governance.systems.items() if rules.links]
        wanted += [m for m in marks if LINKS not in m]
        systems = {m.split("/")[0] for m in marks}
        if systems != set(self._governance.systems):
            return NEVER
        return min(watermark(marks, m, self._governance.partitions) for m in wanted)

    def counts(self) -> Counter[str]:
        """Drifts by their present state, for the live view."""
        return Counter(r["how"] or r["status"] for r in self._latest())

    def told(self, kind: str, native_id: str) -> bool:
        """Whether such a drift has ever opened."""
        records = (seen.record for seen in self.seen(topics.DRIFTS))
        return any(r is not None and (r["kind"], r["native_id"]) == (kind, native_id) for r in records)

    def open_kinds(self) -> set[str]:
        return {r["kind"] for r in self._latest() if r["status"] == "open"}

    def _latest(self) -> list[Mapping[str, Any]]:
        latest: dict[str, Mapping[str, Any]] = {}
        for seen in self.seen(topics.DRIFTS):
            if seen.record is not None and seen.record["how"] != "moved":
                latest[seen.record["drift_id"]] = seen.record
        return list(latest.values())

    def _follow(self) -> None:
        take: dict[str, Callable[[Instant, dict[str, Any]], None]] = {
            topics.PROGRESS: self._on_progress,
            topics.DRIFTS: lambda at, value: self._records[topics.DRIFTS].append(Seen(at, value)),
            topics.DEAD_LETTERS: lambda at, value: self._records[topics.DEAD_LETTERS].append(Seen(at, value)),
            topics.AUDIT: self._on_audit,
        }
        while not self._stop.is_set():
            for message in self._consumer.consume(1000, timeout=0.1):
                if message.error() is None and message.value() is not None:
                    at = message.timestamp()[1] * 1000
                    decoded = self._codec.decode(message.value() or b"")
                    with self._lock:
                        take[message.topic() or ""](at, decoded.value)

    def _on_audit(self, at: Instant, value: dict[str, Any]) -> None:
        if "result" in value:  # dismissals of dead letters are audited there too
            self._records[topics.AUDIT].append(Seen(at, value))

    def _on_progress(self, at: Instant, value: dict[str, Any]) -> None:
        for mark in value.get("watermarks", ()):
            key = name(mark["system"], mark["object"])
            args = (value["partition"], mark["epoch"], mark["phase"], mark["watermark"])
            self._marks = heard(self._marks, key, *args)
