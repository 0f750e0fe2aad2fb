"""Which business keys a record has, when that is told, and by which rules two of one key are none; asked directly,
times are plain numbers."""

from __future__ import annotations

from typing import Any

import pytest

from schemas import topics
from streams.governance.model import Governance
from streams.likeness.keys import keys as likeness_keys
from streams.suspects import held, tell
from streams.suspects.keys import NOTHING, alike, as_compared, hashed, keyed
from streams.suspects.members import Member, likeness, older, ruled_out, senior_first
from streams.suspects.table import CUSTOMERS, DOCUMENTS, compared
from tables.versions import Version
from tables.view import MemoryView, Workspace
from tests.dossiers.stage import five_systems
from tests.unit.looked_at import record, version_of

GOVERNANCE = five_systems().model_copy(
    update={"judged": (CUSTOMERS, DOCUMENTS), "suspects": True, "partitions": 2, "derived": {}}
)
NOBODY = GOVERNANCE.model_copy(update={"judged": (), "derived": {}})


def said(entity: str, at: int = 7, **attrs: Any) -> Version:
    return version_of(record("crm" if entity == "customer" else "billing", entity, "R", at, customer="B", **attrs))


TOTAL = {"amount": "9.00", "currency": "EUR", "basis": "gross"}
ACME = {"name": "Acme Tools GmbH", "tax_id": "DE811569869", "country": "DE", "status": "active"}


def invoice(at: int = 7, **attrs: Any) -> Version:
    return said("invoice", at, **{"number": "N-1", "status": "posted", "total": TOTAL} | attrs)


def customer(at: int = 7, **attrs: Any) -> Version:
    return said("customer", at, **ACME | attrs)


# -- keys


def test_a_document_in_force_has_its_number_as_a_key_in_its_system() -> None:
    found = keyed("billing", "invoice", invoice(legal_entity="DE01"))

    assert found.keys == (hashed("number:billing/invoice/N-1"),)
    assert (found.fields, found.began_at, found.amount) == ({"legal_entity": "DE01"}, 7, TOTAL)
    assert keyed("billing", "invoice", invoice()).fields == {}
    others = [
        ("erp", "invoice", invoice()),
        ("billing", "credit_memo", said("credit_memo", number="N-1", status="posted")),
    ]
    assert all(keyed(*other).keys[0] != found.keys[0] for other in others)
    assert keyed(*others[1]).fields == {}


@pytest.mark.parametrize("attrs", [{"status": "draft"}, {"status": "voided"}, {"number": None}, {"number": ""}])
def test_one_that_is_not_in_force_or_has_no_number_has_none(attrs: dict[str, Any]) -> None:
    assert keyed("billing", "invoice", invoice(**attrs)) is NOTHING


def test_nor_has_what_is_gone_or_never_was() -> None:
    for entity, version in (("invoice", invoice()), ("customer", customer())):
        assert keyed("billing", entity, {**version, "attrs": None}) is keyed("billing", entity, None) is NOTHING


def test_a_customer_in_use_has_what_it_is_told_apart_by() -> None:
    found = keyed(
        "crm", "customer", customer(legal_entity="DE01", currency="EUR", parent_ref="P", city="Bonn", email=None)
    )
    plain = as_compared(found.fields)

    assert found.keys == tuple(map(hashed, likeness_keys(plain)))
    assert [key.partition(":")[0] for key in found.keys] == ["tax", "name"]
    assert dict(found.fields) == {
        "name": "acme tools", "tax_id": plain.tax_id, "city": "bonn", "country": "DE", "legal_entity": "DE01",
        "currency": "EUR", "parent_ref": "P",
    }  # fmt: skip
    assert (found.began_at, found.amount) == (7, None)
    assert keyed("crm", "customer", customer(status="suspended")).began_at == 0
    assert as_compared({}) == as_compared({"parent_ref": "P"})


@pytest.mark.parametrize("status", ["prospect", "churned"])
def test_one_that_is_not_in_use_has_none(status: str) -> None:
    assert keyed("crm", "customer", customer(status=status)) is NOTHING


