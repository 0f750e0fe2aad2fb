"""Facts about a mapping that changes while rows are known that were read by the one before."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from schemas import topics
from schemas.instants import SECOND
from schemas.source import UNCHANGED, Gap
from streams.backtest.canonical import read
from streams.driver import Driver
from streams.governance import Governance
from streams.governance.mapping import read_mapping
from streams.governance.model import Amount, ObjectMapping, Vocabulary
from streams.identify import again, mappings
from streams.identify.gaps import on_gap
from streams.identify.mappings import RECORD, published
from streams.identify.stage import Identify
from streams.judge.published import document_of as published_rules
from streams.judge.published import read as read_rules
from streams.kinds.facts import since
from streams.kinds.trail import trail_of
from streams.look.letters import replay as replayed
from streams.verify.examine import examine
from streams.verify.report import EQUAL
from streams.worker.opening import _tell_rules
from tables.view import Workspace
from tests.look import STAGES
from tests.recorded import DriverRecording
from tests.topology import SLA_SECONDS, Company, governance, seconds_of
from tests.triggers import deciding
from tests.unit.test_replay_from_any_commit import ONE_INPUT, Restless
from tests.unit.test_the_law import histories, in_order, inputs, outcome, run

UNPOSTED = "invoice_not_posted"
DRAFT = {"Posted": "draft"}
"""A vocabulary that misreads what billing calls posted."""
Source = str | Vocabulary | Amount


def reading(governed: Governance, system: str, object_: str, **attributes: Source) -> Governance:
    """With these attributes read otherwise."""
    mapping = governed.mappings[system][object_]
    other = mapping.model_copy(update={"attributes": {**mapping.attributes, **attributes}})
    return with_mapping(governed, system, object_, other)


def with_mapping(governed: Governance, system: str, object_: str, mapping: ObjectMapping) -> Governance:
    mapped = {**governed.mappings[system], object_: mapping}
    return governed.model_copy(update={"mappings": {**governed.mappings, system: mapped}})


def keeping(*columns: str) -> Governance:
    """With these columns of billing's invoices kept, which no attribute reads."""
    mapping = governance().mappings["billing"]["invoice"]
    return with_mapping(governance(), "billing", "invoice", mapping.model_copy(update={"keep": columns}))


def words(governed: Governance, **changed: str) -> Vocabulary:
    """The statuses of billing's invoices, some of them read otherwise."""
    known = governed.mappings["billing"]["invoice"].attributes["status"]
    assert isinstance(known, Vocabulary)
    return known.model_copy(update={"map": {**known.map, **changed}})


def misreading(governed: Governance | None = None) -> Governance:
    governed = governed or governance()
    return reading(governed, "billing", "invoice", status=words(governed, **DRAFT))


def publish(company: Company, governed: Governance, *systems: str, run: bool = True) -> None:
    for system in systems or ("billing",):
        for partition in range(governed.partitions):
            effect = published(system, governed.mappings[system], partition, "somebody", 1)
            assert effect.value is not None
            company.driver.pipe(effect.topic, effect.key, effect.record, effect.value, partition=partition)
    if run:
        company.driver.run()


def restarted(company: Company, governed: Governance) -> Company:
    """The same deployment with workers that were started with another folder."""
    other, driver = Company(governed), company.driver
    other.driver = Driver(governed, dict.fromkeys(governed.systems, read))
    for stage in STAGES:
        for partition in range(1 if stage in ("crosswalk", "fleet") else governed.partitions):
            other.driver.restore(driver.saved(stage, partition))
    other.driver.log, other.driver.written = driver.log, driver.written
    other.driver._offsets = driver._offsets
    other._version = company._version
    return other


def company_of(governed: Governance) -> Company:
    company = Company(governed)
    company.row("crm", "Account", "A", 1, Billing_Account_Id__c="B", ERP_Customer_Id__c="E")
    company.row("billing", "account", "B", 1, crm_account_id="A")
    company.row("erp", "customer", "E", 1)
    return company


def with_invoice(governed: Governance, at: float = 2, **fields: str | None) -> Company:
    company = company_of(governed)
    company.row("billing", "invoice", "I", at, "B", **{"status": "Posted", **fields})
    return company


def lives(company: Company, kind: str = UNPOSTED) -> list[tuple[float | None, float | None, str]]:
    return [(seconds_of(d["opened_at"]), seconds_of(d["closed_at"]), d["how"]) for d in company.drifts(kind)]


