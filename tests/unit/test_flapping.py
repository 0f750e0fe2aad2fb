"""A drift that opens again and again is a drift of its own, of the same subject."""

from __future__ import annotations

import random
from typing import Any

from streams.governance.process import Flapping, Process
from streams.judge.flapping import NAME
from tests.topology import Company, governance, seconds_of

KIND = "invoice_not_posted"
WINDOW_SECONDS = 60


def company(window_seconds: float = WINDOW_SECONDS) -> Company:
    """More than two openings in a minute are too many."""
    process = Process(flapping=Flapping(openings=2, window_seconds=window_seconds))
    return Company(governance(mode="alert").model_copy(update={"judged": (KIND, NAME), "process": process}))


def quarrel(company: Company, times: int, *, run: bool = True) -> Company:
    """A posted invoice whose posting is taken back as often: it opens at 12 s, and then every 12 s."""
    company.row("crm", "Account", "A", 1, run=run)
    company.row("billing", "account", "B", 1, run=run)
    company.row("billing", "invoice", "I", 2, "B", status="Posted", run=run)
    company.row("erp", "customer", "E", 1, run=run)
    for at in range(13, 13 + 12 * (times - 1), 12):
        company.row("erp", "ledger_posting", "L", at, "E", status="Posted", run=run)
        company.row("erp", "ledger_posting", "L", at + 1, "E", status="Draft", run=run)
    return company


def told(company: Company) -> list[tuple[Any, ...]]:
    drifts = sorted(company.drifts(NAME), key=lambda d: d["opened_at"])
    return [(d["native_id"], d["status"], seconds_of(d["opened_at"]), seconds_of(d["closed_at"])) for d in drifts]


def test_one_opening_too_many_within_the_window_is_told() -> None:
    flapping = quarrel(company(), 3)
    flapping.heard(50)

    (drift,) = flapping.drifts(NAME)

    assert told(flapping) == [("I", "open", 36, None)]
    assert (drift["entity"], drift["causes"], drift["kind_number"]) == ("invoice", [KIND], "M7")
    assert "opened 3 times in 60 seconds" in drift["observed"]


def test_as_many_as_are_allowed_are_not() -> None:
    flapping = quarrel(company(), 2)
    flapping.heard(500)

    assert told(flapping) == []


def test_openings_that_lie_further_apart_than_the_window_are_not() -> None:
    flapping = quarrel(company(window_seconds=24), 5)
    flapping.heard(500)

    assert told(flapping) == []


def test_it_ends_when_nothing_opened_for_a_window() -> None:
    flapping = quarrel(company(), 3)
    flapping.row("erp", "ledger_posting", "L", 37, "E", status="Posted")
    flapping.heard(95)
    assert told(flapping) == [("I", "open", 36, None)]

    flapping.heard(500)
    assert told(flapping) == [("I", "closed", 36, 96)]


def test_it_goes_on_while_more_openings_come() -> None:
    flapping = quarrel(company(), 5)
    flapping.heard(500)

    assert told(flapping) == [("I", "closed", 36, 60 + WINDOW_SECONDS)]


def without_one(times: int, *, posted_at: int, heard: int) -> Company:
    """Late evidence: it was posted by another posting when one of the drifts opened."""
    amendable = company().governance.model_copy(update={"late_retention_seconds": 60})
    flapping = quarrel(Company(amendable), times)
    flapping.heard(heard)
    flapping.row("erp", "ledger_posting", "L2", posted_at, "E", status="Posted")
    flapping.heard(heard + 1)
    return flapping


def test_an_opening_that_never_was_does_not_count() -> None:
    flapping = without_one(3, posted_at=30, heard=40)

    assert [d["how"] for d in flapping.drifts(NAME)] == ["retracted"]


def test_where_too_many_are_left_without_it_the_flapping_stands() -> None:
    flapping = without_one(4, posted_at=42, heard=50)

    assert sorted(d["how"] for d in flapping.drifts(KIND)) == ["retracted", "self_healed", "self_healed", "self_healed"]
    assert told(flapping) == [("I", "open", 36, None)]


def test_a_drift_that_goes_from_customer_to_customer_and_back_opened_once() -> None:
    moving = company()
    for account in ("A", "A2"):
        moving.row("crm", "Account", account, 1)
    moving.row("billing", "account", "B", 1, crm_account_id="A")
    moving.row("billing", "invoice", "I", 2, "B", status="Posted")
    for at, account in ((21, "A2"), (22, "A"), (23, "A2"), (24, "A"), (25, "A2"), (26, "A")):
        moving.row("billing", "account", "B", at, crm_account_id=account)
    moving.heard(40)

    assert told(moving) == []


def test_any_order_of_the_sources_says_the_same() -> None:
    expected = quarrel(company(), 5)
    expected.heard(500)

    for seed in range(8):
        shuffled = quarrel(company(), 5, run=False)
        shuffled.heard(500, run=False)
        rng, driver = random.Random(seed), shuffled.driver
        while places := sorted(place for place, queue in driver.queues.items() if queue):
            driver.run_one(rng.choice(places))
            if rng.random() < 0.2:
                driver.crash()
        assert told(shuffled) == told(expected)
