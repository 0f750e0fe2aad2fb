"""Conditions of `triggers.yaml` as functions of what a record says. Each is made once, and asked of every change."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from streams.governance.triggers import NOT_ZERO, UNLESS_ZERO, Condition, OtherThan

Attributes = Mapping[str, Any]
Holds = Callable[[Attributes], bool]


def holds_when(when: Mapping[str, Condition]) -> Holds:
    """Whether all conditions hold."""
    return _all([_holds(attribute, condition) for attribute, condition in when.items()])


def _all(conditions: list[Holds]) -> Holds:
    if len(conditions) == 1:
        return conditions[0]
    return _both(conditions[0], _all(conditions[1:])) if conditions else lambda _: True


def _both(one: Holds, other: Holds) -> Holds:
    return lambda a: one(a) and other(a)


def _holds(attribute: str, condition: Condition) -> Holds:
    if isinstance(condition, OtherThan):
        excluded = frozenset(condition.other_than)
        return lambda a: a[attribute] not in excluded
    if isinstance(condition, tuple):
        states = frozenset(condition)
        return lambda a: a[attribute] in states
    if isinstance(condition, bool):
        return lambda a: a[attribute] is condition
    if condition == NOT_ZERO:
        return lambda a: _is_stated(a[attribute]) and _number(a[attribute]) != 0
    if condition == UNLESS_ZERO:
        return lambda a: not _is_stated(a[attribute]) or _number(a[attribute]) != 0
    return lambda a: _is_stated(a[attribute])


def _is_stated(value: Any) -> bool:
    return value is not None and value != ""


def _number(value: Any) -> Decimal:
    return Decimal(value["amount"] if isinstance(value, dict) else value)
