"""Avro writers made once from a schema, for the records that we write a hundred thousand times a second.

fastavro looks at every value to find its branch of a union, and ours are full of `[null, T]`: five times slower than
asking `is None`. Here each record becomes one Python function with its fields in line, as in `schemas.readers`. These
writers know the types that `schemas.records` uses and no others; a property test holds them to fastavro, byte by byte.
Schemas are lean (`schemas.codec.lean`): instants are plain longs."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from fastavro.write import LOGICAL_WRITERS

from schemas.source_text import SourceText, UnknownType, indented

Write = Callable[[Any], bytes]


def writer(schema: dict[str, Any]) -> Callable[[dict[str, Any]], bytes]:
    """A function from a value to the Avro body of the record; it raises where the value does not fit."""
    source = _Source()
    name = source.function(schema)
    found: Write = source.compiled()[name]
    return found


class _Source(SourceText):
    """Functions in the making. A step takes the value in a variable and leaves its bytes there."""

    def __init__(self) -> None:
        super().__init__({"small": _SMALL, "varint": _varint, "array": _array, "map_": _map})
        self._makers: dict[str, Callable[[Any, str], list[str]]] = {
            "string": lambda _, at: [f"{at} = {at}.encode()", *_sized(at)],
            "bytes": lambda _, at: _sized(at),
            "boolean": lambda _, at: [f"{at} = b'\\1' if {at} else b'\\0'"],
            # Most take one byte.
            "long": lambda _, at: [f"{at} = small[{at}] if 0 <= {at} < {_SMALL_END} else varint({at})"],
            "array": lambda schema, at: self._items("array", schema["items"], at),
            "map": lambda schema, at: self._items("map_", schema["values"], at),
        }

    def function(self, schema: Any) -> str:
        """Its name."""
        if isinstance(schema, str) and schema in self._named:
            return self._named[schema]
        name = self._name("write")
        if isinstance(schema, dict) and schema["type"] == "record":
            self._named[f"{schema['namespace']}.{schema['name']}"] = name
            lines = self._record(schema, "value")
        else:
            lines = self._steps(schema, "value")
        self._define(name, "value", [*lines, "return value"])
        return name

    def _steps(self, schema: Any, at: str) -> list[str]:
        if isinstance(schema, list):
            return self._nullable(schema, at)
        kind = schema if isinstance(schema, str) else schema["type"]
        if kind == "record":
            return [f"{at} = {self.function(schema)}({at})"]
        if kind in self._named:
            return [f"{at} = {self._named[kind]}({at})"]
        if kind not in self._makers:
            raise UnknownType(f"no writer for the Avro type {schema!r}")
        return [*self._meaning(schema, at), *self._makers[kind](schema, at)]

    def _meaning(self, schema: Any, at: str) -> list[str]:
        """What is written of a logical type."""
        if not isinstance(schema, dict) or schema.get("logicalType") != "decimal":
            return []
        unscaled = LOGICAL_WRITERS["bytes-decimal"]
        return [f"{at} = {self._bind('unscaled', unscaled)}({at}, {self._bind('schema', schema)})"]

    def _record(self, schema: Any, at: str) -> list[str]:
        fields = [(field["name"], field["type"], self._name("field")) for field in schema["fields"]]
        defaults = self._bind("defaults", {f["name"]: f["default"] for f in schema["fields"] if "default" in f})
        lines = [f"if len({at}) < {len(fields)}:", f"    {at} = {{**{defaults}, **{at}}}"]
        for name, type_, field in fields:
            lines += [f"{field} = {at}[{name!r}]", *self._steps(type_, field)]
        return [*lines, f"{at} = b''.join(({''.join(f'{field}, ' for _, _, field in fields)}))"]

    def _nullable(self, branches: list[Any], at: str) -> list[str]:
        if len(branches) != 2 or branches[0] != "null":
            raise UnknownType(f"unions are only [null, T], not {branches!r}")
        present = [*self._steps(branches[1], at), f"{at} = b'\\2' + {at}"]
        return [f"if {at} is None:", f"    {at} = b'\\0'", "else:", *indented(present)]

    def _items(self, write: str, item: Any, at: str) -> list[str]:
        return [f"{at} = {write}({self.function(item)}, {at}) if {at} else b'\\0'"]


def _sized(at: str) -> list[str]:
    """Bytes, with their number in front."""
    return [f"size = len({at})", f"{at} = (small[size] if size < {_SMALL_END} else varint(size)) + {at}"]


def _array(write_item: Write, value: list[Any]) -> bytes:
    return b"".join([_varint(len(value)), *map(write_item, value), b"\x00"])


def _map(write_value: Write, value: dict[str, Any]) -> bytes:
    entries = [_string(key) + write_value(item) for key, item in value.items()]
    return b"".join([_varint(len(value)), *entries, b"\x00"])


def _string(value: str) -> bytes:
    data = value.encode()
    return _varint(len(data)) + data


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
