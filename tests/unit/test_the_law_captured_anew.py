"""The law where a database is captured anew amid its changes: wherever commits and crashes fall, the same is gone, and
so it is whenever what could not be read at first comes home."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas import topics
from schemas.codec import Codec
from schemas.instants import SECOND
from streams.identify import again
from streams.letters import ID_HEADER
from tables.versions import PRESENT
from tests.topology import Company
from tests.unit.test_captured_anew import of_an_epoch
from tests.unit.test_mapping_published import with_mappings
from tests.unit.test_replay_from_any_commit import ONE_INPUT, Restless
from tests.unit.test_the_law import histories, inputs, outcome

SOURCE = topics.source_topic("billing")
Place = tuple[str, int]
ANEW = {"epoch": b"1"}


def anew(sources: dict[Place, list[Any]], rng: random.Random, codec: Codec) -> dict[Place, list[Any]]:
    """The billing system is read anew: some of what was there is there still, the rest is gone."""
    return {
        place: list(_anew(records, rng, codec)) if place[0] == SOURCE else records for place, records in sources.items()
    }


def _anew(records: list[Any], rng: random.Random, codec: Codec) -> Iterator[Any]:
    begun = rng.randint(0, len(records))
    yield from records[:begun]
    rows: dict[str, Any] = {}
    for raw in records[:begun]:
        record, value = codec.decode(raw.value)
        if record == "PolledRow":
            rows[value["id"]] = raw if value["operation"] == "upsert" else None
    progress = _some_progress(records, codec)
    yield _progress(progress, codec, phase="snapshot", watermark=None)
    yield from (_shown(raw, codec) for raw in rows.values() if raw is not None and rng.random() < 0.6)
    for raw in records[begun:]:
        is_row = codec.decode(raw.value).record == "PolledRow"
        is_progress = codec.decode(raw.value).record == "SourceProgress"
        yield raw._replace(headers=ANEW) if is_row else _progress(raw, codec) if is_progress else raw
    yield _progress(progress, codec, watermark=100 * SECOND)


def _some_progress(records: list[Any], codec: Codec) -> Any:
    return next(raw for raw in records if codec.decode(raw.value).record == "SourceProgress")


def _shown(raw: Any, codec: Codec) -> Any:
    value = {**codec.decode(raw.value).value, "snapshot": True}
    return raw._replace(value=codec.encode(SOURCE, "PolledRow", value), headers=ANEW)


def _progress(raw: Any, codec: Codec, **fields: Any) -> Any:
    value = {**codec.decode(raw.value).value, "epoch": 1, **fields}
    return raw._replace(value=codec.encode(SOURCE, "SourceProgress", value))


def emptied_at_a_position(sources: dict[Place, list[Any]], rng: random.Random, codec: Codec) -> dict[Place, list[Any]]:
    """A table is emptied, and its markers say where in the log: behind all that was captured, before all that comes."""
    found = emptied(sources, rng, codec)
    for place, records in found.items():
        if place[0] == SOURCE:
            seen = "000000000000"
            for n, raw in enumerate(records):
                record, value = codec.decode(raw.value)
                seen = f"{value['poll']:012d}" if record == "PolledRow" else seen
                if record == "SourceProgress" and value["phase"] == "gap":
                    records[n] = raw._replace(headers={"position": f"{seen}+".encode()})
    return found


def late(sources: dict[Place, list[Any]], rng: random.Random, codec: Codec) -> dict[Place, list[Any]]:
    """Some of what the billing system said before its loss could not be read, and comes home at some later time."""
    return {p: _late(records, rng, codec) if p[0] == SOURCE else records for p, records in sources.items()}


def _late(records: list[Any], rng: random.Random, codec: Codec) -> list[Any]:
    loss = next(n for n, raw in enumerate(records) if _is_loss(codec.decode(raw.value)))
    is_row = [codec.decode(raw.value).record == "PolledRow" for raw in records]
    # Of a source that was never heard a snapshot takes nothing away: it would be its first.
    letters = {n for n in range(loss) if is_row[n] and rng.random() < 0.5 and not all(is_row[:loss])}
    told = [raw for n, raw in enumerate(records) if n not in letters]
    for n in letters:
        raw = records[n]
        headers = {**raw.headers, ID_HEADER: f"letter-{raw.partition}-{n}".encode()}
        told.insert(rng.randint(n - len([m for m in letters if m < n]), len(told)), raw._replace(headers=headers))
    return told


def _is_loss(said: Any) -> bool:
    return said.record == "SourceProgress" and (said.value["phase"] == "gap" or said.value["epoch"] == 1)


def newest(company: Company) -> dict[str, tuple[Any, ...]]:
    """The last version of each row; how far back others are kept hangs on when links were heard of."""
    states = (company.driver.state("identify", p) for p in range(company.governance.partitions))
    images = {key: value["versions"][-1] for state in states for key, value in state.items() if key.startswith("i/")}
    return {key: (last["version"], last["op"], last["at"], last["attrs"]) for key, last in images.items()}


def emptied(sources: dict[Place, list[Any]], rng: random.Random, codec: Codec) -> dict[Place, list[Any]]:
    """A table of the billing system is emptied at some instant, which each partition hears of by a marker."""
    gap = {"object": rng.choice(["account", "subscription", "invoice"]), "phase": "gap", "watermark": None}
    found = {}
    for place, records in sources.items():
        found[place] = list(records)
        if place[0] == SOURCE:
            told = _progress(_some_progress(records, codec), codec, epoch=0, observed_at=20 * SECOND, **gap)
            found[place].insert(rng.randint(0, len(records)), told)
            found[place].append(_progress(_some_progress(records, codec), codec, epoch=0, watermark=100 * SECOND))
    return found


def undisturbed(sources: dict[Place, list[Any]]) -> Company:
    company = Company()
    for records in sources.values():
        for raw in records:
            company.driver.pipe_raw(raw.topic, raw.key, raw.value, raw.partition, raw.headers)
    company.driver.run()
    return company


@settings(max_examples=60)
@pytest.mark.parametrize("lose", [anew, emptied, emptied_at_a_position])
@given(history=histories(), seed=st.integers(0, 2**32))
def test_wherever_commits_and_crashes_fall_the_same_is_gone(lose: Any, history: Any, seed: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tests.topology.read", of_an_epoch)
        sources = lose(with_mappings(history, random.Random(seed)), random.Random(seed), Company().driver.codec)
        calm = undisturbed(sources)
        patch.setattr(again, "SLICE", 1)
        restless = Restless(sources, random.Random(seed), ONE_INPUT).run().company
    assert newest(restless) == newest(calm)
    assert outcome(restless) == outcome(calm)


def standing(company: Company) -> tuple[dict[str, Any], dict[str, Any]]:
    """What is there at the end, and the facts. Since when it is gone hangs on what was known when."""
    return {key: attrs for key, (_, op, _, attrs) in newest(company).items() if op == PRESENT}, outcome(company)[1]


THERE = [(1, "account", None, False), (1, "subscription", "Active", False), (1, "invoice", "Posted", False)]


@settings(max_examples=40)
@pytest.mark.parametrize("lose", [anew, emptied_at_a_position])
@given(history=histories(), seed=st.integers(0, 2**32))
def test_whenever_a_letter_comes_home_the_same_is_there(lose: Any, history: Any, seed: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tests.topology.read", of_an_epoch)
        codec, rng = Company().driver.codec, random.Random(seed)
        sources = lose(inputs({**history, "billing": [*THERE, *history["billing"]]}), rng, codec)
        in_time = undisturbed(sources)
        letters = late(sources, rng, codec)
        calm = undisturbed(letters)
        patch.setattr(again, "SLICE", 1)
        restless = Restless(letters, random.Random(seed), ONE_INPUT).run().company
    assert standing(calm) == standing(in_time)
    assert newest(restless) == newest(calm)
    assert standing(restless) == standing(calm)


def test_rows_do_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.topology.read", of_an_epoch)
    history = {"crm": [], "billing": [(n, "invoice", "Posted", False) for n in range(1, 5)], "erp": []}
    codec = Company().driver.codec
    ends = [newest(undisturbed(anew(inputs(history), random.Random(seed), codec))) for seed in range(8)]
    assert {op for rows in ends for _, op, _, _ in rows.values()} == {PRESENT, "presumed_deleted"}
