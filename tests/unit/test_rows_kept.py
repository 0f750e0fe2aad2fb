"""The rows that identify keeps, those that wait, and what it tells of them when their customer moves or they vanish;
asked directly, times are plain numbers."""

from __future__ import annotations

from typing import Any

import pytest

from schemas import topics
from schemas.source import UNCHANGED, Gap, Heard, SourceRow
from streams.identify import again, images, keys, parking
from streams.identify.changes import change, moved, version_of
from streams.identify.gaps import on_gap
from streams.identify.holes import Hole
from streams.identify.images import Came, Native
from streams.identify.progress import hear
from streams.identify.reroute import on_route
from streams.identify.routes import route_of
from streams.inputs import Input
from tables.versions import MOVED
from tables.view import MemoryView, Workspace
from tables.watermarks import LINKS
from tests.topology import governance

GOVERNANCE = governance().model_copy(update={"partitions": 2, "judged": ()})
PLACE = ("billing", "B/1", "invoice", "I/2")


def nothing() -> Workspace:
    return Workspace(MemoryView())


def version(at: int, op: str = "upsert", entity: str = "invoice", customer: str = "B/1", **more: Any) -> dict[str, Any]:
    told = version_of(entity, change("", "", entity, "", _plain(at, op, customer), 0, at).value or {})
    return {**told, "route": 0, **more}


def _plain(at: int, op: str, customer: str) -> dict[str, Any]:
    return {
        "version": f"v{at}", "native": f"{at}", "customer": customer, "at": at, "committed_at": at, "op": op,
        "attrs": {} if op == "upsert" else None, "since": {}, "by": "me", "snapshot": False, "source": "s", "route": 0,
    }  # fmt: skip


def told(ws: Workspace) -> list[tuple[str, str, Any]]:
    """Record, customer, and when it counts."""
    found = [(e.record, e.key, e.value or {}) for e in ws.effects if e.topic == topics.CHANGES]
    return [(record, key, value.get("effective_at", value.get("moved_at"))) for record, key, value in found]


# -- keys


def test_they_are_those_that_earlier_releases_wrote() -> None:
    assert (keys.MARKS, keys.STREAMED, keys.SENT, keys.TOLD) == ("~marks", "~streamed", "~sent", "~told")
    assert keys.row_key(*PLACE) == "i/billing/B%2F1/invoice/I/2"
    assert keys.rows_prefix("billing", "B/1") == "i/billing/B%2F1/"
    assert (keys.system_prefix("billing"), keys.system_of(keys.row_key(*PLACE))) == ("i/billing/", "billing")
    assert (keys.route_key("billing", "B/1"), keys.links_key("billing", "B/1")) == (
        "w/billing/B%2F1",
        "l/billing/B%2F1",
    )
    assert (keys.mapping_key("erp"), keys.document_key("erp", "h")) == ("m/erp", "v/erp/h")
    assert keys.holes_prefix("billing", "B/1") == "h/billing/B%2F1/"
    assert keys.parked_of("billing") == "k/billing/"
    assert keys.parked_prefix("billing", "B/1", "invoice", "I/2") == "k/billing/B%2F1/invoice/I%2F2/"
    assert keys.parked_under("billing", "B/1", "invoice_line", "L/3") == "j/billing/B%2F1/invoice_line/L/3"
    assert keys.part("A b:c@d+e=f,g/h") == "A b:c@d+e=f,g%2Fh"
    assert [keys.is_about_mappings(key) for key in ("m/erp", "v/erp/h", "i/erp/")] == [True, True, False]


# -- changes


def test_a_version_comes_back_from_what_is_told_of_it_as_it_was() -> None:
    full = {**_plain(7, "upsert", "B/1"), "attrs": {"number": "N", "total": {"amount": "9", "currency": "EUR",
            "basis": "gross"}}, "since": {"posted": [1, "v1", False]}, "snapshot": True}  # fmt: skip
    said = change("crm:A", "billing", "invoice", "I", full, 4, 9, "L")

    assert (said.topic, said.key, said.record) == (topics.CHANGES, "crm:A", "InvoiceChanged")
    value = said.value or {}
    assert (value["canonical_id"], value["system"], value["native_id"], value["letter_id"]) == (
        "crm:A", "billing", "I", "L",
    )  # fmt: skip
    back = version_of("invoice", value)
    assert {**back, "attrs": None} == {**full, "attrs": None, "at": 9, "route": 4}
    assert {name: held for name, held in back["attrs"].items() if held is not None} == full["attrs"]
    assert (
        version_of("invoice", change("", "", "invoice", "", _plain(7, "delete", "B"), 0, 7).value or {})["attrs"]
        is None
    )


