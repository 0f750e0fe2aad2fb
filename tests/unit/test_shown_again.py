"""A table is read again beside its live changes: rows that a snapshot shows as they are known are told to nobody, and
nothing comes out otherwise than if they were."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from schemas import topics
from schemas.codec import Codec
from schemas.instants import SECOND
from schemas.source import Heard
from streams.identify import again as again_
from streams.identify import keys, losses, shown, sweeps
from streams.identify.holes import Hole, open_
from streams.identify.losses import Loss
from streams.identify.progress import hear
from streams.identify.reroute import on_route
from streams.letters import ID_HEADER
from streams.verify.examine import examine
from streams.verify.report import EQUAL
from tables.view import Workspace
from tables.watermarks import LINKS
from tests.recorded import DriverRecording
from tests.topology import Company
from tests.unit.test_captured_anew import begin, of_an_epoch, of_epochs
from tests.unit.test_mapping_published import with_mappings
from tests.unit.test_replay_from_any_commit import Restless
from tests.unit.test_rows_read import GOVERNANCE, nothing, row, take, told, versions
from tests.unit.test_the_law import histories, inputs, outcome, run
from tests.unit.test_the_law_captured_anew import THERE, anew, late, undisturbed

SOURCE = topics.source_topic("billing")


def again(at: int = 20, **fields: Any) -> Any:
    return row(at, snapshot=True, **fields)


def posted() -> Workspace:
    """An invoice that is known."""
    return take(nothing(), row(7, status="Posted", by="ada"))


def names(ws: Workspace) -> list[Any]:
    return [version for _, version in told(ws, "version")]


def test_a_row_shown_as_it_is_known_is_told_to_nobody_and_its_image_remembers() -> None:
    ws = take(posted(), again(20, status="Posted", by="ada"))

    assert names(ws) == ["v007"]
    assert [version["version"] for version in versions(ws)] == ["v007", "v020"]


@pytest.mark.parametrize(
    "shown_then",
    [
        pytest.param(again(20, status="Draft", by="ada"), id="it says otherwise"),
        pytest.param(again(20, status="Posted", by="ada", number="I-2"), id="it says otherwise what is no fact"),
        pytest.param(again(20, status="Posted", by="sync"), id="somebody else wrote it"),
        pytest.param(row(20, status="Posted", by="ada"), id="the log says it"),
    ],
)
def test_what_says_anything_is_told(shown_then: Any) -> None:
    assert names(take(posted(), shown_then)) == ["v007", "v020"]


def test_a_fact_that_came_after_a_release_is_told() -> None:
    ws = posted()
    key = keys.row_key("billing", "B", "invoice", "I")
    (version,) = versions(ws)
    before = {**version, "since": {name: began for name, began in version["since"].items() if name != "posted"}}
    ws.put(key, {**(ws.get(key) or {}), "versions": [before]})
    assert names(take(ws, again(20, status="Posted", by="ada"))) == ["v007", "v020"]


def test_behind_a_later_version_it_is_told() -> None:
    ws = take(posted(), row(25, status="Draft"), again(20, status="Posted", by="ada"))
    assert names(ws) == ["v007", "v025", "v020"]


def test_that_a_row_is_gone_is_told() -> None:
    ws = take(posted(), row(9, operation="delete"), row(20, operation="delete", snapshot=True))
    assert names(ws) == ["v007", "v009", "v020"]


def test_it_came_as_any_row_does_and_stays_where_what_came_before_is_swept_away() -> None:
    ws = nothing()
    sweeps.begin(ws, GOVERNANCE, "billing", ["invoice"], Loss("", 30))
    take(ws, row(7, status="Posted", by="ada"), again(20, status="Posted", by="ada"))
    again_.slice_(ws, GOVERNANCE, "billing")
    assert versions(ws)[-1]["op"] == "upsert"


def test_what_the_first_snapshot_shows_is_told() -> None:
    assert names(take(posted(), again(20, status="Posted", by="ada"), first=True)) == ["v007", "v020"]


def test_a_letter_that_comes_home_is_told() -> None:
    assert names(take(posted(), again(20, status="Posted", by="ada"), letter="L")) == ["v007", "v020"]


def test_a_row_that_was_gone_is_told() -> None:
    ws = take(posted(), row(9, operation="delete"), again(20, status="Posted", by="ada"))
    assert names(ws) == ["v007", "v009", "v020"]


def test_a_customer_is_told_for_its_links() -> None:
    ws = take(nothing(), row(7, "account", "B"), again(20, object_="account", native_id="B"))
    assert names(ws) == ["v007", "v020"]


@pytest.mark.parametrize(("customer", "names_told"), [("B", ["v007", "v020"]), ("", ["v007", "v020"]), ("C", ["v007"])])
def test_where_evidence_is_missing_it_is_told(customer: str, names_told: list[str]) -> None:
    ws = posted()
    open_(ws, GOVERNANCE, Hole("billing", customer, "invoice", "L"), 1, 9)
    assert names(take(ws, again(20, status="Posted", by="ada"))) == names_told


def test_what_is_lost_with_a_later_snapshot_is_told() -> None:
    ws = posted()
    losses.remember(ws, "billing", ["invoice"], Loss("v030", 30))
    assert names(take(ws, again(20, status="Posted", by="ada"))) == ["v007", "v030", "v020"]


def test_a_version_that_comes_late_has_what_was_shown_behind_it_told_once() -> None:
    ws = take(posted(), again(20, status="Posted", by="ada"), row(25, status="Voided"), row(15, status="Draft"))
    assert names(ws) == ["v007", "v025", "v020", "v015"]
    assert names(take(ws, row(16, status="Draft"))) == ["v007", "v025", "v020", "v015", "v016"]


def test_it_is_told_behind_a_late_one_also_where_a_change_has_taken_its_place_since() -> None:
    """A letter that was given up, and is replayed after all."""
    ws = linked_until(take(posted(), again(20, **SHOWN)), 50)
    assert names(take(ws, row(25, status="Voided"), row(30, status="Draft"))) == ["v007", "v025", "v030"]
    assert names(take(ws, row(15, status="Draft"), letter="L")) == ["v007", "v025", "v030", "v020", "v015"]


def test_a_version_behind_it_is_told_alone() -> None:
    ws = take(posted(), again(20, status="Posted", by="ada"), row(25, status="Draft"))
    assert names(ws) == ["v007", "v025"]


def kept(ws: Workspace) -> tuple[list[str], list[str]]:
    """What its image has, and what of that nobody was told."""
    image = ws.get(keys.row_key("billing", "B", "invoice", "I")) or {"versions": []}
    return [version["version"] for version in image["versions"]], image.get("untold", [])


SHOWN = {"status": "Posted", "by": "ada"}


def test_shown_again_and_again_it_is_remembered_by_the_first_and_the_last() -> None:
    ws = take(posted(), *(again(at, **SHOWN) for at in (20, 21, 22)))
    assert names(ws) == ["v007"]
    assert kept(ws) == (["v007", "v020", "v022"], ["v020", "v022"])


def linked_until(ws: Workspace, at: int) -> Workspace:
    """No link is asserted any more of instants before."""
    for system in GOVERNANCE.linking:
        hear(ws, 0, Heard(system, LINKS, 0, "streaming", at))
    return ws


def amended_from(ws: Workspace, at: int) -> Workspace:
    """What was told of before is judged otherwise for nothing that comes late."""
    span = round(GOVERNANCE.late_retention_seconds * SECOND)
    hear(ws, 1, Heard("billing", "*", 0, "streaming", at + span))
    return ws


def test_what_nobody_was_told_takes_the_place_of_nothing_that_was() -> None:
    """One that comes late may lie between the two; and who is told of the row later is told the first."""
    ws = amended_from(linked_until(take(posted(), again(20, **SHOWN)), 50), 40)
    assert kept(take(ws, again(30, **SHOWN))) == (["v007", "v020", "v030"], ["v020", "v030"])
    assert kept(take(ws, row(40, status="Draft"))) == (["v040"], [])


def test_it_is_kept_while_anything_is_amended_of_before_what_followed() -> None:
    ws = amended_from(linked_until(take(posted(), again(20, **SHOWN), again(30, **SHOWN)), 50), 39)
    assert kept(take(ws, row(40, status="Draft"))) == (["v007", "v020", "v030", "v040"], ["v020", "v030"])
    assert kept(take(amended_from(ws, 40), row(46, status="Posted"))) == (["v040", "v046"], [])


def routed(ws: Workspace, to: str, version: int, at: int) -> Workspace:
    value = {"system": "billing", "native_customer": "B", "canonical_id": to, "route_version": version}
    on_route(ws, GOVERNANCE, {**value, "routed_at": at})
    return ws


def told_whom(ws: Workspace) -> list[Any]:
    return [(whom, version) for record, whom, version in told(ws, "canonical_id", "version") if record != "EntityMoved"]


def test_who_is_told_of_the_row_later_is_told_no_more() -> None:
    """So it does not hang on when a link was heard of, which no replay can tell."""
    ws = routed(take(posted(), again(20, **SHOWN)), "crm:A", 1, 18)
    assert told_whom(ws) == [("billing:B", "v007"), ("crm:A", "v007")]
    assert told_whom(take(routed(posted(), "crm:A", 1, 18), again(20, **SHOWN))) == told_whom(ws)


def test_it_may_come_more_than_once() -> None:
    ws = take(posted(), again(20, **SHOWN), again(20, **SHOWN))
    assert names(ws) == ["v007"]
    assert names(take(ws, again(20, **SHOWN), letter="L")) == ["v007", "v020"]


def test_what_is_known_comes_once_more_and_has_nothing_told_behind_it() -> None:
    assert names(take(posted(), again(20, **SHOWN), row(7, **SHOWN))) == ["v007", "v007"]


def test_what_was_lacking_before_a_link_has_it_told_there_too() -> None:
    ws = take(posted(), again(20, **SHOWN))
    open_(ws, GOVERNANCE, Hole("billing", "B", "invoice", "L"), 1, 9)
    take(routed(ws, "crm:A", 1, 40), row(15, status="Draft"), letter="L")
    assert told_whom(ws)[2:] == [(whom, version) for version in ("v020", "v015") for whom in ("billing:B", "crm:A")]


def test_a_row_that_no_mapping_can_read_misses_nothing_of_the_others() -> None:
    """It was told as it came. When it is looked at hangs on where slices fall."""
    ws = posted()
    open_(ws, GOVERNANCE, Hole("billing", "B", "invoice", "again-7"), 1, 9)
    assert names(take(ws, again(20, **SHOWN))) == ["v007"]


def test_a_row_that_an_attempt_showed_elsewhere_is_where_it_was() -> None:
    """It went to another customer of its system and came back while nobody looked; in between a snapshot was broken off
    that showed it there. What did not show it there any more says nothing of where it is."""
    company = of_epochs(judged=("invoice_not_posted",))
    for customer in ("B", "B2"):
        company.row("billing", "account", customer, 1)
    company.row("billing", "invoice", "I", 2, "B", status="Posted")
    company.heard(5)
    for attempt, customer in ((1, "B2"), (2, "B")):
        anew: dict[str, Any] = {"headers": {"epoch": b"1", "attempt": b"%d" % attempt}, "snapshot": True}
        for account in ("B", "B2"):
            company.row("billing", "account", account, 1, **anew)
        company.row("billing", "invoice", "I", 20 + attempt, customer, status="Posted", **anew)
    begin(company, 1, attempt=2)
    company.heard(60, "crm", "erp")
    company.heard(60, "billing", epoch=1)
    assert company.corrected("invoice") == ["billing:I"]
    assert len(company.open("invoice_not_posted")) == 1


Attempt = tuple[str | None, str]
"""At which account it shows the invoice, and in which status."""


def in_attempts(*attempts: Attempt, answered: int | None = None) -> Company:
    """An invoice that was posted at one of a customer's accounts; of the attempts to read it anew the last is whole."""
    company = of_epochs(judged=("invoice_not_posted",))
    for attempt, (account, status) in enumerate((("B", "Posted"), *attempts)):
        more: dict[str, Any] = {"headers": {"epoch": b"1", "attempt": b"%d" % attempt}, "snapshot": True}
        for each in ("B", "B2"):
            company.row("billing", "account", each, 1, **(more if attempt else {}))
        if account is not None:
            at = 20 + attempt if attempt else 2
            company.row("billing", "invoice", "I", at, account, status=status, **(more if attempt else {}))
        if attempt == 0:
            company.heard(5)
    if answered is not None:
        company.row("erp", "ledger_posting", "P", answered, "E")
    begin(company, 1, attempt=len(attempts))
    company.heard(60, "crm", "erp")
    company.heard(60, "billing", epoch=1)
    return company


