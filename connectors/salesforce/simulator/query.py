"""Answers a parsed query from a list of records."""

import operator
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from connectors.salesforce.simulator.errors import ApiError
from connectors.salesforce.simulator.objects import OBJECTS, FieldType, SObject
from connectors.salesforce.simulator.soql import Comparison, Condition, Order, Query

Row = Mapping[str, Any]
Test = Callable[[Row], bool]

_ORDERED: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
# Which literal a column may be compared with. A date is no datetime, though Python sees one as the other's parent.
_LITERAL: dict[FieldType, type] = {
    "boolean": bool,
    "currency": Decimal,
    "date": date,
    "datetime": datetime,
}


def sobject_of(query: Query) -> SObject:
    """The queried object."""
    for name, sobject in OBJECTS.items():
        if name.casefold() == query.object_name.casefold():
            return sobject
    raise ApiError(400, "INVALID_TYPE", f"sObject type '{query.object_name}' is not supported.")


def run(query: Query, rows: Iterable[Row]) -> list[Row]:
    """The matching rows, ordered and cut, with the selected fields under their proper names."""
    sobject = sobject_of(query)
    columns = [_column(sobject, name) for name in query.fields]
    test = _test(sobject, query.where) if query.where else None
    found = [row for row in rows if test is None or test(row)]
    for order in reversed(query.order):
        _sort(found, _column(sobject, order.field), order)
    return [{name: row[name] for name in columns} for row in found[: query.limit]]


def _column(sobject: SObject, name: str) -> str:
    column = sobject.find(name)
    if column is None:
        raise ApiError(400, "INVALID_FIELD", f"No such column '{name}' on entity '{sobject.name}'.")
    return column.name


def _sort(rows: list[Row], name: str, order: Order) -> None:
    rows.sort(key=lambda row: (row[name] is not None, row[name]), reverse=order.descending)
    rows.sort(key=lambda row: (row[name] is None) == order.nulls_last)


def _test(sobject: SObject, condition: Condition) -> Test:
    if isinstance(condition, Comparison):
        return _comparison(sobject, condition)
    parts = [_test(sobject, part) for part in condition.parts]
    if condition.joined_by == "AND":
        return lambda row: all(part(row) for part in parts)
    return lambda row: any(part(row) for part in parts)


def _comparison(sobject: SObject, comparison: Comparison) -> Test:
    name = _column(sobject, comparison.field)
    kind = sobject.fields[name].type
    literals = comparison.value if isinstance(comparison.value, tuple) else (comparison.value,)
    for literal in literals:
        _check_literal(name, kind, literal)
    wanted = {_comparable(kind, literal) for literal in literals}
    match comparison.operator:
        case "=" | "IN":
            return lambda row: _comparable(kind, row[name]) in wanted
        case "!=" | "NOT IN":
            return lambda row: _comparable(kind, row[name]) not in wanted
    compare, bound = _ORDERED[comparison.operator], _comparable(kind, comparison.value)
    return lambda row: None not in (row[name], bound) and compare(_comparable(kind, row[name]), bound)


def _check_literal(name: str, kind: FieldType, literal: Any) -> None:
    if literal is not None and type(literal) is not _LITERAL.get(kind, str):
        message = f"value of filter criterion for field '{name}' must be of type {kind}"
        raise ApiError(400, "INVALID_FIELD", message)


def _comparable(kind: FieldType, value: Any) -> Any:
    """Ids compare by their 15 case-sensitive characters, other texts without regard to case."""
    if not isinstance(value, str):
        return value
    return value[:15] if kind in ("id", "reference") else value.casefold()