def image(company: Company, key: str) -> dict[str, Any]:
    held = (dict(company.driver.state("identify", p).items()) for p in range(company.governance.partitions))
    return next(state[key] for state in held if key in state)


INVOICE = "i/billing/B/invoice/I"


def attributes(company: Company, key: str = INVOICE) -> dict[str, Any]:
    found: dict[str, Any] = image(company, key)["versions"][-1]["attrs"]
    return found


# -- what was read wrongly is read again


def test_a_false_drift_closes_once_its_vocabulary_is_corrected() -> None:
    right = reading(governance(), "billing", "invoice", status=words(governance(), **DRAFT))
    company = with_invoice(governance())
    company.heard(20)
    assert lives(company) == [(2 + SLA_SECONDS, None, "")]

    publish(company, right)
    company.heard(30)

    ((opened, closed, how),) = lives(company)
    assert (opened, how) == (2 + SLA_SECONDS, "withdrawn")
    assert closed == pytest.approx(20, abs=0.001)


def opens_as_always(rules: Governance) -> Company:
    """A company by these rules, to which the usual ones are published before the deadline, is as one that had them."""
    company, as_always = with_invoice(rules), with_invoice(governance())
    for each in (company, as_always):
        each.heard(6)
    publish(company, governance())
    for each in (company, as_always):
        each.heard(40)
    assert lives(company) == lives(as_always) == [(2 + SLA_SECONDS, None, "")]
    assert [d["drift_id"] for d in company.drifts()] == [d["drift_id"] for d in as_always.drifts()]
    return company


def test_a_true_drift_opens_and_its_deadline_counts_from_the_row() -> None:
    opens_as_always(misreading())


def test_what_was_overdue_already_opens_when_it_is_read() -> None:
    company = with_invoice(misreading())
    company.heard(100)
    assert lives(company) == []

    publish(company, governance())
    company.heard(110)

    ((opened, closed, _),) = lives(company)
    assert closed is None
    assert opened == pytest.approx(100, abs=0.001)


# -- without publishing: the folder of a restart


def test_a_worker_that_starts_with_another_folder_reads_known_rows_again() -> None:
    company = with_invoice(misreading())
    company.heard(6)

    after = restarted(company, governance())
    after.heard(7)
    after.heard(40)

    assert lives(after) == [(2 + SLA_SECONDS, None, "")]
    assert attributes(after)["status"] == "posted"
    assert equal(after)


def test_a_restart_with_the_same_folder_says_nothing() -> None:
    company = with_invoice(governance())
    after = restarted(company, governance())
    after.heard(6)
    assert [w for w in after.driver.written[topics.source_topic("billing")] if w.record == RECORD] == []


def test_a_folder_that_says_what_was_published_says_nothing_new() -> None:
    company = with_invoice(misreading())
    publish(company, governance())
    after = restarted(company, governance())
    after.heard(40)
    assert [w for w in after.driver.written[topics.source_topic("billing")] if w.record == RECORD] == []
    assert equal(after)


def test_what_was_published_outlives_a_restart_with_the_folder_of_before() -> None:
    company = with_invoice(misreading())
    publish(company, governance())
    after = restarted(company, misreading())
    after.row("billing", "invoice", "J", 5, "B", status="Posted")
    after.heard(40)
    assert attributes(after, "i/billing/B/invoice/J")["status"] == "posted"
    assert equal(after)


def told_at_start(company: Company, caplog: pytest.LogCaptureFixture) -> list[str]:
    """What shards say of identify, opened by a worker that was started so."""
    caplog.clear()
    stage = Identify(company.governance, {})
    for partition in range(company.governance.partitions):
        _tell_rules(stage, partition, company.driver.state("identify", partition))
    return [record.getMessage() for record in caplog.records]


def test_a_worker_says_which_mapping_of_its_folder_reads_nothing(caplog: pytest.LogCaptureFixture) -> None:
    company = with_invoice(misreading())
    assert told_at_start(company, caplog) == []
    publish(company, governance())

    of_before, of_now = restarted(company, misreading()), restarted(company, governance())
    for each in (of_before, of_now):
        each.heard(40)

    said = told_at_start(of_before, caplog)
    assert len(said) == company.governance.partitions
    assert said[0].startswith("identify-0 goes by what was published last, not by the folders it was started with: ")
    assert "mappings/billing.yaml: invoice.attributes.status.map.Posted was draft and becomes posted" in said[0]
    assert "driftwise governance publish" in said[0]
    assert told_at_start(of_now, caplog) == []


