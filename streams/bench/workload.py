"""The events of the join job: two sides over one set of keys, 200-byte values, in a seeded order.

`amount` counts the events of its side and key, from 1. So a join of l left and r right events is their l + r-th output,
and every single output can be checked by itself, whatever the order in which a contestant took the two topics."""

from __future__ import annotations

import io
import itertools
import json
import random
import struct
from array import array
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple
from zlib import crc32

import fastavro

SIDES = ("left", "right")
VALUE_BYTES = 200
PARTITIONS = 4
SIDE: dict[str, Any] = {
    "type": "record",
    "name": "JoinSide",
    "namespace": "driftwise.bench",
    "fields": [
        {"name": "id", "type": "string"},
        {"name": "amount", "type": "long"},
        {"name": "at", "type": "long"},
        {"name": "payload", "type": "string"},
    ],
}
JOINED: dict[str, Any] = {
    "type": "record",
    "name": "Joined",
    "namespace": "driftwise.bench",
    "fields": [
        {"name": "id", "type": "string"},
        {"name": "left", "type": "long"},
        {"name": "right", "type": "long"},
        {"name": "at", "type": "long"},
        {"name": "payload", "type": "string"},
    ],
}
FIRST_AT = 1_767_225_600_000_000
_WORDS = 2_000
_SPREAD = 611_953
"""A prime: neighbours in rank lie far apart as keys."""


@dataclass(frozen=True)
class Size:
    events: int
    keys: int


def schema_id(schema: dict[str, Any]) -> int:
    """As `schemas.registry.DictRegistry` gives it: contestants need no registry to agree."""
    return crc32(json.dumps(schema).encode())


def header(schema: dict[str, Any]) -> bytes:
    """The five bytes before an Avro body in the Confluent wire format."""
    return struct.pack(">bI", 0, schema_id(schema))


class Event(NamedTuple):
    side: int
    key: str
    value: bytes


class Workload:
    """All events of one distribution; `totals` counts the events of each side and key once they were made."""

    def __init__(self, distribution: str, size: Size, seed: int = 1) -> None:
        self.distribution, self.size, self._seed = distribution, size, seed
        self.totals = [array("L", bytes(8 * size.keys)) for _ in SIDES]

    def events(self) -> Iterator[Event]:
        rng = random.Random(self._seed)  # noqa: S311 - a workload, repeatable
        words, parsed = _words(rng), fastavro.parse_schema(SIDE)
        numbers = DISTRIBUTIONS[self.distribution](rng, self.size)
        for n, number in enumerate(numbers):
            side = rng.getrandbits(1)
            self.totals[side][number] += 1
            yield Event(side, key(number), _value(number, self.totals[side][number], FIRST_AT + n, words, parsed))

    def total(self, key_text: str) -> tuple[int, int]:
        """How many events this key has on the left and on the right."""
        number = int(key_text[1:])
        return self.totals[0][number], self.totals[1][number]


def key(number: int) -> str:
    return f"C{number:07d}"


def _uniform(rng: random.Random, size: Size) -> Iterator[int]:
    return (rng.randrange(size.keys) for _ in range(size.events))


def _zipf(rng: random.Random, size: Size) -> Iterator[int]:
    """Exponent 1.0: the key of rank r comes 1/r times as often as the first."""
    weights = list(itertools.accumulate(1.0 / rank for rank in range(1, size.keys + 1)))
    ranks = rng.choices(range(size.keys), cum_weights=weights, k=size.events)
    return (rank * _SPREAD % size.keys for rank in ranks)


DISTRIBUTIONS: dict[str, Callable[[random.Random, Size], Iterator[int]]] = {"uniform": _uniform, "zipf": _zipf}


def _words(rng: random.Random) -> str:
    """Text of words that repeat, as in real fields: compression finds something, but not everything."""
    vocabulary = ["".join(rng.choices("abcdefghijklmnopqrstuvwxyz", k=rng.randint(3, 10))) for _ in range(_WORDS)]
    return " ".join(rng.choices(vocabulary, k=50_000))


def _value(number: int, amount: int, at: int, words: str, parsed: Any) -> bytes:
    start = number * 7919 % 200_000
    bare = {"id": key(number), "amount": amount, "at": at, "payload": ""}
    # The length of a payload of 64 to 8191 characters takes one byte more than that of an empty one.
    length = VALUE_BYTES - len(_encode(bare, parsed)) - 1
    return _encode({**bare, "payload": words[start : start + length]}, parsed)


def _encode(value: dict[str, Any], parsed: Any) -> bytes:
    out = io.BytesIO()
    out.write(_SIDE_HEADER)
    fastavro.schemaless_writer(out, parsed, value)
    return out.getvalue()


_SIDE_HEADER = header(SIDE)
