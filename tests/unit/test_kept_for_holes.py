"""What is forgotten at an instant, and what is kept then because a record is lacking; times are plain numbers."""

from __future__ import annotations

from streams.judge.fold import on_hole
from streams.judge.forgotten import put_until
from streams.judge.keys import ASIDE, ObligationKey, burying_key, tombstone_key
from streams.judge.lives import bury
from streams.judge.stage import Judge
from tables.view import MemoryView, Workspace
from tests.dossiers.stage import five_systems

GOVERNANCE = five_systems().model_copy(update={"late_retention_seconds": 0, "partitions": 1})
KEY, LAST = "b/kind/k/d1", 50
FORGOTTEN = LAST + 1


def hole(ws: Workspace, letter: str, *, opened: bool, customer: str | None = "crm:A") -> None:
    value = {"canonical_id": customer, "system": "erp", "entity": "contract", "letter_id": letter, "opened_at": 10}
    on_hole(ws, GOVERNANCE, value, opened=opened)


def kept(*letters: str) -> Workspace:
    """Until its instant, while these are lacking."""
    ws = Workspace(MemoryView())
    for letter in letters:
        hole(ws, letter, opened=True)
    put_until(ws, GOVERNANCE, KEY, {"opened": {}}, LAST)
    return ws


def due(ws: Workspace) -> list[int]:
    """When something is forgotten, all that falls due by then worked off."""
    found = [int(key.rpartition("/")[2]) for key, _ in ws.range("o/~tombstones/", 9)]
    for instant in found:
        bury(ws, burying_key(instant))
    return found


def test_it_goes_at_its_instant() -> None:
    ws = kept()

    assert (due(ws), ws.get(KEY), due(ws)) == ([FORGOTTEN], None, [])


def test_as_long_as_any_record_is_lacking_it_stays_and_then_goes_in_its_turn() -> None:
    ws = kept("l1", "l2")
    assert (due(ws), ws.get(KEY) is not None, due(ws)) == ([FORGOTTEN], True, [])

    hole(ws, "l1", opened=False)
    assert (ws.get(KEY) is not None, ws.get(tombstone_key(FORGOTTEN, KEY))) == (True, None)

    hole(ws, "l2", opened=False)
    assert ws.get(tombstone_key(FORGOTTEN, KEY)) == {}
    assert FORGOTTEN in due(ws)
    assert ws.get(KEY) is None
    assert ws.range("k/", 9) == []


def test_a_record_that_may_be_of_anyone_holds_nothing_back() -> None:
    ws = kept()
    hole(ws, "l1", opened=True, customer=None)

    assert (due(ws), ws.get(KEY)) == ([FORGOTTEN], None)


def test_what_is_put_anew_meanwhile_stays_until_its_own_instant() -> None:
    ws = kept("l1")
    due(ws)
    put_until(ws, GOVERNANCE, KEY, {"opened": {}}, LAST + 40)
    hole(ws, "l1", opened=False)

    bury(ws, burying_key(FORGOTTEN))
    assert ws.get(KEY) is not None
    bury(ws, burying_key(FORGOTTEN + 40))
    assert ws.get(KEY) is None


def test_a_verdict_that_nobody_could_write_holds_it_back_until_its_letter_is_replayed() -> None:
    ws, verdict = kept(), ObligationKey("crm:A", "invoice_not_posted", "billing", "I").text()
    ws.put(verdict, {"status": "armed", "next": 40})
    Judge(GOVERNANCE).put_aside(ws, verdict, "l9")
    assert (due(ws), ws.get(KEY) is not None) == ([FORGOTTEN], True)

    hole(ws, "l9", opened=False)
    assert ws.get(verdict) == {"status": "armed", "next": 40}
    assert (ws.range(ASIDE, 9), ws.get(KEY) is not None) == ([], True)  # what is judged by it comes first
    assert (due(ws), ws.get(KEY)) == ([FORGOTTEN], None)


def test_so_it_does_beside_a_record_that_is_lacking() -> None:
    ws, verdict = kept("l1"), ObligationKey("crm:A", "invoice_not_posted", "billing", "I").text()
    ws.put(verdict, {"status": "armed", "next": 40})
    Judge(GOVERNANCE).put_aside(ws, verdict, "l9")
    hole(ws, "l1", opened=False)
    due(ws)
    assert ws.get(KEY) is not None

    hole(ws, "l9", opened=False)
    due(ws)
    assert ws.get(KEY) is None
