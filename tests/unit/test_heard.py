"""How far identify has heard its sources, whom it believes, and what it tells of that; asked directly, times are plain
numbers."""

from __future__ import annotations

from typing import Any

import pytest

from schemas import topics
from schemas.instants import NEVER, SECOND
from schemas.source import Heard, Probed, SourceRow
from streams.identify import keys
from streams.identify.clocks import CAPTURE_CLOCK_SECONDS, credible
from streams.identify.furthest import of_system, passed
from streams.identify.onward import send
from streams.identify.progress import hear, on_heard, on_probe, withdraw
from streams.inputs import Divert, Input
from tables.view import MemoryView, Workspace
from tables.watermarks import LINKS
from tests.topology import governance

TODAY = 20_000 * 86_400 * SECOND
GOVERNANCE = governance().model_copy(update={"partitions": 2, "judged": ()})


def nothing() -> Workspace:
    return Workspace(MemoryView())


def heard(mark: int | None, phase: str = "streaming", epoch: int = 0, of: str = "*", system: str = "erp") -> Heard:
    return Heard(system, of, epoch, phase, mark)


def marks(ws: Workspace) -> dict[str, Any]:
    return ws.get(keys.MARKS) or {}


def told(ws: Workspace, topic: str, record: str = "Watermarks") -> list[Any]:
    assert all(e.key == "" for e in ws.effects if e.record == "Watermarks")
    return [(e.partition, e.value) for e in ws.effects if (e.topic, e.record) == (topic, record)]


# -- whom to believe

CAPTURED_MS = 1_000
LATEST = CAPTURED_MS * 1000 + CAPTURE_CLOCK_SECONDS * SECOND


def captured(event: Any, at_ms: int = CAPTURED_MS, **systems: Any) -> Any:
    known = {**GOVERNANCE.systems, **systems}
    return credible(GOVERNANCE.model_copy(update={"systems": known}), Input("t", 0, 0, "", "", {}, {}, at_ms), event)


def row(at: int, object_: str = "invoice") -> SourceRow:
    return SourceRow("billing", object_, "I", "B", "upsert", "v1", "1", at, False, None, {})


def test_a_row_may_be_five_minutes_younger_than_its_capture_and_no_more() -> None:
    assert CAPTURE_CLOCK_SECONDS == 5 * 60
    assert captured(row(LATEST)) == row(LATEST)
    for object_, entity in (("invoice", "invoice"), ("nothing", "*")):
        with pytest.raises(Divert) as refused:
            captured(row(LATEST + 1, object_))
        assert (refused.value.reason, refused.value.entity) == ("from_the_future", entity)


def test_more_where_its_system_is_known_for_that_and_anything_where_nobody_knows_when_it_was_captured() -> None:
    billing = GOVERNANCE.systems["billing"].model_copy(update={"max_clock_skew_seconds": 2.0})

    assert captured(row(LATEST + 2 * SECOND), billing=billing) == row(LATEST + 2 * SECOND)
    with pytest.raises(Divert):
        captured(row(LATEST + 2 * SECOND + 1), billing=billing)
    for unknown in (0, -1):
        assert captured(row(LATEST * 9), unknown) == row(LATEST * 9)
    with pytest.raises(Divert):
        captured(row(LATEST * 9), 1)


def test_a_marker_from_the_future_proves_no_more_than_its_capture() -> None:
    skewed = GOVERNANCE.systems["erp"].model_copy(update={"max_clock_skew_seconds": 2.0})

    assert captured(heard(LATEST)) == heard(LATEST)
    assert captured(heard(LATEST + 1)) == heard(CAPTURED_MS * 1000)
    assert captured(heard(LATEST + 1), erp=skewed) == heard(CAPTURED_MS * 1000)
    assert captured(heard(None)) == heard(None)
    assert captured(Probed("erp", LATEST * 9)) == Probed("erp", LATEST * 9)


# -- how far


