"""Rows that vanished without a record of each, and how far they have been looked for; asked directly, times are plain
numbers."""

from __future__ import annotations

from typing import Any

import pytest

from schemas import topics
from streams.identify import keys, losses, sweeps
from streams.identify.losses import Loss
from streams.identify.stays import Stay
from streams.suspects.table import DOCUMENTS
from tables.versions import MOVED, PRESUMED
from tables.view import MemoryView, Workspace
from tests.unit.looked_at import record, version_of
from tests.unit.test_rows_kept import GOVERNANCE, version

ROW = ("billing", "invoice", "I/2")
KEY = keys.row_key("billing", "B/1", "invoice", "I/2")
LOSS = Loss("v50", 60)


def begun(*lost: Loss, mapping: int | None = None) -> Workspace:
    ws = Workspace(MemoryView())
    if mapping is not None:
        ws.put(keys.mapping_key("billing"), {"number": mapping})
    for loss in lost:
        sweeps.begin(ws, GOVERNANCE, "billing", ("invoice", "credit_memo"), loss)
    return ws


def known(ws: Workspace) -> dict[str, Any]:
    return ws.get(keys.sweep_key("billing")) or {}


# -- how far


def test_a_sweep_looks_at_all_rows_behind_the_mapping_that_was_in_force() -> None:
    ws = begun(LOSS, mapping=4)

    first = {
        "number": 1, "mapping": 4, "entities": ["credit_memo", "invoice"], "at": 60, "oldest_version": "v50",
        "after": "i/billing/",
    }  # fmt: skip
    assert sweeps.pending(known(ws)) == [first]
    assert sweeps.begun(known(ws)) == 1
    assert losses.lost(known(ws), "invoice", "v40") == LOSS
    sweeps.begin(ws, GOVERNANCE, "billing", ("payment",), Loss("v60", 70))
    second = {**first, "number": 2, "entities": ["payment"], "at": 70, "oldest_version": "v60"}
    assert (sweeps.pending(known(ws)), sweeps.begun(known(ws))) == ([first, second], 2)


def test_where_it_is_not_told_what_is_lost_nothing_is_remembered_of_rows_to_come() -> None:
    assert losses.lost(known(begun(Loss("", 60))), "invoice", "v40") is None


def test_sweeps_end_one_after_the_other() -> None:
    ws = begun(LOSS, Loss("v60", 70))
    sweeps.read_so_far(ws, "billing", KEY)
    assert [(each["number"], each["after"]) for each in sweeps.pending(known(ws))] == [(1, KEY), (2, "i/billing/")]

    sweeps.read_so_far(ws, "billing", None)
    assert [each["number"] for each in sweeps.pending(known(ws))] == [2]
    assert sweeps.is_pending(known(ws))

    sweeps.read_so_far(ws, "billing", None)
    assert (sweeps.pending(known(ws)), sweeps.is_pending(known(ws)), sweeps.begun(known(ws))) == ([], False, 2)


def test_where_none_ever_began_none_is_pending() -> None:
    assert (sweeps.begun(None), sweeps.pending(None), sweeps.is_pending(None)) == (0, [], False)


# -- what is gone


def left(*versions: dict[str, Any], loss: Loss = LOSS, entity: str = "invoice", swept: int | None = None) -> list[str]:
    """What the image says once a sweep has looked at it."""
    ws = begun(loss)
    image = {"versions": list(versions)} | ({} if swept is None else {"swept": swept})
    ws.put(keys.row_key("billing", "B/1", entity, "I/2"), image)
    sweeps.take_away(ws, GOVERNANCE, sweeps.pending(known(ws))[0], ("billing", entity, "I/2"), image)
    after = ws.get(keys.row_key("billing", "B/1", entity, "I/2")) or {}
    return [each["op"] for each in after["versions"]]


IS_THERE, GONE = ["upsert"], ["upsert", PRESUMED]


