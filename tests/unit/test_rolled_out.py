"""What a published version of governance decides, and whom it has judged again, asked directly; times are plain
numbers."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from schemas import topics
from schemas.instants import NEVER
from streams.governance.finance import Accounts
from streams.governance.in_force import InForce
from streams.governance.model import Governance
from streams.inputs import Divert
from streams.judge import published, rollout
from streams.judge.keys import GOVERNANCE, ObligationKey, document_key, rollout_key
from streams.judge.obligation import Obligation
from streams.judge.published import (
    DECIDES,
    Published,
    Version,
    decided_by,
    document_of,
    first_of,
    history,
    pass_by,
    publication,
    rolled_out,
    take,
    undecided,
    version_of,
)
from streams.judge.rollout import roll_out
from tables.view import MemoryView, Workspace
from tests.dossiers.model import Change
from tests.dossiers.stage import five_systems
from tests.unit.looked_at import CUSTOMER, record, workspace

POSTED, STALLED, REFUNDED = "invoice_not_posted", "activation_stalled", "refund_unpropagated"
BASE = five_systems().model_copy(update={"judged": (POSTED, STALLED), "partitions": 2, "derived": {}})


def with_rules(kind: str = POSTED, base: Governance = BASE, **rules: Any) -> Governance:
    known = base.kinds[kind].model_copy(update=rules or {"sla_seconds": 7.0})
    return base.model_copy(update={"kinds": {**base.kinds, kind: known}, "derived": {}})


SOONER, LATER = with_rules(), with_rules(sla_seconds=70.0)


def told(version: Governance, begins_at: int, published_at: int = 0) -> dict[str, Any]:
    value = publication(version, begins_at, published_at, "me")[0].value
    assert value is not None
    return value


def index(ws: Workspace) -> dict[str, Any]:
    return ws.get(GOVERNANCE) or {}


def taken(*versions: tuple[Governance, int]) -> Workspace:
    ws = Workspace(MemoryView())
    for number, (version, begins_at) in enumerate(versions):
        take(ws, BASE, told(version, begins_at, number))
    return ws


# -- what a version is, and what it decides


def test_a_version_is_told_to_every_partition_by_the_hash_of_all_of_it() -> None:
    emits = publication(SOONER, 50, 40, "me")

    assert [(e.topic, e.key, e.partition) for e in emits] == [(topics.CHANGES, "", 0), (topics.CHANGES, "", 1)]
    assert emits[0].value == {
        "version": version_of(document_of(SOONER)), "in_force_at": 50, "published_at": 40, "by": "me",
        "document": document_of(SOONER),
    }  # fmt: skip
    assert document_of(BASE) == document_of(five_systems().model_copy(update={"judged": (POSTED, STALLED)}))
    assert len({version_of(document_of(g)) for g in (BASE, SOONER, LATER)}) == 3


def test_its_document_is_the_same_however_it_was_put_together() -> None:
    other_way = BASE.model_copy(update={"kinds": dict(reversed(BASE.kinds.items()))})

    assert document_of(other_way) == document_of(BASE)


def test_it_decides_what_judge_alone_looks_at() -> None:
    another = LATER.model_copy(
        update={
            "segments": ("small",), "judged": (STALLED,), "systems": {}, "partitions": 9,
            "finance": BASE.finance.model_copy(update={"product_to_gl": {"A": Accounts(revenue="4")}}),
        }
    )  # fmt: skip
    found = decided_by(BASE, another)

    assert found.kinds[POSTED] == LATER.kinds[POSTED]
    assert (found.segments, found.finance) == (("small",), another.finance)
    assert (found.judged, found.systems, found.partitions) == (BASE.judged, BASE.systems, BASE.partitions)
    assert set(DECIDES) == {"entities", "finance", "ignore", "process", "segments"}


def test_of_kinds_it_decides_those_that_judge_judges_and_it_knows() -> None:
    fleets = with_rules("source_stale", severity="S4")
    lacking = BASE.model_copy(update={"kinds": {POSTED: SOONER.kinds[POSTED]}})

    assert decided_by(BASE, fleets).kinds["source_stale"] == BASE.kinds["source_stale"]
    assert decided_by(BASE, lacking).kinds[POSTED] == SOONER.kinds[POSTED]
    assert decided_by(BASE, lacking).kinds[STALLED] == BASE.kinds[STALLED]


def changed(after: Governance) -> list[str]:
    return [difference.key for difference in undecided(BASE, after)]


def test_what_else_changes_is_said_not_to_be_decided() -> None:
    assert changed(SOONER) == changed(BASE) == []
    assert changed(BASE.model_copy(update={"judged": (POSTED,)})) == ["judged"]
    assert changed(with_rules("source_stale", severity="S4")) == ["source_stale.severity"]
    for name in ("tolerance_absolute", "tolerance_relative"):
        assert changed(with_rules("source_stale", **{name: Decimal(1)})) == []


def test_how_records_are_read_is_decided_where_the_same_is_read_of_them() -> None:
    mapping = BASE.mappings["billing"]["invoice"]
    read = next(iter(mapping.attributes))

    def reading(**attributes: Any) -> Governance:
        other = {"invoice": mapping.model_copy(update={"attributes": attributes})}
        return BASE.model_copy(update={"mappings": {**BASE.mappings, "billing": {**BASE.mappings["billing"], **other}}})

    assert changed(reading(**{**mapping.attributes, read: "Other__c"})) == []
    fewer = {name: source for name, source in mapping.attributes.items() if name != read}
    assert changed(reading(**fewer)) == [f"invoice.attributes.{read}"]
    without = {name: each for name, each in BASE.mappings.items() if name != "billing"}
    assert changed(BASE.model_copy(update={"mappings": without})) != []


# -- how versions are kept


def test_with_the_first_version_that_of_before_is_kept() -> None:
    ws = Workspace(MemoryView())

    assert take(ws, BASE, told(SOONER, 50, 40)) == "governancepublished"
    versions = [[NEVER, NEVER, version_of(document_of(BASE))], [50, 40, version_of(document_of(SOONER))]]
    assert index(ws) == {"versions": versions, "passed": NEVER, "pending": [50]}
    assert [ws.get(document_key(v)) for _, _, v in versions] == [
        {"document": document_of(BASE)}, {"document": document_of(SOONER)},
    ]  # fmt: skip
    assert ws.get(rollout_key(50)) == {"after": ""}
    assert history(ws) == [Version(NEVER, NEVER, document_of(BASE)), Version(50, 40, document_of(SOONER))]
    assert history(Workspace(MemoryView())) == []


def test_versions_are_kept_in_the_order_of_their_instants() -> None:
    ws = taken((LATER, 60), (SOONER, 50), (BASE, 50))

    assert [(at, told) for at, told, _ in index(ws)["versions"]] == [(NEVER, NEVER), (50, 1), (50, 2), (60, 0)]
    assert index(ws)["pending"] == [50, 60]


def test_one_that_is_told_again_changes_nothing() -> None:
    ws = taken((SOONER, 50))
    rolled_out(ws, 50)
    before = dict(ws.writes)

    assert take(ws, BASE, told(SOONER, 50)) == "duplicate"
    assert ws.writes == before


def test_one_that_cannot_be_read_is_put_aside() -> None:
    ws = Workspace(MemoryView())
    with pytest.raises(Divert) as refused:
        take(ws, BASE, {**told(SOONER, 50), "document": '{"partitions": 0}'})

    assert refused.value.reason == "bad_governance"


@pytest.mark.parametrize(("begins_at", "passed"), [(80, 70), (71, 70), (70, 69), (30, 29)])
def test_what_was_passed_is_undecided_again_where_an_earlier_version_comes(begins_at: int, passed: int) -> None:
    ws = taken((SOONER, 70))
    pass_by(ws, 70)
    assert index(ws)["passed"] == 70
    take(ws, BASE, told(LATER, begins_at, 9))

    assert index(ws)["passed"] == passed


def test_what_is_rolled_out_is_not_pending_and_has_nothing_left_to_look_through() -> None:
    ws = taken((SOONER, 50), (LATER, 60))
    rolled_out(ws, 50)

    assert (index(ws)["pending"], ws.get(rollout_key(50)), ws.get(rollout_key(60))) == ([60], None, {"after": ""})
    assert len(index(ws)["versions"]) == 3


def test_a_shard_judged_by_its_first_version_whatever_the_worker_is_started_with() -> None:
    ws = taken((SOONER, 50))

    assert first_of(ws, LATER).kinds[POSTED] == BASE.kinds[POSTED]
    assert first_of(Workspace(MemoryView()), LATER) is LATER


# -- what is in force


def test_each_version_is_in_force_from_its_instant_on() -> None:
    ws, known = taken((SOONER, 50), (LATER, 60)), Published(BASE)
    ruled = known.in_force(ws)

    assert [ruled.at(at).kinds[POSTED].sla_seconds for at in (49, 50, 60)] == [
        BASE.kinds[POSTED].sla_seconds, 7.0, 70.0,
    ]  # fmt: skip
    assert (ruled.rolled_out, len(ruled.undecided)) == (50, 3)
    rolled_out(ws, 50)
    pass_by(ws, 50)
    ruled = known.in_force(ws)
    assert (ruled.rolled_out, len(ruled.undecided)) == (60, 2)
    assert ruled.at(0) is BASE
    assert known.in_force(ws) is ruled


def test_where_nothing_is_published_the_folders_are_in_force() -> None:
    known, ws = Published(BASE), Workspace(MemoryView())

    assert known.in_force(ws).newest is BASE
    assert known.overruled(ws) == []


def test_shards_of_one_process_may_have_heard_of_others() -> None:
    known, first, second = Published(BASE), taken((SOONER, 50)), taken((LATER, 60))
    found = [known.in_force(ws) for ws in (first, second, first, second)]

    assert [ruled.newest.kinds[POSTED].sla_seconds for ruled in found] == [7.0, 70.0, 7.0, 70.0]
    assert found[0] is found[2]


def test_what_the_folders_say_otherwise_is_overruled() -> None:
    known, ws = Published(BASE), taken((SOONER, 50))

    assert [difference.key for difference in known.overruled(ws)] == [f"{POSTED}.sla_seconds"]
    assert [difference.key for difference in known.overruled(ws)] == [f"{POSTED}.sla_seconds"]
    take(ws, BASE, told(BASE, 60, 9))
    assert known.overruled(ws) == []


# -- whom it concerns


def invoice(native_id: str, status: str = "posted", system: str = "billing") -> Change:
    total = {"amount": "9.00", "currency": "EUR", "basis": "gross"}
    return record(system, "invoice", native_id, 3, customer="B", number=native_id, status=status, total=total)


def subscription() -> Change:
    return record("billing", "subscription", "S", 3, number="S", status="draft")


def rolling(*records: Change, begins_at: int = 50, after: Governance = SOONER) -> tuple[Workspace, InForce]:
    ws = workspace(*records)
    ws.put(GOVERNANCE, {"versions": [], "passed": NEVER, "pending": [begins_at, 99]})
    ws.put(rollout_key(begins_at), {"after": ""})
    return ws, InForce([(NEVER, BASE), (begins_at, after), (99, LATER)])


def armed(ws: Workspace) -> dict[str, int]:
    found = ((ObligationKey.parse(key), value) for key, value in ws.range(f"o/{CUSTOMER}/", 99))
    return {f"{key.kind}/{key.system}/{key.native_id}": value["next"] for key, value in found if "next" in value}


def test_what_the_changed_rules_could_touch_is_judged_at_its_instant() -> None:
    ws, ruled = rolling(invoice("2026/I"), invoice("J", "draft"), subscription())
    roll_out(ws, ruled, rollout_key(50))

    assert armed(ws) == {f"{POSTED}/billing/2026/I": 50}
    assert (index(ws)["pending"], ws.get(rollout_key(50))) == ([99], None)


def test_also_where_nothing_could_begin_but_something_did() -> None:
    ws, ruled = rolling(invoice("J", "draft"))
    key = ObligationKey(CUSTOMER, POSTED, "billing", "J")
    ws.put(key.text(), Obligation("open", settled=20).as_json())
    roll_out(ws, ruled, rollout_key(50))

    assert armed(ws) == {f"{POSTED}/billing/J": 50}


def test_and_what_was_judged_beyond_it_already() -> None:
    ws, ruled = rolling(invoice("I"))
    ws.put(ObligationKey(CUSTOMER, POSTED, "billing", "I").text(), Obligation("closed", settled=70).as_json())
    roll_out(ws, ruled, rollout_key(50))

    assert armed(ws) == {f"{POSTED}/billing/I": 70}


def test_records_of_systems_that_are_gone_or_of_another_role_concern_nobody() -> None:
    ws, ruled = rolling(invoice("I", system="old"), invoice("J", system="erp"))
    roll_out(ws, ruled, rollout_key(50))

    assert armed(ws) == {}


def test_where_nothing_about_kinds_changes_nothing_is_looked_through() -> None:
    ws, ruled = rolling(invoice("I"), after=with_rules(REFUNDED))
    roll_out(ws, ruled, rollout_key(50))

    assert (armed(ws), index(ws)["pending"]) == ({}, [99])


def test_where_it_is_not_about_kinds_alone_all_is_looked_through() -> None:
    ws, ruled = rolling(invoice("I"), subscription(), after=BASE.model_copy(update={"segments": ("small",)}))
    roll_out(ws, ruled, rollout_key(50))

    assert set(armed(ws)) == {f"{POSTED}/billing/I", f"{STALLED}/billing/S"}


@pytest.mark.parametrize("records", [3, 4])
def test_it_is_looked_through_a_slice_in_a_commit(monkeypatch: pytest.MonkeyPatch, records: int) -> None:
    monkeypatch.setattr(rollout, "SLICE", 2)
    ws, ruled = rolling(*(invoice(str(number)) for number in range(records)))

    roll_out(ws, ruled, rollout_key(50))
    assert [len(armed(ws)), index(ws)["pending"]] == [2, [50, 99]]
    assert ws.get(rollout_key(50)) == {"after": f"e/{CUSTOMER}/invoice/billing/1"}
    roll_out(ws, ruled, rollout_key(50))
    assert len(armed(ws)) == records
    assert index(ws)["pending"] == ([99] if records == 3 else [50, 99])
    roll_out(ws, ruled, rollout_key(50))
    assert (index(ws)["pending"], ws.get(rollout_key(50))) == ([99], None)
    roll_out(ws, ruled, rollout_key(50))  # nothing is left to do


def test_versions_beyond_the_first_are_compared_with_the_one_before() -> None:
    ws, _ = rolling(invoice("I"), begins_at=99)
    roll_out(ws, InForce([(NEVER, BASE), (50, LATER), (99, LATER)]), rollout_key(99))

    assert armed(ws) == {}


def test_a_worker_keeps_the_timelines_of_its_shards_at_hand() -> None:
    assert published.read(document_of(BASE)) is published.read(document_of(BASE))
