"""A database captured anew: what its snapshot shows is newer than all before, what it does not show is gone."""

from __future__ import annotations

from typing import Any

import pytest

from schemas import topics
from schemas.instants import SECOND
from schemas.source import ALL_OBJECTS, Gap, Heard, SourceEvent, SourceRow
from streams.backtest.canonical import read
from streams.driver import Driver
from streams.identify import again, keys
from tests.topology import Company, governance


def of_an_epoch(record: str, value: dict[str, Any], headers: dict[str, bytes]) -> SourceEvent:
    """As `read`, and as a captured database says it: versions begin with the epoch and, of what a snapshot shows, with
    its attempt; and a table can be emptied."""
    event, epoch = read(record, value, headers), int(headers.get("epoch", 0))
    match event:
        case SourceRow(snapshot=True):
            snapshot = f"{epoch:04d}.0.{int(headers.get('attempt', 1)):04d}"
            return event._replace(version=f"{snapshot}.{event.version}", snapshot_of=snapshot)
        case SourceRow():
            return event._replace(version=f"{epoch:04d}.1.{event.version}")
        case Heard(phase="snapshot"):
            return event._replace(snapshot_of=f"{event.epoch:04d}.0.{value['observed_at'] or 1:04d}")
        case Heard(phase="gap") if event.object != ALL_OBJECTS:
            return Gap(event.system, event.object, value["observed_at"])
    return event


@pytest.fixture
def company() -> Company:
    """Invoices I and J of B, of which neither was posted by the ERP, heard until 5 s; the deadline is at 12 s."""
    found = Company(governance().model_copy(update={"judged": ("invoice_not_posted", "source_gap")}))
    found.driver = Driver(found.governance, dict.fromkeys(found.governance.systems, of_an_epoch))
    found.row("crm", "Account", "A", 1, Billing_Account_Id__c="B")
    found.row("billing", "account", "B", 1)
    found.row("billing", "subscription", "S", 1, "B")
    for id_ in "IJ":
        found.row("billing", "invoice", id_, 2, "B", number=id_, subscription_id="S", status="Posted")
    found.heard(5)
    return found


def read_anew(company: Company, *invoices: str, until: float = 20, **fields: str) -> None:
    """The ERP and the CRM go on; the billing system begins with a snapshot in the first epoch."""
    anew = {"headers": {"epoch": b"1"}, "snapshot": True}
    company.heard(0, "billing", phase="snapshot", epoch=1)
    company.row("billing", "account", "B", 1, **anew)  # type: ignore[arg-type]
    company.row("billing", "subscription", "S", 1, "B", **anew)  # type: ignore[arg-type]
    for id_ in invoices:
        more = {"number": id_, "subscription_id": "S", "status": "Posted", **fields}
        company.row("billing", "invoice", id_, 2, "B", **anew, **more)  # type: ignore[arg-type]
    company.heard(until, "crm", "erp")
    company.heard(until, "billing", epoch=1)


def last_of(company: Company, invoice: str) -> dict[str, Any]:
    told = [w.value for w in company.driver.written[topics.CHANGES] if w.value and w.value.get("native_id") == invoice]
    return dict(told[-1])


def test_a_row_that_the_snapshot_does_not_show_is_presumed_deleted(company: Company) -> None:
    read_anew(company, "I")
    assert [d["native_id"] for d in company.open("invoice_not_posted")] == ["I"]
    assert (last_of(company, "J")["operation"], last_of(company, "I")["operation"]) == ("presumed_deleted", "upsert")
    assert "J" not in company.corrected("invoice")


def test_what_it_shows_is_newer_than_what_was_captured_before(company: Company) -> None:
    read_anew(company, "I", "J", status="Voided")
    assert company.open("invoice_not_posted") == []


def test_until_it_has_been_read_nothing_is_gone_and_no_verdict_is_given(company: Company) -> None:
    company.heard(0, "billing", phase="snapshot", epoch=1)
    company.heard(20, "crm", "erp")
    assert company.open("invoice_not_posted") == []
    assert {last_of(company, id_)["operation"] for id_ in "IJ"} == {"upsert"}


