"""Where a customer stands by each system, record by record: which word of `process.yaml`, and what decides it."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.instants import NEVER, SECOND
from streams.governance.model import Governance
from streams.kinds.states import Books, Stand, billing_stand, books, crm_stand
from tests.dossiers.model import Change
from tests.dossiers.stage import five_systems
from tests.unit.looked_at import found, looking, record

NOW = 1000
DAY_TWO = 86_400 * SECOND


def account(status: str, **told: Any) -> Change:
    return record("crm", "customer", "A", status=status, **told)


def deal(native_id: str, at: float = 2, system: str = "crm", **told: Any) -> Change:
    return record(system, "opportunity", native_id, at, **told)


def subscription(native_id: str, status: str, at: float = 2, **told: Any) -> Change:
    return record("billing", "subscription", native_id, at, status=status, number=f"N-{native_id}", **told)


def several(**roles: str) -> Governance:
    """With the named systems in these roles, too."""
    base = five_systems()
    systems = {name: base.systems[name].model_copy(update={"role": role}) for name, role in roles.items()}
    return base.model_copy(update={"systems": {**base.systems, **systems}})


def in_crm(*records: Change, governance: Governance | None = None) -> Stand:
    now = looking(governance or five_systems(), NOW, *records)
    return crm_stand(now, found(now, "crm", "customer", "A"))


def in_billing(*records: Change, governance: Governance | None = None) -> Stand:
    now = looking(governance or five_systems(), NOW, account("active"), *records)
    return billing_stand(now, found(now, "crm", "customer", "A"), now.in_role("subscription", "billing"))


def in_books(*records: Change, governance: Governance | None = None) -> Books:
    now = looking(governance or five_systems(), NOW, *records)
    return books(now, now.in_role("subscription", "billing"))


def deciding(stand: Stand | Books) -> list[str]:
    return [f.native_id for f in stand.deciding]


RENEWAL = {"type": "renewal", "stage": "open"}
IN_CRM = {
    # what: (records, state, what decides it)
    "churned, whatever is being sold": ((account("churned"), deal("O", **RENEWAL)), "churned", ["A"]),
    "active": ((account("active"),), "active", ["A"]),
    "suspended there counts as active": ((account("suspended"),), "active", ["A"]),
    "an open renewal": ((account("active"), deal("O", **RENEWAL)), "renewing", ["A", "O"]),
    "of two, one decides": ((account("active"), deal("O", **RENEWAL), deal("Q", **RENEWAL)), "renewing", ["A", "O"]),
    "suspended, and being renewed": ((account("suspended"), deal("O", **RENEWAL)), "renewing", ["A", "O"]),
    "a renewal that was won": ((account("active"), deal("O", type="renewal", stage="won")), "active", ["A"]),
    "an open deal that renews nothing": ((account("active"), deal("O", type="new", stage="open")), "active", ["A"]),
    "a prospect": ((account("prospect"), deal("O", stage="open")), "open", ["A"]),
    "a prospect that bought": ((account("prospect"), deal("O", stage="won")), "won", ["A", "O"]),
}


@pytest.mark.parametrize("what", IN_CRM)
def test_in_the_crm(what: str) -> None:
    records, state, decides = IN_CRM[what]

    stand = in_crm(*records)

    assert (stand.state, deciding(stand)) == (state, decides)


@pytest.mark.parametrize(
    ("deals", "decides", "since"),
    [
        ((deal("O", 5, stage="won"), deal("Q", 7, stage="won")), "Q", 7),
        ((deal("O", 7, stage="won"), deal("Q", 5, stage="won")), "O", 7),
        ((deal("O", 7, stage="won"), deal("Q", 7, stage="won")), "Q", 7),
        ((deal("O", 5, stage="won"), deal("Q", 7, stage="open")), "O", 5),
    ],
)
def test_the_deal_that_was_won_last_decides_since_when(deals: tuple[Change, ...], decides: str, since: int) -> None:
    stand = in_crm(account("prospect"), *deals)

    assert (deciding(stand), stand.since) == (["A", decides], since)


IN_BILLING = {
    # statuses of subscriptions: state
    (): "none",
    ("active",): "active",
    ("suspended",): "suspended",
    ("pending_activation",): "pending",
    ("pending_acceptance",): "pending",
    ("draft",): "draft",
    ("cancelled",): "cancelled",
    ("cancelled", "draft"): "draft",
    ("draft", "pending_acceptance"): "pending",
    ("pending_activation", "suspended"): "suspended",
    ("suspended", "active"): "active",
}


@pytest.mark.parametrize("statuses", IN_BILLING)
def test_the_most_advanced_subscription_says_where_billing_stands(statuses: tuple[str, ...]) -> None:
    stand = in_billing(*(subscription(str(n), status) for n, status in enumerate(statuses)))

    assert (stand.state, deciding(stand)) == (IN_BILLING[statuses], [str(len(statuses) - 1)] if statuses else [])


@pytest.mark.parametrize(("status", "state"), [("active", "past_due"), ("suspended", "suspended"), ("draft", "draft")])
def test_who_owes_is_past_due_while_served(status: str, state: str) -> None:
    owing = record("billing", "customer", "B", delinquent=True)

    assert in_billing(owing, subscription("S", status)).state == state


@pytest.mark.parametrize("owing", [("billing", "product"), ("product", "billing")])
def test_owing_in_one_of_several_billing_systems_is_owing(owing: tuple[str, str]) -> None:
    one, other = (record(s, "customer", s, delinquent=told) for s, told in zip(owing, (True, False), strict=True))

    assert (
        in_billing(one, other, subscription("S", "active"), governance=several(product="billing")).state == "past_due"
    )


@pytest.mark.parametrize(
    ("records", "since"),
    [
        ([subscription("S", "draft", 5)], 5),
        ([subscription("S", "draft", 5), subscription("S", "pending_activation", 9)], 9),
        ([subscription("S", "draft", 5), subscription("S", "draft", 9)], 5),
        ([subscription("S", "draft", 5, starts_on="1970-01-02")], DAY_TWO),
        ([subscription("S", "draft", 5), subscription("T", "draft", 8)], 8),
        ([subscription("S", "draft", 8), subscription("T", "draft", 5)], 8),
        ([subscription("S", "active", 5)], 0),
        ([subscription("S", s, at) for at, s in ((3, "draft"), (5, "active"), (9, "suspended"))], 9),
    ],
    ids=["known", "entered", "another change of it", "not before service starts", "the last of two", "either way round",
         "of an active one it is not asked", "entered last"],
)  # fmt: skip
def test_billing_can_be_waited_for_since_the_state_was_entered(records: list[Change], since: int) -> None:
    assert in_billing(*records).since == since


def test_of_nothing_nothing_is_waited_for() -> None:
    assert (in_billing().since, in_crm(account("active")).since) == (NEVER, NEVER)


ERP = record("erp", "customer", "E", status="active", delinquent=False)
PROFILE = record("erp", "financial_profile", "F", status="active")
SERVED = subscription("S", "active")
SCHEDULE = record("erp", "revenue_schedule", "R", subscription_number="N-S", status="active")


def but(one: Change, **told: Any) -> Change:
    return one._replace(attributes={**(one.attributes or {}), **told})


IN_BOOKS: dict[str, tuple[tuple[Change, ...], set[str], list[str]]] = {
    # what: (records, parts, what decides them)
    "nothing": ((), set(), []),
    "all there is": ((ERP, PROFILE, SERVED, SCHEDULE), {"customer", "profile", "revenue"}, ["E", "F", "R"]),
    "a customer that left": ((but(ERP, status="churned"),), set(), []),
    "a customer and one that left": ((but(ERP, status="churned"), ERP._replace(native_id="E2")), {"customer"}, ["E2"]),
    "a profile that is no longer used": ((but(PROFILE, status="inactive"),), set(), []),
    "a profile of no status": ((but(PROFILE, status=None),), {"profile"}, ["F"]),
    "a schedule that is over": ((SERVED, but(SCHEDULE, status="closed")), set(), []),
    "a schedule of no status": ((SERVED, but(SCHEDULE, status=None)), {"revenue"}, ["R"]),
    "a schedule of another subscription": ((SERVED, but(SCHEDULE, subscription_number="N-T")), set(), []),
    "an open balance": ((but(ERP, delinquent=True),), {"customer", "open_balance"}, ["E"]),
    "of one of two customers": (
        (ERP, but(ERP, delinquent=True)._replace(native_id="E2")),
        {"customer", "open_balance"},
        ["E"],
    ),
    "two of each": (
        (*(one._replace(native_id=n) for one in (ERP, PROFILE, SCHEDULE) for n in ("X", "Y")), SERVED),
        {"customer", "profile", "revenue"},
        ["X", "X", "X"],
    ),
}


@pytest.mark.parametrize("what", IN_BOOKS)
def test_in_the_books(what: str) -> None:
    records, has, decides = IN_BOOKS[what]

    told = in_books(*records)

    assert (told.has, deciding(told)) == (has, decides)


@pytest.mark.parametrize(("owing", "unknown"), [((None,), True), ((False,), False), ((None, False), False), ((), True)])
def test_whether_something_is_owed_is_unknown_where_no_record_says_so(
    owing: tuple[bool | None, ...], unknown: bool
) -> None:
    told = in_books(*(but(ERP, delinquent=d)._replace(native_id=f"E{n}") for n, d in enumerate(owing)))

    assert told.unknown == ({"open_balance"} if unknown else set())


@pytest.mark.parametrize(("entity", "part"), [("financial_profile", "profile"), ("revenue_schedule", "revenue")])
def test_what_no_erp_tells_of_is_unknown(entity: str, part: str) -> None:
    def silent(*names: str) -> Governance:
        governance = several(product="erp")
        mapped = {n: {k: m for k, m in governance.mappings[n].items() if m.entity != entity} for n in names}
        return governance.model_copy(update={"mappings": {**governance.mappings, **mapped}})

    assert in_books(ERP, governance=silent("erp", "product")).unknown == {part}
    assert in_books(ERP, governance=silent("erp")).unknown == set()
    # What systems of other roles carry says nothing of the books.
    assert in_books(ERP, governance=silent("product")).unknown == set()