def test_a_mapping_that_a_folder_brings_is_not_overruled(caplog: pytest.LogCaptureFixture) -> None:
    assert told_at_start(restarted(with_invoice(misreading()), governance()), caplog) == []


def test_an_attribute_that_nobody_mapped_is_read_from_a_column_that_was_kept() -> None:
    company = with_invoice(keeping("order_no"), order_no="PO-7")
    assert attributes(company)["order_ref"] is None

    after = restarted(company, reading(keeping("order_no"), "billing", "invoice", order_ref="order_no"))
    after.heard(6)

    assert attributes(after)["order_ref"] == "PO-7"


# -- what is kept of a row


def test_rules_that_list_nothing_to_be_kept_can_be_read_by_a_release_that_knows_no_such_list() -> None:
    assert '"keep"' not in published_rules(governance())
    assert '"keep":["order_no"]' in published_rules(keeping("order_no"))
    assert read_rules(published_rules(keeping("order_no"))) == keeping("order_no")


def kept(company: Company, key: str = INVOICE) -> dict[str, str | None]:
    fields: dict[str, str | None] = image(company, key)["native"][1]
    return fields


def test_what_nobody_asked_for_is_not_kept() -> None:
    company = with_invoice(keeping("order_no"), order_no="PO-7", contact="Ada Lovelace")
    states = (company.driver.saved("identify", p).state for p in range(company.governance.partitions))
    assert "Ada" not in str([list(state) for state in states])
    assert kept(company)["order_no"] == "PO-7"


def test_what_reads_a_column_that_was_not_kept_stays_as_it_was_until_the_row_comes_anew() -> None:
    company = with_invoice(governance(), label="Invoice 1")
    publish(company, reading(governance(), "billing", "invoice", number="label"))
    assert attributes(company)["number"] == "I-1"
    assert equal(company)

    company.row("billing", "invoice", "I", 5, "B", label="Invoice 1")
    assert attributes(company)["number"] == "Invoice 1"
    assert equal(company)


def test_an_amount_stays_as_it_was_where_only_its_currency_was_kept() -> None:
    company = with_invoice(governance(), gross="7.00")
    publish(company, reading(governance(), "billing", "invoice", total=Amount(amount="gross", currency="currency")))
    assert attributes(company)["total"] == {"amount": "119", "currency": "EUR", "basis": "gross"}


def test_a_column_that_a_mapping_reads_no_more_leaves_the_rows_that_are_known() -> None:
    company = with_invoice(governance(), label="Invoice 1")
    publish(company, reading(governance(), "billing", "invoice", number="status"))
    assert "number" not in kept(company)
    publish(company, governance())
    assert attributes(company)["number"] == "Posted", "the column that says otherwise is not known any more"
    company.row("billing", "invoice", "I", 5, "B")
    assert attributes(company)["number"] == "I-1"
    assert equal(company)


def parked(*published_before: Governance) -> tuple[Company, dict[str, Any]]:
    """A line that waits for its invoice, and how it waits."""
    company = company_of(governance())
    for governed in published_before:
        publish(company, governed)
    company.row("billing", "invoice_line", "L", 3, "B", contact="Ada Lovelace", label="licences")
    (waiting,) = (value for value in images_below(company, "k/"))
    return company, waiting


def images_below(company: Company, prefix: str) -> list[dict[str, Any]]:
    states = (company.driver.state("identify", p).items() for p in range(company.governance.partitions))
    return [value for state in states for key, value in state if key.startswith(prefix)]


LINE = "i/billing/B/invoice_line/L"


def test_a_row_that_waits_for_its_parent_waits_without_what_nobody_asked_for() -> None:
    company, waiting = parked()
    assert "Ada" not in str(waiting)
    company.row("billing", "invoice", "I", 4, "B")
    assert attributes(company, LINE)["charge"] == "seats"
    assert equal(company)


def test_a_row_that_waited_while_another_mapping_came_is_as_it_was_read_where_that_reads_what_was_not_kept() -> None:
    company, _ = parked()
    publish(company, reading(governance(), "billing", "invoice_line", charge="label"))
    assert equal(company)
    company.row("billing", "invoice", "I", 4, "B")
    assert (attributes(company, LINE)["charge"], letters(company)) == ("seats", [])
    assert equal(company)


