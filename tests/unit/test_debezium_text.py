"""Column values as Avro brings them, written as exact text."""

from __future__ import annotations

import io
import json
import struct
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import fastavro
import pytest

from connectors.debezium.text import PLACEHOLDER, fields_text
from schemas.codec import Codec
from schemas.registry import DictRegistry
from schemas.source import UNCHANGED


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Decimal("0.10"), "0.10"),
        (Decimal("-1234567890123456.78"), "-1234567890123456.78"),
        (Decimal("1E+3"), "1000"),
        ({"scale": 30, "value": (10**30 + 1).to_bytes(13, "big")}, "1.000000000000000000000000000001"),
        ({"scale": 0, "value": b"\xff"}, "-1"),
        (date(2026, 2, 28), "2026-02-28"),
        (datetime(2026, 2, 28, 1, 2, 3, 4), "2026-02-28T01:02:03.000004"),
        (True, "true"),
        (False, "false"),
        (36, "36"),
        (0.1, "0.1"),
        ("Ada & Söhne", "Ada & Söhne"),
        (b"\x00\xff", "00ff"),
        ([1, Decimal("2.50")], '[1, "2.50"]'),
        (None, None),
    ],
)
def test_column_values_become_exact_text(value: Any, text: str | None) -> None:
    assert fields_text({"column": value}) == {"column": text}


@pytest.mark.parametrize("value", [PLACEHOLDER, PLACEHOLDER.encode()])
def test_an_unavailable_toast_value_is_unchanged(value: Any) -> None:
    assert fields_text({"terms": value}) == {"terms": UNCHANGED}


@pytest.mark.parametrize(
    ("connect_name", "avro", "sent", "text"),
    [
        ("io.debezium.time.Date", "int", 20_512, "2026-02-28"),
        ("io.debezium.time.MicroTime", "long", 86_399_999_999, "23:59:59.999999"),
        ("io.debezium.time.Timestamp", "long", 1_772_240_523_004, "2026-02-28T01:02:03.004000"),
        ("io.debezium.time.MicroTimestamp", "long", 1_772_240_523_000_004, "2026-02-28T01:02:03.000004"),
        ("io.debezium.time.Year", "int", 2026, "2026"),
    ],
)
def test_a_number_that_connect_calls_a_date_is_read_as_one(connect_name: str, avro: str, sent: int, text: str) -> None:
    """Debezium sends days and microseconds; only the name in the writer's schema says of what."""
    column = {"name": "column", "type": ["null", {"type": avro, "connect.name": connect_name}], "default": None}
    schema = {"type": "record", "name": "Value", "fields": [column]}
    registry = DictRegistry()
    schema_id = registry.register("billing.public.invoice.Value", json.dumps(schema))
    body = io.BytesIO()
    fastavro.schemaless_writer(body, schema, {"column": sent})

    decoded = Codec(registry).decode(struct.pack(">bI", 0, schema_id) + body.getvalue())

    assert fields_text(decoded.value) == {"column": text}
