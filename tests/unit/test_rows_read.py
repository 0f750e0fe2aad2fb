"""What identify makes of one row of a source, and of whatever else a source says; asked directly, times are plain
numbers."""

from __future__ import annotations

from typing import Any

import pytest

from schemas import topics
from schemas.codec import Unreadable
from schemas.instants import ALWAYS, NEVER
from schemas.source import UNCHANGED, Gap, Heard, Probed, Skipped, SourceEvent, SourceRow
from streams.identify import again, keys, mappings
from streams.identify.holes import Hole, open_
from streams.identify.rows import on_row
from streams.identify.stage import Identify
from streams.inputs import Divert, Due, Input
from streams.kinds.facts import since
from streams.letters import ID_HEADER
from streams.suspects.table import DOCUMENTS
from tables.view import MemoryView, Workspace
from tables.watermarks import LINKS
from tests.topology import FIELDS, governance

BASE = governance()
PEOPLE = BASE.people.model_copy(update={"driftwise": ["us"], "integration": ["sync"]})
GOVERNANCE = BASE.model_copy(update={"partitions": 2, "judged": (), "people": PEOPLE})
TOPIC = topics.source_topic("billing")


def nothing() -> Workspace:
    return Workspace(MemoryView())


def row(
    at: int = 7, object_: str = "invoice", native_id: str = "I", version: str = "", operation: str = "upsert",
    by: str | None = None, snapshot: bool = False, **fields: str | None,
) -> SourceRow:  # fmt: skip
    known = {**FIELDS["billing", object_], **fields} if operation in ("upsert", "moved_in") else {}
    name = version or f"v{at:03}"
    return SourceRow("billing", object_, native_id, "B", operation, name, f"n{at}", at, snapshot, by, known)


def take(
    ws: Workspace, *rows: SourceRow, first: bool = False, letter: str = "", governed: Any = GOVERNANCE
) -> Workspace:
    for one in rows:
        headers = {ID_HEADER: letter.encode()} if letter else {}
        on_row(ws, governed, Input(TOPIC, 1, 7, "B", "", {}, headers), one, first)
    return ws


def told(ws: Workspace, *names: str) -> list[Any]:
    """The named values of each change."""
    found = [(e.record, e.value or {}) for e in ws.effects if e.topic == topics.CHANGES and "Hole" not in e.record]
    return [(record, *(value[name] for name in names)) for record, value in found]


def versions(ws: Workspace, entity: str = "invoice", native_id: str = "I") -> list[Any]:
    return (ws.get(keys.row_key("billing", "B", entity, native_id)) or {"versions": []})["versions"]


# -- one row


def test_a_row_becomes_a_version_and_judge_is_told_of_it() -> None:
    ws = take(nothing(), row(7, status="Posted", by="sync"), letter="L")

    (kept,) = versions(ws)
    assert {name: kept[name] for name in kept if name not in ("attrs", "since")} == {
        "version": "v007", "native": "n7", "customer": "B", "at": 7, "committed_at": 7, "op": "upsert",
        "by": "integration", "snapshot": False, "source": f"{TOPIC}-1@7", "route": 0,
    }  # fmt: skip
    assert (kept["attrs"]["status"], kept["attrs"]["number"]) == ("posted", "I-1")
    posted = since(kept["since"], "posted")
    assert posted is not None
    assert posted == (7, "v007", False, True)
    (effect,) = ws.effects
    value = effect.value or {}
    assert (effect.topic, effect.key, effect.record) == (topics.CHANGES, "billing:B", "InvoiceChanged")
    assert (value["effective_at"], value["route_version"], value["letter_id"]) == (7, 0, "L")
    image = ws.get(keys.row_key("billing", "B", "invoice", "I")) or {}
    assert image["native"][0] == "invoice"
    assert image["native"][1]["status"] == "Posted"


