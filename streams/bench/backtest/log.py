"""The same events as either side reads them: one line of canonical changes, or one row of CSV, for each."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson

from schemas.instants import SECOND, iso
from streams.bench.backtest.orders import Event

COLUMNS = ("case:concept:name", "concept:name", "time:timestamp")
"""As XES names them, which pm4py expects."""
Attributes = dict[str, Any]


def write_changes(events: Iterable[Event], path: Path) -> None:
    with path.open("wb") as file:
        for event in events:
            file.write(orjson.dumps(_change(event), option=orjson.OPT_APPEND_NEWLINE))


def write_csv(events: Iterable[Event], path: Path) -> None:
    with path.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(COLUMNS)
        rows.writerows((event.case, event.activity, iso(event.at)) for event in events)


def _change(event: Event) -> Attributes:
    system, entity, native_id, attributes = _RECORDS[event.activity](event)
    return {
        "system": system,
        "entity": entity,
        "native_id": native_id,
        "customer": event.case,
        "committed_at": event.at,
        "attributes": attributes,
    }


def _customer(system: str) -> Callable[[Event], tuple[str, str, str, Attributes]]:
    def record(event: Event) -> tuple[str, str, str, Attributes]:
        linked = {} if system == "crm" else {"crm_ref": event.case}
        return system, "customer", event.case, {"name": f"Company {event.case}", "status": "active"} | linked

    return record


def _deal(event: Event) -> tuple[str, str, str, Attributes]:
    won = {"name": f"Deal {event.case}", "stage": "won", "recurring": True, "value": _money(event)}
    return "crm", "opportunity", f"D-{event.case}", won


def _subscription(event: Event) -> tuple[str, str, str, Attributes]:
    active: Attributes = {"number": f"S-{event.case}", "status": "active", "opportunity_ref": f"D-{event.case}"}
    return "billing", "subscription", f"S-{event.case}", active | {"total_value": _money(event)}


def _invoice(payment_status: str) -> Callable[[Event], tuple[str, str, str, Attributes]]:
    def record(event: Event) -> tuple[str, str, str, Attributes]:
        stated: Attributes = {"number": _document(event), "status": "posted", "payment_status": payment_status}
        stated |= {"subscription_ref": f"S-{event.case}", "total": _money(event)}
        return "billing", "invoice", _document(event), stated

    return record


def _posting(event: Event) -> tuple[str, str, str, Attributes]:
    posted: Attributes = {"document_type": "invoice", "document_ref": _document(event), "status": "posted"}
    day = datetime.fromtimestamp(event.at / SECOND, UTC).date().isoformat()
    posted |= {"total": _money(event), "posted_on": day}
    return "erp", "ledger_posting", f"L-{_document(event)}-{event.copy}", posted


def _document(event: Event) -> str:
    return f"I-{event.case}-{event.number}"


def _money(event: Event) -> Attributes:
    return {"amount": f"{event.cents // 100}.{event.cents % 100:02d}", "currency": "EUR"}


_RECORDS: Mapping[str, Callable[[Event], tuple[str, str, str, Attributes]]] = {
    # activity: the record that it changes: system, entity, native id, all of its attributes
    "account opened": _customer("crm"),
    "deal won": _deal,
    "billing account opened": _customer("billing"),
    "ERP customer set up": _customer("erp"),
    "subscription activated": _subscription,
    "invoice issued": _invoice("unpaid"),
    "invoice posted": _posting,
    "invoice paid": _invoice("paid"),
}
