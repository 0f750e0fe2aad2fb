"""Somebody approves what a deployment only proposes: judge issues that command anew, and an executor performs it. What
somebody rejects is proposed no more, until that is lifted."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from connectors.outcome import APPLIED, Outcome
from connectors.stack import Endpoints
from schemas import topics
from streams import targets
from tests.integration.deployment import Deployment, deployed
from tests.integration.test_halts import DEAL, running


@pytest.fixture
def deployment(stack: Endpoints, tmp_path: Path) -> Iterator[Deployment]:
    with deployed(stack, tmp_path) as found:
        folder = tmp_path / "proposing"
        folder.mkdir()
        (folder / "systems.yaml").write_text(yaml.safe_dump({"judged": [DEAL]}))
        (folder / "kinds.yaml").write_text(yaml.safe_dump({DEAL: {"mode": "propose", "sla_seconds": 1}}))
        found.governance_folders.append(folder)
        yield found


def test_of_two_proposals_the_one_that_was_approved_is_performed(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[dict[str, Any]] = []
    monkeypatch.setitem(
        targets.EXECUTORS, "erp.customer.upsert", lambda command, *_: asked.append(command) or Outcome(APPLIED)
    )

    def stands(deal: str) -> dict[str, Any]:
        return next((d for d in reversed(deployment.drifts(deal)) if d["kind"] == DEAL), {})

    deployment.start().wait_ready()
    for deal in ("O1", "O2"):
        deployment.row("crm", "Account", f"A-{deal}", Legal_Entity__c="1000")
        deployment.row("crm", "Opportunity", deal, f"A-{deal}", StageName="Closed Won")
    deployment.until(lambda: stands("O1") and stands("O2"))

    with running(deployment):
        approved = deployment.command("approve", stands("O1")["drift_id"], "--reason", "seen by finance")
        assert approved.exit_code == 0, approved.output
        (result,) = deployment.until(lambda: deployment.values(topics.COMMAND_RESULTS))

    assert (result["status"], result["command_id"]) == (APPLIED, stands("O1")["command_id"])
    assert [command["command_id"] for command in asked] == [result["command_id"]]
    assert [(stands(deal)["mode"], bool(stands(deal)["approved_by"])) for deal in ("O1", "O2")] == [
        ("execute", True),
        ("propose", False),
    ]
    assert deployment.command("approve", stands("O1")["drift_id"], "--reason", "again").exit_code == 1


def test_what_was_rejected_is_asked_for_no_more_until_that_is_lifted(deployment: Deployment) -> None:
    def stands(restraint: str) -> dict[str, Any]:
        found = next((d for d in reversed(deployment.drifts("O1")) if d["kind"] == DEAL), {})
        return found if found and found["restraint"] == restraint else {}

    deployment.start().wait_ready()
    deployment.row("crm", "Account", "A-O1", Legal_Entity__c="1000")
    deployment.row("crm", "Opportunity", "O1", "A-O1", StageName="Closed Won")
    proposed = deployment.until(lambda: stands(""))

    rejected = deployment.command("reject", proposed["drift_id"], "--reason", "not ours")
    assert rejected.exit_code == 0, rejected.output
    held = deployment.until(lambda: stands("rejected"))
    assert (held["status"], held["command_id"], held["rejected_command_id"]) == ("open", None, proposed["command_id"])
    assert deployment.command("reject", proposed["drift_id"], "--reason", "again").exit_code == 1

    assert deployment.command("approve", proposed["drift_id"], "--reason", "ours after all").exit_code == 0
    lifted = deployment.until(lambda: stands(""))
    assert (lifted["command_id"], lifted["mode"]) == (proposed["command_id"], "execute")
    audited = [value["decision"] for value in deployment.values(topics.AUDIT) if "decision" in value]
    assert audited == ["rejected", "approved"]