def test_a_move_says_from_whom_and_whereto() -> None:
    said = moved("crm:A", "billing", "invoice", "I", {"customer": "B", "version": "v3"}, 4, 9, "crm:Z")

    assert (said.topic, said.key, said.record) == (topics.CHANGES, "crm:A", "EntityMoved")
    assert said.value == {
        "canonical_id": "crm:A", "system": "billing", "entity": "invoice", "native_id": "I", "route_version": 4,
        "native_customer": "B", "version": "v3", "moved_at": 9, "moved_to": "crm:Z",
    }  # fmt: skip
    assert (moved("c", "s", "e", "n", {"customer": "B", "version": ""}, 1, 2).value or {})["moved_to"] == ""


# -- another route


def routed(to: str, number: int) -> Workspace:
    ws = nothing()
    ws.put(keys.route_key("billing", "B/1"), {"canonical_id": "crm:A", "route_version": 3, "routed_at": 50})
    ws.put(keys.row_key(*PLACE), {"versions": [version(40), version(90), version(95, MOVED)]})
    ws.put(keys.row_key("billing", "B/12", "invoice", "J"), {"versions": [version(40)]})
    ws.put(keys.holes_prefix("billing", "B/1") + "L", {
        "canonical_id": "crm:A", "system": "billing", "entity": "invoice", "letter_id": "L", "partition": 0,
        "opened_at": 1,
    })  # fmt: skip
    value = {"system": "billing", "native_customer": "B/1", "canonical_id": to, "route_version": number}
    on_route(ws, GOVERNANCE, {**value, "routed_at": 80})
    return ws


def test_its_rows_leave_the_old_customer_and_are_told_to_the_new_one_as_of_the_route() -> None:
    ws = routed("crm:Z", 4)

    assert route_of(ws, "billing", "B/1") == ("crm:Z", 4, 80)
    assert [each for each in told(ws) if "Hole" not in each[0]] == [
        ("EntityMoved", "crm:A", 80), ("InvoiceChanged", "crm:Z", 80), ("InvoiceChanged", "crm:Z", 90),
        ("EntityMoved", "crm:Z", 95),
    ]  # fmt: skip
    left, arrived = ([e.value or {} for e in ws.effects if e.key == key and "Hole" not in e.record] for key in
                     ("crm:A", "crm:Z"))  # fmt: skip
    assert [(v["version"], v["native_customer"], v["moved_to"], v["route_version"]) for v in left] == [
        ("", "B/1", "crm:Z", 4)
    ]
    assert {(v["native_id"], v["route_version"]) for v in arrived} == {("I/2", 4)}
    assert [each[:2] for each in told(ws) if "Hole" in each[0]] == [("HoleOpened", "crm:Z"), ("HoleClosed", "crm:A")]


@pytest.mark.parametrize(("to", "number", "known"), [("crm:Z", 2, 3), ("crm:Z", 3, 3), ("crm:A", 4, 4)])
def test_an_older_route_says_nothing_and_one_to_the_same_customer_moves_nothing(
    to: str, number: int, known: int
) -> None:
    ws = routed(to, number)

    assert (told(ws), route_of(ws, "billing", "B/1").version) == ([], known)


# -- rows that vanish


def vanished(*rows: tuple[str, str, list[dict[str, Any]]], object_: str = "invoice") -> Workspace:
    """Rows by entity, id and versions; all of the object vanish at 60."""
    ws = nothing()
    for of in ("*", "invoice"):
        hear(ws, 1, Heard("billing", of, 2, "streaming", 50))
    for entity, native_id, versions in rows:
        ws.put(keys.row_key("billing", "B/1", entity, native_id), {"versions": versions})
    on_gap(ws, GOVERNANCE, 1, Gap("billing", object_, 60))
    again.slice_(ws, GOVERNANCE, "billing")
    return ws


def test_what_vanishes_without_a_record_of_each_is_presumed_deleted() -> None:
    ws = vanished(("invoice", "I/2", [version(40)]), ("invoice_line", "L", [version(40, entity="invoice_line")]))

    assert told(ws) == [("InvoiceChanged", "billing:B%2F1", 60)]
    (image,) = [value for key, value in ws.range(keys.rows_prefix("billing", "B/1") + "invoice/", 9)]
    gone = image["versions"][-1]
    assert (gone["op"], gone["attrs"], gone["since"], gone["by"]) == ("presumed_deleted", None, {}, "unknown")
    assert (gone["at"], gone["committed_at"], gone["version"]) == (60, 60, "v40.gone")
    (said,) = [e.value or {} for e in ws.effects if e.topic == topics.CHANGES]
    assert (said["operation"], said["native_id"], said["version"]) == ("presumed_deleted", "I/2", "v40.gone")
    marks = ws.get(keys.MARKS) or {}
    assert marks == {of: {"1": [2, "gap", None]} for of in ("billing/*", "billing/invoice")}


