"""Input that cannot be used, each piece at a customer of its own, with an obligation that needs it as evidence."""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass, field
from typing import NamedTuple

import yaml

from schemas.records import all_records
from schemas.registry import HttpRegistry
from tests.integration.deployment import Deployment
from tests.topology import FIELDS

GARBAGE = bytes(range(255, 0, -1))


class Case(NamedTuple):
    reason: str
    """Of the dead letter."""
    kind: str
    subject: str
    """Native id; its verdict needs the bad record."""
    after: str
    """What `driftwise why` says once the cause is mended."""


CASES: dict[str, Case] = {
    "garbage": Case("not_avro", "invoice_not_posted", "I-garbage", "met"),
    "status": Case("unmapped_status", "invoice_not_posted", "I-status", "met"),
    "field": Case("missing_field", "contract_value_mismatch", "S-field", "open"),
    "schema": Case("unknown_schema", "credit_memo_unpropagated", "M-schema", "met"),
    "amount": Case("not_an_amount", "credit_memo_unpropagated", "M-amount", "closed"),
}
NEVER_MENDED = ("garbage", "amount")
"""No release can read these bytes: the source says it again, and the letter is dismissed."""


@dataclass
class Registry:
    """Numbers schemas as they come; knows how to make the registry's next schema one of a wanted id."""

    registry: HttpRegistry
    unknown_id: int = 0
    _fillers: int = 0

    def choose(self) -> int:
        """An id that no schema has yet."""
        self.unknown_id = self._fill() + 5
        return self.unknown_id

    def mend(self) -> None:
        """Register a schema under that id."""
        while (last := self._fill()) < self.unknown_id - 1:
            assert self._fillers < 100, f"the registry counts otherwise: {last} after {self._fillers} schemas"
        schema = all_records()["PolledRow"] | {"namespace": "newer"}
        assert self.registry.register("newer", json.dumps(schema)) == self.unknown_id

    def _fill(self) -> int:
        self._fillers += 1
        name = f"Filler{self._fillers}"
        return self.registry.register(name, json.dumps({"type": "record", "name": name, "fields": []}))


@dataclass
class BadInput:
    deployment: Deployment
    sent: dict[str, bytes] = field(default_factory=dict)
    """Case -> its bytes, where the test knows them."""
    letters: dict[str, str] = field(default_factory=dict)
    """Case -> id of its dead letter."""

    def __post_init__(self) -> None:
        self.registry = Registry(HttpRegistry(self.deployment.settings.registry_url))

    def send(self) -> None:
        """The bad record first: then no verdict can be given before it was met."""
        for case in CASES:
            customer(self.deployment, case)
        self.deployment.until(lambda: all(len(self.deployment.members(f"crm:A-{case}")) == 3 for case in CASES))
        for send in (_garbage, _status, _field, _amount):
            send(self)
        # Whatever else registers schemas has done so by then: the next ids are ours.
        self.deployment.until(lambda: {"billing:S-field", "erp:M-amount"} <= self._corrected())
        _schema(self)
        self.deployment.until(lambda: len(self.deployment.values("q2c.dead-letters")) == len(CASES))
        self.registry.mend()
        self.letters = {self._case(v): v["letter_id"] for v in self.deployment.values("q2c.dead-letters")}

    def _corrected(self) -> set[str]:
        state = self.deployment.latest("q2c.corrected-state").values()
        return {v["native_id"] for v in state if "native_id" in v}

    def mend(self) -> None:
        """The mapping is corrected and the source says the amount again; the registry has learned the schema by now."""
        folder = self.deployment.folder / "mended"
        (folder / "mappings").mkdir(parents=True)
        mapping = {
            "ledger_posting": {"attributes": {"status": {"map": {"Limbo": "posted"}}}},
            "contract": {"attributes": {"term_months": "months"}},
        }
        (folder / "mappings" / "erp.yaml").write_text(yaml.safe_dump(mapping))
        self.deployment.governance_folders.append(folder)
        self.deployment.row("crm", "Credit_Memo__c", "C-amount", "A-amount", Number__c="N-amount")

    def _case(self, letter: dict[str, object]) -> str:
        return bytes(letter["original_key"]).decode().split("-", 1)[1]  # type: ignore[call-overload]


