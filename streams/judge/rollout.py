"""Rolls a governance version out: every subject that it could touch is judged at the instant from which it is in force.

The subjects are found in slices, each its own commit, beginning when the version arrives. Until all are found no later
instant is judged."""

from __future__ import annotations

from collections.abc import Iterator

from streams.governance.difference import differences
from streams.governance.in_force import InForce
from streams.governance.model import Governance
from streams.governance.reach import touched
from streams.judge.arming import arm
from streams.judge.keys import ObligationKey, rollout_begin
from streams.judge.published import rolled_out
from streams.kinds.table import Kind, judged
from tables.versions import Version
from tables.view import Workspace

SLICE = 256
"""Records looked at in one commit."""
GATE = ("~governance", "")
"""Always open."""
_RECORDS = "e/"


def roll_out(ws: Workspace, ruled: InForce, text: str) -> None:
    """Look at one slice of the records."""
    value = ws.get(text)
    if value is None:
        return
    begins_at = rollout_begin(text)
    before, after = ruled.before(begins_at), ruled.at(begins_at)
    kinds = _touched(before, after)
    records = ws.range(_RECORDS, SLICE, value["after"]) if kinds else []
    for key, record in records:
        for subject in _subjects(ws, after, kinds, key, record["versions"]):
            arm(ws, subject, begins_at, late=True)
    if len(records) < SLICE:
        rolled_out(ws, begins_at)
    else:
        ws.put(text, {"after": records[-1][0]})


def _touched(before: Governance, after: Governance) -> tuple[Kind, ...]:
    """Kinds that the change of governance touches."""
    key = (_touched, id(before))
    known: tuple[Governance, tuple[Kind, ...]] | None = after.derived.get(key)
    if known is None:
        names = touched(before, after, differences(before, after))
        kinds = tuple(kind for kind in judged(after) if names is None or kind.name in names)
        known = after.derived[key] = before, kinds  # with it, so that the id stays its own
    return known[1]


def _subjects(
    ws: Workspace, governance: Governance, kinds: tuple[Kind, ...], key: str, versions: list[Version]
) -> Iterator[ObligationKey]:
    _, customer, entity, system, native_id = key.split("/", 4)
    if system not in governance.systems:
        return
    role = governance.systems[system].role
    for kind in kinds:
        if kind.entity == entity and role in kind.roles:
            subject = ObligationKey(customer, kind.row, system, native_id)
            if ws.get(subject.text()) is not None or kind.may_begin(governance, versions):
                yield subject
