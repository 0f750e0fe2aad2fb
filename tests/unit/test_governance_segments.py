"""Rules of a customer's segment, and who is in charge for its legal entity: as of the instant, in any order."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from schemas import topics
from schemas.instants import SECOND
from streams.governance.model import Segment
from streams.judge.gates import needed
from streams.kinds.table import BY_NAME
from tests.dossiers.model import change
from tests.dossiers.stage import THE_END, Play
from tests.unit.governed_company import KIND, account, any_order, company, invoice, obligations, opened_at, play_of

ENTERPRISE = Segment(sla_seconds=4, severity="S1", finance_impacting=False, mode="alert")
SEGMENTS = {"enterprise": ENTERPRISE, "small": Segment(sla_seconds=30)}
TWO_ERPS = {
    "erp": {"serves": {"DE01": date(1970, 1, 1)}},
    "product": {"role": "erp", "serves": {"UK01": date(1970, 1, 1)}},
}


def test_a_customer_without_segment_has_everyones_deadline() -> None:
    assert opened_at(company((invoice(3),), segments=SEGMENTS)) == [13]


@pytest.mark.parametrize(("segment", "at"), [("enterprise", 7), ("small", 33), ("unheard of", 13)])
def test_the_deadline_is_that_of_the_segment(segment: str, at: float) -> None:
    assert opened_at(company((account(2, segment=segment), invoice(3)), segments=SEGMENTS)) == [at]


def test_what_runs_keeps_the_deadline_under_which_it_was_armed() -> None:
    story = (account(2, segment="small"), invoice(3), account(5, segment="enterprise"))

    assert opened_at(company(story, segments=SEGMENTS)) == [33]


def test_a_drift_says_whose_rules_it_was_judged_by() -> None:
    play = company((account(2, segment="enterprise"), invoice(3)), segments=SEGMENTS)
    play.heard(THE_END).run()
    (drift,) = play.drifts()

    said = {name: drift[name] for name in ("segment", "severity", "finance_impacting", "mode", "command_id")}
    assert said == {
        "segment": "enterprise", "severity": "S1", "finance_impacting": False, "mode": "alert", "command_id": None,
    }  # fmt: skip


def test_severity_is_that_of_the_segment_at_the_opening() -> None:
    """Deadlines keep what they were armed under; how bad it is, is said when it opens."""
    story = (account(2, segment="small"), invoice(3), account(5, segment="enterprise"))
    play = company(story, segments=SEGMENTS)
    play.heard(THE_END).run()

    assert [(drift["segment"], drift["mode"]) for drift in play.drifts()] == [("enterprise", "alert")]


def test_a_kind_waits_for_the_customers_record_only_where_segments_are_governed() -> None:
    kind = BY_NAME[KIND]
    without, with_ = (company((), **rules).governance for rules in ({}, {"segments": SEGMENTS}))

    assert set(needed(with_, kind, "billing")) - set(needed(without, kind, "billing")) == {("crm", "customer")}


def test_it_is_unknown_until_the_customers_segment_is_known() -> None:
    play = company((account(2, segment="small"), invoice(3)), segments=SEGMENTS)
    play.heard(THE_END, *(s for s in play.governance.systems if s != "crm")).heard(32, "crm").run()
    assert play.drifts() == []

    assert opened_at(play) == [33]


STORIES = {
    "a segment that comes after the trigger": (invoice(3), account(4, segment="enterprise")),
    "a segment that changes twice": (
        account(2, segment="small"), invoice(3), account(5, segment="enterprise"), invoice(6, "draft"), invoice(8),
        account(9, segment="small"), account(10, segment="small", country="FR"),
    ),
    "at the very instant of the trigger": (account(3, segment="enterprise"), invoice(3), account(7, segment="small")),
}  # fmt: skip


@pytest.mark.law
@pytest.mark.parametrize("what", STORIES)
@pytest.mark.parametrize("seed", range(12))
def test_any_order_gives_the_same_verdicts(what: str, seed: int) -> None:
    expected = company(STORIES[what], segments=SEGMENTS)
    expected.heard(THE_END).run()
    assert expected.lives()

    assert any_order(company(STORIES[what], segments=SEGMENTS), seed) == expected.lives()


MISMATCH = (
    account(2, segment="enterprise"),
    change(3, "crm", "opportunity", "O", stage="won", value="1000 EUR"),
    change(4, "billing", "subscription", "S", status="active", number="S-1", opportunity_ref="O",
           contract_ref="K", total_value="1005 EUR", term_months=12),
    change(4, "erp", "contract", "C", number="K", status="active", value="1000 EUR", term_months=12),
)  # fmt: skip
TOLERANCES = {"tolerance_absolute": 1, "segments": {"enterprise": Segment(tolerance_absolute=Decimal(10))}}


@pytest.mark.parametrize("seed", range(6))
def test_a_mismatch_tolerated_in_one_segment_opens_when_the_customer_leaves_it(seed: int) -> None:
    story = (*MISMATCH, account(50, segment="small"))

    def play() -> Play:
        return play_of("contract_value_mismatch", story, **TOLERANCES)

    assert opened_at(play()) == [60]
    assert any_order(play(), seed) == play().heard(THE_END).run().lives()


def _target(story: Any, **decided: Any) -> set[tuple[str, float]]:
    play = company(story, **decided)
    play.heard(THE_END).run()
    issued = [w.value for w in play.driver.written[topics.COMMANDS] if w.value]
    return {(command["target_system"], drift["opened_at"] / SECOND) for command in issued for drift in play.drifts()}


def test_a_correction_goes_to_the_system_in_charge_of_the_legal_entity() -> None:
    assert _target((account(2, legal_entity="UK01"), invoice(3)), systems=TWO_ERPS) == {("product", 13)}
    assert _target((account(2, legal_entity="DE01"), invoice(3)), systems=TWO_ERPS) == {("erp", 13)}


def test_without_a_legal_entity_the_country_decides() -> None:
    assert _target((account(2, country="GB"), invoice(3)), systems=TWO_ERPS) == {("product", 13)}


def test_commands_to_books_that_are_being_closed_are_proposed() -> None:
    day = {"begins": date(1970, 1, 1), "ends": date(1970, 1, 1)}
    modes = []
    for entity in ("DE01", "UK01"):
        play = company((account(2, legal_entity=entity), invoice(3)))
        closing = play.governance.entities["DE01"].model_validate(
            {**play.governance.entities["DE01"].model_dump(), "close_freezes": (day,)}
        )
        entities = {**play.governance.entities, "DE01": closing}
        play = company((account(2, legal_entity=entity), invoice(3)), top={"entities": entities})
        play.heard(THE_END).run()
        modes += [drift["mode"] for drift in play.drifts()]

    assert modes == ["propose", "execute"]


def test_a_subject_long_in_order_is_found_by_the_change_of_segment() -> None:
    play = play_of("contract_value_mismatch", MISMATCH, **TOLERANCES).heard(45).run()
    assert play.drifts() == []

    play.tell((account(50, segment="small"),))

    assert opened_at(play) == [60]


def test_other_changes_of_the_customer_wake_nothing() -> None:
    play = play_of("contract_value_mismatch", MISMATCH, **TOLERANCES).heard(45).run()
    before = obligations(play)

    play.tell((account(50, segment="enterprise", email="new@acme.example"),))
    play.run()

    assert obligations(play) == before


def test_the_segment_of_then_is_kept_as_long_as_a_verdict_about_then_is_held_back() -> None:
    play = company((account(2, segment="small"),), segments=SEGMENTS, top={"late_retention_seconds": 0})
    play.run()
    hole = {"canonical_id": "crm:A", "system": "billing", "entity": "invoice", "letter_id": "x"}
    play.driver.pipe(topics.CHANGES, "crm:A", "HoleOpened", {**hole, "opened_at": SECOND})
    play.tell((invoice(3),))
    play.run().heard(100).run()
    for at in (110, 120, 130):
        play.tell((account(at, segment="enterprise", email=f"{at}@acme.example"),))
        play.run().heard(at + 1).run()
    assert play.drifts() == []

    play.driver.pipe(topics.CHANGES, "crm:A", "HoleClosed", {**hole, "how": "replayed"})

    assert opened_at(play) == [33]