def test_what_a_key_is_made_of_can_be_read_and_what_it_says_cannot() -> None:
    assert hashed("tax:DE1").startswith("tax:")
    assert "DE1" not in hashed("tax:DE1")
    assert hashed("name:a:b") == hashed("name:a:b") != hashed("name:a:c")
    assert len(hashed("tax:DE1")) == len("tax:") + 32


LOOKED_AT = {
    "customer": ("status", "name", "tax_id", "registration_number", "domain", "email", "street", "city", "postal_code",
                 "country", "legal_entity", "currency", "parent_ref"),
    "invoice": ("status", "number", "legal_entity", "total"),
    "credit_memo": ("status", "number", "total"),
}  # fmt: skip


@pytest.mark.parametrize(("entity", "name"), [(entity, name) for entity, names in LOOKED_AT.items() for name in names])
def test_two_versions_are_alike_unless_one_says_something_else_of_what_is_compared(entity: str, name: str) -> None:
    assert not alike(entity, said(entity, **{name: "x"}), said(entity, **{name: "y"}))
    assert alike(entity, said(entity, 7, **{name: "x"}), said(entity, 9, **{name: "x"}))


def test_what_comes_or_goes_is_not_alike() -> None:
    gone = {**invoice(), "attrs": None}

    assert [alike("invoice", *both) for both in ((None, gone), (gone, gone), (None, invoice()), (invoice(), gone))] == [
        True, True, False, False,
    ]  # fmt: skip
    assert alike("invoice", invoice(due_on="2026-01-01"), invoice(due_on="2026-02-01"))


# -- when it is told

WHO = tell.Record("billing", "invoice", "I", "crm:A")
NUMBER = hashed("number:billing/invoice/N-1")


def told(ws: Workspace) -> list[tuple[str, bool, int]]:
    found = [e for e in ws.effects if e.topic == topics.BUSINESS_KEYS]
    assert all((e.record, e.key) == ("BusinessKeyAsserted", (e.value or {})["key"]) for e in found)
    return [(v["key"], v["present"], v["effective_at"]) for v in (e.value or {} for e in found)]


def changed(before: Version | None, after: Version, governed: Governance = GOVERNANCE, who: tell.Record = WHO) -> Any:
    ws = Workspace(MemoryView())
    tell.changed(ws, governed, who, before, after, 9)
    return told(ws)


def test_who_gets_a_key_or_loses_it_says_so() -> None:
    other = hashed("number:billing/invoice/N-2")

    assert changed(None, invoice()) == [(NUMBER, True, 9)]
    assert changed(invoice(), invoice(status="voided")) == [(NUMBER, False, 9)]
    assert changed(invoice(), invoice(number="N-2")) == [(NUMBER, False, 9), (other, True, 9)]
    assert changed(invoice(), invoice(total={**TOTAL, "amount": "8.00"})) == [(NUMBER, True, 9)]


def test_what_changes_nothing_that_is_compared_is_told_only_where_a_full_pass_shows_it() -> None:
    later = invoice(9, due_on="2026-03-01")
    same = {**invoice(9, status="paid"), "since": invoice()["since"]}

    assert changed(invoice(), later) == changed(invoice(), same) == []
    assert changed(invoice(), {**later, "snapshot": True}) == changed(invoice(), {**same, "snapshot": True})
    assert changed(invoice(), {**later, "snapshot": True}) == [(NUMBER, True, 9)]


def test_nobody_hears_where_nobody_compares() -> None:
    assert changed(None, invoice(), NOBODY) == []
    assert changed(None, invoice(), who=WHO._replace(entity="payment")) == []
    assert compared(GOVERNANCE) == {"customer", "invoice", "credit_memo"}
    assert compared(GOVERNANCE.model_copy(update={"suspects": False, "derived": {}})) == frozenset()
    assert compared(GOVERNANCE.model_copy(update={"judged": (CUSTOMERS,), "derived": {}})) == {"customer"}


