"""Approvals: somebody decided that a command is performed which was only proposed: exactly that command, while its
drift asks for it and nothing else holds it back.

a/COMMAND    {by, at, until}

An approval counts from the first instant that was undecided when it arrived (streams/judge/decisions.py), for as long
as records of ended drifts are kept. One that lifts a rejection is kept with that (streams/judge/rejections.py)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from schemas.instants import ALWAYS, NEVER, Instant, seconds
from streams.governance.in_force import InForce
from streams.governance.model import Governance
from streams.judge import rejections
from streams.judge.decisions import first_undecided, judge_again
from streams.judge.forgotten import put_until
from streams.judge.keys import approval_key
from streams.judge.rejections import REJECTED_BEFORE
from streams.kinds.asof import AsOf
from tables.view import Value, Workspace

PROPOSE = "propose"
OVER_LIMIT = "over_limit"
"""A restraint: so much is at stake that somebody has to decide."""
UNAPPROVED = ("", OVER_LIMIT, REJECTED_BEFORE)
"""Restraints that an approval lifts; empty: the mode is `propose`."""


class Approval(NamedTuple):
    by: str
    at: Instant
    until: Instant


def on_approval(ws: Workspace, ruled: InForce, value: dict[str, Any]) -> None:
    at = first_undecided(ws, ruled, value)
    if at is None:
        return
    until = _until(ruled.newest, at)
    if rejections.lift(ws, value, at, until) or _is_kept(ws, ruled.newest, value, at, until):
        judge_again(ws, value, at)


def _is_kept(ws: Workspace, governance: Governance, value: dict[str, Any], at: Instant, until: Instant) -> bool:
    """Keep it, unless an earlier approval stands: instants since then may have been judged by it."""
    key = approval_key(value["command_id"])
    known = ws.get(key)
    if value.get("only_lifts") or (known is not None and at < known["until"]):
        return False
    _keep(ws, governance, key, Approval(value["by"], at, until))
    return True


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


def approved(ws: Workspace, now: AsOf, drift_id: str, command_id: str | None) -> Approval | None:
    """The approval of exactly this command, if it counts at this instant. If it counts later, the subject is judged
    again then. None that was given before the command was rejected last counts, nor any while that stands."""
    if command_id is None:
        return None
    rejected = rejections.of_command(ws, now, drift_id, command_id)
    lifted_at = max((rejection.lifted_at for rejection in rejected), default=NEVER)
    lifting = (Approval(r.approved_by, r.lifted_at, r.until) for r in rejected if r.approved_by)
    for given in (*lifting, *_given(ws, command_id)):
        now.again_at(given.at)
        if lifted_at <= given.at <= now.instant < given.until:
            return given
    return None


def _given(ws: Workspace, command_id: str) -> Iterator[Approval]:
    held = ws.get(approval_key(command_id))
    if held is not None:
        yield Approval(held["by"], held["at"], held["until"])


def may_be_performed(ws: Workspace, now: AsOf, drift: dict[str, Any]) -> bool:
    """Whether it was approved, and is proposed only because it had not been."""
    is_proposed = drift["mode"] == PROPOSE and drift["restraint"] in UNAPPROVED
    return is_proposed and approved(ws, now, drift["drift_id"], drift["command_id"]) is not None


def _until(governance: Governance, at: Instant) -> Instant:
    """Until when it counts; ALWAYS if a source was never heard, because then the beginning is not known either."""
    kept = governance.ended_drift_retention_seconds
    return ALWAYS if kept is None or at <= NEVER + 1 else at + seconds(kept)
