"""Where commits fall makes no difference: what judge says of its input is the same whether it commits after every
record, after some, or once at the end (contracts 1 and 5)."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Mapping

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from schemas.instants import SECOND
from streams.driver import Driver
from tests.deciding import deciding
from tests.depth import cases
from tests.dossiers.model import Dossier
from tests.dossiers.table import DOSSIERS
from tests.intervening import Stands, freeze, intervening, lack, release, turned
from tests.topology import Company, hear
from tests.wanderers import (
    ENDS,
    KNOWN,
    RETENTIONS,
    Row,
    governed,
    heard_by_judge,
    history,
    judged,
    told_to_judge,
    with_mode,
)
from tests.wandering_dossiers import played

GRACE = ("customer_attribute_divergence", "contract_value_mismatch")
DEADLINE = ("invoice_not_posted", "won_without_erp_customer", "activation_stalled", "credit_memo_unpropagated")


def never() -> bool:
    return False


def each() -> bool:
    return True


def once(after: int) -> Callable[[], bool]:
    records = iter(range(1, 1_000_000))
    return lambda: next(records) == after


def every(count: int) -> Callable[[], bool]:
    records = iter(range(1, 1_000_000))
    return lambda: next(records) % count == 0


@pytest.mark.parametrize("kinds", [GRACE, DEADLINE], ids=["grace", "deadline"])
@given(seed=st.integers(0, 2**32), retention=st.sampled_from(RETENTIONS))
# That a record left, or how it came, was folded by what came before that instant was judged.
@example(seed=253, retention=5)
@example(seed=315, retention=5)
@example(seed=580, retention=5)
def test_what_is_said_of_records_that_move_and_come_back_hangs_on_no_commit(
    kinds: tuple[str, ...], seed: int, retention: int
) -> None:
    rng, rules = random.Random(seed), governed(retention, *kinds)
    log = told_to_judge(rules, history(rng), rng)
    once_each = judged(rules, log, each, never)

    assert judged(rules, log, never, never) == once_each
    assert judged(rules, log, every(rng.randint(2, 40)), never) == once_each
    assert judged(rules, log, lambda: rng.random() < 0.1, lambda: rng.random() < 0.02) == once_each


@pytest.mark.parametrize("kinds", [GRACE, DEADLINE], ids=["grace", "deadline"])
@given(seed=st.integers(0, 2**32), mode=st.sampled_from(("propose", "execute")))
@settings(max_examples=cases(20, thorough=400))
def test_what_is_said_as_somebody_intervenes_hangs_on_no_commit(kinds: tuple[str, ...], seed: int, mode: str) -> None:
    rng = random.Random(seed)
    rules = with_mode(mode, governed(rng.choice(RETENTIONS), *kinds))
    log = told_to_judge(rules, history(rng), rng, gaps=rng.choice((True, False)), beside=intervening)
    once_each = judged(rules, log, each, never)

    assert judged(rules, log, never, never) == once_each
    assert judged(rules, log, lambda: rng.random() < 0.1, lambda: rng.random() < 0.02) == once_each


@pytest.mark.parametrize("kinds", [GRACE, DEADLINE], ids=["grace", "deadline"])
@given(seed=st.integers(0, 2**32), mode=st.sampled_from(("propose", "execute")))
@settings(max_examples=cases(20, thorough=400))
def test_what_is_said_as_somebody_approves_and_rejects_hangs_on_no_commit(
    kinds: tuple[str, ...], seed: int, mode: str
) -> None:
    rng = random.Random(seed)
    rules = with_mode(mode, governed(rng.choice(RETENTIONS), *kinds))
    gaps, late = rng.choice((True, False)), rng.choice((0.0, 0.3))
    log = told_to_judge(rules, history(rng), rng, gaps=gaps, late=late, beside=deciding)
    once_each = judged(rules, log, each, never)

    assert judged(rules, log, never, never) == once_each
    assert judged(rules, log, lambda: rng.random() < 0.1, lambda: rng.random() < 0.02) == once_each


@pytest.mark.parametrize("kinds", [GRACE, DEADLINE], ids=["grace", "deadline"])
@given(seed=st.integers(0, 2**32))
# A trigger was moved, or a gap taken back what had been heard, before what was due was judged.
@example(seed=6)
@example(seed=9)
# What was remembered of a trigger had been forgotten, or not yet.
@example(seed=101)
@settings(max_examples=cases(20, thorough=400))
def test_what_is_said_where_evidence_comes_late_hangs_on_no_commit(kinds: tuple[str, ...], seed: int) -> None:
    rng = random.Random(seed)
    rules = governed(rng.choice((*RETENTIONS, ENDS)), *kinds)
    gaps, lags = rng.choice((True, False)), rng.choice((True, False))
    beside = intervening if rng.random() < 0.3 else None
    log = told_to_judge(rules, history(rng), rng, lags=lags, gaps=gaps, late=0.3, beside=beside)
    once_each = judged(rules, log, each, never)

    assert judged(rules, log, never, never) == once_each
    assert judged(rules, log, lambda: rng.random() < 0.1, lambda: rng.random() < 0.02) == once_each


@given(dossier=st.sampled_from(DOSSIERS), seed=st.integers(0, 2**32))
@settings(max_examples=cases(20, thorough=400))
def test_what_is_said_of_any_kind_hangs_on_no_commit(dossier: Dossier, seed: int) -> None:
    rng = random.Random(seed)
    play, log = played(dossier, rng)
    once_each = judged(play.governance, log, each, never)

    assert judged(play.governance, log, never, never) == once_each
    assert judged(play.governance, log, lambda: rng.random() < 0.1, lambda: rng.random() < 0.02) == once_each


@given(dossier=st.sampled_from(DOSSIERS), seed=st.integers(0, 2**32))
@settings(max_examples=cases(20, thorough=400))
def test_what_is_said_of_any_kind_where_evidence_comes_late_hangs_on_no_commit(dossier: Dossier, seed: int) -> None:
    rng = random.Random(seed)
    play, log = played(dossier, rng, late=0.3, beside=intervening if rng.random() < 0.3 else None)
    once_each = judged(play.governance, log, each, never)

    assert judged(play.governance, log, never, never) == once_each
    assert judged(play.governance, log, lambda: rng.random() < 0.1, lambda: rng.random() < 0.02) == once_each


@given(dossier=st.sampled_from(DOSSIERS), seed=st.integers(0, 2**32))
@settings(max_examples=cases(20, thorough=400))
def test_what_is_said_of_any_kind_as_somebody_approves_and_rejects_hangs_on_no_commit(
    dossier: Dossier, seed: int
) -> None:
    rng = random.Random(seed)
    play, log = played(dossier, rng, late=rng.choice((0.0, 0.3)), beside=deciding)
    once_each = judged(play.governance, log, each, never)

    assert judged(play.governance, log, never, never) == once_each
    assert judged(play.governance, log, lambda: rng.random() < 0.1, lambda: rng.random() < 0.02) == once_each


def of_the_contract(at: int, owner: str = "A", value: str = "900.00") -> list[Row]:
    """The ERP's customer says whose it is; its contract goes along."""
    customer = Row(at, "erp", "customer", "E", "E", {"external_id": owner})
    return [customer, Row(at, "erp", "contract", "contract", "E", {"value": value})] if at < 10 else [customer]


