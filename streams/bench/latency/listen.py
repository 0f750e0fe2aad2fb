"""What became readable when: the records of some topics, stamped as a consumer of committed records gets them."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

from confluent_kafka import OFFSET_END, Consumer, KafkaException, TopicPartition

from schemas.instants import Instant


class Heard(NamedTuple):
    at: Instant
    """When it was readable, by this machine's clock, which is the database's too."""
    topic: str
    data: bytes | None


class Listener:
    """Listens from a thread of its own, from `start` on; decoding waits until all is over."""

    def __init__(self, bootstrap: str, topics: Iterable[str]) -> None:
        self.heard: list[Heard] = []
        self.counts: Counter[str] = Counter()
        """Records by topic."""
        self._topics = tuple(topics)
        self._over = threading.Event()
        self._failure: KafkaException | None = None
        self._thread = threading.Thread(target=self._listen, name="listener", daemon=True)
        self._consumer = Consumer(
            {
                "bootstrap.servers": bootstrap,
                "group.id": "bench-listener",
                "enable.auto.commit": False,
                "isolation.level": "read_committed",
                "fetch.wait.max.ms": 10,
            }
        )

    def __enter__(self) -> Listener:
        known = self._consumer.list_topics(timeout=15).topics
        self._consumer.assign([TopicPartition(t, p, OFFSET_END) for t in self._topics for p in known[t].partitions])
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join(30)
        self._consumer.close()

    def check(self) -> None:
        if self._failure is not None:
            raise self._failure

    def _listen(self) -> None:
        while not self._over.is_set():
            message = self._consumer.poll(0.2)
            now = time.time_ns() // 1000
            if message is None:
                continue
            if message.error() is not None:
                self._failure = KafkaException(message.error())
                return
            topic = message.topic() or ""
            self.heard.append(Heard(now, topic, message.value()))
            self.counts[topic] += 1
