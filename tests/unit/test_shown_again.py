"""A table is read again beside its live changes: rows that a snapshot shows as they are known are told to nobody, and
nothing comes out otherwise than if they were."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas import topics
from schemas.codec import Codec
from streams.identify import keys, losses, shown
from streams.identify.holes import Hole, open_
from streams.identify.losses import Loss
from tables.view import Workspace
from tests.topology import Company
from tests.unit.test_captured_anew import of_an_epoch, of_epochs
from tests.unit.test_rows_read import GOVERNANCE, nothing, row, take, told, versions
from tests.unit.test_the_law import histories, inputs, outcome
from tests.unit.test_the_law_captured_anew import anew, late, undisturbed

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
        pytest.param(again(20, status="Posted", by="sync"), id="somebody else wrote it"),
        pytest.param(row(20, status="Posted", by="ada"), id="the log says it"),
    ],
)
def test_what_says_anything_is_told(shown_then: Any) -> None:
    assert names(take(posted(), shown_then)) == ["v007", "v020"]


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


def test_a_version_behind_it_is_told_alone() -> None:
    ws = take(posted(), again(20, status="Posted", by="ada"), row(25, status="Draft"))
    assert names(ws) == ["v007", "v025"]


def test_shown_again_and_again_it_is_remembered_by_the_last() -> None:
    ws = take(posted(), *(again(at, status="Posted", by="ada") for at in (20, 21, 22)))
    assert names(ws) == ["v007"]
    image = ws.get(keys.row_key("billing", "B", "invoice", "I")) or {}
    assert (image["untold"], [v["version"] for v in image["versions"]][-1]) == (["v020", "v021", "v022"], "v022")


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
        sources = reads(inputs(history), random.Random(seed), Company().driver.codec)
        quiet = undisturbed(sources)
        patch.setattr(shown, "as_known", lambda *_: False)
        loud = undisturbed(sources)
    assert outcome(quiet) == outcome(loud)


def test_much_of_what_is_shown_is_left_untold(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.topology.read", of_an_epoch)
    history = {"crm": [], "billing": [(n, "invoice", "Posted", False) for n in range(1, 9)], "erp": []}
    company = undisturbed(read_twice(inputs(history), random.Random(3), Company().driver.codec))
    states = (company.driver.state("identify", p) for p in range(company.governance.partitions))
    assert any(value.get("untold") for state in states for key, value in state.items() if key.startswith("i/"))
