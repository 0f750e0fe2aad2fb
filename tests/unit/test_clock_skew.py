"""A source whose clock is wrong: no row from the future becomes a fact, no marker from there proves anything."""

from __future__ import annotations

from typing import Any

import pytest

from schemas import topics
from schemas.instants import SECOND
from tests.topology import Company, governance

YEAR_SECONDS = 365 * 24 * 3600


def letters(company: Company) -> list[dict[str, Any]]:
    return [w.value for w in company.driver.written[topics.DEAD_LETTERS] if w.value]


def test_a_row_committed_long_after_it_was_captured_is_diverted_with_the_remedy() -> None:
    company = Company()

    company.row("billing", "invoice", "I", YEAR_SECONDS, "B", status="Posted", captured_at=100)

    (letter,) = letters(company)
    assert (letter["reason"], letter["entity"]) == ("from_the_future", "invoice")
    assert "max_clock_skew_seconds" in letter["detail"]


@pytest.mark.parametrize("at", [1.8e12, 9.2e12])
def test_one_of_a_clock_that_counts_otherwise_is_diverted_though_no_date_says_when(at: float) -> None:
    """Nanoseconds, taken for microseconds: the refusal itself ended the worker."""
    company = Company()

    company.row("billing", "invoice", "I", at, "B", status="Posted", captured_at=100)

    (letter,) = letters(company)
    assert letter["reason"] == "from_the_future"


def test_what_a_diverted_row_would_say_is_unknown_not_absent() -> None:
    company = Company()
    company.row("crm", "Account", "A", 1)
    company.row("billing", "account", "B", 1)
    company.row("erp", "customer", "E", 1)
    company.heard(2)
    company.row("erp", "ledger_posting", "P", YEAR_SECONDS, "E", captured_at=3)
    company.row("billing", "invoice", "I", 4, "B", status="Posted")

    company.heard(60)

    assert company.open("invoice_not_posted") == []


def test_clocks_that_differ_a_little_are_believed() -> None:
    company = Company()

    company.row("billing", "invoice", "I", 200, "B", status="Posted", captured_at=100)

    assert letters(company) == []


def test_a_system_known_for_its_clock_is_given_more() -> None:
    governed = governance()
    billing = governed.systems["billing"].model_copy(update={"max_clock_skew_seconds": 2.0 * YEAR_SECONDS})
    company = Company(governed.model_copy(update={"systems": {**governed.systems, "billing": billing}}))

    company.row("billing", "invoice", "I", YEAR_SECONDS, "B", status="Posted", captured_at=100)

    assert letters(company) == []


def test_a_marker_from_the_future_counts_up_to_its_capture() -> None:
    company = Company()
    company.row("billing", "invoice", "I", 100, "B", status="Posted", captured_at=100)
    company.heard(300, "crm", "erp")
    value = {
        "system": "billing", "object": "*", "partition": 0, "epoch": 0, "phase": "streaming",
        "watermark": YEAR_SECONDS * SECOND, "observed_at": 0,
    }  # fmt: skip
    topic = topics.source_topic("billing")
    data = company.driver.codec.encode(topic, "SourceProgress", value)
    for partition in range(company.governance.partitions):
        company.driver.pipe_raw(topic, b"", data, partition, {}, produced_ms=105_000)
    company.driver.run()
    assert company.open("invoice_not_posted") == []

    company.heard(300, "billing")
    assert len(company.open("invoice_not_posted")) == 1
