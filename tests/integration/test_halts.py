"""Somebody halts a system in a deployment: judge is told, an executor withholds what was commanded before; both are
performed once it goes on."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from connectors.outcome import APPLIED, Outcome
from connectors.stack import Endpoints
from schemas import topics
from streams import targets
from streams.execute import Executor
from streams.targets import Targets
from tests.integration.deployment import Deployment, deployed

DEAL = "won_without_erp_customer"


@pytest.fixture
def deployment(stack: Endpoints, tmp_path: Path) -> Iterator[Deployment]:
    with deployed(stack, tmp_path) as found:
        folder = tmp_path / "halting"
        folder.mkdir()
        (folder / "systems.yaml").write_text(yaml.safe_dump({"judged": [DEAL, "correction_breaker"]}))
        (folder / "kinds.yaml").write_text(yaml.safe_dump({DEAL: {"mode": "execute", "sla_seconds": 1}}))
        found.governance_folders.append(folder)
        yield found


def test_a_halt_stops_what_was_commanded_and_has_the_next_proposed_until_it_ends(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    def drift(deal: str) -> dict[str, Any]:
        return next((d for d in reversed(deployment.drifts(deal)) if d["kind"] == DEAL), {})

    def win(deal: str) -> None:
        deployment.row("crm", "Account", f"A-{deal}", Legal_Entity__c="1000")
        deployment.row("crm", "Opportunity", deal, f"A-{deal}", StageName="Closed Won")

    def breakers() -> list[str]:
        return [d["status"] for d in deployment.drifts("system/erp")]

    def performed() -> list[str]:
        results = deployment.values(topics.COMMAND_RESULTS)
        return [r["command_id"] for r in results if r["status"] == APPLIED]

    asked: list[str] = []

    def perform(command: dict[str, Any], *_: object) -> Outcome:
        asked.append(command["command_id"])
        return Outcome(APPLIED)

    monkeypatch.setitem(targets.EXECUTORS, "erp.customer.upsert", perform)
    deployment.start().wait_ready()
    win("O1")
    before = deployment.until(lambda: drift("O1"))
    assert (before["mode"], before["restraint"]) == ("execute", "")

    assert deployment.command("halt", "erp", "--reason", "a release").exit_code == 0
    deployment.until(lambda: breakers() == ["open"])
    win("O2")
    after = deployment.until(lambda: drift("O2"))
    assert (after["mode"], after["restraint"]) == ("propose", "breaker")

    with running(deployment):
        (withheld,) = deployment.until(lambda: deployment.values(topics.COMMAND_RESULTS))
        assert (withheld["status"], withheld["reason"]) == ("withheld", "halted")
        assert withheld["command_id"] == before["command_id"]
        assert asked == []

        assert deployment.command("resume", "erp").exit_code == 0
        deployment.until(lambda: breakers() == ["open", "closed"])
        deployment.until(lambda: len(performed()) == 2)
        win("O3")
        deployment.until(lambda: len(performed()) == 3)
    assert sorted(performed()) == sorted(asked)
    assert set(asked) == {before["command_id"], after["command_id"], drift("O3")["command_id"]}
    assert [(drift(deal)["mode"], drift(deal)["restraint"]) for deal in ("O1", "O2")] == [("execute", "")] * 2


class running:
    """An executor at work in a thread."""

    def __init__(self, deployment: Deployment) -> None:
        self._stop = threading.Event()
        self._executor = Executor(deployment.settings, deployment.governance, Targets({}, {}), "erp")
        self._thread = threading.Thread(target=self._executor.run, args=(self._stop,))

    def __enter__(self) -> None:
        self._executor.__enter__()
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(30)
        self._executor.__exit__()
