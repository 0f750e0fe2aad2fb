"""Input that contradicts itself, or comes in the wrong order: what the judgement makes of each piece of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from schemas import topics
from schemas.instants import SECOND, from_datetime
from streams.letters import ENTITY_HEADER, ID_HEADER
from tables.view import Emit
from tests.dossiers.credit_memo_without_counterpart import memo
from tests.dossiers.hierarchy_divergence import AGREED, billing, erp
from tests.dossiers.hierarchy_divergence import account as crm
from tests.dossiers.model import Change, Dossier, Story
from tests.dossiers.stage import THE_END
from tests.dossiers.table import DOSSIERS
from tests.topology import Company, governance
from tests.unit.governance_folder import folder_of, problem_of
from tests.unit.governed_company import account, company, invoice, opened_at, play_of

YEAR_SECONDS = 365 * 24 * 3600


def letters(company: Company) -> list[dict[str, Any]]:
    return [w.value for w in company.driver.written[topics.DEAD_LETTERS] if w.value]


def holes(company: Company, record: str) -> list[dict[str, Any]]:
    return [w.value for w in company.driver.written[topics.CHANGES] if w.record == record and w.value]


def shown(company: Company, native_id: str) -> dict[str, Any]:
    """Attribute -> value, of a record of billing in the corrected state."""
    held = [v for v in company.driver.latest(topics.CORRECTED_STATE) if v.get("native_id") == f"billing:{native_id}"]
    (record,) = [v for v in held if "attributes" in v]
    return {a["name"]: json.loads(a["value"]) for a in record["attributes"]}


def at_stake(drift: dict[str, Any]) -> tuple[Decimal, str]:
    return drift["amount_at_stake"]["amount"], drift["amount_at_stake"]["currency"]


# -- a cycle in a hierarchy


def hierarchy(*story: Any) -> list[dict[str, Any]]:
    return play_of("hierarchy_divergence", story).heard(THE_END).run().drifts()


def test_a_customer_that_is_its_own_parent_is_told_and_nothing_commands_it_away() -> None:
    play = play_of("hierarchy_divergence", (*AGREED, erp(5, "A0", "E"))).heard(THE_END).run()

    (drift,) = play.drifts()
    assert "a circle: E under E" in drift["observed"]
    assert play.commands() == set()


def test_a_cycle_of_duplicates_of_one_customer_is_followed_to_its_end() -> None:
    drifts = hierarchy(*AGREED, erp(5, "A0", "E2"), erp(4, "A0", "E", native_id="E2"))

    assert {drift["native_id"] for drift in drifts if "a circle" in drift["observed"]} == {"E", "E2"}


def test_a_cycle_across_two_customers_ends_the_walk_and_where_all_systems_say_so_nothing_differs() -> None:
    """Each customer is judged alone: A is below Z, Z is below A, and every system states just that."""
    play = play_of("hierarchy_divergence", (crm(2, "Z"), billing(2, "Z", "BZ"), erp(2, "Z", "EZ")))
    other = (
        crm(3, "A", native_id="Z", billing_ref=None, erp_ref=None),
        erp(3, "A", "E", native_id="EZ", crm_ref="Z"),
    )
    play.tell(other)

    assert play.heard(THE_END).run().drifts() == []


def test_a_cycle_across_two_customers_is_told_where_a_system_differs_from_the_owner() -> None:
    play = play_of("hierarchy_divergence", (crm(2, "Z"), billing(2, "Z", "BZ"), erp(2, None, None)))
    play.tell((crm(3, "A", native_id="Z", billing_ref=None, erp_ref=None),))

    (drift,) = play.heard(THE_END).run().drifts()
    assert (drift["system"], drift["native_id"]) == ("erp", "E")
    assert "parent Z, as crm states" in drift["expected"]


# -- a currency that cannot be used


def test_a_governed_currency_without_exponent_is_refused_with_the_remedy(tmp_path: Path) -> None:
    assert "USD has no exponent" in problem_of(folder_of(tmp_path, finance="currencies: {USD: }"))


def test_an_amount_without_currency_is_diverted_and_what_needs_it_is_unknown() -> None:
    made = accounts()
    made.row("billing", "invoice", "I", 2, "B", status="Posted", currency=None)
    made.heard(60)

    assert [letter["reason"] for letter in letters(made)] == ["no_currency"]
    assert made.open("invoice_not_posted") == []


def test_an_amount_in_a_currency_that_governance_does_not_know_is_taken_digit_for_digit() -> None:
    """Amounts are captured as decimals: no exponent is needed to read one."""
    made = accounts()
    made.row("billing", "invoice", "I", 2, "B", status="Posted", total_amount="119.1234", currency="XTS")
    made.heard(60)

    assert "XTS" not in made.governance.finance.currencies
    assert letters(made) == []
    (drift,) = made.open("invoice_not_posted")
    assert at_stake(drift) == (Decimal("119.1234"), "XTS")


@pytest.mark.parametrize("dossier", [d for d in DOSSIERS if d.kind == "invoice_amount_mismatch"])
def test_a_currency_that_governance_does_not_know_is_rounded_like_one_of_two_decimals(dossier: Dossier) -> None:
    def opened(currency: str) -> list[float]:
        return opened_at(play_of(dossier.kind, tuple(_in(currency, c) for c in dossier.story), **dossier.governed))

    assert opened("XTS") == opened("EUR") != []


def _in(currency: str, told: Change) -> Change:
    stated = {n: {**v, "currency": currency} if isinstance(v, dict) else v for n, v in (told.attributes or {}).items()}
    return told._replace(attributes=stated)


# -- a status that nobody mapped


def test_a_status_that_nobody_mapped_is_diverted_with_the_remedy_and_what_needs_it_is_unknown() -> None:
    made = accounts()
    made.row("billing", "invoice", "I", 2, "B", status="Posted")
    made.row("erp", "ledger_posting", "P", 3, "E", status="Teleported")
    made.heard(60)

    (letter,) = letters(made)
    assert letter["reason"] == "unmapped_status"
    assert "add it to the map" in letter["detail"]
    assert made.open("invoice_not_posted") == []


# -- a version that goes backwards


def accounts() -> Company:
    made = Company(governance())
    made.row("crm", "Account", "A", 1, Billing_Account_Id__c="B", ERP_Customer_Id__c="E")
    made.row("billing", "account", "B", 1)
    made.row("erp", "customer", "E", 1)
    return made


def test_an_older_version_with_a_later_commit_time_does_not_win() -> None:
    made = accounts()
    made.row("billing", "invoice", "I", 10, "B", poll=102, number="new")
    made.row("billing", "invoice", "I", 20, "B", poll=101, number="old")
    made.heard(60)

    assert shown(made, "I")["number"] == "new"


def test_an_older_version_with_a_later_commit_time_demands_nothing() -> None:
    made = accounts()
    made.row("billing", "invoice", "I", 5, "B", poll=101, status="Draft")
    made.row("billing", "invoice", "I", 10, "B", poll=103, status="Voided")
    made.row("billing", "invoice", "I", 20, "B", poll=102, status="Posted")
    made.heard(60)

    assert made.drifts("invoice_not_posted") == []


def test_an_older_deletion_with_a_later_commit_time_does_not_delete() -> None:
    made = accounts()
    made.row("billing", "invoice", "I", 10, "B", poll=102)
    made.row("billing", "invoice", "I", 20, "B", poll=101, operation="delete")
    made.heard(60)

    assert "billing:I" in made.corrected("invoice")


def test_a_newer_version_with_an_earlier_commit_time_is_not_hidden() -> None:
    made = accounts()
    made.row("billing", "invoice", "I", 20, "B", poll=101, number="old")
    made.row("billing", "invoice", "I", 10, "B", poll=102, number="new")
    made.heard(60)

    assert shown(made, "I")["number"] == "new"


def test_of_two_versions_that_wait_for_their_parent_the_newer_is_kept() -> None:
    made = accounts()
    made.row("billing", "invoice_line", "L", 3, "B", poll=102, charge="new")
    made.row("billing", "invoice_line", "L", 4, "B", poll=101, charge="old")
    made.row("billing", "invoice", "I", 5, "B")
    made.heard(60)

    assert shown(made, "L")["charge"] == "new"


# -- governance that contradicts itself


def test_two_owners_of_one_attribute_are_refused_with_both_named(tmp_path: Path) -> None:
    one = folder_of(tmp_path / "one", ownership="customer: {name: erp}")
    other = folder_of(tmp_path / "other", ownership="customer: {name: billing}")

    assert f"customer.name: two owners: erp in {one} and billing in {other}; keep one" in problem_of(one, other)


def test_two_owners_in_one_file_are_refused_with_their_lines(tmp_path: Path) -> None:
    text = "customer:\n  name: crm\n  name: erp"

    assert "'name' is given twice, in lines 2 and 3" in problem_of(folder_of(tmp_path, ownership=text))


def test_a_typo_is_refused_with_file_key_and_what_was_meant(tmp_path: Path) -> None:
    problem = problem_of(folder_of(tmp_path, kinds="invoice_not_posted: {tolerance_absolut: 1}"))

    assert "kinds.yaml: invoice_not_posted.tolerance_absolut" in problem
    assert "did you mean 'tolerance_absolute'?" in problem


# -- records before the records that they need


def test_a_row_before_its_parent_row_waits_and_its_customer_has_a_hole_until_it_comes() -> None:
    made = accounts()
    made.row("billing", "invoice_line", "L", 3, "B")
    (hole,) = holes(made, "HoleOpened")
    assert (hole["entity"], made.corrected("invoice_line")) == ("invoice_line", [])

    made.row("billing", "invoice", "I", 5, "B")

    (closed,) = holes(made, "HoleClosed")
    assert (closed["letter_id"], closed["how"]) == (hole["letter_id"], "parent_arrived")
    assert made.corrected("invoice_line") == ["billing:L"]


@pytest.mark.parametrize(
    "later",
    [
        {"invoice_id": "I"},
        {"operation": "delete"},
        {"operation": "moved_out"},
    ],
    ids=["named another parent", "was deleted", "went to another customer"],
)
def test_a_row_that_waits_does_so_until_a_later_version_need_not(later: dict[str, str]) -> None:
    """The invoice that it named first may never come: its customer's hole stayed for ever."""
    made = accounts()
    made.row("billing", "invoice", "I", 2, "B")
    waiting = made.row("billing", "invoice_line", "L", 3, "B", invoice_id="J")
    (hole,) = holes(made, "HoleOpened")

    made.row("billing", "invoice_line", "L", 5, "B", **later)

    (closed,) = holes(made, "HoleClosed")
    assert (closed["letter_id"], closed["how"]) == (hole["letter_id"], "overtaken")
    made.row("billing", "invoice_line", "L", 3, "B", invoice_id="J", poll=waiting)  # it comes twice
    made.row("billing", "invoice", "J", 7, "B", number="J")
    assert (len(holes(made, "HoleOpened")), len(holes(made, "HoleClosed"))) == (1, 1)
    assert made.corrected("invoice_line") == (["billing:L"] if "invoice_id" in later else [])