def customer(deployment: Deployment, name: str) -> None:
    """One customer that all three systems know and that owes nothing: A-name, B-name, E-name."""
    deployment.row("billing", "account", f"B-{name}", crm_account_id=f"A-{name}")
    deployment.row("erp", "customer", f"E-{name}", external_id=f"A-{name}")
    refs = {"Billing_Account_Id__c": f"B-{name}", "ERP_Customer_Id__c": f"E-{name}"}
    deployment.row("crm", "Account", f"A-{name}", **refs)


def invoice(deployment: Deployment, name: str, status: str = "Posted", owner: str | None = None) -> None:
    """Invoice I-name, number N-name, of customer `owner` (its namesake by default)."""
    fields = {"number": f"N-{name}", "status": status, "subscription_id": None}
    deployment.row("billing", "invoice", f"I-{name}", f"B-{owner or name}", **fields)


def posting(deployment: Deployment, name: str, status: str = "Posted", owner: str | None = None) -> None:
    """The ledger posting P-name of invoice N-name."""
    fields = {"document_number": f"N-{name}", "status": status}
    deployment.row("erp", "ledger_posting", f"P-{name}", f"E-{owner or name}", **fields)


def _garbage(bad: BadInput) -> None:
    bad.sent["garbage"] = GARBAGE
    bad.deployment.produce("src.erp", "E-garbage", GARBAGE)
    posting(bad.deployment, "garbage")
    invoice(bad.deployment, "garbage")


def _status(bad: BadInput) -> None:
    posting(bad.deployment, "status", "Limbo")
    invoice(bad.deployment, "status")


def _field(bad: BadInput) -> None:
    """The ERP renames a column; from then on its schema lacks the field that the mapping names."""
    bad.deployment.databases["erp"].writer.execute("ALTER TABLE contract RENAME COLUMN term_months TO months")
    columns = {name: value for name, value in FIELDS["erp", "contract"].items() if name != "term_months"}
    columns |= {"id": "K-field", "customer_id": "E-field", "number": "K-field", "value": "900.00", "months": "12"}
    bad.deployment.upsert("erp", "contract", columns)
    bad.deployment.row("crm", "Opportunity", "O-field", "A-field", StageName="Closed Won")
    links = {"contract_number": "K-field", "crm_opportunity_id": "O-field", "number": "S-field"}
    bad.deployment.row("billing", "subscription", "S-field", "B-field", status="Active", **links)


def _schema(bad: BadInput) -> None:
    row = bad.deployment.polled_row(
        "Credit_Memo__c", "C-schema", "A-schema", FIELDS["crm", "Credit_Memo__c"] | {"Number__c": "N-schema"}
    )
    body = bad.deployment.encoded("PolledRow", row)[5:]
    bad.sent["schema"] = struct.pack(">bI", 0, bad.registry.choose()) + body
    bad.deployment.produce("src.crm", "A-schema", bad.sent["schema"])
    bad.deployment.row("erp", "credit_memo", "M-schema", "E-schema", number="N-schema")


def _amount(bad: BadInput) -> None:
    fields = FIELDS["crm", "Credit_Memo__c"] | {"Number__c": "N-amount", "Amount__c": "ten"}
    row = bad.deployment.polled_row("Credit_Memo__c", "C-amount", "A-amount", fields)
    bad.sent["amount"] = bad.deployment.encoded("PolledRow", row)
    bad.deployment.produce("src.crm", "A-amount", bad.sent["amount"])
    bad.deployment.row("erp", "credit_memo", "M-amount", "E-amount", number="N-amount")