def waiting_whole(*published_before: Governance) -> Company:
    """As a release had it wait that left nothing out."""
    company, waiting = parked(*published_before)
    *of_row, fields = waiting["row"]
    old = {name: held for name, held in waiting.items() if name not in ("read", "number")}
    old["row"] = [*of_row, {**fields, "contact": "Ada Lovelace", "label": "licences"}]
    for partition in range(company.governance.partitions):
        state = company.driver.state("identify", partition)
        state.apply({key: old for key, _ in state.items() if key.startswith("k/")})
    return company


def test_what_waits_with_every_column_is_read_by_a_later_mapping_from_those_that_this_release_keeps() -> None:
    company = waiting_whole()
    publish(company, reading(governance(), "billing", "invoice_line", charge="label"))
    assert "Ada" not in str(images_below(company, "k/"))
    company.row("billing", "invoice", "I", 4, "B")
    assert attributes(company, LINE)["charge"] == "seats"
    assert equal(company)


@pytest.mark.parametrize("apart", [True, False], ids=["read again before", "still to be read again"])
def test_a_column_that_a_mapping_reads_no_more_leaves_the_rows_that_wait(apart: bool) -> None:
    company, _ = parked()
    publish(company, reading(governance(), "billing", "invoice_line", charge="currency"), run=apart)
    publish(company, governance(), run=apart)
    company.row("billing", "invoice", "I", 4, "B")
    assert attributes(company, LINE)["charge"] == "EUR", "the column that says otherwise is not known any more"
    assert "charge" not in kept(company, LINE)
    assert equal(company)


def test_a_line_that_waits_for_its_invoice_goes_on_waiting_for_that_until_it_comes_anew() -> None:
    company, _ = parked()
    publish(company, reading(governance(), "billing", "invoice_line", invoice_ref="charge"))
    company.row("billing", "invoice", "I", 4, "B")
    assert attributes(company, LINE)["invoice_ref"] == "I"
    assert (holes(company), images_below(company, "k/")) == ([], [])
    assert equal(company)


@pytest.mark.parametrize("waits", [False, True])
def test_what_comes_while_rows_are_read_again_is_read_by_the_mapping_in_force(waits: bool) -> None:
    company = company_of(governance())
    publish(company, reading(governance(), "billing", "invoice_line", charge="label"), run=False)
    company.row("billing", "invoice_line", "L", 3, "B", label="licences", run=waits)
    company.row("billing", "invoice", "I", 4, "B")
    assert attributes(company, LINE)["charge"] == "licences"
    assert kept(company, LINE)["label"] == "licences"
    assert equal(company)


@pytest.mark.parametrize("published_before", [(), (misreading(),)])
def test_a_row_that_waits_since_a_release_that_kept_every_column_is_read_as_one_of_this(
    published_before: tuple[Governance, ...],
) -> None:
    company = waiting_whole(*published_before)
    assert equal(company)
    company.row("billing", "invoice", "I", 4, "B")
    assert attributes(company, LINE)["charge"] == "seats"
    assert "contact" not in kept(company, LINE)
    assert equal(company)


def test_a_row_of_a_release_that_kept_every_column_is_read_as_one_of_this() -> None:
    company = with_invoice(misreading(), label="Invoice 1")
    for partition in range(company.governance.partitions):
        state = company.driver.state("identify", partition)
        state.apply({key: whole(value) for key, value in state.items() if "native" in value})
    assert kept(company)["contact"] == "Ada Lovelace"
    assert equal(company)

    publish(company, reading(governance(), "billing", "invoice", number="label", due_on="contact"))

    assert attributes(company)["status"] == "posted"
    assert attributes(company)["number"] == "I-1"
    assert "contact" not in kept(company)
    assert equal(company)


def whole(image: dict[str, Any]) -> dict[str, Any]:
    """As a release kept it that left nothing out."""
    object_, fields, *seen = image["native"]
    return {**image, "native": [object_, {**fields, "label": "Invoice 1", "contact": "Ada Lovelace"}, *seen]}


# -- rows


def test_a_row_whose_words_mean_the_same_is_not_told_again() -> None:
    company = with_invoice(governance())
    company.driver.written.clear()
    publish(company, reading(governance(), "billing", "invoice", status=words(governance(), Sent="posted")))
    assert [w for w in company.driver.written[topics.CHANGES] if w.record == "InvoiceChanged"] == []


