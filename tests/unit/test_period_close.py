"""What belongs into an accounting period is due before that closes, if its deadline does not come first."""

from __future__ import annotations

import random
from datetime import date
from typing import Any

import pytest

from schemas.instants import SECOND, iso
from streams.kinds.table import BY_NAME
from streams.look.sources import waiting
from streams.look.why import Explanation, explain
from tests.dossiers.model import Change, Story, change
from tests.dossiers.revenue_schedule_missing import subscription
from tests.dossiers.reversal_incomplete import posting
from tests.dossiers.stage import Play, five_systems
from tests.unit.governed_company import account, invoice, invoice_view, play_of
from tests.unit.test_governance_calendar import at

HOUR = 3600
MARCH = {"period_ends": (date(2026, 3, 31), date(2026, 4, 30))}
CLOSE = at(2026, 3, 31, 22) / SECOND
"""Of March, in Berlin."""
DAY = 86_400


def periods(code: str = "DE01", **stated: Any) -> dict[str, Any]:
    entities = five_systems().entities
    decided = entities[code].model_validate({**entities[code].model_dump(), **(stated or MARCH)})
    return {"entities": {**entities, code: decided}}


def company(*story: Change, kind: str = "invoice_not_posted", top: Any = None, **rules: Any) -> Play:
    rules = rules or {"sla_seconds": 2 * HOUR}
    home = account(CLOSE - 30 * DAY, legal_entity="DE01")
    return play_of(kind, (home, *story), top=periods() if top is None else top, **rules)


def dated(begun: float, day: str | None = None, **more: Any) -> Change:
    """A posted invoice that says its day."""
    stated = {"number": "INV-7", "status": "posted", "total": "119.00 EUR", "issued_on": day}
    return change(begun, "billing", "invoice", "I", **stated, **more)


def opens_at(play: Play) -> str:
    play.heard(CLOSE + 300 * DAY).run()
    (drift,) = play.drifts()
    return str(iso(drift["opened_at"]))


def seconds(text: float) -> str:
    return str(iso(round(text * SECOND)))


