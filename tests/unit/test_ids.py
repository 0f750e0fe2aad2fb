"""Ids follow from what they are about, and from nothing else."""

from __future__ import annotations

import inspect
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.ids import canonical_id, command_id, drift_id, idempotency_key

DRIFT = {"kind": "k", "system": "erp", "entity": "invoice", "native_id": "I", "trigger_version": "7"}
COMMAND: dict[str, Any] = {
    "drift": "d",
    "type_": "erp.customer.upsert",
    "target": "erp/customer/A",
    "desired": {"name": "Acme", "tax_id": None},
    "evidence_versions": {"crm/opportunity/O": "7"},
}


@pytest.mark.parametrize(
    ("function", "about"),
    [(drift_id, set(DRIFT)), (command_id, set(COMMAND)), (idempotency_key, {"command", "attempt_epoch"})],
)
def test_no_customer_position_governance_or_time_goes_into_an_id(function: Any, about: set[str]) -> None:
    assert set(inspect.signature(function).parameters) == about


def test_ids_are_what_they_have_been_since_the_first_release() -> None:
    """They are in topics kept for years: another hash would double every open drift and command."""
    assert drift_id(**DRIFT) == "f928f05b82e6500a4270739549f64f65"
    assert command_id(**COMMAND) == "153a38eb01d36b959d2ad1227f5c89af"
    assert idempotency_key("abc", 0) == "abc-0"


@pytest.mark.parametrize("part", DRIFT)
def test_every_part_of_a_drift_makes_it_another(part: str) -> None:
    assert drift_id(**{**DRIFT, part: "other"}) != drift_id(**DRIFT)


@pytest.mark.parametrize(
    ("part", "other"),
    [("drift", "e"), ("type_", "x"), ("target", "x"), ("desired", {"name": "Acme"}), ("evidence_versions", {})],
)
def test_every_part_of_a_command_makes_it_another(part: str, other: Any) -> None:
    assert command_id(**{**COMMAND, part: other}) != command_id(**COMMAND)


def test_parts_do_not_run_into_each_other() -> None:
    assert drift_id("a", "bc", "d", "e", "f") != drift_id("ab", "c", "d", "e", "f")
    assert drift_id("a", "b", "", "e", "f") != drift_id("a", "b", "e", "", "f")


def test_the_order_in_which_values_are_named_does_not_matter() -> None:
    turned = dict(reversed(COMMAND["desired"].items()))

    assert list(turned) != list(COMMAND["desired"])
    assert command_id(**{**COMMAND, "desired": turned}) == command_id(**COMMAND)


def test_a_null_is_not_the_word() -> None:
    assert command_id(**{**COMMAND, "desired": {"name": None}}) != command_id(
        **{**COMMAND, "desired": {"name": "None"}}
    )


def test_a_new_attempt_epoch_is_a_new_key() -> None:
    assert idempotency_key("c", 0) != idempotency_key("c", 1)


@given(st.text())
def test_a_canonical_id_is_one_part_of_a_key(native: str) -> None:
    found = canonical_id("crm", native.encode("utf-8", "replace").decode())

    assert "/" not in found
    assert found.startswith("crm:")
    assert found.isascii()


@given(st.text(st.characters(exclude_categories=["Cs"])), st.text(st.characters(exclude_categories=["Cs"])))
def test_two_customers_never_share_a_canonical_id(one: str, other: str) -> None:
    assert (canonical_id("crm", one) == canonical_id("crm", other)) == (one == other)