def test_a_row_that_waits_for_another_parent_by_now_waits_for_that_alone() -> None:
    made = accounts()
    made.row("billing", "invoice_line", "L", 3, "B", invoice_id="J")
    made.row("billing", "invoice_line", "L", 5, "B", invoice_id="K")
    made.row("billing", "invoice", "J", 7, "B", number="J")
    assert (len(holes(made, "HoleOpened")), holes(made, "HoleClosed"), made.corrected("invoice_line")) == (1, [], [])

    made.row("billing", "invoice", "K", 9, "B", number="K")
    assert (len(holes(made, "HoleClosed")), made.corrected("invoice_line")) == (1, ["billing:L"])


def _amendment() -> tuple[Story, Story]:
    """The subscription's versions; and the contract, which comes later."""
    dossier = next(d for d in DOSSIERS if d.kind == "amendment_unpropagated")
    late = tuple(c for c in dossier.story if c.entity == "contract")
    return tuple(c for c in dossier.story if c.entity == "subscription"), late


def test_an_amendment_before_its_contract_accuses_nobody_and_is_judged_when_the_contract_comes() -> None:
    amended, contracts = _amendment()
    alone = play_of("amendment_unpropagated", amended).heard(THE_END).run()
    assert alone.drifts() == []

    behind = tuple(c._replace(at=c.at + 50) for c in contracts)
    later = play_of("amendment_unpropagated", (*amended, *behind)).heard(THE_END).run()

    (drift,) = later.drifts()
    assert "still at 1,200.00 EUR" in drift["observed"]