def test_it_says_who_has_the_key_and_what_is_compared() -> None:
    ws = Workspace(MemoryView())
    tell.changed(ws, GOVERNANCE, WHO, None, invoice(legal_entity="DE01"), 9)
    value = ws.effects[0].value or {}

    assert str(value.pop("amount")["amount"]) == "9.00"
    assert value == {
        "system": "billing", "entity": "invoice", "native_id": "I", "canonical_id": "crm:A", "key": NUMBER,
        "native_customer": "B", "present": True, "version": "v7", "effective_at": 9, "began_at": 7, "snapshot": False,
        "fields": {"legal_entity": "DE01"},
    }  # fmt: skip
    ws.effects.clear()
    tell.changed(ws, GOVERNANCE, WHO, invoice(), invoice(status="voided"), 9)
    gone = ws.effects[0].value or {}
    assert (gone["present"], gone["amount"], gone["fields"], gone["began_at"]) == (False, None, {}, 0)


def rerouted(*versions: Version, governed: Governance = GOVERNANCE) -> Any:
    ws = Workspace(MemoryView())
    tell.rerouted(ws, governed, WHO, list(versions), 8)
    return told(ws)


def test_a_record_of_another_customer_says_so_of_what_it_has_as_of_then_and_later() -> None:
    first, at_once = invoice(7), invoice(8, number="N-0")
    later, last = invoice(9, number="N-2"), invoice(10, status="voided", number="N-2")
    n0, n2 = (hashed(f"number:billing/invoice/{number}") for number in ("N-0", "N-2"))

    assert rerouted(first) == [(NUMBER, True, 8)]
    assert rerouted(first, at_once) == [(n0, True, 8)]
    assert rerouted(first, later, last) == [(NUMBER, True, 8), (NUMBER, False, 9), (n2, True, 9), (n2, False, 10)]
    assert rerouted(later) == [(n2, True, 9)]
    assert rerouted(first, {**at_once, "snapshot": True}) == [(n0, True, 8)]
    assert rerouted(first, governed=NOBODY) == []


def test_how_far_all_was_heard_is_told_to_every_partition_that_compares() -> None:
    for governed, partitions in ((GOVERNANCE, [0, 1]), (NOBODY, [])):
        ws = Workspace(MemoryView())
        tell.heard(ws, governed, {"partition": 0, "watermarks": []})
        assert [(e.topic, e.key, e.record, e.partition) for e in ws.effects] == [
            (topics.BUSINESS_KEYS, "", "Watermarks", number) for number in partitions
        ]


# -- which are none

ONE = Member(NUMBER, "crm", "customer", "A", "A", "crm:A", "v1", 5, 3, False, {}, None)
OTHER = ONE._replace(native_id="B", canonical_id="crm:B")
RULED_OUT = [
    # what the junior, and the senior, say otherwise: which rule applies
    ({}, {}, ""),
    ({"canonical_id": "crm:A"}, {}, "they are one customer already"),
    ({"fields": {"legal_entity": "DE01"}}, {"fields": {"legal_entity": "UK01"}}, "they are kept for different"),
    ({"fields": {"currency": "EUR"}}, {"fields": {"currency": "USD"}}, "they are kept for different companies"),
    ({"fields": {"currency": "EUR"}}, {"fields": {"currency": "EUR"}}, ""),
    ({"fields": {"currency": "EUR"}}, {}, ""),
    ({}, {"fields": {"currency": "EUR"}}, ""),
    ({"fields": {"parent_ref": "A"}}, {}, "one is the parent of the other"),
    ({}, {"fields": {"parent_ref": "B"}}, "one is the parent of the other"),
    ({"fields": {"parent_ref": "P"}}, {"fields": {"parent_ref": "P"}}, ""),
    ({"fields": {"parent_ref": "A"}, "system": "erp", "canonical_id": "erp:B"}, {}, ""),
    ({"system": "billing", "canonical_id": "crm:C"}, {}, "the junior is linked with another record"),
    ({"system": "billing", "canonical_id": "billing:B"}, {}, ""),
]  # fmt: skip