@pytest.mark.parametrize(("by", "writer"), [(None, "unknown"), ("us", "driftwise"), ("ada", "person")])
def test_it_says_who_wrote_it(by: str | None, writer: str) -> None:
    assert versions(take(nothing(), row(by=by)))[0]["by"] == writer


def test_what_a_snapshot_shows_may_have_been_so_before() -> None:
    for first, snapshot, how in (
        (True, True, (True, False)),
        (False, True, (False, False)),
        (False, False, (False, True)),
    ):
        (kept,) = versions(take(nothing(), row(7, status="Posted", snapshot=snapshot), first=first))
        posted = since(kept["since"], "posted")
        assert posted is not None
        assert (kept["snapshot"], (posted.snapshot, posted.seen)) == (first, how)


def test_a_fact_that_goes_on_began_with_the_first_version_that_had_it() -> None:
    ws = take(nothing(), row(7, status="Posted"), row(9, status="Posted", due_on="2026-03-01"), row(11, status="Draft"))
    began = [since(version["since"], "posted") for version in versions(ws)]

    assert [each and each.version for each in began] == ["v007", "v007", None]
    assert "posted" not in versions(ws)[2]["since"]


def test_what_a_source_does_not_send_again_is_as_it_was() -> None:
    ws = take(nothing(), row(7, status="Posted"), row(9, status=UNCHANGED, number="I-2"), row(11, number=UNCHANGED))

    assert [(v["attrs"]["status"], v["attrs"]["number"]) for v in versions(ws)] == [
        ("posted", "I-1"), ("posted", "I-2"), ("draft", "I-2"),
    ]  # fmt: skip


def test_a_trail_begins_where_an_attribute_changes() -> None:
    ws = take(nothing(), row(7, status="Posted"), row(9, status="Voided", by="ada"))

    assert [name for name in versions(ws)[0]["since"] if name.startswith("trail")] == []
    assert any("/person/" in text and text.startswith("9/") for text in versions(ws)[1]["since"].values())


def test_of_what_is_gone_nothing_holds() -> None:
    ws = take(nothing(), row(7, status="Posted"), row(9, operation="delete"), row(11, status="Posted"))

    _, gone, back = versions(ws)
    assert (gone["op"], gone["attrs"], gone["since"]) == ("delete", None, {})
    assert back["since"]["posted"].startswith("11/")
    assert told(ws, "operation") == [
        ("InvoiceChanged", "upsert"),
        ("InvoiceChanged", "delete"),
        ("InvoiceChanged", "upsert"),
    ]
    assert "native" not in (
        take(nothing(), row(9, operation="delete")).get(keys.row_key("billing", "B", "invoice", "I")) or {}
    )


def test_a_row_that_goes_to_another_customer_of_its_system_moves() -> None:
    ws = take(nothing(), row(7), row(9, operation="moved_out"), row(11, operation="moved_in", status="Posted"))

    assert [v["op"] for v in versions(ws)] == ["upsert", "moved", "upsert"]
    assert [each[0] for each in told(ws)] == ["InvoiceChanged", "EntityMoved", "InvoiceChanged"]
    (left,) = [e.value or {} for e in ws.effects if e.record == "EntityMoved"]
    assert (left["version"], left["moved_at"], left["route_version"]) == ("v009", 9, 0)


def test_its_place_among_the_versions_counts_and_not_what_a_clock_says() -> None:
    ws = take(nothing(), row(20, version="v1"), row(10, version="v3"), row(30, version="v4"))
    assert [v["at"] for v in versions(ws)] == [20, 20, 30]

    ws.effects.clear()
    take(ws, row(25, version="v2"))
    assert told(ws, "version", "effective_at") == [("InvoiceChanged", "v2", 20)]
    assert [v["version"] for v in versions(ws)] == ["v1", "v3", "v4"]
    ws.effects.clear()
    take(ws, row(5, version="v0"))
    assert told(ws, "version", "effective_at") == [("InvoiceChanged", "v0", 5)]


