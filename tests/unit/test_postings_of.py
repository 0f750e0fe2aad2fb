"""What the ledger says of one document, posting by posting."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from streams.kinds.books import Postings, postings_of
from tests.dossiers.model import Change
from tests.dossiers.stage import five_systems
from tests.unit.looked_at import looking, record


def line(native_id: str, type_: str = "invoice", status: str = "posted", at: float = 5, **told: Any) -> Change:
    stated = {"document_type": type_, "document_ref": "INV-7", "status": status, "total": "100.00 EUR"} | told
    return record("erp", "ledger_posting", native_id, at, **stated)


def postings(*lines: Change) -> Postings:
    return postings_of(looking(five_systems(), 10, *lines), "INV-7")


def names(found: tuple[Any, ...]) -> str:
    return " ".join(f.native_id for f in found)


POSTED, MARKED, BACK = line("P"), line("M", status="reversed"), line("R", "reversal")
CASES: list[tuple[tuple[Change, ...], int, str]] = [
    # lines, how often the document stands, which reversals count by themselves
    ((), 0, ""),
    ((POSTED,), 1, ""),
    ((POSTED, line("P2")), 2, ""),
    ((MARKED,), 0, ""),
    ((MARKED, BACK), 0, ""),
    ((POSTED, BACK), 0, "R"),
    ((POSTED, MARKED, BACK), 1, ""),
    ((POSTED, MARKED, BACK, line("R2", "reversal")), 0, "R2"),
    ((BACK,), -1, "R"),
    ((POSTED, line("R", "reversal", "draft")), 1, ""),
    ((line("D", status="draft"), line("G", status="posting")), 0, ""),
    ((line("C", "credit_memo"),), 0, ""),
    ((line("X", document_ref="INV-8"),), 0, ""),
]


@pytest.mark.parametrize(("lines", "stands", "taken_back"), CASES)
def test_a_document_stands_as_often_as_it_was_posted_and_not_taken_back(
    lines: tuple[Change, ...], stands: int, taken_back: str
) -> None:
    found = postings(*lines)

    assert (found.standing, names(found.taken_back)) == (stands, taken_back)


def test_each_is_what_its_type_and_status_say_in_the_order_in_which_they_came() -> None:
    found = postings(line("P2", at=7), line("P1", at=6), line("P0", at=7), MARKED, BACK, line("D", status="draft"),
                     line("G", status="posting"), line("V", status="voided"))  # fmt: skip

    assert (names(found.posted), names(found.reversed), names(found.reversals), names(found.unfinished)) == (
        "P1 P0 P2", "M", "R", "D G",
    )  # fmt: skip
    assert found.newest is not None
    assert found.newest.native_id == "P2"
    assert postings().newest is None


@pytest.mark.parametrize("newest", [line("N", at=9), line("N", status="reversed", at=9), line("N", "reversal", at=9),
                                    line("N", status="draft", at=9)])  # fmt: skip
def test_the_newest_is_the_one_that_changed_last_whatever_it_is(newest: Change) -> None:
    found = postings(POSTED, newest).newest

    assert found is not None
    assert found.native_id == "N"


def test_in_money_stands_what_was_posted_less_what_was_taken_back() -> None:
    back = line("R", "reversal", total="-30.00 EUR")

    assert postings(POSTED, line("P2", total="20.00 EUR")).net("total") == 120
    assert (
        postings(POSTED, back).net("total")
        == postings(POSTED, line("R", "reversal", total="30.00 EUR")).net("total")
        == Decimal(70)
    )
    assert postings(line("P", total="-100.00 EUR"), back).net("total") == -70
    assert postings(MARKED, back).net("total") == 0
    assert postings(back).net("total") == -30


def test_currencies_are_those_of_what_counts() -> None:
    assert postings(POSTED, line("P2", total="1.00 USD")).currencies("total") == {"EUR", "USD"}
    assert postings(POSTED, line("P2", total=None)).currencies("total") == {"EUR", None}
    assert postings(POSTED, line("R", "reversal", total="1.00 USD")).currencies("total") == {"EUR", "USD"}
    assert postings(POSTED, line("D", status="draft", total="1.00 USD")).currencies("total") == {"EUR"}
