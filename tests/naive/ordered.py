"""What comes after what, as the catalogue says it: kinds 38 and 39, and two writers who undo each other (M7)."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from tests.naive.past import Answer, Kind, Past
from tests.naive.world import Record

WINDOW_SECONDS = 86400
TOLERANCE_SECONDS, EXPLAINED_WITHIN_SECONDS = 5, 15
ORDERS: dict[str, dict[str, Sequence[tuple[str, ...]]]] = {
    "invoice": {
        "status": (("draft",), ("posting",), ("posted",), ("paid",), ("voided",)),
        "payment_status": (("open", "pending"), ("partially_paid",), ("paid",)),
    },
    "subscription": {
        "status": (
            ("draft",),
            ("pending_activation",),
            ("pending_acceptance",),
            ("active", "suspended"),
            ("cancelled",),
        )
    },
    "customer": {"status": (("prospect",), ("active", "suspended"))},
    "payment": {"status": (("pending",), ("settled",))},
    "ledger_posting": {"status": (("draft",), ("posting",), ("posted",), ("reversed",))},
}


def rank(record_entity: str, attribute: str, state: object) -> int | None:
    order = ORDERS[record_entity][attribute]
    return next((n for n, states in enumerate(order) if state in states), None)


def state_regression(past: Past, record: Record) -> Answer | None:
    back = [at for attribute in ORDERS[record.change.entity] for at in steps_back(record, attribute)]
    return Answer(not back or any(all_explained(past, record, attribute) for attribute in ORDERS[record.change.entity]))


def all_explained(past: Past, record: Record, attribute: str) -> bool:
    steps = steps_back(record, attribute)
    return bool(steps) and all(explained(past, record, at) for at in steps)


def steps_back(record: Record, attribute: str) -> list[float]:
    """When it went back, where it has not come to where it was since."""
    lost: list[tuple[int, float]] = []
    before: int | None = None
    for version in record.history:
        now = rank(record.change.entity, attribute, (version.attributes or {})[attribute])
        lost = [] if now is None else [(was, at) for was, at in lost if was > now]
        if now is not None and before is not None and now < before:
            lost.append((before, version.at))
        before = now
    return [at for _, at in lost]


EXPLAIN = {
    "invoice": (
        ("payment", "processor", "invoice_ref", "number", "status", ("failed", "refunded", "disputed")),
        ("refund", "processor", "invoice_ref", "number", "status", ("pending", "settled")),
        ("credit_memo", "billing", "invoice_ref", "number", "status", ("posted",)),
        ("cash_application", "erp", "invoice_ref", "number", "status", ("reversed",)),
        ("ledger_posting", "erp", "document_ref", "number", "document_type", ("reversal", "refund")),
    ),
    "payment": (("refund", "processor", "payment_ref", "reference", "status", ("pending", "settled")),),
}


def explained(past: Past, record: Record, back: float) -> bool:
    """Something is told no further from it: since that began, until its state changed last."""
    for entity, system, names_it, by, attribute, states in EXPLAIN.get(record.change.entity, ()):
        for other in past.now.all(entity, system, **{names_it: record[by]}):
            began = other.since(lambda r, attribute=attribute, states=states: r[attribute] in states)
            changed = other.since(lambda r, attribute=attribute, now=other[attribute]: r[attribute] == now)
            if began is not None and changed is not None and is_near(began, back, changed):
                return True
    return False


def is_near(began: float, back: float, changed: float) -> bool:
    return max(micros(began - back), micros(back - changed)) <= EXPLAINED_WITHIN_SECONDS


def posted(invoice: Record) -> bool:
    return invoice["status"] in ("posted", "paid") and bool(invoice.amount("total"))


def in_ledger(posting: Record) -> float | None:
    """Since when it stands there, also while it is posted once more."""
    began = None
    for version in posting.history:
        status = (version.attributes or {})["status"]
        if status not in ("posting", "posted"):
            began = None
        elif status == "posted" and began is None:
            began = version.at
    return began if posting["document_type"] == "invoice" else None


def in_service(subscription: Record) -> bool:
    return subscription["status"] in ("active", "suspended")


def fulfilled(order: Record) -> bool:
    return order["status"] == "fulfilled"


def step_out_of_order(past: Past, record: Record) -> Answer | None:
    entity, world = record.change.entity, past.now
    if entity == "ledger_posting":
        first, step = world.all("invoice", "billing", number=record["document_ref"]), posted
        taken = in_ledger(record)
    elif entity == "revenue_schedule":
        first, step = world.all("subscription", "billing", number=record["subscription_number"]), in_service
        taken = record.since(lambda s: bool(s.amount("recognised")))
    else:
        first, step = world.all("order", "erp", number=record["order_ref"]), fulfilled
        taken = record.since(posted)
    done = [r.first(step) for r in first if step(r) and past.account(r) == past.account(record)]
    if taken is None or not done:
        return None
    return Answer(micros(min(done) - taken) <= TOLERANCE_SECONDS)


def micros(seconds: float) -> Decimal:
    return Decimal(seconds).quantize(Decimal("0.000001"))


def invoice_before_customer(past: Past, record: Record) -> Answer | None:
    taken = in_ledger(record) if record.change.entity == "ledger_posting" else record.since(posted)
    key = (record.change.system, "customer", record.change.customer)
    if any((c.system, c.entity, c.native_id) == key and c.attributes is None and c.at <= past.at for c in past.story):
        return None
    set_up = [at for at, w in past.worlds if (c := w.get(key)) is not None and c["status"] != "prospect"]
    if taken is None or not set_up:
        return None
    return Answer(micros(min(set_up) - taken) <= TOLERANCE_SECONDS)


def correction_oscillation(past: Past, record: Record) -> Answer | None:
    return Answer(not any(quarrelled(past, record, attribute) for attribute in ("email", "name")))


def quarrelled(past: Past, record: Record, attribute: str) -> bool:
    """Three times within the window a value was put back that another writer had replaced, and so it stands."""
    changes: list[tuple[object, str, float]] = []
    for version in record.history:
        value = (version.attributes or {})[attribute]
        if not changes or changes[-1][0] != value:
            changes.append((value, version.by, version.at))
    back = [n for n in range(2, len(changes)) if is_back(changes[n - 2], changes[n - 1], changes[n])]
    recent = [n for n in back if micros(past.at - changes[n][2]) < WINDOW_SECONDS]
    return len(recent) >= 3 and back[-1] == len(changes) - 1


def is_back(
    first: tuple[object, str, float], replaced: tuple[object, str, float], last: tuple[object, str, float]
) -> bool:
    return first[0] == last[0] and replaced[1] != last[1]


BILLED, POSTED, RECOGNISED = ("billing", "invoice"), ("erp", "ledger_posting"), ("erp", "revenue_schedule")
STATES = (BILLED, ("billing", "subscription"), ("processor", "payment"), ("crm", "customer"), POSTED)
OF_STATES = {
    "state_regression": Kind(STATES, "instant", state_regression),
    "step_out_of_order": Kind((POSTED, RECOGNISED, BILLED), "instant", step_out_of_order),
    "invoice_before_customer": Kind((BILLED, POSTED), "instant", invoice_before_customer),
}
OF_WRITERS = {"correction_oscillation": Kind((("billing", "customer"),), "instant", correction_oscillation)}
KINDS = OF_STATES | OF_WRITERS
