"""How Salesforce writes values: exact numbers and times in whole seconds."""

import json
from datetime import datetime
from decimal import Decimal
from typing import Any

from schemas.instants import Instant, from_datetime, to_datetime


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


def text_of(value: Any) -> str | None:
    """A field's value as exact text: numbers digit for digit without exponent, flags as JSON words, null as None."""
    match value:
        case None | str():
            return value
        case Decimal():
            return format(value, "f")
        case _:
            return dumps(value)


def instant_of(text: str) -> Instant:
    """The instant that ``2024-07-24T14:05:58.000+0000`` names."""
    return from_datetime(datetime.fromisoformat(text))


def soql_datetime(at: Instant) -> str:
    """A SOQL datetime literal, whole seconds: unquoted, and with Z so that no plus sign needs escaping in a URL."""
    return to_datetime(at).strftime("%Y-%m-%dT%H:%M:%SZ")


def soql_string(text: str) -> str:
    """A quoted SOQL string literal."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
