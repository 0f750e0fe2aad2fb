"""How the capture of a database stands, and what is to be done about it."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from connectors.debezium.apply import ConnectorStatus, TaskStatus
from connectors.debezium.condition import Slot, remedy
from streams.commands.connect import status

RUNNING = ConnectorStatus("RUNNING", (TaskStatus("RUNNING"),))
FAILED = ConnectorStatus("RUNNING", (TaskStatus("FAILED", "DebeziumException: no longer available"),))
STOPPED = ConnectorStatus("STOPPED", ())
FINE = Slot("reserved", True, 1_000, None)


@pytest.mark.parametrize("slot", [FINE, Slot("extended", True, 2**33, 2**30)])
def test_nothing_is_to_be_done_where_the_connector_runs_and_the_server_keeps_its_log(slot: Slot) -> None:
    assert remedy("billing", RUNNING, slot) == ""


@pytest.mark.parametrize(
    ("connector", "slot", "says"),
    [
        (None, None, "driftwise connect apply"),
        (None, FINE, "driftwise connect apply"),
        (RUNNING, None, "driftwise connect snapshot billing"),
        (FAILED, Slot("lost", False, 0, None), "lost: `driftwise connect snapshot billing`"),
        (FAILED, FINE, "mend what it says"),
        (STOPPED, FINE, "resume it"),
        (RUNNING, Slot("unreserved", True, 2**33, -1), "max_slot_wal_keep_size"),
    ],
)
def test_what_is_to_be_done(connector: ConnectorStatus | None, slot: Slot | None, says: str) -> None:
    assert says in remedy("billing", connector, slot)


def test_a_system_that_cannot_be_asked_is_told_beside_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streams.commands.connect.running_stack", lambda: None)
    monkeypatch.delenv("DRIFTWISE_CONNECT_URL", raising=False)
    monkeypatch.setenv("DRIFTWISE_KAFKA_BOOTSTRAP", "127.0.0.1:1")
    monkeypatch.setenv("DRIFTWISE_REGISTRY_URL", "http://127.0.0.1:1")
    ended = CliRunner().invoke(status, ["--json"])
    told = {each["system"]: each["remedy"] for each in json.loads(ended.stdout)}
    assert ended.exit_code == 2
    assert told.keys() == {"billing", "erp"}
    assert told["erp"].startswith("set DRIFTWISE_ERP_DSN and DRIFTWISE_CONNECT_URL, or start a stack")
