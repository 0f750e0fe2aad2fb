"""How long an obligation counts, and by the close of which period it is due at the latest, asked directly."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from schemas.instants import ALWAYS, NEVER, SECOND, Instant, from_datetime
from streams.governance.ignore import IgnoreRule
from streams.governance.kind import Segment
from streams.governance.model import Governance
from streams.judge.closing import Close, closes, in_period
from streams.judge.counting import clock_of
from streams.judge.obligation import Clock
from streams.kinds.table import BY_NAME
from tests.dossiers.model import Change
from tests.dossiers.stage import five_systems
from tests.unit.looked_at import looking, record
from tests.unit.test_governance_calendar import at

POSTED, REVENUE, AMOUNTS = "invoice_not_posted", "revenue_schedule_missing", "invoice_amount_mismatch"
SLA, HOLD, SKEW = 10 * SECOND, 3 * SECOND, 2 * SECOND
LIVE = datetime(2026, 1, 1, tzinfo=UTC)
NOW = at(2026, 3, 10, 12)
END_OF_MARCH = at(2026, 3, 31, 22)
"""In Berlin."""
PERIODS = {"period_ends": (date(2026, 3, 31), date(2026, 4, 30))}
ACCOUNT = record("crm", "customer", "A", legal_entity="DE01", segment="small")


def governed(kind: str = POSTED, *, entity: Any = None, skew: int = 0, ignore: Any = None, **rules: Any) -> Governance:
    base = five_systems()
    times = {"sla_seconds": SLA / SECOND, "sla_business_days": None, "hold_down_seconds": HOLD / SECOND}
    known = base.kinds[kind].model_copy(update={**times, "segments": {}, **rules})
    company = base.entities["DE01"]
    company = company.model_validate({**company.model_dump(), **(entity or {})})
    erp = base.systems["erp"].model_copy(update={"max_clock_skew_seconds": skew})
    product = base.systems["product"].model_copy(update={"max_clock_skew_seconds": 99})
    return base.model_copy(
        update={
            "kinds": {**base.kinds, kind: known},
            "entities": {"DE01": company},
            "systems": {**base.systems, "erp": erp, "product": product},
            "go_live_at": LIVE,
            "ignore": ignore or {},
            "judged": (kind,),
            "derived": {},
        }
    )


def clock(governance: Governance, *records: Change, native_id: str | None = "I", kind: str = POSTED) -> Clock:
    now = looking(governance, NOW, *(records or (ACCOUNT,)))
    return clock_of(now, BY_NAME[kind], "billing", native_id)


def test_it_counts_as_its_kind_is_governed_and_from_when_the_deployment_went_live() -> None:
    for kind, counts in ((POSTED, "deadline"), (AMOUNTS, "grace")):
        found = clock(governed(kind), kind=kind)
        assert found == Clock(counts, SLA, HOLD, from_datetime(LIVE))
        assert found.ignored_until == NEVER


def test_the_rules_may_be_others_than_those_it_was_judged_by() -> None:
    for rules in ({}, {"segments": {"small": Segment(sla_seconds=30)}}):
        now = looking(governed(**rules), NOW, ACCOUNT)
        assert [clock_of(now, BY_NAME[POSTED], "billing", new_rules=new).new_rules for new in (True, False)] == [
            True, False,
        ]  # fmt: skip


def test_clocks_that_may_differ_are_allowed_for() -> None:
    assert clock(governed(skew=2)).sla == SLA + SKEW
    assert clock(governed(skew=2, segments={"small": Segment(sla_seconds=30)})).sla == 30 * SECOND + SKEW


def test_a_segment_has_times_of_its_own() -> None:
    segments = {"small": Segment(sla_seconds=30), "large": Segment(sla_seconds=50)}
    governance = governed(segments=segments)

    assert (clock(governance).sla, clock(governance, record("crm", "customer", "A")).sla) == (30 * SECOND, SLA)
    assert clock(governance).hold_down == HOLD
    assert clock(governance).go_live == from_datetime(LIVE)


def test_business_days_take_the_place_of_seconds() -> None:
    found = clock(governed(skew=2, sla_business_days=2))

    assert found.ends is not None
    assert (found.sla, found.ends(NOW)) == (SKEW, at(2026, 3, 12, 23))
    assert clock(governed(sla_business_days=0)).ends is None
    # One segment counts them, so for the others it is looked at as well.
    some = governed(segments={"small": Segment(sla_business_days=1)})
    assert (clock(some).sla, clock(some, record("crm", "customer", "A")).sla) == (0, SLA)


def ignoring(**more: Any) -> dict[str, IgnoreRule]:
    stated = {"kind": POSTED, "reason": "agreed", "by": "cfo", "expires_at": "1970-01-01T00:01:00Z"}
    return {"i": IgnoreRule.model_validate({**stated, **(more or {"native_id": "I"})})}


@pytest.mark.parametrize(
    ("rule", "until"),
    [
        ({"native_id": "I"}, 60 * SECOND),
        ({"native_id": "J"}, NEVER),
        ({"system": "billing"}, 60 * SECOND),
        ({"system": "erp"}, NEVER),
        ({"customer": "crm:A"}, 60 * SECOND),
        ({"customer": "crm:Z"}, NEVER),
        ({"native_id": "I", "kind": AMOUNTS}, NEVER),
    ],
)
def test_what_is_ignored_is_so_until_the_rule_that_names_it_expires(rule: dict[str, str], until: Instant) -> None:
    governance = governed(ignore=ignoring(**rule))

    assert clock(governance).ignored_until == until
    assert clock(governance, native_id=None).ignored_until == NEVER


def test_of_several_rules_the_last_to_expire_counts() -> None:
    (first,), (later,) = ignoring().values(), ignoring(native_id="I", expires_at="1970-01-01T00:02:00Z").values()

    assert clock(governed(ignore={"a": first, "b": later})).ignored_until == 120 * SECOND


# -- the close of a period


def invoice(**told: Any) -> Change:
    return record("billing", "invoice", "I", **told)


def close(demanded_at: Instant, *records: Change, entity: Any = None, kind: str = POSTED) -> Close | None:
    now = looking(governed(kind, entity=PERIODS if entity is None else entity), NOW, *records)
    by = closes(now, BY_NAME[kind], "billing", "I" if kind == POSTED else "S", SKEW)
    assert by is not None
    return by(demanded_at)


MARCH, APRIL = Close(END_OF_MARCH + SKEW, "2026-03-31"), Close(at(2026, 4, 30, 22) + SKEW, "2026-04-30")


@pytest.mark.parametrize(
    ("demanded_at", "stated", "closing"),
    [
        (NOW, None, MARCH),
        (END_OF_MARCH - 1, None, MARCH),
        (END_OF_MARCH, None, APRIL),
        (NOW, "2026-04-01", APRIL),
        (NOW, "2026-02-01", MARCH),
        (NOW, "2026-05-01", None),
        (at(2026, 5, 2), "2026-03-01", None),
        (NOW, "9999-12-31", None),
    ],
)
def test_it_belongs_into_the_period_in_which_it_is_demanded_or_into_that_of_a_later_day_that_it_states(
    demanded_at: Instant, stated: str | None, closing: Close | None
) -> None:
    assert close(demanded_at, ACCOUNT, invoice(issued_on=stated)) == closing


def test_what_is_demanded_or_dated_for_never_is_not_due_by_any_close() -> None:
    monthly = {"monthly_periods": True}
    never = close(NOW, ACCOUNT, invoice(issued_on="9999-12-31"), entity=monthly)

    assert never is not None
    assert never.at >= ALWAYS
    assert close(ALWAYS, ACCOUNT, invoice(), entity=monthly) is None
    assert close(NOW, ACCOUNT, invoice(), entity=monthly) == MARCH


def test_of_what_is_not_there_nothing_is_due() -> None:
    assert close(NOW, ACCOUNT) is None


def test_the_period_is_one_of_the_company_that_the_document_names() -> None:
    assert close(NOW, ACCOUNT, invoice(legal_entity="US01")) is None
    assert close(NOW, invoice(legal_entity="DE01")) == MARCH
    assert close(NOW, invoice()) is None


def test_periods_matter_where_some_are_governed_and_to_kinds_that_are_booked() -> None:
    assert clock(governed(entity=PERIODS)).closes is not None
    assert clock(governed(entity=PERIODS), native_id=None).closes is None
    assert clock(governed()).closes is None
    assert clock(governed(AMOUNTS, entity=PERIODS), kind=AMOUNTS).closes is None
    assert clock(governed(entity=PERIODS), ACCOUNT, invoice()).due_by(END_OF_MARCH - 1).period == "2026-03-31"


def test_what_is_expected_names_the_period_whose_close_makes_it_due() -> None:
    assert in_period("it", "2026-03-31") == "it, before the accounting period closes that ends on 2026-03-31"
    assert in_period("it", "") == "it"