def test_a_duplicate_is_told_again_and_kept_once() -> None:
    ws = take(nothing(), row(7), row(9), row(9), row(7))

    assert [v["version"] for v in versions(ws)] == ["v007", "v009"]
    assert told(ws, "version") == [("InvoiceChanged", name) for name in ("v007", "v009", "v009", "v007")]


def test_it_is_told_where_its_customer_is_and_not_from_before_it_came_there() -> None:
    ws = nothing()
    ws.put(keys.route_key("billing", "B"), {"canonical_id": "crm:A", "route_version": 3, "routed_at": 8})
    take(ws, row(7), row(9), row(10, operation="moved_out"))

    assert [e.key for e in ws.effects] == ["crm:A"] * 3
    assert told(ws, "route_version")[:2] == [("InvoiceChanged", 3)] * 2
    assert [value.get("effective_at", value.get("moved_at")) for value in (e.value or {} for e in ws.effects)] == [
        8,
        9,
        10,
    ]


def test_of_an_object_that_nobody_maps_it_is_said_what_to_do() -> None:
    with pytest.raises(Divert, match="add it and replay") as refused:
        take(nothing(), row()._replace(object="weather"))
    assert refused.value.reason == "unmapped_object"


def test_a_customers_row_says_whom_it_names() -> None:
    ws = take(
        nothing(),
        row(5, "account", "B"),
        row(6, "account", "B", status="Closed"),
        row(7, "account", "B", crm_account_id="Z"),
    )

    links = [(e.key, (e.value or {})["links"]) for e in ws.effects if e.record == "LinkAsserted"]
    assert links == [("billing/B", [{"system": "crm", "native_customer": to}]) for to in ("A", "Z")]
    older = take(ws, row(4, "account", "B", crm_account_id="Y"))
    assert len([e for e in older.effects if e.record == "LinkAsserted"]) == 2


def test_who_compares_documents_hears_of_their_numbers() -> None:
    watchful = GOVERNANCE.model_copy(update={"judged": (DOCUMENTS,), "suspects": True, "derived": {}})
    ws = take(nothing(), row(7, status="Posted"), row(9, status="Posted"), row(8, status="Posted"), governed=watchful)

    said = [e.value or {} for e in ws.effects if e.topic == topics.BUSINESS_KEYS]
    assert [(v["system"], v["entity"], v["native_id"], v["canonical_id"], v["version"]) for v in said] == [
        ("billing", "invoice", "I", "billing:B", "v007")
    ]


def test_a_row_waits_for_its_parent_and_is_told_behind_it() -> None:
    ws = take(nothing(), row(5, "invoice_line", "L", invoice_id="I"))
    assert (told(ws), versions(ws, "invoice_line", "L")) == ([], [])
    take(ws, row(7))

    assert told(ws, "native_id", "version") == [("InvoiceChanged", "I", "v007"), ("InvoiceLineChanged", "L", "v005")]
    assert [e.record for e in ws.effects if "Hole" in e.record] == ["HoleOpened", "HoleClosed"]
    assert versions(ws, "invoice_line", "L")[0]["attrs"]["invoice_ref"] == "I"


# -- the stage


def identify(event: SourceEvent | Exception | None = None) -> Identify:
    def reader(record: str, value: dict[str, Any], headers: dict[str, bytes]) -> SourceEvent:
        if isinstance(event, Exception):
            raise event
        assert event is not None
        return event

    return Identify(GOVERNANCE, {"billing": reader})


def step(ws: Workspace, event: SourceEvent | Exception, **headers: str) -> str:
    record = Input(TOPIC, 1, 7, "B", "Anything", {}, {name: text.encode() for name, text in headers.items()})
    return identify(event).step(ws, 1, record)


def heard(mark: int | None, phase: str = "streaming", epoch: int = 0, of: str = "*") -> Heard:
    return Heard("billing", of, epoch, phase, mark)


