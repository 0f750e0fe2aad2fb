"""Starting services at once: the first failure ends all, with its last words."""

from __future__ import annotations

from pathlib import Path

import pytest

from connectors.stack import startup
from connectors.stack.errors import PortTaken, StackError
from connectors.stack.processes import Launch, Processes
from connectors.stack.service import Site
from connectors.stack.startup import Startup


class Fake:
    """A service made of a shell command; ready once it has said so in its log."""

    def __init__(self, site: Site, name: str, command: str) -> None:
        self.name = name
        self._site = site
        self._command = command
        self.completed = False

    def prepare(self) -> None:
        self._site.processes.run(f"{self.name}-prepare", self._launch("true"))

    def launch(self) -> Launch:
        return self._launch(self._command)

    def is_ready(self) -> bool:
        return "at your service" in self._site.log(self.name).read_text()

    def complete(self) -> None:
        self.completed = True

    def _launch(self, command: str) -> Launch:
        return Launch(["sh", "-c", command], self._site.log(self.name), self._site.folder)


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path, tmp_path, {}, Processes(tmp_path))


def run(site: Site, *wanted: Fake) -> list[str]:
    lines: list[str] = []
    Startup(site, site.processes, lines.append).run(list(wanted))
    return lines


def test_all_are_ready_and_completed(site: Site) -> None:
    wanted = [Fake(site, name, "echo at your service; exec sleep 60") for name in ("kafka", "connect")]
    try:
        lines = run(site, *wanted)
        assert {line.split(" in ")[0] for line in lines} == {"kafka ready", "connect ready"}
        assert all(each.completed for each in wanted)
        assert {"kafka", "connect"} == set(site.processes.living())
    finally:
        site.processes.stop()


def test_a_service_that_ends_is_named_with_its_last_words_and_the_others_are_stopped(site: Site) -> None:
    good = Fake(site, "kafka", "echo at your service; exec sleep 60")
    bad = Fake(site, "connect", "echo out of luck; exit 3")
    with pytest.raises(StackError, match=r"(?s)connect ended with code 3 .*connect\.log\n.*out of luck"):
        run(site, good, bad)
    assert site.processes.living() == {}


def test_a_taken_port_is_told_as_such(site: Site) -> None:
    with pytest.raises(PortTaken, match="Address already in use"):
        run(site, Fake(site, "kafka", "echo java.net.BindException: Address already in use; exit 1"))


def test_the_error_is_shown_and_not_the_noise_after_it(site: Site) -> None:
    noise = "for i in $(seq 100); do echo shutting down $i; done"
    with pytest.raises(StackError) as failed:
        run(site, Fake(site, "kafka", f"echo ERROR disk on fire; {noise}; exit 1"))
    assert "disk on fire" in str(failed.value)
    assert "shutting down" not in str(failed.value)


def test_what_an_earlier_start_said_is_not_held_against_this_one(site: Site) -> None:
    site.log("kafka").parent.mkdir()
    site.log("kafka").write_text("ERROR Address already in use\n")
    with pytest.raises(StackError) as failed:
        run(site, Fake(site, "kafka", "echo ERROR disk on fire; exit 1"))
    assert not isinstance(failed.value, PortTaken)
    assert "in use" not in str(failed.value)


def test_a_service_that_never_gets_ready_is_given_up(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(startup, "_READY_WITHIN_SECONDS", 0.3)
    with pytest.raises(StackError, match=r"kafka was not ready within 0.3 s. Log: "):
        run(site, Fake(site, "kafka", "exec sleep 60"))
    assert site.processes.living() == {}


def test_a_failed_preparation_is_named(site: Site) -> None:
    class Unprepared(Fake):
        def prepare(self) -> None:
            self._site.processes.run("kafka-format", self._launch("echo no space; exit 1"))

    with pytest.raises(StackError, match=r"(?s)kafka could not be prepared .*no space"):
        run(site, Unprepared(site, "kafka", "true"))
