"""Dead letters in identify: a record is refused, replayed or dismissed, and a hole opens or closes."""

from __future__ import annotations

from typing import Any

from schemas.instants import NEVER
from schemas.source import SourceRow
from streams.fleet.letters import tell_written
from streams.governance.model import Governance
from streams.identify import furthest, holes, keys
from streams.identify.holes import Hole
from streams.identify.stays import Stay, of
from streams.inputs import Input
from streams.letters import ENTITY_HEADER, ID_HEADER
from tables.view import Workspace


def diverted(ws: Workspace, governance: Governance, partition: int, letter: dict[str, Any]) -> None:
    """A record was refused. Its hole begins where the evidence is still complete: as far as the system was ever heard
    in this partition."""
    system = letter["system"]
    if not system:
        return
    known = furthest.of_system(ws, system, partition)
    opened_at = min((at for at in known if at > NEVER), default=NEVER)
    if (told := tell_written(letter)) is not None:
        ws.emit(told)
    hole = Hole(system, _readable(letter["original_key"]), letter["entity"], letter["letter_id"])
    holes.open_(ws, governance, hole, partition, opened_at)


def home(ws: Workspace, governance: Governance, record: Input, system: str) -> None:
    """A record was read; if it is a replayed one, close its hole."""
    letter = letter_of(record)
    if letter is not None:
        hole = Hole(system, _whose(ws, record, system, letter), _header(record, ENTITY_HEADER) or "*", letter)
        holes.close(ws, governance, hole, "replayed")


DISMISSAL = "HoleClosed"
"""The record in a source's topic that says: somebody has given a letter up."""


def dismissed(ws: Workspace, governance: Governance, record: Input, system: str) -> None:
    """Close the hole wherever it stands now. It no longer follows its customer."""
    letter, entity = record.value["letter_id"], record.value["entity"]
    hole = Hole(system, _whose(ws, record, system, letter), entity, letter)
    if ws.get(hole.key) is not None:
        holes.close(ws, governance, hole, record.value["how"])


def letter_of(record: Input) -> str | None:
    """The letter from which this record was replayed, if it was."""
    return _header(record, ID_HEADER)


def stays_of(ws: Workspace, record: Input, system: str, letter: str) -> list[Stay]:
    """The customers who lacked the replayed record before its native customer was routed elsewhere."""
    return of(ws.get(_hole_key(ws, record, system, letter)))


def of_first_snapshot(ws: Workspace, record: Input, row: SourceRow) -> bool:
    """Whether this is a replayed row of the first snapshot: its hole was opened before the source had a watermark."""
    letter = letter_of(record)
    if letter is None:
        return False
    hole = ws.get(_hole_key(ws, record, row.system, letter))
    return hole is not None and hole["opened_at"] == NEVER


def _hole_key(ws: Workspace, record: Input, system: str, letter: str) -> str:
    return keys.holes_prefix(system, _whose(ws, record, system, letter)) + letter


def _whose(ws: Workspace, record: Input, system: str, letter: str) -> str:
    """The native customer whose hole it is; empty: the letter's key was not readable, even if this record's key looks
    so."""
    of_nobody = ws.get(keys.holes_prefix(system, "") + letter)
    return _readable(record.key.encode()) if of_nobody is None else ""


def _readable(key: bytes | None) -> str:
    """The native customer of a record key, or empty if it cannot be one."""
    try:
        text = (key or b"").decode()
    except UnicodeDecodeError:
        return ""
    return text if text.isprintable() else ""


def _header(record: Input, name: str) -> str | None:
    value = record.headers.get(name)
    return value.decode() if value is not None else None