def test_a_row_that_was_deleted_stays_deleted() -> None:
    company = with_invoice(misreading())
    company.row("billing", "invoice", "I", 3, "B", operation="delete")
    publish(company, governance())
    company.heard(40)
    assert lives(company) == []
    assert [v["op"] for v in image(company, INVOICE)["versions"]][-1] == "delete"
    assert "native" not in image(company, INVOICE)


def test_a_value_that_the_source_did_not_send_again_is_read_from_when_it_did() -> None:
    company = with_invoice(keeping("memo"), memo="said once")
    company.row("billing", "invoice", "I", 3, "B", status="Draft", number=UNCHANGED, memo=UNCHANGED)
    publish(company, reading(keeping("memo"), "billing", "invoice", number="memo"))
    assert attributes(company)["number"] == "said once"
    assert attributes(company)["status"] == "draft"


def test_a_field_that_was_not_captured_then_leaves_the_value_as_it_is_until_the_row_comes_again() -> None:
    company = with_invoice(governance())
    publish(company, reading(governance(), "billing", "invoice", number="label"))
    assert attributes(company)["number"] == "I-1"

    company.row("billing", "invoice", "I", 5, "B", label="Invoice 1")
    assert attributes(company)["number"] == "Invoice 1"


def test_a_row_of_an_earlier_release_keeps_what_was_read_until_it_comes_again() -> None:
    company = with_invoice(misreading())
    for partition in range(company.governance.partitions):
        state = company.driver.state("identify", partition)
        old = {key: {"versions": v["versions"]} for key, v in state.items() if "native" in v}
        state.apply({**old, **{key: None for key, _ in state.items() if key[:2] in ("m/", "v/")}})
    after = restarted(company, governance())
    after.heard(4)
    publish(after, reading(governance(), "billing", "invoice", status=words(governance(), Posted="voided")))
    assert attributes(after)["status"] == "draft"

    after.row("billing", "invoice", "I", 5, "B", status="Posted")
    assert attributes(after)["status"] == "voided"


def test_what_a_later_snapshot_showed_began_at_some_time_before_it() -> None:
    company = company_of(misreading())
    company.heard(2)
    company.row("billing", "invoice", "I", 3, "B", status="Posted", snapshot=True)
    publish(company, governance())
    began = since(image(company, INVOICE)["versions"][-1]["since"], "posted")
    assert began is not None
    assert (seconds_of(began.at), began.snapshot, began.seen) == (3, False, False)


# -- what a row cannot be read by


def unreadable(*, run: bool = True) -> Company:
    """The status that the invoice has is not in the vocabulary any more."""
    company = with_invoice(governance())
    company.heard(4)
    known = words(governance())
    without = known.model_copy(update={"map": {w: m for w, m in known.map.items() if w != "Posted"}})
    publish(company, reading(governance(), "billing", "invoice", status=without), run=run)
    return company


def holes(company: Company) -> list[str]:
    states = (company.driver.state("identify", p).items() for p in range(company.governance.partitions))
    return [key for state in states for key, _ in state if key.startswith("h/")]


def letters(company: Company) -> list[dict[str, Any]]:
    return [w.value for w in company.driver.written[topics.DEAD_LETTERS] if w.value]


def replay(company: Company, letter: dict[str, Any]) -> None:
    record = replayed(letter)
    company.driver.pipe_raw(record.topic, record.key, record.value, record.partition, record.headers)
    company.driver.run()


def test_a_row_that_cannot_be_read_goes_to_the_dead_letters_with_its_key_and_why() -> None:
    company = unreadable()
    (letter,) = letters(company)
    assert (letter["reason"], letter["entity"], letter["original_key"]) == ("unmapped_status", "invoice", b"B")
    assert "'Posted' is not mapped" in letter["detail"]
    asked = company.driver.codec.decode(letter["original_value"])
    assert (asked.record, asked.value["native_id"]) == ("RowToRead", "I")
    assert attributes(company)["status"] == "posted"


def test_nothing_is_judged_of_it_meanwhile() -> None:
    company = unreadable()
    company.heard(60)
    assert lives(company) == []
    assert equal(company)


