"""What must be said alike of a contract: its price, its tax, its revenue, its use. Read plainly."""

from __future__ import annotations

from calendar import monthrange
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from tests.naive.companies import Companies, Kind
from tests.naive.sold import IN_SERVICE, SUBSCRIPTIONS, WAITING, named_deals, won
from tests.naive.world import Record

CENT, CENTS = Decimal("0.01"), Decimal("0.05")
Money = tuple[Decimal, str]


def tax_treatment_divergence(world: Companies, invoice: Record, _: date) -> bool | None:
    if not posted(invoice):
        return None
    lines = world.beside(invoice, "invoice_line", "billing", invoice_ref=invoice.change.native_id)
    groups = by_code(invoice, lines)
    return (
        booked_alike(invoice, groups, standing(world, invoice))
        and of_its_region(world, invoice)
        and all(as_its_code_says(invoice, code, records) for code, records in groups.items())
    )


def posted(invoice: Record) -> bool:
    return invoice["status"] in ("posted", "paid") and bool(invoice.amount("total"))


def standing(world: Companies, invoice: Record) -> list[Record]:
    """In the ledger; none where it was taken back."""
    postings = world.beside(invoice, "ledger_posting", "erp", document_ref=invoice["number"])
    reversed_ = any(p["document_type"] == "reversal" and p["status"] == "posted" for p in postings)
    return [p for p in postings if p["document_type"] == "invoice" and p["status"] == "posted" and not reversed_]


def by_code(invoice: Record, lines: Sequence[Record]) -> dict[Any, list[Record]]:
    """The lines of each code where they are known, else the invoice. At two rates that no line names, none."""
    found: dict[Any, list[Record]] = defaultdict(list)
    for line in lines:
        found[line["tax_code"] or invoice["tax_code"]].append(line)
    if any(line["tax_code"] for line in lines):
        return found
    return {} if at_several_rates(lines) else {invoice["tax_code"]: [invoice]}


def at_several_rates(lines: Sequence[Record]) -> bool:
    """No rate gives the tax of all, each rounded to a cent."""
    taxed = [(r.amount("tax"), r.amount("net")) for r in lines if r.amount("net") and r["tax"]]
    lowest = max(((tax - CENT) / net for tax, net in taxed if tax is not None and net), default=Decimal(0))
    return any(tax is not None and net and (tax + CENT) / net < lowest for tax, net in taxed)


def booked_alike(invoice: Record, groups: Mapping[Any, Sequence[Record]], postings: Sequence[Record]) -> bool:
    codes = groups.keys() - {None}
    stated = invoice["tax"]
    booked = [p["tax"] for p in postings]
    alike = all(p["tax_code"] is None or not codes or p["tax_code"] in codes for p in postings)
    if not stated or not booked or any(not b or b["currency"] != stated["currency"] for b in booked):
        return alike
    return alike and abs(sum(Decimal(b["amount"]) for b in booked) - Decimal(stated["amount"])) < 1


def of_its_region(world: Companies, invoice: Record) -> bool:
    """Of the place of supply as it was then; of one that changed since, nobody knows whether it was put right."""
    issued, used = invoice.since(posted) or 0, invoice["tax_region"]
    regions = {region for a in world.beside(invoice, "customer", "crm") if (region := region_since(a, issued))}
    return not used or not regions or used in regions


def region_since(account: Record, issued: float) -> str | None:
    region: str | None = account["tax_region"]
    stated = account.since(lambda a: bool(a["tax_region"] == region))
    return region if stated is not None and stated <= issued else None


def as_its_code_says(invoice: Record, code: Any, records: Sequence[Record]) -> bool:
    if code not in RATES or any(untaxed(r) for r in records):
        return True
    net, tax = sum(net_of(r) or 0 for r in records), sum(r.amount("tax") or 0 for r in records)
    return abs(tax - net * RATES[code]) < 1


