"""Dead letters: where a record came from, why it was refused, and how often."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from schemas import topics
from schemas.codec import Codec
from schemas.registry import DictRegistry
from streams.letters import ENTITY_HEADER, HOPS_HEADER, HOPS_MAX, ID_HEADER, Raw, divert, letter

NOW = 7_000_000


def raw(headers: Mapping[str, bytes] | None = None, key: bytes | None = b"E", topic: str = "src.erp") -> Raw:
    return Raw(topic, 2, 41, 0, key, b"\0bytes\xff", headers or {})


def written(record: Raw, entity: str = "customer", detail: str = "no such word") -> dict[str, Any]:
    return letter(record, "identify", "unmapped_status", detail, entity, NOW)


def replayed(hops: int, entity: bytes = b"customer") -> Raw:
    headers = {ID_HEADER: b"src.erp-0-7", ENTITY_HEADER: entity, HOPS_HEADER: str(hops).encode()}
    return raw(headers)


def test_a_letter_knows_where_it_came_from_and_why() -> None:
    found = written(raw())

    assert (found["letter_id"], found["topic"], found["partition"], found["offset"]) == (
        "src.erp-2-41", "src.erp", 2, 41,
    )  # fmt: skip
    assert (found["stage"], found["reason"], found["detail"]) == ("identify", "unmapped_status", "no such word")
    assert (found["system"], found["entity"], found["diverted_at"]) == ("erp", "customer", NOW)


def test_the_original_is_kept_to_the_last_byte() -> None:
    found = written(raw({"trace": b"\xffid"}))

    assert (found["original_key"], found["original_value"]) == (b"E", b"\0bytes\xff")
    assert found["original_headers"] == {"trace": "\xffid"}


def test_a_letter_of_our_own_topics_belongs_to_no_system() -> None:
    assert written(raw(topic=topics.CHANGES))["system"] == ""


def test_the_first_trip_is_one_hop() -> None:
    assert (written(raw())["hops"], written(raw())["status"]) == (1, "new")


def test_a_replayed_letter_keeps_its_first_id_and_counts_its_hops() -> None:
    found = written(replayed(1))

    assert (found["letter_id"], found["hops"], found["status"]) == ("src.erp-0-7", 2, "new")
    assert found["offset"] == 41, "but says where it lies now"


def test_a_letter_refused_too_often_needs_a_person() -> None:
    assert [written(replayed(hops))["status"] for hops in range(1, HOPS_MAX + 1)] == [
        *["new"] * (HOPS_MAX - 2), "needs_fix", "needs_fix",
    ]  # fmt: skip


@pytest.mark.parametrize("readable_now", ["*", "invoice"])
def test_the_hole_of_a_replayed_letter_keeps_its_place(readable_now: str) -> None:
    assert written(replayed(1), entity=readable_now)["entity"] == "customer"


def test_a_detail_without_end_is_cut() -> None:
    assert len(written(raw(), detail="x" * 10_000)["detail"]) == 2000


def test_it_goes_to_the_partition_it_came_from_under_its_own_key() -> None:
    effect = divert(written(raw()))

    assert (effect.topic, effect.record, effect.key, effect.partition) == (topics.DEAD_LETTERS, "DeadLetter", "E", 2)


@pytest.mark.parametrize("key", [None, b"", b"\xff\xfe"])
def test_a_key_that_is_no_text_does_not_stop_it(key: bytes | None) -> None:
    record = raw(key=key)

    assert divert(written(record)).key.isascii()
    assert written(record)["original_key"] == key


def test_every_letter_can_be_written() -> None:
    codec = Codec(DictRegistry())
    without_value: dict[str, Any] = {"empty": b"", "none": None}
    for record in (raw(), raw(key=None), replayed(2), raw(without_value)):
        value = written(record)
        assert codec.decode(codec.encode(topics.DEAD_LETTERS, "DeadLetter", value)) == ("DeadLetter", value)