def test_its_letter_comes_home_once_a_mapping_can_read_it() -> None:
    company = unreadable()
    company.heard(60)
    publish(company, governance())
    replay(company, letters(company)[-1])
    company.heard(70)
    assert lives(company) == [(2 + SLA_SECONDS, None, "")]
    assert equal(company)


def test_its_letter_comes_back_as_long_as_none_can() -> None:
    company = unreadable()
    replay(company, letters(company)[-1])
    company.heard(60)
    assert [letter["hops"] for letter in letters(company)] == [1, 2]
    assert len({letter["letter_id"] for letter in letters(company)}) == 1
    assert lives(company) == []


@pytest.mark.parametrize("refused", [True, False], ids=["refused before", "asked for behind it"])
def test_a_later_mapping_that_can_read_it_closes_its_hole_wherever_it_was_asked_for(refused: bool) -> None:
    company = unreadable(run=refused)
    publish(company, governance())
    assert len(letters(company)) == refused
    assert holes(company) == []
    company.heard(60)
    assert lives(company) == [(2 + SLA_SECONDS, None, "")]
    assert equal(company)


@pytest.mark.parametrize("refused", [True, False], ids=["refused before", "asked for behind it"])
def test_a_row_that_comes_anew_and_can_be_read_closes_its_hole(refused: bool) -> None:
    company = unreadable(run=refused)
    company.row("billing", "invoice", "I", 6, "B", status="Voided")
    assert len(letters(company)) == refused
    assert holes(company) == []
    assert equal(company)


def test_a_mapping_that_a_release_before_refused_comes_home(monkeypatch: pytest.MonkeyPatch) -> None:
    company = with_invoice(misreading())
    company.heard(4)
    with monkeypatch.context() as older:
        older.setattr(mappings, "read_mapping", lambda document: read_mapping('{"invoice": {"unheard": 1}}'))
        publish(company, governance())
    assert len(holes(company)) == company.governance.partitions
    for letter in letters(company):
        replay(company, letter)
    company.heard(60)
    assert holes(company) == []
    assert lives(company) == [(2 + SLA_SECONDS, None, "")]


def test_a_line_stays_with_its_invoice_until_it_comes_anew() -> None:
    company = with_invoice(governance())
    company.row("billing", "invoice_line", "L", 3, "B", other_invoice="gone")
    publish(company, reading(governance(), "billing", "invoice_line", invoice_ref="other_invoice"))
    line = "i/billing/B/invoice_line/L"
    assert (attributes(company, line)["invoice_ref"], letters(company)) == ("I", [])
    company.row("billing", "invoice", "J", 4, "B")
    company.row("billing", "invoice_line", "L", 5, "B", other_invoice="J")
    assert attributes(company, line)["invoice_ref"] == "J"


# -- the rest of what is known


def test_links_stay_as_they_were_read_until_the_row_comes_anew() -> None:
    wrong = reading(governance(), "billing", "account", crm_ref="other_ref")
    company = Company(wrong)
    company.row("crm", "Account", "A", 1)
    company.row("billing", "account", "B", 1, crm_account_id="A", other_ref=None)
    company.row("billing", "invoice", "I", 2, "B", status="Posted")
    company.heard(6)
    publish(company, governance())
    company.heard(40)
    assert [d["canonical_id"] for d in company.drifts(UNPOSTED) if d["status"] == "open"] == ["billing:B"]
    company.row("billing", "account", "B", 41, crm_account_id="A", other_ref=None)
    company.heard(60)
    assert [d["canonical_id"] for d in company.drifts(UNPOSTED) if d["status"] == "open"] == ["crm:A"]


def test_nobody_changed_what_is_only_read_otherwise() -> None:
    company = with_invoice(misreading())
    company.row("billing", "invoice", "I", 3, "B", status="Voided")
    assert trail_of(image(company, INVOICE)["versions"][-1]["since"], "status")[0].was == "draft"
    publish(company, governance())
    assert trail_of(image(company, INVOICE)["versions"][-1]["since"], "status") == ()


def test_a_new_word_leaves_the_trail_of_the_others() -> None:
    company = with_invoice(governance(), status="Draft")
    company.row("billing", "invoice", "I", 3, "B", status="Posted")
    publish(company, reading(governance(), "billing", "invoice", status=words(governance(), Sent="posted")))
    assert [step.was for step in trail_of(image(company, INVOICE)["versions"][-1]["since"], "status")] == ["draft"]


