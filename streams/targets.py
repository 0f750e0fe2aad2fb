"""The target systems of commands: their connections, and which types of command can be performed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from pydantic import SecretStr

from connectors.erp.executor import upsert_customer
from connectors.errors import Stop
from connectors.outcome import Outcome
from connectors.salesforce.client import SalesforceClient
from connectors.salesforce.executor import write_external_ref
from connectors.salesforce.settings import CRM_SETTINGS, crm_setting
from connectors.variables import variable
from streams.governance.model import Governance
from streams.kinds.table import KINDS, Kind

Command = dict[str, Any]
_CONNECT_SECONDS = 10
"""All attempts at a command must end before the consumer group takes us for dead. If packets vanish, the system's own
time-out would be two minutes for each."""


class Targets:
    """Connections to target systems, opened when first needed and again after a failure."""

    def __init__(self, dsns: Mapping[str, str], environment: Mapping[str, str]) -> None:
        self._dsns, self._environment = dsns, environment
        self._databases: dict[str, psycopg.Connection[Any]] = {}
        self._clients: dict[str, SalesforceClient] = {}

    def database(self, system: str) -> psycopg.Connection[Any]:
        connection = self._databases.get(system)
        if connection is None or connection.closed or connection.broken:
            patient: dict[str, Any] = {"connect_timeout": _CONNECT_SECONDS} | conninfo_to_dict(self._dsns[system])
            connection = psycopg.connect(make_conninfo(**patient), autocommit=True)
            self._databases[system] = connection
        return connection

    def salesforce(self, system: str) -> SalesforceClient:
        if system not in self._clients:
            url, client_id, secret = (crm_setting(self._environment, system, name) for name in CRM_SETTINGS)
            self._clients[system] = SalesforceClient(url, client_id, SecretStr(secret))
        return self._clients[system]

    def require(self, governance: Governance) -> None:
        """Raises Stop if settings for a target system are missing: each of its commands would be rejected."""
        missing = dict.fromkeys(what for system in targeted(governance) if (what := self._lacks(governance, system)))
        if missing:
            raise Stop(f"governance has corrections executed, and their targets are not known: {'; '.join(missing)}")

    def _lacks(self, governance: Governance, system: str) -> str:
        if governance.systems[system].vendor != "salesforce":
            return "" if self._dsns.get(system) else f"set {variable(system, 'DSN')}"
        try:
            for setting in CRM_SETTINGS:
                crm_setting(self._environment, system, setting)
        except ValueError as problem:
            return str(problem)
        return ""

    def close(self) -> None:
        for connection in self._databases.values():
            connection.close()
        for client in self._clients.values():
            client.close()


def native_fields(governance: Governance, system: str, entity: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """Canonical attribute -> value becomes the vendor's field -> value, by the same mapping that capture reads with."""
    mapping = next(m for m in governance.mappings[system].values() if m.entity == entity)
    found = {}
    for name, value in values.items():
        source = mapping.attributes[name]
        if not isinstance(source, str):
            raise ValueError(f"{system} {entity}.{name} is no plain field; a command cannot set it")
        found[source] = value
    return found


def _upsert_customer(command: Command, targets: Targets, governance: Governance) -> Outcome:
    desired = native_fields(governance, command["target_system"], "customer", command["desired"])
    return upsert_customer(targets.database(command["target_system"]), desired, command["idempotency_key"])


def _write_external_ref(command: Command, targets: Targets, governance: Governance) -> Outcome:
    system = command["target_system"]
    desired = native_fields(governance, system, "customer", command["desired"])
    expected = native_fields(governance, system, "customer", command["expected"])
    ((field, value),) = desired.items()
    return write_external_ref(targets.salesforce(system), command["target_id"], field, value, expected.get(field))


EXECUTORS: dict[str, Callable[[Command, Targets, Governance], Outcome]] = {
    # command type: how it is performed; every other type stays a proposal for people
    "erp.customer.upsert": _upsert_customer,
    "crm.external_ref.write": _write_external_ref,
}


def targeted(governance: Governance) -> list[str]:
    """Systems to which commands go that are performed without anybody's approval."""
    return _targets(governance, lambda kind: governance.kinds[kind.name].is_performed)


def addressed(governance: Governance) -> list[str]:
    """Systems to which a command may go, approved ones included."""
    return _targets(governance, lambda kind: governance.kinds[kind.name].mode != "alert")


def _targets(governance: Governance, wanted: Callable[[Kind], bool]) -> list[str]:
    """Of the role that a command names first."""
    kinds = (kind for kind in KINDS if kind.command in EXECUTORS and wanted(kind))
    roles = dict.fromkeys(kind.command.partition(".")[0] for kind in kinds)
    return [system for role in roles for system in governance.in_role(role)]
