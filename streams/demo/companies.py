"""The companies at work: a plan, or clean customers without end, against the real systems at the pace of the clock."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping, MutableMapping
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import partial
from itertools import count
from typing import Any, Protocol

from pydantic import SecretStr

from connectors.salesforce.client import SalesforceClient
from connectors.salesforce.wire import instant_of
from streams.demo import crm
from streams.demo.databases import DatabaseDesk, check_commit_times, customers_of_driftwise, with_commit_times
from streams.demo.journal import DRIFTWISE, Entry
from streams.demo.scenario import Plan, clean_journeys
from streams.demo.script import INTEGRATION, SALES
from streams.demo.steps import Journey, Step, in_time_order

OnStep = Callable[[int], None]


def _ignore(_count: int) -> None: ...


class Desk(Protocol):
    """Where the steps of one system are carried out."""

    def carry_out(self, step: Step, names: MutableMapping[str, str]) -> list[Entry]: ...

    def close(self) -> None: ...


@dataclass(frozen=True)
class Access:
    """How the companies reach their systems: a PostgreSQL connection string for each database by system, and OAuth
    clients of the CRM by user (`sales`, `integration`): (client id, secret)."""

    databases: Mapping[str, str] = field(repr=False)
    crm_url: str
    crm_clients: Mapping[str, tuple[str, SecretStr]]

    def crm_client(self, user: str) -> SalesforceClient:
        client_id, secret = self.crm_clients[user]
        return SalesforceClient(self.crm_url, client_id, secret)


class Companies:
    """Carries out journeys with several clerks (at least two), each of whom sees a customer through; so a customer's
    steps keep their order. `lag_seconds` is the longest that a step came behind its time."""

    def __init__(self, access: Access, clerks: int = 4) -> None:
        self._access = access
        self._clerks = clerks
        self._user_ids: set[str] = set()
        self._count = count(1)
        self._lock = threading.Lock()
        self.lag_seconds = 0.0

    def run(self, plan: Plan, on_step: OnStep = _ignore, stop: threading.Event | None = None) -> list[Entry]:
        """Carries out the plan in about `plan.duration_seconds` and returns what was committed, with commit times.

        `on_step(n)` is called from a clerk's thread after the nth step, each number once; it must return at once.
        Raises the first failure of any step after all clerks have stopped.
        """
        databases = self._access.databases.items()
        for system, conninfo in databases:
            check_commit_times(system, conninfo)
        journal: list[Entry] = []
        self._work(
            lambda: plan.journeys,
            stop or threading.Event(),
            on_step,
            journal.extend,
            plan.flawed - frozenset(plan.struck),
        )
        timed = (entry for system, conninfo in databases for entry in with_commit_times(journal, system, conninfo))
        return [*(entry for entry in journal if entry.system == "crm"), *timed]

    def hold(self, seed: int, stop: threading.Event, per_second: float = 1.0, on_step: OnStep = _ignore) -> None:
        """Keeps customers without any fault coming until `stop` is set; a seed can be held once in a database."""
        further = "processor" in self._access.databases
        clean = partial(clean_journeys, seed, today(), per_second, further=further)
        self._work(clean, stop, on_step, lambda _entries: None)

    def foreign_entries(
        self, journal: Iterable[Entry], accounts: Iterable[dict[str, Any]] | None = None
    ) -> list[Entry]:
        """What driftwise has written so far: ERP customers, and versions of accounts. `journal` is the one that `run`
        returned; `accounts` is the CRM's history of what driftwise wrote, without which only those accounts are known
        that it was the last to change."""
        crm_accounts = ((e.native_id, e.customer) for e in journal if (e.system, e.entity) == ("crm", "customer"))
        customers = dict(crm_accounts)
        rows = self._last_changed() if accounts is None else accounts
        return [*self._foreign_customers(customers), *self._foreign_accounts(customers, rows)]

    def _foreign_customers(self, customers: Mapping[str, int]) -> list[Entry]:
        return [
            Entry(
                customers[row["external_id"]],
                "erp",
                "customer",
                row["id"],
                row.pop("transaction"),
                row.pop("committed_at"),
                row,
                DRIFTWISE,
            )
            for row in customers_of_driftwise(self._access.databases["erp"])
            if row["external_id"] in customers
        ]

    def _last_changed(self) -> list[dict[str, Any]]:
        with self._access.crm_client(INTEGRATION) as client:
            rows = crm.accounts(client)
        return [row for row in rows if row["LastModifiedById"] not in self._user_ids]

    def _foreign_accounts(self, customers: Mapping[str, int], rows: Iterable[dict[str, Any]]) -> list[Entry]:
        foreign = [row for row in rows if row["Id"] in customers]
        return [
            Entry(
                customers[row["Id"]],
                "crm",
                "customer",
                row["Id"],
                row["SystemModstamp"],
                instant_of(row["SystemModstamp"]),
                {column: value for column, value in row.items() if column.endswith("__c")},
                DRIFTWISE,
            )
            for row in foreign
        ]

    def _work(
        self,
        journeys: Callable[[], Iterable[Journey]],
        stop: threading.Event,
        on_step: OnStep,
        keep: Callable[[list[Entry]], None],
        delicate: frozenset[int] = frozenset(),
    ) -> None:
        """Divides the customers among the clerks; one clerk's failure ends the work of all. The `delicate` ones, whose
        steps must not slip, have the first clerk to themselves."""
        started_at = time.monotonic()
        failed = threading.Event()

        def work(clerk: int) -> None:
            mine = (journey for journey in journeys() if self._clerk_of(journey.customer, delicate) == clerk)
            self._clerk(in_time_order(mine), started_at, (stop, failed), on_step, keep)

        with ThreadPoolExecutor(self._clerks, thread_name_prefix="clerk") as pool:
            clerks = [pool.submit(work, clerk) for clerk in range(self._clerks)]
            wait(clerks, return_when=FIRST_EXCEPTION)
            if any(clerk.done() and clerk.exception() for clerk in clerks):
                failed.set()
        for clerk in clerks:
            clerk.result()

    def _clerk_of(self, customer: int, delicate: frozenset[int]) -> int:
        if not delicate:
            return customer % self._clerks
        return 0 if customer in delicate else 1 + customer % (self._clerks - 1)

    def _clerk(
        self,
        steps: Iterable[Step],
        started_at: float,
        stops: tuple[threading.Event, threading.Event],
        on_step: OnStep,
        keep: Callable[[list[Entry]], None],
    ) -> None:
        stop, failed = stops
        names: dict[str, str] = {}
        with ExitStack() as open_desks:
            desks = self._desks(open_desks)
            for step in steps:
                if stop.wait(max(0.0, started_at + step.at_seconds - time.monotonic())) or failed.is_set():
                    return
                entries = desks[step.system].carry_out(step, names)
                self._note(step, started_at, entries, keep)
                on_step(next(self._count))

    def _note(self, step: Step, started_at: float, entries: list[Entry], keep: Callable[[list[Entry]], None]) -> None:
        with self._lock:
            keep(entries)
            self.lag_seconds = max(self.lag_seconds, time.monotonic() - started_at - step.at_seconds)

    def _desks(self, opened: ExitStack) -> dict[str, Desk]:
        databases = self._access.databases.items()
        desks: dict[str, Desk] = {system: DatabaseDesk(system, conninfo) for system, conninfo in databases}
        desk = crm.CrmDesk({user: self._access.crm_client(user) for user in (SALES, INTEGRATION)}, self._user_ids)
        desks["crm"] = desk
        for each in desks.values():
            opened.callback(each.close)
        return desks


def today() -> date:
    """The UTC day, as dates of the demo are meant."""
    return datetime.now(UTC).date()
