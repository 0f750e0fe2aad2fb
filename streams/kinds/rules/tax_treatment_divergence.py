"""Kind 25: an invoice was taxed otherwise than the ERP taxes it, than the customer's region demands, or than its own
tax code says.

What may differ: the tax code in the ledger, unless finance governs both codes as the same treatment; the tax amount
beyond the tolerance of EN 16931 (BR-CO-17: less than one unit of the currency), in the ledger or by the governed rate
of each code that the lines name, or else the head (`streams/kinds/taxed.py`); the day of the invoice and the days on
which the code is in force; and the jurisdiction used against the tax region in the CRM. The region counts as it was
when the invoice was issued: who moves later does not make old invoices wrong."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from schemas.money import CONTEXT, SCALE, plain
from streams.governance.finance import TaxCode
from streams.kinds.asof import AsOf, Found
from streams.kinds.books import Postings, postings_of
from streams.kinds.facts import since, with_value
from streams.kinds.finding import IN_ORDER, Answer, Ask, Evidence, Finding, Subject
from streams.kinds.lags import newest
from streams.kinds.model import ID, All, Itself, Kind, Refers
from streams.kinds.shared import first_in_role, number, place, said, text, with_amount
from streams.kinds.taxed import Group, Taxed, taxed

ONE_UNIT = Decimal(1)


class Compared(NamedTuple):
    agrees: bool
    expected: str
    observed: str
    at_stake: Decimal
    evidence: tuple[Evidence, ...]
    apart: Decimal = Decimal(0)
    """How far amounts differ, also where that is tolerated."""


def tax_treatment_divergence(now: AsOf, subject: Subject) -> Answer:
    invoice = now.subject(*place(subject))
    posted = since(invoice.version["since"], "posted") if invoice else None
    if invoice is None or posted is None:
        return None
    postings = postings_of(now, invoice.attrs["number"])
    customers = now.in_role("customer", "crm")
    accounts = [a for a in customers if _known_by(a, posted.at)]
    stated = taxed(now, invoice)
    compared = [*_with_ledger(now, invoice, stated, postings), *_with_region(invoice, accounts)]
    compared += [c for c in _with_finance(now, invoice, stated) if not c.agrees or not compared]
    if not compared:
        return None
    if now.at_rest and all(c.agrees for c in compared):
        return IN_ORDER
    wrong = [c for c in compared if not c.agrees]
    shown = wrong or compared
    evidence = tuple(e for c in compared for e in c.evidence)
    latest = newest(e.found for e in evidence)
    assert latest is not None
    basis = invoice.attrs["tax"] or invoice.attrs["total"]
    return Finding(
        satisfied=not wrong,
        triggered_at=0,
        trigger_version="",
        owner_system=first_in_role(now, "erp"),
        amount=with_amount(basis, max(c.at_stake for c in wrong) if wrong else max(c.apart for c in compared)),
        expected=f"invoice {invoice.attrs['number'] or invoice.native_id} is taxed with "
        + ", ".join(c.expected for c in shown),
        observed=f"{subject.system} taxed it with " + ", ".join(c.observed for c in shown),
        evidence=evidence,
        ask=_for_the_future(invoice, accounts),
        # A region put right counts for later invoices, and no longer against this one.
        satisfied_by=newest((latest, *customers)),
        snapshot=latest.version["snapshot"],
    )


def _known_by(account: Found, issued_at: int) -> bool:
    """Whether the account's region, as it is, stood when the invoice was issued."""
    region = account.attrs["tax_region"]
    known = since(account.version["since"], with_value("tax_region", region)) if region else None
    return known is not None and known.at <= issued_at


def _with_ledger(now: AsOf, invoice: Found, stated: Taxed, postings: Postings) -> Iterator[Compared]:
    if postings.standing <= 0:
        return
    tax = invoice.attrs["tax"]
    codes = sorted({p.attrs["tax_code"] for p in postings.posted if p.attrs["tax_code"]})
    if stated.groups and codes:
        yield Compared(
            agrees=_same({_treatment(now, c) for c in codes}, {_treatment(now, c) for c in stated.codes}),
            expected=f"tax code {' and '.join(codes)}",
            observed=f"tax code {' and '.join(stated.codes)}",
            # The whole tax is in doubt: it may be owed to another authority, or by somebody else.
            at_stake=abs(number(tax)),
            evidence=(
                *(Evidence(t, "tax_code", t.attrs["tax_code"]) for group in stated.groups for t in group.taxed),
                *(Evidence(p, "tax_code", p.attrs["tax_code"]) for p in postings.posted),
            ),
        )
    if tax and postings.currencies("tax") == {tax["currency"]}:
        ledger = postings.net("tax")
        yield Compared(
            agrees=abs(number(tax) - ledger) < ONE_UNIT,
            expected=f"{said(with_amount(tax, ledger))} of tax",
            observed=f"{said(tax)} of tax",
            at_stake=abs(number(tax) - ledger),
            evidence=(
                Evidence(invoice, "tax", plain(number(tax))),
                *(Evidence(p, "tax", plain(number(p.attrs["tax"]))) for p in (*postings.posted, *postings.taken_back)),
            ),
            apart=abs(number(tax) - ledger),
        )