@pytest.mark.parametrize(
    ("native", "at", "loss", "after"),
    [
        ("v49", 90, LOSS, GONE),  # versions count, whatever the instant
        ("v50", 40, LOSS, IS_THERE),
        ("v51", 40, LOSS, IS_THERE),
        ("v99", 59, Loss("", 60), GONE),  # where none is told, the instant does
        ("v99", 60, Loss("", 60), IS_THERE),
    ],
)
def test_gone_is_what_is_older_than_all_that_is_not_lost(native: str, at: int, loss: Loss, after: list[str]) -> None:
    assert left(version(at, version=native), loss=loss) == after


def test_what_came_since_the_sweep_began_is_there() -> None:
    assert left(version(40), swept=0) == GONE
    assert left(version(40), swept=1) == IS_THERE


def test_so_is_what_is_of_another_entity() -> None:
    assert left(version(40, entity="payment"), entity="payment") == IS_THERE


@pytest.mark.parametrize("op", ["delete", MOVED, PRESUMED])
def test_what_is_gone_already_goes_no_more(op: str) -> None:
    assert left(version(30), version(40, op)) == ["upsert", op]


LEFT = Stay("crm:Z", 1, 5, 45)


def presumed(loss: Loss = LOSS) -> Workspace:
    ws = Workspace(MemoryView())
    ws.put(keys.route_key("billing", "B/1"), {"canonical_id": "crm:A", "route_version": 3, "routed_at": 8})
    ws.put(KEY, {"versions": [version(40)], "swept": 1})
    sweeps.presume(ws, GOVERNANCE, ROW, [version(40)], loss, [LEFT])
    return ws


@pytest.mark.parametrize(
    ("loss", "native", "at"), [(LOSS, "v50", 60), (Loss("", 60), "v40.gone", 60), (Loss("v50", 20), "v50", 40)]
)
def test_a_row_is_gone_as_of_the_loss_and_not_before_it_was_there(loss: Loss, native: str, at: int) -> None:
    ws = presumed(loss)

    last = version(40)
    gone = {
        "op": PRESUMED,
        "attrs": None,
        "since": {},
        "at": at,
        "committed_at": at,
        "version": native,
        "by": "unknown",
    }
    assert ws.get(KEY) == {"versions": [last, {**last, **gone, "follows": "v40"}], "swept": 1}
    told = [(e.record, e.key, (e.value or {})["effective_at"]) for e in ws.effects if e.topic == topics.CHANGES]
    here = ("InvoiceChanged", "crm:A", at)
    assert told == ([("InvoiceChanged", "crm:Z", 40), here] if at < LEFT.until else [here])


@pytest.mark.parametrize(("routed_at", "since"), [(8, 60), (80, 80)])
def test_the_suspects_hear_of_it_too_as_of_the_route_at_the_earliest(routed_at: int, since: int) -> None:
    wanted = {"judged": (DOCUMENTS,), "suspects": True, "derived": {}}
    ws = Workspace(MemoryView())
    ws.put(keys.route_key("billing", "B"), {"canonical_id": "crm:A", "route_version": 3, "routed_at": routed_at})
    last = version_of(record("billing", "invoice", "I/2", 40, customer="B", number="N-1", status="posted"))
    sweeps.presume(ws, GOVERNANCE.model_copy(update=wanted), ROW, [last], LOSS)

    said = [e.value or {} for e in ws.effects if e.topic == topics.BUSINESS_KEYS]
    assert [(v["canonical_id"], v["present"], v["effective_at"]) for v in said] == [("crm:A", False, since)]


# -- what comes late


@pytest.mark.parametrize(
    ("native", "is_last"), [("v2", False), ("v3", False), ("v5", True), ("v7", False), ("v8", False)]
)
def test_it_may_be_the_last_that_there_was_before_the_row_was_gone(native: str, is_last: bool) -> None:
    gone = sweeps.following(version(60, PRESUMED, version="v7"), version(3))
    others = (version(60, "delete", version="v7", follows="v3"), version(60, PRESUMED, version="v7"))

    assert gone["follows"] == "v3"
    assert sweeps.is_last_before(version(5, version=native), [version(3), gone]) is is_last
    for other in others:  # the second is of an earlier release
        assert not sweeps.is_last_before(version(5, version=native), [version(3), other])
