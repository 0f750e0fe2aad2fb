"""What follows a subscription beyond its invoices: what the product grants, and how its revenue is scheduled.

Only companies of the further kinds come here."""

from __future__ import annotations

from decimal import Decimal

from streams.demo.further import (
    AMENDMENT_UNPROPAGATED,
    CANCELLATION_UNPROPAGATED,
    ENTITLEMENT_DIVERGENCE,
    SCHEDULE_DIVERGENCE,
    SCHEDULE_MISSING,
    WON_WITHOUT_ORDER,
)
from streams.demo.script import INTEGRATION, Script
from streams.demo.steps import Value, Write

_CENT = Decimal("0.01")
_FINANCE = "finance"
_PRODUCT = "provisioning"


def open_product_customer(script: Script, at: float) -> None:
    who = script.profile
    customer = script.create("customer", "product.customer", id=who.domain, name=who.name)
    script.add(at, "product", INTEGRATION, customer)


def charges(script: Script) -> list[Write]:
    """What the subscription charges for: seats, and where a flaw has it what is used beside them."""
    who = script.profile
    sold: list[tuple[str, str, int, Decimal]] = [("SEAT", "Recurring", who.seats, who.monthly / who.seats)]
    if script.suffers(ENTITLEMENT_DIVERGENCE, "usage"):
        sold.append(("CALL", "Usage", 1, _CENT))
    return [
        script.create(
            "charge",
            f"billing.charge.{product}",
            id=who.id("CH", index),
            account_id=script.ref("billing.account"),
            subscription_id=script.ref("billing.subscription"),
            product_code=product,
            type=type_,
            quantity=quantity,
            currency=who.currency,
            unit_price=price.quantize(_CENT),
            status="Active",
        )
        for index, (product, type_, quantity, price) in enumerate(sold, 1)
    ]


def serve(script: Script, active: float, customer: float | None) -> float | None:
    """`customer` is when the ERP had it; returns when there was a schedule of its revenue, if there was."""
    _grant(script, active)
    return None if customer is None else _schedule(script, active, customer)


def _grant(script: Script, active: float) -> None:
    seats = script.profile.seats
    if script.suffers(ENTITLEMENT_DIVERGENCE, "too many"):
        script.add(active + script.soon(0.5, 2.0), "product", _PRODUCT, _entitlement(script, "SEAT", seats + 3))
        until = script.flawed_answer(ENTITLEMENT_DIVERGENCE)
        if until is not None:
            right = script.change("entitlement", "product.SEAT", quantity=seats)
            script.add(active + until, "product", _PRODUCT, right)
        return
    after = script.answer(ENTITLEMENT_DIVERGENCE, "none")
    if after is not None:
        script.add(active + after, "product", _PRODUCT, _entitlement(script, "SEAT", seats))
    if script.suffers(ENTITLEMENT_DIVERGENCE, "usage"):
        script.add(active + script.soon(0.5, 2.0), "product", _PRODUCT, _entitlement(script, "CALL", 1000))


def _entitlement(script: Script, product: str, quantity: int) -> Write:
    who = script.profile
    return script.create(
        "entitlement",
        f"product.{product}",
        id=who.id(f"E{product}"),
        customer_id=script.ref("product.customer"),
        subscription_number=who.id("SUB"),
        product_code=product,
        quantity=quantity,
        status="Active",
    )


def _schedule(script: Script, active: float, customer: float) -> float | None:
    after = script.answer(SCHEDULE_MISSING)
    in_draft = script.suffers(SCHEDULE_MISSING, "left in draft")
    if after is None and not in_draft:
        return None
    at = max(active + (script.soon(0.5, 3.0) if after is None else after), customer + 0.2)
    wrong, right = _otherwise(script)
    status = "Draft" if in_draft else "Active"
    script.add(at, "erp", _FINANCE, _cut(script, 1, script.profile.contract_value, status=status, **wrong))
    until = script.flawed_answer(SCHEDULE_DIVERGENCE) if script.tells(SCHEDULE_DIVERGENCE) else None
    if until is not None:
        script.add(at + until, "erp", _FINANCE, script.change("revenue_schedule", "erp.schedule.1", **right))
    return at


def _otherwise(script: Script) -> tuple[dict[str, Value], dict[str, Value]]:
    """Columns that a flaw has other than they should be, and what they should be."""
    who = script.profile
    if script.suffers(SCHEDULE_DIVERGENCE, "price"):
        off = 5 * _CENT if script.tolerable else max(_CENT * 100, (who.contract_value / 12).quantize(_CENT))
        return {"total_amount": who.contract_value - off}, {"total_amount": who.contract_value}
    if script.suffers(SCHEDULE_DIVERGENCE, "period"):
        return {"ends_on": who.today}, {"ends_on": who.ends_on}
    return {}, {}


def _cut(script: Script, version: int, total: Decimal, **otherwise: Value) -> Write:
    who = script.profile
    usual: dict[str, Value] = {
        "id": who.id("RS", version),
        "customer_id": script.ref("erp.customer"),
        "subscription_number": who.id("SUB"),
        "subscription_version": version,
        "status": "Active",
        "currency": who.currency,
        "total_amount": total,
        "starts_on": who.starts_on if version == 1 else who.today,
        "ends_on": who.ends_on,
    }
    return script.create("revenue_schedule", f"erp.schedule.{version}", **(usual | otherwise))


def recut(script: Script, amended: float, scheduled: float, total: Decimal) -> None:
    """The schedule of the first version is closed for that of the second."""
    after = script.answer(AMENDMENT_UNPROPAGATED, "revenue")
    if after is not None:
        at = max(amended + after, scheduled + 0.2)
        script.add(at, "erp", _FINANCE, _closed(script), _cut(script, 2, total))


def end_service(script: Script, cancelled: float) -> None:
    """Revenue and product follow a cancellation."""
    after = script.answer(CANCELLATION_UNPROPAGATED, "revenue")
    if after is not None:
        script.add(cancelled + after, "erp", _FINANCE, _closed(script))
    after = script.answer(CANCELLATION_UNPROPAGATED, "product")
    if after is not None:
        revoked = script.change("entitlement", "product.SEAT", status="Revoked")
        script.add(cancelled + after, "product", _PRODUCT, revoked)


def _closed(script: Script) -> Write:
    return script.change("revenue_schedule", "erp.schedule.1", status="Closed")


def is_ordered(script: Script) -> bool:
    """Whether the ERP is to deliver a part of the deal by order."""
    return script.further and (script.tells(WON_WITHOUT_ORDER) or (script.flaw is None and script.chance(0.2)))


def place_order(script: Script, won: float, customer: float) -> None:
    who = script.profile
    after = (
        script.soon(1.0, 3.0) if script.suffers(WON_WITHOUT_ORDER, "cancelled") else script.answer(WON_WITHOUT_ORDER)
    )
    if after is None:
        return
    order = script.create(
        "sales_order",
        "erp.order",
        id=who.id("SO"),
        customer_id=script.ref("erp.customer"),
        number=who.id("ORD"),
        opportunity_id=script.ref("crm.opportunity"),
        status="Open",
        currency=who.currency,
        total_amount=who.contract_value,
    )
    placed = script.add(max(won + after, customer + 0.2), "erp", INTEGRATION, order)
    if script.suffers(WON_WITHOUT_ORDER, "cancelled"):
        script.add(placed + 1.0, "erp", _FINANCE, script.change("sales_order", "erp.order", status="Cancelled"))
