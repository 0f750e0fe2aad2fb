"""Holds assertions to the crosswalk until every asserting system has been heard as far as they were committed.

Links need this only if the effect of one depends on others. If every system names one record of a single more senior
system, and that system names none, a cluster is that record and those that name it: then links apply as they arrive,
and a silent source holds nobody up. Parents always need it: a circle exists only while all its members say so.

    h/AT/SYSTEM/CUSTOMER/RECORD   an assertion; of two in one instant the later one holds"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from schemas.instants import ALWAYS, NEVER, Instant
from schemas.records import completed
from streams.governance.model import Governance
from streams.inputs import Due
from streams.suspects import circle
from tables.view import Value, Workspace

HELD = "h/"
GATE = ("asserted",)


def ordered(governance: Governance) -> bool:
    """Whether the effect of a link depends on other links, so that links have to be applied in order."""
    known: bool | None = governance.derived.get((ordered,))
    if known is None:
        known = governance.derived[(ordered,)] = not all(_names_a_senior(governance, s) for s in governance.linking)
    return known


def _names_a_senior(governance: Governance, system: str) -> bool:
    targets = set(governance.systems[system].links.values())
    rank = governance.seniority.index
    return len(governance.systems[system].links) == 1 and all(
        rank(target) < rank(system) and not governance.systems[target].links for target in targets
    )


def hold(ws: Workspace, record: str, value: dict[str, Any]) -> None:
    at = max(value["committed_at"], 0)
    ws.put(f"{HELD}{at:020d}/{value['system']}/{value['native_customer']}/{record}", {"record": record, "value": value})


def release(ws: Workspace, due: Due) -> tuple[str, dict[str, Any]]:
    """The record and its value."""
    entry = ws.get(due.key)
    assert entry is not None, f"{due.key} is due and not there"
    ws.delete(due.key)
    return entry["record"], completed(entry["record"], entry["value"])


def wake(key: str, value: Value | None) -> tuple[tuple[str, ...], Instant] | None:
    return (GATE, _instant(key)) if value is not None and key.startswith(HELD) else None


def heard_until(governance: Governance, heard: Mapping[str, Instant]) -> Instant:
    """Everything asserted up to then has arrived; `heard`: each system's watermark."""
    return min((heard.get(system, NEVER) for system in awaited(governance)), default=ALWAYS)


def awaited(governance: Governance) -> frozenset[str]:
    """The systems that must be heard before what is held applies."""
    return frozenset((*circle.parents_of(governance), *(governance.linking if ordered(governance) else ())))


def applied_until(ws: Workspace, governance: Governance, heard: Mapping[str, Instant]) -> Instant:
    """Everything asserted up to then has been applied."""
    until = heard_until(governance, heard)
    for key, _ in ws.range(HELD, 1):
        until = min(until, _instant(key) - 1)
    return until


def _instant(key: str) -> Instant:
    return int(key.removeprefix(HELD).partition("/")[0])
