"""Forgets entries of the state at an instant of event time, once everything due by then is judged. It does not forget
them as soon as judge is told that something is over: earlier instants may still have to be judged.

t/INSTANT/KEY    {}: forget the entry KEY then; a bare drift id stands for its life (streams/judge/lives.py)
k/INSTANT/KEY    {}: the instant has come, but verdicts that need the entry are held back, by a hole or as unwritable"""

from __future__ import annotations

from schemas.instants import Instant, seconds
from streams.governance.model import Governance
from streams.judge.keys import ASIDE, HOLES, KEPT, burying_key, kept_key, parse_kept, tombstone_key
from tables.view import Value, Workspace

_ALL = 1_000_000
"""More than there can be of such entries."""


def wait(ws: Workspace, instant: Instant, key: str) -> None:
    ws.put(tombstone_key(instant, key), {})
    if ws.get(burying_key(instant)) is None:
        ws.put(burying_key(instant), {})


def put_until(ws: Workspace, governance: Governance, key: str, value: Value, last: Instant) -> None:
    """Put an entry, and keep it as long as verdicts about the instant `last` may be given or amended."""
    instant = last + seconds(governance.late_retention_seconds) + 1
    ws.put(key, {**value, "forgotten": instant})
    wait(ws, instant, key)


def forget(ws: Workspace, instant: Instant, key: str) -> None:
    """Delete the entry, unless it was put anew since. While verdicts are held back it is kept for them."""
    if (ws.get(key) or {}).get("forgotten") != instant:
        return
    if is_anything_held(ws):
        ws.put(kept_key(instant, key), {})
    else:
        ws.delete(key)


def is_anything_held(ws: Workspace) -> bool:
    """Whether a hole or an unwritable verdict holds verdicts back, about instants that all sources have passed."""
    return bool(ws.range(HOLES, 1) or ws.range(ASIDE, 1))


def nothing_is_held(ws: Workspace) -> None:
    """The last hold has ended: what was kept for it is forgotten once all that was held back is judged."""
    for text, _ in ws.range(KEPT, _ALL):
        ws.delete(text)
        wait(ws, *parse_kept(text))