def test_what_is_heard_is_kept_by_entity_or_of_the_whole_system() -> None:
    ws = nothing()
    on_heard(ws, GOVERNANCE, 1, heard(5))
    on_heard(ws, GOVERNANCE, 1, heard(6, of="contract"))
    on_heard(ws, GOVERNANCE, 1, heard(7, of="Account", system="crm"))
    on_heard(ws, GOVERNANCE, 1, heard(8, of="nothing"))

    assert marks(ws) == {
        "erp/*": {"1": [0, "streaming", 5]}, "erp/contract": {"1": [0, "streaming", 6]},
        "crm/customer": {"1": [0, "streaming", 7]},
    }  # fmt: skip


def test_what_says_nothing_new_changes_nothing() -> None:
    ws = nothing()
    hear(ws, 0, heard(5))
    before = marks(ws)
    hear(ws, 0, heard(4))

    assert marks(ws) is before


def test_what_leaves_streaming_is_remembered_as_far_as_it_had_come() -> None:
    ws = nothing()
    for event in (heard(None, "snapshot"), heard(5), heard(9)):
        hear(ws, 0, event)
        assert ws.get(keys.STREAMED) is None
    hear(ws, 0, heard(None, "gap"))
    assert ws.get(keys.STREAMED) == {"erp/*": 9}
    for event in (heard(3), heard(None, "snapshot", 1), heard(4, epoch=1)):
        hear(ws, 0, event)
    assert ws.get(keys.STREAMED) == {"erp/*": 9}
    for event in (heard(20, epoch=1), heard(None, "gap", 1)):
        hear(ws, 0, event)
    for event in (heard(1, of="contract"), heard(None, "gap", of="contract")):
        hear(ws, 0, event)
    assert ws.get(keys.STREAMED) == {"erp/*": 20, "erp/contract": 1}


def test_a_gap_is_told_at_once_where_it_takes_something_back() -> None:
    ws = nothing()
    hear(ws, 1, heard(None, "gap"))
    hear(ws, 1, heard(5))
    hear(ws, 1, heard(6, epoch=1, of=LINKS))
    hear(ws, 1, heard(None, "gap", 1, of=LINKS))
    assert ws.effects == []

    ws.put(keys.TOLD, {"erp/*": {"0": [1, "streaming", 6]}, "crm/*": {"0": [0, "streaming", 6]}})
    hear(ws, 1, heard(7, epoch=1))
    hear(ws, 1, heard(None, "gap", 1))
    entry = {"system": "erp", "object": "*", "epoch": 1, "phase": "gap", "watermark": None}
    assert told(ws, topics.PROGRESS) == [(0, {"partition": 1, "watermarks": [entry]})]
    assert ws.get(keys.TOLD) == {
        "erp/*": {"0": [1, "streaming", 6], "1": [1, "gap", None]}, "crm/*": {"0": [0, "streaming", 6]},
    }  # fmt: skip


def test_a_snapshot_of_what_was_heard_before_is_a_gap_and_the_first_is_none() -> None:
    ws = nothing()
    hear(ws, 1, heard(None, "snapshot"))
    assert (marks(ws)["erp/*"]["1"], ws.effects) == ([0, "snapshot", None], [])

    for event in (heard(5), heard(None, "snapshot", 1)):
        hear(ws, 1, event)
    entry = {"system": "erp", "object": "*", "epoch": 1, "phase": "gap", "watermark": None}
    assert marks(ws)["erp/*"]["1"] == [1, "gap", None]
    assert told(ws, topics.PROGRESS) == [(0, {"partition": 1, "watermarks": [entry]})]


def test_what_is_withdrawn_is_in_a_gap_of_its_epoch() -> None:
    ws = nothing()
    withdraw(ws, "erp", "*", 0)
    assert marks(ws) == {}
    hear(ws, 0, heard(5, epoch=3))
    hear(ws, 1, heard(5, epoch=3))
    withdraw(ws, "erp", "*", 0)
    withdraw(ws, "erp", "contract", 0)

    assert marks(ws) == {"erp/*": {"0": [3, "gap", None], "1": [3, "streaming", 5]}}


