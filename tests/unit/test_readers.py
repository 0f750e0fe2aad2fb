"""Our Avro readers against fastavro's, value by value: of our own records, and of every type that Avro has."""

from __future__ import annotations

import io
import json
import struct
from datetime import UTC
from decimal import Decimal
from typing import Any

import fastavro
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.codec import Codec, Unreadable
from schemas.readers import reader
from schemas.records import all_records, fields_within
from schemas.registry import DictRegistry
from schemas.source_text import UnknownType
from schemas.writers import writer
from tests.releases import defaulted, without
from tests.unit.test_writers import RECORDS, WRITERS, values

READERS = {name: reader(fastavro.parse_schema(schema)) for name, schema in RECORDS.items()}

NODE: dict[str, Any] = {
    "type": "record",
    "name": "Node",
    "namespace": "made.up",
    "fields": [
        {"name": "class", "type": {"type": "enum", "name": "Color", "symbols": ["RED", "GREEN", "BLUE"]}},
        {"name": 'it\'s "odd"', "type": ["null", "string"]},
        {"name": "again", "type": "Color"},
        {"name": "mark", "type": {"type": "fixed", "name": "Mark", "size": 3}},
        {"name": "marks", "type": {"type": "array", "items": "Mark"}},
        {"name": "grid", "type": {"type": "array", "items": {"type": "array", "items": "int"}}},
        {"name": "ratio", "type": "double"},
        {"name": "part", "type": "float"},
        {"name": "which", "type": ["string", "long", "null", {"type": "map", "values": ["null", "double"]}]},
        {"name": "nothing", "type": "null"},
        {"name": "yes", "type": "boolean"},
        {"name": "raw", "type": "bytes"},
        {"name": "on", "type": {"type": "int", "logicalType": "date"}},
        {"name": "at", "type": ["null", {"type": "long", "logicalType": "timestamp-micros"}]},
        {"name": "price", "type": {"type": "bytes", "logicalType": "decimal", "precision": 20, "scale": 4}},
        {"name": "exact", "type": {"type": "fixed", "name": "E", "size": 8, "logicalType": "decimal", "precision": 12}},
        {"name": "key", "type": {"type": "string", "logicalType": "uuid"}},
        {"name": "odd", "type": {"type": "long", "logicalType": "of-another-house"}},
        {"name": "below", "type": ["null", "Node"]},
        {"name": "named", "type": {"type": "map", "values": "Node"}},
    ],
}


def nodes(depth: int) -> st.SearchStrategy[dict[str, Any]]:
    below = st.none() | nodes(depth - 1) if depth else st.none()
    longs = st.integers(-(2**63), 2**63 - 1)
    marks, reals = st.binary(min_size=3, max_size=3), st.floats(allow_nan=False)
    colors = st.sampled_from(["RED", "GREEN", "BLUE"])
    fields: dict[str, st.SearchStrategy[Any]] = {
        "class": colors,
        'it\'s "odd"': st.none() | st.text(),
        "again": colors,
        "mark": marks,
        "marks": st.lists(marks, max_size=3),
        "grid": st.lists(st.lists(st.integers(-(2**31), 2**31 - 1), max_size=3), max_size=3),
        "ratio": reals,
        "part": st.floats(width=32, allow_nan=False),
        "which": st.text() | longs | st.none() | st.dictionaries(st.text(), st.none() | reals, max_size=3),
        "nothing": st.none(),
        "yes": st.booleans(),
        "raw": st.binary(),
        "on": st.dates(),
        "at": st.none() | st.datetimes(timezones=st.just(UTC)),
        "price": st.decimals(-(10**9), 10**9, places=4),
        "exact": st.integers(-(10**12) + 1, 10**12 - 1).map(Decimal),
        "key": st.uuids(),
        "odd": longs,
        "below": below,
        "named": st.dictionaries(st.text(max_size=3), nodes(depth - 1), max_size=2) if depth else st.just({}),
    }
    return st.fixed_dictionaries(fields)


def written(schema: Any, value: Any) -> bytes:
    out = io.BytesIO()
    fastavro.schemaless_writer(out, schema, value)
    return out.getvalue()


