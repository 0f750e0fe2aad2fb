"""What `stack` and `topics` say to people."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest
from click.testing import CliRunner

from streams.commands import roles
from streams.commands import stack as command


def test_where_a_service_logs_is_not_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    log = Path("/", *["folder"] * 20, "kafka.log")
    kafka = SimpleNamespace(name="kafka", state="down", address=None, log=log)
    monkeypatch.setattr(command, "provider", lambda kind: SimpleNamespace(status=lambda folder: [kafka]))

    assert str(log) in CliRunner().invoke(command.stack, ["status"]).stdout


@pytest.mark.parametrize(
    ("created", "told"),
    [([], "every topic was there; their replication stays as it is\n"), (["q2c.drifts"], "created q2c.drifts\n")],
)
def test_topics_says_what_it_did(monkeypatch: pytest.MonkeyPatch, created: list[str], told: str) -> None:
    monkeypatch.setattr(roles, "settings", lambda: None)
    monkeypatch.setattr(roles, "governance", lambda found: None)
    monkeypatch.setattr(roles.wiring, "create_topics", lambda *found, replication: created)
    monkeypatch.setattr(roles.wiring, "register", lambda *found: None)

    assert CliRunner().invoke(roles.topics, []).output == told