def several() -> Workspace:
    ws = nothing()
    events = (heard(5), heard(4, of="contract"), heard(1, of=LINKS), heard(2, system="crm"), heard(1, system="erp-eu"))
    for event in events:
        hear(ws, 0, event)
    hear(ws, 1, heard(3))
    return ws


def test_of_a_system_each_object_counts_and_links_do_not() -> None:
    assert (of_system(several(), "erp", 0), of_system(several(), "erp", 1), of_system(nothing(), "erp", 0)) == (
        [5, 4], [3], [],
    )  # fmt: skip


@pytest.mark.parametrize(("partition", "gap", "age"), [(0, False, 4), (1, False, 3), (2, False, None), (0, True, None)])
def test_who_asks_how_old_a_source_is_is_told_its_oldest_object(partition: int, gap: bool, age: int | None) -> None:
    ws = several()
    if gap:
        hear(ws, 0, heard(None, "gap", of="contract"))
    on_probe(ws, GOVERNANCE, partition, Probed("erp", TODAY))

    assert told(ws, topics.PROGRESS, "SourceObserved") == [
        (0, {"system": "erp", "partition": partition, "observed_at": TODAY, "watermark": age})
    ]
    broken = {"system": "erp", "partition": partition, "broken_at": TODAY}
    assert told(ws, topics.CHANGES, "CanaryBroken") == [(partition, broken)]


def test_what_streams_without_a_watermark_has_not_come_anywhere() -> None:
    ws = nothing()
    hear(ws, 0, heard(None))
    send(ws, GOVERNANCE, 0)
    hear(ws, 0, heard(5))
    send(ws, GOVERNANCE, 0)
    assert [value["watermarks"] for _, value in told(ws, topics.PROGRESS)] == [[entry(None)], [entry(5)]]

    hear(ws, 1, heard(None))
    hear(ws, 1, heard(None, "gap"))
    assert ws.get(keys.STREAMED) == {"erp/*": NEVER}


def test_how_far_an_object_was_ever_heard() -> None:
    assert passed(nothing(), "erp", "contract", 0) == NEVER
    ws = several()
    assert (passed(ws, "erp", "contract", 0), passed(ws, "erp", "invoice", 0), passed(ws, "erp", "contract", 1)) == (
        4, 5, NEVER,
    )  # fmt: skip
    assert (passed(ws, "erp", "invoice", 1), passed(ws, "product", "usage", 0)) == (3, NEVER)
    for event in (heard(None, "gap"), heard(9, of="contract"), heard(None, "gap", of="contract")):
        hear(ws, 0, event)
    assert (passed(ws, "erp", "contract", 0), passed(ws, "erp", "invoice", 0)) == (9, 5)
    hear(ws, 0, heard(2))
    assert passed(ws, "erp", "invoice", 0) == 5
    hear(ws, 0, heard(30))
    assert passed(ws, "erp", "invoice", 0) == 30


# -- what is told of it


def entry(mark: int | None, of: str = "*", system: str = "erp", epoch: int = 0, phase: str = "streaming") -> Any:
    return {"system": system, "object": of, "epoch": epoch, "phase": phase, "watermark": mark}


def test_what_is_new_is_told_to_every_partition_once() -> None:
    ws = nothing()
    send(ws, GOVERNANCE, 1)
    assert ws.effects == []
    hear(ws, 1, heard(5))
    hear(ws, 1, heard(6, system="product"))
    send(ws, GOVERNANCE, 1)

    value = {"partition": 1, "watermarks": [entry(5), entry(6, system="product")]}
    assert told(ws, topics.CHANGES) == [(0, value), (1, value)]
    assert told(ws, topics.PROGRESS) == [(0, value)]
    ws.effects.clear()
    send(ws, GOVERNANCE, 1)
    assert ws.effects == []
    hear(ws, 1, heard(7))
    send(ws, GOVERNANCE, 1)
    assert told(ws, topics.CHANGES)[0] == (0, {"partition": 1, "watermarks": [entry(7)]})


