"""The suspects stage in a worker: two accounts that look alike, one told of before and one after a restart."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from connectors.stack import Endpoints
from streams.governance import load
from streams.settings import Settings
from streams.suspects.table import CUSTOMERS
from streams.worker import wiring
from tests.integration.deployment import Deployment, _end, delete_topics, overlay

ACME = {"Name": "Acme Tools GmbH", "Tax_Id__c": "DE811569869", "Status__c": "Active"}


@pytest.fixture(scope="module")
def deployment(stack: Endpoints, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    """A company with a CRM alone."""
    folder = tmp_path_factory.mktemp("suspects")
    folders = [overlay(folder / "governance"), _watchful(folder / "watchful")]
    governance = load(*folders)
    settings = Settings(stack.kafka_bootstrap, stack.registry_url, application=f"driftwise-{folder.name}")
    created = wiring.create_topics(settings, governance)
    try:
        wiring.register(settings, governance)
        found = Deployment(settings, folder, folders, {})
        yield found
    finally:
        _end(found.workers)
        delete_topics(settings, created)


def _watchful(folder: Path) -> Path:
    folder.mkdir()
    systems = {"suspects": True, "judged": [CUSTOMERS], "systems": {"billing": None, "erp": None}}
    (folder / "systems.yaml").write_text(yaml.safe_dump(systems))
    return folder


def statuses(deployment: Deployment, native_id: str) -> list[str]:
    return [drift["status"] for drift in deployment.drifts(native_id) if drift["kind"] == CUSTOMERS]


def test_a_suspicion_is_told_and_ended_by_whichever_worker_runs(deployment: Deployment) -> None:
    deployment.start().wait_ready()
    for account in ("A1", "A2"):
        deployment.row("crm", "Account", account, **ACME)
    deployment.until(lambda: statuses(deployment, "A2") == ["open"])

    assert deployment.workers[-1].stop() == 0
    deployment.start().wait_ready()
    deployment.row("crm", "Account", "A2", **{**ACME, "Status__c": "Churned"})
    deployment.until(lambda: statuses(deployment, "A2") == ["open", "closed"])

    assert statuses(deployment, "A1") == []
