"""What one change leaves behind: the versions that are kept, and which obligations are to be judged at its instant."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.instants import ALWAYS, SECOND
from schemas.source import ALL_OBJECTS
from streams.governance.in_force import InForce
from streams.governance.model import Governance, Segment
from streams.judge.arming import arm, save
from streams.judge.concerned import Changed
from streams.judge.fold import on_change, on_hole
from streams.judge.keys import MARKS, ObligationKey, is_obligation, process_key
from streams.judge.obligation import Obligation, Trigger
from streams.judge.retention import Place
from streams.kinds.asof import entity_key
from tables.versions import MOVED, Version
from tables.view import MemoryView, Workspace
from tables.watermarks import LINKS, name
from tests.dossiers.model import Change
from tests.dossiers.stage import LATE_RETENTION_SECONDS, five_systems
from tests.unit.looked_at import CUSTOMER, record, version_of

POSTED = "invoice_not_posted"
KEY = ObligationKey(CUSTOMER, POSTED, "billing", "I")


def ruled(kind: str = POSTED, roles: dict[str, str] | None = None, **rules: Any) -> InForce:
    base = five_systems()
    kinds = {**base.kinds, kind: base.kinds[kind].model_copy(update=rules)}
    systems = {n: base.systems[n].model_copy(update={"role": role}) for n, role in (roles or {}).items()}
    known: dict[str, Any] = {"kinds": kinds, "judged": (kind,), "systems": {**base.systems, **systems}, "partitions": 1}
    return InForce.only(base.model_copy(update=known))


def heard(until: int, governance: Governance | None = None) -> Workspace:
    ws = Workspace(MemoryView())
    systems = (governance or five_systems()).systems
    marks = {name(s, of): {"0": [0, "streaming", until]} for s in systems for of in (ALL_OBJECTS, LINKS)}
    ws.put(MARKS, marks)
    return ws


def take(ws: Workspace, in_force: InForce, change: Change, last: Version | None = None, **more: Any) -> str:
    version = version_of(change, last) | more
    return on_change(ws, in_force, Changed(Place(CUSTOMER, change.entity, change.system, change.native_id), version))


def armed_by(ws: Workspace, in_force: InForce, change: Change, last: Version | None = None) -> list[str]:
    """The subjects (system and id) that this change has judged at its instant."""
    obligations = {key: value for key, value in ws.writes.items() if is_obligation(key) and value is not None}
    for key, value in obligations.items():
        ws.put(key, {name: told for name, told in value.items() if name != "next"})
    take(ws, in_force, change, last)
    woken = {ObligationKey.parse(key): value for key, value in ws.writes.items() if is_obligation(key) and value}
    return sorted(f"{key.system}/{key.native_id}" for key, value in woken.items() if value.get("next") == change.at)


def kept(ws: Workspace, change: Change) -> list[int]:
    value = ws.get(entity_key(CUSTOMER, change.entity, change.system, change.native_id))
    return [version["at"] for version in value["versions"]] if value else []


def invoice(at: float = 3, native_id: str = "I", status: str = "posted", **told: Any) -> Change:
    stated = {"number": f"N-{native_id}", "total": "119.00 EUR"} | told
    return record("billing", "invoice", native_id, at, status=status, **stated)


def posting(at: float, ref: str = "N-I", native_id: str = "L", system: str = "erp", **told: Any) -> Change:
    stated = {"document_type": "invoice", "document_ref": ref, "status": "posted"} | told
    return record(system, "ledger_posting", native_id, at, **stated)


def test_a_change_comes_folded_late_or_again() -> None:
    ws, rules = heard(10), ruled()

    assert take(ws, rules, invoice(10)) == "late"
    assert take(ws, rules, invoice(11)) == "folded"
    before = dict(ws.writes)
    assert take(ws, rules, invoice(11)) == "duplicate"
    assert ws.writes == before


def test_a_record_counts_how_often_it_changed() -> None:
    ws, rules = heard(0), ruled()
    for change in (invoice(3), invoice(5), invoice(4)):  # the last tells nothing new
        take(ws, rules, change)

    value = ws.get(entity_key(CUSTOMER, "invoice", "billing", "I"))
    assert value is not None
    assert value["revision"] == 2
    assert kept(ws, invoice()) == [3, 4, 5]


def test_what_is_new_counts_for_the_customer_and_is_published_once() -> None:
    ws, rules = heard(0), ruled()
    customer = record("erp", "customer", "E", 5, name="Acme")
    take(ws, rules, customer)
    told = list(ws.refreshed)
    take(ws, rules, customer._replace(at=4))

    process = ws.get(process_key(CUSTOMER))
    assert process is not None
    assert process["facts"] == {"erp_customers": 1}
    assert ws.refreshed == told != []


def test_a_record_that_was_never_here_is_not_kept() -> None:
    ws, rules = heard(0), ruled()

    take(ws, rules, invoice(3), op=MOVED, attrs=None)
    assert kept(ws, invoice()) == []
    take(ws, rules, invoice(5), route=1)
    take(ws, rules, invoice(7), route=1, op=MOVED, attrs=None)
    assert kept(ws, invoice()) == [5, 7]


FAR = (LATE_RETENTION_SECONDS + 1000) * SECOND


@pytest.mark.parametrize(
    ("heard_until", "keeps"),
    [(FAR, [FAR]), (LATE_RETENTION_SECONDS * SECOND + 5, [3, 5, FAR]), (LATE_RETENTION_SECONDS * SECOND + 6, [5, FAR])],
)
def test_what_no_late_evidence_may_amend_is_folded(heard_until: int, keeps: list[int]) -> None:
    ws, rules = heard(heard_until), ruled()

    for at in (3, 5, FAR):
        take(ws, rules, posting(at))

    assert kept(ws, posting(0))[-len(keeps) :] == keeps
    assert (3 in kept(ws, posting(0))) == (3 in keeps)


def test_of_two_versions_too() -> None:
    ws, rules = heard(FAR * 2), ruled()

    for at in (3, 5):
        take(ws, rules, posting(at))

    assert kept(ws, posting(0)) == [5]


def test_what_is_older_than_all_that_is_kept_may_have_been_folded_away() -> None:
    ws, rules = heard(FAR * 2), ruled()

    assert [take(ws, rules, posting(at)) for at in (5, 3, 2)] == ["late", "late", "duplicate"]
    assert [take(ws, rules, posting(at)) for at in (FAR * 3, 2)] == ["folded", "duplicate"]
    assert kept(ws, posting(0)) == [5, FAR * 3]


def test_but_not_what_an_unsettled_obligation_still_looks_at() -> None:
    ws, rules = heard(FAR * 2), ruled()
    take(ws, rules, invoice(1))
    for next_, keeps in ((4, [3, 5, 7]), (6, [5, 7]), (ALWAYS, [7])):
        ws.put(KEY.text(), Obligation("armed", Trigger(1, "v1"), due=9, next=next_).as_json())
        ws.delete(entity_key(CUSTOMER, "ledger_posting", "erp", "L"))
        for at in (3, 5, 7):
            take(ws, rules, posting(at))
            ws.put(KEY.text(), Obligation("armed", Trigger(1, "v1"), due=9, next=next_).as_json())
        assert kept(ws, posting(0)) == keeps


def test_nor_what_the_first_of_two_still_looks_at() -> None:
    ws, rules = heard(FAR * 2), ruled()
    other = ObligationKey(CUSTOMER, POSTED, "billing", "J")
    take(ws, rules, invoice(1))
    take(ws, rules, invoice(1, "J", number="N-I"))
    for at in (3, 5, 7):
        for key, next_ in ((KEY, 6), (other, 4)):
            ws.put(key.text(), Obligation("armed", Trigger(1, "v1"), due=9, next=next_).as_json())
        take(ws, rules, posting(at))

    assert kept(ws, posting(0)) == [3, 5, 7]


def test_where_nothing_is_kept_of_an_obligation_nothing_is_looked_at() -> None:
    ws, rules = heard(FAR * 2), ruled()
    take(ws, rules, invoice(1))
    take(ws, rules, posting(3))
    ws.delete(KEY.text())
    take(ws, rules, posting(5))

    assert kept(ws, posting(0)) == [5]


def test_nor_what_is_only_consulted() -> None:
    ws, rules = heard(FAR * 2), ruled("customer_attribute_divergence")
    key = ObligationKey(CUSTOMER, "customer_attribute_divergence", "billing", "B")
    ws.put(key.text(), Obligation("open", Trigger(1, "v1"), due=1, next=4).as_json())

    assert armed_by(ws, rules, invoice(2)) == []
    ws.put(key.text(), Obligation("open", Trigger(1, "v1"), due=1, next=4).as_json())
    for at in (3, 5, 7):
        take(ws, rules, invoice(at))

    assert kept(ws, invoice(0)) == [3, 5, 7]


def retained(seconds: int) -> InForce:
    return InForce.only(ruled().newest.model_copy(update={"settled_retention_seconds": seconds}))


@pytest.mark.parametrize(
    ("known", "of_the_ledger", "at", "told"),
    [
        (False, 200, 5, "left"),
        (True, 200, 5, "duplicate"),  # it may have been here before what is here now
        (False, 200, 101, "late"),  # too young to have left
        (False, 50, 5, "late"),  # the ledger was not heard, so nothing has left
        (False, 200, 201, "folded"),
    ],
)
def test_what_is_from_before_a_document_left_is_left_out(known: bool, of_the_ledger: int, at: int, told: str) -> None:
    ws, rules = heard(200 * SECOND), retained(100)
    marks = {n: ({"0": [0, "streaming", of_the_ledger * SECOND]} if n.startswith("erp") else m)
             for n, m in (ws.get(MARKS) or {}).items()}  # fmt: skip
    if known:
        take(ws, rules, invoice(201 * SECOND))
    ws.put(MARKS, marks)

    assert take(ws, rules, invoice(at * SECOND)) == told


def test_what_waited_for_a_leaving_may_not_have_to_at_an_earlier_instant() -> None:
    ws = Workspace(MemoryView())
    ws.put(KEY.text(), {"next": 20, "settled": 5, "awaits": 9})

    arm(ws, KEY, 7, late=False)

    assert ws.get(KEY.text()) == {"next": 7, "settled": 5}


@pytest.mark.parametrize(
    ("obligation", "at", "late", "next_"),
    [
        (None, 7, False, 7),
        (Obligation("armed", settled=5, next=20), 7, False, 7),
        (Obligation("armed", settled=5, next=6), 7, False, 6),
        (Obligation("armed", settled=7, next=20), 7, False, 20),  # that instant was judged
        (Obligation("armed", settled=7, next=20), 7, True, 7),
        (Obligation("armed", settled=9, next=20), 7, True, 9),  # again, from where it was judged last
    ],
)
def test_an_obligation_is_judged_at_the_earliest_instant_that_is_not_judged_yet(
    obligation: Obligation | None, at: int, late: bool, next_: int
) -> None:
    ws = Workspace(MemoryView())
    if obligation is not None:
        ws.put(KEY.text(), obligation.as_json())

    arm(ws, KEY, at, late=late)

    assert Obligation.from_json(ws.get(KEY.text())) == (obligation or Obligation())._replace(next=next_)


@pytest.mark.parametrize(
    ("at", "settled", "next_"),
    [
        (10, 9, 10),
        (9, 5, 9),  # nothing was settled otherwise since
        (6, 5, 6),
        (5, 5, 5),
        (4, 5, 5),
    ],
)
def test_late_evidence_has_it_judged_from_when_it_became_as_it_is(at: int, settled: int, next_: int) -> None:
    """Which later instants it was judged at hangs on where commits fall."""
    ws = Workspace(MemoryView())
    ws.put(KEY.text(), Obligation("armed", settled=9, next=20, unchanged_since=5).as_json())

    arm(ws, KEY, at, late=True)

    known = Obligation.from_json(ws.get(KEY.text()))
    assert (known.settled, known.next) == (settled, next_)


@pytest.mark.parametrize(("at", "next_"), [(4, 4), (30, 20)])
def test_of_what_nothing_is_known_late_evidence_has_it_judged_from_there_on(at: int, next_: int) -> None:
    """As where nothing is kept of it at all: what is not remembered by now may have been forgotten."""
    ws = Workspace(MemoryView())
    ws.put(KEY.text(), {"settled": 9, "next": 20, "told": [["v1", 1, "met", 2]]})

    assert arm(ws, KEY, at, late=True, kept_from=3)

    assert ws.get(KEY.text()) == {"next": next_}


@pytest.mark.parametrize(
    ("obligation", "stays"),
    [
        (Obligation(settled=5), False),
        (Obligation(settled=5, next=9), True),
        (Obligation(settled=5, held="L"), True),
        (Obligation("waiting", settled=5), True),
        (Obligation("met", settled=5), True),
    ],
)
def test_what_is_idle_and_waits_for_nothing_is_forgotten(obligation: Obligation, stays: bool) -> None:
    ws = Workspace(MemoryView())
    ws.put(KEY.text(), {"next": 1})

    save(ws, KEY, obligation)

    assert ws.get(KEY.text()) == (obligation.as_json() if stays else None)


HOLE = {"canonical_id": CUSTOMER, "system": "erp", "entity": "ledger_posting", "letter_id": "L1", "opened_at": 5}


def test_a_hole_stays_as_old_as_it_is_and_wakes_what_it_held_when_it_closes() -> None:
    ws = Workspace(MemoryView())
    other = ObligationKey(CUSTOMER, POSTED, "billing", "J")
    ws.put(KEY.text(), Obligation("armed", next=9, held="L1").as_json())
    ws.put(other.text(), Obligation("armed", next=9, held="L2").as_json())
    at = f"h/{CUSTOMER}/erp/ledger_posting/L1"

    on_hole(ws, ruled().newest, HOLE, opened=True)
    on_hole(ws, ruled().newest, {**HOLE, "opened_at": 8}, opened=True)
    assert ws.get(at) == {"at": 5}

    on_hole(ws, ruled().newest, HOLE, opened=False)
    assert ws.get(at) is None
    assert Obligation.from_json(ws.get(KEY.text())) == Obligation("armed", next=9)
    assert Obligation.from_json(ws.get(other.text())).held == "L2"


def test_a_hole_of_nobody_is_kept_apart_and_holds_nothing() -> None:
    ws = Workspace(MemoryView())
    ws.put(KEY.text(), Obligation("armed", next=9, held="L1").as_json())

    on_hole(ws, ruled().newest, {**HOLE, "canonical_id": None}, opened=True)
    assert ws.get("g/erp/ledger_posting/L1") == {"at": 5}
    on_hole(ws, ruled().newest, {**HOLE, "canonical_id": None}, opened=False)

    assert ws.get("g/erp/ledger_posting/L1") is None
    assert Obligation.from_json(ws.get(KEY.text())).held == "L1"


def test_a_subject_that_can_begin_nothing_is_judged_only_while_something_runs() -> None:
    ws, rules = heard(0), ruled()

    assert armed_by(ws, rules, invoice(3, status="draft")) == []
    assert armed_by(ws, rules, invoice(4)) == ["billing/I"]
    ws.put(KEY.text(), Obligation("armed", Trigger(4, "v4"), due=9, settled=5).as_json())
    assert armed_by(ws, rules, invoice(6, status="voided")) == ["billing/I"]


def test_a_record_has_the_subjects_judged_that_it_names_and_has_named() -> None:
    ws, rules = heard(0), ruled()
    for native_id in ("I", "J", "K"):
        take(ws, rules, invoice(3, native_id))

    assert armed_by(ws, rules, posting(4, "N-I")) == ["billing/I"]
    assert armed_by(ws, rules, posting(5, "N-J"), version_of(posting(4, "N-I"))) == ["billing/I", "billing/J"]


def test_of_subjects_that_can_begin_nothing_those_are_judged_that_run() -> None:
    ws, rules = heard(0), ruled()
    take(ws, rules, invoice(3, "I", status="draft", number="N-7"))
    assert armed_by(ws, rules, posting(4, "N-7")) == []

    ws.put(KEY.text(), Obligation("open", Trigger(1, "v1"), due=2, settled=3).as_json())
    take(ws, rules, invoice(3, "J", status="draft", number="N-7"))
    assert armed_by(ws, rules, posting(5, "N-7", "L2")) == ["billing/I"]


def test_where_one_of_several_can_begin_something_all_are_judged() -> None:
    ws, rules = heard(0), ruled()
    for native_id, status in (("I", "posted"), ("J", "draft")):
        take(ws, rules, invoice(3, native_id, status=status, number="N-7"))

    assert armed_by(ws, rules, posting(4, "N-7")) == ["billing/I", "billing/J"]


@pytest.mark.parametrize(
    ("obligation", "judged"),
    [
        (Obligation("armed", Trigger(3, "v3"), due=99, settled=3), False),
        (Obligation("armed", Trigger(3, "v3"), due=4, settled=4, ignored_until=99), True),
        (Obligation("open", Trigger(3, "v3"), due=4, settled=4), True),
    ],
)
def test_what_can_only_answer_is_looked_at_when_the_answer_is_due(obligation: Obligation, judged: bool) -> None:
    ws, rules = heard(0), ruled()
    take(ws, rules, invoice(3))
    ws.put(KEY.text(), obligation.as_json())

    assert armed_by(ws, rules, posting(5)) == (["billing/I"] if judged else [])


STALLED = "activation_stalled"
FRONTIER = FAR * 2 - LATE_RETENTION_SECONDS * SECOND


@pytest.mark.parametrize(("told", "judged"), [({"status": "active"}, False), ({"starts_on": "1970-01-09"}, True)])
def test_what_of_a_record_cannot_demand_is_looked_at_when_it_is_due(told: dict[str, Any], judged: bool) -> None:
    ws, rules = heard(0), ruled(STALLED)
    stated = {"status": "draft", "number": "N", "starts_on": "1970-01-01"}
    first = record("billing", "subscription", "S", 3, **stated)
    take(ws, rules, first)
    key = ObligationKey(CUSTOMER, STALLED, "billing", "S")
    ws.put(key.text(), Obligation("armed", Trigger(3, "v3"), due=99, settled=3).as_json())

    later = record("billing", "subscription", "S", 5, **stated | told)

    assert armed_by(ws, rules, later, version_of(first)) == (["billing/S"] if judged else [])


@pytest.mark.parametrize(
    ("at", "next_"), [(3, FRONTIER), (FRONTIER, FRONTIER), (FRONTIER + 1, FRONTIER + 1), (FAR * 3, FAR * 3)]
)
def test_late_evidence_counts_from_where_it_can_still_be_amended(at: int, next_: int) -> None:
    ws = heard(FAR * 2)
    take(ws, ruled(), invoice(at))

    assert (ws.get(KEY.text()) or {})["next"] == next_


def test_a_subject_that_is_named_by_its_id_is_of_the_system_that_names_it() -> None:
    ws, rules = heard(0), ruled("entitlement_divergence", {"processor": "billing"})
    charge = record("processor", "charge", "C", 3, subscription_ref="S", product_code="SEATS")

    assert armed_by(ws, rules, charge) == ["processor/S"]


def test_a_record_that_names_another_in_one_attribute_of_two_concerns_both() -> None:
    ws, rules = heard(0), ruled("payment_status_unpropagated")
    for native_id in ("I", "J"):
        take(ws, rules, invoice(3, native_id))
    stated = {"payment_ref": "P", "status": "applied", "total": "1.00 EUR"}
    first, then = (
        record("erp", "cash_application", "X", at, invoice_ref=ref, **stated) for at, ref in ((4, "N-I"), (5, "N-J"))
    )

    assert armed_by(ws, rules, first) == ["billing/I"]
    assert armed_by(ws, rules, then, version_of(first)) == ["billing/I", "billing/J"]


def test_an_id_may_have_slashes() -> None:
    ws, rules = heard(0), ruled("won_without_erp_customer")
    key = ObligationKey(CUSTOMER, "won_without_erp_customer", "crm", "O/1/2")
    ws.put(key.text(), Obligation("open", Trigger(1, "v1"), due=2, settled=2).as_json())

    assert armed_by(ws, rules, record("erp", "customer", "E", 5, status="active")) == ["crm/O/1/2"]


def test_what_is_not_regarded_is_not_judged() -> None:
    ws, rules = heard(0), ruled("contract_value_mismatch")
    deal = record("crm", "opportunity", "O", 3, stage="won", value="100.00 EUR", name="Deal")
    subscription = record("billing", "subscription", "S", 3, opportunity_ref="O", status="active",
                          total_value="100.00 EUR", number="N")  # fmt: skip
    for one in (deal, subscription):
        take(ws, rules, one)
    last = version_of(deal)
    attributes = dict(deal.attributes or {})

    assert armed_by(ws, rules, deal._replace(at=4, attributes=attributes | {"name": "Great deal"}), last) == []
    less = {"value": {"amount": "90.00", "currency": "EUR"}}
    assert armed_by(ws, rules, deal._replace(at=5, attributes=attributes | less), last) == ["billing/S"]


def customer(at: float, system: str, native_id: str, **told: Any) -> Change:
    return record(system, "customer", native_id, at, **{"name": "Acme", "status": "active", "tax_id": "T1"} | told)


def test_records_that_are_compared_are_judged_where_a_system_has_two() -> None:
    ws, rules = heard(0), ruled("duplicate_customer")

    assert armed_by(ws, rules, customer(3, "erp", "E")) == []
    assert armed_by(ws, rules, customer(4, "billing", "B")) == []
    assert {"erp/E", "erp/E2"} <= set(armed_by(ws, rules, customer(5, "erp", "E2")))


def test_records_that_say_one_thing_in_what_is_compared_are_judged_from_the_first_that_says_another_on() -> None:
    ws, rules = heard(0), ruled("customer_attribute_divergence")
    everyone = ["billing/B", "crm/C", "erp/E"]

    assert armed_by(ws, rules, customer(3, "crm", "C")) == []
    assert armed_by(ws, rules, customer(4, "billing", "B", tax_id=None)) == []
    assert armed_by(ws, rules, customer(5, "erp", "E", tax_id="T2", email="pay@acme.example")) == everyone
    for native in everyone:
        ws.delete(ObligationKey(CUSTOMER, "customer_attribute_divergence", *native.split("/")).text())
    assert armed_by(ws, rules, customer(6, "crm", "C", tax_id="T2"), version_of(customer(3, "crm", "C"))) == everyone


def test_what_a_system_says_whose_records_are_no_subjects_is_compared_too() -> None:
    ws, rules = heard(0), ruled("customer_attribute_divergence")
    take(ws, rules, customer(3, "processor", "P", tax_id="T2"))

    assert armed_by(ws, rules, customer(4, "crm", "C")) == []
    assert armed_by(ws, rules, customer(5, "erp", "E")) == ["crm/C", "erp/E"]


def test_what_is_held_against_its_counterparts_is_judged_from_the_first_of_them_on() -> None:
    ws, rules = heard(0), ruled("invoice_amount_mismatch")

    assert armed_by(ws, rules, invoice(3)) == []
    assert armed_by(ws, rules, posting(4, "N-J")) == []
    assert armed_by(ws, rules, posting(5, "N-I", "L2")) == ["billing/I"]
    assert armed_by(ws, rules, invoice(6, "J")) == ["billing/J"]


def charged(at: float, native_id: str, subscription: str = "S") -> Change:
    return invoice(at, native_id, subscription_ref=subscription, service_starts_on="2026-01-01")


def test_what_names_one_of_several_that_are_compared_concerns_them_all() -> None:
    ws, rules = heard(0), ruled("charged_twice")
    memo = record("erp", "credit_memo", "C", 6, number="CM", invoice_ref="N-I", status="posted", total="119.00 EUR")

    assert armed_by(ws, rules, charged(3, "I")) == []
    assert armed_by(ws, rules, charged(4, "J")) == ["billing/I", "billing/J"]
    assert armed_by(ws, rules, charged(5, "K", "S2")) == []
    assert armed_by(ws, rules, memo) == ["billing/I", "billing/J"]
    alone = {**(memo.attributes or {}), "invoice_ref": "N-K"}
    assert armed_by(ws, rules, memo._replace(at=7, native_id="D", attributes=alone)) == []


def test_a_subject_may_be_found_in_either_of_two_ways() -> None:
    ws, rules = heard(0), ruled("contract_value_mismatch")
    stated = {"contract_ref": "K", "opportunity_ref": "O", "status": "active", "total_value": "100.00 EUR"}
    take(ws, rules, record("billing", "subscription", "S", 3, **stated))

    first, amends = (
        record("crm", "opportunity", o, 4, stage="won", contract_ref=k) for o, k in (("O", None), ("P", "K"))
    )
    assert armed_by(ws, rules, first) == ["billing/S"]
    assert armed_by(ws, rules, amends) == ["billing/S"]
    assert armed_by(ws, rules, record("crm", "opportunity", "Q", 5, stage="won", contract_ref="K2")) == []


def test_where_the_segment_changes_every_subject_is_judged_anew() -> None:
    ws, rules = heard(0), ruled(segments={"small": Segment(sla_seconds=30)})
    account = record("crm", "customer", "A", 6, name="Acme", segment="small")
    for native_id in ("I", "J"):
        take(ws, rules, invoice(5, native_id))

    assert armed_by(ws, rules, account) == ["billing/I", "billing/J"]
    assert armed_by(ws, rules, record("crm", "customer", "A", 7, name="Acme AG", segment="small")) == []


def test_without_segments_the_customer_wakes_nobody() -> None:
    ws, rules = heard(0), ruled()
    take(ws, rules, invoice(5))

    assert armed_by(ws, rules, record("crm", "customer", "A", 6, name="Acme", segment="small")) == []
