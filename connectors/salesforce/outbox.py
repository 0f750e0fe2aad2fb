"""Collects what one transaction will hold: rows and progress for the source topic, memory for the cursor topic."""

import json
import time
from collections.abc import Callable
from typing import Any, Protocol

from connectors.salesforce.cursor import Cursor, watermark
from connectors.salesforce.delivery import Outgoing
from connectors.salesforce.memory import Memory, cursor_key, row_key
from connectors.salesforce.rows import Known, Step
from schemas.instants import SECOND, Instant
from schemas.topics import cursor_topic, partition_for, source_topic

Encode = Callable[[str, dict[str, Any]], bytes]


class Transactions(Protocol):
    """Where a batch goes; `Delivery` is the real one."""

    def send(self, records: list[Outgoing]) -> None: ...


class Outbox:
    """A batch under way, and the memory that goes with it. `memory` shows the batch at once; a batch that cannot be
    delivered stops the poller, which then starts again from what was committed."""

    def __init__(
        self,
        system: str,
        partitions: int,
        look_back_seconds: int,
        memory: Memory,
        encode: Encode,
        transactions: Transactions,
        wall_clock: Callable[[], Instant] = lambda: time.time_ns() // 1000,
    ) -> None:
        self._system, self._partitions, self._look_back = system, partitions, look_back_seconds * SECOND
        self._encode, self._transactions, self._wall_clock = encode, transactions, wall_clock
        self._records: list[Outgoing] = []
        self._changed: dict[str, dict[str, Any]] = {}
        self.memory = memory

    def __len__(self) -> int:
        return len(self._records)

    def row(self, object_name: str, row_id: str, step: Step, content: dict[str, Any]) -> None:
        """One PolledRow, in the partition of the customer it is produced for."""
        identity = {"system": self._system, "object": object_name, "id": row_id}
        value = {**identity, "customer": step.customer, "operation": step.operation, **content}
        self._add(partition_for(step.customer, self._partitions), step.customer, "PolledRow", value)

    def progress(self, object_name: str, cursor: Cursor) -> None:
        """A SourceProgress in every partition, behind the rows that it covers."""
        told = {"epoch": cursor.epoch, "phase": cursor.phase, "watermark": watermark(cursor, self._look_back)}
        for partition in range(self._partitions):
            place = {"system": self._system, "object": object_name, "partition": partition}
            value = {**place, **told, "observed_at": self._wall_clock()}
            self._add(partition, f"progress/{object_name}", "SourceProgress", value)

    def remember_row(self, object_name: str, row_id: str, known: Known) -> None:
        self.memory.rows.setdefault(object_name, {})[row_id] = known
        self._changed[row_key(object_name, row_id)] = known.to_json()

    def remember_cursor(self, object_name: str, cursor: Cursor) -> None:
        self.memory.cursors[object_name] = cursor
        self._changed[cursor_key(object_name)] = cursor.to_json()

    def flush(self) -> None:
        """Delivers the batch in one transaction."""
        topic = cursor_topic(self._system)
        memory = [Outgoing(topic, 0, key, json.dumps(value).encode()) for key, value in self._changed.items()]
        if self._records or memory:
            self._transactions.send([*self._records, *memory])
        self._records.clear()
        self._changed.clear()

    def _add(self, partition: int, key: str, record: str, value: dict[str, Any]) -> None:
        self._records.append(Outgoing(source_topic(self._system), partition, key, self._encode(record, value)))
