"""What the fleet makes of gaps and of letters about finance, asked directly; times are plain numbers."""

from __future__ import annotations

from typing import Any

import pytest

from schemas import topics
from schemas.entities import ENTITIES
from schemas.instants import SECOND
from streams.fleet import gaps, letters
from streams.fleet.table import CLOCK, WAITING
from streams.governance.model import Governance
from tables.view import MemoryView, Workspace
from tables.watermarks import LINKS
from tests.topology import governance

GOVERNANCE = governance(sla_seconds=10.0).model_copy(update={"judged": (gaps.KIND, letters.KIND)})
NOBODY = GOVERNANCE.model_copy(update={"judged": ()})


def nothing() -> Workspace:
    return Workspace(MemoryView())


def told(ws: Workspace) -> list[Any]:
    drifts = [e.value for e in ws.effects if e.topic == topics.DRIFTS and e.value]
    ws.effects.clear()
    return drifts


def heard(
    ws: Workspace, mark: int | None, phase: str = "streaming", partition: int = 0, *, system: str = "erp",
    of: str = "*", epoch: int = 0, governed: Governance = GOVERNANCE,
) -> list[tuple[str, int, int | None]]:  # fmt: skip
    entry = {"system": system, "object": of, "epoch": epoch, "phase": phase, "watermark": mark}
    gaps.heard(ws, governed, {"partition": partition, "watermarks": [entry]})
    return [(d["status"], d["opened_at"], d["closed_at"]) for d in told(ws)]


def source(ws: Workspace, key: str = "g/erp/*") -> Any:
    return ws.get(key)


# -- gaps


def test_a_gap_says_which_source_and_since_when_and_in_which_epoch() -> None:
    ws = nothing()
    heard(ws, 7)
    heard(ws, 5, partition=1)
    entry = {"system": "erp", "object": "*", "epoch": 3, "phase": "gap", "watermark": None}
    gaps.heard(ws, GOVERNANCE, {"partition": 0, "watermarks": [entry]})
    (drift,) = told(ws)

    assert (drift["system"], drift["entity"], drift["native_id"], drift["kind"]) == ("erp", "source", "*", gaps.KIND)
    assert (drift["trigger_version"], drift["triggered_at"], drift["due_at"]) == ("3:5", 5, 5)
    assert drift["watermarks"] == {"erp": 5}
    assert "every change of erp," in drift["expected"]
    assert source(ws)["gaps"] == source(ws)["lost"] == ["0"]


def test_of_one_object_it_names_that() -> None:
    ws = nothing()
    heard(ws, 7, of="contract")
    entry = {"system": "erp", "object": "contract", "epoch": 0, "phase": "gap", "watermark": None}
    gaps.heard(ws, GOVERNANCE, {"partition": 0, "watermarks": [entry]})

    assert "every change of contract of erp," in told(ws)[0]["expected"]


@pytest.mark.parametrize(
    "more", [{"system": "old"}, {"of": LINKS}, {"governed": NOBODY}], ids=["not governed", "links", "not wanted"]
)
def test_nobody_else_has_gaps(more: dict[str, Any]) -> None:
    ws = nothing()

    assert heard(ws, 7, **more) + heard(ws, None, "gap", **more) == []
    assert ws.writes == {}


def test_what_was_never_heard_whole_has_lost_nothing() -> None:
    ws = nothing()

    assert heard(ws, None, "snapshot") + heard(ws, None, "gap") + heard(ws, None, "snapshot", 1) == []
    assert source(ws) is None
    assert heard(ws, 5) == []
    assert source(ws)["marks"] == {"0": 5}
    assert heard(ws, None, "snapshot", 1) == []
    assert source(ws)["marks"] == {"0": 5}


def test_the_same_gap_is_told_once_and_ends_when_what_was_lost_is_heard_again() -> None:
    ws = nothing()
    heard(ws, 5)
    heard(ws, 6, partition=1)

    assert heard(ws, None, "gap") == [("open", 5, None)]
    assert heard(ws, None, "gap") == []
    assert heard(ws, None, "snapshot") == []
    assert heard(ws, 30) == []  # the other has not been heard as far
    assert heard(ws, 29, partition=1) == []
    assert heard(ws, 30, partition=1) == [("closed", 5, 30)]
    assert source(ws) == {"marks": {"0": 30, "1": 30}, "gaps": [], "lost": [], "whole": -(2**62), "drift": None}


def test_it_ends_when_the_last_of_those_that_lost_something_is_whole_however_far_the_first_is_by_then() -> None:
    ws = nothing()
    for partition in (0, 1):
        heard(ws, 5, partition=partition)
        heard(ws, None, "gap", partition)

    assert heard(ws, 30) + heard(ws, 50) == []
    assert heard(ws, 20, partition=1) == [("closed", 5, 30)]


def test_a_report_without_a_watermark_makes_nothing_whole() -> None:
    ws = nothing()
    heard(ws, 5)
    heard(ws, None, "gap")

    assert heard(ws, None) == []
    assert (source(ws)["gaps"], source(ws)["marks"]) == (["0"], {"0": 5})
    assert heard(ws, 9) == [("closed", 5, 9)]


def test_what_an_earlier_release_kept_of_a_gap_ends_too() -> None:
    ws = nothing()
    heard(ws, 5)
    heard(ws, None, "gap")
    ws.put("g/erp/*", {name: value for name, value in source(ws).items() if name not in ("lost", "whole")})

    assert heard(ws, 9) == [("closed", 5, 9)]


