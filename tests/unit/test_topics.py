"""Topics: where a key goes, what is kept, and that stages meet where they must."""

from __future__ import annotations

import pytest

from schemas import topics
from schemas.topics import DAY, Topic, partition_for

JAVA_MURMUR2 = {
    # from the unit tests of Kafka's Java client (UtilsTest.testMurmur2)
    "21": -973932308,
    "foobar": -790332482,
    "a-little-bit-long-string": -985981536,
    "a-little-bit-longer-string": -1486304829,
    "lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8": -58897971,
    "abc": 479470107,
}
ALL = topics.topics(("crm", "billing", "erp"), polled=("crm",))


@pytest.mark.parametrize("partitions", [1, 4, 7, 1024])
@pytest.mark.parametrize("key", JAVA_MURMUR2)
def test_a_key_goes_where_javas_producer_puts_it(key: str, partitions: int) -> None:
    assert partition_for(key, partitions) == (JAVA_MURMUR2[key] & 0x7FFFFFFF) % partitions


def test_every_topic_is_named_once() -> None:
    assert len({t.name for t in ALL}) == len(ALL)


def test_a_source_topic_belongs_to_each_system_and_a_cursor_to_each_polled_one() -> None:
    assert [t.name for t in ALL if t.name.startswith("src.")] == ["src.crm", "src.billing", "src.erp", "src.crm.cursor"]


def test_what_must_last_for_ever_is_compacted() -> None:
    assert {t.name for t in ALL if t.cleanup == "compact"} == {
        "src.crm.cursor",
        topics.CROSSWALK,
        topics.CORRECTED_STATE,
        topics.DRIFTS,
        *(topics.CHANGELOG + stage for stage in ("identify", "crosswalk", "judge", "suspects", "fleet")),
    }


def test_source_topics_are_never_compacted() -> None:
    """A key there is a customer, not a record: compaction would keep one row a customer."""
    assert all(t.cleanup == "delete" for t in ALL if t.key == "native customer id")


def test_a_compacted_topic_keeps_tombstones_longer_than_a_store_may_be_away() -> None:
    config = Topic("t", "", "", "compact").config()

    assert config["cleanup.policy"] == "compact"
    assert int(config["delete.retention.ms"]) == 7 * 24 * 3600 * 1000
    assert "retention.ms" not in config


def test_a_deleted_topic_says_how_long_it_is_kept() -> None:
    assert Topic("t", "", "", kept_seconds=2 * DAY).config()["retention.ms"] == str(2 * 24 * 3600 * 1000)


@pytest.mark.parametrize("name", [topics.LINKS, topics.PROGRESS, "src.crm.cursor"])
def test_stages_that_see_everything_have_one_partition(name: str) -> None:
    assert next(t.partitions for t in ALL if t.name == name) == 1
