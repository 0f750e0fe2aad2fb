"""Rejections: somebody decided that a command is not performed: exactly that command, however its drift comes to ask
for it, until somebody lifts that. What its drift asks for otherwise is only proposed meanwhile.

n/DRIFT    {rejections: [[command, said, by, reason, at, lifted_at, approved_by, until], ...]}

A rejection counts from the first instant that was undecided when it arrived, and has no end by itself. An approval that
was given before it counts no more. One that names it lifts it, and counts itself from then on; one that does not, given
by somebody who did not know of it, changes nothing. So which of the two came first makes no difference.

None is ever forgotten: people made them, so they are few, the drift may come again, and a word that comes twice must be
known as the first one, also once that was lifted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from schemas.instants import ALWAYS, Instant
from streams.governance.in_force import InForce
from streams.judge.decisions import first_undecided, judge_again
from streams.judge.keys import rejections_key
from streams.kinds.asof import AsOf
from tables.view import Workspace

REJECTED = "rejected"
"""A restraint: this command was rejected."""
REJECTED_BEFORE = "rejected_before"
"""A restraint: another command of the drift was, so somebody has to decide."""
NOTHING: dict[str, Any] = {
    "rejected_command_id": None,
    "rejected_by": "",
    "rejected_reason": "",
    "rejected_at": None,
}
"""What a drift says of rejections where none counts."""


class Rejection(NamedTuple):
    command_id: str
    said: Instant
    """When it was given, by the wall clock; its name."""
    by: str
    reason: str
    at: Instant
    """It counts from then on."""
    lifted_at: Instant = ALWAYS
    approved_by: str = ""
    """Who lifted it and has the command performed; empty: it is only proposed again."""
    until: Instant = ALWAYS
    """Until when that approval counts."""

    def stands(self, instant: Instant) -> bool:
        return self.at <= instant < self.lifted_at

    def told(self) -> dict[str, Any]:
        """What a drift says of it."""
        said = (self.command_id, self.by, self.reason, self.said)
        return dict(zip(NOTHING, said, strict=True))


def on_rejection(ws: Workspace, ruled: InForce, value: dict[str, Any]) -> None:
    at, known = first_undecided(ws, ruled, value), _of(ws, value["drift_id"])
    said = (value["command_id"], value["at"], value["by"])
    if at is None or any(r[:3] == said for r in known):
        return  # the same word once more; it may have been lifted since
    _keep(ws, value["drift_id"], [*known, Rejection(*said, value["reason"], at)])
    judge_again(ws, value, at)


def lift(ws: Workspace, value: dict[str, Any], at: Instant, until: Instant) -> bool:
    """Lift the rejection that an approval names. Returns False if it names none that is known."""
    named = (value["command_id"], value.get("lifts"))
    approved_by = "" if value.get("only_lifts") else value["by"]
    known = _of(ws, value["drift_id"])
    if not any(r[:2] == named for r in known):
        return False
    after = [
        r._replace(lifted_at=at, approved_by=approved_by, until=until)
        if r[:2] == named and r.lifted_at == ALWAYS
        else r
        for r in known
    ]
    if after != known:
        _keep(ws, value["drift_id"], after)
    return True


def counting(ws: Workspace, now: AsOf, drift_id: str, command_id: str | None) -> Rejection | None:
    """The rejection that counts for a drift at this instant: of this command, else of another one. The subject is
    judged again when that changes."""
    known = _of(ws, drift_id)
    for rejection in known:
        now.again_at(rejection.at)
        now.again_at(rejection.lifted_at)
    standing = [r for r in known if r.stands(now.instant)]
    return next((r for r in standing if r.command_id == command_id), standing[0] if standing else None)


def is_rejected(ws: Workspace, now: AsOf, drift: dict[str, Any]) -> bool:
    """Whether the command that the drift asks for is."""
    command_id = drift["command_id"]
    found = None if command_id is None else counting(ws, now, drift["drift_id"], command_id)
    return found is not None and found.command_id == command_id


def of_command(ws: Workspace, now: AsOf, drift_id: str, command_id: str) -> list[Rejection]:
    """Those of a command that have begun to count by this instant, also if they were lifted since."""
    return [r for r in _of(ws, drift_id) if r.command_id == command_id and r.at <= now.instant]


def _of(ws: Workspace, drift_id: str) -> list[Rejection]:
    held = ws.get(rejections_key(drift_id))
    return [] if held is None else [Rejection(*each) for each in held["rejections"]]


def _keep(ws: Workspace, drift_id: str, rejections: Sequence[Rejection]) -> None:
    ws.put(rejections_key(drift_id), {"rejections": [list(each) for each in rejections]})