@pytest.mark.parametrize(
    "versions", [[version(40), version(59, "delete")], [version(60)], [version(70)], [version(40), version(50, MOVED)]]
)
def test_what_is_gone_already_or_came_since_is_not(versions: list[dict[str, Any]]) -> None:
    assert told(vanished(("invoice", "I", versions))) == []


def test_a_route_of_since_then_counts_from_there() -> None:
    ws = nothing()
    ws.put(keys.route_key("billing", "B/1"), {"canonical_id": "crm:A", "route_version": 3, "routed_at": 80})
    ws.put(keys.row_key(*PLACE), {"versions": [version(40)]})
    on_gap(ws, GOVERNANCE, 1, Gap("billing", "invoice", 60))
    again.slice_(ws, GOVERNANCE, "billing")

    assert told(ws) == [("InvoiceChanged", "crm:A", 80)]
    (said,) = [e.value or {} for e in ws.effects if e.topic == topics.CHANGES]
    assert said["route_version"] == 3


# -- images


def kept(
    *versions: dict[str, Any],
    frontier: int | None = None,
    native: Native | None = None,
    number: int | None = None,
    mapping: int = 0,
    before: dict[str, Any] | None = None,
) -> dict[str, Any]:
    ws, key = nothing(), keys.row_key(*PLACE)
    if frontier is not None:
        for system in GOVERNANCE.linking:
            hear(ws, 0, Heard(system, LINKS, 0, "streaming", frontier))
    if mapping:
        ws.put(keys.mapping_key("billing"), {"number": mapping})
    if before is not None:
        ws.put(key, before)
    images.keep(ws, GOVERNANCE, key, list(versions), Came(native, number))
    return ws.get(key) or {}


def test_of_an_image_those_versions_are_kept_that_a_link_may_still_send_elsewhere() -> None:
    three = version(10), version(20), version(30)

    assert kept(*three) == {"versions": [*three]}
    assert [v["at"] for v in kept(*three, frontier=25)["versions"]] == [20, 30]
    assert [v["at"] for v in kept(*three, frontier=99)["versions"]] == [30]


def test_it_says_by_which_mapping_it_was_read_where_that_is_not_the_first() -> None:
    one = version(10)

    assert "read" not in kept(one)
    assert (kept(one, mapping=2)["read"], kept(one, mapping=2, number=1)["read"]) == (2, 1)
    assert "read" not in kept(one, mapping=2, number=0)
    assert [images.is_read_by(image, 2) for image in ({}, {"read": 1}, {"read": 2}, {"read": 3})] == [
        False, False, True, True,
    ]  # fmt: skip
    assert [images.is_read_by({}, number) for number in (0, 1)] == [True, False]


def test_what_its_source_said_last_is_kept_and_whether_a_snapshot_showed_it() -> None:
    seen, shown = Native("invoice", {"id": "I"}), Native("invoice", {"id": "I"}, seen=False)

    assert kept(version(10), native=seen)["native"] == ["invoice", {"id": "I"}]
    assert kept(version(10), native=shown)["native"] == ["invoice", {"id": "I"}, False]
    assert "native" not in kept(version(10))
    assert [images.native_of(kept(version(10), native=n)) for n in (seen, shown, None)] == [seen, shown, None]
    assert images.native_of(None) is None


def row(at: int = 70, object_: str = "invoice_line", native_id: str = "L", **fields: str | None) -> SourceRow:
    return SourceRow("billing", object_, native_id, "B/1", "upsert", f"v{at}", str(at), at, False, None, fields)


def test_what_a_source_does_not_send_again_is_as_it_was() -> None:
    image = {"versions": [], "native": ["invoice", {"id": "I", "status": "Posted"}]}
    sent = row(id="I", status=UNCHANGED, total=UNCHANGED)

    assert images.followed(image, sent) == {"id": "I", "status": "Posted", "total": UNCHANGED}
    assert images.followed(None, sent) == images.followed({"versions": []}, sent) == sent.fields
    plain = row(id="J", status="Draft")
    assert images.followed(image, plain) is plain.fields


