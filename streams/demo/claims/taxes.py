"""Kind 25: an invoice taxed for another region than its customer had when it was issued."""

from __future__ import annotations

from collections.abc import Iterator

from schemas.instants import Instant
from streams.demo import further
from streams.demo.claims.model import Claim, Wrong, money, there
from streams.demo.journal import History, Record

_ISSUED = ("Posted", "Paid")


def tax_divergence(history: History) -> Iterator[Claim]:
    for invoice in history.records("billing", "invoice"):

        def wrong(instant: Instant, invoice: Record = invoice) -> Wrong | None:
            issued_at = invoice.first_time(lambda values: values["status"] in _ISSUED and values["total_amount"] != 0)
            if issued_at is None or invoice.value("status", instant) not in _ISSUED:
                return None
            accounts = [a for a in there(history.records("crm", "customer"), instant) if _lived(a, issued_at, instant)]
            regions = {account.value("Tax_Region__c", instant) for account in accounts}
            used = invoice.value("tax_region", instant)
            if not used or not regions or used in regions:
                return None
            return Wrong("erp", (invoice, *accounts), *money(invoice, "tax_amount", instant))

        yield Claim(further.TAX_DIVERGENCE, invoice, wrong)


def _lived(account: Record, issued_at: Instant, instant: Instant) -> bool:
    """Whether its region of the instant was its region already when the invoice was issued."""
    region = account.value("Tax_Region__c", instant)
    known_at = account.first_time(lambda values: values.get("Tax_Region__c") == region)
    return region is not None and known_at is not None and known_at <= issued_at
