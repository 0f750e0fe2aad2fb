"""Avro readers made once from a schema, for the records that we read a hundred thousand times a second.

fastavro asks the schema anew, for every value of every record, what comes next. Here each record becomes one Python
function with its steps in line, which takes a change little more than half of the time, captured or canonical. Property
tests hold them to fastavro, value by value, over every type that Avro has."""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from fastavro.read import LOGICAL_READERS

from schemas.source_text import SourceText, UnknownType, indented

Read = Callable[[bytes, int], tuple[Any, int]]
"""(bytes, where a value begins) -> (the value, where the next one begins). If the bytes end too early it raises, or
returns a place behind their end."""
Present = Mapping[str, Mapping[str, Any]]
"""Full name of a record -> the fields that it has by now, each with its Avro schema."""
_FLOATS = {"float": struct.Struct("<f"), "double": struct.Struct("<d")}


def reader(schema: Any, present: Present | None = None) -> Read:
    """`schema` as `fastavro.parse_schema` returns it: checked, every name in full.

    A record in `present`, at whatever depth, is read as what it is by now (Avro's schema resolution): a field that its
    writer did not know has its default, one that is no field any more is left out. Its other fields have kept their
    types: the registry takes no schema that changes one. Raises ValueError where a field is missing and has no default.
    """
    source = _Source(present or {})
    name = source.function(schema)
    found: Read = source.compiled()[name]
    return found


def _varint(data: bytes, at: int, number: int) -> tuple[int, int]:
    """The whole of a number whose first byte says that more follow: seven bits a byte, lowest first."""
    number &= 0x7F
    if data[at] > 0x7F and data[at + 1] > 0x7F:
        high, size = _high(data[at + 2 : at + 7])
        if size:
            return number | (data[at] & 0x7F) << 7 | (data[at + 1] & 0x7F) << 14 | high, at + 2 + size
    for shift in range(7, 70, 7):
        byte = data[at]
        at += 1
        number |= (byte & 0x7F) << shift
        if byte < 0x80:
            break
    if byte > 0x7F or number >> 64:
        raise ValueError("a number of more than 64 bits")
    return number, at


@lru_cache(maxsize=4096)  # instants of one second differ in the three lowest bytes only
def _high(data: bytes) -> tuple[int, int]:
    """What the bytes behind the third add to a number, and how many of these are its own; 0: not all of it is here."""
    number = 0
    for place, byte in enumerate(data):
        number |= (byte & 0x7F) << 7 * place + 21
        if byte < 0x80:
            return number, place + 1
    return 0, 0


def _long(data: bytes, at: int) -> tuple[int, int]:
    number = data[at]
    at += 1
    if number > 0x7F:
        number, at = _varint(data, at, number)
    return (number >> 1) ^ -(number & 1), at


def _count(data: bytes, at: int) -> tuple[int, int]:
    """The number of items in the next block. More items than bytes are refused, so that broken bytes cannot keep us
    busy."""
    count, at = _long(data, at)
    if count < 0:  # the size of the block in bytes follows
        count, (_, at) = -count, _long(data, at)
    if count > len(data):
        raise ValueError(f"a block of {count} items in {len(data)} bytes")
    return count, at


_NUMBER = ["number = data[at]", "at += 1", "if number > 127:", "    number, at = varint(data, at, number)"]
"""Code that reads a number as it is written, with its sign in the lowest bit. Most take one byte."""


