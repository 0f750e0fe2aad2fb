"""The CRM as its users write to it: through its REST API, reading back when the write was stamped."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, MutableMapping
from datetime import date
from typing import Any, TypeVar

from connectors.errors import LookFirst, Retry
from connectors.salesforce.client import SalesforceClient
from connectors.salesforce.wire import instant_of
from streams.demo.databases import resolved
from streams.demo.journal import Entry
from streams.demo.steps import Native, Step, Write, entity_of

T = TypeVar("T")

_PATIENCE_SECONDS = 60.0
_PAUSE_SECONDS = 0.2


class CrmDesk:
    """Writes as several users, each with a client of its own; one thread at a time."""

    def __init__(self, clients: Mapping[str, SalesforceClient], user_ids: set[str]) -> None:
        """`user_ids` learns the LastModifiedById of everything written here."""
        self._clients = clients
        self._user_ids = user_ids

    def carry_out(self, step: Step, names: MutableMapping[str, str]) -> list[Entry]:
        client = self._clients[step.by]
        return [self._write(client, step, write, names) for write in step.writes]

    def close(self) -> None:
        for client in self._clients.values():
            client.__exit__(None, None, None)

    def _write(self, client: SalesforceClient, step: Step, write: Write, names: MutableMapping[str, str]) -> Entry:
        values = resolved(write, names)
        fields = {column: _on_the_wire(value) for column, value in values.items()}
        if write.creates:
            names[write.record] = _patiently(lambda: client.create(write.table, fields), Retry)
        else:
            _patiently(lambda: client.update(write.table, names[write.record], fields), Retry, LookFirst)
        row = _patiently(lambda: client.get(write.table, names[write.record]), Retry)
        assert row is not None, f"{write.table} {names[write.record]} vanished after it was written"
        self._user_ids.add(str(row["LastModifiedById"]))
        stamp, native_id = str(row["SystemModstamp"]), names[write.record]
        entity = entity_of("crm", write.table)
        return Entry(step.customer, "crm", entity, native_id, stamp, instant_of(stamp), values, step.by)


def accounts(client: SalesforceClient) -> list[dict[str, Any]]:
    """All accounts with their references and who wrote them last."""
    columns = "Id, SystemModstamp, LastModifiedById, Billing_Account_Id__c, ERP_Customer_Id__c"
    return [row for page in client.query_all(f"SELECT {columns} FROM Account") for row in page.records]  # noqa: S608


def _on_the_wire(value: Native) -> object:
    return value.isoformat() if isinstance(value, date) else value


def _patiently(call: Callable[[], T], *again_after: type[Exception]) -> T:
    """Repeats what may be repeated for as long as a person would; then the failure is the run's."""
    give_up_at = time.monotonic() + _PATIENCE_SECONDS
    while True:
        try:
            return call()
        except again_after:
            if time.monotonic() > give_up_at:
                raise
        time.sleep(_PAUSE_SECONDS)