@pytest.mark.parametrize(
    ("retention", "amends"), [(10, ["", ""]), (18, ["", ""]), (20, ["", ""]), (22, ["", "late"]), (40, ["", "late"])]
)
@pytest.mark.parametrize("commits", [each, never])
def test_a_mismatch_that_comes_back_is_remembered_by_event_time(
    retention: int, amends: list[str], commits: Callable[[], bool]
) -> None:
    """Missed at 14, over at 20 as the contract goes, back at 30, missed again at 40."""
    rules = governed(retention, "contract_value_mismatch")
    rows = [*KNOWN, *of_the_contract(4), *of_the_contract(20, "A2"), *of_the_contract(30)]
    log = told_to_judge(rules, rows, random.Random(0), lags=False)

    said = judged(rules, log, commits, never)

    told = [a for a in said.audited if a["canonical_id"] == "crm:A" and a["result"] == "missed"]
    assert [a["amends"] for a in told] == amends


def test_what_was_due_before_a_record_comes_back_is_not_counted_again_wherever_the_commit_falls() -> None:
    """Missed at 14, gone at 20, back at 30; by a change at 40 the earlier stay may be folded, or not yet."""
    rules = governed(5, "invoice_not_posted")
    account = [Row(at, "billing", "account", "B", "B", {"crm_account_id": to}) for at, to in ((20, "A2"), (30, "A"))]
    invoice = [Row(at, "billing", "invoice", "I", "B", {"status": "Posted", "due_on": due})
               for at, due in ((4, "2026-01-31"), (40, "2026-02-28"))]  # fmt: skip
    log = told_to_judge(rules, [*KNOWN, *account, *invoice], random.Random(0), lags=False)
    (records,) = map(len, log.values())

    said = [judged(rules, log, once(after), never).audit for after in range(0, records, 5)]

    assert all(each == said[0] for each in said)
    assert [json.loads(told)["result"] for told in said[0]] == ["missed"]