class _Source(SourceText):
    """Functions in the making. A step reads the value at `at` into a variable and leaves `at` behind it."""

    def __init__(self, present: Present) -> None:
        super().__init__({"varint": _varint, "count": _count})
        self._present = present
        self._makers: dict[str, Callable[[Any, str], list[str]]] = {
            "null": lambda _, into: [f"{into} = None"],
            "boolean": lambda _, into: [f"{into} = data[at] != 0", "at += 1"],
            "int": self._whole,
            "long": self._whole,
            "float": self._real,
            "double": self._real,
            "bytes": lambda _, into: _slice(into, "data[at:end]"),
            "string": lambda _, into: _slice(into, "data[at:end].decode()"),
            "fixed": self._fixed,
            "enum": self._enum,
            "array": self._array,
            "map": self._map,
            "union": self._union,
            "record": self._record,
            "error": self._record,
        }

    def function(self, schema: Any) -> str:
        """Its name."""
        name = self._name("read")
        if isinstance(schema, dict) and "name" in schema:
            self._named[schema["name"]] = name  # before its fields: a type may contain itself
        lines = [*self._makers[self._kind(schema)](schema, "value"), *self._meaning(schema, "value")]
        self._define(name, "data, at", [*lines, "return value, at"])
        return name

    def _steps(self, schema: Any, into: str) -> list[str]:
        kind = self._kind(schema)
        if kind in self._named:
            return [f"{into}, at = {self._named[kind]}(data, at)"]
        if isinstance(schema, dict) and "name" in schema:
            return [f"{into}, at = {self.function(schema)}(data, at)"]
        return [*self._makers[kind](schema, into), *self._meaning(schema, into)]

    def _kind(self, schema: Any) -> str:
        kind = "union" if isinstance(schema, list) else schema if isinstance(schema, str) else schema["type"]
        if not isinstance(kind, str) or (kind not in self._makers and kind not in self._named):
            raise UnknownType(f"Avro has no type {kind!r}")
        return kind

    def _meaning(self, schema: Any, into: str) -> list[str]:
        """What a logical type makes of what is written."""
        logical = schema.get("logicalType") if isinstance(schema, dict) else None
        convert = LOGICAL_READERS.get(f"{self._kind(schema)}-{logical}") if logical else None
        if convert is None:
            return []
        return [f"{into} = {self._bind('convert', convert)}({into}, {self._bind('schema', schema)}, None)"]

    def _record(self, schema: Any, into: str) -> list[str]:
        fields = [(field["name"], field["type"], self._name("field")) for field in schema["fields"]]
        lines = [line for _, type_, variable in fields for line in self._steps(type_, variable)]
        held = {name: variable for name, _, variable in fields}
        if (present := self._present.get(schema["name"])) is not None:
            held = {name: held.get(name) or _default(schema["name"], field) for name, field in present.items()}
        return [*lines, f"{into} = {{{', '.join(f'{name!r}: {variable}' for name, variable in held.items())}}}"]

    def _whole(self, schema: Any, into: str) -> list[str]:
        return [*_NUMBER, f"{into} = (number >> 1) ^ -(number & 1)"]

    def _real(self, schema: Any, into: str) -> list[str]:
        layout = _FLOATS[self._kind(schema)]
        return [f"({into},) = {self._bind('unpack', layout.unpack_from)}(data, at)", f"at += {layout.size}"]

    def _fixed(self, schema: Any, into: str) -> list[str]:
        return [f"end = at + {int(schema['size'])}", f"{into} = data[at:end]", "at = end"]

    def _enum(self, schema: Any, into: str) -> list[str]:
        return [*_NUMBER, f"{into} = {self._bind('symbols', tuple(schema['symbols']))}[number >> 1]"]

    def _array(self, schema: Any, into: str) -> list[str]:
        item = self._name("item")
        return [f"{into} = []", *self._blocks([*self._steps(schema["items"], item), f"{into}.append({item})"])]

    def _map(self, schema: Any, into: str) -> list[str]:
        key, item = self._name("key"), self._name("item")
        entry = [*self._steps("string", key), *self._steps(schema["values"], item), f"{into}[{key}] = {item}"]
        return [f"{into} = {{}}", *self._blocks(entry)]

    def _blocks(self, entry: list[str]) -> list[str]:
        """Entries come in blocks, each behind their number; one of none ends them."""
        left = self._name("left")
        block = [f"for _ in range({left}):", *indented(entry), f"{left}, at = count(data, at)"]
        return [f"{left}, at = count(data, at)", f"while {left}:", *indented(block)]

    def _union(self, branches: Any, into: str) -> list[str]:
        numbered = [(index << 1, branch) for index, branch in enumerate(branches)]
        if branches[:1] != ["null"]:
            return [*_NUMBER, *self._branches(numbered, into)]
        present = [*_NUMBER, *self._branches(numbered[1:], into)]
        return ["if data[at] == 0:", "    at += 1", f"    {into} = None", "else:", *indented(present)]

    def _branches(self, numbered: list[tuple[int, Any]], into: str) -> list[str]:
        lines: list[str] = []
        for number, branch in numbered:
            lines += [f"{'elif' if lines else 'if'} number == {number}:", *indented(self._steps(branch, into))]
        none_of_them = "raise ValueError(f'a union has no branch {number >> 1}')"
        return [*lines, "else:", f"    {none_of_them}"] if lines else [none_of_them]


def _default(record: str, field: Mapping[str, Any]) -> str:
    """The default as source text, so that every value gets a list or map of its own."""
    if "default" not in field:
        raise ValueError(f"{record} has no field {field['name']!r}, without which it says nothing")
    value = field["default"]
    return repr(value.encode("latin-1") if field["type"] == "bytes" else value)


def _slice(into: str, value: str) -> list[str]:
    return [*_NUMBER, "end = at + (number >> 1)", f"{into} = {value}", "at = end"]
