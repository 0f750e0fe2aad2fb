"""Child processes: found again, stopped, and never somebody else's."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from connectors.stack import processes as module
from connectors.stack.processes import Launch, Processes
from tests.stack import ROOT

SLEEP = ["sleep", "60"]
STUBBORN = ["sh", "-c", "trap '' TERM; echo ready; while true; do sleep 0.1; done"]

# Not by SIGINT: who was started in the background may be bound to ignore that.
ASKED = ["sh", "-c", "trap 'echo asked; exit' USR1; echo ready; while true; do sleep 0.1; done"]


def launch(folder: Path, argv: list[str] | None = None) -> Launch:
    return Launch(argv or SLEEP, folder / "logs" / "it.log", folder)


@pytest.fixture
def ours(tmp_path: Path) -> Iterator[Processes]:
    processes = Processes(tmp_path)
    yield processes
    processes.stop()


def eventually(happened: Callable[[], bool], seconds: float = 10) -> bool:
    deadline = time.monotonic() + seconds
    while not happened():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def test_another_process_finds_and_stops_what_was_started(ours: Processes, tmp_path: Path) -> None:
    started = ours.start("kafka", launch(tmp_path))
    found = Processes(tmp_path).living()
    assert {name: process.pid for name, process in found.items()} == {"kafka": started.pid}
    Processes(tmp_path).stop()
    assert Processes(tmp_path).living() == {}


def test_a_process_that_was_never_recorded_is_found_by_its_mark(ours: Processes, tmp_path: Path) -> None:
    """As if the parent was killed between the start and the record of it."""
    started = ours.start("kafka", launch(tmp_path))
    ours.forget()
    assert eventually(lambda: "kafka" in Processes(tmp_path).living())  # the mark comes with its own program
    assert Processes(tmp_path).living()["kafka"].pid == started.pid


def test_a_reused_process_id_is_left_alone(tmp_path: Path) -> None:
    with subprocess.Popen(SLEEP) as stranger:
        (tmp_path / "processes.json").write_text(json.dumps({"kafka": [stranger.pid, 12345.0]}))
        Processes(tmp_path).stop()
        assert stranger.poll() is None
        stranger.kill()


def test_a_stack_in_another_folder_is_left_alone(ours: Processes, tmp_path: Path) -> None:
    ours.start("kafka", launch(tmp_path))
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    Processes(elsewhere).stop()
    assert "kafka" in ours.living()


def test_only_the_named_services_are_stopped(ours: Processes, tmp_path: Path) -> None:
    ours.start("kafka", launch(tmp_path))
    ours.start("connect", launch(tmp_path))
    ours.stop(["connect"])
    assert set(ours.living()) == {"kafka"}


def test_who_does_not_end_when_asked_is_killed_with_its_children(
    ours: Processes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_STOP_SECONDS", 0.3)
    started = psutil.Process(ours.start("kafka", launch(tmp_path, STUBBORN)).pid)
    assert eventually(lambda: "ready" in launch(tmp_path).log.read_text())
    ours.stop()
    assert ours.living() == {}
    assert not started.is_running() or started.status() == psutil.STATUS_ZOMBIE


def test_a_polite_signal_is_used_where_one_is_named(ours: Processes, tmp_path: Path) -> None:
    ours.start("postgres", launch(tmp_path, ASKED))
    assert eventually(lambda: "ready" in launch(tmp_path).log.read_text())
    ours.stop(polite={"postgres": signal.SIGUSR1})
    assert launch(tmp_path).log.read_text().split() == ["ready", "asked"]


def test_a_child_is_not_told_what_only_we_should_know(
    ours: Processes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DRIFTWISE_CRM_CLIENT_SECRET", "hush")
    monkeypatch.setenv("JAVA_TOOL_OPTIONS", "-Dsurprise")
    child = psutil.Process(ours.start("kafka", launch(tmp_path)).pid)
    assert not {"DRIFTWISE_CRM_CLIENT_SECRET", "JAVA_TOOL_OPTIONS"} & set(child.environ())


def test_output_goes_to_the_log_and_is_kept_over_restarts(ours: Processes, tmp_path: Path) -> None:
    for word in ("one", "two"):
        ours.run("kafka-format", launch(tmp_path, ["echo", word]))
    assert launch(tmp_path).log.read_text().split() == ["one", "two"]


def test_a_preparation_that_fails_raises(ours: Processes, tmp_path: Path) -> None:
    with pytest.raises(subprocess.CalledProcessError):
        ours.run("kafka-format", launch(tmp_path, ["false"]))


ATTACHED = """
import sys, time
from pathlib import Path
from connectors.stack.processes import Launch, Processes
folder = Path(sys.argv[1])
Processes(folder, attached=True).start("kafka", Launch(["sleep", "60"], folder / "it.log", folder))
print("started", flush=True)
time.sleep(60)
"""


def test_attached_children_die_with_a_parent_that_is_killed(tmp_path: Path) -> None:
    command = [sys.executable, "-c", ATTACHED, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT, text=True) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == "started\n"
        assert "kafka" in Processes(tmp_path).living()
        parent.kill()
    assert eventually(lambda: not Processes(tmp_path).living())
