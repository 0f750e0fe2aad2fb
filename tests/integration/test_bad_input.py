"""Bad input: diverted or parked with its reason, the hole respected, the worker alive, nothing lost; mended and
replayed, it comes home."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from connectors.stack import Endpoints
from schemas import topics
from streams.worker.sizes import RECORD_BYTES_MAX
from tests.integration.bad_input import CASES, GARBAGE, NEVER_MENDED, BadInput, customer, invoice, posting
from tests.integration.deployment import Deployment, deployed
from tests.integration.workers import Worker

FLOOD = 20
STUCK_AFTER_SECONDS = 2
LARGE_BYTES = 999_000
"""A producer sends up to 1,000,000 bytes by default, key and all."""
CHANGE_TOO_LARGE_BYTES = RECORD_BYTES_MAX + 1
"""Of a name: the row fits into its topic, the change that it causes does not."""

TOLD = {
    # outcome: what was said of the drift
    "met": [],
    "open": ["open"],
    "closed": ["open", "closed"],  # the source said it again after it was due
}
case_of = pytest.mark.parametrize("case", CASES)


@pytest.fixture(scope="module")
def deployment(stack: Endpoints, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    with deployed(stack, tmp_path_factory.mktemp("bad-input")) as it:
        it.start().wait_ready()
        yield it


@pytest.fixture(scope="module")
def bad(deployment: Deployment) -> BadInput:
    sent = BadInput(deployment)
    sent.send()
    return sent


@case_of
def test_it_is_diverted_with_its_reason_and_every_byte(bad: BadInput, case: str) -> None:
    (letter,) = [v for v in bad.deployment.values(topics.DEAD_LETTERS) if v["letter_id"] == bad.letters[case]]

    assert (letter["reason"], letter["hops"], letter["status"]) == (CASES[case].reason, 1, "new")
    assert letter["original_value"] == bad.sent.get(case, letter["original_value"])


@case_of
def test_what_needs_it_stays_unknown_and_commands_nothing(bad: BadInput, case: str) -> None:
    _, kind, subject, _ = CASES[case]
    bad.deployment.until(lambda: bad.deployment.outcome(f"A-{case}", kind, subject) == "held")

    assert bad.deployment.drifts(subject) == []
    assert [c for c in bad.deployment.values(topics.COMMANDS) if c["canonical_id"] == f"crm:A-{case}"] == []


def test_other_customers_are_judged_meanwhile(bad: BadInput) -> None:
    customer(bad.deployment, "clean")
    invoice(bad.deployment, "clean")
    bad.deployment.until(lambda: bad.deployment.drifts("I-clean"))
    posting(bad.deployment, "clean")
    bad.deployment.until(lambda: len(bad.deployment.drifts("I-clean")) == 2)

    assert [d["status"] for d in bad.deployment.drifts("I-clean")] == ["open", "closed"]


def test_a_row_whose_parent_never_came_is_parked_until_it_comes(bad: BadInput) -> None:
    customer(bad.deployment, "orphan")
    bad.deployment.until(lambda: len(bad.deployment.members("crm:A-orphan")) == 3)
    billing = bad.deployment.databases["billing"].writer
    billing.execute("SET session_replication_role = replica")  # foreign keys are not looked at
    bad.deployment.row("billing", "invoice_line", "L-orphan", "B-orphan", invoice_id="I-orphan")
    billing.execute("SET session_replication_role = DEFAULT")
    (opened,) = bad.deployment.until(lambda: holes(bad.deployment, "crm:A-orphan"))

    assert (opened["entity"], opened["letter_id"].split(":")[0]) == ("invoice_line", "parked")
    assert lines(bad.deployment) == []

    invoice(bad.deployment, "orphan", "Draft")
    _, closed = bad.deployment.until(lambda: len(found := holes(bad.deployment, "crm:A-orphan")) == 2 and found)
    assert (closed["letter_id"], closed["how"]) == (opened["letter_id"], "parent_arrived")
    bad.deployment.until(lambda: lines(bad.deployment) == ["billing:L-orphan"])


def test_the_worker_is_alive_and_ready(bad: BadInput) -> None:
    (worker,) = bad.deployment.workers

    assert (worker.ask("/livez").status, worker.ask("/readyz").status) == (200, 200)


def mappings_taken(worker: Worker) -> int:
    """A mapping counts from its place among the records of each partition; what is replayed before is refused again."""
    families = text_string_to_metric_families(worker.ask("/metrics").text)
    samples = (sample for family in families if family.name == "driftwise_records" for sample in family.samples)
    return sum(int(sample.value) for sample in samples if sample.labels["outcome"] == "mapping")


@pytest.fixture(scope="module")
def mended(bad: BadInput) -> BadInput:
    """The cause is mended, the worker runs with the corrected governance, all letters are replayed."""
    bad.mend()
    assert bad.deployment.workers[-1].stop() == 0
    bad.deployment.start().wait_ready()
    bad.deployment.until(lambda: mappings_taken(bad.deployment.workers[-1]) == bad.deployment.governance.partitions)
    replayed = bad.deployment.document("dead-letters", "replay", "--all")
    assert sorted(replayed["replayed"]) == sorted(bad.letters.values())
    bad.deployment.until(lambda: len(bad.deployment.document("dead-letters", "list")) == len(NEVER_MENDED))
    return bad


def test_what_nobody_can_read_comes_back_with_one_hop_more(mended: BadInput) -> None:
    mended.deployment.until(lambda: {x["hops"] for x in mended.deployment.document("dead-letters", "list")} == {2})
    waiting = {x["letter_id"] for x in mended.deployment.document("dead-letters", "list")}

    assert waiting == {mended.letters[case] for case in NEVER_MENDED}


@case_of
def test_mended_or_given_up_the_verdict_is_given(mended: BadInput, case: str) -> None:
    _, kind, subject, after = CASES[case]
    if case in NEVER_MENDED:
        assert mended.deployment.outcome(f"A-{case}", kind, subject) == "held"
        mended.deployment.document("dead-letters", "dismiss", mended.letters[case], "--reason", "said again")

    mended.deployment.until(lambda: mended.deployment.outcome(f"A-{case}", kind, subject) == after)
    assert [d["status"] for d in mended.deployment.drifts(subject)] == TOLD[after]


def test_in_the_end_no_letter_waits(mended: BadInput) -> None:
    assert mended.deployment.document("dead-letters", "list") == []
    letters = mended.deployment.document("dead-letters", "list", "--all")
    assert {x["letter_id"] for x in letters} == set(mended.letters.values())


def test_a_record_that_fills_the_topics_limit_still_fits_into_a_letter(mended: BadInput) -> None:
    partition = mended.deployment.produce("src.erp", "E-large", bytes([255]) * LARGE_BYTES)

    (letter,) = mended.deployment.until(lambda: letters_of(mended.deployment, "not_avro", partition, "E-large"))
    assert letter["original_value"] == bytes([255]) * LARGE_BYTES


def test_a_row_whose_change_the_broker_would_not_take_is_diverted_and_the_next_one_is_read(mended: BadInput) -> None:
    deployment = mended.deployment
    customer(deployment, "huge")
    deployment.until(lambda: len(deployment.members("crm:A-huge")) == 3)

    refs = {"Billing_Account_Id__c": "B-huge", "ERP_Customer_Id__c": "E-huge"}
    deployment.row("crm", "Account", "A-huge", Name="x" * CHANGE_TOO_LARGE_BYTES, **refs)
    (letter,) = deployment.until(lambda: letters_of(deployment, "too_large", deployment.partition("A-huge"), "A-huge"))
    deployment.row("crm", "Account", "A-huge", Name="Huge Ltd", **refs)

    deployment.until(lambda: name_of(deployment, "crm:A-huge") == "Huge Ltd")
    assert len(letter["original_value"]) > CHANGE_TOO_LARGE_BYTES
    assert [hole["letter_id"] for hole in holes(deployment, "crm:A-huge")] == [letter["letter_id"]]
    assert deployment.workers[-1].ask("/readyz").status == 200


def test_a_header_without_a_value_is_no_obstacle(mended: BadInput) -> None:
    partition = mended.deployment.produce("src.erp", "E-header", GARBAGE, headers=[("trace", None)])

    (letter,) = mended.deployment.until(lambda: letters_of(mended.deployment, "not_avro", partition, "E-header"))
    assert letter["original_headers"] == {"trace": None}


@pytest.fixture(scope="module")
def flooded(mended: BadInput) -> Worker:
    """A worker that stands still at more letters than it may write, and has for longer than it may be stuck."""
    assert mended.deployment.workers[-1].stop() == 0
    limits = {"DRIFTWISE_DEAD_LETTER_FLOOD": str(FLOOD), "DRIFTWISE_STUCK_AFTER_SECONDS": str(STUCK_AFTER_SECONDS)}
    worker = mended.deployment.start(**limits).wait_ready()
    for _ in range(FLOOD + 1):
        mended.deployment.produce("src.billing", "B-flood", GARBAGE)
    worker.wait(lambda: worker.ask("/readyz").status == 503)
    time.sleep(2 * STUCK_AFTER_SECONDS)  # not for something to happen, but for nothing to
    return worker


def test_a_flood_of_letters_turns_readiness_off_and_says_why(flooded: Worker) -> None:
    answer = flooded.ask("/readyz")

    assert (answer.status, f"{FLOOD + 1} of the last" in answer.text) == (503, True), answer
    assert "driftwise dead-letters list" in answer.text


def test_in_a_flood_the_process_stays_up(flooded: Worker) -> None:
    assert flooded.process.poll() is None
    assert flooded.ask("/livez").status == 200
    assert 'driftwise_shard_paused{partition="' in flooded.ask("/metrics").text


def test_in_a_flood_other_partitions_go_on(mended: BadInput, flooded: Worker) -> None:
    other = next(
        f"X{n}" for n in range(99) if mended.deployment.partition(f"X{n}") != mended.deployment.partition("B-flood")
    )
    mended.deployment.row("crm", "Account", other)

    mended.deployment.until(lambda: mended.deployment.members(f"crm:{other}") == [f"crm:{other}"])


def test_after_the_flood_every_letter_is_there_once(mended: BadInput, flooded: Worker) -> None:
    assert flooded.stop() == 0
    mended.deployment.start().wait_ready()
    partition = mended.deployment.partition("B-flood")
    found = mended.deployment.until(
        lambda: len(f := letters_of(mended.deployment, "not_avro", partition, "B-flood")) > FLOOD and f
    )

    assert len({x["letter_id"] for x in found}) == len(found) == FLOOD + 1


def letters_of(deployment: Deployment, reason: str, partition: int, key: str) -> list[dict[str, Any]]:
    known = deployment.values(topics.DEAD_LETTERS)
    return [x for x in known if (x["reason"], x["partition"], x["original_key"]) == (reason, partition, key.encode())]


def holes(deployment: Deployment, canonical_id: str) -> list[dict[str, str]]:
    """HoleOpened and HoleClosed of a customer, in order."""
    found = [s.value for s in deployment.seen(topics.CHANGES) if s.record in ("HoleOpened", "HoleClosed")]
    return [value for value in found if value is not None and value["canonical_id"] == canonical_id]


def name_of(deployment: Deployment, canonical_id: str) -> str:
    state = deployment.latest(topics.CORRECTED_STATE)
    (found,) = (v for v in state.values() if v.get("entity") == "customer" and v["native_id"] == canonical_id)
    (name,) = (a["value"] for a in found["attributes"] if a["name"] == "name")
    return str(json.loads(name))


def lines(deployment: Deployment) -> list[str]:
    state = deployment.latest(topics.CORRECTED_STATE).values()
    return [v["native_id"] for v in state if v.get("entity") == "invoice_line"]
