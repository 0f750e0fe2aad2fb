"""What the poller remembers: a cursor for each object, and what it last produced of each row.

It lives on a compacted topic, written in the same transactions as the rows, so it can never be ahead of them.
"""

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, KafkaException, TopicPartition

from connectors.errors import Stop
from connectors.salesforce.cursor import Cursor
from connectors.salesforce.rows import Known

READ_SECONDS_MAX = 60.0


@dataclass
class Memory:
    """Cursors by object; known rows by object and id."""

    cursors: dict[str, Cursor] = field(default_factory=dict)
    rows: dict[str, dict[str, Known]] = field(default_factory=dict)

    def learn(self, key: bytes | None, value: bytes | None) -> None:
        """Takes one record of the cursor topic; one without key or value says nothing."""
        if key is None or value is None:
            return
        kind, _, name = key.decode().partition("/")
        content = json.loads(value)
        if kind == "cursor":
            self.cursors[name] = Cursor.from_json(content)
        elif kind == "row":
            object_name, _, row_id = name.partition("/")
            self.rows.setdefault(object_name, {})[row_id] = Known.from_json(content)


def cursor_key(object_name: str) -> str:
    return f"cursor/{object_name}"


def row_key(object_name: str, row_id: str) -> str:
    return f"row/{object_name}/{row_id}"


def restore(client: Mapping[str, str], topic: str) -> Memory:
    """Reads the cursor topic to its end, committed records only. Call it after fencing: then nobody writes any more."""
    memory = Memory()
    consumer = Consumer(
        {
            **client,
            "group.id": f"driftwise-restore-{uuid.uuid4()}",  # required by the library; nothing is committed under it
            "enable.auto.commit": False,
            "isolation.level": "read_committed",
            "enable.partition.eof": True,
            "fetch.wait.max.ms": 20,  # the end is told by an empty fetch; do not wait for records that nobody writes
        }
    )
    try:
        partitions = consumer.list_topics(topic, READ_SECONDS_MAX).topics[topic].partitions
        if not partitions:
            raise Stop(f"the topic {topic} does not exist; create the deployment's topics first")
        consumer.assign([TopicPartition(topic, partition, OFFSET_BEGINNING) for partition in partitions])
        unread = set(partitions)
        while unread:
            message = consumer.poll(READ_SECONDS_MAX)
            if message is None:
                raise Stop(f"the topic {topic} could not be read on for {READ_SECONDS_MAX:.0f} s; is the broker up?")
            error = message.error()
            if error is None:
                memory.learn(message.key(), message.value())
            elif error.code() == KafkaError._PARTITION_EOF:
                unread.discard(message.partition())
            elif not error.retriable():
                raise KafkaException(error)
    finally:
        consumer.close()
    return memory
