"""Our Avro writers against fastavro's, byte by byte."""

from __future__ import annotations

import io
from decimal import Decimal
from typing import Any

import fastavro
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.codec import lean
from schemas.records import all_records
from schemas.source_text import UnknownType
from schemas.writers import writer

RECORDS = {name: lean(schema) for name, schema in all_records().items()}
WRITERS = {name: writer(schema) for name, schema in RECORDS.items()}
PLAIN: dict[str, st.SearchStrategy[Any]] = {
    "string": st.text(max_size=200),
    "bytes": st.binary(max_size=200),
    "boolean": st.booleans(),
    "long": st.integers(-(2**63), 2**63 - 1),
}
AMOUNTS = st.decimals(Decimal(-(10**20)), Decimal(10**20), places=9)


def values(schema: Any, named: dict[str, st.SearchStrategy[Any]]) -> st.SearchStrategy[Any]:
    """Whatever fits the schema."""
    if isinstance(schema, list):
        return st.none() | values(schema[1], named)
    kind = schema if isinstance(schema, str) else schema["type"]
    if kind == "record":
        record = st.fixed_dictionaries({f["name"]: values(f["type"], named) for f in schema["fields"]})
        return named.setdefault(f"{schema['namespace']}.{schema['name']}", record)
    if kind == "array":
        return st.lists(values(schema["items"], named), max_size=3)
    if kind == "map":
        return st.dictionaries(st.text(max_size=5), values(schema["values"], named), max_size=3)
    if isinstance(schema, dict) and schema.get("logicalType") == "decimal":
        return AMOUNTS
    return PLAIN[kind] if kind in PLAIN else named[kind]


def as_fastavro_writes(name: str, value: dict[str, Any]) -> bytes:
    out = io.BytesIO()
    fastavro.schemaless_writer(out, fastavro.parse_schema(RECORDS[name]), value)
    return out.getvalue()


@pytest.mark.parametrize("name", sorted(RECORDS))
@given(data=st.data())
def test_every_record_is_written_as_fastavro_writes_it(name: str, data: st.DataObject) -> None:
    value = data.draw(values(RECORDS[name], {}))

    assert WRITERS[name](value) == as_fastavro_writes(name, value)


def test_a_field_left_out_gets_its_default() -> None:
    value = {"system": "erp", "partition": 1, "observed_at": 5}

    assert WRITERS["SourceObserved"](value) == as_fastavro_writes("SourceObserved", value)


@pytest.mark.parametrize(
    ("field", "wrong"), [("system", 5), ("system", None), ("observed_at", "now"), ("observed_at", 2**63)]
)
def test_a_value_that_does_not_fit_is_refused(field: str, wrong: Any) -> None:
    fits = {"system": "erp", "observed_at": 5}
    WRITERS["SourceProbe"](fits)

    with pytest.raises((AttributeError, TypeError, OverflowError)):
        WRITERS["SourceProbe"]({**fits, field: wrong})


def test_a_field_without_default_must_be_there() -> None:
    with pytest.raises(KeyError):
        WRITERS["SourceProbe"]({"observed_at": 5})


def test_a_type_that_we_do_not_use_has_no_writer() -> None:
    schema = {"type": "record", "name": "Odd", "namespace": "q2c", "fields": [{"name": "ratio", "type": "double"}]}

    with pytest.raises(UnknownType, match="double"):
        writer(schema)