def test_a_hole_that_asks_for_a_row_is_closed_when_the_row_comes() -> None:
    ws, key, hole = nothing(), keys.row_key(*PLACE), Hole("billing", "B/1", "invoice", "L")
    assert (images.asked(None), images.asked({"versions": []})) == (None, None)
    images.ask(ws, key, hole)
    assert images.asked(ws.get(key)) == hole
    ws.put(key, {"versions": [version(1)]})
    images.ask(ws, key, hole)
    assert (images.asked(ws.get(key)), (ws.get(key) or {})["versions"]) == (hole, [version(1)])

    images.answered(ws, GOVERNANCE, key)
    images.answered(ws, GOVERNANCE, key)
    assert [(e.record, (e.value or {})["how"]) for e in ws.effects if e.topic == topics.CHANGES] == [
        ("HoleClosed", "replayed")
    ]
    assert ws.get(key) == {"versions": [version(1)]}
    assert "asked" not in kept(version(10), before={"versions": [version(1)], "asked": list(hole)})


# -- rows that wait for their parents


def parked(ws: Workspace, one: SourceRow, offset: int = 7, *, first: bool = False, parent: str = "I/2") -> bool:
    mapping = GOVERNANCE.mappings["billing"][one.object]
    attrs = {"invoice_ref": parent, "number": one.version}
    return parking.park(ws, GOVERNANCE, one, mapping, attrs, Input("src.billing", 1, offset, "B/1", "", {}, {}), first)


def holes(ws: Workspace) -> list[tuple[str, Any]]:
    found = [(e.record, e.value or {}) for e in ws.effects if "Hole" in e.record]
    ws.effects.clear()
    return [(name, value.get("opened_at", value.get("how"))) for name, value in found]


PARENT = SourceRow("billing", "invoice", "I/2", "B/1", "upsert", "v1", "1", 1, False, None, {})


def arriving(ws: Workspace) -> list[parking.Waiting]:
    return list(parking.children(ws, GOVERNANCE, PARENT, "invoice"))


def test_a_row_waits_for_its_parent_and_its_customer_has_a_hole_until_then() -> None:
    ws = nothing()
    assert parked(ws, row(invoice_id="I/2", charge="c"), first=True)
    assert holes(ws) == [("HoleOpened", 69)]

    (waiting,) = arriving(ws)
    assert (waiting.row.native_id, waiting.row.version, waiting.first_snapshot) == ("L", "v70", True)
    assert (waiting.record.topic, waiting.record.partition, waiting.record.offset) == ("src.billing", 1, 7)
    assert (waiting.record.key, waiting.letter_id) == ("B/1", "parked:src.billing-1@7")
    assert waiting.read == {"invoice_ref": "I/2", "number": "v70"}
    parking.arrived(ws, GOVERNANCE, waiting)
    assert holes(ws) == [("HoleClosed", "parent_arrived")]
    assert arriving(ws) == []


def test_what_has_no_parent_or_has_it_here_does_not_wait() -> None:
    ws = nothing()
    assert not parked(ws, row(object_="invoice"))
    ws.put(keys.row_key(*PLACE), {"versions": [version(1)]})
    assert not parked(ws, row())
    assert parked(ws, row(), parent="J")
    assert parked(ws, row(native_id="M"), parent="")
    assert list(parking.children(ws, GOVERNANCE, PARENT._replace(native_id="J"), "payment")) == []


def test_of_several_versions_the_newest_waits_with_the_hole_of_the_first() -> None:
    ws = nothing()
    for at, offset in ((70, 7), (90, 8), (80, 9), (90, 10)):
        assert parked(ws, row(at), offset)
    assert holes(ws) == [("HoleOpened", 69)]

    (waiting,) = arriving(ws)
    assert (waiting.row.version, waiting.record.offset, waiting.letter_id) == ("v90", 10, "parked:src.billing-1@7")


def test_several_come_in_the_order_of_their_versions() -> None:
    ws = nothing()
    for native_id, at in (("A", 90), ("B", 70), ("C", 80)):
        parked(ws, row(at, native_id=native_id))

    assert [waiting.row.native_id for waiting in arriving(ws)] == ["B", "C", "A"]


def test_one_that_an_earlier_release_parked_comes_as_its_row_says() -> None:
    ws = nothing()
    parked(ws, row()._replace(snapshot=True))
    ((key, value),) = ws.range(keys.parked_of("billing"), 9)
    ws.put(key, {name: value[name] for name in ("row", "position", "letter_id")})

    (waiting,) = arriving(ws)
    assert (waiting.first_snapshot, waiting.read) == (True, None)


def test_what_belongs_together_stays_as_it_was_read() -> None:
    read = {"invoice_ref": "I", "number": "N"}

    assert parking.waited_for("invoice_line", read) == {"invoice_ref": "I"}
    assert parking.waited_for("invoice_line", {"number": "N"}) == {}
    assert parking.waited_for("invoice", read) == {}
