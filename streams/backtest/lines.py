"""One line of a log: a canonical change, a watermark, or why it is neither."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

import orjson

from schemas.entities import ENTITIES, MONEY_TYPES
from schemas.instants import Instant, from_datetime
from schemas.source import ALL_OBJECTS
from streams.governance.words import meant

_OPERATIONS = ("upsert", "delete")
_EARLIEST = from_datetime(datetime.min.replace(tzinfo=UTC))
_LATEST = from_datetime(datetime.max.replace(tzinfo=UTC))
_TYPES = {name: {a.name: a.type for a in entity.attributes} for name, entity in ENTITIES.items()}


class Change(NamedTuple):
    number: int
    """Number of its line, from 1."""
    at: Instant
    system: str
    entity: str
    native_id: str
    customer: str
    version: str
    """Sorts as text."""
    operation: str
    attributes: Mapping[str, Any]
    by: str | None
    snapshot: bool


class Mark(NamedTuple):
    """Everything of this system, or of one of its entities, up to here was on the lines before."""

    number: int
    at: Instant
    system: str
    entity: str


class Refused(NamedTuple):
    """A line that cannot be used; it is a hole in the evidence as far as it says whose it is."""

    number: int
    at: Instant | None
    reason: str
    detail: str
    system: str = ""
    entity: str = ""
    customer: str = ""


Line = Change | Mark | Refused


class _Unusable(Exception):
    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


def parse(number: int, data: bytes) -> Line:
    """A line as it stands in the log; never raises."""
    try:
        line = orjson.loads(data)
    except orjson.JSONDecodeError as problem:
        return Refused(number, None, "unreadable", f"no JSON: {problem}")
    if not isinstance(line, dict):
        return Refused(number, None, "unreadable", "a line must be one JSON object")
    try:
        return _mark(number, line) if "watermark" in line else _change(number, line)
    except _Unusable as problem:
        return _refused(number, line, problem.reason, str(problem))


def instant(value: Any) -> Instant:
    """Microseconds since the epoch, from themselves or from ISO 8601 with its offset; raises ValueError."""
    if isinstance(value, str):
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            raise ValueError(f"{value!r} is no instant: write it like 2026-03-02T09:00:00Z") from None
        if moment.tzinfo is None:
            raise ValueError(f"{value!r} does not say its time zone: add Z or an offset")
        return from_datetime(moment)
    if isinstance(value, int) and not isinstance(value, bool) and _EARLIEST <= value <= _LATEST:
        return value
    raise ValueError(f"{value!r} is neither ISO 8601 text nor whole microseconds since 1970")


def _mark(number: int, line: Mapping[str, Any]) -> Mark:
    entity = line.get("entity") or ALL_OBJECTS
    if entity != ALL_OBJECTS:
        _known(entity)
    return Mark(number, _time(line, "watermark"), _text(line, "system"), entity)


def _change(number: int, line: Mapping[str, Any]) -> Change:
    at, system, entity = _time(line, "committed_at"), _text(line, "system"), _known(line.get("entity"))
    native_id = _text(line, "native_id")
    operation = line.get("operation") or "upsert"
    if operation not in _OPERATIONS:
        raise _Unusable("unknown_operation", f"operation {operation!r}; known: {', '.join(_OPERATIONS)}")
    return Change(
        number,
        at,
        system,
        entity,
        native_id,
        native_id if entity == "customer" and not line.get("customer") else _text(line, "customer"),
        _version(number, line.get("version")),
        operation,
        _attributes(entity, line.get("attributes")) if operation == "upsert" else {},
        line.get("changed_by"),
        line.get("snapshot") is True,
    )


def _refused(number: int, line: Mapping[str, Any], reason: str, detail: str) -> Refused:
    """A refused line, with what can be read of it."""
    readable = {name: str(line.get(name) or "") for name in ("system", "entity", "customer", "native_id")}
    if readable["entity"] == "customer":
        readable["customer"] = readable["customer"] or readable["native_id"]
    try:
        at = instant(line.get("committed_at"))
    except ValueError:
        at = None
    return Refused(number, at, reason, detail, readable["system"], readable["entity"], readable["customer"])


def _time(line: Mapping[str, Any], name: str) -> Instant:
    try:
        return instant(line.get(name))
    except ValueError as problem:
        raise _Unusable("unreadable_time", f"{name}: {problem}") from None


def _text(line: Mapping[str, Any], name: str) -> str:
    value = line.get(name)
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if not isinstance(value, str) or not value:
        raise _Unusable("missing_field", f"{name}: must be text, not {value!r}")
    return value


def _known(entity: Any) -> str:
    if entity not in _TYPES:
        raise _Unusable("unknown_entity", f"entity {entity!r}{meant(str(entity), _TYPES)}")
    return str(entity)


def _version(number: int, value: Any) -> str:
    if value is None or isinstance(value, int):
        return f"{number if value is None else value:020d}"
    return str(value)


def _attributes(entity: str, attributes: Any) -> Mapping[str, Any]:
    if not isinstance(attributes, dict):
        raise _Unusable("missing_field", f"attributes: must be an object of {entity} attributes, not {attributes!r}")
    types = _TYPES[entity]
    for name, value in attributes.items():
        if name not in types:
            raise _Unusable("unknown_attribute", f"{entity} has no attribute {name!r}{meant(name, types)}")
        if value is not None:
            _check(entity, name, types[name], value)
    return attributes


def _check(entity: str, name: str, type_: str, value: Any) -> None:
    if type_ in MONEY_TYPES:
        if not isinstance(value, dict) or "amount" not in value or not isinstance(value.get("currency"), str):
            raise _Unusable("not_an_amount", f'{entity}: {name} must be {{"amount", "currency"}}, not {value!r}')
    elif isinstance(value, dict | list) or (type_ == "flag" and not isinstance(value, bool)):
        raise _Unusable("unreadable_value", f"{entity}: {name} = {value!r} is no {type_}")
