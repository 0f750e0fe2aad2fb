"""Rows that change hands, vanish or are truncated in PostgreSQL: what the drifts and the corrected state say then."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest

from connectors.stack import Endpoints
from schemas import topics
from tests.integration.bad_input import customer, invoice, posting
from tests.integration.deployment import CUSTOMER_COLUMN, Deployment, deployed

ABSENT = "absent"
TOMBSTONE = "tombstone"
PRESENT = "present"


@pytest.fixture(scope="module")
def deployment(stack: Endpoints, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    with deployed(stack, tmp_path_factory.mktemp("moves")) as it:
        it.start().wait_ready()
        yield it


def customers(deployment: Deployment, *names: str) -> None:
    for name in names:
        customer(deployment, name)
    deployment.until(lambda: all(len(deployment.members(f"crm:A-{name}")) == 3 for name in names))


def name_in(deployment: Deployment, partition: int) -> str:
    """A customer whose ERP record belongs to that partition."""
    return next(name for n in count() if deployment.partition(f"E-{(name := f'cut-{n}')}") == partition)


def change(deployment: Deployment, system: str, statement: str) -> None:
    assert system in CUSTOMER_COLUMN
    deployment.databases[system].writer.execute(statement.encode())


def corrected(deployment: Deployment, key: str) -> str:
    """What the topic holds for a key: `canonical id/entity/native id`."""
    records = [seen for seen in deployment.seen(topics.CORRECTED_STATE) if seen.origin.key == key]
    if not records:
        return ABSENT
    return TOMBSTONE if records[-1].value is None else PRESENT


def lives(deployment: Deployment, native_id: str) -> list[tuple[str, str, str]]:
    """(customer, status, how) of everything said about the drifts of a subject."""
    return sorted((d["canonical_id"], d["status"], d["how"]) for d in deployment.drifts(native_id))


def ids(drifts: list[dict[str, Any]]) -> set[str]:
    return {drift["drift_id"] for drift in drifts}


def test_a_row_that_changes_its_customer_takes_its_drift_along(deployment: Deployment) -> None:
    customers(deployment, "seller", "buyer")
    invoice(deployment, "seller")
    deployment.until(lambda: deployment.drifts("I-seller"))
    change(deployment, "billing", "UPDATE invoice SET account_id = 'B-buyer' WHERE id = 'I-seller'")
    deployment.until(lambda: len(deployment.drifts("I-seller")) == 3)

    assert lives(deployment, "I-seller") == [
        ("crm:A-buyer", "open", ""),
        ("crm:A-seller", "closed", "moved"),
        ("crm:A-seller", "open", ""),
    ]


def test_the_corrected_state_moves_with_the_row(deployment: Deployment) -> None:
    customers(deployment, "giver", "taker")
    invoice(deployment, "giver", "Draft")
    deployment.until(lambda: corrected(deployment, "crm:A-giver/invoice/billing:I-giver") == PRESENT)
    change(deployment, "billing", "UPDATE invoice SET account_id = 'B-taker' WHERE id = 'I-giver'")

    deployment.until(lambda: corrected(deployment, "crm:A-giver/invoice/billing:I-giver") == TOMBSTONE)
    deployment.until(lambda: corrected(deployment, "crm:A-taker/invoice/billing:I-giver") == PRESENT)


def test_a_customer_that_is_linked_anew_takes_everything_along(deployment: Deployment) -> None:
    customers(deployment, "old", "new")
    invoice(deployment, "old")
    deployment.until(lambda: deployment.drifts("I-old"))
    change(deployment, "billing", "UPDATE account SET crm_account_id = 'A-new' WHERE id = 'B-old'")
    deployment.until(lambda: len(deployment.drifts("I-old")) == 3)

    assert lives(deployment, "I-old") == [
        ("crm:A-new", "open", ""),
        ("crm:A-old", "closed", "moved"),
        ("crm:A-old", "open", ""),
    ]
    assert len(ids(deployment.drifts("I-old"))) == 1
    deployment.until(lambda: deployment.members("crm:A-old") == ["crm:A-old", "erp:E-old"])
    deployment.until(lambda: "billing:B-old" in deployment.members("crm:A-new"))
    deployment.until(lambda: corrected(deployment, "crm:A-old/invoice/billing:I-old") == TOMBSTONE)


def test_a_deleted_row_leaves_a_tombstone_and_withdraws_its_drift(deployment: Deployment) -> None:
    customers(deployment, "gone")
    invoice(deployment, "gone")
    deployment.until(lambda: deployment.drifts("I-gone"))
    change(deployment, "billing", "DELETE FROM invoice WHERE id = 'I-gone'")
    deployment.until(lambda: len(deployment.drifts("I-gone")) == 2)

    assert lives(deployment, "I-gone") == [("crm:A-gone", "closed", "withdrawn"), ("crm:A-gone", "open", "")]
    assert corrected(deployment, "crm:A-gone/invoice/billing:I-gone") == TOMBSTONE


def test_a_truncated_table_leaves_tombstones_in_every_partition_and_nothing_else(deployment: Deployment) -> None:
    names = [name_in(deployment, partition) for partition in range(deployment.governance.partitions)]
    customers(deployment, *names)
    for name in names:
        posting(deployment, name)
    keys = [f"crm:A-{name}/ledger_posting/erp:P-{name}" for name in names]
    deployment.until(lambda: all(corrected(deployment, key) == PRESENT for key in keys))
    change(deployment, "erp", "TRUNCATE ledger_posting")

    deployment.until(lambda: all(corrected(deployment, key) == TOMBSTONE for key in keys))
    assert all(len(deployment.members(f"crm:A-{name}")) == 3 for name in names)


def test_after_a_truncate_verdicts_are_given_again(deployment: Deployment) -> None:
    customers(deployment, "next")
    change(deployment, "erp", "TRUNCATE ledger_posting")
    posting(deployment, "next")
    invoice(deployment, "next")
    deployment.until(lambda: deployment.outcome("A-next", "invoice_not_posted", "I-next") == "met")

    customers(deployment, "open")
    invoice(deployment, "open")
    assert deployment.until(lambda: lives(deployment, "I-open")) == [("crm:A-open", "open", "")]