@pytest.mark.parametrize("name", sorted(RECORDS))
@given(data=st.data())
def test_every_record_of_ours_is_read_as_fastavro_reads_it(name: str, data: st.DataObject) -> None:
    body = WRITERS[name](data.draw(values(RECORDS[name], {})))
    theirs = fastavro.schemaless_reader(io.BytesIO(body), fastavro.parse_schema(RECORDS[name]), None)

    assert READERS[name](body, 0) == (theirs, len(body))


@pytest.mark.parametrize("name", sorted(name for name in RECORDS if defaulted(RECORDS[name])))
@settings(max_examples=10)
@given(data=st.data())
def test_a_record_of_another_release_is_read_as_fastavro_resolves_it(name: str, data: st.DataObject) -> None:
    newer = RECORDS[name]
    older = without(newer, data.draw(st.sets(st.sampled_from(defaulted(newer)), min_size=1)))
    for theirs, ours in ((older, newer), (newer, older)):
        body = writer(theirs)(data.draw(values(theirs, {})))
        schemas = fastavro.parse_schema(theirs), fastavro.parse_schema(ours)
        read = reader(schemas[0], dict(fields_within(ours)))

        assert read(body, 0) == (fastavro.schemaless_reader(io.BytesIO(body), *schemas), len(body))


@given(nodes(2), st.binary(max_size=9))
def test_every_type_of_avro_is_read_as_fastavro_reads_it(value: dict[str, Any], before: bytes) -> None:
    schema = fastavro.parse_schema(NODE)
    body = written(schema, value)
    theirs = fastavro.schemaless_reader(io.BytesIO(body), schema, None)

    assert reader(schema)(before + body + b"more", len(before)) == (theirs, len(before) + len(body))


def test_blocks_may_say_how_many_bytes_they_are() -> None:
    read = reader(fastavro.parse_schema({"type": "array", "items": "long"}))

    assert read(bytes([3, 4, 2, 4, 2, 6, 0]), 0) == ([1, 2, 3], 7)  # -2 items in 2 bytes, then one more


@given(nodes(1), st.data())
def test_bytes_that_end_early_are_never_taken_for_a_value(value: dict[str, Any], data: st.DataObject) -> None:
    schema = fastavro.parse_schema(NODE)
    body = written(schema, value)
    cut = data.draw(st.integers(0, len(body) - 1))
    try:
        _, end = reader(schema)(body[:cut], 0)
    except (IndexError, ValueError, struct.error, ArithmeticError):
        return
    assert end > cut


@given(st.binary(max_size=60), st.sampled_from(sorted(RECORDS)))
def test_any_bytes_are_read_or_unreadable(body: bytes, name: str) -> None:
    registry = DictRegistry()
    schema_id = registry.register(name, json.dumps(all_records()[name]))
    try:
        found = Codec(registry).decode(struct.pack(">bI", 0, schema_id) + body).record
    except Unreadable as problem:
        found = problem.reason

    assert found in (name, "body_unreadable")


@pytest.mark.parametrize(
    ("schema", "body"),
    [
        ({"type": "array", "items": "null"}, bytes([0xFE, 0xFF, 0xFF, 0xFF, 0x0F, 0])),  # two billion nothings
        ("long", bytes([0xFF] * 10 + [0x01])),
        ("long", bytes([0xFF] * 9 + [0x03])),
        (["null", "string"], bytes([4])),
        (["string", "long"], bytes([4])),
        ([], bytes([0])),
        ({"type": "enum", "name": "Few", "symbols": ["ONE"]}, bytes([2])),
        ("string", bytes([2, 0xFF])),
        ("double", bytes(7)),
    ],
)
def test_what_cannot_be_is_refused_at_once(schema: Any, body: bytes) -> None:
    with pytest.raises((ValueError, IndexError, struct.error)):
        reader(fastavro.parse_schema(schema))(body, 0)


def test_a_type_that_avro_does_not_have_has_no_reader() -> None:
    with pytest.raises(UnknownType, match="quaternion"):
        reader({"type": "record", "name": "Odd", "fields": [{"name": "turn", "type": "quaternion"}]})


def test_a_name_cannot_become_text_of_the_program() -> None:
    name = '": 1}; raise SystemExit; {"'
    read = reader({"type": "record", "name": "Odd", "fields": [{"name": name, "type": "long"}]})

    assert read(b"\x06", 0) == ({name: 3}, 1)