def test_links_are_resolved_as_far_as_customers_were_heard() -> None:
    ws, linking = nothing(), "billing"
    for mark, object_ in ((5, "*"), (6, "customer"), (7, "invoice")):
        hear(ws, 0, heard(mark, of=object_, system=linking))
    hear(ws, 0, heard(8, system="crm"))
    assert linking in GOVERNANCE.linking
    assert "crm" not in GOVERNANCE.linking
    send(ws, GOVERNANCE, 0)

    assert told(ws, topics.LINKS) == [
        (0, {"partition": 0, "watermarks": [entry(5, system=linking), entry(6, "customer", linking)]})
    ]
    hear(ws, 0, heard(9, system="crm"))
    ws.effects.clear()
    send(ws, GOVERNANCE, 0)
    assert told(ws, topics.LINKS) == []


def test_of_a_system_whose_rows_are_read_again_nothing_is_told_before_all_are() -> None:
    ws = nothing()
    hear(ws, 0, heard(5))
    hear(ws, 0, heard(6, system="product"))
    ws.put(keys.mapping_key("erp"), {"after": "i/erp/"})
    send(ws, GOVERNANCE, 0)
    assert [value["watermarks"] for _, value in told(ws, topics.PROGRESS)] == [[entry(6, system="product")]]

    ws.effects.clear()
    send(ws, GOVERNANCE, 0)
    assert ws.effects == []
    ws.put(keys.mapping_key("erp"), {})
    send(ws, GOVERNANCE, 0)
    assert [value["watermarks"] for _, value in told(ws, topics.PROGRESS)] == [[entry(5)]]


NEWS = [
    # what is heard after 5 s of the first epoch, whether onlookers hear of it
    (heard(6 * SECOND - 1), False),
    (heard(6 * SECOND), True),
    (heard(5 * SECOND + 1, epoch=1), True),
    (heard(None, "snapshot", epoch=1), True),
    (heard(5 * SECOND + 1, of="contract"), True),
]


@pytest.mark.parametrize(("event", "is_news"), NEWS)
def test_onlookers_hear_of_another_epoch_or_phase_and_of_every_second(event: Heard, is_news: bool) -> None:
    ws = nothing()
    hear(ws, 0, heard(5 * SECOND))
    send(ws, GOVERNANCE, 0)
    ws.effects.clear()
    hear(ws, 0, event)
    send(ws, GOVERNANCE, 0)

    assert len(told(ws, topics.CHANGES)) == 2
    assert bool(told(ws, topics.PROGRESS)) is is_news


def test_for_them_seconds_count_from_what_they_were_told() -> None:
    ws = nothing()
    news = []
    for mark in (5 * SECOND, 5 * SECOND + 600_000, 6 * SECOND + 200_000, 6 * SECOND + 900_000):
        ws.effects.clear()
        hear(ws, 0, heard(mark))
        send(ws, GOVERNANCE, 0)
        news.append(bool(told(ws, topics.PROGRESS)))

    assert news == [True, False, True, False]


def test_a_first_watermark_after_a_snapshot_is_news() -> None:
    ws = nothing()
    hear(ws, 0, heard(None, "snapshot"))
    send(ws, GOVERNANCE, 0)
    ws.effects.clear()
    hear(ws, 0, heard(1))
    send(ws, GOVERNANCE, 0)

    assert [value["watermarks"] for _, value in told(ws, topics.PROGRESS)] == [[entry(1)]]


def test_another_partition_is_news_of_its_own() -> None:
    ws = nothing()
    hear(ws, 0, heard(5 * SECOND))
    send(ws, GOVERNANCE, 0)
    ws.effects.clear()
    hear(ws, 1, heard(5 * SECOND, of="*"))
    send(ws, GOVERNANCE, 0)

    assert told(ws, topics.PROGRESS) != []


def test_what_is_no_news_of_one_partition_is_none_beside_another() -> None:
    ws = nothing()
    hear(ws, 0, heard(None, "snapshot"))
    hear(ws, 1, heard(5 * SECOND))
    send(ws, GOVERNANCE, 0)
    ws.effects.clear()
    hear(ws, 1, heard(5 * SECOND + 1))
    send(ws, GOVERNANCE, 0)

    assert told(ws, topics.PROGRESS) == []
