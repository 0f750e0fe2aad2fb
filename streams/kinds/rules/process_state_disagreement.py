"""Kind 37: every record is in order by itself, and the three systems do not agree on where the customer stands."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from streams.governance.model import Governance
from streams.governance.process import Allowed, MissingEdge
from streams.kinds.asof import AsOf
from streams.kinds.finding import IN_ORDER, Answer, Evidence, Finding, Subject
from streams.kinds.model import Kind, Siblings
from streams.kinds.references import EVERY
from streams.kinds.shared import Amount, first_in_role, number, place, with_amount
from streams.kinds.states import Books, Stand, billing_stand, books, crm_stand


def process_state_disagreement(now: AsOf, subject: Subject) -> Answer:
    account = now.subject(*place(subject))
    if account is None or account.attrs["status"] is None:
        return None
    if now.in_role("customer", "crm")[0] != account:
        return None  # a second account of the customer is kind 44's: the first speaks for it
    subscriptions = now.in_role("subscription", "billing")
    crm, billing = crm_stand(now, account), billing_stand(now, account, subscriptions)
    allowed = _allowed(now.governance, crm.state, billing.state)
    if now.at_rest and _agree(now, allowed.rows, crm, billing, books(now, subscriptions, allowed.parts)):
        return IN_ORDER
    erp = books(now, subscriptions)
    agreed = _agree(now, allowed.rows, crm, billing, erp)
    causes = () if agreed else tuple(dict.fromkeys(_causes(now, crm, billing, erp)))
    deciding = (*crm.deciding, *billing.deciding, *erp.deciding)
    newest = max(deciding, key=lambda f: f.version["at"])
    return Finding(
        satisfied=agreed,
        triggered_at=0,
        trigger_version="",
        owner_system=_behind(now, crm, billing),
        amount=_at_stake(crm, billing),
        severity=min((now.rules(cause).severity for cause in causes), default=""),
        expected=_expected(now, crm),
        observed=f"the CRM says {crm.state}, billing says {_word(billing.state)}, {_in_the_books(erp)}",
        evidence=tuple(Evidence(f, _FIELD[f.entity], f.attrs[_FIELD[f.entity]]) for f in deciding),
        satisfied_by=newest,
        snapshot=newest.version["snapshot"],
        causes=causes,
    )


_FIELD = {
    "customer": "status",
    "opportunity": "stage",
    "subscription": "status",
    "financial_profile": "status",
    "revenue_schedule": "status",
}


class _Allowed(NamedTuple):
    """What is governed of two states of the CRM and billing together."""

    rows: tuple[Allowed, ...]
    parts: frozenset[str]
    """Parts of the books that any of the rows is about."""


def _allowed(governance: Governance, crm: str, billing: str) -> _Allowed:
    key = (_allowed, crm, billing)
    known: _Allowed | None = governance.derived.get(key)
    if known is None:
        rows = tuple(r for r in governance.process.allowed.values() if (r.crm, r.billing) == (crm, billing))
        parts = frozenset(part for row in rows for part in (*row.erp, *row.erp_without))
        known = governance.derived[key] = _Allowed(rows, parts)
    return known


def _agree(now: AsOf, rows: tuple[Allowed, ...], crm: Stand, billing: Stand, erp: Books) -> bool:
    return any(_agrees(now, row, crm, billing, erp) for row in rows)


def _agrees(now: AsOf, row: Allowed, crm: Stand, billing: Stand, erp: Books) -> bool:
    if not (set(row.erp) <= erp.has | erp.unknown) or erp.has & set(row.erp_without):
        return False
    if row.within is None:
        return True
    ends = max(crm.since, billing.since) + row.within
    now.again_at(ends)
    return now.instant < ends


def _causes(now: AsOf, crm: Stand, billing: Stand, erp: Books) -> Iterable[str]:
    return (
        edge.cause
        for edge in now.governance.process.missing_edges.values()
        if edge.cause in now.governance.kinds and _missing(edge, crm, billing, erp)
    )


def _missing(edge: MissingEdge, crm: Stand, billing: Stand, erp: Books) -> bool:
    return (
        (not edge.crm or crm.state in edge.crm)
        and (not edge.billing or billing.state in edge.billing)
        and set(edge.erp_has) <= erp.has
        and not set(edge.erp_lacks) & (erp.has | erp.unknown)
    )


def _behind(now: AsOf, crm: Stand, billing: Stand) -> str:
    """Billing while what it says does not go with the CRM at all, else the books."""
    goes = _allowed(now.governance, crm.state, billing.state).rows
    return first_in_role(now, "erp" if goes else "billing")


def _at_stake(crm: Stand, billing: Stand) -> Amount | None:
    """What the subscriptions that decide the state are worth; without one, the deal."""
    stated = [v for s in billing.deciding if (v := s.attrs["total_value"])]
    deals = [v for d in crm.deciding if d.entity == "opportunity" and (v := d.attrs["value"])]
    amounts = stated or deals
    if not amounts or len({a["currency"] for a in amounts}) > 1:
        return None
    return with_amount(amounts[0], sum((number(a) for a in amounts[1:]), number(amounts[0])))


def _expected(now: AsOf, crm: Stand) -> str:
    rows = [row for row in now.governance.process.allowed.values() if row.crm == crm.state]
    ways = "; or ".join(f"billing says {_word(row.billing)} and the ERP has {_parts(row)}" for row in rows)
    return f"where the CRM says {crm.state}, {ways or 'nothing goes with it'}"


def _parts(row: Allowed) -> str:
    parts = [_PARTS[p] for p in row.erp] + [f"no {_PARTS[p]}" for p in row.erp_without]
    return " and ".join(parts) or "anything"


def _in_the_books(erp: Books) -> str:
    told = [_PARTS[p] if p in erp.has else f"no {_PARTS[p]}" for p in _PARTS if p not in erp.unknown]
    return f"the ERP has {', '.join(told)}"


def _word(state: str) -> str:
    return "nothing" if state == "none" else state.replace("_", " ")


_PARTS = {
    "customer": "customer",
    "profile": "financial profile",
    "revenue": "running revenue schedule",
    "open_balance": "open balance",
}

KIND = Kind(
    number="37",
    name="process_state_disagreement",
    entity="customer",
    roles=("crm",),
    clock="grace",
    reach={
        ("crm", "customer"): Siblings(),
        ("crm", "opportunity"): Siblings(),
        ("billing", "customer"): Siblings(),
        ("billing", "subscription"): Siblings(),
        ("erp", "customer"): Siblings(),
        ("erp", "financial_profile"): Siblings(),
        ("erp", "revenue_schedule"): Siblings(),
    },
    finds=(
        ("opportunity", EVERY),
        ("subscription", EVERY),
        ("financial_profile", EVERY),
        ("revenue_schedule", "subscription_number"),
    ),
    optional=frozenset({("crm", "opportunity"), ("erp", "financial_profile"), ("erp", "revenue_schedule")}),
    regarded={
        "customer": ("status", "delinquent"),
        "opportunity": ("@won", "stage", "type"),
        "subscription": ("@pending", "@trail", "status", "number", "starts_on", "legal_entity"),
        "financial_profile": ("status",),
        "revenue_schedule": ("status",),
    },
    judge=process_state_disagreement,
    command="",
    sort="ask",
    condition="ProcessStateAgreed",
)