def test_a_credit_memo_for_an_unknown_invoice_is_judged_by_itself() -> None:
    """The memo names an invoice that no system has: whether the memo is booked does not hang on that."""
    play = play_of("credit_memo_without_counterpart", (memo(3, "erp"),)).heard(THE_END).run()

    (drift,) = play.drifts()
    assert (drift["system"], at_stake(drift)) == ("erp", (Decimal(119), "EUR"))


# -- clocks


def test_a_row_from_next_year_is_diverted_and_what_it_would_say_is_unknown() -> None:
    made = accounts()
    made.row("billing", "invoice", "I", 2, "B", status="Posted")
    made.row("erp", "ledger_posting", "P", YEAR_SECONDS, "E", captured_at=3)
    made.heard(60)

    assert [letter["reason"] for letter in letters(made)] == ["from_the_future"]
    assert made.open("invoice_not_posted") == []


def _utc(month: int, day: int, hour: int, zone: str = "UTC") -> float:
    moment = datetime(2026, month, day, hour, tzinfo=ZoneInfo(zone)).astimezone(UTC)
    return from_datetime(moment) / SECOND


@pytest.mark.parametrize(("month", "friday", "tuesday"), [(3, 27, 31), (10, 23, 27)], ids=["spring", "autumn"])
def test_a_deadline_in_business_days_ends_with_the_local_day_after_clocks_changed(
    month: int, friday: int, tuesday: int
) -> None:
    posted = invoice(_utc(month, friday, 12))
    play = company((account(2, legal_entity="DE01"), posted), sla_business_days=1)
    midnight = _utc(month, tuesday, 0, "Europe/Berlin")
    play.heard(midnight + 1).run()

    assert [drift["opened_at"] / SECOND for drift in play.drifts()] == [midnight]


