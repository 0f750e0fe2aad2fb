"""Recomputes which drifts must be open now from the sources alone, and compares with what q2c.drifts says.

Imports nothing of driftwise: plain SQL over the two databases, the CRM's REST API, a stock Kafka consumer with the
registry's deserializer. Run it beside a demo on hold:

    python tests/truth/truth.py connections.json [--settle SECONDS]

connections.json: {"kafka": "host:port", "registry": URL, "billing": conninfo, "erp": conninfo,
"crm": {"base_url", "client_id", "client_secret"}, "slas": {kind: seconds}}.

A row shows when it was last changed, not since when something held. So a violation must be open once every row that it
rests on is older than SLA plus settling time; must not be open where it does not hold and nothing changed within the
settling time; in between either answer is right. Exits 1 on any difference, 0 otherwise.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
import uuid
from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import httpx
import psycopg
from confluent_kafka import Consumer, KafkaError, TopicPartition
from confluent_kafka.schema_registry import SchemaRegistryClient
from confluent_kafka.schema_registry.avro import AvroDeserializer
from confluent_kafka.serialization import MessageField, SerializationContext
from psycopg.rows import dict_row

TOPIC = "q2c.drifts"
LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
PENDING = ("Draft", "PendingActivation", "PendingAcceptance")
TABLES = {
    "billing": ("account", "subscription", "subscription_version", "invoice"),
    "erp": ("customer", "contract", "ledger_posting", "credit_memo"),
}
OBJECTS = {
    "Account": "Id, SystemModstamp, Status__c, Billing_Account_Id__c, ERP_Customer_Id__c",
    "Opportunity": "Id, SystemModstamp, AccountId, StageName, Amount, CurrencyIsoCode",
    "Credit_Memo__c": "Id, SystemModstamp, Account__c, Number__c",
}


@dataclass
class Verdict:
    """What must be said about one subject now."""

    kind: str
    system: str
    native_id: str
    violated: bool
    changed_at: datetime
    amount: Decimal | None = None
    amount_changed_at: datetime = LONG_AGO


def read_database(system, conninfo):
    """Each table's rows by id, with `changed_at`: the commit time of the row's last change."""
    with psycopg.connect(conninfo, row_factory=dict_row) as connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ  # all tables as of one instant
        return {
            (system, table): {
                row["id"]: row | {"changed_at": row["changed_at"] or LONG_AGO}
                for row in connection.execute(f"SELECT *, pg_xact_commit_timestamp(xmin) AS changed_at FROM {table}")
            }
            for table in TABLES[system]
        }


def read_crm(base_url, client_id, client_secret):
    """Each object's live records by id, with `changed_at`."""
    with httpx.Client(base_url=base_url, timeout=30) as client:
        login = client.post(
            "/services/oauth2/token", data={"grant_type": "client_credentials"}, auth=(client_id, client_secret)
        )
        client.headers["Authorization"] = f"Bearer {login.raise_for_status().json()['access_token']}"
        return {("crm", name): dict(records(client, name, columns)) for name, columns in OBJECTS.items()}


def records(client, name, columns):
    answer = client.get("/services/data/v62.0/query", params={"q": f"SELECT {columns} FROM {name}"})
    while True:
        page = json.loads(answer.raise_for_status().text, parse_float=Decimal)
        for row in page["records"]:
            yield row["Id"], row | {"changed_at": datetime.fromisoformat(row["SystemModstamp"])}
        if page["done"]:
            return
        answer = client.get(page["nextRecordsUrl"])


def verdicts(state):
    for rule in (missing_customer, missing_reference, stalled, unposted, unpropagated, mismatched):
        yield from rule(state)


def missing_customer(state):
    customers = {row["external_id"]: row for row in state["erp", "customer"].values()}
    for deal in state["crm", "Opportunity"].values():
        if deal["StageName"] == "Closed Won":
            found = customers.get(deal["AccountId"])
            yield Verdict(
                "won_without_erp_customer",
                "crm",
                deal["Id"],
                found is None,
                latest(deal, found),
                decimal(deal["Amount"]),
                deal["changed_at"],
            )


