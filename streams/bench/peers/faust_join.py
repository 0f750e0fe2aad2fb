"""Stock Faust: one agent over both topics and a RocksDB table, as its user guide builds a table.

Table keys and values are the bytes of a side as they came (`raw`): its default, JSON, is slower. Intervals, acks and
compression are the same for all contestants; at least once, since its exactly-once mode leaves outputs outside the
transaction (its issue 177)."""

# mypy: ignore-errors
# A program of a peer: its library has no types.
from __future__ import annotations

import argparse
import io
import json
import struct
from zlib import crc32

import fastavro
import faust

_NOTHING = {"amount": 0, "at": 0, "payload": ""}


def build(given):
    schemas = json.loads(given.schemas)
    side, joined_schema = map(fastavro.parse_schema, (schemas["side"], schemas["joined"]))
    header = struct.pack(">bI", 0, crc32(json.dumps(schemas["joined"]).encode()))
    seconds = given.commit_interval_seconds
    interval = {} if seconds is None else {"broker_commit_interval": seconds}
    app = faust.App(
        given.run,
        broker=f"kafka://{given.bootstrap}",
        store="rocksdb://",
        datadir=given.folder,
        topic_partitions=4,
        topic_replication_factor=1,
        consumer_auto_offset_reset="earliest",
        producer_acks=-1,
        producer_compression_type="lz4",
        web_enabled=False,
        **interval,
    )
    raw = {"key_type": bytes, "value_type": bytes, "key_serializer": "raw", "value_serializer": "raw"}
    source, output = app.topic(given.left, given.right, **raw), app.topic(given.output, **raw)
    table = app.Table("sides", partitions=4, key_type=bytes, value_type=bytes)  # so: raw

    def read(data):
        return _NOTHING if data is None else fastavro.schemaless_reader(io.BytesIO(data[5:]), side, None)

    @app.agent(source)
    async def join(stream):
        async for event in stream.events():
            is_left, key = event.message.topic == given.left, event.key
            own, other = (b"l/", b"r/") if is_left else (b"r/", b"l/")
            table[own + key] = event.value
            values = read(event.value), read(table.get(other + key))
            left, right = values if is_left else reversed(values)
            out = io.BytesIO()
            out.write(header)
            joined = {
                "id": key.decode(),
                "left": left["amount"],
                "right": right["amount"],
                "at": max(left["at"], right["at"]),
                "payload": left["payload"] or right["payload"],
            }
            fastavro.schemaless_writer(out, joined_schema, joined)
            await output.send(key=key, value=out.getvalue())

    return app


def main():
    parser = argparse.ArgumentParser()
    for name in ("bootstrap", "run", "left", "right", "output", "folder", "schemas"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--commit-interval-seconds", type=float)
    app = build(parser.parse_args())
    faust.Worker(app, loglevel="warning").execute_from_commandline()


if __name__ == "__main__":
    main()
