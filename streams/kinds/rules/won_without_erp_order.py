"""Kind 54: a deal that the ERP is to deliver by order is won, and the ERP has no order for it."""

from __future__ import annotations

from streams.kinds.asof import AsOf
from streams.kinds.begun import begun
from streams.kinds.finding import Answer, Ask, Evidence, Finding, Subject
from streams.kinds.model import ID, Itself, Kind, Refers
from streams.kinds.shared import first_in_role, place, said


def won_without_erp_order(now: AsOf, subject: Subject) -> Answer:
    deal = now.subject(*place(subject))
    won = begun(now, deal, "ordered") if deal else None
    if deal is None or won is None:
        return None
    found = now.by_reference("order", "erp", "opportunity_ref", deal.native_id)
    orders = [order for order in found if order.attrs["status"] != "cancelled"]
    erp, name, value = first_in_role(now, "erp"), deal.attrs["name"] or deal.native_id, deal.attrs["value"]
    return Finding(
        satisfied=bool(orders),
        triggered_at=won.at,
        trigger_version=won.version,
        snapshot=won.snapshot,
        owner_system=erp,
        amount=value,
        expected=f"an order in {erp} for won deal {name}, {said(value)}",
        observed=f"order {orders[0].attrs['number']}" if orders else "only a cancelled one" if found else "none",
        evidence=(Evidence(deal, "stage", deal.attrs["stage"]),),
        ask=Ask(erp, "order", deal.native_id, {"opportunity_ref": deal.native_id}),
        satisfied_by=orders[0] if orders else None,
    )


KIND = Kind(
    number="54",
    name="won_without_erp_order",
    entity="opportunity",
    roles=("crm",),
    clock="deadline",
    begins_with="ordered",
    reach={("crm", "opportunity"): Itself(), ("erp", "order"): Refers(ID, "opportunity_ref")},
    judge=won_without_erp_order,
    command="erp.order.post",
    sort="ask",
    condition="OrdersPlaced",
    finds=(("order", "opportunity_ref"),),
)