def net_of(record: Record) -> Decimal | None:
    total, tax = record.amount("total"), record.amount("tax")
    return record.amount("net") if record["net"] else total - tax if total is not None and tax is not None else None


def untaxed(record: Record) -> bool:
    currencies = {record[basis]["currency"] for basis in ("net", "tax", "total") if record[basis]}
    return record["tax"] is None or net_of(record) is None or len(currencies) > 1


RATES = {"DE19": Decimal("0.19"), "DE07": Decimal("0.07"), "FR20": Decimal("0.20"), "EURC": Decimal(0)}


def said_alike(one: Any, other: Any) -> bool:
    return one is None or other is None or one == other


def contract_value_mismatch(world: Companies, subscription: Record, _: date) -> bool | None:
    stated, version = subscription["total_value"], subscription["version_number"] or 1
    if subscription["status"] in (*WAITING, "cancelled") or not stated:
        return None
    own = Decimal(stated["amount"]), stated["currency"]
    deals = named_deals(world, subscription)
    if any(not won(d) for d in deals):
        return None
    contracts = world.beside(subscription, "contract", "erp", number=subscription["contract_ref"])
    others = [value for c in contracts if (value := for_its_term(c, subscription))]
    amending = amended_by(world, subscription) if version > 1 else []
    for last in (amending or deals)[-1:]:
        value = money(last["value"])
        if amending and deals and value:
            added = [m for d in (*deals, *amending) if (m := money(d["value"])) and m[1] == value[1]]
            value = min(value, (sum((m[0] for m in added), Decimal(0)), value[1]), key=lambda m: abs(m[0] - own[0]))
        if value and (amending or version == 1 or never_was(world, subscription, value)):
            others.append(value)
    return all(near(one, other, own[0]) for one in (own, *others) for other in others)


def amended_by(world: Companies, subscription: Record) -> list[Record]:
    """Expansions of its contract, in the order in which they were won."""
    found = world.beside(
        subscription, "opportunity", "crm", contract_ref=subscription["contract_ref"], type="expansion"
    )
    others = [d for d in found if won(d) and d.change.native_id != subscription["opportunity_ref"]]
    return sorted(others, key=lambda d: (d.since(won), d.change.native_id))


def never_was(world: Companies, subscription: Record, value: Money) -> bool:
    """No version before was worth that, as far as it is told."""
    name = subscription.change.native_id
    told = world.beside(subscription, "subscription_version", "billing", subscription_ref=name)
    before = [v for v in told if (v["version_number"] or 0) < subscription["version_number"]]
    worth = [m for v in before if (m := money(v["total_value"]))]
    return bool(worth) and not any(near(m, value, m[0]) for m in worth)


def money(stated: Any) -> Money | None:
    return (Decimal(stated["amount"]), stated["currency"]) if stated else None


def for_its_term(contract: Record, subscription: Record) -> Money | None:
    value, months, own = money(contract["value"]), subscription["term_months"], contract["term_months"]
    return (value[0] * months / own, value[1]) if value and months and own else value


def near(one: Money, other: Money, of: Decimal) -> bool:
    return one[1] == other[1] and abs(one[0] - other[0]) <= max(Decimal(1), Decimal("0.001") * abs(of))


def revenue_schedule_divergence(world: Companies, subscription: Record, _: date) -> bool | None:
    """Of the schedules for its present version, or, where there are none, of the latest before."""
    schedules = [
        s
        for s in world.beside(subscription, "revenue_schedule", "erp", subscription_number=subscription["number"])
        if s["status"] != "draft"
    ]
    if subscription["status"] not in IN_SERVICE or not schedules:
        return None
    version = subscription["version_number"] or 0
    latest = max(version if s["version_number"] is None else s["version_number"] for s in schedules)
    present = [s for s in schedules if s["version_number"] in (latest, None if latest == version else latest)]
    if latest < version:
        return False
    return as_priced(subscription, present) and as_timed(subscription, present)


