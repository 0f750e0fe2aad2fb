"""Values between JSON and the store, by field type: datetimes and dates as such, amounts as Decimal."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

from connectors.salesforce.simulator.errors import ApiError
from connectors.salesforce.simulator.ids import full_id
from connectors.salesforce.simulator.objects import Field, FieldType

_CENT = Decimal("0.01")


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(value)
    return value


def _amount(value: Any) -> Decimal:
    if isinstance(value, bool):
        raise TypeError(value)
    return Decimal(value).quantize(_CENT, ROUND_HALF_UP)


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError(value)
    return value


def _reference(value: Any) -> str:
    found = full_id(_text(value))
    if found is None:
        raise ValueError(value)
    return found


_PARSERS: dict[FieldType, Callable[[Any], Any]] = {
    "string": _text,
    "email": _text,
    "picklist": _text,
    "currency": _amount,
    "date": lambda value: date.fromisoformat(_text(value)),
    "datetime": lambda value: datetime.fromisoformat(_text(value)).astimezone(UTC),
    "boolean": _flag,
    "reference": _reference,
    "id": _reference,
}


def parse(column: Field, value: Any) -> Any:
    """What the platform stores for a JSON value; an empty string is stored as null."""
    if value is None or value == "":
        return None
    try:
        parsed = _PARSERS[column.type](value)
    except (TypeError, ValueError, InvalidOperation):
        raise _unreadable(column, value) from None
    if column.values and parsed not in column.values:
        message = f"{column.name}: bad value for restricted picklist field: {parsed}"
        raise ApiError(400, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", message, [column.name])
    if isinstance(parsed, str) and len(parsed) > column.length:
        message = f"{column.name}: data value too large: {parsed[:20]} (max length={column.length})"
        raise ApiError(400, "STRING_TOO_LONG", message, [column.name])
    return parsed


def _unreadable(column: Field, value: Any) -> ApiError:
    if column.type in ("reference", "id"):
        return ApiError(400, "MALFORMED_ID", f"{column.name}: id value of incorrect type: {value}", [column.name])
    return ApiError(400, "JSON_PARSER_ERROR", f"Cannot deserialize {column.type} {column.name} from {value!r}")


def render(value: Any) -> Any:
    """A stored value as the API shows it."""
    match value:
        case datetime():
            return value.strftime("%Y-%m-%dT%H:%M:%S.000+0000")
        case date():
            return value.isoformat()
        case Decimal():
            # Amounts leave the platform as doubles: 15000.0, 99.5, 99.95.
            return value.quantize(Decimal("0.1")) if value == value.quantize(Decimal("0.1")) else value
        case _:
            return value
