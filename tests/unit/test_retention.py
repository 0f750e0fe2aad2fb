"""Documents that are settled leave the state, and what they left behind stays as it was."""

from __future__ import annotations

from typing import Any

import pytest

from schemas import topics
from streams.governance.checks import problems
from streams.judge.process import _contribution
from streams.kinds.documents import FINISHED, TIES, WHOLES, Whole
from streams.verify.report import EQUAL
from tests.recorded import DriverRecording
from tests.topology import Company, default_governance, governance
from tests.unit.test_verify import verified

SPAN_SECONDS = 100


def company(span_seconds: float | None = SPAN_SECONDS) -> Company:
    """Linked; what it is judged by regards invoices and their postings."""
    updates = {"settled_retention_seconds": span_seconds, "judged": ("invoice_not_posted", "invoice_amount_mismatch")}
    made = Company(governance().model_copy(update=updates))
    made.row("crm", "Account", "A", 1)
    made.row("billing", "account", "B", 1)
    made.row("erp", "customer", "E", 1)
    return made


def posted(made: Company, at: float = 5) -> None:
    """An invoice and its posting."""
    made.row("billing", "invoice", "I", at, "B", status="Posted")
    made.row("erp", "ledger_posting", "P", at + 2, "E")


def held(made: Company, prefix: str = "e/") -> list[str]:
    """Keys of judge's state about documents."""
    shards = (made.driver.state("judge", p).items() for p in range(made.governance.partitions))
    documents = ("/invoice", "/ledger_posting", "/I", "/P", "~retention")
    return [key for shard in shards for key, _ in shard if key.startswith(prefix) and any(d in key for d in documents)]


def rows(made: Company) -> dict[str, dict[str, Any]]:
    return {v["native_id"]: v for v in made.driver.latest(topics.CORRECTED_STATE) if v.get("entity") == "invoice"}


def test_a_settled_document_leaves_with_its_counterpart_its_obligations_and_its_references() -> None:
    made = company()
    posted(made)
    made.heard(106)
    assert held(made)

    made.heard(200)
    assert [held(made, prefix) for prefix in ("e/", "r/", "o/", "q/")] == [[], [], [], []]


def governed_otherwise(made: Company, span_seconds: float | None) -> Company:
    """The same, with another span from now on."""
    other = company(span_seconds)
    for partition in range(made.governance.partitions):
        for stage in ("identify", "judge"):
            other.driver.restore(made.driver.saved(stage, partition))
    return other


def test_what_waited_to_leave_stays_where_documents_stay_by_now() -> None:
    made = company()
    posted(made)
    made.heard(50)
    other = governed_otherwise(made, None)
    other.heard(300)

    assert held(other) == held(made)
    assert not held(other, "q/")


def test_what_came_when_documents_stayed_leaves_with_one_that_came_since() -> None:
    made = company(None)
    made.row("erp", "ledger_posting", "P", 7, "E")
    made.heard(10)
    other = governed_otherwise(made, SPAN_SECONDS)
    other.row("billing", "invoice", "I", 15, "B", poll=100, status="Posted")
    assert len(held(other)) == 2

    other.heard(300)

    assert held(other) == []


def test_what_is_lacking_later_keeps_no_document_wherever_the_commit_falls() -> None:
    made = company()
    posted(made)
    made.heard(120, "billing")
    made.row("billing", "invoice", "I2", 150, "B", total_amount="much", run=False)
    made.heard(200, run=False)
    fold_all(made)

    assert held(made) == []


def fold_all(made: Company) -> None:
    """What waits, in one commit of judge."""
    driver = made.driver
    while waiting := [p for p, queue in driver.queues.items() if queue and driver.stage_of(p[0]) != "judge"]:
        driver.run_one(waiting[0])
    for place, queue in driver.queues.items():
        while queue:
            driver.fold(place)
    driver.run()
    for partition in range(made.governance.partitions):
        while driver.commit("judge", partition):
            pass


def test_its_row_stays_as_it_was_last_told() -> None:
    made = company()
    posted(made)
    made.heard(200)

    assert rows(made)["billing:I"]["revision"] == 1


def test_one_that_leaves_in_the_commit_in_which_it_came_is_told_first() -> None:
    made = company()
    made.row("billing", "invoice", "I", 5, "B", status="Voided", run=False)
    made.heard(1000, run=False)
    fold_all(made)

    assert (list(rows(made)), held(made)) == (["billing:I"], [])


def test_for_ever_means_for_ever() -> None:
    made = company(None)
    posted(made)
    made.heard(100_000)

    assert len(held(made)) == 2


def test_one_counterpart_that_changes_keeps_both() -> None:
    made = company()
    posted(made)
    made.row("erp", "ledger_posting", "P", 80, "E", document_type="invoice", posting_date="2026-02-01")
    made.heard(170)
    assert len(held(made)) == 2

    made.heard(300)
    assert held(made) == []


def test_what_is_not_heard_keeps_all() -> None:
    made = company()
    posted(made)
    made.heard(300, "billing")

    assert len(held(made)) == 2


def test_an_open_drift_keeps_its_subject_and_closes_when_it_is_answered_after_years() -> None:
    made = company()
    made.row("billing", "invoice", "I", 5, "B", status="Posted")
    made.heard(1000)
    assert len(made.open()) == 1

    made.row("erp", "ledger_posting", "P", 1001, "E")
    made.heard(1002)
    assert [d["how"] for d in made.drifts()] == ["self_healed"]
    made.heard(2000)
    assert held(made) == []


