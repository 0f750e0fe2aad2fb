"""Quarrels: two writers put back what the other replaced (kind M7). Told from the trails of a record alone."""

from __future__ import annotations

from streams.kinds.asof import AsOf, Found
from streams.kinds.trail import STATED, Step, mark, trail_of

NAME = "correction_oscillation"


def quarrels(now: AsOf, record: Found) -> dict[str, list[Step]]:
    """Attribute -> the changes that put it back, where they are too many."""
    limit = now.governance.process.flapping.returns
    return {attribute: steps for attribute, steps in put_back(now, record).items() if len(steps) >= limit}


def put_back(now: AsOf, record: Found) -> dict[str, list[Step]]:
    """Attribute -> the changes that put it back, where there are any."""
    returns = {attribute: _returns(now, record, attribute) for attribute in STATED.get(record.entity, ())}
    return {attribute: steps for attribute, steps in returns.items() if steps}


def _returns(now: AsOf, record: Found, attribute: str) -> list[Step]:
    """The changes within the window that put back the value which another writer had just replaced; none once somebody
    settled on a third value."""
    steps = trail_of(record.version["since"], attribute)
    values = [mark(record.entity, attribute, record.attrs[attribute]), *(step.was for step in steps)]
    pairs = zip(steps, steps[1:], values, strict=False)
    back = [(step, step.by != before.by and value == before.was) for step, before, value in pairs]
    if not back or not back[0][1]:
        return []
    window = now.governance.process.flapping.window
    counted = [step for step, is_return in back if is_return and step.at > now.instant - window]
    for step in counted:
        now.again_at(step.at + window)
    return counted
