"""Feeds one raw record to a shard without a broker, as the driver and `driftwise verify` do."""

from __future__ import annotations

from schemas.codec import Codec, Unreadable
from schemas.instants import Instant
from streams.inputs import Divert, Input
from streams.letters import Raw, key_text
from streams.shard import Shard
from tables.view import Emit


def take_in(shard: Shard, codec: Codec, raw: Raw, now_micros: Instant) -> list[Emit]:
    """Decode one record and fold it; what cannot be read or folded is refused, as a worker does."""
    if raw.value is None:
        return []
    try:
        decoded = codec.decode(raw.value)
    except Unreadable as problem:
        return shard.refuse(raw, problem.reason, str(problem), "*", now_micros)
    key, headers = key_text(raw.key), dict(raw.headers)
    record = Input(raw.topic, raw.partition, raw.offset, key, decoded.record, decoded.value, headers, raw.timestamp_ms)
    try:
        return shard.process(record)
    except Divert as refused:
        return shard.refuse(raw, refused.reason, str(refused), refused.entity, now_micros)
