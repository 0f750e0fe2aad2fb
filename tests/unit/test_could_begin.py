"""Which versions of a subject could begin anything: the others cost no judgement."""

from __future__ import annotations

from typing import Any

import pytest

from streams.kinds.table import BY_NAME, KINDS
from tables.versions import Version
from tests.dossiers.model import change
from tests.dossiers.stage import five_systems
from tests.unit.looked_at import version_of

Versions = tuple[dict[str, Any], ...]
"""What a record says, version by version."""

ACTIVE = {"status": "active"}
COULD: list[tuple[str, Versions, bool]] = [
    ("amendment_unpropagated", ({"version_number": 2, **ACTIVE},), True),
    ("amendment_unpropagated", ({"version_number": 1, **ACTIVE},), False),
    ("amendment_unpropagated", ({"version_number": None, **ACTIVE},), False),
    ("amendment_unpropagated", ({"version_number": 2, "status": "draft"},), False),
    ("cancellation_unpropagated", ({"status": "cancelled"},), True),
    ("cancellation_unpropagated", (ACTIVE,), False),
    ("charged_twice", ({"status": "posted", "total": {"amount": "1", "currency": "EUR"}},), True),
    ("charged_twice", ({"status": "draft"},), False),
    ("contract_value_mismatch", (ACTIVE,), True),
    ("contract_value_mismatch", ({"status": "cancelled"},), False),
    ("contract_value_mismatch", ({"status": "pending_activation"},), False),
    ("correction_oscillation", ({"email": "a"}, {"email": "b"}, {"email": "a"}), True),
    ("correction_oscillation", ({"email": "a"}, {"email": "b"}), False),
    ("credit_memo_unpropagated", ({"status": "posted"},), True),
    ("credit_memo_unpropagated", ({"status": "draft"},), False),
    ("credit_memo_without_counterpart", ({"status": "posted"},), True),
    ("credit_memo_without_counterpart", ({"status": "draft"},), False),
    ("delinquency_not_cleared", ({"delinquent": False},), True),
    ("delinquency_not_cleared", ({"delinquent": None},), False),
    ("delinquency_unpropagated", ({"delinquent": False},), True),
    ("delinquency_unpropagated", ({"delinquent": None},), False),
    ("erp_financial_profile_missing", (ACTIVE,), True),
    ("erp_financial_profile_missing", ({"status": "draft"},), False),
    ("external_id_writeback_missing", ({"crm_ref": "A"},), True),
    ("external_id_writeback_missing", ({"crm_ref": None},), False),
    ("hierarchy_divergence", ({"parent_ref": "A"},), True),
    ("hierarchy_divergence", ({"bill_to_crm_ref": "A"},), True),
    ("hierarchy_divergence", ({"name": "Acme"},), False),
    ("invoice_amount_mismatch", ({"status": "posted"},), True),
    ("invoice_amount_mismatch", ({"status": "paid"},), True),
    ("invoice_amount_mismatch", ({"status": "voided"},), False),
    ("invoice_before_customer:ledger_posting", ({"status": "posted", "document_type": "invoice"},), True),
    ("invoice_before_customer:ledger_posting", ({"status": "posted", "document_type": "payment"},), False),
    ("invoice_before_customer:ledger_posting", ({"status": "draft", "document_type": "invoice"},), False),
    ("invoice_not_posted", ({"status": "posted", "total": {"amount": "1", "currency": "EUR"}},), True),
    ("invoice_not_posted", ({"status": "draft"},), False),
    ("ownership_violation", ({"email": "a"}, {"email": "b"}), True),
    ("ownership_violation", ({"email": "a"},), False),
    ("ownership_violation", ({"status": "active"}, {"status": "suspended"}), False),
    ("payment_status_unpropagated", ({"status": "posted"},), True),
    ("payment_status_unpropagated", ({"status": "draft"},), False),
    ("reversal_incomplete", ({"status": "voided"},), True),
    ("reversal_incomplete", ({"status": "posted"},), False),
    ("state_regression:contract", ({"status": "ended"}, ACTIVE), True),
    ("state_regression:contract", (ACTIVE, {"status": "ended"}), False),
    ("state_regression:contract", (ACTIVE,), False),
    ("step_out_of_order:payment", ({"status": "settled"},), True),
    ("step_out_of_order:payment", ({"status": "pending"},), False),
    ("stuck_in_flight:invoice", ({"status": "posting"},), True),
    ("stuck_in_flight:invoice", ({"status": "posted"},), False),
    ("tax_treatment_divergence", ({"status": "posted", "total": {"amount": "1", "currency": "EUR"}},), True),
    ("tax_treatment_divergence", ({"status": "draft"},), False),
    ("won_without_erp_customer", ({"stage": "won"},), True),
    ("won_without_erp_customer", ({"stage": "open"},), False),
    ("won_without_subscription", ({"stage": "won"},), True),
    ("won_without_subscription", ({"stage": "open"},), False),
]


@pytest.mark.parametrize(
    ("kind", "versions", "could"), COULD, ids=[f"{n}: {kind}" for n, (kind, *_) in enumerate(COULD)]
)
def test_a_version_could_begin_something(kind: str, versions: Versions, could: bool) -> None:
    row, last = BY_NAME[kind], None
    for at, told in enumerate(versions, 1):
        last = version(row.entity, at, told, last)

    assert row.may_begin(five_systems(), [last] if last else []) is could


def version(entity: str, at: int, told: dict[str, Any], last: Version | None) -> Version:
    return version_of(change(at, "billing", entity, "X", **told), last)


def test_of_every_kind_that_tells_them_apart_both_are_tried() -> None:
    tried = {(kind.partition(":")[0], could) for kind, _, could in COULD}

    assert {(kind.name, could) for kind in KINDS if kind.begins for could in (True, False)} == tried


def test_whatever_there_is_could_begin_what_tells_nothing_apart_and_nothing_what_is_gone() -> None:
    gone = version("invoice", 1, {}, None) | {"attrs": None}

    for kind in KINDS:
        assert kind.may_begin(five_systems(), [gone]) is (kind.begins is None), kind.row
