"""Quix Streams: the join of two topics, run in the environment of the peers.

Of what Quix Streams offers for two topics, `join_asof` and `join_lookup` answer one side only and `join_interval` wants
a window; `concat` with one state for both sides is what its documentation leaves for "an output for each input of
either side", and the only one that is right here. State holds the bytes of a side as they came (`set_bytes`): its
default, JSON, is slower. Intervals, acks and compression are the same for all contestants; everything else is the
default of the library."""

# mypy: ignore-errors
# It runs where none of our packages is installed, on a library that our environment does not have.
from __future__ import annotations

import argparse
import io
import json
import logging
import struct
from zlib import crc32

import fastavro
from quixstreams import Application
from quixstreams.models import TopicConfig
from quixstreams.models.serializers import Deserializer, Serializer


class SideReader(Deserializer):
    """Confluent wire format to (which side, body, record); the schema is known, so the id is only skipped."""

    def __init__(self, schema, is_left):
        super().__init__()
        self._schema, self._is_left = fastavro.parse_schema(schema), is_left

    def __call__(self, value, ctx):
        return self._is_left, value, fastavro.schemaless_reader(io.BytesIO(value[5:]), self._schema, None)


class JoinedWriter(Serializer):
    def __init__(self, schema):
        super().__init__()
        self._schema = fastavro.parse_schema(schema)
        self._header = struct.pack(">bI", 0, crc32(json.dumps(schema).encode()))

    def __call__(self, value, ctx):
        out = io.BytesIO()
        out.write(self._header)
        fastavro.schemaless_writer(out, self._schema, value)
        return out.getvalue()


def joiner(side_schema):
    parsed = fastavro.parse_schema(side_schema)
    nothing = {"amount": 0, "at": 0, "payload": ""}

    def join(event, key, timestamp, headers, state):
        is_left, data, own = event
        state.set_bytes("l" if is_left else "r", data)
        stored = state.get_bytes("r" if is_left else "l")
        other = nothing if stored is None else fastavro.schemaless_reader(io.BytesIO(stored[5:]), parsed, None)
        left, right = (own, other) if is_left else (other, own)
        return {
            "id": key.decode(),
            "left": left["amount"],
            "right": right["amount"],
            "at": max(left["at"], right["at"]),
            "payload": left["payload"] or right["payload"],
        }

    return join


def main():
    parser = argparse.ArgumentParser()
    for name in ("bootstrap", "run", "left", "right", "output", "folder", "schemas", "guarantee"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--commit-interval-seconds", type=float)
    given = parser.parse_args()
    schemas = json.loads(given.schemas)
    interval = {} if given.commit_interval_seconds is None else {"commit_interval": given.commit_interval_seconds}
    app = Application(
        broker_address=given.bootstrap,
        consumer_group=given.run,
        auto_offset_reset="earliest",
        processing_guarantee=given.guarantee,
        state_dir=given.folder,
        producer_extra_config={"acks": "all", "compression.type": "lz4"},
        loglevel=logging.WARNING,
        **interval,
    )
    config = TopicConfig(num_partitions=4, replication_factor=1)

    def side(name, is_left):
        reader = SideReader(schemas["side"], is_left)
        return app.dataframe(app.topic(name, value_deserializer=reader, key_deserializer="bytes", config=config))

    output = app.topic(
        given.output, value_serializer=JoinedWriter(schemas["joined"]), key_serializer="bytes", config=config
    )
    both = side(given.left, True).concat(side(given.right, False))
    both.apply(joiner(schemas["side"]), stateful=True, metadata=True).to_topic(output)
    app.run()


if __name__ == "__main__":
    main()