def test_it_is_a_gap_until_then(company: Company) -> None:
    company.heard(0, "billing", phase="snapshot", epoch=1)
    assert [d["system"] for d in company.open("source_gap")] == ["billing"]
    read_anew(company, "I", "J")
    assert company.open("source_gap") == []


def test_the_first_snapshot_is_no_gap() -> None:
    first = Company(governance().model_copy(update={"judged": ("source_gap",)}))
    first.heard(0, "billing", phase="snapshot", epoch=1)
    first.heard(9, epoch=1)
    assert first.open() == []


def test_an_epoch_that_begins_without_a_snapshot_takes_nothing_away(company: Company) -> None:
    """Somebody raised it in `systems.yaml` and had nothing read anew."""
    company.heard(20, epoch=1)
    assert [d["native_id"] for d in company.open("invoice_not_posted")] == ["I", "J"]


def test_a_row_that_comes_back_is_there_again(company: Company) -> None:
    read_anew(company, "I")
    company.row("billing", "invoice", "J", 22, "B", headers={"epoch": b"1"}, number="J", status="Posted")
    company.heard(40, "crm", "erp")
    company.heard(40, "billing", epoch=1)
    assert last_of(company, "J")["operation"] == "upsert"
    assert [d["native_id"] for d in company.open("invoice_not_posted")] == ["I", "J"]


def test_a_table_emptied_while_it_is_read_anew_hides_no_other_loss(company: Company) -> None:
    """What withdraws a watermark meanwhile is not the end of the snapshot."""
    company.heard(0, "billing", phase="snapshot", epoch=1)
    company.heard(0, "billing", phase="gap", epoch=1)
    company.heard(20, epoch=1)
    assert {last_of(company, id_)["operation"] for id_ in "IJ"} == {"presumed_deleted"}


def test_a_line_that_waits_for_an_invoice_which_is_gone_too_waits_no_longer(company: Company) -> None:
    company.row("billing", "invoice_line", "L", 3, "B", invoice_id="K")
    assert company.driver.written[topics.CHANGES][-1].record == "HoleOpened"
    read_anew(company, "I", "J")
    closed = [w.value for w in company.driver.written[topics.CHANGES] if w.record == "HoleClosed"]
    assert [(each["entity"], each["how"]) for each in closed if each] == [("invoice_line", "vanished")]
    company.row("billing", "invoice", "K", 30, "B", headers={"epoch": b"1"}, number="K")
    assert "L" not in company.corrected("invoice_line")


@pytest.mark.parametrize("of", ["a snapshot", "an emptied table"])
def test_rows_go_a_slice_at_a_time_and_nothing_is_heard_before_the_last(
    company: Company, monkeypatch: pytest.MonkeyPatch, of: str
) -> None:
    monkeypatch.setattr(again, "SLICE", 1)
    if of == "a snapshot":
        company.heard(0, "billing", phase="snapshot", epoch=1, run=False)
    else:
        hear_emptied(company, "invoice", 6)
    company.heard(20, epoch=1, run=False)
    held_back = fold_until_commits(company)
    company.driver.run()
    assert held_back >= 2
    assert {last_of(company, id_)["operation"] for id_ in "IJ"} == {"presumed_deleted"}


def hear_emptied(company: Company, object_: str, at: float) -> None:
    for partition in range(company.governance.partitions):
        told = {"system": "billing", "object": object_, "partition": partition, "epoch": 0, "phase": "gap"}
        value = {**told, "watermark": None, "observed_at": round(at * SECOND)}
        company.driver.pipe(topics.source_topic("billing"), "", "SourceProgress", value, partition=partition)


def fold_until_commits(company: Company) -> int:
    """How many commits of a shard said nothing of the source while rows went."""
    quiet = 0
    for place, queue in company.driver.queues.items():
        while queue and place[0] == topics.source_topic("billing"):
            company.driver.fold(place)
    for partition in range(company.governance.partitions):
        while True:
            before = len(marks_of(company))
            more = company.driver.commit("identify", partition, deadlines=1)
            if not more:
                break
            quiet += len(marks_of(company)) == before
    return quiet


def marks_of(company: Company) -> list[Any]:
    written = [w.value or {} for w in company.driver.written[topics.CHANGES] if w.record == "Watermarks"]
    return [mark for value in written for mark in value["watermarks"] if mark["system"] == "billing"]


