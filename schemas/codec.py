"""Avro in the Confluent wire format: magic byte 0, schema id (4 bytes, big endian), body.

Instants stay whole microseconds and money amounts become Decimals; `since`, maps and the like are plain Python.
A record of ours that another release wrote is read as this release's (`schemas.readers`); all others as written.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import cache, lru_cache
from typing import Any, NamedTuple, Protocol

import fastavro
from fastavro.schema import fullname

from schemas.readers import Read, reader
from schemas.records import all_records, present_fields
from schemas.writers import writer

_HEADER = struct.Struct(">bI")

_CONNECT_TYPES = {
    # Kafka Connect names types for which Debezium writes plain numbers; without these a date is a count of days.
    "io.debezium.time.Date": "date",
    "io.debezium.time.MicroTime": "time-micros",
    "io.debezium.time.Timestamp": "local-timestamp-millis",
    "io.debezium.time.MicroTimestamp": "local-timestamp-micros",
}


class Unreadable(Exception):
    """The bytes cannot be read: divert the record. `reason` is one word for counting, the text says what exactly."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


class Decoded(NamedTuple):
    record: str
    """Short record name, e.g. `Envelope` or `PolledRow`."""
    value: dict[str, Any]


class Registry(Protocol):
    """What the codec needs of a schema registry; `schemas.registry` talks to a real one, tests keep a dict."""

    def schema_text(self, schema_id: int) -> str:
        """The schema of this id; raises LookupError where there is none, other errors where it cannot tell."""

    def register(self, subject: str, schema: str) -> int: ...


def lean(schema: Any) -> Any:
    """The schema without logical types other than decimal, so that instants are read and written as whole numbers.

    Columns that Kafka Connect calls dates and local times get theirs: they are no instants, and become Python's."""
    if isinstance(schema, list):
        return [lean(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    kept = {key: lean(part) if key in ("type", "items", "values", "fields") else part for key, part in schema.items()}
    if kept.get("logicalType") != "decimal":
        kept.pop("logicalType", None)
    if (connect_name := kept.get("connect.name")) in _CONNECT_TYPES:
        kept["logicalType"] = _CONNECT_TYPES[connect_name]
    if "fields" in kept:
        kept["fields"] = [field | {"type": lean(field["type"])} for field in kept["fields"]]
    return kept


class _Written(NamedTuple):
    """A record that is encoded."""

    name: str
    text: str
    """Its schema, as registered."""
    write: Callable[[dict[str, Any]], bytes]


def _written(schema: dict[str, Any]) -> _Written:
    return _Written(f"{schema['namespace']}.{schema['name']}", json.dumps(schema), writer(lean(schema)))


@cache
def _ours() -> Mapping[str, _Written]:
    """Made once a process, because it is slow. Nothing changes them."""
    return {name: _written(schema) for name, schema in all_records().items()}


@lru_cache(maxsize=256)
def _parsed(text: str) -> tuple[str, Read]:
    """(short record name, reader of its values)"""
    schema = fastavro.parse_schema(lean(json.loads(text)), _force=True)
    return fullname(schema).rpartition(".")[2] if isinstance(schema, dict) else "?", reader(schema, present_fields())


class Codec:
    """Encodes our records for their topics and decodes anything the registry knows."""

    def __init__(self, registry: Registry, records: Mapping[str, dict[str, Any]] | None = None) -> None:
        """`records`: short name -> Avro schema of what may be encoded; ours, unless given."""
        self._registry = registry
        self._written = _ours() if records is None else {name: _written(each) for name, each in records.items()}
        self._writers = {name: each.write for name, each in self._written.items()}
        self._headers: dict[tuple[str, str], bytes] = {}
        self._readers: dict[int, tuple[str, Read]] = {}

    def prepare(self, written: Mapping[str, Iterable[str]]) -> None:
        """Register the records that will be written, topic by topic; a start-up step, so that encoding never waits."""
        named = [(topic, name) for topic, names in written.items() for name in names]
        for first in named[:1]:
            self._header(*first)  # alone: a registry that does not answer is waited for once
        with ThreadPoolExecutor(8) as pool:
            waiting = [pool.submit(self._header, *each) for each in named[1:]]
            for each in waiting:
                each.result()

    def encode(self, topic: str, record: str, value: dict[str, Any]) -> bytes:
        return (self._headers.get((topic, record)) or self._header(topic, record)) + self._writers[record](value)

    def encoder(self, topic: str) -> Callable[[str, dict[str, Any]], bytes]:
        return lambda record, value: self.encode(topic, record, value)

    def decode(self, data: bytes) -> Decoded:
        """The record's short name and value; raises Unreadable, or what the registry raises when it cannot be asked."""
        if len(data) < _HEADER.size or data[0] != 0:
            raise Unreadable("not_avro", f"no Avro wire format: {len(data)} bytes starting with {data[:5].hex()}")
        (_, schema_id) = _HEADER.unpack_from(data)
        name, read = self._readers.get(schema_id) or self._reader(schema_id)
        try:
            value, end = read(data, _HEADER.size)
        except Exception as problem:  # noqa: BLE001 - the bytes may provoke anything
            raise Unreadable("body_unreadable", f"schema {schema_id} ({name}) does not fit: {problem!r}") from None
        if end > len(data):
            raise Unreadable("body_unreadable", f"schema {schema_id} ({name}): {len(data)} bytes end too early")
        if not isinstance(value, dict):
            raise Unreadable("no_record", f"schema {schema_id} is no record but {type(value).__name__}")
        return Decoded(name, value)

    def _header(self, topic: str, record: str) -> bytes:
        header = self._headers.get((topic, record))
        if header is None:
            name, text, _ = self._written[record]
            header = _HEADER.pack(0, self._registry.register(f"{topic}-{name}", text))
            self._headers[(topic, record)] = header
        return header

    def _reader(self, schema_id: int) -> tuple[str, Read]:
        try:
            text = self._registry.schema_text(schema_id)
        except LookupError:
            raise Unreadable("unknown_schema", f"the registry has no schema {schema_id}") from None
        try:
            found = _parsed(text)
        except Exception as problem:  # noqa: BLE001 - anything may have been registered there
            raise Unreadable("bad_schema", f"schema {schema_id} is no usable Avro schema: {problem!r}") from None
        self._readers[schema_id] = found
        return found
