"""The condition of a capture: its connector at Kafka Connect, and its replication slot at the server.

A slot makes the server keep its log until the connector has read it. Past `max_slot_wal_keep_size` the server drops the
log anyway, and changes are lost. https://www.postgresql.org/docs/current/view-pg-replication-slots.html"""

from __future__ import annotations

from dataclasses import dataclass
from typing import LiteralString

import psycopg

from connectors.debezium.apply import ConnectorStatus
from connectors.debezium.capture import Capture

_SLOT: LiteralString = """
    SELECT coalesce(wal_status, 'lost'), active,
           coalesce(pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn), 0)::bigint, safe_wal_size
    FROM pg_replication_slots WHERE slot_name = %s"""
LOST = "lost"


@dataclass(frozen=True)
class Slot:
    wal_status: str
    """reserved, extended (more than `max_wal_size` is kept), unreserved (about to be lost) or lost."""
    active: bool
    kept_bytes: int
    """How much log the server keeps for this slot."""
    safe_bytes: int | None
    """How much log may still be written before the slot is in danger; None: the server has no limit but its disk."""


def slot_of(connection: psycopg.Connection[tuple[object, ...]], capture: Capture) -> Slot | None:
    """None where the server has no such slot. Raises psycopg.Error."""
    row = connection.execute(_SLOT, (capture.slot,)).fetchone()
    if row is None:
        return None
    status, active, kept, safe = row
    return Slot(str(status), bool(active), int(str(kept)), None if safe is None else int(str(safe)))


def remedy(system: str, connector: ConnectorStatus | None, slot: Slot | None) -> str:
    """What is to be done so that the capture goes on; empty where it does."""
    anew = f"`driftwise connect snapshot {system}`"
    if connector is None:
        return "there is no connector: `driftwise connect apply`"
    if slot is None or slot.wal_status == LOST:
        return f"what the slot kept is lost: {anew}"
    if connector.failed:
        return f"mend what it says, then `driftwise connect apply`; where it lost its place in the log: {anew}"
    if not connector.running:
        return "it stands still, and the server keeps the log for it: resume it at Kafka Connect"
    if slot.wal_status == "unreserved":
        return "the slot is about to be lost: see that the connector reads on, or raise max_slot_wal_keep_size"
    return ""
