"""The embedded stack where none runs."""

from __future__ import annotations

from pathlib import Path

from connectors.stack import down, status


def test_all_services_are_down_where_nothing_was_ever_started(tmp_path: Path) -> None:
    states = {service.name: service.state for service in status(tmp_path / "never")}
    assert states == {"kafka": "down", "postgres": "down", "registry": "down", "connect": "down"}


def test_stopping_what_was_never_started_does_nothing(tmp_path: Path) -> None:
    down(tmp_path / "never", delete_data=True)
    assert not (tmp_path / "never").exists()
