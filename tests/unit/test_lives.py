"""What ended long ago is forgotten: its record gets a tombstone, and nothing of it is left in judge's state."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from schemas import topics
from schemas.instants import SECOND
from streams.driver import Written
from streams.governance.checks import problems
from streams.judge import lives
from streams.judge.keys import burying_key, drift_key, tombstone_key
from streams.look.drifts import read_drifts, selected
from streams.verify.report import EQUAL
from tables.state import encode
from tables.view import MemoryView, Workspace
from tests.look import DriverCluster, micros
from tests.recorded import DriverRecording
from tests.topology import Company, default_governance, governance
from tests.unit.test_verify import found, verified

SPAN_SECONDS = 100
OPENED, ENDED = 15, 30
FORGOTTEN = 131
"""The step behind the end by which the span is over, in whole seconds."""


def company(kind: str = "invoice_not_posted", span: float | None = SPAN_SECONDS, **updates: Any) -> Company:
    """Linked, and judged by one kind."""
    made = Company(
        governance().model_copy(update={"judged": (kind,), "ended_drift_retention_seconds": span, **updates})
    )
    made.row("crm", "Account", "A", 1)
    made.row("billing", "account", "B", 1)
    made.row("erp", "customer", "E", 1)
    return made


def ended(made: Company) -> Company:
    """An invoice that is posted late."""
    made.row("billing", "invoice", "I", OPENED - 10, "B", status="Posted")
    made.row("erp", "ledger_posting", "P", ENDED, "E")
    return made


def words(made: Company, customer: str = "") -> list[str]:
    """What was said of drifts, in order; of one customer's partition where one is given."""
    partition = topics.partition_for(customer, made.governance.partitions)
    written = made.driver.written[topics.DRIFTS]
    return [_word(w) for w in written if not customer or w.partition == partition]


def _word(written: Written) -> str:
    return "tombstone" if written.value is None else written.value["how"] or written.value["status"]


def remembered(made: Company, drift_id: str) -> list[str]:
    """Keys of judge's state in which, or in whose value, the drift is named."""
    shards = (made.driver.state("judge", p).items() for p in range(made.governance.partitions))
    return [key for shard in shards for key, value in shard if drift_id in key or drift_id in repr(value)]


def queues(made: Company) -> list[str]:
    shards = (made.driver.state("judge", p).items() for p in range(made.governance.partitions))
    return [key for shard in shards for key, _ in shard if key.startswith(("t/", "o/~tombstones/"))]


def test_a_drift_is_forgotten_the_governed_span_after_its_end() -> None:
    made = ended(company())
    made.heard(FORGOTTEN - 1)
    (drift,) = made.drifts()
    assert remembered(made, drift["drift_id"])

    made.heard(FORGOTTEN)
    assert words(made) == ["open", "self_healed", "tombstone"]
    assert (made.drifts(), remembered(made, drift["drift_id"]), queues(made)) == ([], [], [])


def test_its_tombstone_lies_where_its_record_does() -> None:
    made = ended(company())
    made.heard(FORGOTTEN)

    assert len({(written.partition, written.key) for written in made.driver.written[topics.DRIFTS]}) == 1


def test_until_every_source_was_heard_that_far_it_stays() -> None:
    made = ended(company())
    made.heard(FORGOTTEN, "crm", "billing")
    made.heard(FORGOTTEN - 1, "erp")

    assert words(made) == ["open", "self_healed"]


@pytest.mark.parametrize("span", [SPAN_SECONDS, None])
def test_one_that_is_open_stays_for_ever(span: float | None) -> None:
    made = company(span=span)
    made.row("billing", "invoice", "I", 5, "B", status="Posted")
    made.heard(1_000_000)

    assert words(made) == ["open"]
    assert len(made.open()) == 1


def test_for_ever_means_for_ever() -> None:
    made = ended(company(span=None))
    made.heard(1_000_000)

    assert words(made) == ["open", "self_healed"]
    assert queues(made) == []