def test_a_draft_stays_until_it_is_posted_and_is_judged_then() -> None:
    made = company()
    made.row("billing", "invoice", "I", 5, "B", status="Draft")
    made.heard(1000)
    made.row("billing", "invoice", "I", 1001, "B", status="Posted")
    made.heard(1020)

    assert [d["kind"] for d in made.open()] == ["invoice_not_posted"]


def test_one_that_comes_back_is_told_and_not_judged_again() -> None:
    made = company()
    posted(made)
    made.heard(200)
    made.row("billing", "invoice", "I", 210, "B", status="Posted", due_on="2026-03-01")
    made.heard(400)

    assert made.drifts() == []
    assert rows(made)["billing:I"]["revision"] > 1
    assert held(made) == []


def test_a_late_link_brings_a_document_that_is_too_young_to_have_left_as_one_to_be_judged() -> None:
    """Its first version is folded away by then, so what comes to its new customer is a later one."""
    made = Company(governance().model_copy(update={"judged": ("invoice_not_posted",)}))
    made.row("crm", "Account", "A", 1)
    made.row("billing", "account", "B", 1, crm_account_id=None)
    made.row("billing", "invoice", "I", 5, "B", status="Posted")
    made.row("billing", "invoice", "I", 50, "B", status="Posted", due_on="2026-03-01")
    made.heard(100)
    made.row("billing", "invoice", "I", 110, "B", status="Posted", due_on="2026-04-01")
    made.row("billing", "account", "B", 40, crm_account_id="A")
    made.heard(200)

    assert [(d["native_id"], d["canonical_id"]) for d in made.open()] == [("I", "crm:A")]


def test_a_version_from_before_it_left_is_left_out() -> None:
    made = company()
    posted(made)
    first = made.row("billing", "invoice", "I", 9, "B", status="Posted", due_on="2026-02-02")
    made.heard(200)
    told = len(made.driver.written[topics.CORRECTED_STATE])
    made.row("billing", "invoice", "I", 9, "B", status="Posted", due_on="2026-02-02", poll=first)
    made.heard(220)

    assert len(made.driver.written[topics.CORRECTED_STATE]) == told
    assert (made.drifts(), held(made)) == ([], [])


def test_a_link_that_is_lost_and_made_again_opens_nothing_about_what_had_left() -> None:
    made = company()
    posted(made)
    made.heard(200)
    made.row("billing", "account", "B", 210, crm_account_id=None)
    made.heard(220)
    made.row("billing", "account", "B", 230, crm_account_id="A")
    made.heard(260)

    assert made.drifts() == []
    assert list(rows(made)) == ["billing:I"]


def test_one_that_was_deleted_and_is_made_anew_is_judged() -> None:
    made = company()
    posted(made)
    made.row("billing", "invoice", "I", 20, "B", operation="delete")
    made.heard(300)
    made.row("billing", "invoice", "I", 310, "B", status="Posted", number="I-2")
    made.heard(330)

    assert [d["kind"] for d in made.open()] == ["invoice_not_posted"]


def test_a_deployment_from_which_documents_have_left_is_verified() -> None:
    made = company()
    posted(made)
    made.heard(200)
    made.row("billing", "invoice", "I", 210, "B", status="Posted", due_on="2026-03-01")
    made.row("billing", "invoice", "J", 210, "B", status="Posted", number="J-1")
    made.heard(250)

    report = verified(DriverRecording(made.driver), made)
    assert (report.code, report.differences) == (EQUAL, [])


def test_no_document_gives_anything_to_the_counts_of_its_customer() -> None:
    version = {"op": "upsert", "attrs": {"stage": "won", "status": "active"}}

    assert not any(_contribution(role, entity, version) for entity in FINISHED for role in ("crm", "billing", "erp"))


def lined(made: Company) -> None:
    made.row("billing", "invoice", "I", 5, "B", status="Posted")
    made.row("billing", "invoice_line", "IL", 5, "B", invoice_id="I")
    made.row("erp", "ledger_posting", "P", 7, "E")


def test_a_line_leaves_with_its_invoice_and_not_before() -> None:
    made = company()
    lined(made)
    made.row("erp", "ledger_posting", "P", 80, "E", document_type="invoice", posting_date="2026-02-01")
    made.heard(170)
    assert len(held(made)) == 3

    made.heard(300)
    assert [held(made, prefix) for prefix in ("e/", "r/", "o/", "q/")] == [[], [], [], []]


def test_a_line_that_changes_later_stays_longer_than_its_invoice() -> None:
    made = company()
    lined(made)
    made.row("billing", "invoice_line", "IL", 90, "B", invoice_id="I", quantity="2")
    made.heard(150)
    assert [key.rpartition("/")[2] for key in held(made)] == ["IL"]

    made.heard(300)
    assert held(made) == []


def test_a_part_names_what_it_belongs_to_and_is_decided_after_it() -> None:
    assert WHOLES["invoice_line"] == (Whole("invoice", "invoice_ref"),)
    assert all(whole.entity < part for part, wholes in WHOLES.items() for whole in wholes)


def test_ties_go_both_ways() -> None:
    for entity, ties in TIES.items():
        assert all(any(t[1:] == (entity, tie.attribute) for t in TIES[tie.entity]) for tie in ties)
    assert ("number", "ledger_posting", "document_ref") in TIES["invoice"]


@pytest.mark.parametrize(("seconds", "refused"), [(601, False), (600, True), (None, False)])
def test_it_must_be_longer_than_late_evidence_may_amend(seconds: float | None, refused: bool) -> None:
    governed = default_governance().model_copy(update={"settled_retention_seconds": seconds})

    assert [p.key for p in problems(governed)] == ["settled_retention_seconds"] * refused


def test_by_default_documents_stay_longer_than_a_year() -> None:
    assert (default_governance().settled_retention_seconds or 0) > 366 * 86400
