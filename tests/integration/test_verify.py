"""`driftwise verify` on a deployment at work, killed with SIGKILL, with input it could not read; and damaged."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from connectors.stack import Endpoints
from schemas import topics
from streams.verify import Report, verify
from streams.worker import wiring
from tables.state import decode, encode
from tests.integration.bad_input import GARBAGE, customer, invoice, posting
from tests.integration.deployment import Deployment, deployed

CUSTOMERS = 30
CANARY_SECONDS_MAX = 8
"""Interval, deadline, the markers of the sources, and a machine that is busy."""
_CANARY_AGE = re.compile(r'driftwise_canary_age_seconds{system="(\w+)"} ([\d.]+)')


@pytest.fixture(scope="module")
def deployment(stack: Endpoints, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    """Invoices with and without a posting; half of them came after a SIGKILL; two records are unreadable."""
    with deployed(stack, tmp_path_factory.mktemp("verified")) as it:
        it.governance_folders.append(quick_canaries(it))
        worker = it.start().wait_ready()
        for number in range(CUSTOMERS):
            company(it, number)
            if number == CUSTOMERS // 2:
                worker.kill()
                it.start()
        it.produce("src.erp", "E-3", GARBAGE)
        posting(it, "odd", "Limbo", owner="3")
        it.workers[-1].wait_ready()
        it.until(lambda: len(it.values(topics.DRIFTS)) > CUSTOMERS / 2 and len(it.values(topics.DEAD_LETTERS)) == 2)
        yield it


def quick_canaries(deployment: Deployment) -> Path:
    folder = deployment.folder / "canaries"
    folder.mkdir()
    (folder / "systems.yaml").write_text(yaml.safe_dump({"canary_interval_seconds": 1, "canary_sla_seconds": 1}))
    return folder


def company(deployment: Deployment, number: int) -> None:
    name = str(number)
    customer(deployment, name)
    for document in (f"{name}-a", f"{name}-b"):
        invoice(deployment, document, owner=name)
    posting(deployment, f"{name}-a", owner=name)
    if number % 5 == 0:
        deployment.heard_crm()


def checked(report: Report) -> dict[str, int]:
    return {check.what: check.compared for check in report.checks}


def test_a_deployment_at_work_is_equal_after_a_sigkill(deployment: Deployment) -> None:
    told: list[str] = []
    lives = "whole topology: lives of drifts and their commands"

    def proven() -> dict[str, int] | None:
        """What other shards decide ahead of the slowest is not compared yet."""
        report = verify(deployment.settings, deployment.governance, tell=told.append)
        assert (report.differences, report.unproven) == ([], [])
        compared = checked(report)
        return compared if compared[lives] > CUSTOMERS / 2 else None

    compared = deployment.until(proven)
    assert deployment.workers[-1].process.poll() is None
    assert compared["identify: rows"] >= CUSTOMERS * 6
    assert compared["judge: obligations"] > CUSTOMERS
    assert compared["judge: drifts"] > CUSTOMERS / 2
    assert compared["identify: dead letters"] == 2
    assert "judge-3: replaying ..." in told


def test_canaries_of_every_source_drift_within_their_bound(deployment: Deployment) -> None:
    def ages() -> dict[str, float]:
        said = deployment.workers[-1].ask("/metrics").text
        return {system: float(age) for system, age in _CANARY_AGE.findall(said)}

    deployment.until(lambda: len(ages()) == 3 and max(ages().values()) < CANARY_SECONDS_MAX)


def test_it_writes_nothing(deployment: Deployment) -> None:
    deployment.workers[-1].stop()
    before = traces(deployment)
    verify(deployment.settings, deployment.governance)

    assert traces(deployment) == before


def traces(deployment: Deployment) -> Any:
    """Where each topic that workers write ends, and what the registry knows."""
    names = [*wiring.WRITTEN, *(topics.CHANGELOG + stage for stage in ("identify", "crosswalk", "judge", "fleet"))]
    subjects = httpx.get(f"{deployment.settings.registry_url}/subjects", timeout=10).json()
    return {name: deployment.cluster.bounds(name) for name in names}, sorted(subjects)


def test_a_damage_ends_in_exit_code_2_with_what_differs(deployment: Deployment) -> None:
    """One obligation is another in the changelog, and a drift says something else."""
    obligation = alter_obligation(deployment)
    drift = alter_drift(deployment)

    result = deployment.command("verify", "--json")

    assert result.exit_code == 2
    found = json.loads(result.stdout)
    damaged = {(d["check"], d["key"]) for d in found["differences"]}
    assert ("judge: obligations", obligation) in damaged
    assert ("judge: drifts", f"drifts/{drift['drift_id']}") in damaged
    assert ("drift ids stand for one thing", drift["drift_id"]) in damaged


def test_what_differs_is_spelled_out_for_people(deployment: Deployment) -> None:
    result = deployment.command("verify")

    assert result.exit_code == 2
    assert "recomputed  " in result.stdout
    assert "facts differ" in result.stdout


def test_what_is_older_is_left_out_since_an_instant(deployment: Deployment) -> None:
    result = deployment.command("verify", "--json", "--since", "2100-01-01T00:00:00Z")

    checks = {check["what"]: check for check in json.loads(result.stdout)["checks"]}
    assert checks["judge: obligations"]["differing"] == 0
    assert checks["judge: obligations"]["skipped"] > 0


def alter_obligation(deployment: Deployment) -> str:
    for record in deployment.cluster.raw(topics.CHANGELOG + "judge"):
        if record.key.startswith("o/") and record.data is not None and decode(record.data).get("status") == "open":
            altered = encode(decode(record.data) | {"opened_at": 1})
            deployment.overwrite(record.topic, record.partition, record.key, altered)
            return record.key
    raise AssertionError("no obligation is open")


def alter_drift(deployment: Deployment) -> dict[str, Any]:
    seen = deployment.seen(topics.DRIFTS)[0]
    assert seen.value is not None
    altered = deployment.cluster.codec.encode(topics.DRIFTS, "Drift", seen.value | {"native_id": "another"})
    deployment.overwrite(topics.DRIFTS, seen.origin.partition, seen.origin.key, altered)
    return seen.value
