"""erp.customer.upsert against a real PostgreSQL: one customer, whatever happens in between."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import psycopg
import pytest

from connectors.erp.executor import Connection, customer_id, upsert_customer
from connectors.errors import Retry, Stop
from connectors.outcome import APPLIED, NOOP_ALREADY_RIGHT, REJECTED, Outcome
from connectors.stack.endpoints import Endpoints
from tests.integration.captured import SQL_FOLDER, database, insert

KEY = "0123456789abcdef0123456789abcdef-1"
OTHER_KEY = "fedcba9876543210fedcba9876543210-1"
DESIRED = {
    "external_id": "001000000000001AAA",
    "legal_name": "Ada Lovelace Ltd",
    "company_code": "1000",
    "currency": "EUR",
    "country": "DE",
    "tax_registration": "DE123456789",
}


@pytest.fixture(scope="module")
def erp_database(stack: Endpoints) -> Iterator[str]:
    with database(stack, "erp_executor") as dsn:
        with psycopg.connect(dsn) as connection:
            connection.execute((SQL_FOLDER / "erp.sql").read_bytes())
        yield dsn


@pytest.fixture
def erp(erp_database: str) -> str:
    """The ERP's connection string; no customer in it."""
    with psycopg.connect(erp_database) as connection:
        connection.execute("TRUNCATE customer CASCADE")
    return erp_database


def upsert(dsn: str, desired: dict[str, str] = DESIRED, key: str = KEY) -> Outcome:
    with connected(dsn) as connection:
        return upsert_customer(connection, desired, key)


def connected(dsn: str) -> Connection:
    return psycopg.connect(dsn)


def customers(dsn: str) -> list[dict[str, str | None]]:
    with psycopg.connect(dsn, row_factory=psycopg.rows.dict_row) as connection:
        return connection.execute("SELECT * FROM customer ORDER BY id").fetchall()


def existing(dsn: str, id_: str, **columns: object) -> None:
    row = {"legal_name": "Old", "status": "Active", "currency": "EUR", "company_code": "1000"} | columns
    with psycopg.connect(dsn) as connection:
        insert(connection, "customer", id=id_, last_modified_by="integration", **row)


def test_a_missing_customer_is_created_as_desired(erp: str) -> None:
    assert upsert(erp) == Outcome(APPLIED, "created", customer_id(KEY))
    assert customers(erp) == [
        DESIRED | {"id": "C-0123456789ab", "status": "Active", "last_modified_by": "driftwise"},
    ]


def test_asking_twice_creates_one_customer(erp: str) -> None:
    upsert(erp)

    assert upsert(erp) == Outcome(NOOP_ALREADY_RIGHT, "exists", customer_id(KEY))
    assert upsert(erp, key=OTHER_KEY).status == NOOP_ALREADY_RIGHT
    assert len(customers(erp)) == 1


def test_two_executors_at_a_time_create_one_customer(erp: str) -> None:
    """Without a tax registration there is no lock between them: the unique external id decides."""
    for desired in (DESIRED, DESIRED | {"tax_registration": ""}):
        with psycopg.connect(erp) as connection:
            connection.execute("TRUNCATE customer CASCADE")
        outcomes = at_once(erp, [(desired, f"{n:032x}-1") for n in range(8)])

        assert sorted(outcome.status for outcome in outcomes) == [APPLIED] + [NOOP_ALREADY_RIGHT] * 7
        assert len(customers(erp)) == 1


def test_two_accounts_of_one_company_do_not_both_create_it(erp: str) -> None:
    outcomes = at_once(erp, [(DESIRED | {"external_id": f"001-{n}"}, f"{n:032x}-1") for n in range(8)])

    assert sorted(outcome.status for outcome in outcomes) == [APPLIED] + [REJECTED] * 7
    assert len(customers(erp)) == 1


def test_a_customer_that_carries_the_external_id_is_left_alone(erp: str) -> None:
    existing(erp, "E-1", external_id=DESIRED["external_id"])

    assert upsert(erp) == Outcome(NOOP_ALREADY_RIGHT, "exists", "E-1")
    assert customers(erp)[0]["legal_name"] == "Old"


def test_a_customer_with_the_same_tax_registration_gets_the_reference_and_nothing_else(erp: str) -> None:
    existing(erp, "E-1", tax_registration=DESIRED["tax_registration"])
    before = customers(erp)[0]

    assert upsert(erp) == Outcome(APPLIED, "referenced", "E-1")
    assert customers(erp) == [before | {"external_id": DESIRED["external_id"], "last_modified_by": "driftwise"}]


