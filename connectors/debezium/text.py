"""Turns column values into exact text: decimals digit for digit, dates in ISO form, booleans as `true` and `false`."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from schemas.codec import Unreadable
from schemas.source import UNCHANGED

PLACEHOLDER = "__debezium_unavailable_value"
"""What Debezium sends for a TOAST value that did not change (its default `unavailable.value.placeholder`)."""


def fields_text(image: dict[str, Any]) -> dict[str, str | None]:
    """The row's columns as text, None for null; raises Unreadable for a type that has no exact text here."""
    try:
        return {column: None if value is None else _WRITERS[type(value)](value) for column, value in image.items()}
    except KeyError as unknown:
        raise Unreadable("unknown_type", f"columns {', '.join(image)}: no exact text for {unknown}") from None


def _string(value: str) -> str:
    return UNCHANGED if value == PLACEHOLDER else value


def _bytes(value: bytes) -> str:
    return UNCHANGED if value == PLACEHOLDER.encode() else value.hex()


def _decimal(value: Decimal) -> str:
    return format(value, "f")


def _struct(value: dict[str, Any]) -> str:
    if value.keys() == {"scale", "value"}:  # io.debezium.data.VariableScaleDecimal: a numeric without declared scale
        unscaled = int.from_bytes(value["value"], "big", signed=True)
        return _decimal(Decimal(f"{unscaled}E{-value['scale']}"))  # exact, whatever the context's precision
    return _json(value)


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, default=lambda part: _WRITERS[type(part)](part))


_WRITERS: dict[type, Callable[[Any], str]] = {
    str: _string,
    bool: lambda value: "true" if value else "false",
    int: str,
    float: repr,
    Decimal: _decimal,
    date: date.isoformat,
    datetime: datetime.isoformat,
    time: time.isoformat,
    bytes: _bytes,
    dict: _struct,
    list: _json,
}
