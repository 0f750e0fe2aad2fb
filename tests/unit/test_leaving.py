"""What waits for an instant of leaving, asked directly: who leaves, who waits for which next instant, and with whom."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.instants import SECOND
from schemas.source import ALL_OBJECTS
from streams.governance.in_force import InForce
from streams.judge import leaving, retention
from streams.judge.keys import MARKS, RETENTION, ObligationKey, holes_prefix, leaving_key
from streams.judge.leaving import leave
from streams.judge.obligation import Obligation, Trigger
from streams.judge.retention import Place
from streams.judge.stage import Judge
from tables.view import Workspace
from tables.watermarks import LINKS, name
from tests.dossiers.model import Change
from tests.dossiers.stage import five_systems
from tests.unit.looked_at import CUSTOMER, record, workspace

SPAN, INSTANT = 100, 200
RULED = InForce.only(
    five_systems().model_copy(
        update={"settled_retention_seconds": SPAN / SECOND, "judged": ("invoice_not_posted",), "partitions": 1}
    )
)
WINDOW = RULED.newest.process.flapping.window
KEY = ObligationKey(CUSTOMER, "invoice_not_posted", "billing", "I")


def invoice(at: int = 5, native_id: str = "I", **told: Any) -> Change:
    return record("billing", "invoice", native_id, at, **{"number": f"N-{native_id}", "status": "posted"} | told)


def posting(at: int = 7, native_id: str = "P", ref: str = "N-I", **told: Any) -> Change:
    return record("erp", "ledger_posting", native_id, at, **{"document_ref": ref, "status": "posted"} | told)


def line(at: int = 5, **told: Any) -> Change:
    return record("billing", "invoice_line", "IL", at, **told)


def waiting(*records: Change, until: dict[str, int] | None = None) -> Workspace:
    """All heard up to the instant; each document waits for it, unless for another."""
    ws = workspace(*records)
    systems = RULED.newest.systems
    ws.put(MARKS, {name(s, of): {"0": [0, "streaming", INSTANT]} for s in systems for of in (ALL_OBJECTS, LINKS)})
    for one in records:
        place = Place(CUSTOMER, one.entity, one.system, one.native_id)
        leaves = (until or {}).get(one.native_id, INSTANT)
        ws.put(place.key, {**(ws.get(place.key) or {}), "leaves": leaves})
        retention.queue(ws, place, leaves)
    return ws


def documents(ws: Workspace) -> dict[str, int]:
    """Those that are here, and until when they wait."""
    return {key.split("/", 4)[4]: value["leaves"] for key, value in ws.range("e/", 1000)}


def left(ws: Workspace) -> dict[str, int]:
    """Those that are here when what waited for the instant is decided."""
    leave(ws, RULED, leaving_key(INSTANT))
    here = documents(ws)
    queued = [key.split("/", 5)[1::4] for key, _ in ws.range("q/", 1000)]
    assert sorted(queued) == sorted([str(leaves), native_id] for native_id, leaves in here.items())
    return here


def test_what_is_settled_leaves_with_all_that_stands_under_its_name() -> None:
    ws = waiting(invoice(native_id="2026/I"), posting(ref="N-2026/I"))
    ws.put(KEY._replace(native_id="2026/I").text(), Obligation("met", Trigger(5, "v5"), settled=15).as_json())

    assert left(ws) == {}
    assert [ws.range(prefix, 9) for prefix in ("o/", "r/", "q/")] == [[], [], []]


def test_a_slice_is_looked_at_in_one_commit_and_the_instant_is_decided_with_the_last(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(leaving, "SLICE", 2)
    ws = waiting(*(invoice(native_id=number) for number in "123"))
    assert ws.get(RETENTION) == {"first": INSTANT}

    assert left(ws) == {"3": INSTANT}
    assert ws.get(RETENTION) == {"first": INSTANT}
    assert left(ws) == {}
    assert (ws.get(leaving_key(INSTANT)), ws.get(RETENTION)) == (None, None)


def test_what_waits_anew_waits_for_an_instant_of_its_own() -> None:
    ws = waiting(invoice(status="draft"))

    assert left(ws) == {"I": INSTANT + SPAN}
    assert ws.get(RETENTION) == {"first": INSTANT + SPAN}


@pytest.mark.parametrize(
    ("changed_at", "leaves"), [(INSTANT - SPAN, {}), (101, {"I": 201, "P": 201}), (150, {"I": 250, "P": 250})]
)
def test_tied_ones_leave_a_span_after_the_last_change_of_any(changed_at: int, leaves: dict[str, int]) -> None:
    assert left(waiting(invoice(), posting(changed_at))) == leaves


def test_none_leaves_before_it_is_the_turn_of_all() -> None:
    assert left(waiting(invoice(), posting(), until={"P": 220})) == {"I": 220, "P": 220}


@pytest.mark.parametrize(
    "others",
    [
        (posting(status="draft"),),
        (record("processor", "payment", "Y", 7, invoice_ref="N-I", status="pending"),),
        (posting(), record("erp", "ledger_posting", "P2", 7, document_ref="N-I", status="draft")),
        # by another, and by what they say in several attributes together
        (
            invoice(
                native_id="J", subscription_ref="S", service_starts_on="2026-01-01", total="9.0 EUR", status="draft"
            ),
        ),
    ],
)
def test_what_is_not_finished_keeps_all_that_it_is_tied_to(others: tuple[Change, ...]) -> None:
    first = invoice(subscription_ref="S", service_starts_on="2026-01-01", total="9.00 EUR")
    ws = waiting(first, *others)

    assert set(left(ws).values()) == {INSTANT + SPAN}
    assert len(documents(ws)) == 1 + len(others)


def test_what_names_something_else_by_then_is_not_tied() -> None:
    ws = waiting(invoice(), posting(6, status="draft"), posting(8, ref="N-J", status="draft"))

    assert left(ws) == {"P": INSTANT + SPAN}


def test_what_is_not_here_by_the_instant_neither_keeps_nor_leaves() -> None:
    assert left(waiting(invoice(), posting(INSTANT + 1, status="draft"), until={"P": 301})) == {"P": 301}


@pytest.mark.parametrize(("postings", "stays"), [(1, False), (2, True), (3, True)])
def test_where_too_many_are_tied_all_stay(monkeypatch: pytest.MonkeyPatch, postings: int, stays: bool) -> None:
    monkeypatch.setattr(leaving, "TIED", 2)
    ws = waiting(invoice(), *(posting(native_id=f"P{number}") for number in range(postings)))

    assert (len(left(ws)) == 1 + postings) is stays
    assert len(documents(ws)) == (1 + postings if stays else 0)


def test_a_part_waits_for_what_it_belongs_to() -> None:
    assert left(waiting(invoice(status="draft"), line(invoice_ref="I"))) == {"I": 300, "IL": 300}
    assert left(waiting(invoice(), line(invoice_ref="I"))) == {}


def test_a_part_that_names_nothing_that_is_here_leaves_by_itself() -> None:
    assert left(waiting(line())) == {}
    assert left(waiting(line(invoice_ref="J"))) == {}
    assert left(waiting(invoice(INSTANT + 1, status="draft"), line(invoice_ref="I"), until={"I": 301})) == {"I": 301}


@pytest.mark.parametrize(
    ("obligation", "stays"),
    [
        (Obligation("met"), False),
        (Obligation("closed"), False),
        (Obligation("armed"), True),
        (Obligation("open"), True),
        (Obligation(held="L"), True),
        (Obligation(next=INSTANT), True),
        (Obligation(next=INSTANT + 1), False),
        (Obligation("met", flapping={"drift_id": "M7"}), True),
        (Obligation("closed", openings=(INSTANT - WINDOW,)), False),
        (Obligation("closed", openings=(INSTANT - WINDOW, INSTANT - WINDOW + 1)), True),
    ],
)
def test_what_is_demanded_of_it_or_may_be_by_then_keeps_it(obligation: Obligation, stays: bool) -> None:
    ws = waiting(invoice(), posting())
    ws.put(KEY.text(), obligation.as_json())

    assert (left(ws) != {}) is stays
    assert (ws.get(KEY.text()) is not None) is stays


def test_what_is_demanded_of_another_with_the_same_id_neither_keeps_it_nor_leaves() -> None:
    ws = waiting(invoice(), posting())
    of_a_subscription = KEY._replace(kind="activation_stalled").text()
    ws.put(of_a_subscription, Obligation("open").as_json())

    assert left(ws) == {}
    assert ws.get(of_a_subscription) is not None


def test_a_document_of_a_system_that_is_governed_no_more_leaves_too() -> None:
    assert left(waiting(invoice(), posting()._replace(system="old-erp"))) == {}


@pytest.mark.parametrize(("at", "stays"), [(INSTANT - 1, True), (INSTANT, False)])
def test_evidence_that_the_customer_lacks_by_then_keeps_it(at: int, stays: bool) -> None:
    ws = waiting(invoice(), posting())
    ws.put(f"{holes_prefix(CUSTOMER)}erp/customer/L", {"at": at})

    assert (left(ws) != {}) is stays


@pytest.mark.parametrize(("at", "stays"), [(INSTANT, True), (INSTANT + 1, False)])
def test_so_does_a_verdict_by_then_that_nobody_could_write(at: int, stays: bool) -> None:
    """Of a subject that looks at it, and is not tied to it."""
    ws, text = waiting(invoice(), posting()), KEY._replace(native_id="J").text()
    ws.put(text, {"status": "armed", "next": at})
    Judge(RULED.newest).put_aside(ws, text, "L")

    assert (left(ws) != {}) is stays


def test_what_one_says_later_comes_as_if_to_an_empty_place_and_waits_by_that() -> None:
    """It is looked at no more at the instant at which it left with another."""
    ws = waiting(invoice(), posting(), posting(INSTANT + 50, amount="9 EUR"))

    assert left(ws) == {"P": INSTANT + 50 + SPAN}
    (record,) = [value for _, value in ws.range("e/", 9)]
    assert [version["at"] for version in record["versions"]] == [INSTANT + 50]


def test_that_has_nothing_judged_again_that_was_judged_with_it() -> None:
    later = (posting(INSTANT + 50, status="reversed"), invoice(INSTANT + 10, "J", number="N-I"))
    ws = waiting(invoice(), posting(), *later, until={"J": 310})
    others = KEY._replace(native_id="J").text()
    judged = Obligation("closed", Trigger(INSTANT + 10, "v210"), settled=INSTANT + 60).as_json()
    ws.put(others, judged)

    assert left(ws) == {"J": 310, "P": 350}
    assert ws.get(others) == judged
