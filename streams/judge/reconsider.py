"""Has a drift whose command is rejected judged again with every change of its customer: it may ask for another command
by then, which is proposed. Verdicts alone take no notice of what only a command says, such as a name.

y/CUSTOMER/KIND/SYSTEM/ID    {}: the command of this obligation's drift is rejected
~rejected                    {}: so it is of one of this shard; else no change looks for entries"""

from __future__ import annotations

from typing import Any

from schemas.instants import Instant
from streams.governance.in_force import InForce
from streams.judge.arming import arm
from streams.judge.gates import passed_by
from streams.judge.keys import ANY_REJECTED, EVERYTHING, OBLIGATIONS, WAITING_REJECTED, ObligationKey
from streams.judge.reached import reached_by
from streams.judge.rejections import REJECTED
from streams.kinds.asof import AsOf
from streams.kinds.finding import Subject
from streams.kinds.table import BY_NAME, Kind
from tables.view import Workspace

Drift = dict[str, Any]


def note(ws: Workspace, now: AsOf, kind: Kind, key: ObligationKey, before: Drift | None, after: Drift | None) -> None:
    """Call once the drift was looked at. It is judged again with the next change that is known by now; one that comes
    later finds it by its entry."""
    if _is_rejected(after):
        ws.put(ANY_REJECTED, {})
        ws.put(_key(key), {})
        all_of_it = AsOf(ws, now.governance, now.customer, now.instant)
        kind.judge(all_of_it, Subject(key.system, kind.entity, key.native_id))
        now.again_at(all_of_it.next_change)
    elif _is_rejected(before):
        _forget(ws, _key(key))


def on_change(ws: Workspace, ruled: InForce, customer: str, at: Instant) -> None:
    """A record of the customer has changed: judge what is rejected then, or at the first instant that is undecided."""
    if ws.get(ANY_REJECTED) is None:
        return
    heard, prefix = reached_by(ws, ruled.newest), f"{WAITING_REJECTED}{customer}/"
    for text, _ in ws.range(prefix, EVERYTHING):
        key = ObligationKey.parse(f"{OBLIGATIONS}{text.removeprefix(WAITING_REJECTED)}")
        if ws.get(key.text()) is None:
            _forget(ws, text)  # its subject has left
        elif key.system in ruled.newest.systems:
            arm(ws, key, max(at, passed_by(heard, ruled, BY_NAME[key.kind], key.system)[0] + 1), late=False)


def _forget(ws: Workspace, text: str) -> None:
    ws.delete(text)
    if not ws.range(WAITING_REJECTED, 1):
        ws.delete(ANY_REJECTED)


def _is_rejected(drift: Drift | None) -> bool:
    return drift is not None and drift["restraint"] == REJECTED


def _key(key: ObligationKey) -> str:
    return WAITING_REJECTED + key.text().removeprefix(OBLIGATIONS)
