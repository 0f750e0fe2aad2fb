"""A database captured anew: what its snapshot shows is newer than all before, what it does not show is gone."""

from __future__ import annotations

from typing import Any

import pytest

from schemas import topics
from schemas.instants import SECOND
from schemas.source import ALL_OBJECTS, Gap, Heard, SourceEvent, SourceRow
from streams.backtest.canonical import read
from streams.driver import Driver
from streams.identify import again, keys, losses, sweeps
from streams.letters import ID_HEADER
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
            position = headers.get("position", b"").decode()
            return Gap(event.system, event.object, value["observed_at"], position and f"{epoch:04d}.1.{position}")
    return event


def of_epochs(**ruled: Any) -> Company:
    """Nothing was read of it yet."""
    found = Company(governance().model_copy(update=ruled))
    found.driver = Driver(found.governance, dict.fromkeys(found.governance.systems, of_an_epoch))
    return found


@pytest.fixture
def company() -> Company:
    """Invoices I and J of B, of which neither was posted by the ERP, heard until 5 s; the deadline is at 12 s."""
    found = of_epochs(judged=("invoice_not_posted", "source_gap"))
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
    assert company.corrected("invoice") == ["billing:I"]


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
    assert company.corrected("invoice_line") == []


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


def hear_emptied(company: Company, object_: str, at: float, **headers: bytes) -> None:
    for partition in range(company.governance.partitions):
        told = {"system": "billing", "object": object_, "partition": partition, "epoch": 0, "phase": "gap"}
        value = {**told, "watermark": None, "observed_at": round(at * SECOND)}
        company.driver.pipe(topics.source_topic("billing"), "", "SourceProgress", value, partition=partition, **headers)


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
        company = of_epochs()
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
    first = of_epochs()
    shown(first, "I", 0, attempt=1)
    begin(first, 0, attempt=1)
    first.heard(9)
    states = (first.driver.state("identify", p) for p in range(first.governance.partitions))
    assert {sweeps.begun(state.get(keys.sweep_key("billing"))) for state in states} == {0}


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


# -- letters that come home behind the snapshot


def replayed(
    company: Company, invoice: str, epoch: int = 0, *, snapshot: bool = False, poll: int | None = None
) -> None:
    """What was refused when it came, an invoice of 3 s."""
    headers = {"epoch": b"%d" % epoch, ID_HEADER: f"letter-{invoice}".encode()}
    more = {"number": invoice, "subscription_id": "S", "status": "Posted"}
    company.row("billing", "invoice", invoice, 3, "B", headers=headers, snapshot=snapshot, poll=poll, **more)  # type: ignore[arg-type]


def operations(company: Company, invoice: str) -> list[str]:
    """As they were told, each with its instant."""
    told = [w.value for w in company.driver.written[topics.CHANGES] if w.value and w.value.get("native_id") == invoice]
    return [f"{each['operation']} at {each['effective_at'] // SECOND}" for each in told]


@pytest.mark.parametrize("invoice", ["J", "K"], ids=["known", "never read"])
def test_what_the_snapshot_did_not_show_stays_gone_whatever_was_said_of_it_before(
    company: Company, invoice: str
) -> None:
    read_anew(company, "I")
    replayed(company, invoice)
    company.heard(40, "crm", "erp")
    company.heard(40, "billing", epoch=1)
    assert image_of(company, invoice)["op"] == "presumed_deleted"
    assert [d["native_id"] for d in company.open("invoice_not_posted")] == ["I"]
    assert company.corrected("invoice") == ["billing:I"]


def image_of(company: Company, invoice: str) -> dict[str, Any]:
    return last_version(company, "invoice", invoice)


def last_version(company: Company, entity: str, native_id: str) -> dict[str, Any]:
    """That identify has of it."""
    states = [company.driver.state("identify", p) for p in range(company.governance.partitions)]
    (image,) = [image for s in states if (image := s.get(keys.row_key("billing", "B", entity, native_id)))]
    return dict(image["versions"][-1])


def test_it_is_gone_since_the_snapshot_and_was_there_before(company: Company) -> None:
    """The deletion is told first: no command rests on the row in between."""
    read_anew(company, "I")
    replayed(company, "K")
    assert operations(company, "K") == ["presumed_deleted at 20", "upsert at 3"]


def test_no_command_is_issued_for_it(company: Company) -> None:
    read_anew(company, "I")
    issued = len(company.commands())
    replayed(company, "K")
    company.heard(60, "crm", "erp")
    company.heard(60, "billing", epoch=1)
    assert len(company.commands()) == issued