MOVED = {
    # what is told at 26 of an invoice that was known as posted at 4: (result, as of, what that amends, triggered at)
    "taken away": (
        ((8, "Draft"),),
        [("missed", 14, "", 4), ("retracted", 14, "missed", 4)],
    ),
    "moved to later": (
        ((8, "Draft"), (12, "Posted")),
        [
            ("withdrawn", 8, "retracted", 4),
            ("missed", 14, "", 4),
            ("retracted", 14, "missed", 4),
            ("missed", 22, "", 12),
        ],
    ),
    "taken away and given again": (
        ((8, "Draft"), (24, "Posted")),
        [("missed", 14, "", 4), ("retracted", 14, "missed", 4), ("missed", 34, "", 24)],
    ),
}  # fmt: skip


@pytest.mark.parametrize("moved", MOVED)
@pytest.mark.parametrize("commits", [each, never])
def test_a_trigger_that_late_evidence_moves_is_told_as_it_was_known(moved: str, commits: Callable[[], bool]) -> None:
    company, (told_late, audited) = Company(governed(60, "invoice_not_posted")), MOVED[moved]

    def tell(until: int) -> None:
        if until == 4:
            tell_of_an_invoice(company)
        for at, status in told_late if until == 26 else ():
            company.row("billing", "invoice", "I", at, "B", run=False, status=status)

    log = heard_by_judge(company.driver, tell, random.Random(0), lags=False)
    said = judged(company.governance, log, commits, never).audited

    seconds = [(t["result"], t["settled_at"] // SECOND, t["amends"], t["triggered_at"] // SECOND) for t in said]
    assert seconds == audited


@pytest.mark.parametrize("commits", [each, never])
def test_what_was_missed_before_a_gap_took_back_how_far_was_heard_was_missed(commits: Callable[[], bool]) -> None:
    """Due at 14; that nothing was owed is told in a gap at 24."""
    company = Company(governed(60, "invoice_not_posted"))

    def tell(until: int) -> None:
        if until == 4:
            tell_of_an_invoice(company)
        if until == 24:
            hear(company.driver, "billing", None, phase="gap")
            company.row("billing", "invoice", "I", 8, "B", run=False, status="Draft")

    log = heard_by_judge(company.driver, tell, random.Random(0), lags=False)
    said = judged(company.governance, log, commits, never).audited

    assert [told["result"] for told in said] == ["missed", "retracted"]


def test_what_late_evidence_overturns_hangs_on_when_it_came_and_not_on_when_it_is_judged() -> None:
    """Due at 14; the posting of 12 is told after 16 was heard, and may be judged when that is long past."""
    company = Company(governed(6, "invoice_not_posted"))

    def tell(until: int) -> None:
        if until == 2:
            for row in (*KNOWN, Row(2, "billing", "invoice", "I", "B", {"status": "Posted"})):
                company.row(row.system, row.object, row.id, row.at, row.customer, run=False, **row.fields)
        if until == 18:
            company.row("erp", "ledger_posting", "P", 12, "E", run=False)

    log = heard_by_judge(company.driver, tell, random.Random(0), lags=False)
    (records,) = map(len, log.values())
    said = [judged(company.governance, log, once(after), never).audited for after in range(0, records, 3)]

    results = {tuple(told["result"] for told in audited) for audited in said}
    assert results == {("missed", "retracted")}


@pytest.mark.parametrize("commits", [each, never])
def test_what_was_met_and_lost_its_answer_since_is_not_missed_by_late_evidence(commits: Callable[[], bool]) -> None:
    """Met at 14, lost at 20, demanded no more at 24; that the posting was deleted at 22 is told late."""
    company = Company(governed(60, "invoice_not_posted"))

    def tell(until: int) -> None:
        posting = ("erp", "ledger_posting", "P")
        if until in (10, 20):
            company.row(*posting, until, "E", run=False, status="Posted" if until == 10 else "Draft")
        if until == 4:
            tell_of_an_invoice(company)
        if until == 24:
            company.row("billing", "invoice", "I", 24, "B", run=False, status="Voided")
        if until == 30:
            company.row(*posting, 22, "E", run=False, operation="delete")

    log = heard_by_judge(company.driver, tell, random.Random(0), lags=False)
    said = judged(company.governance, log, commits, never)

    assert said.drifts == {}
    assert [(told["result"], told["amends"]) for told in said.audited] == [("met", ""), ("withdrawn", "")]


@pytest.mark.parametrize("commits", [each, never])
def test_what_another_customer_lacks_is_lacking_here_from_the_link_on_only(commits: Callable[[], bool]) -> None:
    """Missed at 14; a customer with an unreadable record from 6 on is linked at 20."""
    rules = governed(30, "contract_value_mismatch")
    other = [Row(at, "billing", "account", "B2", "B2", {"crm_account_id": to}) for at, to in ((1, None), (20, "A"))]
    unreadable = Row(6, "billing", "subscription", "S2", "B2", {"status": "Active", "monthly_amount": "much"})
    log = told_to_judge(rules, [*KNOWN, *of_the_contract(4), *other, unreadable], random.Random(0), lags=False)

    said = judged(rules, log, commits, never)

    assert [(told["canonical_id"], told["result"]) for told in said.audited] == [("crm:A", "missed")]


LINE = ("crm:A", "billing", "invoice_line")
STOPS: Mapping[str, Callable[[Driver, Stands, int], None]] = {
    "a halt": lambda driver, since, at: turned(driver, since, "invoice_not_posted", at * SECOND),
    "a conflict": lambda driver, since, at: freeze(driver, since, "A", at * SECOND),
    "a line that nobody can read": lambda driver, since, at: lack(driver, since, *LINE, at * SECOND),
}


def tell_of_an_invoice(company: Company) -> None:
    """Posted at 4, and due to be in the books at 14."""
    for row in (*KNOWN, Row(4, "billing", "invoice", "I", "B", {"status": "Posted"})):
        company.row(row.system, row.object, row.id, row.at, row.customer, run=False, **row.fields)


STOPPED = {
    "a halt": (["propose"], None),
    "a conflict": (["execute"], 20 * SECOND),
    "a line that nobody can read": (["propose", "execute"], 18 * SECOND + 1),  # behind all that was heard when it came
}


@pytest.mark.parametrize("what", STOPS)
@pytest.mark.parametrize("commits", [each, never])
@pytest.mark.parametrize(
    ("stopped", "lacking"),
    [
        ((8, 20, 60), ()),  # it ends long before the next one, which is told last
        ((8, 20), (6, 70)),  # what would answer the invoice is unreadable meanwhile, so nothing is judged
    ],
    ids=["until all is judged that it stopped", "as long as a record is lacking"],
)
def test_what_stops_a_command_is_known(
    what: str, commits: Callable[[], bool], stopped: tuple[int, ...], lacking: tuple[int, ...]
) -> None:
    """Due at 14, while it was stopped."""
    company = Company(governed(5, "invoice_not_posted"))
    since: Stands = {}

    def tell(until: int) -> None:
        if until == 4:
            tell_of_an_invoice(company)
        if until in lacking:
            lack(company.driver, since, "crm:A", "erp", "ledger_posting", until * SECOND)
        if until in stopped:
            STOPS[what](company.driver, since, until)

    log = heard_by_judge(company.driver, tell, random.Random(0), lags=False)
    said = judged(company.governance, log, commits, never)

    (drift,) = said.drifts.values()
    assert ([json.loads(told)["mode"] for told in said.commands], drift["released_at"]) == STOPPED[what]


@pytest.mark.parametrize("commits", [each, never])
def test_what_is_released_at_the_instant_at_which_a_conflict_begins_is_recalled(commits: Callable[[], bool]) -> None:
    """Missed at 14; in conflict from 20 to 40."""
    company = Company(governed(5, "invoice_not_posted"))
    since: Stands = {}

    def tell(until: int) -> None:
        if until == 4:
            tell_of_an_invoice(company)
        if until == 20:
            release(company.driver, company.open()[0], 20 * SECOND)
        if until in (20, 40):
            freeze(company.driver, since, "A", until * SECOND)

    log = heard_by_judge(company.driver, tell, random.Random(0), lags=False)
    said = judged(company.governance, log, commits, never)

    (drift,) = said.drifts.values()
    assert (drift["recalled_at"], drift["released_at"]) == (20 * SECOND, 40 * SECOND)
    assert len(list(said.commands.elements())) == 2


@pytest.mark.parametrize("commits", [each, never])
def test_a_conflict_told_too_late_counts_for_what_was_not_decided_by_then(commits: Callable[[], bool]) -> None:
    """Missed at 14. In conflict from 10 to 30, as is told when 18 and 38 have been heard."""
    company = Company(governed(5, "invoice_not_posted"))
    since: Stands = {}

    def tell(until: int) -> None:
        if until == 4:
            tell_of_an_invoice(company)
        if until in (20, 40):
            freeze(company.driver, since, "A", (until - 10) * SECOND)

    log = heard_by_judge(company.driver, tell, random.Random(0), lags=False)
    said = judged(company.governance, log, commits, never)

    (drift,) = said.drifts.values()
    assert (drift["recalled_at"], drift["released_at"]) == (18 * SECOND + 1, 38 * SECOND + 1)


LACKING: Mapping[str, tuple[str, Row, Row]] = {
    # kind, what demands it from 4 on, what nobody can read from 18 on
    "what only the command looks at": (
        "invoice_not_posted",
        Row(4, "billing", "invoice", "I", "B", {"status": "Posted"}),
        Row(20, "billing", "invoice_line", "L", "B", {"net_amount": "much"}),
    ),
    "a customer, which may be anyone": (
        "won_without_erp_customer",
        Row(4, "crm", "Opportunity", "O", "A2", {"StageName": "Closed Won"}),
        Row(20, "erp", "customer", "X", "X", {"status": "Limbo"}),
    ),
}


@pytest.mark.parametrize("lacking", LACKING)
@pytest.mark.parametrize("commits", [each, never])
def test_what_is_lacking_later_makes_no_proposal_of_a_command(lacking: str, commits: Callable[[], bool]) -> None:
    kind, demand, unreadable = LACKING[lacking]
    rules = governed(30, kind)
    log = told_to_judge(rules, [*KNOWN, demand, unreadable], random.Random(0), lags=False)

    (command,) = judged(rules, log, commits, never).commands

    assert json.loads(command)["mode"] == "execute"