def test_a_guess_between_two_companies_is_refused(erp: str) -> None:
    existing(erp, "E-1", tax_registration=DESIRED["tax_registration"])
    existing(erp, "E-2", tax_registration=DESIRED["tax_registration"])

    assert upsert(erp) == Outcome(REJECTED, "ambiguous_tax_registration")


def test_a_company_that_belongs_to_another_account_is_not_taken_over(erp: str) -> None:
    existing(erp, "E-1", tax_registration=DESIRED["tax_registration"], external_id="another")

    assert upsert(erp) == Outcome(REJECTED, "ambiguous_tax_registration")
    assert customers(erp)[0]["external_id"] == "another"


@pytest.mark.parametrize("field", ["external_id", "legal_name", "company_code", "currency"])
def test_what_is_missing_is_named(erp: str, field: str) -> None:
    assert upsert(erp, DESIRED | {field: ""}) == Outcome(REJECTED, f"missing_{field}")
    assert customers(erp) == []


def test_what_the_database_refuses_is_rejected_without_quoting_the_row(erp: str) -> None:
    outcome = upsert(erp, DESIRED | {"currency": "EURO"})

    assert (outcome.status, outcome.reason) == (REJECTED, "StringDataRightTruncation")


BLOCKED = """
CREATE FUNCTION blocked() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION 'credit check: % is blocked', NEW.legal_name; END $$;
CREATE TRIGGER blocked BEFORE INSERT ON customer FOR EACH ROW EXECUTE FUNCTION blocked()
"""


def test_what_the_erp_s_own_rules_refuse_is_rejected_without_quoting_the_row(erp: str) -> None:
    with psycopg.connect(erp) as connection:
        connection.execute(BLOCKED)
    try:
        assert upsert(erp) == Outcome(REJECTED, "RaiseException")
    finally:
        with psycopg.connect(erp) as connection:
            connection.execute("DROP FUNCTION blocked CASCADE")


def test_on_a_standby_it_is_tried_again(erp: str) -> None:
    with (
        psycopg.connect(erp, options="-c default_transaction_read_only=on") as connection,
        pytest.raises(Retry, match="ReadOnlySqlTransaction"),
    ):
        upsert_customer(connection, DESIRED, KEY)


def test_an_id_that_another_customer_has_is_not_overwritten(erp: str) -> None:
    existing(erp, customer_id(KEY), external_id="another")

    assert upsert(erp) == Outcome(REJECTED, "id_taken")


def test_a_held_lock_is_no_reason_to_wait_for_ever(erp: str) -> None:
    existing(erp, "E-1", tax_registration=DESIRED["tax_registration"])
    with psycopg.connect(erp) as holder:
        holder.execute("SELECT 1 FROM customer WHERE id = 'E-1' FOR UPDATE")
        with connected(erp) as connection, pytest.raises(Retry, match="not written: LockNotAvailable"):
            upsert_customer(connection, DESIRED, KEY, lock_timeout_seconds=0.1)

    assert upsert(erp).status == APPLIED


def test_a_lost_connection_leaves_the_outcome_open_and_the_next_attempt_looks(erp: str) -> None:
    connection = connected(erp)
    with psycopg.connect(erp, autocommit=True) as admin:
        admin.execute("SELECT pg_terminate_backend(%s)", (connection.info.backend_pid,))
    with pytest.raises(Retry, match="may or may not"):
        upsert_customer(connection, DESIRED, KEY)

    assert upsert(erp).status == APPLIED
    assert len(customers(erp)) == 1


def test_an_erp_that_grants_us_nothing_stops_the_executor(erp: str) -> None:
    with psycopg.connect(erp, autocommit=True) as admin:
        admin.execute("CREATE ROLE erp_stranger LOGIN")
        try:
            with (
                psycopg.connect(erp, user="erp_stranger") as connection,
                pytest.raises(Stop, match="permission denied"),
            ):
                upsert_customer(connection, DESIRED, KEY)
        finally:
            admin.execute("DROP ROLE erp_stranger")


def test_a_connection_with_an_open_transaction_is_refused(erp: str) -> None:
    """In it nothing would be committed, and `applied` would be a lie."""
    with connected(erp) as connection:
        connection.execute("SELECT 1")
        with pytest.raises(ValueError, match="open transaction"):
            upsert_customer(connection, DESIRED, KEY)


def at_once(dsn: str, attempts: list[tuple[dict[str, str], str]]) -> list[Outcome]:
    """Each attempt with a connection of its own, all let go at the same moment."""
    start = Barrier(len(attempts))

    def attempt(desired: dict[str, str], key: str) -> Outcome:
        with connected(dsn) as connection:
            start.wait(timeout=10)
            return upsert_customer(connection, desired, key)

    with ThreadPoolExecutor(len(attempts)) as pool:
        return list(pool.map(lambda arguments: attempt(*arguments), attempts))
