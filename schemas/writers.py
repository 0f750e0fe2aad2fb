"""Avro writers made once from a schema, for the records that we write a hundred thousand times a second.

fastavro looks at every value to find its branch of a union, and ours are full of `[null, T]`: five times slower than
asking `is None`. These writers know the types that `schemas.records` uses and no others; a property test holds them to
fastavro, byte by byte. Schemas are lean (`schemas.codec.lean`): instants are plain longs."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from fastavro.write import LOGICAL_WRITERS

Write = Callable[[Any], bytes]


class UnknownType(Exception):
    """Stop: a record of ours uses an Avro type for which there is no writer; add it here."""


def writer(schema: dict[str, Any]) -> Callable[[dict[str, Any]], bytes]:
    """A function from a value to the Avro body of the record; it raises where the value does not fit."""
    return _writer(schema, {})


def _writer(schema: Any, named: dict[str, Write]) -> Write:
    if isinstance(schema, list):
        return _nullable(schema, named)
    kind = schema if isinstance(schema, str) else schema["type"]
    if kind in named:
        return named[kind]
    if kind == "record":
        return _record(schema, named)
    if kind == "array":
        return _array(_writer(schema["items"], named))
    if kind == "map":
        return _map(_writer(schema["values"], named))
    if isinstance(schema, dict) and schema.get("logicalType") == "decimal":
        return _decimal(schema)
    if kind not in _PLAIN:
        raise UnknownType(f"no writer for the Avro type {schema!r}")
    return _PLAIN[kind]


def _record(schema: dict[str, Any], named: dict[str, Write]) -> Write:
    fields = [(f["name"], _writer(f["type"], named)) for f in schema["fields"]]
    defaults = {f["name"]: f["default"] for f in schema["fields"] if "default" in f}

    def write(value: dict[str, Any]) -> bytes:
        if len(value) < len(fields):
            value = {**defaults, **value}
        return b"".join([write_field(value[name]) for name, write_field in fields])

    named[f"{schema['namespace']}.{schema['name']}"] = write
    return write


def _nullable(branches: list[Any], named: dict[str, Write]) -> Write:
    if len(branches) != 2 or branches[0] != "null":
        raise UnknownType(f"unions are only [null, T], not {branches!r}")
    write_present = _writer(branches[1], named)

    def write(value: Any) -> bytes:
        return b"\x00" if value is None else b"\x02" + write_present(value)

    return write


def _array(write_item: Write) -> Write:
    def write(value: list[Any]) -> bytes:
        if not value:
            return b"\x00"
        return b"".join([_long(len(value)), *map(write_item, value), b"\x00"])

    return write


def _map(write_value: Write) -> Write:
    def write(value: dict[str, Any]) -> bytes:
        if not value:
            return b"\x00"
        entries = [_string(key) + write_value(item) for key, item in value.items()]
        return b"".join([_long(len(value)), *entries, b"\x00"])

    return write


def _decimal(schema: dict[str, Any]) -> Write:
    unscaled = LOGICAL_WRITERS["bytes-decimal"]

    def write(value: Any) -> bytes:
        return _bytes(unscaled(value, schema))

    return write


def _string(value: str) -> bytes:
    data = value.encode()
    length = len(data)
    return (_SMALL[length] if length < _SMALL_END else _varint(length)) + data


def _bytes(value: bytes) -> bytes:
    return _long(len(value)) + value


def _boolean(value: bool) -> bytes:
    return b"\x01" if value else b"\x00"


def _long(value: int) -> bytes:
    return _SMALL[value] if 0 <= value < _SMALL_END else _varint(value)


def _varint(value: int) -> bytes:
    """Zigzag, seven bits a byte, lowest first."""
    if not -(2**63) <= value < 2**63:
        raise OverflowError(f"{value} does not fit a long")
    number = (value << 1) ^ (value >> 63)
    if number < 0x80:
        return bytes((number,))
    if number < 0x4000:
        return bytes((number & 0x7F | 0x80, number >> 7))
    if number < 0x200000:
        return bytes((number & 0x7F | 0x80, number >> 7 & 0x7F | 0x80, number >> 14))
    low = bytes((number & 0x7F | 0x80, number >> 7 & 0x7F | 0x80, number >> 14 & 0x7F | 0x80))
    return low + _high(number >> 21)


@lru_cache(maxsize=4096)  # instants of one second differ in the low bits only
def _high(number: int) -> bytes:
    found = bytearray()
    while number > 0x7F:
        found.append(number & 0x7F | 0x80)
        number >>= 7
    found.append(number)
    return bytes(found)


_SMALL_END = 1024
_SMALL = tuple(map(_varint, range(_SMALL_END)))
_PLAIN: dict[str, Write] = {"string": _string, "bytes": _bytes, "boolean": _boolean, "long": _long}
