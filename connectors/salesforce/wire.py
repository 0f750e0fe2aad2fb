"""How Salesforce writes values: exact numbers and times in whole seconds."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROS_PER_SECOND = 1_000_000


def loads(text: str | bytes) -> Any:
    """Reads JSON without ever making a float of an amount."""
    return json.loads(text, parse_float=Decimal)


def dumps(value: Any) -> str:
    """Writes JSON with Decimals as numbers, digit for digit; the standard encoder can only do that through float."""
    match value:
        case Decimal():
            return format(value, "f")
        case dict():
            return "{" + ",".join(f"{json.dumps(key)}:{dumps(item)}" for key, item in value.items()) + "}"
        case list() | tuple():
            return "[" + ",".join(map(dumps, value)) + "]"
        case _:
            return json.dumps(value, ensure_ascii=False)


def micros_from_text(text: str) -> int:
    """Microseconds since the epoch of ``2024-07-24T14:05:58.000+0000``."""
    return (datetime.fromisoformat(text) - EPOCH) // timedelta(microseconds=1)


def datetime_from_micros(micros: int) -> datetime:
    return EPOCH + timedelta(microseconds=micros)


def soql_datetime(micros: int) -> str:
    """A SOQL datetime literal, whole seconds: unquoted, and with Z so that no plus sign needs escaping in a URL."""
    return datetime_from_micros(micros).strftime("%Y-%m-%dT%H:%M:%SZ")


def soql_string(text: str) -> str:
    """A quoted SOQL string literal."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
