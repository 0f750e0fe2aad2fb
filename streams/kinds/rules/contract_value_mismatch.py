"""Kind 26: deal, subscription and ERP contract state different total values."""

from __future__ import annotations

from decimal import Decimal

from schemas.money import plain
from streams.kinds.asof import AsOf
from streams.kinds.finding import Answer, Ask, Evidence, Finding, Subject
from streams.kinds.model import ID, Itself, Kind, Refers
from streams.kinds.shared import place, text, tolerance


def contract_value_mismatch(now: AsOf, subject: Subject) -> Answer:
    subscription = now.subject(*place(subject))
    if subscription is None or subscription.attrs["status"] in (
        "draft",
        "pending_activation",
        "pending_acceptance",
        "cancelled",
    ):
        return None
    values = [Evidence(subscription, "total_value", text(subscription.attrs["total_value"]))]
    for system in now.governance.in_role("crm"):
        deal = now.record("opportunity", system, subscription.attrs["opportunity_ref"] or "")
        if deal is not None:
            if deal.attrs["stage"] != "won":
                return None
            values.append(Evidence(deal, "value", text(deal.attrs["value"])))
    contracts = now.by_reference("contract", "erp", "number", subscription.attrs["contract_ref"])
    values += [Evidence(contract, "value", text(contract.attrs["value"])) for contract in contracts]
    amounts = [e.found.attrs[e.field] for e in values]
    if len(values) < 2 or any(a is None for a in amounts):
        return None
    comparable = len({a["currency"] for a in amounts}) == 1
    numbers = [Decimal(a["amount"]) for a in amounts]
    spread, allowed = max(numbers) - min(numbers), tolerance(now, KIND.name, numbers[0])
    # In different currencies there is no difference to state: the whole contract is at stake.
    at_stake = spread if comparable else numbers[0]
    target = values[-1].found
    newest = max((e.found for e in values), key=lambda f: f.version["at"])
    return Finding(
        satisfied=comparable and spread <= allowed,
        triggered_at=0,
        trigger_version="",
        owner_system=subject.system,
        amount={**amounts[0], "amount": plain(at_stake)},
        expected=f"the same contract value everywhere, within {plain(allowed)} {amounts[0]['currency']}",
        observed=", ".join(
            f"{e.found.system} {e.found.entity} {a['amount']} {a['currency']}"
            for e, a in zip(values, amounts, strict=True)
        ),
        evidence=tuple(values),
        ask=Ask(
            target.system, target.entity, target.native_id, {"value": values[0].value}, {"value": values[-1].value}
        ),
        satisfied_by=newest,
        snapshot=newest.version["snapshot"],
    )


KIND = Kind(
    number="26",
    name="contract_value_mismatch",
    entity="subscription",
    roles=("billing",),
    clock="grace",
    reach={
        ("billing", "subscription"): Itself(),
        ("crm", "opportunity"): Refers("opportunity_ref", ID),
        ("erp", "contract"): Refers("contract_ref", "number"),
    },
    judge=contract_value_mismatch,
    command="erp.contract.update_value",
    sort="copy",
    condition="ContractValuesAgree",
)