def test_a_deadline_in_seconds_is_not_moved_by_the_hour_that_clocks_skip() -> None:
    began = _utc(3, 29, 0)
    play = company((account(2, legal_entity="DE01"), invoice(began)), sla_seconds=2 * 3600)
    play.heard(began + 3 * 3600).run()

    assert [drift["opened_at"] / SECOND - began for drift in play.drifts()] == [2 * 3600]


# -- a snapshot that is not the first


def posted_in_snapshot(made: Company, at: float = 30) -> list[str]:
    made.row("billing", "invoice", "I", at, "B", status="Posted", snapshot=True)
    made.heard(at + 30)
    return [drift["status"] for drift in made.drifts("invoice_not_posted")]


def test_what_the_first_snapshot_shows_is_baseline() -> None:
    made = accounts()
    made.heard(0, "billing", phase="snapshot")

    assert posted_in_snapshot(made) == ["baseline"]


def test_a_first_snapshot_that_was_broken_off_and_begins_again_is_still_the_first() -> None:
    made = accounts()
    made.heard(0, "billing", phase="snapshot")
    made.heard(0, "billing", phase="snapshot", epoch=1)

    made.row("billing", "invoice", "I", 30, "B", status="Posted", snapshot=True)
    made.heard(60, "crm", "erp")
    made.heard(60, "billing", epoch=1)

    assert [drift["status"] for drift in made.drifts("invoice_not_posted")] == ["baseline"]


LATER: dict[str, Callable[[Company], None]] = {
    "the new epoch was announced": lambda made: made.heard(0, "billing", phase="snapshot", epoch=1),
    "rows come before the news of it": lambda made: None,
    "after a gap": lambda made: made.heard(0, "billing", phase="gap", epoch=1),
}


@pytest.mark.parametrize("how", LATER)
def test_what_a_later_snapshot_finds_is_news(how: str) -> None:
    made = accounts()
    made.heard(20)
    LATER[how](made)
    made.row("billing", "invoice", "I", 30, "B", status="Posted", snapshot=True)
    made.heard(60, "crm", "erp")
    made.heard(60, "billing", epoch=1)

    assert [drift["status"] for drift in made.drifts("invoice_not_posted")] == ["open"]


def test_what_was_baseline_stays_so_though_a_later_snapshot_shows_it_again() -> None:
    made = accounts()
    made.heard(0, "billing", phase="snapshot")
    assert posted_in_snapshot(made) == ["baseline"]

    made.heard(0, "billing", phase="snapshot", epoch=1)
    made.row("billing", "invoice", "I", 70, "B", status="Posted", snapshot=True)
    made.heard(100, "crm", "erp")
    made.heard(100, "billing", epoch=1)

    assert [drift["status"] for drift in made.drifts("invoice_not_posted")] == ["baseline"]