@pytest.mark.parametrize(("junior", "senior", "words"), RULED_OUT)
def test_two_that_are_kept_apart_or_belong_together_are_not_suspected(
    junior: dict[str, Any], senior: dict[str, Any], words: str
) -> None:
    found = ruled_out(GOVERNANCE, ONE._replace(**senior), OTHER._replace(**junior))

    assert (found.startswith(words), bool(found)) == (True, bool(words))


def in_parallel(one: tuple[str, ...] | None, other: tuple[str, ...] | None, company: str | None = None,
                role: str = "erp") -> bool:  # fmt: skip
    """Two instances, with whom each serves; None: everyone."""
    systems = dict(GOVERNANCE.systems)
    for name, serves, of in (("erp", one, "erp"), ("erp2", other, role)):
        served = dict.fromkeys(serves or (), None)
        systems[name] = GOVERNANCE.systems["erp"].model_copy(update={"serves": served, "role": of})
    governed = GOVERNANCE.model_copy(update={"systems": systems, "derived": {}})
    fields = {"legal_entity": company} if company else {}
    senior, junior = ONE._replace(system="erp"), OTHER._replace(system="erp2", canonical_id="erp2:B")
    words = "they are kept by two systems of one role that serve the same company"
    answers = {ruled_out(governed, *two) == words for two in (
        (senior._replace(fields=fields), junior), (senior, junior._replace(fields=fields)))}  # fmt: skip
    (answer,) = answers
    return answer


@pytest.mark.parametrize(
    ("one", "other", "company", "parallel"),
    [
        (None, None, None, True),
        (("DE01",), None, None, True),
        (("DE01",), ("DE01", "UK01"), None, True),
        (("DE01",), ("UK01",), None, False),
        (None, None, "DE01", True),
        (("DE01",), None, "DE01", True),
        (("DE01",), ("DE01",), "DE01", True),
        (("DE01",), ("UK01",), "DE01", False),
        (("DE01",), ("DE01",), "UK01", False),
    ],
)
def test_two_instances_that_serve_one_company_may_both_have_the_customer(
    one: Any, other: Any, company: str | None, parallel: bool
) -> None:
    assert in_parallel(one, other, company) is parallel
    assert not in_parallel(one, other, company, role="billing")


def test_of_a_system_that_is_governed_no_more_nothing_is_in_parallel() -> None:
    for gone in ("senior", "junior"):
        senior = ONE._replace(system="old") if gone == "senior" else ONE
        junior = OTHER._replace(system="old" if gone == "junior" else "erp", canonical_id="erp:B")
        assert ruled_out(GOVERNANCE, senior, junior) == ""


def test_of_documents_only_those_of_one_customer_or_two_companies_are_none() -> None:
    one, other = ONE._replace(entity="invoice"), OTHER._replace(entity="invoice", fields={"parent_ref": "A"})

    assert ruled_out(GOVERNANCE, one, other) == ""
    assert likeness(GOVERNANCE, one, other) == "the same number"
    assert likeness(GOVERNANCE, one, other._replace(canonical_id="crm:A")) == ""
    assert likeness(GOVERNANCE, one, other._replace(entity="credit_memo")) == ""


def alike_customers(key: str, **junior: str) -> str:
    fields = dict(keyed("crm", "customer", customer()).fields)
    return likeness(
        GOVERNANCE, ONE._replace(key=key, fields=fields), OTHER._replace(key=key, fields={**fields, **junior})
    )


def test_two_customers_are_compared_under_the_first_key_that_they_share() -> None:
    tax, name = keyed("crm", "customer", customer()).keys

    assert "same tax id" in alike_customers(tax)
    assert alike_customers(name) == ""
    assert "same tax id" not in alike_customers(name, tax_id="DE1")
    assert alike_customers(tax, name="other", tax_id="DE1") == ""


