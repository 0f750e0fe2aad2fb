"""The embedded stack where none runs."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from click.testing import CliRunner

from connectors.stack import down, status
from connectors.stack.files import bytes_below
from connectors.stack.processes import Launch, Processes
from connectors.stack.provider import Embedded
from streams.commands.stack import stack


def test_all_services_are_down_where_nothing_was_ever_started(tmp_path: Path) -> None:
    states = {service.name: service.state for service in status(tmp_path / "never")}
    assert states == {"kafka": "down", "postgres": "down", "registry": "down", "connect": "down"}


def test_stopping_what_was_never_started_does_nothing(tmp_path: Path) -> None:
    assert down(tmp_path / "never", delete_data=True) == []
    assert not (tmp_path / "never").exists()
    assert Embedded().down(tmp_path / "never") == ([], "nothing is on disk")


def service(folder: Path, name: str) -> Processes:
    """Something that runs in a service's place."""
    processes = Processes(folder, attached=True)
    processes.start(name, Launch(["sleep", "60"], folder / "logs" / name, folder))
    return processes


def test_stopping_tells_what_ended_and_what_stays(tmp_path: Path) -> None:
    written = os.urandom(3 * 2**20)
    (tmp_path / "kafka").mkdir()
    (tmp_path / "kafka" / "log").write_bytes(written)
    for name in ("kafka", "connect"):
        service(tmp_path, name)
    ended, kept = Embedded().down(tmp_path)
    assert ended == ["connect", "kafka"]
    assert "3 MiB of data and logs stay in " in kept
    assert str(tmp_path) in kept
    assert Embedded().down(tmp_path).ended == []
    assert (tmp_path / "kafka" / "log").read_bytes() == written


def test_a_file_with_holes_counts_for_what_is_written_of_it(tmp_path: Path) -> None:
    with (tmp_path / "index").open("wb") as index:
        index.truncate(10 * 2**20)
    (tmp_path / "below").mkdir()
    (tmp_path / "below" / "log").write_bytes(os.urandom(2**20))
    assert 2**20 <= bytes_below(tmp_path) < 2 * 2**20


def test_the_command_says_it_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streams.commands.stack.stack_folder", lambda: tmp_path)
    service(tmp_path, "kafka")
    first, second = (CliRunner().invoke(stack, ["down"]).output for _ in range(2))
    assert first.startswith("kafka ended; 0 MiB of data and logs stay in ")
    assert second.startswith("nothing ran; 0 MiB of data and logs stay in ")
    assert first.count("\n") == 1