def test_each_sort_of_event_does_what_it_says() -> None:
    ws = nothing()

    assert (step(ws, heard(5)), (ws.get(keys.MARKS) or {}).keys()) == ("heard", {"billing/*"})
    assert step(ws, row(7)) == "sourcerow"
    assert len(versions(ws)) == 1
    assert step(ws, Probed("billing", 9)) == "probed"
    assert [e.record for e in ws.effects if e.topic == topics.PROGRESS] == ["SourceObserved"]
    assert step(ws, Gap("billing", "invoice", 20)) == "gap"
    again.slice_(ws, GOVERNANCE, "billing")
    assert versions(ws)[-1]["op"] == "presumed_deleted"
    assert step(ws, Skipped("tombstone")) == "tombstone"


def test_what_cannot_be_read_is_put_aside_with_its_reason() -> None:
    with pytest.raises(Divert) as refused:
        step(nothing(), Unreadable("no_after", "it has no after"))
    assert refused.value.reason == "no_after"


@pytest.mark.parametrize(("event", "closes"), [(row(7), True), (Skipped("tombstone"), False)])
def test_a_letter_that_was_read_comes_home(event: SourceEvent, closes: bool) -> None:
    ws = nothing()
    step(ws, event, **{ID_HEADER: "L"})

    assert [e.record for e in ws.effects if "Hole" in e.record] == ["HoleClosed"] * closes


FIRST = [
    # reports of (object, phase, epoch, partition), one after the other: whether a snapshot's row stood before all
    ([], True),
    ([("*", "snapshot", 0, 1)], True),
    ([("invoice", "snapshot", 0, 1)], True),
    ([("*", "streaming", 0, 1)], False),
    ([("invoice", "streaming", 0, 1)], False),
    ([("*", "streaming", 0, 0)], True),
    ([("account", "streaming", 0, 1)], True),
    ([("*", "streaming", 0, 1), ("*", "snapshot", 1, 1)], False),
    ([("invoice", "streaming", 0, 1), ("invoice", "gap", 0, 1)], False),
    ([("*", "snapshot", 0, 1), ("invoice", "streaming", 0, 1)], False),
]


@pytest.mark.parametrize(("reports", "first"), FIRST)
def test_what_the_first_snapshot_shows_stood_before_its_source_was_known(reports: Any, first: bool) -> None:
    ws = nothing()
    for of, phase, epoch, partition in reports:
        event = heard(5 if phase == "streaming" else None, phase, epoch, of)
        identify(event).step(ws, partition, Input(TOPIC, partition, 1, "", "Anything", {}, {}))
    step(ws, row(7, snapshot=True))

    assert versions(ws)[0]["snapshot"] is first


def test_a_change_is_no_snapshot_and_one_of_the_first_stays_so_when_it_comes_home() -> None:
    ws = nothing()
    step(ws, row(7))
    assert versions(ws)[0]["snapshot"] is False

    ws = nothing()
    open_(ws, GOVERNANCE, Hole("billing", "B", "invoice", "L"), 1, NEVER)
    step(ws, heard(5))
    step(ws, row(7, snapshot=True), **{ID_HEADER: "L"})
    assert versions(ws)[0]["snapshot"] is True


def test_the_crosswalk_routes_customers_and_says_how_far_links_are() -> None:
    ws = nothing()
    routed = {"system": "billing", "native_customer": "B", "canonical_id": "crm:A", "route_version": 2, "routed_at": 8}
    mark = {"system": "billing", "object": LINKS, "epoch": 0, "phase": "streaming", "watermark": 6, "more": 1}

    stage = identify()
    assert stage.step(ws, 1, Input(topics.CROSSWALK, 1, 1, "", "Routed", routed, {})) == "route"
    assert (ws.get(keys.route_key("billing", "B")) or {})["canonical_id"] == "crm:A"
    value = {"watermarks": [mark]}
    assert stage.step(ws, 1, Input(topics.CROSSWALK, 1, 2, "", "Watermarks", value, {})) == "watermarks"
    assert ws.get(keys.MARKS) == {f"billing/{LINKS}": {"0": [0, "streaming", 6]}}


