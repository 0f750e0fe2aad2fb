"""The predicates of the first kinds: pure functions of one customer's records as of an instant.

Meaning, deadline and owner of each are in the catalogue row beside its name in `streams/kinds/table.py`."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from schemas.instants import from_datetime
from schemas.money import plain
from streams.kinds.asof import AsOf, Found
from streams.kinds.facts import Since, since
from streams.kinds.finding import WAITING, Answer, Ask, Evidence, Finding, Subject


def won_without_erp_customer(now: AsOf, subject: Subject) -> Answer:
    deal = now.subject(*_place(subject))
    won = since(deal.version["since"], "won") if deal else None
    if deal is None or won is None:
        return None
    customers = now.in_role("customer", "erp")
    account = now.record("customer", subject.system, deal.version["customer"])
    erp = now.governance.in_role("erp")[0]
    return Finding(
        satisfied=bool(customers),
        triggered_at=won.at,
        trigger_version=won.version,
        snapshot=won.snapshot,
        owner_system=erp,
        amount=deal.attrs["value"],
        expected=f"a customer in {erp} for the account of won deal {deal.attrs['name'] or deal.native_id}",
        observed=f"{len(customers)} customers" if customers else "none",
        evidence=(Evidence(deal, "stage", deal.attrs["stage"]),),
        ask=_create_customer(erp, account) if account else None,
        satisfied_by=customers[0] if customers else None,
    )


def _create_customer(erp: str, account: Found) -> Ask:
    copied = ("name", "tax_id", "country", "currency", "legal_entity")
    desired: dict[str, str | None] = {name: account.attrs[name] for name in copied}
    return Ask(erp, "customer", account.native_id, desired | {"crm_ref": account.native_id})


def external_id_writeback_missing(now: AsOf, subject: Subject) -> Answer:
    record = now.subject(*_place(subject))
    linked = since(record.version["since"], "linked") if record else None
    if record is None or linked is None:
        return None
    role = now.governance.systems[subject.system].role
    field = f"{role}_ref"
    crm = now.governance.in_role("crm")[0]
    account = now.record("customer", crm, record.attrs["crm_ref"])
    if account is None:
        return WAITING
    written = account.attrs[field]
    return Finding(
        satisfied=bool(written),
        triggered_at=linked.at,
        trigger_version=linked.version,
        snapshot=linked.snapshot,
        owner_system=subject.system,
        expected=f"the account in {crm} names its customer in {subject.system}, {subject.native_id}",
        observed=written or "nothing",
        evidence=(Evidence(record, "crm_ref", record.attrs["crm_ref"]), Evidence(account, field, written)),
        ask=Ask(crm, "customer", account.native_id, {field: subject.native_id}, {field: written}),
        satisfied_by=account if written else None,
    )


def activation_stalled(now: AsOf, subject: Subject) -> Answer:
    subscription = now.subject(*_place(subject))
    if subscription is None:
        return None
    pending = since(subscription.version["since"], "pending")
    demanded = _service_demanded(now, subscription)
    if pending is None:
        # Activated (or suspended, cancelled): answers the obligation that was running, begins none.
        return _activation(subscription, _ANSWERED, satisfied=True)
    if demanded is None:
        return WAITING
    starts_at = _local_day(subscription.attrs["starts_on"])
    latest = max(demanded, pending, key=lambda s: s.at)
    if starts_at > latest.at:
        latest = Since(starts_at, pending.version, pending.snapshot)
    return _activation(subscription, latest, satisfied=False)


_ANSWERED = Since(0, "", False)


def _service_demanded(now: AsOf, subscription: Found) -> Since | None:
    """Since when the customer should be served: the account is active, or its deal was won, whichever came first."""
    accounts = [since(a.version["since"], "active") for a in now.in_role("customer", "crm")]
    deals = [
        since(deal.version["since"], "won")
        for system in now.governance.in_role("crm")
        if (deal := now.record("opportunity", system, subscription.attrs["opportunity_ref"] or ""))
    ]
    return min((s for s in (*accounts, *deals) if s is not None), default=None)


def _activation(subscription: Found, trigger: Since, *, satisfied: bool) -> Finding:
    status = subscription.attrs["status"]
    return Finding(
        satisfied=satisfied,
        triggered_at=trigger.at,
        trigger_version=trigger.version,
        snapshot=trigger.snapshot,
        owner_system=subscription.system,
        amount=subscription.attrs["total_value"],
        expected=f"subscription {subscription.attrs['number']} is active: the customer is, and service has started",
        observed=f"still {status}" if not satisfied else status,
        evidence=(Evidence(subscription, "status", status),),
        ask=Ask(subscription.system, "subscription", subscription.native_id, {"status": "active"}, {"status": status}),
        satisfied_by=subscription if satisfied else None,
    )


def invoice_not_posted(now: AsOf, subject: Subject) -> Answer:
    invoice = now.subject(*_place(subject))
    posted = since(invoice.version["since"], "posted") if invoice else None
    if invoice is None or posted is None:
        return None
    number = invoice.attrs["number"]
    postings = [
        p
        for p in now.by_reference("ledger_posting", "erp", "document_ref", number)
        if p.attrs["document_type"] == "invoice" and p.attrs["status"] == "posted"
    ]
    erp = now.governance.in_role("erp")[0]
    return Finding(
        satisfied=bool(postings),
        triggered_at=posted.at,
        trigger_version=posted.version,
        snapshot=posted.snapshot,
        owner_system=erp,
        amount=invoice.attrs["total"],
        expected=f"invoice {number} is posted in the ledger of {erp}",
        observed="posted" if postings else "no posting refers to it",
        evidence=(Evidence(invoice, "status", invoice.attrs["status"]),),
        ask=Ask(erp, "ledger_posting", number, {"document_type": "invoice", "document_ref": number}),
        satisfied_by=postings[0] if postings else None,
    )


def credit_memo_unpropagated(now: AsOf, subject: Subject) -> Answer:
    memo = now.subject(*_place(subject))
    posted = since(memo.version["since"], "posted") if memo else None
    if memo is None or posted is None:
        return None
    number = memo.attrs["number"]
    shown = now.by_reference("credit_memo", "crm", "number", number)
    crm = now.governance.in_role("crm")[0]
    return Finding(
        satisfied=bool(shown),
        triggered_at=posted.at,
        trigger_version=posted.version,
        snapshot=posted.snapshot,
        owner_system=subject.system,
        amount=memo.attrs["total"],
        expected=f"credit memo {number} is shown in the account view of {crm}",
        observed="shown" if shown else "not there",
        evidence=(Evidence(memo, "status", memo.attrs["status"]),),
        ask=Ask(
            crm, "credit_memo", number, {"number": number, "total": _amount(memo.attrs["total"]), "status": "posted"}
        ),
        satisfied_by=shown[0] if shown else None,
    )


def contract_value_mismatch(now: AsOf, subject: Subject) -> Answer:
    subscription = now.subject(*_place(subject))
    if subscription is None or subscription.attrs["status"] in (
        "draft",
        "pending_activation",
        "pending_acceptance",
        "cancelled",
    ):
        return None
    values = [Evidence(subscription, "total_value", _amount(subscription.attrs["total_value"]))]
    for system in now.governance.in_role("crm"):
        deal = now.record("opportunity", system, subscription.attrs["opportunity_ref"] or "")
        if deal is not None:
            if deal.attrs["stage"] != "won":
                return None
            values.append(Evidence(deal, "value", _amount(deal.attrs["value"])))
    contracts = now.by_reference("contract", "erp", "number", subscription.attrs["contract_ref"])
    values += [Evidence(contract, "value", _amount(contract.attrs["value"])) for contract in contracts]
    amounts = [e.found.attrs[e.field] for e in values]
    if len(values) < 2 or any(a is None for a in amounts):
        return None
    comparable = len({a["currency"] for a in amounts}) == 1
    numbers = [Decimal(a["amount"]) for a in amounts]
    spread, allowed = max(numbers) - min(numbers), _tolerance(now, numbers[0])
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


def _tolerance(now: AsOf, value: Decimal) -> Decimal:
    kind = now.governance.kinds["contract_value_mismatch"]
    return max(kind.tolerance_absolute, abs(value) * kind.tolerance_relative)


def _amount(money: dict[str, Any] | None) -> str | None:
    return money["amount"] if money else None


def _place(subject: Subject) -> tuple[str, str, str]:
    return subject.entity, subject.system, subject.native_id


def _local_day(text: str | None) -> int:
    """The first instant of a day. Calendars per legal entity are not governed yet: days are UTC."""
    if not text:
        return 0
    return from_datetime(datetime.combine(date.fromisoformat(text), datetime.min.time(), UTC))
