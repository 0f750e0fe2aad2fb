"""Commands that are only proposed because a record is missing (`unreadable_record`): they are issued once its hole has
closed.

u/CUSTOMER/KIND/SYSTEM/ID    {}: the drift of this obligation waits for a hole, or did until it ended

The end of a hole counts from the first instant that was undecided when judge was told. Verdicts about earlier instants
look for that instant themselves (streams/judge/commands.py)."""

from __future__ import annotations

from schemas.instants import NEVER
from streams.governance.model import Governance
from streams.judge.arming import arm
from streams.judge.breaker import decided
from streams.judge.keys import EVERYTHING, OBLIGATIONS, UNREAD, ObligationKey
from streams.judge.reached import reached
from streams.kinds.table import BY_NAME
from tables.view import Workspace

REASON = "unreadable_record"


def note(ws: Workspace, subject: ObligationKey, *, waits: bool) -> None:
    """Call whenever the command is looked at: note whether it waits for a hole."""
    key = _key(subject)
    if waits:
        ws.put(key, {})
    elif ws.get(key) is not None:
        ws.delete(key)


def on_end(ws: Workspace, governance: Governance, customer: str) -> None:
    """A hole has ended: judge the waiting subjects of its customer again, or of everyone if its customer is unknown."""
    heard, prefix = reached(ws), f"{UNREAD}{customer}/" if customer else UNREAD
    for text, _ in ws.range(prefix, EVERYTHING):
        subject = ObligationKey.parse(f"{OBLIGATIONS}{text.removeprefix(UNREAD)}")
        held = ws.get(subject.text()) or {}
        if (held.get("drift") or {}).get("restraint") != REASON:
            ws.delete(text)
        elif subject.system in governance.systems:
            at = decided(heard, governance, BY_NAME[subject.kind], subject.system) + 1
            arm(ws, subject, max(at, held.get("settled", NEVER) + 1), late=False)


def _key(subject: ObligationKey) -> str:
    return UNREAD + subject.text().removeprefix(OBLIGATIONS)
