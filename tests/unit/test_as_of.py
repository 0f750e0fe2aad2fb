"""What a predicate sees of a customer at an instant, and when it has to look again."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from schemas.instants import ALWAYS
from streams.governance.model import Governance, Segment
from streams.kinds.asof import ALL_OF_IT, AsOf, Sight, entity_key
from tables.versions import MOVED, Regard
from tests.dossiers.model import Change
from tests.dossiers.stage import five_systems
from tests.unit.looked_at import CUSTOMER, looking, record, version_of, workspace

NOW = 10
DAY = date(1970, 1, 1)
"""Of instant 10."""


def invoice(at: float, native_id: str = "I", system: str = "billing", **told: Any) -> Change:
    return record(system, "invoice", native_id, at, **{"number": "N-1", "status": "posted"} | told)


def as_of(*records: Change, sight: Sight = ALL_OF_IT, governance: Governance | None = None) -> AsOf:
    return AsOf(workspace(*records), governance or five_systems(), CUSTOMER, NOW, sight)


def governed(systems: dict[str, Any] | None = None, **top: Any) -> Governance:
    base = five_systems()
    changed = {name: base.systems[name].model_copy(update=update) for name, update in (systems or {}).items()}
    return base.model_copy(update={"systems": {**base.systems, **changed}, **top})


@pytest.mark.parametrize(
    ("records", "status", "next_change"),
    [
        ((), None, ALWAYS),
        ((invoice(10),), "posted", ALWAYS),
        ((invoice(11),), None, 11),
        ((invoice(5), invoice(11, status="voided")), "posted", 11),
        ((invoice(5), invoice(10, status="voided")), "voided", ALWAYS),
        ((invoice(5), invoice(12, status="voided"), invoice(15)), "posted", 12),
    ],
)
def test_a_record_is_seen_as_it_was_and_so_is_when_it_changes(
    records: tuple[Change, ...], status: str | None, next_change: int
) -> None:
    now = as_of(*records)

    found = now.record("invoice", "billing", "I")

    assert (found.attrs["status"] if found else None, now.next_change, now.next_demand) == (
        status, next_change, next_change,
    )  # fmt: skip


def test_nobody_has_said_an_attribute_that_a_stored_version_lacks() -> None:
    ws = workspace(invoice(5))
    key = entity_key(CUSTOMER, "invoice", "billing", "I")
    (version,) = ws.get(key)["versions"]  # type: ignore[index]
    kept = {name: said for name, said in version["attrs"].items() if name != "charge"}
    ws.put(key, {"versions": [{**version, "attrs": kept}], "revision": 1})

    found = AsOf(ws, five_systems(), CUSTOMER, NOW).record("invoice", "billing", "I")

    assert found is not None
    assert (found.attrs, found.version["version"]) == (version["attrs"], version["version"])


def test_the_earliest_change_of_all_that_was_looked_at_counts() -> None:
    now = as_of(invoice(5), invoice(15, status="voided"), invoice(5, "J"), invoice(12, "J", status="voided"))
    for native_id in ("I", "J", "I"):
        now.record("invoice", "billing", native_id)

    assert (now.next_change, now.next_demand) == (12, 12)


def test_changes_of_what_can_only_answer_demand_nothing_unless_it_is_the_subject() -> None:
    sight = Sight(answering=frozenset({("billing", "invoice")}))
    records = (invoice(5), invoice(12, status="voided"))
    looked, asked = as_of(*records, sight=sight), as_of(*records, sight=sight)

    looked.record("invoice", "billing", "I")
    asked.subject("invoice", "billing", "I")

    assert (looked.next_change, looked.next_demand) == (12, ALWAYS)
    assert (asked.next_change, asked.next_demand) == (12, 12)


def test_changes_of_what_is_not_regarded_are_passed_over() -> None:
    now = as_of(invoice(5), invoice(12, due_on="1970-02-01"), invoice(14, status="voided"),
                sight=Sight({"invoice": Regard.named(["status"])}))  # fmt: skip

    now.record("invoice", "billing", "I")

    assert now.next_change == 14


@pytest.mark.parametrize(
    ("leaves", "awaits"), [((), ALWAYS), ((7, 5), 5), ((5, 7), 5), ((NOW,), ALWAYS), ((NOW - 1,), NOW - 1)]
)
def test_it_waits_for_the_first_of_what_may_have_left(leaves: tuple[int, ...], awaits: int) -> None:
    now = as_of(*(invoice(2, f"I{n}") for n in range(len(leaves))))
    for n, at in enumerate(leaves):
        key = entity_key(CUSTOMER, "invoice", "billing", f"I{n}")
        now._ws.put(key, {**(now._ws.get(key) or {}), "leaves": at})
        now.record("invoice", "billing", f"I{n}")

    assert now.awaits == awaits


REGARDED, DEMANDING = Regard.named(["status", "total"]), Regard.named(["total"])


@pytest.mark.parametrize(
    ("sight", "next_change", "next_demand"),
    [
        (Sight({"invoice": REGARDED}), 14, 14),
        (Sight({"invoice": REGARDED}, {"invoice": DEMANDING}), 14, 16),
        (Sight({}, {"invoice": DEMANDING}), 12, 16),
        (Sight({"order": REGARDED}, {"order": DEMANDING}), 12, 12),
    ],
)
def test_what_is_regarded_demands_too_unless_something_less_is_named(
    sight: Sight, next_change: int, next_demand: int
) -> None:
    told = {"due_on": "1970-02-01"}
    now = as_of(invoice(5), invoice(12, **told), invoice(14, status="voided", **told),
                invoice(16, status="voided", total="1.00 EUR", **told), sight=sight)  # fmt: skip

    now.record("invoice", "billing", "I")

    assert (now.next_change, now.next_demand) == (next_change, next_demand)


@pytest.mark.parametrize(("at", "next_"), [(9, ALWAYS), (10, ALWAYS), (11, 11)])
def test_a_day_that_begins_later_is_looked_at_again(at: int, next_: int) -> None:
    now = as_of()
    now.again_at(99)
    now.again_at(at)

    assert (now.next_change, now.next_demand) == (min(next_, 99), min(next_, 99))


@pytest.mark.parametrize(("at", "op", "moved"), [(9, MOVED, True), (11, MOVED, False), (9, "delete", False)])
def test_a_subject_that_went_to_another_customer_has_moved(at: int, op: str, moved: bool) -> None:
    now = as_of(invoice(5))
    left = {**version_of(invoice(at)), "op": op, "attrs": None}
    key = entity_key(CUSTOMER, "invoice", "billing", "I")
    now._ws.put(key, {"versions": [version_of(invoice(5)), left], "revision": 2})

    found = now.subject("invoice", "billing", "I")

    assert (found is None, now.moved) == (at <= NOW, moved)


def test_a_subject_that_is_not_here_yet_has_not_moved() -> None:
    now = as_of(invoice(11), invoice(12, status="voided"))

    assert (now.subject("invoice", "billing", "I"), now.moved) == (None, False)
    assert (now.subject("invoice", "billing", "other"), now.moved) == (None, False)


def test_records_are_found_in_the_systems_of_a_role_senior_first() -> None:
    records = [record(system, "customer", "X", status="active") for system in ("erp", "product", "billing")]
    now = as_of(*records, record("erp", "customer", "later", 11), governance=governed({"product": {"role": "erp"}}))

    assert (
        [f.system for f in now.in_role("customer", "erp")] == list(now.governance.in_role("erp")) == ["erp", "product"]
    )
    assert now.in_role("customer", "erp") is now.in_role("customer", "erp")
    assert now.in_role("customer", "crm") == []


def test_records_are_found_by_what_they_say_now() -> None:
    now = as_of(invoice(5), invoice(5, "J", number="N-2"), invoice(9, "J", number="N-1"), invoice(5, "K"),
                invoice(9, "K", number="N-2"), invoice(5, "L", system="erp"))  # fmt: skip

    assert [f.native_id for f in now.by_reference("invoice", "billing", "number", "N-1")] == ["I", "J"]
    assert now.by_reference("invoice", "billing", "number", None) == []
    assert now.by_reference("invoice", "billing", "number", "N-9") == []


SERVED = {"serves": {"DE01": date(1970, 1, 1)}}
ACCOUNTS = [
    # what the CRM says of the customer: its company code
    ({"legal_entity": "UK01"}, "UK01"),
    ({"legal_entity": "UK01", "country": "DE"}, "UK01"),
    ({"country": "DE"}, "DE01"),
    ({"country": "GB"}, "UK01"),
    ({}, None),
]


@pytest.mark.parametrize(("told", "entity"), ACCOUNTS)
def test_the_company_that_serves_is_named_or_else_the_one_that_sells_there(told: Any, entity: str | None) -> None:
    base = five_systems()
    sells = base.finance.sells(told.get("country"), None)

    assert as_of(record("crm", "customer", "A", **told)).legal_entity == (told.get("legal_entity") or sells) == entity


def test_without_a_record_in_the_crm_nothing_is_known_of_the_customer() -> None:
    now = as_of(record("erp", "customer", "E", legal_entity="DE01", segment="small"))

    assert (now.home, now.legal_entity, now.segment) == (None, None, None)


def test_rules_are_those_of_the_segment_where_the_kind_has_any() -> None:
    base = five_systems()
    segmented = base.kinds["invoice_not_posted"].model_copy(update={"segments": {"small": Segment(sla_seconds=77)}})
    governance = governed(kinds={**base.kinds, "invoice_not_posted": segmented})
    now = looking(governance, NOW, record("crm", "customer", "A", segment="small"))

    assert now.rules("invoice_not_posted").sla_seconds == 77
    assert now.rules("won_without_erp_customer") == base.kinds["won_without_erp_customer"]


@pytest.mark.parametrize(
    ("serves", "entity", "in_charge"),
    [
        ({}, "DE01", ("erp", "product")),
        ({"product": {"DE01": DAY}}, "DE01", ("product", "erp")),
        ({"product": {"DE01": DAY}}, "UK01", ("erp",)),
        ({"erp": {"UK01": DAY}, "product": {"DE01": DAY}}, "DE01", ("product",)),
        ({"product": {"DE01": date(1970, 1, 2)}}, "DE01", ("erp",)),
    ],
)
def test_in_charge_is_who_serves_the_company_on_the_day(
    serves: dict[str, Any], entity: str, in_charge: tuple[str, ...]
) -> None:
    systems = {name: {"role": "erp", "serves": serves.get(name, {})} for name in ("erp", "product")}

    now = as_of(record("crm", "customer", "A", legal_entity=entity), governance=governed(systems))

    assert now.in_charge("erp") == in_charge
