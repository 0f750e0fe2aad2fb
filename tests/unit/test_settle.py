"""One obligation is judged at every instant that is decided, and what is left of it is kept."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.instants import ALWAYS
from schemas.source import ALL_OBJECTS
from streams.governance.in_force import InForce
from streams.judge.keys import MARKS, ObligationKey, holes_prefix
from streams.judge.obligation import Obligation, Trigger
from streams.judge.settle import settle
from tables.view import Value, Workspace
from tables.watermarks import LINKS, name
from tests.dossiers.model import Change
from tests.dossiers.stage import five_systems
from tests.unit.looked_at import CUSTOMER, record, workspace

POSTED, STALLED, AMOUNTS = "invoice_not_posted", "activation_stalled", "invoice_amount_mismatch"
CLEARED = "delinquency_not_cleared"
SLA = 10
SUBJECTS = {POSTED: ("billing", "I"), AMOUNTS: ("billing", "I"), STALLED: ("billing", "S"), CLEARED: ("crm", "A")}


def ruled(kind: str) -> InForce:
    base = five_systems()
    rules = base.kinds[kind].model_copy(update={"sla_seconds": SLA / 1_000_000, "sla_business_days": None})
    return InForce.only(base.model_copy(update={"kinds": {**base.kinds, kind: rules}, "judged": (kind,)}))


def key_of(kind: str) -> ObligationKey:
    return ObligationKey(CUSTOMER, kind, *SUBJECTS[kind])


def settled(
    kind: str, until: int, *records: Change, holes: dict[str, int] | None = None, **obligation: Any
) -> Value | None:
    """What is kept of the obligation."""
    ws, text = workspace(*records), key_of(kind).text()
    ws.put(text, Obligation(**obligation).as_json())
    for place, at in (holes or {}).items():
        ws.put(f"{holes_prefix(CUSTOMER)}{place}/L1", {"at": at})
    settle(ws, ruled(kind), text, until)
    return ws.get(text)


TOTAL = {"amount": "119.00", "currency": "EUR", "basis": "gross"}


def invoice(at: float = 3, status: str = "posted") -> Change:
    return record("billing", "invoice", "I", at, number="N-1", status=status, total=TOTAL)


def subscription(at: float = 3) -> Change:
    return record("billing", "subscription", "S", at, number="S-1", status="draft")


ARMED = Obligation("armed", Trigger(3, "v3"), Trigger(3, "v3"), 3 + SLA, settled=3, next=3 + SLA)


@pytest.mark.parametrize(("until", "kept"), [(2, Obligation(next=3)), (3, ARMED), (12, ARMED)])
def test_an_instant_is_judged_once_it_is_decided(until: int, kept: Obligation) -> None:
    assert settled(POSTED, until, invoice(), next=3) == kept.as_json()


def test_so_is_every_further_one_up_to_then() -> None:
    kept = Obligation.from_json(settled(POSTED, 13, invoice(), next=3))

    assert (kept.status, kept.opened_at, kept.settled, kept.next) == ("open", 13, 13, ALWAYS)


def test_of_what_is_not_demanded_nothing_is_kept() -> None:
    assert settled(POSTED, 5, invoice(status="draft"), next=3) is None
    assert settled(POSTED, 5, next=3) is None
    assert settled(AMOUNTS, 5, invoice(), next=3) is None
    assert settled(AMOUNTS, 5, invoice(), record("erp", "ledger_posting", "L", 3, document_type="invoice",
                   document_ref="N-1", status="posted", total="119.00 EUR"), next=3) is None  # fmt: skip


def test_but_until_when_it_is_to_be_looked_at_again() -> None:
    assert settled(POSTED, 5, invoice(status="draft"), invoice(9), next=3) == Obligation(settled=3, next=9).as_json()


def test_what_another_record_may_demand_is_kept_within_reach() -> None:
    assert settled(STALLED, 5, subscription(), next=3) == Obligation("waiting", settled=3).as_json()


def test_what_was_waited_for_and_is_not_demanded_any_more_is_forgotten() -> None:
    assert settled(STALLED, 5, status="waiting", settled=2, next=3) is None


def test_what_is_held_is_not_judged() -> None:
    assert settled(POSTED, 5, invoice(), held="L1", next=3) == Obligation(held="L1", next=3).as_json()


@pytest.mark.parametrize(
    ("place", "at", "held"),
    [
        ("erp/ledger_posting", 2, True),
        ("erp/*", 2, True),
        ("erp/ledger_posting", 3, False),  # what is missing is from after the instant
        ("erp/customer", 2, False),
        ("crm/ledger_posting", 2, False),
        ("crm/*", 2, False),
    ],
)
def test_it_is_held_while_evidence_that_it_needs_is_missing(place: str, at: int, held: bool) -> None:
    kept = Obligation.from_json(settled(POSTED, 3, invoice(), holes={place: at}, next=3))

    assert (kept.held, kept.settled == 3) == (("L1", False) if held else (None, True))


def test_what_waited_for_a_leaving_waits_no_longer_than_that() -> None:
    assert settled(POSTED, 3, invoice(), next=3, awaits=1) == ARMED.as_json()


def test_what_is_not_there_is_not_judged() -> None:
    ws = Workspace(workspace(invoice()))

    settle(ws, ruled(POSTED), key_of(POSTED).text(), 99)

    assert ws.writes == {}


ONCE = Trigger(3, "v3")
DRIFT = {
    "drift_id": "D",
    "status": "open",
    "opened_at": 13,
    "mode": "alert",
    "command_id": None,
    "amount_at_stake": None,
}
POSTING = record("erp", "ledger_posting", "L", 9, document_type="invoice", document_ref="N-1", status="posted")


def judged_again(frontier: int, obligation: Obligation, *records: Change) -> Obligation:
    """By late evidence, while nothing behind the frontier can be amended."""
    ws, key = workspace(*records), key_of(POSTED)
    base = ruled(POSTED).newest.model_copy(update={"late_retention_seconds": 0, "partitions": 1})
    heard = {name(s, of): {"0": [0, "streaming", frontier]} for s in base.systems for of in (ALL_OBJECTS, LINKS)}
    ws.put(MARKS, heard)
    ws.put(key.text(), obligation.as_json())
    settle(ws, InForce.only(base), key.text(), 99)
    return Obligation.from_json(ws.get(key.text()))


@pytest.mark.parametrize(
    ("frontier", "next_", "status", "amends"),
    [
        (12, 20, "met", "retracted"),
        (13, 20, "met", "retracted"),
        (14, 20, "closed", ""),  # its opening can be looked at no more, so it heals
        (13, 21, "closed", ""),  # no late evidence
    ],
)
def test_what_opened_is_retracted_as_long_as_its_opening_can_be_looked_at(
    frontier: int, next_: int, status: str, amends: str
) -> None:
    opened = Obligation("open", ONCE, ONCE, 13, 13, settled=20, next=next_, drift=DRIFT)

    after = judged_again(frontier, opened, invoice(), POSTING)

    assert (after.status, after.amends, after.drift) == (status, amends, None)


@pytest.mark.parametrize(
    ("frontier", "met_at", "opened_at"),
    [(13, None, 13), (14, None, 30), (14, 15, 15), (15, 15, 15), (16, 15, 30)],
)
def test_what_was_met_is_judged_anew_as_long_as_that_can_be_looked_at(
    frontier: int, met_at: int | None, opened_at: int
) -> None:
    """Else what had answered it was lost as of now, and is demanded anew."""
    met = Obligation("met", ONCE, ONCE, 13, settled=20, next=20, met_at=met_at)

    after = judged_again(frontier, met, invoice())

    assert (after.status, after.opened_at) == ("open", opened_at)


def test_what_late_evidence_leaves_as_it_was_stays_so() -> None:
    met = Obligation("met", ONCE, ONCE, 13, settled=20, next=20)
    closed = Obligation("closed", ONCE, ONCE, 13, 13, settled=20, next=20)

    assert judged_again(13, met, invoice(), POSTING) == met._replace(next=ALWAYS)
    assert judged_again(13, closed, invoice(), POSTING) == closed._replace(next=ALWAYS)
    assert judged_again(13, met, invoice(status="draft")) == Obligation()


def test_what_is_lost_without_late_evidence_was_met() -> None:
    met = Obligation("met", ONCE, ONCE, 13, settled=20, next=21)

    assert judged_again(13, met, invoice()).opened_at == 21 + SLA


def test_what_is_answered_at_once_is_met_when_it_is_due() -> None:
    assert settled(POSTED, 9, invoice(), POSTING._replace(at=3), next=3) == ARMED.as_json()


def test_in_order_is_kept_within_reach_of_what_may_touch_any_subject() -> None:
    account = record("crm", "customer", "A", 3, status="active", delinquent=False)

    assert settled(CLEARED, 5, account, next=3) == Obligation("waiting", settled=3).as_json()
    assert (
        settled(CLEARED, 5, account, status="waiting", settled=2, next=3)
        == Obligation("waiting", settled=3, unchanged_since=2).as_json()
    )


def test_what_is_not_demanded_any_more_is_due_at_no_time() -> None:
    again = settled(POSTED, 5, invoice(status="draft"), invoice(9), due=11, next=3)

    assert again == Obligation(settled=3, next=9).as_json()
