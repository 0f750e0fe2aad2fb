"""The company whose changes are timed: one database, and its rows before anything is measured."""

from __future__ import annotations

from pathlib import Path

import psycopg

TABLES = Path(__file__).with_name("company.sql")
INVOICES_EACH, LINES_EACH = 4, 2
"""Invoices a customer, lines an invoice: the lines are the largest table."""
_SETTING = "SELECT set_config('company.' || %s, %s, true)"
_FILL = Path(__file__).with_name("fill.sql")


def fill(conninfo: str, customers: int) -> int:
    """The rows that are there before anything is measured; returns how many."""
    numbers = {"customers": customers, "invoices_each": INVOICES_EACH, "lines_each": LINES_EACH}
    with psycopg.connect(conninfo) as connection:
        for name, number in numbers.items():
            connection.execute(_SETTING, (name, str(number)))
        connection.execute(_FILL.read_bytes())
    return customers * (2 + INVOICES_EACH) + lines(customers)


def lines(customers: int) -> int:
    """Rows of the largest table."""
    return customers * INVOICES_EACH * LINES_EACH