def _treatment(now: AsOf, code: str) -> object:
    governed = now.governance.finance.tax_codes.get(code)
    return governed.treatment if governed else code


def _same(ledger: set[object], invoiced: set[object]) -> bool:
    """A posting of what is taxed in several ways may name one of them."""
    return ledger <= invoiced and (len(invoiced) > 1 or ledger == invoiced)


def _with_finance(now: AsOf, invoice: Found, stated: Taxed) -> Iterator[Compared]:
    """What finance governs about the codes; of one that it does not govern nothing is known."""
    day = invoice.attrs["issued_on"]
    for group in stated.groups:
        governed = now.governance.finance.tax_codes.get(group.code)
        if governed is not None:
            yield from (_in_force(invoice, group, governed, day),) if day else ()
            yield from _at_its_rate(invoice, group, governed)


def _in_force(invoice: Found, group: Group, governed: TaxCode, day: str) -> Compared:
    return Compared(
        agrees=governed.in_force(date.fromisoformat(day)),
        expected=f"a code in force on {day}",
        observed=f"tax code {group.code}, in force from {governed.begins or 'ever'} to {governed.ends or 'ever'}",
        at_stake=abs(group.tax),
        evidence=(*_codes(group), Evidence(invoice, "issued_on", day)),
    )


def _at_its_rate(invoice: Found, group: Group, governed: TaxCode) -> Iterator[Compared]:
    if group.net is None:
        return
    rate = Decimal(0) if governed.reverse_charge else governed.rate
    due = CONTEXT.multiply(group.net, rate).quantize(SCALE, context=CONTEXT)
    money = {"currency": group.currency}
    of_lines = "" if group.taxed == (invoice,) else f" in the lines of code {group.code}"
    yield Compared(
        agrees=abs(group.tax - due) < ONE_UNIT,
        expected=f"{said(with_amount(money, due))} of tax by code {group.code}",
        observed=f"{said(with_amount(money, group.tax))} of tax{of_lines}",
        at_stake=abs(group.tax - due),
        evidence=(*_codes(group), *(Evidence(t, "tax", text(t.attrs["tax"])) for t in group.taxed)),
        apart=abs(group.tax - due),
    )


def _codes(group: Group) -> Iterator[Evidence]:
    return (Evidence(t, "tax_code", t.attrs["tax_code"]) for t in group.taxed)


def _with_region(invoice: Found, accounts: list[Found]) -> Iterator[Compared]:
    used = invoice.attrs["tax_region"]
    regions = sorted({a.attrs["tax_region"] for a in accounts})
    if used and regions:
        yield Compared(
            # Accounts that were merged may differ among themselves: that is another kind's matter.
            agrees=used in regions,
            expected=f"the tax of region {' or '.join(regions)}",
            observed=f"that of region {used}",
            at_stake=abs(number(invoice.attrs["tax"])),
            evidence=(
                Evidence(invoice, "tax_region", used),
                *(Evidence(a, "tax_region", a.attrs["tax_region"]) for a in accounts),
            ),
        )


def _for_the_future(invoice: Found, accounts: list[Found]) -> Ask | None:
    """Later invoices get the right region; the one that is issued, a person credits and bills anew."""
    used, right = invoice.attrs["tax_region"], {a.attrs["tax_region"] for a in accounts}
    if not used or len(right) != 1 or used in right:
        return None
    return Ask(invoice.system, "customer", invoice.version["customer"], {"tax_region": right.pop()})


KIND = Kind(
    number="25",
    name="tax_treatment_divergence",
    entity="invoice",
    roles=("billing",),
    clock="grace",
    reach={
        ("billing", "invoice"): Itself(),
        ("erp", "ledger_posting"): Refers("number", "document_ref"),
        ("billing", "invoice_line"): Refers(ID, "invoice_ref"),
        # A region that changes makes no invoice wrong that was issued before; it can show that it never was.
        ("crm", "customer"): All(begins=False),
    },
    regarded={
        "invoice": ("@posted", "net", "tax", "total", "tax_code", "tax_region", "issued_on"),
        "ledger_posting": ("status", "document_type", "tax", "tax_code"),
        "invoice_line": ("net", "tax", "tax_code"),
        "customer": ("@tax_region",),
    },
    judge=tax_treatment_divergence,
    begins=lambda _, version: "posted" in version["since"],
    command="billing.tax_profile.update",
    sort="copy",
    condition="TaxTreatmentAgrees",
    optional=frozenset({("billing", "invoice_line")}),
)