def test_the_senior_is_of_the_senior_system_or_longer_in_use() -> None:
    members = [
        ONE._replace(system="billing", began_at=1), ONE._replace(began_at=4, native_id="Z"),
        ONE._replace(began_at=3, native_id="Y"), ONE._replace(began_at=3, native_id="X"),
    ]  # fmt: skip
    order = sorted(members, key=lambda member: senior_first(GOVERNANCE, member))

    assert [(m.system, m.native_id) for m in order] == [("crm", "X"), ("crm", "Y"), ("crm", "Z"), ("billing", "A")]


@pytest.mark.parametrize(
    ("customer", "version", "present", "is_older"),
    [
        ("A", "v0", True, False), ("Z", "v0", True, True), ("Z", "v1", True, False), ("Z", "v1", False, True),
        ("Z", "v2", False, False), ("A", "v1", False, False),
    ],
)  # fmt: skip
def test_of_a_record_that_went_to_another_customer_the_older_word_does_not_count(
    customer: str, version: str, present: bool, is_older: bool
) -> None:
    assert older(ONE._replace(native_customer=customer, version=version), ONE, present=present) is is_older


# -- what waits to be applied


def waiting(ws: Workspace) -> int | None:
    known = ws.get("a/customer")
    return None if known is None else int(known["at"])


def test_what_is_said_waits_in_the_order_of_its_instants() -> None:
    ws = Workspace(MemoryView())
    for at, first in ((20, 20), (10, 10), (15, 10), (-5, 0)):
        assert held.hold(ws, ONE._replace(effective_at=at, native_id=f"R/{at}"), present=True)
        assert waiting(ws) == first

    assert held.wake("a/customer", ws.get("a/customer")) == (("asserted", "customer"), 0)
    assert held.wake("a/customer", None) is held.wake("h/customer/1", {"at": 1}) is None
    assert (held.applied_until(ws, "customer", 50), held.applied_until(ws, "customer", -9)) == (-1, -9)
    released = held.release(ws, "a/customer", 15)
    assert [(member.native_id, present) for member, present in released] == [
        ("R/-5", True),
        ("R/10", True),
        ("R/15", True),
    ]
    assert waiting(ws) == 20
    assert held.release(ws, "a/customer", 19) == []
    assert [member.effective_at for member, _ in held.release(ws, "a/customer", 20)] == [20]
    assert (waiting(ws), held.applied_until(ws, "customer", 50)) == (None, 50)


def test_so_many_are_released_in_one_step(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(held, "_AT_A_TIME", 2)
    ws = Workspace(MemoryView())
    for at in (1, 2, 3):
        held.hold(ws, ONE._replace(effective_at=at, native_id=f"R{at}"), present=at != 2)

    assert [(m.native_id, present) for m, present in held.release(ws, "a/customer", 9)] == [("R1", True), ("R2", False)]
    assert waiting(ws) == 3


@pytest.mark.parametrize(
    ("version", "customer", "present", "kept"),
    [("v1", "A", True, True), ("v2", "A", True, True), ("v0", "A", True, False), ("v1", "Z", False, False),
     ("v1", "Z", True, True)],
)  # fmt: skip
def test_of_two_words_of_one_instant_the_later_version_holds(
    version: str, customer: str, present: bool, kept: bool
) -> None:
    ws, new = Workspace(MemoryView()), ONE._replace(version=version, native_customer=customer)
    held.hold(ws, ONE, present=True)

    assert held.hold(ws, new, present=present) is kept
    assert held.release(ws, "a/customer", 5) == [(new, present) if kept else (ONE, True)]


def test_of_each_entity_what_waits_waits_by_itself() -> None:
    ws = Workspace(MemoryView())
    held.hold(ws, ONE, present=True)
    held.hold(ws, ONE._replace(entity="invoice", effective_at=2), present=True)

    assert (waiting(ws), (ws.get("a/invoice") or {})["at"]) == (5, 2)
    assert [key.split("/")[:3] for key, _ in ws.range("h/", 9)] == [
        ["h", "customer", "00000000000000000005"], ["h", "invoice", "00000000000000000002"],
    ]  # fmt: skip
