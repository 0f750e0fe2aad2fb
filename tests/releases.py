"""Our records as another release would define them."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from decimal import Decimal
from typing import Any

from schemas.codec import lean
from schemas.records import MONEY, fields_within
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


def written_by(registry: DictRegistry, schema: Any, value: Mapping[str, Any]) -> bytes:
    """A record under a schema that is not ours."""
    schema_id = registry.register("", json.dumps(schema))
    return b"\0" + schema_id.to_bytes(4, "big") + writer(lean(schema))(dict(value))