def missing_reference(state):
    pairs = (
        ("billing", "account", "crm_account_id", "Billing_Account_Id__c"),
        ("erp", "customer", "external_id", "ERP_Customer_Id__c"),
    )
    for system, table, reference, field in pairs:
        for row in state[system, table].values():
            account = state["crm", "Account"].get(row[reference])
            if account is not None:
                missing = account[field] is None
                yield Verdict("external_id_writeback_missing", system, row["id"], missing, latest(row, account))


def stalled(state):
    for row in state["billing", "subscription"].values():
        customer = state["billing", "account"][row["account_id"]]
        account = state["crm", "Account"].get(customer["crm_account_id"])
        deal = state["crm", "Opportunity"].get(row["crm_opportunity_id"])
        asked = (account and account["Status__c"] == "Active") or (deal and deal["StageName"] == "Closed Won")
        starts = midnight(row["starts_on"])
        violated = bool(row["status"] in PENDING and asked and starts <= datetime.now(UTC))
        yield Verdict(
            "activation_stalled",
            "billing",
            row["id"],
            violated,
            max(latest(row, account, deal), starts if violated else LONG_AGO),
            row["total_contract_value"],
            row["changed_at"],
        )


def unposted(state):
    posted = {
        row["document_number"]: row
        for row in state["erp", "ledger_posting"].values()
        if row["document_type"] == "invoice" and row["status"] == "Posted"
    }
    for row in state["billing", "invoice"].values():
        found = posted.get(row["number"])
        violated = row["status"] in ("Posted", "Paid") and row["total_amount"] != 0 and found is None
        amount = row["total_amount"]
        yield Verdict(
            "invoice_not_posted", "billing", row["id"], violated, latest(row, found), amount, row["changed_at"]
        )


def unpropagated(state):
    shown = {(row["Account__c"], row["Number__c"]): row for row in state["crm", "Credit_Memo__c"].values()}
    for row in state["erp", "credit_memo"].values():
        account = state["erp", "customer"][row["customer_id"]]["external_id"]
        found = shown.get((account, row["number"]))
        violated = row["status"] == "Posted" and found is None
        amount = row["total_amount"]
        yield Verdict(
            "credit_memo_unpropagated", "erp", row["id"], violated, latest(row, found), amount, row["changed_at"]
        )


def mismatched(state):
    contracts = {row["number"]: row for row in state["erp", "contract"].values()}
    for row in state["billing", "subscription"].values():
        deal = state["crm", "Opportunity"].get(row["crm_opportunity_id"])
        contract = contracts.get(row["contract_number"])
        values = [(row["total_contract_value"], row["currency"])]
        # A deal may go on stating what was sold before the contract was amended.
        counts = deal and decimal(deal["Amount"]) not in earlier(state, row)
        values += [(decimal(deal["Amount"]), deal["CurrencyIsoCode"])] if counts else []
        values += [(contract["value"], contract["currency"])] if contract else []
        amounts = [amount for amount, _ in values]
        one_currency = len({currency for _, currency in values}) == 1
        apart = max(amounts) - min(amounts)
        compared = len(values) > 1 and row["status"] not in (*PENDING, "Cancelled")
        compared = compared and (deal is None or deal["StageName"] == "Closed Won")
        tolerance = max(Decimal(1), row["total_contract_value"] / 1000)
        violated = compared and (apart > tolerance or not one_currency)
        changed = latest(row, deal, contract)
        yield Verdict(
            "contract_value_mismatch",
            "billing",
            row["id"],
            violated,
            changed,
            apart if one_currency else amounts[0],
            changed,
        )


def earlier(state, subscription):
    versions = (
        v for v in state["billing", "subscription_version"].values() if v["subscription_id"] == subscription["id"]
    )
    return {v["total_contract_value"] for v in versions if v["version"] < subscription["version"]}


def latest(*rows):
    return max(row["changed_at"] for row in rows if row)


def decimal(value):
    return Decimal(str(value))


