"""What is forgotten, and when: at an instant of event time, once all that was due by then is judged. Not as it is told
that something is over: what lies before that may still have to be judged, wherever commits fall.

t/INSTANT/KEY    {}: that entry of the state; by the id of a drift, its life (streams/judge/lives.py)
k/INSTANT/KEY    {}: such an entry whose instant has come, while what is judged by it may be held back: by a hole, or as
                 nobody could write it"""

from __future__ import annotations

from schemas.instants import Instant, seconds
from streams.governance.model import Governance
from streams.judge.keys import ASIDE, HOLES, KEPT, burying_key, kept_key, parse_kept, tombstone_key
from tables.view import Value, Workspace

_ALL = 1_000_000
"""Of what people and other stages say."""


def wait(ws: Workspace, instant: Instant, key: str) -> None:
    ws.put(tombstone_key(instant, key), {})
    if ws.get(burying_key(instant)) is None:
        ws.put(burying_key(instant), {})


def put_until(ws: Workspace, governance: Governance, key: str, value: Value, last: Instant) -> None:
    """Keep it as long as verdicts of that instant may be given, or amended."""
    instant = last + seconds(governance.late_retention_seconds) + 1
    ws.put(key, {**value, "forgotten": instant})
    wait(ws, instant, key)


def forget(ws: Workspace, instant: Instant, key: str) -> None:
    """Unless it has been put anew since."""
    if (ws.get(key) or {}).get("forgotten") != instant:
        return
    if is_anything_held(ws):
        ws.put(kept_key(instant, key), {})
    else:
        ws.delete(key)


def is_anything_held(ws: Workspace) -> bool:
    """Whether a verdict may still be given of instants that all sources have passed."""
    return bool(ws.range(HOLES, 1) or ws.range(ASIDE, 1))


def nothing_is_held(ws: Workspace) -> None:
    """With the last of them: what was kept for it is forgotten once all is judged that was held back."""
    for text, _ in ws.range(KEPT, _ALL):
        ws.delete(text)
        wait(ws, *parse_kept(text))