@pytest.mark.parametrize("together", [False, True], ids=["a commit each", "one commit"])
def test_what_changes_before_the_rows_are_read_keeps_its_trail(together: bool) -> None:
    company = with_invoice(misreading(), status="Draft")
    publish(company, governance(), run=False)
    company.row("billing", "invoice", "I", 6, "B", status="Posted", run=False)
    driver = company.driver
    for place in [place for place, queue in driver.queues.items() if queue]:
        while driver.queues[place]:
            (driver.fold if together else driver.run_one)(place)
    while any(driver.commit("identify", partition) for partition in range(company.governance.partitions)):
        pass
    driver.run()

    newest = image(company, INVOICE)["versions"][-1]
    assert [step.was for step in trail_of(newest["since"], "status")] == ["draft"]
    assert again._AGAIN not in newest["version"], "it was read by the mapping in force when it came"


# -- one mapping behind the other


SOURCE = topics.source_topic("billing")


@pytest.fixture
def read_again(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The rows that are, two a slice."""
    monkeypatch.setattr(again, "SLICE", 2)
    rows: list[str] = []
    reading_ = again._read

    def noted(ws: Any, governed: Any, pending: Any, row: again.Row, image: Any) -> None:
        rows.append(row.native_id)
        reading_(ws, governed, pending, row, image)

    monkeypatch.setattr(again, "_read", noted)
    return rows


def to_be_read_again() -> Company:
    """Nine invoices and their customer, and a mapping that was taken and has read nothing yet."""
    company = with_invoice(misreading())
    for number in range(8):
        company.row("billing", "invoice", f"I{number}", 2, "B", status="Posted")
    publish(company, governance(), run=False)
    fold_source(company)
    return company


def fold_source(company: Company) -> None:
    for place, queue in company.driver.queues.items():
        while queue and place[0] == SOURCE:
            company.driver.fold(place)


def test_a_mapping_that_comes_while_rows_are_read_again_has_no_more_of_them_read_at_once(read_again: list[str]) -> None:
    company = to_be_read_again()
    publish(company, misreading(), run=False)
    fold_source(company)
    assert read_again == []

    commits = [company.driver.commit("identify", p) for p in range(company.governance.partitions)]
    assert (any(commits), len(read_again)) == (True, 2)
    company.heard(40)
    assert (len(read_again), attributes(company)["status"], lives(company)) == (20, "draft", [])
    assert equal(company)


@pytest.mark.parametrize(("of", "gone"), [("subscription", 0), ("invoice", 9), ("account", 1)])
def test_rows_that_went_while_others_are_read_again_are_read_and_then_gone(
    read_again: list[str], of: str, gone: int
) -> None:
    company = to_be_read_again()
    for partition in range(company.governance.partitions):
        shard = company.driver.shard("identify", partition)
        ws = Workspace(shard.state)
        on_gap(ws, company.governance, partition, Gap("billing", of, 4 * SECOND))
        shard._accept(ws)
    assert (len(read_again), vanished(company)) == (0, 0)

    company.heard(40)
    assert (len(read_again), vanished(company)) == (10, gone)


def vanished(company: Company) -> int:
    return sum(last["op"] == "presumed_deleted" for _, last in images(company))


def images(company: Company) -> list[tuple[str, dict[str, Any]]]:
    """Rows and the last version of each, committed or not."""
    shards = (company.driver.shard("identify", p) for p in range(company.governance.partitions))
    return [(key, held["versions"][-1]) for s in shards for key, held in s.state.range("i/billing/", 100)]


@pytest.mark.parametrize("fine", [True, False], ids=["a row a commit", "all at once"])
def test_mappings_that_come_together_say_what_they_say_one_after_the_other(
    monkeypatch: pytest.MonkeyPatch, fine: bool
) -> None:
    monkeypatch.setattr(again, "SLICE", 1 if fine else 256)
    voided = reading(governance(), "billing", "invoice", status=words(governance(), Posted="voided"))
    apart, together = with_invoice(misreading()), with_invoice(misreading())
    for company in (apart, together):
        for governed in (governance(), voided, misreading(), governance()):
            publish(company, governed, run=company is apart)
        fold_source(company)
        company.heard(40)
        assert lives(company) == [(2 + SLA_SECONDS, None, "")]
        assert equal(company)

    numbered = [version["version"].partition(again._AGAIN)[2] for version in image(together, INVOICE)["versions"]]
    assert numbered == ["", "000001", "000002", "000003", "000004"]
    assert image(apart, INVOICE) == image(together, INVOICE)
    assert documents(together) == documents(apart)


def documents(company: Company) -> set[str]:
    """Mappings that the state of identify keeps."""
    states = (company.driver.state("identify", p).items() for p in range(company.governance.partitions))
    return {key for state in states for key, _ in state if key.startswith("v/")}


# -- the law, with mappings among the input


def otherwise() -> list[tuple[str, Governance]]:
    """A system, and how it is read then: words confused, a word unknown, links and references read from elsewhere, a
    column kept no more, one that never was, facts that hold of other records."""
    governed = governance()
    known = words(governed)
    unknown = known.model_copy(update={"map": {w: m for w, m in known.map.items() if w != "Posted"}})
    postings = governed.mappings["erp"]["ledger_posting"].attributes["status"]
    assert isinstance(postings, Vocabulary)
    swapped = {"Draft": postings.map["Posted"], "Posted": postings.map["Draft"]}
    return [
        ("billing", governed),
        ("billing", misreading()),
        ("billing", reading(governed, "billing", "invoice", status=unknown)),
        ("billing", reading(governed, "billing", "account", crm_ref="status")),
        ("billing", reading(governed, "billing", "invoice", number="subscription_id")),
        ("billing", reading(keeping("number"), "billing", "invoice", number="subscription_id")),
        ("billing", reading(governed, "billing", "invoice", number="unheard_of")),
        ("erp", governed),
        ("erp", reading(governed, "erp", "ledger_posting", status=postings.model_copy(update={"map": swapped}))),
        ("erp", reading(governed, "erp", "ledger_posting", document_ref="document_type")),
        ("billing", deciding(governed, "invoice", "posted", when={"status": ["draft"], "total": "not_zero"})),
        ("erp", deciding(governed, "credit_memo", "posted", when={"status": ["draft"]})),
        ("crm", deciding(governed, "opportunity", "won", when={"stage": {"other_than": ["won"]}})),
        ("crm", deciding(governed, "opportunity", "won", dated_by="closes_on")),
        ("crm", governed),
        ("crm", reading(governed, "crm", "Account", erp_ref="ERP_Ref__c", status="ERP_Customer_Id__c")),
    ]


def with_mappings(history: Any, rng: random.Random) -> dict[tuple[str, int], list[Any]]:
    """What sources write, and mappings somewhere in between."""
    sources, company = inputs(history), Company()
    for system, governed in rng.choices(otherwise(), k=rng.randint(1, 4)):
        publish(company, governed, system, run=False)
    for place, records in company.driver.queues.items():
        held = sources.setdefault(place, [])
        for raw in records:
            held.insert(rng.randint(0, len(held)), raw)
    return sources


@given(histories(), st.integers(0, 2**32))
def test_any_interleaving_duplication_and_restart_give_the_same_drifts_and_facts(history: Any, seed: int) -> None:
    rng = random.Random(seed)
    sources = with_mappings(history, rng)
    shuffled = run(sources, choose=rng.choice, duplicate=lambda: rng.random() < 0.15, crash=lambda: rng.random() < 0.05)
    assert shuffled == in_order(sources)


@settings(max_examples=60)
@given(histories(), st.integers(0, 2**32))
def test_commits_and_crashes_in_the_middle_of_it_change_nothing(history: Any, seed: int) -> None:
    sources = with_mappings(history, random.Random(seed))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(again, "SLICE", 1)
        restless = Restless(sources, random.Random(seed), ONE_INPUT).run().company
    assert outcome(restless) == in_order(sources)


@settings(max_examples=20, phases=(Phase.explicit, Phase.generate))
@given(histories(), st.integers(0, 2**32), st.integers(10, 400))
def test_verify_finds_it_equal_wherever_it_stands(history: Any, seed: int, steps: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(again, "SLICE", 1)
        restless = Restless(with_mappings(history, random.Random(seed)), random.Random(seed), ())
        for _ in range(steps):
            restless.act_once()
        assert equal(restless.company)


def equal(company: Company) -> bool:
    readers = dict.fromkeys(company.governance.systems, read)
    report = examine(DriverRecording(company.driver), company.governance, readers)
    assert (report.code, report.differences, report.unproven) == (EQUAL, [], [])
    return True