def midnight(day: date):
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def read_drifts(kafka, registry, kinds):
    """The latest record of every drift of these kinds; a null value removes it."""
    consumer = Consumer(
        {
            "bootstrap.servers": kafka,
            "group.id": f"truth-{uuid.uuid4()}",
            "isolation.level": "read_committed",
            "enable.partition.eof": True,
            "enable.auto.commit": False,
        }
    )
    decode = AvroDeserializer(SchemaRegistryClient({"url": registry, "timeout": 10}))
    partitions = consumer.list_topics(TOPIC, timeout=10).topics[TOPIC].partitions
    if not partitions:
        raise RuntimeError(f"{kafka} has no topic {TOPIC}; is this the broker of the demo?")
    consumer.assign([TopicPartition(TOPIC, number, 0) for number in partitions])
    drifts, unfinished, give_up_at = {}, set(partitions), time.monotonic() + 60
    while unfinished:
        if time.monotonic() > give_up_at:
            raise TimeoutError(f"{TOPIC}: the end of partitions {sorted(unfinished)} was not reached within 60 s")
        message = consumer.poll(1)
        if message is None:
            continue
        if message.error():
            if message.error().code() != KafkaError._PARTITION_EOF:
                raise RuntimeError(message.error())
            unfinished.discard(message.partition())
        else:
            context = SerializationContext(TOPIC, MessageField.VALUE)
            drifts[message.key()] = decode(message.value(), context) if message.value() is not None else None
    consumer.close()
    return [drift for drift in drifts.values() if drift and drift["kind"] in kinds]


def compare(found, drifts, slas, now, settle):
    """One line a difference: (kind, system, native id, what is wrong)."""
    by_subject = defaultdict(list)
    for drift in drifts:
        if drift["status"] == "open":
            by_subject[drift["kind"], drift["system"], drift["native_id"]].append(drift)
    baseline = {(d["kind"], d["system"], d["native_id"]) for d in drifts if d["status"] == "baseline"}
    for verdict in found:
        subject = (verdict.kind, verdict.system, verdict.native_id)
        raised = by_subject.pop(subject, [])
        if subject not in baseline:
            yield from ((*subject, text) for text in judge(verdict, raised, slas[verdict.kind], now, settle))
    for subject, raised in by_subject.items():
        if any(drift["opened_at"] < now for drift in raised):
            yield (*subject, "open, but the sources know no such record")


def judge(verdict, raised, sla_seconds, now, settle):
    age = now - verdict.changed_at
    if len(raised) > 1:
        yield f"open {len(raised)} times"
    if verdict.violated and not raised and age > timedelta(seconds=sla_seconds) + settle:
        yield f"must be open, last change {age.total_seconds():.0f} s ago"
    if not verdict.violated and raised and age > settle:
        yield f"open, but the sources agree since {age.total_seconds():.0f} s"
    for drift in raised if verdict.violated else ():
        money = drift["amount_at_stake"]
        amount = money["amount"] if money else None
        if verdict.amount_changed_at <= drift["opened_at"] and amount != verdict.amount:
            yield f"amount {amount}, the sources say {verdict.amount}"


def show(found, drifts, slas, now, settle):
    print(f"{'kind':34}{'violated':>10}{'open':>8}{'too young to tell':>20}")
    for kind in slas:
        mine = [v for v in found if v.kind == kind and v.violated]
        young = sum(now - v.changed_at <= timedelta(seconds=slas[kind]) + settle for v in mine)
        raised = sum(d["kind"] == kind and d["status"] == "open" for d in drifts)
        print(f"{kind:34}{len(mine):>10}{raised:>8}{young:>20}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("connections", type=argparse.FileType())
    parser.add_argument("--settle", type=float, default=5.0, help="seconds that capture and verdict may take")
    arguments = parser.parse_args()
    settings = json.load(arguments.connections)
    settle, now = timedelta(seconds=arguments.settle), datetime.now(UTC)
    state = read_crm(**settings["crm"])
    state |= read_database("billing", settings["billing"]) | read_database("erp", settings["erp"])
    found = [verdict for verdict in verdicts(state) if verdict.kind in settings["slas"]]
    drifts = read_drifts(settings["kafka"], settings["registry"], settings["slas"])
    differences = list(compare(found, drifts, settings["slas"], now, settle))
    show(found, drifts, settings["slas"], now, settle)
    for kind, system, native_id, text in differences:
        print(f"DIFFERENCE {kind} {system} {native_id}: {text}")
    print(f"{len(found)} subjects compared, {len(differences)} differences")
    return 1 if differences else 0


if __name__ == "__main__":
    sys.exit(main())
