"""`driftwise verify` on a deployment whose broker has deleted the beginning of the input, as retention does."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from confluent_kafka import TopicPartition
from confluent_kafka.admin import AdminClient

from connectors.stack import Endpoints
from schemas import topics
from streams.verify.start import CLOCKS_APART_SECONDS
from tables.state import PROGRESS, decode
from tests.integration.bad_input import customer, invoice, posting
from tests.integration.deployment import Deployment, deployed

BEFORE, AFTER = range(8), range(8, 16)
READ_BY = {"src.billing": "identify", "src.erp": "identify", "src.crm": "identify", topics.CHANGES: "judge"}
"""Input topic: the stage that reads it."""
Ends = Mapping[tuple[str, int], int]


@pytest.fixture(scope="module")
def halved(stack: Endpoints, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Deployment, str]]:
    """A deployment and an instant: half of the companies came before it, and the input of that half is deleted."""
    with deployed(stack, tmp_path_factory.mktemp("deleted")) as it:
        it.start().wait_ready()
        _work(it, BEFORE)
        gone = {
            (topic, partition): end for topic in READ_BY for partition, (_, end) in it.cluster.bounds(topic).items()
        }
        it.until(lambda: _has_read(it, gone))
        time.sleep(2 * CLOCKS_APART_SECONDS)  # so far from a commit an instant lies safely behind it
        instant = datetime.now(UTC).isoformat()
        _work(it, AFTER)
        it.workers[-1].stop()
        _delete(it, gone)
        yield it, instant


def _work(deployment: Deployment, numbers: Iterable[int]) -> None:
    """Companies with an invoice that the ledger has and one that it never gets, until those have drifted."""
    for number in numbers:
        name = str(number)
        customer(deployment, name)
        invoice(deployment, f"{name}-a", owner=name)
        invoice(deployment, f"{name}-b", owner=name)
        posting(deployment, f"{name}-a", owner=name)
    late = {f"I-{number}-b" for number in numbers}
    deployment.until(lambda: late <= {drift["native_id"] for drift in deployment.values(topics.DRIFTS)})


def _has_read(deployment: Deployment, ends: Ends) -> bool:
    """Whether every stage has committed having read that far."""
    positions = {}
    for stage in set(READ_BY.values()):
        for record in deployment.cluster.raw(topics.CHANGELOG + stage):
            if record.key == PROGRESS and record.data is not None:
                positions[stage, record.partition] = decode(record.data)["offsets"]
    return all(positions[READ_BY[topic], partition].get(topic, 0) >= end for (topic, partition), end in ends.items())


def _delete(deployment: Deployment, ends: Ends) -> None:
    admin = AdminClient(deployment.settings.client)
    before = [TopicPartition(topic, partition, end) for (topic, partition), end in ends.items() if end]
    assert before
    for deleted in admin.delete_records(before).values():
        deleted.result(timeout=30)


def _verified(deployment: Deployment, *args: str) -> tuple[int, dict[str, Any]]:
    result = deployment.command("verify", "--json", *args)
    return result.exit_code, json.loads(result.stdout)


def test_since_an_instant_behind_what_was_deleted_everything_is_proven(halved: tuple[Deployment, str]) -> None:
    deployment, instant = halved

    code, report = _verified(deployment, "--since", instant)

    assert (code, report["differences"], report["unproven"]) == (0, [], [])
    compared = {check["what"]: check["compared"] for check in report["checks"]}
    assert compared["judge: drifts"] >= len(AFTER)
    assert compared["identify: rows"] >= len(AFTER) * 4


def test_without_an_instant_it_says_that_it_cannot_tell_what_came_before(halved: tuple[Deployment, str]) -> None:
    deployment, _ = halved

    code, report = _verified(deployment)

    assert (code, report["differences"]) == (1, [])
    assert report["unproven"]


def test_a_damage_behind_it_is_found(halved: tuple[Deployment, str]) -> None:
    deployment, instant = halved
    subject = f"I-{AFTER[-1]}-b"
    (drift,) = [seen for seen in deployment.seen(topics.DRIFTS) if (seen.value or {}).get("native_id") == subject]
    assert drift.value is not None
    damaged = deployment.cluster.codec.encode(topics.DRIFTS, "Drift", drift.value | {"native_id": "another"})
    deployment.overwrite(topics.DRIFTS, drift.origin.partition, drift.origin.key, damaged)

    code, report = _verified(deployment, "--since", instant)

    assert code == 2
    assert f"drifts/{drift.value['drift_id']}" in {difference["key"] for difference in report["differences"]}
