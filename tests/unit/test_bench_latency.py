"""Facts about the arithmetic of `bench latency`: which stamp belongs to which change, and what becomes of them."""

from __future__ import annotations

from itertools import islice
from random import Random
from typing import Any

from schemas import topics
from schemas.codec import Codec
from schemas.registry import DictRegistry
from streams.bench.latency.clerks import CLERKS, MIX, POSTED_PERCENT, Clerk
from streams.bench.latency.deployment import LEDGER, OVERLAY, SOURCE
from streams.bench.latency.figures import percentiles, spans, stamps
from streams.bench.latency.listen import Heard
from streams.governance import load
from streams.judge.gates import needed
from streams.kinds.table import BY_NAME

CODEC = Codec(DictRegistry())


def corrected(at: int, committed_at: int | None, revision: int = 1) -> Heard:
    attribute = {"name": "status", "value": '"draft"', "committed_at": committed_at}
    value: dict[str, Any] = {"canonical_id": "c", "entity": "invoice", "native_id": "I", "revision": revision}
    data = CODEC.encode(
        topics.CORRECTED_STATE, "CorrectedEntity", {**value, "complete_until": None, "attributes": [_whole(attribute)]}
    )
    return Heard(at, topics.CORRECTED_STATE, data)


def _whole(attribute: dict[str, Any]) -> dict[str, Any]:
    return {"owner": "store", "native_id": "I", "version": "1", "agree": [], "diverge": {}, "unheard": [], **attribute}


def test_a_change_is_readable_from_its_first_record_on() -> None:
    heard = [corrected(1_200, 1_000), corrected(1_900, 1_000, revision=2)]
    assert stamps(heard, CODEC, "src.store", {}).corrected == {("invoice", 1_000): 1_200}


def test_a_tombstone_carries_no_change() -> None:
    assert stamps([Heard(1, topics.CORRECTED_STATE, None)], CODEC, "src.store", {}).corrected == {}


def test_spans_count_from_the_commit_and_only_those_committed_in_the_window() -> None:
    seen = {("invoice", 1_000_000): 1_040_000, ("invoice", 2_000_000): 2_500_000}
    assert spans(seen, 0, 2_000_000) == [0.04]


def test_spans_between_two_topics_leave_out_what_the_earlier_never_showed() -> None:
    seen = {("invoice", 1): 70_000, ("invoice", 2): 90_000}
    assert spans(seen, 0, 10, {("invoice", 1): 20_000}) == [0.05]


def test_percentiles_are_values_that_were_seen() -> None:
    found = percentiles([n / 1000 for n in range(1, 101)])
    assert (found["p50"], found["p99"], found["max"], found["count"]) == (0.051, 0.1, 0.1, 100)


def test_without_any_change_there_is_no_percentile() -> None:
    assert percentiles([])["p99"] is None


def test_the_evidence_of_the_instant_kind_lies_in_the_one_database() -> None:
    governance, kind = load(OVERLAY), BY_NAME["invoice_not_posted"]
    assert {system for system, _ in needed(governance, kind, SOURCE)} == {SOURCE, LEDGER}
    assert governance.kinds[kind.name].sla == 0


def test_no_invoice_is_posted_twice() -> None:
    clerks = [Clerk("", number, 10, 1.0) for number in range(CLERKS)]
    drafts = [draft for clerk in clerks for draft in islice(clerk.drafts, 1000)]
    assert len(drafts) == len(set(drafts)) > 0


def test_the_shares_of_the_mix_are_percent() -> None:
    assert sum(share for _, share in MIX) + POSTED_PERCENT == 100


def test_clerks_change_one_row_of_a_customer_of_their_own() -> None:
    for change, _ in MIX:
        statement, parameters = change(Random(1), 7)
        assert statement.endswith("WHERE id = %s")
        assert str(parameters[-1])[1:].split("-")[0] == "7"
