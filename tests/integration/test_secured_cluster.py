"""A cluster that lets nobody in without certificate and password: every role goes in by the settings of its environment
alone, and a change of the CRM becomes corrected state."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from connectors.salesforce.simulator import SALES_USER_ID, demo_clients, running
from schemas import topics
from streams.look.read import Cluster
from streams.settings import from_environment
from tests.integration.deployment import overlay
from tests.integration.secured import Secured, secured_cluster
from tests.integration.workers import Worker

SECRET = "not-a-secret"


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    folder = tmp_path_factory.mktemp("secured")
    with secured_cluster(folder) as cluster:
        yield settings_of(cluster, folder)


def settings_of(cluster: Secured, folder: Path) -> dict[str, str]:
    ours = {
        "DRIFTWISE_HOME": str(folder),
        "DRIFTWISE_DATA": str(folder / "data"),
        "DRIFTWISE_GOVERNANCE": str(overlay(folder / "governance")),
    }
    return cluster.environment() | ours


def ended(environment: dict[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "streams", *words]
    return subprocess.run(command, env=os.environ | environment, capture_output=True, text=True, timeout=120)


def corrected(environment: dict[str, str], key: str) -> bool:
    cluster = Cluster(from_environment(environment))
    return any(seen.origin.key == key and seen.value for seen in cluster.decoded(topics.CORRECTED_STATE))


def test_an_account_takes_the_way_from_the_poller_to_the_corrected_state(
    environment: dict[str, str], tmp_path: Path
) -> None:
    made = ended(environment, "topics")
    assert (made.returncode, "created q2c.drifts" in made.stdout) == (0, True), made.stderr
    with running(demo_clients(SECRET)) as simulator:
        account = simulator.org.store.create("Account", {"Name": "Acme", "Status__c": "Active"}, SALES_USER_ID)
        crm = {
            "DRIFTWISE_CRM_URL": simulator.base_url,
            "DRIFTWISE_CRM_CLIENT_ID": "driftwise",
            "DRIFTWISE_CRM_CLIENT_SECRET": SECRET,
        }
        worker = Worker(tmp_path / "worker", environment)
        poller = subprocess.Popen(
            [sys.executable, "-m", "streams", "poll", "crm", "--interval-seconds", "1", "--look-back-seconds", "1"],
            env=os.environ | environment | crm,
        )
        try:
            worker.wait(lambda: corrected(environment, f"crm:{account}/customer/crm:{account}"))
            assert poller.poll() is None
        finally:
            poller.terminate()
            poller.wait(30)
            worker.stop()


def test_who_has_no_password_is_told_so_and_what_to_do(environment: dict[str, str]) -> None:
    without = environment | {"DRIFTWISE_KAFKA__SASL__PASSWORD": "wrong", "DRIFTWISE_KAFKA__SASL__PASSWORD__FILE": ""}

    started = time.monotonic()
    said = ended(without, "drifts").stderr

    assert "does not answer" in said
    assert "Traceback" not in said
    assert time.monotonic() - started < 60