@pytest.mark.parametrize(
    ("operation", "linked_to"), [("delete", []), ("upsert", ["Z"])], ids=["that it was deleted", "another link"]
)
def test_what_was_said_last_before_it_links_it_also_when_it_comes_late(
    company: Company, operation: str, linked_to: list[str]
) -> None:
    """A letter of before that comes behind it says nothing more."""
    company.heard(0, "billing", phase="snapshot", epoch=1)
    company.heard(20, epoch=1)
    for poll, how, named in ((50, operation, "Z"), (49, "upsert", "Y")):
        headers = {"epoch": b"0", ID_HEADER: b"letter"}
        company.row("billing", "account", "B", 3, operation=how, headers=headers, poll=poll, crm_account_id=named)
    asserted = [w.value for w in company.driver.written[topics.LINKS] if w.record == "LinkAsserted" and w.value]
    assert [each["native_customer"] for each in asserted[-1]["links"]] == linked_to
    assert last_version(company, "customer", "B")["op"] == "presumed_deleted"


def test_what_the_snapshot_showed_is_newer_than_a_letter_of_before(company: Company) -> None:
    read_anew(company, "I", "J", status="Voided")
    replayed(company, "I")
    assert image_of(company, "I")["attrs"]["status"] == "voided"


@pytest.mark.parametrize("known", [True, False])
def test_what_the_snapshot_showed_and_nobody_could_read_is_there_again(company: Company, known: bool) -> None:
    invoice = "J" if known else "K"
    read_anew(company, "I")
    replayed(company, invoice, epoch=1, snapshot=True)
    assert image_of(company, invoice)["op"] == "upsert"


def test_it_is_gone_since_the_first_snapshot_that_did_not_show_it(company: Company) -> None:
    read_anew(company, "I")
    company.heard(0, "billing", phase="snapshot", epoch=2)
    company.heard(30, epoch=2)
    replayed(company, "K")
    replayed(company, "L", epoch=1)
    assert [image_of(company, id_)["at"] // SECOND for id_ in "KL"] == [20, 30]


def test_a_line_of_before_whose_invoice_nobody_knows_does_not_wait(company: Company) -> None:
    read_anew(company, "I", "J")
    headers = {"epoch": b"0", ID_HEADER: b"letter"}
    company.row("billing", "invoice_line", "L", 3, "B", headers=headers, invoice_id="K")
    assert [w for w in company.driver.written[topics.CHANGES] if w.record == "HoleOpened"] == []
    assert company.corrected("invoice_line") == []


def test_what_only_a_first_attempt_showed_of_which_nothing_could_be_read_is_gone() -> None:
    first = of_epochs()
    shown(first, "I", 0, attempt=2)
    begin(first, 0, attempt=2)
    first.heard(9)
    replayed(first, "K", snapshot=True)
    assert image_of(first, "K")["op"] == "presumed_deleted"


def test_a_table_that_was_emptied_stays_so(company: Company) -> None:
    """What is older than its emptying, and what is newer."""
    hear_emptied(company, "invoice", 6, position=b"000000000100")
    company.heard(20)
    for invoice, poll in {"J": 99, "K": 99, "L": 100, "M": 101}.items():
        replayed(company, invoice, poll=poll)
    assert {id_: image_of(company, id_)["op"] for id_ in "IJKLM"} == {
        **dict.fromkeys("IJK", "presumed_deleted"),
        **dict.fromkeys("LM", "upsert"),
    }


def test_what_came_before_its_table_was_emptied_goes_whatever_its_instant(company: Company) -> None:
    """Both in one transaction."""
    company.row("billing", "invoice", "K", 6, "B", poll=99, number="K", run=False)
    hear_emptied(company, "invoice", 6, position=b"000000000100")
    company.row("billing", "invoice", "L", 6, "B", poll=101, number="L", run=False)
    company.heard(20)
    assert [image_of(company, id_)["op"] for id_ in "KL"] == ["presumed_deleted", "upsert"]


def test_of_many_losses_the_oldest_are_forgotten_and_what_is_older_is_gone_later(company: Company) -> None:
    for epoch in range(1, losses.REMEMBERED + 3):
        company.heard(0, "billing", phase="snapshot", epoch=epoch)
        company.heard(10 * epoch, "billing", epoch=epoch)
    replayed(company, "K")
    assert image_of(company, "K")["at"] == 30 * SECOND
