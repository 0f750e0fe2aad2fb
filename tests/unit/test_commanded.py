"""What a drift asks for and what keeps that back, asked directly of a drift that is to be commanded; times are plain
numbers."""

from __future__ import annotations

from typing import Any

import pytest

from schemas import ids, topics
from schemas.instants import ALWAYS, SECOND
from schemas.source import ALL_OBJECTS
from streams.governance.process import Flapping, Process
from streams.judge.approvals import Approval
from streams.judge.commands import commanded, has_passed, held_by, is_held, remedy, restrained
from streams.judge.keys import approval_key, freezes_prefix, holes_prefix, past_hole_key
from streams.judge.obligation import Obligation
from streams.kinds.asof import AsOf
from streams.kinds.finding import Ask, Finding
from streams.kinds.quarrel import NAME
from streams.kinds.table import BY_NAME
from tables.view import MemoryView, Workspace
from tables.watermarks import LINKS, name
from tests.dossiers.stage import five_systems
from tests.unit.looked_at import CUSTOMER, record, workspace

KIND, NOW, WINDOW = BY_NAME["invoice_not_posted"], 100, 60
FLAPPING = Flapping(openings=2, window_seconds=WINDOW / SECOND)
GOVERNANCE = five_systems().model_copy(
    update={"judged": (KIND.name, NAME), "process": Process(flapping=FLAPPING), "partitions": 1, "derived": {}}
)
WEEK = 7 * 86_400 * SECOND
ASK = Ask("erp", "ledger_posting", "N-1", {"document_ref": "N-1"}, {"status": "draft"})
EVIDENCE = [{"system": "billing", "entity": "invoice", "native_id": "I", "version": "v3"}]
PERFORMED, UNREADABLE, STOPPED = ("execute", ""), ("propose", "unreadable_record"), ("propose", "breaker")


def finding(ask: Ask | None = ASK) -> Finding:
    return Finding(False, 3, "v3", "erp", "posted", "not posted", (), ask=ask)


def drift(mode: str = "execute", **told: Any) -> dict[str, Any]:
    place = {"system": "billing", "native_id": "I", "amount_at_stake": None}
    return {"drift_id": "d1", "mode": mode, "command_id": None, "restraint": "", **place, **told}


def looked_at(ws: Workspace) -> AsOf:
    return AsOf(ws, GOVERNANCE, CUSTOMER, NOW)