def test_a_row_is_where_the_next_attempt_shows_it_since_that_did() -> None:
    """And not since that has ended: what was shown elsewhere was said later than what was known here, and otherwise."""
    company = in_attempts(("B2", "Draft"), ("B", "Posted"))
    assert [d["opened_at"] // SECOND for d in company.open("invoice_not_posted")] == [22]


def test_a_table_that_is_read_alone_again_and_again_is_no_snapshot_that_was_broken_off() -> None:
    company = of_epochs(judged=())
    company.row("billing", "account", "B", 1)
    company.row("billing", "invoice", "I", 2, "B")
    company.heard(5)
    for attempt in (1, 2, 3):
        headers = {"epoch": b"1", "attempt": b"%d" % attempt}
        company.row("billing", "invoice", "I", 10 * attempt, "B", headers=headers, snapshot=True)
        company.heard(10 * attempt + 5)
    told_of = [w.value for w in company.driver.written[topics.CHANGES] if w.record == "InvoiceChanged"]
    assert len(told_of) == 1


def test_what_comes_late_counts_until_a_snapshot_showed_otherwise_also_where_a_change_has_followed() -> None:
    """A draft that nobody could read, and that was given up, is replayed after all; it was posted again by then."""
    company, anew = of_epochs(judged=("invoice_not_posted",), late_retention_seconds=600), {"epoch": b"1"}
    company.row("crm", "Account", "A", 1, Billing_Account_Id__c="B")
    company.row("billing", "account", "B", 1)
    company.row("billing", "invoice", "I", 1, "B", status="Posted")
    company.heard(5)
    company.row("billing", "invoice", "I", 15, "B", status="Posted", headers=anew, snapshot=True)
    for at in (40, 41):
        company.row("billing", "invoice", "I", at, "B", status="Draft", headers=anew)
        company.heard(60, "crm", "erp")
        company.heard(60, "billing", epoch=1)
    company.row("billing", "invoice", "I", 3, "B", status="Draft", headers={ID_HEADER: b"letter"})
    company.heard(90, epoch=1)
    assert [(d["opened_at"] // SECOND, d["closed_at"] // SECOND) for d in company.drifts()] == [(15, 40)]


def test_two_readings_at_once_leave_the_row_as_the_later_showed_it() -> None:
    company = of_epochs(judged=())
    company.row("billing", "account", "B", 1)
    company.heard(5)
    for attempt, status in ((1, "Posted"), (3, "Posted"), (2, "Draft")):
        shown_by = {"headers": {"attempt": str(attempt).encode()}, "snapshot": True}
        company.row("billing", "invoice", "I", 1 + attempt, "B", status=status, **shown_by)  # type: ignore[arg-type]
    (facts,) = [dict(said) for name, said in outcome(company)[1].items() if "/invoice/" in name]
    assert facts["status"] == '"posted"'


# -- law


def read_twice(sources: dict[Any, list[Any]], rng: random.Random, codec: Codec) -> dict[Any, list[Any]]:
    """Billing begins with a snapshot; later its tables are read again, by two at once whose rows come in any order."""
    return {p: _read_twice(records, rng, codec) if p[0] == SOURCE else records for p, records in sources.items()}


def _read_twice(records: list[Any], rng: random.Random, codec: Codec) -> list[Any]:
    first = rng.randint(0, len(records) // 2)
    found = [_shown(raw, codec, 1) for raw in records[:first]] + records[first:]
    for attempt in (2, 3):
        begun = rng.randint(first, len(found))
        rows: dict[str, Any] = {}
        for raw in records[:begun]:
            record, value = codec.decode(raw.value)
            if record == "PolledRow":
                rows[value["id"]] = raw if value["operation"] == "upsert" else None
        for raw in rows.values():
            if raw is not None:
                found.insert(rng.randint(first, len(found)), _shown(raw, codec, attempt))
    return found


def _shown(raw: Any, codec: Codec, attempt: int) -> Any:
    record, value = codec.decode(raw.value)
    if record != "PolledRow" or value["operation"] != "upsert":
        return raw
    headers = {**raw.headers, "attempt": str(attempt).encode()}
    return raw._replace(value=codec.encode(SOURCE, record, {**value, "snapshot": True}), headers=headers)


@settings(max_examples=60)
@pytest.mark.parametrize(
    "reads", [anew, read_twice, lambda *how: late(anew(*how), *how[1:])], ids=["anew", "twice", "late"]
)
@given(history=histories(), seed=st.integers(0, 2**32))
def test_it_is_as_if_all_that_was_shown_was_told(reads: Any, history: Any, seed: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tests.topology.read", of_an_epoch)
        rng = random.Random(seed)
        rows = with_mappings(known(history), rng) if rng.random() < 0.5 else inputs(known(history))
        sources = reads(rows, rng, Company().driver.codec)
        quiet = undisturbed(sources)
        patch.setattr(shown, "as_known", lambda *_: False)
        loud = undisturbed(sources)
    assert lives(quiet) == lives(loud)
    assert outcome(quiet)[1:] == outcome(loud)[1:]


def lives(company: Company) -> list[tuple[Any, ...]]:
    """Of what is shown at the instant of the version that it repeats, judge would name the later as a drift's trigger;
    untold, it names the version that began it. So ids may differ, and nothing else that they are made of."""
    about = ("kind", "system", "entity", "native_id", "canonical_id")
    fields = (*about, "triggered_at", "due_at", "opened_at", "closed_at", "how", "amount_at_stake")
    return sorted((tuple(d[name] for name in fields) for d in company.drifts()), key=str)


ATTEMPTS = st.lists(st.tuples(st.sampled_from(("B", "B2", None)), st.sampled_from(("Posted", "Draft"))), max_size=3)


@settings(max_examples=60)
@given(attempts=ATTEMPTS.filter(len), answered=st.sampled_from((None, 24, 30)))
def test_it_is_so_wherever_attempts_that_were_broken_off_showed_it(
    attempts: list[Attempt], answered: int | None
) -> None:
    quiet = in_attempts(*attempts, answered=answered)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(shown, "as_known", lambda *_: False)
        loud = in_attempts(*attempts, answered=answered)
    assert lives(quiet) == lives(loud)
    assert outcome(quiet)[1:] == outcome(loud)[1:]


@settings(max_examples=40)
@given(history=histories(), seed=st.integers(0, 2**32))
def test_whatever_the_order_and_however_often_it_comes_it_is_the_same(history: Any, seed: int) -> None:
    """While mappings change."""
    rng = random.Random(seed)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tests.topology.read", of_an_epoch)
        sources = anew(with_mappings(known(history), rng), rng, Company().driver.codec)
        shuffled = run(
            sources, choose=rng.choice, duplicate=lambda: rng.random() < 0.15, crash=lambda: rng.random() < 0.05
        )
        assert shuffled == outcome(undisturbed(sources))


@settings(max_examples=20, phases=(Phase.explicit, Phase.generate))
@given(history=histories(), seed=st.integers(0, 2**32))
def test_verify_finds_it_equal_wherever_commits_fell_and_links_were_heard_of(history: Any, seed: int) -> None:
    rng = random.Random(seed)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tests.topology.read", of_an_epoch)
        patch.setattr(again_, "SLICE", 1)
        sources = anew(with_mappings(known(history), rng), rng, Company().driver.codec)
        company = Restless(sources, rng, ()).run().company
        patch.setattr(again_, "SLICE", 256)
        readers = dict.fromkeys(company.governance.systems, of_an_epoch)
        report = examine(DriverRecording(company.driver), company.governance, readers)
    assert (report.code, report.differences, report.unproven) == (EQUAL, [], [])


def known(history: Any) -> Any:
    """With rows that there are to be shown."""
    return {**history, "billing": [*THERE, *history["billing"]]}


def test_much_of_what_is_shown_is_left_untold(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.topology.read", of_an_epoch)
    history = {"crm": [], "billing": [(n, "invoice", "Posted", False) for n in range(1, 9)], "erp": []}
    company = undisturbed(read_twice(inputs(history), random.Random(3), Company().driver.codec))
    states = (company.driver.state("identify", p) for p in range(company.governance.partitions))
    assert any(value.get("untold") for state in states for key, value in state.items() if key.startswith("i/"))
