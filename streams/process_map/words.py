"""Spans of time and conditions as people say them."""

from __future__ import annotations

from streams.governance.triggers import NOT_ZERO, UNLESS_ZERO, Condition, OtherThan, Trigger

UNITS = ((86_400, "d"), (3_600, "h"), (60, "min"))


def duration(seconds: float) -> str:
    """In the largest unit that divides it: 14400 is 4 h, 90 is 90 s."""
    for size, unit in UNITS:
        if seconds and seconds % size == 0:
            return f"{seconds / size:g} {unit}"
    return f"{seconds:g} s"


def condition(trigger: Trigger) -> str:
    """`status is posted or paid, total is not zero; by issued_on`"""
    said = ", ".join(_said(attribute, condition) for attribute, condition in trigger.when.items())
    return f"{said}; by {trigger.dated_by}" if trigger.dated_by else said


def _said(attribute: str, condition: Condition) -> str:
    if isinstance(condition, bool):
        return attribute if condition else f"not {attribute}"
    if isinstance(condition, OtherThan):
        return f"{attribute} is not {' or '.join(condition.other_than)}"
    if isinstance(condition, tuple):
        return f"{attribute} is {' or '.join(condition)}"
    return f"{attribute} {_SAID.get(condition, 'is stated')}"


_SAID = {NOT_ZERO: "is not zero", UNLESS_ZERO: "is not zero, if stated"}