def shown(company: Company, invoice: str, epoch: int, attempt: int) -> None:
    headers = {"epoch": b"%d" % epoch, "attempt": b"%d" % attempt}
    more = {"number": invoice, "subscription_id": "S", "status": "Posted"}
    company.row("billing", "invoice", invoice, 2, "B", headers=headers, snapshot=True, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize("known", [True, False], ids=["behind what was known", "the first"])
def test_what_only_an_attempt_showed_that_was_broken_off_is_gone(company: Company, known: bool) -> None:
    if not known:
        company.driver = Driver(company.governance, dict.fromkeys(company.governance.systems, of_an_epoch))
    epoch = int(known)
    shown(company, "K", epoch, attempt=1)
    shown(company, "I", epoch, attempt=2)
    begin(company, epoch, attempt=2)
    company.heard(20, epoch=epoch)
    assert (last_of(company, "K")["operation"], last_of(company, "I")["operation"]) == ("presumed_deleted", "upsert")


def begin(company: Company, epoch: int, attempt: int) -> None:
    """The markers come behind the rows."""
    for partition in range(company.governance.partitions):
        told = {"system": "billing", "object": ALL_OBJECTS, "partition": partition, "epoch": epoch, "phase": "snapshot"}
        value = {**told, "watermark": None, "observed_at": attempt}
        company.driver.pipe(topics.source_topic("billing"), "", "SourceProgress", value, partition=partition)


def test_a_snapshot_of_one_table_alone_takes_nothing_away(company: Company) -> None:
    shown(company, "I", 0, attempt=2)
    company.heard(20)
    assert {last_of(company, id_)["operation"] for id_ in "IJ"} == {"upsert"}


def test_the_first_snapshot_has_nothing_to_look_for() -> None:
    first = Company(governance())
    first.driver = Driver(first.governance, dict.fromkeys(first.governance.systems, of_an_epoch))
    shown(first, "I", 0, attempt=1)
    begin(first, 0, attempt=1)
    first.heard(9)
    states = (first.driver.state("identify", p) for p in range(first.governance.partitions))
    assert [state.get(keys.sweep_key("billing")) for state in states] == [None] * first.governance.partitions


def test_a_marker_of_before_does_not_end_a_snapshot(company: Company) -> None:
    """As those that a connector sends once more after it was interrupted."""
    company.heard(0, "billing", phase="snapshot", epoch=1)
    company.heard(20)
    assert {last_of(company, id_)["operation"] for id_ in "IJ"} == {"upsert"}
    company.heard(20, "billing", epoch=1)
    assert {last_of(company, id_)["operation"] for id_ in "IJ"} == {"presumed_deleted"}


def test_a_marker_of_an_attempt_that_was_broken_off_does_not_make_the_next_one_whole(company: Company) -> None:
    shown(company, "I", 1, attempt=2)
    begin(company, 1, attempt=1)
    company.heard(20, epoch=1)
    assert {last_of(company, id_)["operation"] for id_ in "IJ"} == {"upsert"}


def test_what_came_after_one_capture_can_go_with_the_next(company: Company) -> None:
    read_anew(company, "I", "J")
    company.row("billing", "invoice", "K", 21, "B", headers={"epoch": b"1"}, number="K", status="Posted")
    company.heard(0, "billing", phase="snapshot", epoch=2)
    company.heard(30, epoch=2)
    assert {last_of(company, id_)["operation"] for id_ in "IJK"} == {"presumed_deleted"}


@pytest.mark.parametrize(("table", "gone"), [("invoice", {"I", "J"}), ("account", {"B"}), ("unheard_of", set())])
def test_an_emptied_table_takes_its_own_rows(company: Company, table: str, gone: set[str]) -> None:
    hear_emptied(company, table, 6)
    company.heard(20)
    ids = ("B", "S", "I", "J")
    assert {id_ for id_ in ids if last_of(company, id_)["operation"] == "presumed_deleted"} == gone


def test_a_row_that_came_when_its_table_was_emptied_stays(company: Company) -> None:
    hear_emptied(company, "invoice", 6)
    company.row("billing", "invoice", "K", 6, "B", number="K", status="Posted", run=False)
    company.heard(20)
    assert last_of(company, "K")["operation"] == "upsert"
