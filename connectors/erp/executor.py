"""erp.customer.upsert: gives a CRM account its customer in the ERP, once.

Every attempt looks before it writes, so an attempt whose outcome is unknown is simply made again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import LiteralString

import psycopg
from psycopg import errors, sql
from psycopg.pq import TransactionStatus

from connectors.errors import Retry, Stop
from connectors.outcome import APPLIED, NOOP_ALREADY_RIGHT, REJECTED, Outcome

CHANGED_BY = "driftwise"
REQUIRED = ("external_id", "legal_name", "company_code", "currency")

Connection = psycopg.Connection[tuple[str | None, ...]]

# In this order: the classes of the first are special cases of those that come after.
_ROLLED_BACK = (
    errors.LockNotAvailable,
    errors.QueryCanceled,
    errors.TransactionRollback,  # deadlock, serialization
    errors.UniqueViolation,  # somebody else wrote the external id after we had looked
    errors.ReadOnlySqlTransaction,  # a standby that is about to take over
)
# What a trigger of the ERP raises is its word on this customer, and none on what we may do there.
_RAISED = (errors.RaiseException, errors.NoDataFound, errors.TooManyRows, errors.AssertFailure)
_REFUSED = (errors.IntegrityError, errors.DataError, *_RAISED)

_BY_EXTERNAL_ID: LiteralString = "SELECT id FROM customer WHERE external_id = %(external_id)s"
_BY_TAX_REGISTRATION: LiteralString = (
    "SELECT id, external_id FROM customer WHERE tax_registration = %(tax_registration)s FOR UPDATE"
)
_REFER: LiteralString = (
    "UPDATE customer SET external_id = %(external_id)s, last_modified_by = %(changed_by)s WHERE id = %(id)s"
)
_INSERT: LiteralString = (
    "INSERT INTO customer (id, external_id, legal_name, status, tax_registration, currency, country, company_code,"
    " last_modified_by) VALUES (%(id)s, %(external_id)s, %(legal_name)s, 'Active', %(tax_registration)s, %(currency)s,"
    " %(country)s, %(company_code)s, %(changed_by)s) ON CONFLICT DO NOTHING"
)
# Two deals of one company are two subjects; without this both would find no customer and each would insert one.
_ONE_AT_A_TIME: LiteralString = "SELECT pg_advisory_xact_lock(hashtextextended(%(tax_registration)s, 0))"


def upsert_customer(
    connection: Connection,
    desired: Mapping[str, str | None],
    idempotency_key: str,
    *,
    lock_timeout_seconds: float = 2.0,
    statement_timeout_seconds: float = 5.0,
) -> Outcome:
    """Find or create the ERP customer of a CRM account, in one transaction.

    `desired`: external_id (CRM account), legal_name, company_code, currency, country, tax_registration. A customer
    that carries the external id is right already; one with the same tax registration and no external id gets the
    reference; else one is inserted, its id derived from the key.
    Raises Retry after a lock, a time-out, on a standby, or after a lost connection: even if that attempt was committed
    the same call is safe, for it looks first (with a new connection where this one is broken). Stop where the ERP's
    schema or grants do not fit, ValueError for a connection with a transaction open, in which nothing would be
    committed here."""
    if connection.info.transaction_status != TransactionStatus.IDLE:
        raise ValueError("upsert_customer needs a connection without an open transaction")
    missing = [name for name in REQUIRED if not desired.get(name)]
    if missing:
        return Outcome(REJECTED, f"missing_{missing[0]}")
    values = {
        "id": customer_id(idempotency_key),
        "changed_by": CHANGED_BY,
        **{name: desired.get(name) or None for name in (*REQUIRED, "country", "tax_registration")},
    }
    try:
        with connection.transaction():
            _limit(connection, lock_timeout_seconds, statement_timeout_seconds)
            return _look_then_act(connection, values)
    except _ROLLED_BACK as problem:
        raise Retry(f"ERP customer was not written: {_refusal(problem)}") from None
    except _REFUSED as problem:
        return Outcome(REJECTED, _refusal(problem))
    except psycopg.OperationalError as problem:
        raise Retry(f"ERP customer may or may not have been written, connection lost: {_refusal(problem)}") from None
    except psycopg.ProgrammingError as problem:
        raise Stop(f"The ERP does not let us work ({problem}): correct its grants or the mapping.") from None


def customer_id(idempotency_key: str) -> str:
    """The id of the customer that this command would create: the same at every attempt."""
    return f"C-{idempotency_key[:12]}"


def _look_then_act(connection: Connection, values: Mapping[str, str | None]) -> Outcome:
    found = connection.execute(_BY_EXTERNAL_ID, values).fetchone()
    if found is not None:
        return Outcome(NOOP_ALREADY_RIGHT, "exists", str(found[0]))
    if values["tax_registration"] is not None:
        connection.execute(_ONE_AT_A_TIME, values)
        matches = connection.execute(_BY_TAX_REGISTRATION, values).fetchall()
        if matches:
            return _refer(connection, values, matches)
    return _insert(connection, values)


def _refer(connection: Connection, values: Mapping[str, str | None], matches: list[tuple[str | None, ...]]) -> Outcome:
    """The company is a customer already: give it the reference, unless that would be a guess."""
    native_id, external_id = matches[0]
    if len(matches) == 1 and external_id == values["external_id"]:
        return Outcome(NOOP_ALREADY_RIGHT, "exists", str(native_id))
    if len(matches) > 1 or external_id is not None:
        return Outcome(REJECTED, "ambiguous_tax_registration")
    connection.execute(_REFER, {**values, "id": native_id})
    return Outcome(APPLIED, "referenced", str(native_id))


def _insert(connection: Connection, values: Mapping[str, str | None]) -> Outcome:
    if connection.execute(_INSERT, values).rowcount == 1:
        return Outcome(APPLIED, "created", str(values["id"]))
    winner = connection.execute(_BY_EXTERNAL_ID, values).fetchone()
    if winner is not None:
        return Outcome(NOOP_ALREADY_RIGHT, "exists", str(winner[0]))
    return Outcome(REJECTED, "id_taken")


def _limit(connection: Connection, lock_timeout_seconds: float, statement_timeout_seconds: float) -> None:
    for setting, seconds in (("lock_timeout", lock_timeout_seconds), ("statement_timeout", statement_timeout_seconds)):
        connection.execute(sql.SQL("SELECT set_config({}, {}, true)").format(setting, f"{round(seconds * 1000)}ms"))


def _refusal(problem: psycopg.Error) -> str:
    """Error class and what it concerns; PostgreSQL's message itself quotes the row."""
    concerned = problem.diag.constraint_name or problem.diag.column_name
    return " ".join(filter(None, (type(problem).__name__, concerned)))
