"""Dead letters: their status, what a replay writes, and what a dismissal closes."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest

from schemas import topics
from streams.fleet import letters
from streams.letters import ENTITY_HEADER, HOPS_HEADER, ID_HEADER
from streams.look.letters import BY_HEADER, REASON_HEADER, Letters, dismiss, read_letters, replay
from streams.look.read import CannotLook
from streams.look.write import Outgoing
from tables.view import Emit
from tests.look import DriverCluster, micros
from tests.topology import Company, governance
from tests.unit.test_upgrade import observed

NOW = 7_000_000
_ORIGIN = {"topic": "src.billing", "partition": 1, "original_key": b"A"}


def refused() -> Company:
    """An invoice whose posting was refused: its verdict is held."""
    company = Company(governance())
    company.row("crm", "Account", "A", 1, Billing_Account_Id__c="B", ERP_Customer_Id__c="E")
    company.row("billing", "account", "B", 1)
    company.row("erp", "customer", "E", 1)
    company.row("billing", "invoice", "I", 2, "B", status="Posted")
    company.row("erp", "ledger_posting", "P", 3, "E", status="Odd", headers={"trace": b"\xff1"})
    company.heard(30)
    return company


def read(company: Company) -> Letters:
    return read_letters(DriverCluster(company.driver))


def only(letters: Letters) -> dict[str, Any]:
    (letter,) = letters.sorted()
    return letter


def deliver(company: Company, record: Outgoing) -> None:
    company.driver.pipe_raw(record.topic, record.key, record.value, record.partition, record.headers)
    company.driver.run()


def mend(company: Company) -> None:
    """Governance learns the status."""
    vocabulary = company.governance.mappings["erp"]["ledger_posting"].attributes["status"]
    vocabulary.map["Odd"] = "posted"  # type: ignore[union-attr]


def test_a_refused_record_is_a_new_letter() -> None:
    letters = read(refused())

    assert letters.status(only(letters)) == "new"
    assert letters.unsettled("unmapped_status") == [only(letters)]
    assert letters.unsettled("another_reason") == []


def test_a_replay_is_the_original_record_with_the_letter_in_its_headers() -> None:
    company = refused()
    letter = only(read(company))

    record = replay(letter)

    assert (record.topic, record.partition, record.key) == ("src.erp", topics.partition_for("E", 4), b"E")
    assert company.driver.codec.decode(record.value or b"").value["fields"]["status"] == "Odd"
    assert record.headers == {
        "trace": b"\xff1",
        ID_HEADER: letter["letter_id"].encode(),
        ENTITY_HEADER: b"ledger_posting",
        HOPS_HEADER: b"1",
    }


def test_a_replay_after_the_cause_was_mended_brings_the_letter_home_and_frees_the_verdict() -> None:
    company = refused()
    mend(company)
    deliver(company, replay(only(read(company))))
    company.heard(31)

    letters = read(company)

    assert letters.status(only(letters)) == "replayed"
    assert letters.unsettled() == []
    assert company.audited("invoice_not_posted") == ["met"]


def test_a_replay_without_mending_comes_back_as_the_same_letter_with_one_hop_more() -> None:
    company = refused()
    first = only(read(company))
    deliver(company, replay(first))

    letter = only(read(company))

    assert (letter["letter_id"], letter["hops"]) == (first["letter_id"], 2)
    assert replay(letter).headers[HOPS_HEADER] == b"2"


def test_a_letter_that_came_back_can_be_dismissed_its_hole_was_opened_by_its_first_refusal() -> None:
    company = refused()
    first = only(read(company))
    company.driver.now_micros += micros(60)
    deliver(company, replay(first))
    cluster = DriverCluster(company.driver, first["diverted_at"])
    letters = read_letters(cluster)
    assert only(letters)["diverted_at"] > first["diverted_at"] + micros(1)

    audited, *_ = dismiss(letters, company.governance, first["letter_id"], "test data", "ann", NOW)
    assert audited.record == "LetterDismissed"


def test_what_was_refused_three_times_needs_mending_and_is_replayed_by_force_only() -> None:
    company = refused()
    for _ in range(2):
        deliver(company, replay(only(read(company))))
    letters = read(company)
    letter = only(letters)
    assert letters.status(letter) == "needs_fix"

    with pytest.raises(CannotLook, match="refused 3 times"):
        replay(letter)
    assert replay(letter, force=True).headers[HOPS_HEADER] == b"3"


def test_a_dismissal_closes_the_hole_where_it_is_and_the_verdict_is_given_without_it() -> None:
    company = refused()
    letter = only(read(company))

    letter_id = letter["letter_id"]
    audited, effect, also, told = dismiss(read(company), company.governance, letter_id, "test data", "ann", NOW)
    assert (audited.record, audited.value["reason"], audited.value["by"]) == ("LetterDismissed", "test data", "ann")
    assert (effect.key, effect.partition) == ("crm:A", topics.partition_for("crm:A", 4))
    assert dict(effect.headers) == {REASON_HEADER: b"test data", BY_HEADER: b"ann"}
    assert (also.topic, also.key, also.partition) == (letter["topic"], "E", letter["partition"])
    assert (also.record, also.value) == (effect.record, effect.value)
    assert (told.topic, told.record) == (topics.PROGRESS, "LetterResolved")

    assert company.open("invoice_not_posted") == []
    assert effect.value is not None
    company.driver.pipe(effect.topic, effect.key, effect.record, effect.value, partition=effect.partition)
    company.driver.run()
    company.heard(31)
    assert len(company.open("invoice_not_posted")) == 1


def test_the_hole_of_an_unreadable_customer_is_closed_in_every_partition() -> None:
    company = Company(governance())
    company.driver.pipe_raw("src.erp", b"\xff", b"no avro", 1, {})
    company.driver.run()
    letter = only(read(company))

    effects = dismiss(read(company), company.governance, letter["letter_id"], "noise", "ann", NOW)

    closing = [(e.key, e.partition) for e in effects if e.topic == topics.CHANGES and e.record == "HoleClosed"]
    assert closing == [("", p) for p in range(4)]
    carry_out(company, effects)
    assert holes(company) == []


def carry_out(company: Company, effects: list[Emit]) -> None:
    for effect in (e for e in effects if e.topic != topics.AUDIT):
        assert effect.value is not None
        company.driver.pipe(effect.topic, effect.key, effect.record, effect.value, partition=effect.partition)
    company.driver.run()


def holes(company: Company) -> list[str]:
    """Keys of those that stand, in identify and in judge."""
    shards = [(stage, number) for stage in ("identify", "judge") for number in range(company.governance.partitions)]
    found = (key for shard in shards for key, _ in company.driver.state(*shard).items())
    return [key for key in found if key.startswith(("h/", "g/"))]


@pytest.mark.parametrize("written", range(8))
def test_a_dismissal_of_which_the_last_records_are_lacking_is_made_whole_by_another(written: int) -> None:
    """As an earlier release left one that was broken off: what was told first said that it was dismissed already."""
    company = Company(governance().model_copy(update={"judged": (letters.KIND,)}))
    company.driver.pipe_raw("src.erp", b"\xff", b"no avro", 1, {})
    company.driver.run()
    observed(company, 7200, 1)
    letter_id = only(read(company))["letter_id"]
    assert len(company.open(letters.KIND)) == 1
    effects = dismiss(read(company), company.governance, letter_id, "noise", "ann", NOW)
    carry_out(company, effects[:written])

    carry_out(company, dismiss(read(company), company.governance, letter_id, "noise", "ann", NOW))

    assert holes(company) == []
    assert [(d["status"], d["how"]) for d in company.drifts()] == [("closed", "accepted")]


def test_one_that_is_dismissed_again_is_audited_once() -> None:
    company = refused()
    letter_id = only(read(company))["letter_id"]
    carry_out(company, dismiss(read(company), company.governance, letter_id, "test data", "ann", NOW))

    again = dismiss(read(company), company.governance, letter_id, "test data", "bob", NOW)

    assert topics.AUDIT not in [effect.topic for effect in again]


def linked_with_another(company: Company) -> None:
    """The customer in the ERP with its letter."""
    company.row("crm", "Account", "A2", 40)
    company.row("erp", "customer", "E", 40, external_id="A2")
    company.heard(60)


def test_what_was_dismissed_is_missing_nowhere_else_either_once_its_customer_is_linked_with_another() -> None:
    """It came back there: nothing was judged of that customer any more, and nobody could dismiss it once more."""
    company = refused()
    letter_id = only(read(company))["letter_id"]
    carry_out(company, dismiss(read(company), company.governance, letter_id, "test data", "ann", NOW))
    assert holes(company) == []

    linked_with_another(company)

    assert holes(company) == []


def test_one_that_moves_as_it_is_dismissed_is_closed_where_it_stands() -> None:
    company = refused()
    letter_id = only(read(company))["letter_id"]
    effects = dismiss(read(company), company.governance, letter_id, "test data", "ann", NOW)
    linked_with_another(company)

    carry_out(company, effects)

    assert holes(company) == []


def test_what_an_earlier_release_dismissed_and_has_moved_since_can_be_dismissed_there() -> None:
    company = refused()
    hole = {"letter_id": "x", "system": "billing", "entity": "credit_memo"}
    records = [
        ("HoleOpened", {**hole, "canonical_id": "billing:A"}, 5),
        ("HoleClosed", {**hole, "canonical_id": "billing:A", "how": "dismissed"}, 6),
        ("HoleOpened", {**hole, "canonical_id": "crm:A"}, 7),
        ("HoleClosed", {**hole, "canonical_id": "billing:A", "how": "moved"}, 7),
    ]
    for order in permutations(records):
        letters = Letters({"x": {**only(read(company)), "letter_id": "x", "diverted_at": 1}})
        for told in order:
            letters.add_hole(*told)
        closing = dismiss(letters, company.governance, "x", "why", "me", 9)
        assert [e.key for e in closing if e.topic == topics.CHANGES] == ["crm:A"]


def test_a_letter_that_came_home_cannot_be_dismissed() -> None:
    company = refused()
    mend(company)
    deliver(company, replay(only(read(company))))

    with pytest.raises(CannotLook, match="is replayed already"):
        dismiss(read(company), company.governance, only(read(company))["letter_id"], "late", "ann", NOW)


def test_a_letter_that_is_refused_again_after_its_hole_was_closed_is_new_again() -> None:
    letters = Letters()
    letter = {"letter_id": "x", "hops": 1, "diverted_at": 5_000_000, "reason": "r"}
    letters.add(letter)
    letters.add_hole("HoleClosed", {"letter_id": "x", "how": "dismissed"}, 4_000_000)

    assert letters.status(letter) == "new"


def test_a_hole_that_moved_with_its_customer_waits_there_in_whichever_order_that_is_read() -> None:
    hole = {"letter_id": "x", "system": "billing", "entity": "credit_memo"}
    records = [
        ("HoleOpened", {**hole, "canonical_id": "billing:A"}),
        ("HoleOpened", {**hole, "canonical_id": "crm:A"}),
        ("HoleClosed", {**hole, "canonical_id": "billing:A", "how": "moved"}),
    ]
    for order in permutations(records):
        letters = Letters({"x": {**_ORIGIN, "letter_id": "x", "hops": 1, "diverted_at": 1, "reason": "odd"}})
        for record, value in order:
            letters.add_hole(record, value, 5)

        assert [waiting["letter_id"] for waiting in letters.unsettled()] == ["x"]
        closing = [e for e in dismiss(letters, governance(), "x", "why", "me", 9) if e.topic == topics.CHANGES]
        assert [effect.key for effect in closing] == ["crm:A"]


def test_a_letter_without_a_hole_has_nothing_to_dismiss() -> None:
    letters = Letters()
    letters.add({"letter_id": "x", "hops": 1, "diverted_at": 5, "reason": "r", "topic": topics.CHANGES})

    with pytest.raises(CannotLook, match="has no hole"):
        dismiss(letters, Company().governance, "x", "why", "ann", NOW)


def test_an_unknown_letter_is_named() -> None:
    with pytest.raises(CannotLook, match="no dead letter src"):
        Letters().get("src.erp-0-1")
