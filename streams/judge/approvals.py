"""Approvals: somebody decided that a command is performed which was only proposed: exactly that command, while its
drift asks for it and nothing else holds it back.

a/COMMAND    {by, at, until}

An approval counts from the first instant that was undecided when it arrived, for as long as records of ended drifts are
kept. The id of a command names no customer, so every partition is told: its drift may move to any of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from schemas.instants import ALWAYS, NEVER, Instant, seconds
from streams.governance.in_force import InForce
from streams.governance.model import Governance
from streams.judge.arming import arm
from streams.judge.forgotten import put_until
from streams.judge.gates import passed_by
from streams.judge.keys import ObligationKey, approval_key, drift_key
from streams.judge.reached import reached_by
from streams.kinds.asof import AsOf
from streams.kinds.table import KINDS, Kind
from tables.view import Value, Workspace

PROPOSE = "propose"
OVER_LIMIT = "over_limit"
"""A restraint: so much is at stake that somebody has to decide."""
UNAPPROVED = ("", OVER_LIMIT)
"""Restraints that an approval lifts; empty: the mode is `propose`."""


class Approval(NamedTuple):
    by: str
    at: Instant
    until: Instant


def on_approval(ws: Workspace, ruled: InForce, value: dict[str, Any]) -> None:
    """Judge the drift that asks for the command again. A drift that asks for it later looks for approvals by itself."""
    kind = next((k for k in KINDS if (k.name, k.entity) == (value["kind"], value["entity"])), None)
    if kind is None or value["system"] not in ruled.newest.systems:
        return
    at = passed_by(reached_by(ws, ruled.newest), ruled, kind, value["system"])[0] + 1
    key = approval_key(value["command_id"])
    known = ws.get(key)
    if known is not None and at < known["until"]:
        return  # the earlier approval stands: instants since then may have been judged by it
    _keep(ws, ruled.newest, key, Approval(value["by"], at, _until(ruled.newest, at)))
    for subject, settled in _asking(ws, kind, value):
        arm(ws, subject, max(at, settled + 1), late=False)


def adopt(ws: Workspace, governance: Governance, obligation: Value) -> None:
    """Take over an approval that an earlier release kept in the obligation."""
    if "approval" not in obligation:
        return
    command_id, by, at = obligation["approval"]
    key = approval_key(command_id)
    if ws.get(key) is None:
        _keep(ws, governance, key, Approval(by, at, _until(governance, at)))


def _keep(ws: Workspace, governance: Governance, key: str, approval: Approval) -> None:
    if approval.until == ALWAYS:
        ws.put(key, approval._asdict())
    else:
        put_until(ws, governance, key, approval._asdict(), approval.until)


def approved(ws: Workspace, now: AsOf, command_id: str | None) -> Approval | None:
    """The approval of exactly this command, if it counts at this instant. If it counts later, the subject is judged
    again then."""
    held = ws.get(approval_key(command_id)) if command_id is not None else None
    if held is None:
        return None
    known = Approval(held["by"], held["at"], held["until"])
    now.again_at(known.at)
    return known if known.at <= now.instant < known.until else None


def may_be_performed(ws: Workspace, now: AsOf, drift: dict[str, Any]) -> bool:
    """Whether it was approved, and is proposed only because it had not been."""
    is_proposed = drift["mode"] == PROPOSE and drift["restraint"] in UNAPPROVED
    return is_proposed and approved(ws, now, drift["command_id"]) is not None


def _asking(ws: Workspace, kind: Kind, value: dict[str, Any]) -> Iterator[tuple[ObligationKey, Instant]]:
    """Obligations of the drift, at the customer where it was when approved and where it is now; each with its last
    judged instant."""
    life: Value = ws.get(drift_key(value["drift_id"])) or {}
    for customer in sorted({value["canonical_id"], life.get("customer", value["canonical_id"])}):
        subject = ObligationKey(customer, kind.row, value["system"], value["native_id"])
        if (held := ws.get(subject.text())) is not None:
            yield subject, held.get("settled", NEVER)


def _until(governance: Governance, at: Instant) -> Instant:
    """Until when it counts; ALWAYS if a source was never heard, because then the beginning is not known either."""
    kept = governance.ended_drift_retention_seconds
    return ALWAYS if kept is None or at <= NEVER + 1 else at + seconds(kept)
