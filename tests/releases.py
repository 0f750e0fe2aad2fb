"""Our records as another release would define them."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from decimal import Decimal
from typing import Any

from schemas.codec import lean
from schemas.records import MONEY, all_records, fields_within
from schemas.registry import DictRegistry
from schemas.writers import writer

Field = tuple[str, str]
"""Full name of a record, and the name of a field."""
_MONEY = "q2c.Money"
_PLAIN: dict[str, Any] = {"string": "said", "long": 7, "boolean": True, "bytes": b"said"}


def defaulted(schema: Any) -> list[Field]:
    """Fields that a release may bring: with a default, of the record and of those within it."""
    found = fields_within(schema)
    return [(full, name) for full, fields in found for name, field in fields.items() if "default" in field]


def without(schema: Any, gone: Collection[Field], told: set[str] | None = None) -> Any:
    """The schema of a release that had not these. `told`: records defined further up."""
    told = set() if told is None else told
    if isinstance(schema, list):
        return [without(branch, gone, told) for branch in schema]
    if schema == _MONEY and schema not in told:  # the field that defined it may be gone
        return without(lean(MONEY), gone, told)
    if not isinstance(schema, dict):
        return schema
    full = f"{schema.get('namespace')}.{schema.get('name')}"
    if full in told:
        return full
    told |= {full} if "fields" in schema else set()
    within = {key: without(schema[key], gone, told) for key in ("items", "values") if key in schema}
    kept = [field for field in schema.get("fields", ()) if (full, field["name"]) not in gone]
    fields = [field | {"type": without(field["type"], gone, told)} for field in kept]
    return {**schema, **within, **({"fields": fields} if "fields" in schema else {})}


def sample(schema: Any, gone: Collection[Field] = ()) -> Any:
    """A value in which nothing is empty, but the fields that its writer had not: these have their defaults."""
    if isinstance(schema, list):
        return sample(schema[1], gone)
    if schema == _MONEY:
        return sample(MONEY)
    if isinstance(schema, str):
        return _PLAIN[schema]
    if schema["type"] == "record":
        full = f"{schema['namespace']}.{schema['name']}"
        fields = ((field, (full, field["name"]) in gone) for field in schema["fields"])
        return {f["name"]: f["default"] if is_gone else sample(f["type"], gone) for f, is_gone in fields}
    if schema["type"] == "array":
        return [sample(schema["items"], gone)]
    if schema["type"] == "map":
        return {"one": sample(schema["values"], gone)}
    return Decimal("1.5") if schema.get("logicalType") == "decimal" else sample(schema["type"])


def said(schema: Any, value: Any) -> set[Field]:
    """Fields that hold something else than their default."""
    if isinstance(schema, list):
        return set() if value is None else said(schema[1], value)
    if not isinstance(schema, dict):
        return set()
    if schema["type"] == "record":
        full = f"{schema['namespace']}.{schema['name']}"
        held = [(field, value[field["name"]]) for field in schema["fields"]]
        telling = {(full, field["name"]) for field, each in held if each != field.get("default", NotImplemented)}
        return telling.union(*(said(field["type"], each) for field, each in held))
    within = value.values() if schema["type"] == "map" else value if schema["type"] == "array" else ()
    return set[Field]().union(*(said(schema.get("items", schema.get("values")), each) for each in within))


_CAME = {f["name"]: f["default"] for f in all_records()["Drift"]["fields"][-7:]}
"""Fields of a drift that came after the first releases."""


def kept_before(value: Any, name: str = "") -> Any:
    """A value of the state, as a release kept it which knew no attribute that nobody has said, nor what of drifts came
    after it, where that says nothing."""
    if isinstance(value, list):
        return [kept_before(each) for each in value]
    if not isinstance(value, dict):
        return value
    if name in ("attrs", "read"):
        value = {attribute: said for attribute, said in value.items() if said is not None}
    if name in ("drift", "flapping"):
        value = {field: held for field, held in value.items() if held != _CAME.get(field, NotImplemented)}
    return {each: kept_before(held, each) for each, held in value.items()}


def written_by(registry: DictRegistry, schema: Any, value: Mapping[str, Any]) -> bytes:
    """A record under a schema that is not ours."""
    schema_id = registry.register("", json.dumps(schema))
    return b"\0" + schema_id.to_bytes(4, "big") + writer(lean(schema))(dict(value))