def asked(
    ws: Workspace | None = None, mode: str = "execute", ask: Ask | None = ASK, **obligation: Any
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The drift with its command, and what is issued."""
    ws = ws or Workspace(MemoryView())
    o = Obligation("open", **obligation)
    told = commanded(ws, looked_at(ws), KIND, o, finding(ask), drift(mode), EVIDENCE)
    return told, [effect.value for effect in ws.effects if effect.topic == topics.COMMANDS and effect.value]


def kept_back(state: dict[str, Any], **obligation: Any) -> tuple[str, str]:
    ws = Workspace(MemoryView())
    for key, value in state.items():
        ws.put(key, value)
    told, _ = asked(ws, **obligation)
    return told["mode"], told["restraint"]


def test_what_is_only_proposed_does_not_expire() -> None:
    _, (proposed,) = asked(mode="propose")

    assert proposed["not_after"] is None


@pytest.mark.parametrize(("valid_seconds", "not_after"), [(60, NOW + 60 * SECOND), (None, None)])
def test_how_long_a_command_may_be_performed_is_governed(
    monkeypatch: pytest.MonkeyPatch, valid_seconds: float | None, not_after: int | None
) -> None:
    rules = GOVERNANCE.kinds[KIND.name].model_copy(update={"command_valid_seconds": valid_seconds})
    monkeypatch.setitem(GOVERNANCE.kinds, KIND.name, rules)
    _, (issued,) = asked()

    assert issued["not_after"] == not_after


def test_a_command_names_its_drift_its_target_and_what_it_rests_on() -> None:
    told, (issued,) = asked()

    assert issued == {
        "command_id": told["command_id"],
        "idempotency_key": ids.idempotency_key(told["command_id"], 0), "drift_id": "d1",
        "kind": KIND.name, "type": "erp.invoice.post", "sort": "ask", "target_system": "erp",
        "target_entity": "ledger_posting", "target_id": "N-1", "canonical_id": CUSTOMER, "mode": "execute",
        "desired": {"document_ref": "N-1"}, "expected": {"status": "draft"},
        "evidence_versions": {"billing/invoice/I": "v3"}, "not_after": NOW + WEEK, "approved_by": "",
    }  # fmt: skip


def test_its_type_and_sort_may_depend_on_what_is_wrong() -> None:
    _, (issued,) = asked(ask=ASK._replace(command="erp.invoice.reverse", sort="set"))

    assert (issued["type"], issued["sort"]) == ("erp.invoice.reverse", "set")


def test_an_alert_asks_for_nothing_and_a_proposal_is_not_held_back_twice() -> None:
    assert asked(mode="alert") == (drift("alert"), [])

    told, (issued,) = asked(mode="propose", openings=(1, 2, 3))
    assert (told["mode"], told["restraint"], issued["mode"]) == ("propose", "", "propose")


def test_where_there_is_nothing_to_ask_for_nothing_is_issued() -> None:
    told, issued = asked(ask=None)

    assert (told["command_id"], told["mode"], issued) == (None, "execute", [])


def frozen() -> Workspace:
    ws = Workspace(MemoryView())
    ws.put(f"{freezes_prefix(CUSTOMER)}billing/B", {"spans": {"k1": [NOW, None]}})
    return ws


def test_about_a_customer_in_conflict_no_command_is_issued_not_even_proposed() -> None:
    for mode in ("execute", "propose"):
        told, issued = asked(frozen(), mode)
        assert (told["mode"], told["restraint"], told["command_id"], issued) == (mode, "identity_conflict", None, [])
    assert asked(frozen(), ask=None)[0]["restraint"] == ""
    known = looked_at(frozen())
    assert held_by(frozen(), known, KIND, "billing") == "identity_conflict"
    assert held_by(Workspace(MemoryView()), known, KIND, "billing") is None


def test_an_approved_command_is_performed_and_says_by_whom() -> None:
    ws = Workspace(MemoryView())
    proposed, _ = asked(mode="propose")
    ws.put(approval_key(proposed["command_id"]), Approval("me", NOW, NOW + 1)._asdict())
    told, (issued,) = asked(ws, mode="propose")

    assert (told["mode"], told["approved_by"], issued["mode"], issued["approved_by"]) == (
        "execute",
        "me",
        "execute",
        "me",
    )


@pytest.mark.parametrize(
    ("place", "at", "told"),
    [
        ("billing/invoice_line", NOW - 1, UNREADABLE),
        ("billing/invoice_line", NOW, PERFORMED),
        ("billing/*", NOW - 1, UNREADABLE),
        ("erp/invoice_line", NOW - 1, PERFORMED),  # the command looks at those of billing
        ("billing/usage", NOW - 1, PERFORMED),
        ("gone/invoice_line", NOW - 1, PERFORMED),
    ],
)
def test_what_the_customer_lacks_of_what_only_the_command_looks_at_keeps_it_back(
    place: str, at: int, told: tuple[str, str]
) -> None:
    hole = f"{holes_prefix(CUSTOMER)}{place}/L/1"

    assert kept_back({hole: {"at": at}}) == told
    both = {f"{holes_prefix(CUSTOMER)}billing/customer/L0": {"at": 1}, hole: {"at": at}}
    assert kept_back(both) == told


@pytest.mark.parametrize(
    ("place", "at", "told"),
    [
        ("erp/ledger_posting", NOW - 1, UNREADABLE),
        ("erp/ledger_posting", NOW, PERFORMED),
        ("erp/*", NOW - 1, UNREADABLE),
        ("billing/invoice", NOW - 1, UNREADABLE),
        ("crm/opportunity", NOW - 1, PERFORMED),
        ("product/ledger_posting", NOW - 1, PERFORMED),
        ("gone/ledger_posting", NOW - 1, PERFORMED),  # of a system that governance has no more
    ],
)
def test_so_does_what_nobody_knows_whose_it_is(place: str, at: int, told: tuple[str, str]) -> None:
    assert kept_back({f"g/{place}/L/1": {"at": at}}) == told


@pytest.mark.parametrize(("closed", "told"), [(NOW, UNREADABLE), (NOW - 1, PERFORMED)])
def test_what_has_come_since_keeps_back_what_could_not_be_judged_before(closed: int, told: tuple[str, str]) -> None:
    past = {"at": NOW - 9, "closed": heard(closed)}

    assert kept_back({past_hole_key("", "erp/ledger_posting", NOW - 9, "L"): past}) == told
    assert kept_back({past_hole_key(CUSTOMER, "billing/invoice_line", NOW - 9, "L"): past}) == told


@pytest.mark.parametrize("ask", [ASK, None])
def test_that_it_waits_for_what_is_lacking_is_noted_whether_or_not_it_asks_for_something(ask: Ask | None) -> None:
    ws, waits = Workspace(MemoryView()), f"u/{CUSTOMER}/{KIND.row}/billing/I"
    ws.put("g/erp/ledger_posting/L", {"at": NOW - 1})
    assert asked(ws, ask=ask)[0]["restraint"] == "unreadable_record"
    assert ws.get(waits) == {}

    ws.delete("g/erp/ledger_posting/L")
    assert asked(ws, ask=ask)[0]["restraint"] == ""
    assert ws.get(waits) is None


def heard(until: int) -> dict[str, Any]:
    return {name(s, of): {"0": [0, "streaming", until]} for s in GOVERNANCE.systems for of in (ALL_OBJECTS, LINKS)}


@pytest.mark.parametrize(
    ("scope", "opened", "closed", "told"),
    [
        ("kind/invoice_not_posted", NOW - 1, None, STOPPED),
        ("system/erp", NOW - 1, None, STOPPED),
        ("system/billing", NOW - 1, None, PERFORMED),  # it is not the target
        ("kind/refund_unpropagated", NOW - 1, None, PERFORMED),
        ("system/erp", NOW, None, PERFORMED),  # that instant was decided when it was told
        ("system/erp", 50, NOW, STOPPED),
        ("system/erp", 50, NOW - 1, PERFORMED),
    ],
)
def test_what_was_not_decided_when_a_breaker_opened_and_was_when_it_closed_is_only_proposed(
    scope: str, opened: int, closed: int | None, told: tuple[str, str]
) -> None:
    turned = {"opened": heard(opened)} | ({} if closed is None else {"closed": heard(closed)})

    assert kept_back({f"b/{scope}/d9": turned}) == told


@pytest.mark.parametrize(
    ("openings", "flapping", "told"),
    [
        ((80, 90), None, PERFORMED),
        ((80, 85, 90), None, ("propose", "oscillation")),
        ((90,), {"drift_id": "M7"}, ("propose", "oscillation")),
        ((), {"drift_id": "M7"}, PERFORMED),  # nothing has opened for a window
    ],
)
def test_what_opens_again_and_again_is_only_proposed(
    openings: tuple[int, ...], flapping: dict[str, Any] | None, told: tuple[str, str]
) -> None:
    assert kept_back({}, openings=openings, flapping=flapping) == told


def quarrelled(*writers: str, desired: str = "email") -> tuple[tuple[str, str], int]:
    """How it is asked for where they wrote one address or the other in turn, from 90 on; and when it is looked at
    again."""
    addresses = ("a@acme.example", "b@acme.example")
    steps = enumerate(writers)
    ws = workspace(*(record("crm", "customer", "A", 90 + n, email=addresses[n % 2], by=who) for n, who in steps))
    now, ask = looked_at(ws), Ask("crm", "customer", "A", {desired: "x"})
    told = commanded(ws, now, KIND, Obligation("open"), finding(ask), drift(), EVIDENCE)
    return (told["mode"], told["restraint"]), now.next_change


def test_what_two_writers_put_back_in_turn_is_only_proposed_until_the_first_of_it_is_out_of_the_window() -> None:
    assert quarrelled("ada", "sync", "ada", "sync", "ada") == (("propose", "oscillation"), 92 + WINDOW)
    assert quarrelled("ada", "ada", "ada", "ada", "ada") == (PERFORMED, ALWAYS)
    assert quarrelled("ada", "sync", "ada", "sync", "ada", desired="name") == (PERFORMED, ALWAYS)


def test_what_kept_it_back_has_passed_whatever_else_keeps_it_back_by_then() -> None:
    ws = Workspace(MemoryView())
    ws.put("b/system/erp/d9", {"opened": heard(NOW - 1)})
    told = drift("propose", restraint="oscillation")

    assert has_passed(ws, looked_at(ws), KIND, Obligation("open"), told, finding())


@pytest.mark.parametrize(
    ("restraint", "openings", "passed"),
    [
        ("oscillation", (90,), True),
        ("oscillation", (80, 85, 90), False),
        ("unmapped_product: P1, P2", (), True),
        ("unreadable_record", (), True),
        ("unreadable_record", (80, 85, 90), True),  # which is another sort: it keeps it back by itself
        ("breaker", (), False),
        ("", (), False),
    ],
)
def test_what_ends_by_itself_has_passed_once_nothing_of_that_sort_applies(
    restraint: str, openings: tuple[int, ...], passed: bool
) -> None:
    ws = Workspace(MemoryView())
    o, told = Obligation("open", openings=openings), drift("propose", restraint=restraint)

    assert has_passed(ws, looked_at(ws), KIND, o, told, finding()) is passed


def test_a_restraint_is_told_in_words_with_what_mends_it() -> None:
    unmapped = drift(restraint="unmapped_product: P1, P2")

    assert restrained(unmapped) == "unmapped product P1, P2"
    assert remedy(unmapped) == "state its accounts under product_to_gl in finance.yaml"
    assert (restrained({}), remedy({}), remedy(drift(restraint="breaker"))) == ("", "", "")
    assert [is_held(drift(restraint=each)) for each in ("identity_conflict", "breaker", "")] == [True, False, False]
