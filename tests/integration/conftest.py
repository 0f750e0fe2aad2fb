"""Fixtures of the tests on the real stack."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from connectors.debezium.capture import Capture, Columns
from connectors.stack.endpoints import Endpoints
from tests.integration.captured import SQL_FOLDER, Captured, account, captured, database

TABLES = {"account": Columns("id", "id")} | {
    name: Columns("id", "account_id")
    for name in (
        "contract",
        "subscription",
        "subscription_version",
        "amendment",
        "invoice",
        "invoice_line",
        "payment",
        "credit_memo",
        "oddity",
    )
}
ODDITY = """
CREATE TABLE oddity (
    id text PRIMARY KEY,
    account_id text NOT NULL,
    any_number numeric,
    small_number numeric(5, 4),
    whole bigint,
    truth boolean,
    day date,
    at timestamp,
    at_millis timestamp(3),
    at_zone timestamptz,
    clock time,
    raw bytea,
    reading double precision,
    words text[],
    document jsonb
)
"""


@pytest.fixture(scope="module")
def db(stack: Endpoints) -> Iterator[Captured]:
    """The billing database under capture, with customers S-1 and S-2 that were there before."""
    with database(stack, "captured") as dsn:
        with psycopg.connect(dsn) as sql:
            sql.execute((SQL_FOLDER / "billing.sql").read_bytes())
            sql.execute(ODDITY.encode())
            account(sql, "S-1", "S-2")
        with captured(stack, Capture("captured", TABLES), dsn) as it:
            yield it
