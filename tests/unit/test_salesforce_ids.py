"""Record ids carry a checksum of their capitals."""

import pytest

from connectors.salesforce.simulator.ids import checksum, full_id, record_id


@pytest.mark.parametrize(
    ("short", "suffix"),
    [("001D000000IRFma", "IAH"), ("01gD0000002HU6K", "IAW"), ("001B000000UnQ2w", "IAF")],
)
def test_suffixes_are_those_in_the_vendors_own_examples(short: str, suffix: str) -> None:
    assert checksum(short) == suffix


def test_ids_are_unique_and_rise_in_the_order_of_creation() -> None:
    ids = [record_id("001", number) for number in range(1, 5000)]

    assert ids == sorted(set(ids))
    assert {len(row_id) for row_id in ids} == {18}


def test_a_wrong_suffix_is_no_id() -> None:
    assert full_id("001D000000IRFmaIAH") == "001D000000IRFmaIAH"
    assert full_id("001D000000IRFma") == "001D000000IRFmaIAH"
    assert full_id("001D000000IRFmaIAW") is None
