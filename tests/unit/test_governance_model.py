"""What is governed about companies, money, owners and segments."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

from schemas.entities import ENTITIES
from schemas.instants import from_datetime
from streams.governance import load
from tests.unit.governance_folder import folder_of

PARALLEL = """
systems:
  erp: {serves: {DE01: 2020-01-01, UK01: 2020-01-01}}
  erp_new:
    {vendor: postgresql, role: erp, stale_after_seconds: 300, horizon_seconds: 2, serves: {DE01: 2026-07-01}}
"""


def test_every_entity_has_owners_by_default() -> None:
    assert load().ownership.keys() == ENTITIES.keys()


def test_an_attribute_has_the_owner_named_for_it_else_that_of_its_entity() -> None:
    governed = load()

    owners = [
        governed.owner_role(*of) for of in (("invoice", "total"), ("invoice", "tax_code"), ("customer", "domain"))
    ]

    assert owners == ["billing", "erp", None]


def test_the_erp_owns_what_is_on_an_invoice_about_its_payer_but_for_the_name() -> None:
    """Bill-to and registration, by default; kind 30 compares only what somebody owns."""
    governed = load()

    assert {governed.owner_role("customer", a) for a in ("street", "city", "postal_code", "registration_number")} == {
        "erp"
    }


def test_a_folder_may_decide_otherwise_than_the_defaults(tmp_path: Path) -> None:
    assert load(folder_of(tmp_path, ownership="customer: {name: erp}")).owner_role("customer", "name") == "erp"


def test_the_narrowest_route_decides_who_sells(tmp_path: Path) -> None:
    routing = '{US: US01, US-PR: DE01, "*": UK01}'
    finance = load(folder_of(tmp_path, finance=f"routing: {routing}")).finance

    sellers = [
        finance.sells(*place) for place in (("US", "PR"), ("US", "CA"), ("US", None), ("BR", None), (None, None))
    ]

    assert sellers == ["DE01", "US01", "US01", "UK01", "UK01"]


def test_accounts_of_a_product_are_its_own_else_those_of_all(tmp_path: Path) -> None:
    products = 'product_to_gl: {SEAT: {revenue: "4000"}, "*": {revenue: "4999"}}'
    finance = load(folder_of(tmp_path, finance=products)).finance

    assert [accounts and accounts.revenue for accounts in map(finance.accounts, ("SEAT", "OTHER"))] == ["4000", "4999"]
    assert load().finance.accounts("SEAT") is None


def test_a_kind_without_a_tolerance_has_that_of_finance(tmp_path: Path) -> None:
    kinds = load(folder_of(tmp_path, finance='tolerances: {absolute: "0.05"}')).kinds

    assert kinds["invoice_not_posted"].tolerance_absolute == Decimal("0.05")
    assert kinds["contract_value_mismatch"].tolerance_absolute == Decimal("1.00")


def test_a_segment_changes_what_it_names_and_nothing_else(tmp_path: Path) -> None:
    segments = "{enterprise: {sla_seconds: 60, severity: S1}}"
    governed = load(folder_of(tmp_path, kinds=f"activation_stalled: {{segments: {segments}}}"))
    everyone, theirs = (governed.rules("activation_stalled", segment) for segment in (None, "enterprise"))

    assert theirs == everyone.model_copy(update={"sla_seconds": 60, "severity": "S1"})
    assert governed.rules("activation_stalled", "mid_market") is everyone
    assert governed.rules("activation_stalled", "enterprise") is theirs


def test_a_segment_may_count_seconds_where_everyone_counts_business_days(tmp_path: Path) -> None:
    kind = "activation_stalled: {sla_business_days: 2, segments: {enterprise: {sla_seconds: 60}}}"
    governed = load(folder_of(tmp_path, kinds=kind))

    assert governed.rules("activation_stalled", None).sla_business_days == 2
    assert governed.rules("activation_stalled", "enterprise").sla_business_days is None


def test_a_folder_that_states_seconds_takes_business_days_away(tmp_path: Path) -> None:
    kind = "payment_unmatched"
    assert load().kinds[kind].sla_business_days == 1

    below = folder_of(
        tmp_path / "1", kinds=f"{kind}: {{sla_seconds: 60, segments: {{enterprise: {{sla_business_days: 3}}}}}}"
    )
    above = folder_of(tmp_path / "2", kinds=f"{kind}: {{segments: {{enterprise: {{sla_seconds: 9}}}}}}")

    assert load(below).kinds[kind].sla_business_days is None
    assert load(below).rules(kind, "enterprise").sla_business_days == 3
    assert load(below, above).rules(kind, "enterprise").sla_business_days is None
    assert load(below, above).rules(kind, "enterprise").sla_seconds == 9


def test_a_folder_may_state_both_and_another_decision_leaves_them(tmp_path: Path) -> None:
    both = folder_of(tmp_path / "1", kinds="payment_unmatched: {sla_seconds: 60, sla_business_days: 2}")
    other = folder_of(tmp_path / "2", kinds="payment_unmatched: {severity: S2}")

    assert load(both).kinds["payment_unmatched"].sla_business_days == 2
    assert load(other).kinds["payment_unmatched"].sla_business_days == 1


def test_a_system_that_says_nothing_serves_every_company_from_the_beginning() -> None:
    governed = load()

    assert governed.for_entity("erp", "DE01", date(1990, 1, 1)) == ("erp",)
    assert governed.for_entity("erp", None, date(1990, 1, 1)) == ("erp",)


def test_who_took_over_last_is_in_charge_and_the_older_runs_in_parallel(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, systems=PARALLEL, mappings__erp_new="{}")
    governed = load(folder)

    def served(entity: str, *day: int) -> tuple[str, ...]:
        return governed.for_entity("erp", entity, date(*day))

    assert served("DE01", 2026, 6, 30) == ("erp",)
    assert served("DE01", 2026, 7, 1) == ("erp_new", "erp")
    assert served("UK01", 2026, 7, 1) == ("erp",)
    assert served("US01", 2026, 7, 1) == ()


def test_an_ignore_rule_covers_what_it_names_alone(tmp_path: Path) -> None:
    what = "kind: invoice_not_posted, system: billing, native_id: I-1"
    text = f"old: {{{what}, reason: r, by: ada, expires_at: 2027-01-01T00:00:00Z}}"
    (rule,) = load(folder_of(tmp_path, ignore=text)).ignoring("invoice_not_posted")

    assert [rule.covers("crm:A", *of) for of in (("billing", "I-1"), ("billing", "I-2"), ("erp", "I-1"))] == [
        True, False, False,
    ]  # fmt: skip
    assert rule.until == from_datetime(datetime(2027, 1, 1, tzinfo=UTC))


def test_books_are_frozen_through_the_last_day_of_the_freeze(tmp_path: Path) -> None:
    freeze = "US01: {close_freezes: [{begins: 2026-02-01, ends: 2026-02-02}, {begins: 2026-02-05, ends: 9999-12-31}]}"
    company = load(folder_of(tmp_path, entities=freeze)).entities["US01"]

    last = date(2026, 2, 2)
    assert [company.frozen_to(date(2026, 2, day)) for day in (1, 2, 3, 5)] == [last, last, None, date.max]
    assert company.frozen_to(date.max) == date.max


def test_a_freeze_that_goes_on_in_another_ends_with_that(tmp_path: Path) -> None:
    spans = ("2026-02-03, ends: 2026-02-04", "2026-02-01, ends: 2026-02-02", "2026-02-02, ends: 2026-02-02")
    freezes = ", ".join(f"{{begins: {span}}}" for span in spans)
    company = load(folder_of(tmp_path, entities=f"US01: {{close_freezes: [{freezes}]}}")).entities["US01"]

    assert company.frozen_to(date(2026, 2, 1)) == date(2026, 2, 4)


def test_no_is_norway(tmp_path: Path) -> None:
    company = "NO01: {country: NO, currency: NOK, zone: Europe/Oslo}"

    assert load(folder_of(tmp_path, entities=company)).entities["NO01"].country == "NO"