def test_one_that_opened_and_ended_while_nobody_was_heard_is_told_and_forgotten() -> None:
    made = ended(company())
    made.heard(1_000)

    assert words(made) == ["open", "self_healed", "tombstone"]


def test_the_baseline_is_forgotten_once_it_has_ended() -> None:
    made = ended(company(go_live_at=datetime(1970, 1, 1, 0, 10, tzinfo=UTC)))
    made.heard(1_000)

    assert words(made) == ["baseline", "self_healed", "tombstone"]


def test_what_an_audit_says_of_it_stays() -> None:
    made = ended(company())
    made.heard(FORGOTTEN)

    assert made.audited("invoice_not_posted") == ["missed", "late"]


def wanders(made: Company, *times: tuple[float, str | None]) -> None:
    """An invoice without posting, of a billing account that is linked and unlinked."""
    made.row("billing", "invoice", "I", 5, "B", status="Posted")
    for at, account in times:
        made.row("billing", "account", "B", at, crm_account_id=account)


def test_of_one_that_moved_each_partition_forgets_what_it_told() -> None:
    made = company()
    wanders(made, (20, None))
    made.heard(FORGOTTEN)
    assert words(made, "crm:A") == ["open", "moved", "tombstone"]
    assert words(made, "billing:B") == ["open"]

    made.row("erp", "ledger_posting", "P", 200, "E", external_id="B")
    made.row("billing", "invoice", "I", 200, "B", status="Voided")
    made.heard(400)
    assert words(made, "billing:B") == ["open", "withdrawn", "tombstone"]
    assert queues(made) == []


def test_one_that_comes_back_before_that_is_not_removed() -> None:
    made = company()
    wanders(made, (20, None), (60, "A"))
    made.heard(1_000)

    assert words(made, "crm:A") == ["open", "moved", "open"]
    assert words(made, "billing:B") == ["open", "moved", "tombstone"]
    assert [d["canonical_id"] for d in made.open()] == ["crm:A"]


def test_one_that_comes_back_later_is_told_anew() -> None:
    made = company()
    wanders(made, (20, None))
    made.heard(200)
    made.row("billing", "account", "B", 300, crm_account_id="A")
    made.heard(1_000)

    assert words(made, "crm:A") == ["open", "moved", "tombstone", "open"]
    assert [d["canonical_id"] for d in made.open()] == ["crm:A"]


def test_what_comes_back_later_is_open_also_where_all_is_heard_at_once() -> None:
    made = company()
    wanders(made, (20, None), (300, "A"))
    made.heard(1_000)

    assert [d["canonical_id"] for d in made.open()] == ["crm:A"]
    assert queues(made) == []


def test_an_earlier_life_does_not_remove_a_later_one_of_the_same_partition() -> None:
    made = company(partitions=1)
    wanders(made, (20, None))
    made.heard(1_000)

    assert words(made)[-1] == "open"
    assert [d["canonical_id"] for d in made.open()] == ["billing:B"]


def test_late_evidence_about_what_is_forgotten_brings_nothing_back() -> None:
    made = ended(company(late_retention_seconds=60))
    made.heard(200)
    made.row("erp", "ledger_posting", "P", 12, "E", posting_date="2026-02-01")
    made.row("billing", "invoice", "I", 13, "B", status="Posted", due_on="2026-04-01")
    made.heard(400)

    assert words(made) == ["open", "self_healed", "tombstone"]


def test_one_that_late_evidence_retracts_is_forgotten_the_span_after_its_opening() -> None:
    made = company(late_retention_seconds=60)
    made.row("billing", "invoice", "I", OPENED - 10, "B", status="Posted")
    made.heard(40)
    made.row("erp", "ledger_posting", "P", 8, "E")
    made.heard(OPENED + SPAN_SECONDS - 1)
    assert words(made) == ["open", "retracted"]

    made.heard(OPENED + SPAN_SECONDS + 1)
    assert words(made) == ["open", "retracted", "tombstone"]


