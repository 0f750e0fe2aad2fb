"""Waits for transactions. A reader of committed records sees nothing behind the first one that is open, and the end of
one reaches its partitions one after the other; a producer that died leaves its own open until the broker ends it."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from typing import Any

from confluent_kafka import IsolationLevel, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec  # type: ignore[attr-defined]  # a mistake of its types

from streams.look.read import ANSWER_SECONDS, CannotLook

OPEN_SECONDS_MAX = 30.0
"""A worker's transaction lasts 10 s at most, and a broker looks for those that lasted too long every 10 s."""
_POLL_SECONDS = 0.02


class Transactions:
    def __init__(self, client: Mapping[str, Any]) -> None:
        """`client`: settings of librdkafka."""
        self._admin = AdminClient(dict(client))

    def await_end(self, names: Iterable[str]) -> None:
        """Until every transaction has ended that is open in these topics now. Raises CannotLook."""
        try:
            self._await_end([TopicPartition(name, number) for name in names for number in self._partitions(name)])
        except KafkaException as problem:
            raise CannotLook(f"Kafka does not say where its topics end ({problem.args[0].str()})") from None

    def _await_end(self, places: list[TopicPartition]) -> None:
        written = self._ends(places, IsolationLevel.READ_UNCOMMITTED)
        deadline = time.monotonic() + OPEN_SECONDS_MAX
        while held := _below(self._ends(places, IsolationLevel.READ_COMMITTED), written):
            if time.monotonic() > deadline:
                raise CannotLook(
                    f"a transaction has been open in {', '.join(held)} for {OPEN_SECONDS_MAX:.0f} s: "
                    "`kafka-transactions find-hanging` names it, `kafka-transactions abort` ends it"
                )
            time.sleep(_POLL_SECONDS)

    def _partitions(self, name: str) -> list[int]:
        return sorted(self._admin.list_topics(name, timeout=ANSWER_SECONDS).topics[name].partitions)

    def _ends(self, places: list[TopicPartition], isolation: IsolationLevel) -> dict[str, int]:
        asked = {place: OffsetSpec.latest() for place in places}  # type: ignore[no-untyped-call]
        told = self._admin.list_offsets(asked, isolation_level=isolation, request_timeout=ANSWER_SECONDS)
        return {f"{place.topic}-{place.partition}": end.result().offset for place, end in told.items()}


def _below(ends: Mapping[str, int], wanted: Mapping[str, int]) -> list[str]:
    return [place for place, end in ends.items() if end < wanted[place]]