def test_a_row_that_waited_for_its_parent_since_the_first_snapshot_is_of_the_first_snapshot() -> None:
    made = accounts()
    made.heard(0, "billing", phase="snapshot")
    made.row("billing", "invoice_line", "L", 3, "B", snapshot=True)
    made.heard(20)
    made.row("billing", "invoice", "I", 30, "B")

    told = [w.value for w in made.driver.written[topics.CHANGES] if w.value and w.value.get("native_id") == "L"]
    assert [value["snapshot"] for value in told] == [True]


def test_a_row_of_the_first_snapshot_that_was_diverted_is_of_the_first_snapshot_when_it_is_replayed() -> None:
    made = accounts()
    made.heard(0, "billing", phase="snapshot")
    made.row("billing", "invoice", "I", 3, "B", poll=100, status="Billed", snapshot=True)
    (letter,) = letters(made)
    made.heard(20)

    made.governance.mappings["billing"]["invoice"].attributes["status"].map["Billed"] = "posted"  # type: ignore[union-attr]
    headers = {ID_HEADER: letter["letter_id"].encode(), ENTITY_HEADER: b"invoice"}
    made.row("billing", "invoice", "I", 3, "B", poll=100, status="Billed", snapshot=True, headers=headers)
    made.heard(60)

    assert [drift["status"] for drift in made.drifts("invoice_not_posted")] == ["baseline"]


@pytest.mark.parametrize("shown_again_at", [20, 100])
def test_an_answer_that_was_diverted_answers_when_it_is_replayed_though_a_later_version_of_it_is_known(
    shown_again_at: float,
) -> None:
    made = accounts()
    made.row("billing", "invoice", "I", 2, "B", status="Posted")
    made.heard(8)
    posting = {"poll": 5, "document_ref": "I-1", "status": "Odd"}
    made.row("erp", "ledger_posting", "P", 9, "E", **posting)
    (letter,) = letters(made)
    made.row("erp", "ledger_posting", "P", shown_again_at, "E", poll=6, document_ref="I-1")
    made.heard(1_000)

    made.governance.mappings["erp"]["ledger_posting"].attributes["status"].map["Odd"] = "posted"  # type: ignore[union-attr]
    headers = {ID_HEADER: letter["letter_id"].encode(), ENTITY_HEADER: b"ledger_posting"}
    made.row("erp", "ledger_posting", "P", 9, "E", headers=headers, **posting)

    assert made.drifts("invoice_not_posted") == []
    assert made.audited("invoice_not_posted") == ["met"]


def test_which_of_two_steps_came_first_is_not_known_of_one_that_a_later_snapshot_shows() -> None:
    """Its commit time is that of the snapshot, not that of the step: nobody is accused for it."""
    governed = governance().model_copy(update={"judged": ("step_out_of_order",)})

    def told(*, snapshot: bool) -> list[dict[str, Any]]:
        made = Company(governed)
        made.row("crm", "Account", "A", 1, Billing_Account_Id__c="B", ERP_Customer_Id__c="E")
        made.row("billing", "account", "B", 1)
        made.row("erp", "customer", "E", 1)
        made.heard(2)
        made.row("erp", "ledger_posting", "P", 10, "E", document_number="I-1")
        made.row("billing", "invoice", "I", 10_000, "B", status="Posted", snapshot=snapshot)
        made.heard(30_000)
        return made.drifts("step_out_of_order")

    assert told(snapshot=True) == []
    assert len(told(snapshot=False)) == 1


# -- a verdict that nobody can write


def test_a_verdict_that_is_put_aside_is_given_once_its_letter_is_replayed() -> None:
    company = Company()
    company.row("crm", "Account", "A", 1)
    company.row("crm", "Opportunity", "O", 2, "A", StageName="Closed Won")
    company.heard(30, run=False)
    driver, waking = company.driver, list[Emit]()
    while waiting := [place for place, queue in driver.queues.items() if queue]:
        for place in waiting:
            driver.fold(place)
            if place[0] == topics.CHANGES and driver.shard("judge", place[1]).has_due():
                driver.shard("judge", place[1]).put_aside("letter", lambda back: waking.append(back) or back)
            driver.commit(driver.stage_of(place[0]), place[1])
    assert (company.drifts(), len(waking)) == ([], 1)

    (back,) = waking
    driver.pipe(back.topic, back.key, back.record, back.value or {})
    driver.run()

    (drift,) = company.drifts()
    assert (drift["kind"], drift["opened_at"]) == ("won_without_erp_customer", 12 * SECOND)