def test_people_see_it_as_long_as_it_is_there() -> None:
    made = ended(company())
    made.heard(FORGOTTEN - 1)
    assert len(selected(read_drifts(DriverCluster(made.driver, micros(200))), all_=True)) == 1

    made.heard(FORGOTTEN)
    assert read_drifts(DriverCluster(made.driver, micros(200))) == []


def test_many_that_ended_at_once_are_forgotten_in_slices() -> None:
    ws, instant, many = Workspace(MemoryView()), FORGOTTEN * SECOND, lives.SLICE + 1
    ws.put(burying_key(instant), {})
    for number in range(many):
        ws.put(tombstone_key(instant, f"D{number}"), {})
        ws.put(drift_key(f"D{number}"), {"customer": "C", "opened_at": 1, "forgotten": instant})

    lives.bury(ws, burying_key(instant))
    assert (len(ws.effects), ws.get(burying_key(instant))) == (lives.SLICE, {})
    lives.bury(ws, burying_key(instant))
    assert len({(e.topic, e.key, e.value, e.partition_key) for e in ws.effects}) == many
    assert not any(value is not None for value in ws.writes.values())


@pytest.mark.parametrize(("seconds", "refused"), [(601, False), (600, True), (None, False)])
def test_it_must_be_longer_than_late_evidence_may_amend(seconds: float | None, refused: bool) -> None:
    governed = default_governance().model_copy(update={"ended_drift_retention_seconds": seconds})

    assert [p.key for p in problems(governed)] == ["ended_drift_retention_seconds"] * refused


def test_by_default_a_quarter_can_be_looked_back_upon() -> None:
    assert default_governance().ended_drift_retention_seconds == 90 * 86400


# -- verified


def recorded(*, until: float = FORGOTTEN) -> tuple[Company, DriverRecording]:
    """One that ended, and one that is open."""
    made = ended(company())
    made.row("billing", "invoice", "J", OPENED - 10, "B", status="Posted", number="J-1")
    made.heard(until)
    return made, DriverRecording(made.driver)


def without(recording: DriverRecording, *, tombstones: bool) -> None:
    """As compaction leaves the topic: records with a tombstone are gone, and later the tombstones."""
    for place, held in recording.held.items():
        if place[0] == topics.DRIFTS:
            buried = {raw.key for raw in held if raw.value is None}
            held[:] = [raw for raw in held if raw.key not in buried or (tombstones and raw.value is None)]


@pytest.mark.parametrize("tombstones", [True, False])
def test_a_deployment_is_equal_where_compaction_took_a_record_or_its_tombstone_too(tombstones: bool) -> None:
    made, recording = recorded()
    without(recording, tombstones=tombstones)

    report = verified(recording, made)
    assert (report.code, report.differences) == (EQUAL, [])


LAW = "whole topology: lives of drifts and their commands"


def test_a_tombstone_that_was_never_written_is_found() -> None:
    made, recording = recorded()
    for place, held in recording.held.items():
        if place[0] == topics.DRIFTS:
            held[:] = [raw for raw in held if raw.value is not None]

    assert found(verified(recording, made)) == {"judge: drifts", LAW}


@pytest.mark.parametrize("which", [0, -1])
def test_a_tombstone_of_what_is_not_to_be_forgotten_is_found(which: int) -> None:
    made, recording = recorded(until=FORGOTTEN - 1)
    drift = sorted(made.drifts(), key=lambda drift: drift["status"])[which]
    partition = topics.partition_for(drift["canonical_id"], made.governance.partitions)
    recording.append(topics.DRIFTS, partition, drift["drift_id"], "Drift", None)

    assert "judge: drifts" in found(verified(recording, made))


def test_a_life_that_is_still_remembered_is_found() -> None:
    made, recording = recorded()
    (open_,) = made.open()
    partition = topics.partition_for(open_["canonical_id"], made.governance.partitions)
    place = (topics.CHANGELOG + "judge", partition)
    life = encode({"customer": "crm:A", "opened_at": OPENED * SECOND})
    recording.held[place].append(recording.held[place][-1]._replace(key=b"d/D", value=life, offset=10_000))

    assert found(verified(recording, made)) == {"judge: lives of drifts"}