def published(*, other: bool) -> dict[str, Any]:
    mapping = GOVERNANCE.mappings["billing"]
    if other:
        invoice = mapping["invoice"].model_copy(update={"keep": ("more",)})
        mapping = {**mapping, "invoice": invoice}
    return mappings.published("billing", mapping, 1).value or {}


def test_another_mapping_has_rows_read_again() -> None:
    ws, stage = nothing(), identify()

    def put(*, other: bool) -> str:
        return stage.step(ws, 1, Input(TOPIC, 1, 1, "", mappings.RECORD, published(other=other), {ID_HEADER: b"L"}))

    assert put(other=False) == "duplicate"
    key = keys.mapping_key("billing")
    assert stage.wake(key, ws.get(key)) is None
    assert put(other=True) == "mapping"
    assert [e.record for e in ws.effects if "Hole" in e.record] == ["HoleClosed"] * 2
    waits = stage.wake(key, ws.get(key))
    assert waits is not None
    gate, instant = waits
    assert (instant, stage.gates(ws)[gate]) == (NEVER, ALWAYS)
    stage.settle(ws, Due(key, ALWAYS))
    assert stage.wake(key, ws.get(key)) is None


def test_an_object_that_a_published_mapping_lacks_is_read_as_before() -> None:
    ws, billing = nothing(), GOVERNANCE.mappings["billing"]
    lacking = {name: mapping for name, mapping in billing.items() if name != "invoice_line"}
    value = mappings.published("billing", lacking, 1).value or {}
    identify().step(ws, 1, Input(TOPIC, 1, 1, "", mappings.RECORD, value, {}))
    take(ws, row(7), row(9, "invoice_line", "L"))

    assert [each[0] for each in told(ws)] == ["InvoiceChanged", "InvoiceLineChanged"]


def test_of_a_system_that_is_governed_no_more_rows_wait_until_it_is() -> None:
    ws = nothing()
    identify().settle(ws, Due("m/gone", ALWAYS))
    assert ws.writes == {}
    ws = Workspace(MemoryView())
    ws.put("m/old", {"after": "i/old/"})
    identify().settle(ws, Due("m/old", ALWAYS))
    assert ws.writes == {"m/old": {"after": "i/old/"}}


def test_a_row_that_is_to_be_read_again_is_no_row_of_its_source() -> None:
    value = {"system": "billing", "entity": "invoice", "native_customer": "B", "native_id": "I"}

    assert identify().step(nothing(), 1, Input(TOPIC, 1, 1, "B", again.RECORD, value, {})) == "row_read_again"


def letter(letter_id: str) -> dict[str, Any]:
    said = {"system": "billing", "entity": "invoice", "letter_id": letter_id, "original_key": b"B", "reason": "r"}
    return {**said, "diverted_at": 9}


@pytest.mark.parametrize(("letter_id", "holes"), [("L", 1), ("again-L", 0)])
def test_what_is_refused_leaves_a_hole_unless_the_row_has_been_read_since(letter_id: str, holes: int) -> None:
    ws = nothing()
    identify().diverted(ws, 1, letter(letter_id))

    assert len([e for e in ws.effects if e.record == "HoleOpened"]) == holes


def test_before_a_commit_it_is_said_how_far_it_heard_and_which_mapping_is_in_force() -> None:
    ws, stage = nothing(), identify(heard(5))
    stage.step(ws, 1, Input(TOPIC, 1, 1, "", "Anything", {}, {}))
    stage.flush(ws, 1)

    assert [e.partition for e in ws.effects if e.topic == topics.CHANGES and e.record == "Watermarks"] == [0, 1]
    assert ws.get(keys.mapping_key("billing")) is not None
    assert stage.overruled(ws) == []
    assert (stage.name, stage.waits_under) == ("identify", ("m/", "s/"))