EARLY, JUST_BEFORE = CLOSE - 3 * HOUR, CLOSE - HOUR
DUE = {
    # what: (invoice, when it is due)
    "its deadline comes first": (invoice(EARLY), EARLY + 2 * HOUR),
    "the close comes first": (invoice(JUST_BEFORE), CLOSE),
    "the close comes with its deadline": (invoice(CLOSE - 2 * HOUR), CLOSE),
    "posted at the close, it belongs into the next period": (invoice(CLOSE), CLOSE + 2 * HOUR),
    "dated in the next period": (dated(JUST_BEFORE, "2026-04-01"), JUST_BEFORE + 2 * HOUR),
    "dated in a period that is over": (dated(JUST_BEFORE, "2026-02-28"), CLOSE),
    "dated beyond all periods that are governed": (dated(JUST_BEFORE, "2026-05-01"), JUST_BEFORE + 2 * HOUR),
    "dated never": (dated(JUST_BEFORE, "9999-12-31"), JUST_BEFORE + 2 * HOUR),
    "of another company than the one that serves the customer": (
        dated(JUST_BEFORE, legal_entity="US01"), JUST_BEFORE + 2 * HOUR,
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", DUE)
def test_an_invoice_is_due_by_its_deadline_or_by_the_close_of_its_period(what: str) -> None:
    posted, due = DUE[what]

    assert opens_at(company(posted)) == seconds(due)


def test_where_no_period_is_governed_the_deadline_counts() -> None:
    assert opens_at(company(invoice(JUST_BEFORE), top={})) == seconds(JUST_BEFORE + 2 * HOUR)
    assert opens_at(company(invoice(JUST_BEFORE), top=periods("US01"))) == seconds(JUST_BEFORE + 2 * HOUR)


def test_a_deadline_in_business_days_ends_with_the_period_too() -> None:
    assert opens_at(company(invoice(JUST_BEFORE), sla_business_days=2)) == seconds(CLOSE)


def test_posted_at_the_close_is_in_time() -> None:
    assert company(invoice(JUST_BEFORE), posting(CLOSE)).heard(CLOSE + DAY).run().drifts() == []


def test_clocks_that_differ_are_allowed_for_at_a_close_as_well() -> None:
    play = play_of(
        "invoice_not_posted",
        (account(CLOSE - DAY, legal_entity="DE01"), invoice(JUST_BEFORE)),
        systems={"erp": {"max_clock_skew_seconds": 7}},
        top=periods(),
        sla_seconds=2 * HOUR,
    )

    assert opens_at(play) == seconds(CLOSE + 7)


CLOCKS_CHANGE = {
    # zone and last day of the period: (an invoice of an hour before, the close)
    ("Europe/Berlin", date(2026, 3, 28)): at(2026, 3, 28, 23),  # three hours before clocks go forward
    ("Africa/Cairo", date(2026, 4, 23)): at(2026, 4, 23, 22),  # midnight does not exist: at the jump
    ("America/Havana", date(2026, 10, 31)): at(2026, 11, 1, 4),  # midnight comes twice: at the first
    ("Africa/Cairo", date(2026, 10, 29)): at(2026, 10, 29, 22),  # 23:00 comes twice: after the second hour
}


@pytest.mark.parametrize("where", CLOCKS_CHANGE, ids=str)
def test_a_period_closes_at_a_definite_instant_where_clocks_change(where: tuple[str, date]) -> None:
    (zone, last), close = where, CLOCKS_CHANGE[where] / SECOND
    top = periods(zone=zone, period_ends=(last,))
    late, next_one = invoice(close - 1), invoice(close)

    assert [opens_at(company(one, top=top)) for one in (late, next_one)] == [seconds(close), seconds(close + 2 * HOUR)]


SUBSCRIPTION = subscription(JUST_BEFORE)
BOOKED = {
    # kind: (story that demands it an hour before the close, the same for what begins after it)
    "revenue_schedule_missing": (
        (SUBSCRIPTION,),
        (SUBSCRIPTION._replace(attributes={**(SUBSCRIPTION.attributes or {}), "starts_on": "2026-04-01"}),),
    ),
    "reversal_incomplete": (
        (invoice(EARLY), posting(EARLY), invoice(JUST_BEFORE, "voided")),
        (invoice(EARLY), posting(EARLY), invoice(CLOSE, "voided")),
    ),
}


@pytest.mark.parametrize("kind", BOOKED)
def test_revenue_and_reversals_belong_into_a_period_as_well(kind: str) -> None:
    before, after = ((company(*story, kind=kind)) for story in BOOKED[kind])

    assert opens_at(before) == seconds(CLOSE)
    assert opens_at(after) > seconds(CLOSE)


def test_these_kinds_are_booked_and_have_a_deadline() -> None:
    booked = {kind.name: kind.clock for kind in BY_NAME.values() if kind.booked_on is not None}

    assert booked == dict.fromkeys(("invoice_not_posted", *BOOKED), "deadline")


def test_a_loss_after_it_was_met_is_due_by_the_close_of_its_own_period() -> None:
    story = (invoice(EARLY), posting(EARLY + 60), posting(JUST_BEFORE + 60, "reversed"))

    assert opens_at(company(*story)) == seconds(CLOSE)


@pytest.mark.parametrize("seed", range(8))
def test_any_order_gives_the_same_close_though_the_company_changes(seed: int) -> None:
    story: Story = (invoice(JUST_BEFORE), account(JUST_BEFORE + 60, legal_entity="US01"))

    def play() -> Play:
        return company(*story)

    expected = play().heard(CLOSE + DAY).run().lives()
    assert {life[1] for life in expected} == {round(CLOSE * SECOND)}
    shuffled = play().heard(CLOSE + DAY).run_in_any_order(random.Random(seed), duplicates=0.2, crashes=0.1)
    assert shuffled.lives() == expected


def why(play: Play, now: float) -> Explanation:
    view = invoice_view(play)
    found = explain(view, play.governance, "crm:A", round(now * SECOND))
    return next(e for e in found if e.native_id == "I")


def test_why_says_that_the_close_makes_it_due_and_of_which_period() -> None:
    said = "2026-03-31T22:00:00.000Z, the close of the accounting period that ends on 2026-03-31"
    play = company(invoice(JUST_BEFORE)).heard(JUST_BEFORE + 1).run()

    assert why(play, JUST_BEFORE + 2).because.startswith(f"not due before {said}: invoice INV-7")
    assert f"it was due {said}, but " in why(play, CLOSE + 2).because
    assert [wait.key.kind for wait in waiting(invoice_view(play), play.governance, round((CLOSE + 2) * SECOND))] == [
        "invoice_not_posted"
    ]
    assert why(play.heard(CLOSE + 2).run(), CLOSE + 3).outcome == "open"


def test_why_names_no_period_where_its_deadline_makes_it_due() -> None:
    play = company(invoice(EARLY)).heard(EARLY + 1).run()

    assert "period" not in why(play, EARLY + 2).because


def test_the_drift_says_before_which_close_it_was_expected() -> None:
    texts = []
    for begun in (EARLY, JUST_BEFORE):
        play = company(invoice(begun)).heard(CLOSE + DAY).run()
        texts += [drift["expected"].partition("the ledger of erp")[2] for drift in play.drifts()]

    assert texts == ["", ", before the accounting period closes that ends on 2026-03-31"]


def test_what_a_version_of_governance_says_of_periods_counts_for_what_is_armed_under_it() -> None:
    play = company(invoice(JUST_BEFORE)).heard(JUST_BEFORE + 1).run()
    without = play.governance.model_copy(update={"entities": five_systems().entities})
    play.driver.publish(without, round((JUST_BEFORE + 60) * SECOND))

    assert opens_at(play) == seconds(CLOSE)
