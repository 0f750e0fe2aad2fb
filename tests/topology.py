"""A small company for driving the topology in tests: rows and watermarks of three systems, in whole seconds."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from schemas import topics
from schemas.instants import SECOND, Instant
from schemas.source import ALL_OBJECTS
from streams.backtest.canonical import read
from streams.driver import Driver
from streams.governance import Governance, load

SLA_SECONDS = 10
_IN_SECONDS = {"sla_seconds": SLA_SECONDS, "sla_business_days": None}
FIRST_KINDS = (
    "won_without_erp_customer",
    "external_id_writeback_missing",
    "activation_stalled",
    "invoice_not_posted",
    "credit_memo_unpropagated",
    "contract_value_mismatch",
    "source_stale",
)
"""What a company of this module is judged by, unless a test says otherwise; every kind has its dossier."""
FIELDS: dict[tuple[str, str], dict[str, str | None]] = {
    # what a row holds unless a test says otherwise
    ("crm", "Account"): {
        "Name": "Acme", "Email__c": "pay@acme.example", "Tax_Id__c": "T1", "BillingCountry": "DE",
        "CurrencyIsoCode": "EUR", "Legal_Entity__c": "1000", "Billing_Account_Id__c": None,
        "ERP_Customer_Id__c": None, "Status__c": "Prospect",
    },
    ("crm", "Opportunity"): {
        "Name": "Deal", "Amount": "1200.00", "CurrencyIsoCode": "EUR", "CloseDate": "2026-01-01",
        "StageName": "Prospecting",
    },
    ("crm", "Credit_Memo__c"): {
        "Number__c": "CM-1", "Amount__c": "10", "CurrencyIsoCode": "EUR", "Status__c": "Posted",
    },
    ("billing", "account"): {
        "name": "Acme", "bill_to_email": None, "tax_id": "T1", "country": "DE", "currency": "EUR",
        "crm_account_id": "A", "status": "Active",
    },
    ("billing", "subscription"): {
        "number": "S-1", "contract_number": "K-1", "crm_opportunity_id": "O", "version": "1", "starts_on": "1970-01-01",
        "term_months": "12", "monthly_amount": "100.00", "currency": "EUR", "total_contract_value": "1200.00",
        "status": "Draft",
    },
    ("billing", "invoice"): {
        "number": "I-1", "subscription_id": "S", "net_amount": "100.00", "tax_amount": "19.00", "currency": "EUR",
        "total_amount": "119.00", "issued_on": "2026-01-01", "due_on": "2026-01-31", "status": "Draft",
    },
    ("billing", "invoice_line"): {
        "invoice_id": "I", "charge": "seats", "quantity": "1", "net_amount": "100.00", "tax_amount": "19.00",
        "currency": "EUR",
    },
    ("erp", "customer"): {
        "legal_name": "Acme", "tax_registration": "T1", "country": "DE", "currency": "EUR", "company_code": "1000",
        "external_id": "A", "status": "Active",
    },
    ("erp", "contract"): {
        "number": "K-1", "value": "1200.00", "currency": "EUR", "starts_on": "1970-01-01", "term_months": "12",
        "status": "Active",
    },
    ("erp", "ledger_posting"): {
        "document_number": "I-1", "amount": "119.00", "currency": "EUR", "posting_date": "2026-01-01",
        "document_type": "invoice", "status": "Posted",
    },
    ("erp", "credit_memo"): {
        "number": "CM-1", "invoice_number": "I-1", "total_amount": "10", "currency": "EUR", "status": "Posted",
    },
}  # fmt: skip


@cache
def default_governance() -> Governance:
    """Read once: the files cost more than most tests."""
    return load()


def governance(**kind_overrides: Any) -> Governance:
    """The default one with 10-second deadlines, all automatic, no late retention to speak of."""
    governed = default_governance().model_copy(deep=True)  # a test may teach its own a word
    kinds = {
        name: kind.model_copy(update={**_IN_SECONDS, "mode": "execute", **kind_overrides})
        for name, kind in governed.kinds.items()
    }
    systems = {name: s.model_copy(update={"stale_after_seconds": 5.0}) for name, s in governed.systems.items()}
    updates = {"kinds": kinds, "systems": systems, "late_retention_seconds": 0, "judged": FIRST_KINDS}
    return governed.model_copy(update=updates)


@cache
def everyday_governance() -> Governance:
    """The same for all who teach it nothing: what follows from it is worked out once."""
    return governance()


def hear(driver: Driver, system: str, until: Instant | None, *, phase: str = "streaming", epoch: int = 0) -> None:
    """Progress of a source in each of its partitions."""
    for partition in range(driver.governance.partitions):
        value = {
            "system": system,
            "object": ALL_OBJECTS,
            "partition": partition,
            "epoch": epoch,
            "phase": phase,
            "watermark": until,
            "observed_at": 0,
        }
        driver.pipe(topics.source_topic(system), "", "SourceProgress", value, partition=partition)


class Company:
    """Drives one topology; times are seconds, versions count up."""

    def __init__(self, governed: Governance | None = None) -> None:
        self.governance = governed or everyday_governance()
        self.driver = Driver(self.governance, dict.fromkeys(self.governance.systems, read))
        self._version = 0

    def row(
        self,
        system: str,
        object_: str,
        id_: str,
        at: float,
        customer: str | None = None,
        *,
        operation: str = "upsert",
        by: str = "someone",
        poll: int | None = None,
        snapshot: bool = False,
        headers: dict[str, bytes] | None = None,
        captured_at: float | None = None,
        run: bool = True,
        **fields: str | None,
    ) -> int:
        """One row version committed at `at` seconds; returns its version number. `captured_at`: by the clock of whoever
        captured it; None: not known."""
        if poll is None:
            self._version += 1
            poll = self._version
        value = {
            "system": system,
            "object": object_,
            "id": id_,
            "customer": customer or id_,
            "operation": operation,
            "modified_at": round(at * SECOND),
            "poll": poll,
            "snapshot": snapshot,
            "changed_by": by,
            "fields": {**FIELDS.get((system, object_), {}), **fields} if operation in ("upsert", "moved_in") else {},
        }
        topic = topics.source_topic(system)
        data = self.driver.codec.encode(topic, "PolledRow", value)
        self.driver.pipe_raw(
            topic, (customer or id_).encode(), data, None, headers or {}, produced_ms=round((captured_at or 0) * 1000)
        )
        if run:
            self.driver.run()
        return poll

    def heard(self, until: float, *systems: str, phase: str = "streaming", epoch: int = 0, run: bool = True) -> None:
        """Every partition of these systems (all by default) has been heard up to `until` seconds."""
        mark = round(until * SECOND) if phase == "streaming" else None
        for system in systems or tuple(self.governance.systems):
            hear(self.driver, system, mark, phase=phase, epoch=epoch)
        if run:
            self.driver.run()

    def drifts(self, kind: str | None = None) -> list[dict[str, Any]]:
        held = self.driver.latest(topics.DRIFTS)
        return [d for d in held if kind is None or d["kind"] == kind]

    def corrected(self, entity: str) -> list[str]:
        """Native ids in the corrected state."""
        return [v["native_id"] for v in self.driver.latest(topics.CORRECTED_STATE) if v.get("entity") == entity]

    def open(self, kind: str | None = None) -> list[dict[str, Any]]:
        return [d for d in self.drifts(kind) if d["status"] == "open"]

    def commands(self) -> list[dict[str, Any]]:
        return [w.value for w in self.driver.written[topics.COMMANDS] if w.value]

    def audited(self, kind: str) -> list[str]:
        return [w.value["result"] for w in self.driver.written[topics.AUDIT] if w.value and w.value["kind"] == kind]


def links_that_wait() -> Governance:
    """The CRM names both others, so what a link does depends on other links."""
    base = governance()
    crm = base.systems["crm"].model_copy(update={"links": {"billing_ref": "billing", "erp_ref": "erp"}})
    judged = ("won_without_subscription",)
    return base.model_copy(update={"systems": {**base.systems, "crm": crm}, "judged": judged})


def unlinked_invoice() -> Company:
    """A posted invoice, unanswered at 12 s, of a billing account that names its CRM account nowhere yet."""
    company = Company()
    company.row("crm", "Account", "A", 1, Billing_Account_Id__c="B")
    company.row("billing", "account", "B", 1, crm_account_id=None)
    company.row("billing", "invoice", "I", 2, "B", status="Posted")
    company.heard(20)
    return company


def linked_late() -> Company:
    """The same, with the link made at 25 s: the invoice and its drift have moved."""
    company = unlinked_invoice()
    company.row("billing", "account", "B", 25, crm_account_id="A")
    company.heard(30)
    return company


def seconds_of(instant: int | None) -> float | None:
    return None if instant is None else instant / SECOND


DEFAULT_GOVERNANCE = Path(__file__).parent.parent / "streams" / "governance" / "default"
