"""Begins a capture anew with a snapshot, because its replication slot was lost, or the database was restored from a
copy.

The snapshot is newer than all that was captured before, whatever positions in the log say, and rows that it does not
show are gone. So it begins a new epoch, which is kept in the database and carried by each record (contracts 3)."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import LiteralString

import psycopg

from connectors.debezium.apply import Connect
from connectors.debezium.capture import Capture
from connectors.debezium.connector import epoch_of
from connectors.debezium.markers import begin_epoch
from connectors.errors import Stop

_DROP: LiteralString = (
    "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name = %s AND NOT active"
)
_HELD: LiteralString = "SELECT active_pid FROM pg_replication_slots WHERE slot_name = %s"
_PAUSE_SECONDS = 0.2


def recapture(
    connect: Connect,
    name: str,
    conninfo: str,
    capture: Capture,
    config: Callable[[int], Mapping[str, str]],
    *,
    at_least: int,
    timeout_seconds: float = 60.0,
) -> int:
    """Capture anew with the connector `name`; returns the new epoch, which is `at_least` that. `config`: epoch -> the
    connector's configuration.

    The connector stands still until everything is done, so an interrupted run can be repeated. Raises Stop, Refused,
    Retry and psycopg.Error."""
    if connect.config(name) is None:
        raise Stop(f"There is no connector {name}: `driftwise connect apply` makes it.")
    connect.stop_and_wait(name)
    with psycopg.connect(conninfo, autocommit=True) as connection:
        epoch = begin_epoch(connection, capture, at_least)
        connect.configure(name, config(epoch), timeout_seconds)
        connect.forget_position(name)
        _drop_slot(connection, capture.slot, timeout_seconds)
    connect.resume_and_wait(name, timeout_seconds)
    return epoch


def refuse_older_copy(connect: Connect, name: str, system: str, epoch: int) -> None:
    """Raises Stop if the database's `epoch` is older than that of its connector: its changes would count as older than
    all that was captured in the connector's epoch."""
    config = connect.config_and_wait(name)
    if config is not None and epoch < epoch_of(config):
        raise Stop(
            "This database was restored from a copy of before its last snapshot: "
            f"`driftwise connect snapshot {system}` captures it anew."
        )


def _drop_slot(connection: psycopg.Connection[tuple[object, ...]], slot: str, timeout_seconds: float) -> None:
    deadline = time.monotonic() + timeout_seconds
    while True:
        connection.execute(_DROP, (slot,))
        held = connection.execute(_HELD, (slot,)).fetchone()
        if held is None:
            return
        if time.monotonic() > deadline:
            raise Stop(f"Replication slot {slot} is held by process {held[0]} of the server: end that, then try again.")
        time.sleep(_PAUSE_SECONDS)