def as_priced(subscription: Record, schedules: Sequence[Record]) -> bool:
    price, totals = subscription["total_value"], [s["total"] for s in schedules]
    if not price:
        return True
    if any(s[name] and s[name]["currency"] != price["currency"] for s in schedules for name in ("total", "recognised")):
        return False
    if sum(s.amount("recognised") or 0 for s in schedules) > Decimal(price["amount"]) + CENTS:
        return False
    return None in totals or abs(sum(Decimal(t["amount"]) for t in totals) - Decimal(price["amount"])) <= CENTS


def as_timed(subscription: Record, schedules: Sequence[Record]) -> bool:
    """A later version begins when it takes effect, after the service has begun."""
    starts, ends = subscription["starts_on"], last_day(subscription)
    first = min((s["starts_on"] for s in schedules if s["starts_on"]), default=None)
    last = max((s["ends_on"] for s in schedules if s["ends_on"]), default=None)
    recognised = [s["recognised_until"] for s in schedules if s["recognised_until"]]
    later = (schedules[0]["version_number"] or subscription["version_number"] or 1) > 1
    return (
        (said_alike(starts, first) or (later and first > starts))
        and said_alike(ends, last)
        and (ends is None or all(until <= ends for until in recognised))
    )


def last_day(subscription: Record) -> str | None:
    if subscription["ends_on"] or not subscription["starts_on"] or not subscription["term_months"]:
        return subscription["ends_on"]
    starts = date.fromisoformat(subscription["starts_on"])
    months = starts.month - 1 + subscription["term_months"]
    year, month = starts.year + months // 12, months % 12 + 1
    day = min(starts.day, monthrange(year, month)[1])
    return (date(year, month, day) - timedelta(days=1)).isoformat()


def entitlement_divergence(world: Companies, subscription: Record, today: date) -> bool | None:
    if subscription["status"] != "active":
        return None
    charges = world.beside(subscription, "charge", "billing", subscription_ref=subscription.change.native_id)
    grants = world.beside(subscription, "entitlement", "product", subscription_number=subscription["number"])
    charged = quantities(c for c in charges if c["status"] != "ended" and lasts(c, today))
    granted = quantities(g for g in grants if g["status"] == "active" and lasts(g, today))
    due = {c["product_code"] for c in charges if c["status"] != "ended" and lasts(c, today) and c["type"] != "one_time"}
    return all(
        as_charged(charged[product], granted.get(product, 0 if product in due else None))
        if product in charged
        else granted[product] == 0
        for product in charged.keys() | granted.keys()
    )


def as_charged(charged: int | None, granted: int | None) -> bool:
    """Without a number: any. What is charged once need not be granted."""
    return charged == granted or (charged is None and granted != 0) or (granted is None and charged != 0)


def quantities(records: Iterable[Record]) -> dict[str, int | None]:
    """By product; unknown where one does not state it, is charged once, or as it is used."""
    found: dict[str, int | None] = {}
    for one in records:
        product, quantity = one["product_code"], one["quantity"] if one["type"] in ("recurring", None) else None
        before = found.get(product, 0)
        found[product] = None if quantity is None or before is None else before + quantity
    return {product: quantity for product, quantity in found.items() if product}


def lasts(record: Record, today: date) -> bool:
    """The last day is one of it."""
    day, starts, ends = today.isoformat(), record["starts_on"], record["ends_on"]
    return (starts is None or starts <= day) and (ends is None or day <= ends)


KINDS: Mapping[str, Kind] = {
    "tax_treatment_divergence": Kind((("billing", "invoice"),), "grace", tax_treatment_divergence),
    "contract_value_mismatch": Kind(SUBSCRIPTIONS, "grace", contract_value_mismatch),
    "revenue_schedule_divergence": Kind(SUBSCRIPTIONS, "grace", revenue_schedule_divergence),
    "entitlement_divergence": Kind(SUBSCRIPTIONS, "grace", entitlement_divergence),
}
