"""Kinds across customers are under the law too (contracts 5): any order of partitions, duplicates and crashes give the
same drifts, at the same instants."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas import topics
from streams.suspects.table import CUSTOMERS, DOCUMENTS
from tests.topology import Company, seconds_of
from tests.unit.test_suspects import ACME, BILLED, LEDGER, LOOKS_LIKE_ACME, lives, watchful

STRANGER: dict[str, Any] = {"Name": "Bäckerei Schmitz", "Tax_Id__c": "DE129273398"}
CRM: tuple[dict[str, Any] | None, ...] = (ACME, LOOKS_LIKE_ACME, {**ACME, **STRANGER}, {**ACME, "Status__c": "Churned"})
BILLING = (BILLED, {**BILLED, "crm_account_id": "A1"}, {**BILLED, "crm_account_id": "A2", "tax_id": "DE129273398"})
ERP = (LEDGER, {**LEDGER, "external_id": "A1"}, {**LEDGER, "legal_name": "Bäckerei Schmitz", "tax_registration": None})
INVOICES: tuple[dict[str, Any], ...] = tuple({"number": "I-7", "status": s} for s in ("Posted", "Draft", "Canceled"))
MOVES: dict[str, Any] = {}
"""To the other account."""
ROWS: dict[tuple[str, str], tuple[tuple[str, ...], tuple[dict[str, Any] | None, ...]]] = {
    # (system, object): its records, and what each may say; None: it is deleted
    ("crm", "Account"): (("A1", "A2"), (*CRM, None)),
    ("billing", "account"): (("B1", "B2"), (*BILLING, None)),
    ("billing", "invoice"): (("I1", "I2"), (*INVOICES, MOVES, None)),
    ("erp", "customer"): (("E",), (*ERP, None)),
}
HEARD = (10, 20, 30, 40, 50, 90)
Event = tuple[str, str, str, int, dict[str, Any] | None]


def _events(place: tuple[str, str]) -> st.SearchStrategy[Event]:
    ids, said = map(st.sampled_from, ROWS[place])
    return st.tuples(st.just(place[0]), st.just(place[1]), ids, st.integers(1, 49), said)


events = st.lists(st.sampled_from(sorted(ROWS)).flatmap(_events), min_size=2, max_size=10)


def asserted(found: list[Event]) -> Company:
    """Each source has its changes and how far it was heard in the order of its commits; nothing is read yet."""
    company, home = Company(watchful()), {"I1": "B1", "I2": "B2"}
    for system in company.governance.systems:
        mine = sorted((e for e in found if e[0] == system), key=lambda e: e[3])
        for until in HEARD:
            for event in (e for e in mine if until - 10 < e[3] <= until):
                _tell(company, home, *event)
            company.heard(until, system, run=False)
    return company


def _tell(
    company: Company,
    home: dict[str, str],
    system: str,
    object_: str,
    id_: str,
    at: int,
    fields: dict[str, Any] | None,
) -> None:
    """`home`: whose each invoice is. Every third change comes twice."""

    def row(operation: str, said: dict[str, Any], poll: int | None = None) -> int:
        return company.row(
            system, object_, id_, at, home.get(id_, id_), operation=operation, poll=poll, run=False, **said
        )

    if fields is MOVES:
        poll = row("moved_out", {})
        home[id_] = "B1" if home[id_] == "B2" else "B2"
        row("moved_in", INVOICES[0], poll)
        return
    operation = "delete" if fields is None else "upsert"
    poll = row(operation, fields or {})
    if at % 3 == 0:
        row(operation, fields or {}, poll)


def in_any_order(company: Company, rng: random.Random) -> set[tuple[Any, ...]]:
    driver = company.driver
    while waiting := [place for place, queue in driver.queues.items() if queue]:
        place = rng.choice(waiting)
        for _ in range(rng.choice((1, 1, 20))):
            if driver.queues[place]:
                driver.fold(place)
        if rng.random() < 0.2:
            driver.crash()
            continue
        stage = driver.stage_of(place[0]), place[1]
        while driver.commit(*stage, deadlines=rng.choice((1, 3, 256))):
            pass
    return drifts(company)


def drifts(company: Company) -> set[tuple[Any, ...]]:
    names = ("drift_id", "canonical_id", "opened_at", "closed_at", "how", "observed")
    found = company.drifts(CUSTOMERS) + company.drifts(DOCUMENTS)
    return {tuple(drift[name] for name in names) for drift in found}


@given(events, st.integers(0, 1_000))
def test_any_order_of_arrival_gives_the_same_suspicions(found: list[Event], seed: int) -> None:
    first, second = (in_any_order(asserted(found), random.Random(s)) for s in (seed, seed + 1))

    assert first == second


def read_all(company: Company, system: str) -> None:
    """Before anything that comes of it."""
    for place, queue in list(company.driver.queues.items()):
        while place[0] == topics.source_topic(system) and queue:
            company.driver.run_one(place)


def test_a_record_that_closes_before_its_link_is_heard_of_was_never_another_customer() -> None:
    company = Company(watchful())
    company.row("crm", "Account", "A", 1, **ACME)
    company.row("billing", "account", "B", 1, run=False, **BILLED | {"crm_account_id": "A"})
    company.row("billing", "account", "B", 50, run=False, operation="delete")
    read_all(company, "billing")
    company.heard(60)

    assert company.drifts() == []


def test_a_suspicion_that_was_over_before_the_other_side_is_heard_is_told_as_long_as_it_stood() -> None:
    company = Company(watchful())
    company.row("billing", "account", "B", 2, **BILLED)
    company.row("billing", "account", "B", 40, operation="delete")
    company.heard(60, "billing", "erp")
    company.row("crm", "Account", "A", 1, **ACME)
    company.heard(60)

    assert lives(company) == [("B", "closed", 12, 40)]


def test_while_a_source_is_silent_what_it_may_have_said_first_raises_no_alarm() -> None:
    """The second account is closed at 8 s, and heard of only long after the first was compared with it."""
    company = Company(watchful())
    company.row("crm", "Account", "A", 1, **ACME)
    company.row("erp", "customer", "E", 2, **LEDGER)
    company.heard(60, "crm", "billing")
    company.row("erp", "customer", "E", 8, operation="delete")
    company.heard(60)

    assert company.drifts() == []


@pytest.mark.parametrize("late", ["crm", "billing", "erp"])
def test_what_lies_between_two_watermarks_waits_for_the_slowest_source(late: str) -> None:
    company = Company(watchful())
    company.row("crm", "Account", "A", 1, **ACME)
    company.row("crm", "Account", "A2", 2, **LOOKS_LIKE_ACME)
    company.heard(11, late)
    company.heard(60, *[system for system in company.governance.systems if system != late])
    assert company.drifts() == []

    company.heard(12, late)
    assert [seconds_of(drift["opened_at"]) for drift in company.open()] == [12]


def test_what_is_held_leaves_nothing_behind_and_the_rest_is_as_earlier_releases_wrote_it() -> None:
    company = Company(watchful())
    company.row("crm", "Account", "A1", 1, **ACME)
    company.row("crm", "Account", "A2", 2, **LOOKS_LIKE_ACME)
    assert _prefixes(company) == {"a", "h"}

    company.heard(2)

    assert _prefixes(company) == {"m", "p"}


def _prefixes(company: Company) -> set[str]:
    states = [company.driver.state("suspects", n).items() for n in range(company.governance.partitions)]
    return {key.partition("/")[0] for items in states for key, _ in items if not key.startswith("~")}


def test_more_than_are_released_at_once_keep_their_order() -> None:
    """Each is renamed before the next comes, so that never two are alike at one time."""
    company = Company(watchful())
    for number in range(150):
        company.row("crm", "Account", f"A{number}", number, run=False, **ACME)
        company.row("crm", "Account", f"A{number}", number + 0.5, run=False, operation="delete")
    company.heard(200)

    assert company.drifts() == []


def test_what_took_the_place_of_another_as_that_fell_due_has_a_grace_of_its_own() -> None:
    """At once come due: that the ledger's record is like A1, which goes, so that it is like A2 from then on; and that
    this ends."""
    company = Company(watchful())
    company.row("crm", "Account", "A1", 1, **ACME)
    company.row("erp", "customer", "E", 2, **LEDGER)
    company.heard(5)
    company.row("crm", "Account", "A2", 20, run=False, **LOOKS_LIKE_ACME)
    company.row("crm", "Account", "A1", 30, run=False, operation="delete")
    company.row("erp", "customer", "E", 35, run=False, operation="delete")
    company.driver.run()
    company.heard(32)
    company.heard(60)

    assert lives(company) == [("E", "closed", 12, 30)]
