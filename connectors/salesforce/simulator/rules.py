"""The platform's rules for one write: names, values, what must be there, and the stamp it gets."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from connectors.salesforce.simulator import values
from connectors.salesforce.simulator.errors import ApiError, no_such_column, not_found
from connectors.salesforce.simulator.objects import OBJECTS, Field, SObject

Fields = Mapping[str, Any]


def sobject(name: str) -> SObject:
    """The object of that name; raises NOT_FOUND."""
    if name not in OBJECTS:
        raise not_found()
    return OBJECTS[name]


def stamp(now: float) -> datetime:
    """SystemModstamp and its kin count whole seconds."""
    return datetime.fromtimestamp(int(now), UTC)


def external_ids(sobject: SObject, fields: Fields) -> list[Field]:
    return [column for column in sobject.own_fields if column.external_id and fields[column.name] is not None]


def folded(value: Any) -> Any:
    return value.casefold() if isinstance(value, str) else value


def accepted(sobject: SObject, fields: Fields) -> dict[str, Any]:
    """The written fields under their proper names, parsed, or the platform's complaint."""
    accepted: dict[str, Any] = {}
    for name, value in fields.items():
        column = sobject.find(name)
        if name == "attributes":
            continue
        if column is None:
            raise no_such_column(name, sobject.name)
        if not column.writable:
            message = (
                f"Unable to create/update fields: {column.name}. Please check the security settings of this field."
            )
            raise ApiError(400, "INVALID_FIELD_FOR_INSERT_UPDATE", message, [column.name])
        accepted[column.name] = values.parse(column, value)
    return accepted


def required(missing: list[str]) -> ApiError:
    return ApiError(400, "REQUIRED_FIELD_MISSING", f"Required fields are missing: [{', '.join(missing)}]", missing)