@pytest.mark.parametrize("lost", [(0,), (0, 1)])
def test_what_is_taken_out_of_governance_in_a_gap_and_put_back_is_in_that_gap_still(lost: tuple[int, ...]) -> None:
    ws = nothing()
    for partition in (0, 1):
        heard(ws, 5, partition=partition)
    for partition in lost:
        heard(ws, None, "gap", partition)
    gaps.left(ws, GOVERNANCE, "erp", 20)
    assert [(d["closed_at"], d["how"]) for d in told(ws)] == [(20, "rules_changed")]

    assert heard(ws, 30) == ([] if lost == (0,) else [("open", 5, None)])
    assert heard(ws, 30, partition=1) == ([] if lost == (0,) else [("closed", 5, 30)])
    assert (source(ws)["gaps"], source(ws)["marks"], source(ws)["drift"]) == ([], {"0": 30, "1": 30}, None)


# -- letters

FINANCIAL = {
    "invoice", "invoice_line", "payment", "refund", "credit_memo", "ledger_posting", "revenue_schedule",
    "cash_application",
}  # fmt: skip
LETTER = {"letter_id": "L", "system": "billing", "entity": "invoice", "reason": "not_mapped", "diverted_at": 5}
WRITTEN = {"letter_id": "L", "system": "billing", "entity": "invoice", "reason": "not_mapped", "written_at": 5}
DUE = 5 + 10 * SECOND


@pytest.mark.parametrize("entity", [*ENTITIES, "*"])
def test_the_fleet_hears_of_records_of_financial_documents_and_of_those_that_may_be_one(entity: str) -> None:
    said = letters.tell_written({**LETTER, "entity": entity})

    assert (said is not None) is (entity in {*FINANCIAL, "*"})
    assert said is None or (said.topic, said.key, said.record, said.partition) == (
        topics.PROGRESS, "L", "LetterWritten", 0,
    )  # fmt: skip
    assert said is None or said.value == {**WRITTEN, "entity": entity}


def test_it_does_not_hear_of_what_is_of_no_system() -> None:
    assert letters.tell_written({**LETTER, "system": ""}) is None


def test_it_hears_how_a_letter_was_dealt_with() -> None:
    said = letters.tell_resolved("L", "replayed")

    assert (said.topic, said.key, said.record, said.partition) == (topics.PROGRESS, "L", "LetterResolved", 0)
    assert said.value == {"letter_id": "L", "how": "replayed"}


def waiting(ws: Workspace) -> list[str]:
    return [key for key, _ in ws.range(WAITING, 9)]


def test_a_letter_waits_for_its_time_or_is_looked_at_at_once_where_that_is_over() -> None:
    for clock, due in ((0, DUE), (DUE + 7, DUE + 7)):
        ws = nothing()
        ws.put(CLOCK, {"at": clock})
        letters.written(ws, GOVERNANCE, WRITTEN)
        assert waiting(ws) == [f"w/{due:020d}/l/L"]


@pytest.mark.parametrize("reason", ["not wanted", "not governed", "known"])
def test_nothing_waits_of_what_is_not_wanted_not_governed_or_known(reason: str) -> None:
    ws = nothing()
    if reason == "known":
        ws.put("l/L", {"known": True})
    value = {**WRITTEN, "system": "old"} if reason == "not governed" else WRITTEN
    letters.written(ws, NOBODY if reason == "not wanted" else GOVERNANCE, value)

    assert waiting(ws) == []
    assert ws.get("l/L") == ({"known": True} if reason == "known" else None)


def due_letter(entity: str = "invoice") -> Workspace:
    ws = nothing()
    letters.written(ws, GOVERNANCE, {**WRITTEN, "entity": entity})
    ws.put(CLOCK, {"at": DUE})
    letters.due(ws, GOVERNANCE, "l/L")
    return ws


@pytest.mark.parametrize(("entity", "what"), [("invoice", "a record of entity invoice from"), ("*", "a record from")])
def test_one_that_nobody_dealt_with_in_time_is_told(entity: str, what: str) -> None:
    (drift,) = told(due_letter(entity))

    assert (drift["system"], drift["entity"], drift["native_id"]) == ("billing", "dead_letter", "L")
    assert (drift["trigger_version"], drift["triggered_at"], drift["due_at"]) == ("L", 5, DUE)
    assert what in drift["expected"]
    assert "not mapped" in drift["observed"]


def test_it_is_told_once_and_nothing_is_told_of_one_that_nobody_knows() -> None:
    ws = due_letter()
    told(ws)
    letters.due(ws, GOVERNANCE, "l/L")
    letters.due(ws, GOVERNANCE, "l/M")
    letters.resolved(ws, GOVERNANCE, {"letter_id": "M", "how": "replayed"})

    assert told(ws) == []


@pytest.mark.parametrize(("how", "ends"), [("replayed", "corrected"), ("dismissed", "accepted")])
def test_it_ends_as_it_was_dealt_with(how: str, ends: str) -> None:
    ws = due_letter()
    told(ws)
    ws.put(CLOCK, {"at": DUE + 9})
    letters.resolved(ws, GOVERNANCE, {"letter_id": "L", "how": how})

    assert [(d["status"], d["closed_at"], d["how"]) for d in told(ws)] == [("closed", DUE + 9, ends)]
    assert ws.get("l/L") is None


def test_one_that_is_dealt_with_in_time_is_never_told() -> None:
    ws = nothing()
    letters.written(ws, GOVERNANCE, WRITTEN)
    letters.resolved(ws, GOVERNANCE, {"letter_id": "L", "how": "replayed"})
    letters.due(ws, GOVERNANCE, "l/L")

    assert told(ws) == []
