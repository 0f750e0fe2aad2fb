"""How far a source object has ever been heard, whatever became of its watermark since."""

from __future__ import annotations

from schemas.instants import NEVER, Instant
from schemas.source import ALL_OBJECTS
from streams.identify import keys
from tables.view import Workspace


def passed(ws: Workspace, system: str, entity: str, partition: int) -> Instant:
    """In this partition; from the next instant on it may say more."""
    marks, streamed = ws.get(keys.MARKS) or {}, ws.get(keys.STREAMED) or {}
    own = f"{system}/{entity}"
    name = own if own in marks else f"{system}/{ALL_OBJECTS}"
    mark = marks.get(name, {}).get(str(partition), (0, "", None))[2]
    furthest: Instant = max(NEVER if mark is None else mark, streamed.get(name, NEVER))
    return furthest
