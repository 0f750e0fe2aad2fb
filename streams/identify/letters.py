"""Dead letters as identify meets them: a record that it refused, and one that comes back."""

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
    """Evidence is complete up to what was heard of the system in this partition, before a gap if it is in one; from
    there on there is a hole."""
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
    """A replayed record was read: its hole is closed."""
    letter = letter_of(record)
    if letter is not None:
        hole = Hole(system, _whose(ws, record, system, letter), _header(record, ENTITY_HEADER) or "*", letter)
        holes.close(ws, governance, hole, "replayed")


DISMISSAL = "HoleClosed"
"""Of the records in a source's topic: somebody has given a letter up."""


def dismissed(ws: Workspace, governance: Governance, record: Input, system: str) -> None:
    """Its hole goes nowhere any more, also where its customer does; it is closed where it stands by now."""
    letter, entity = record.value["letter_id"], record.value["entity"]
    hole = Hole(system, _whose(ws, record, system, letter), entity, letter)
    if ws.get(hole.key) is not None:
        holes.close(ws, governance, hole, record.value["how"])


def letter_of(record: Input) -> str | None:
    """The letter that it comes back from, if it does."""
    return _header(record, ID_HEADER)


def stays_of(ws: Workspace, record: Input, system: str, letter: str) -> list[Stay]:
    """With whom what comes home was lacking before its customer went on."""
    return of(ws.get(_hole_key(ws, record, system, letter)))


def of_first_snapshot(ws: Workspace, record: Input, row: SourceRow) -> bool:
    """A row of the first snapshot that is replayed: its hole was opened before the source had any watermark."""
    letter = letter_of(record)
    if letter is None:
        return False
    hole = ws.get(_hole_key(ws, record, row.system, letter))
    return hole is not None and hole["opened_at"] == NEVER


def _hole_key(ws: Workspace, record: Input, system: str, letter: str) -> str:
    return keys.holes_prefix(system, _whose(ws, record, system, letter)) + letter


def _whose(ws: Workspace, record: Input, system: str, letter: str) -> str:
    """The customer with the hole of this letter: nobody where its key was no text, of which the record shows some."""
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
