"""Of a record that nobody could read nothing is told but what would be if it could have been read all along, however
its customer is linked in the meantime; or, once it is dismissed, what would be if there had never been one."""

from __future__ import annotations

import random
from collections import Counter
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas import topics
from streams.letters import ENTITY_HEADER, ID_HEADER
from streams.verify.report import EQUAL
from tests.depth import cases
from tests.recorded import DriverRecording
from tests.topology import Company
from tests.unit.test_verify import verified
from tests.wanderers import governed, judged

ENDS = 100
KINDS = ("invoice_not_posted", "contract_value_mismatch", "credit_memo_unpropagated")
RULES = governed(10.0 * ENDS, *KINDS)
OWNERS = ("A", "A2", "A3", None)
LINKS = {"erp": ("customer", "E", "external_id"), "billing": ("account", "B", "crm_account_id")}
Fields = dict[str, str | None]
LACKED: dict[str, tuple[Fields, Fields, Fields]] = {
    # object of the ERP: as it is, as nobody can read it, as it is later
    "ledger_posting": ({"status": "Posted"}, {"status": "Odd"}, {"status": "Draft"}),
    "contract": ({"value": "900.00"}, {"value": "much"}, {"value": "1200.00"}),
    "credit_memo": ({"status": "Posted"}, {"status": "Odd"}, {"status": "Draft"}),
}


class Story(NamedTuple):
    object: str
    at: int
    """It is committed then."""
    later: int | None
    """And once more."""
    links: list[tuple[int, str, str | None]]
    """Second, system, account."""
    settled: int


@st.composite
def stories(draw: st.DrawFn) -> Story:
    link = st.tuples(st.integers(2, 50), st.sampled_from(["erp", "erp", "billing"]), st.sampled_from(OWNERS))
    at = draw(st.integers(2, 40))
    links = sorted(draw(st.lists(link, max_size=5)), key=lambda each: each[0])
    later = draw(st.none() | st.integers(at + 1, 60))
    return Story(draw(st.sampled_from(sorted(LACKED))), at, later, links, draw(st.integers(at, 70)))


def told(story: Story, first: str, settled: str = "") -> tuple[Company, set[Any]]:
    """`first`: whether its first version is readable, unreadable or absent. Returns also what was told by when that
    was settled."""
    company = Company(RULES)
    for row in (("crm", "Account", "A"), ("crm", "Account", "A2"), ("crm", "Account", "A3")):
        company.row(*row, 1, run=False)
    company.row("billing", "account", "B", 1, crm_account_id="A", run=False)
    company.row("erp", "customer", "E", 1, external_id="A", run=False)
    company.row("billing", "invoice", "I", 1, "B", status="Posted", run=False)
    company.row("billing", "subscription", "S", 1, "B", status="Active", run=False)
    known: set[Any] = set()
    turns = {story.at, story.later, story.settled, *(at for at, _, _ in story.links)}
    for second in range(2, ENDS):
        _happens(company, story, first, second)
        if second == story.settled and settled:
            known = opened(company)
            settle(company, story, settled)
        if second % 3 == 0 or second in turns:
            company.heard(second)
    return company, known


def _happens(company: Company, story: Story, first: str, second: int) -> None:
    readable, unreadable, later = LACKED[story.object]
    if second == story.at and first != "absent":
        fields = readable if first == "readable" else unreadable
        company.row("erp", story.object, "R", second, "E", poll=1000, run=False, **fields)
    if second == story.later:
        company.row("erp", story.object, "R", second, "E", poll=1001, run=False, **later)
    for at, system, account in story.links:
        if at == second:
            object_, id_, field = LINKS[system]
            company.row(system, object_, id_, at, run=False, **{field: account})
    company.driver.run()


def settle(company: Company, story: Story, how: str) -> None:
    (letter,) = (w.value for w in company.driver.written[topics.DEAD_LETTERS])
    assert letter is not None
    if how == "replayed":
        headers = {ID_HEADER: letter["letter_id"].encode(), ENTITY_HEADER: letter["entity"].encode()}
        fields = LACKED[story.object][0]
        company.row("erp", story.object, "R", story.at, "E", poll=1000, headers=headers, run=False, **fields)
    else:
        value = {name: letter[name] for name in ("system", "entity", "letter_id")} | {"how": how}
        company.driver.pipe("src.erp", "E", "HoleClosed", value, partition=letter["partition"])
    company.driver.run()


def opened(company: Company) -> set[Any]:
    """What was told, whatever became of it since."""
    drifts = (w.value or {} for w in company.driver.written[topics.DRIFTS])
    results = (w.value or {} for w in company.driver.written[topics.AUDIT])
    openings = {(d["drift_id"], d["canonical_id"], d["opened_at"]) for d in drifts}
    return openings | {(a["drift_id"], a["canonical_id"], a["result"]) for a in results}


def said(company: Company) -> tuple[set[Any], Counter[Any]]:
    """The last word on each drift; and how often each result counts, less where it was amended."""
    lives = {(d["drift_id"], d["canonical_id"], d["opened_at"], d["closed_at"], d["how"]) for d in company.drifts()}
    results: Counter[Any] = Counter()
    for value in (w.value or {} for w in company.driver.written[topics.AUDIT]):
        of = value["drift_id"], value["canonical_id"]
        results[(*of, value["result"])] += 1
        results[(*of, value["amends"])] -= bool(value["amends"])
    return lives, Counter({what: count for what, count in results.items() if count})


@pytest.mark.parametrize(("how", "as_if"), [("replayed", "readable"), ("dismissed", "absent")])
@given(story=stories())
def test_what_is_told_is_what_would_be(how: str, as_if: str, story: Story) -> None:
    expected, _ = told(story, as_if)
    company, meanwhile = told(story, "unreadable", how)

    assert said(company) == said(expected)
    assert meanwhile <= opened(expected)


@given(story=stories(), how=st.sampled_from(["replayed", "dismissed", ""]), seed=st.integers(0, 2**32))
def test_it_is_told_wherever_commits_fall(story: Story, how: str, seed: int) -> None:
    company, _ = told(story, "unreadable", how)
    log = {0: company.driver.log[topics.CHANGES, 0]}
    rng = random.Random(seed)

    each = judged(RULES, log, lambda: True, lambda: False)
    some = judged(RULES, log, lambda: rng.random() < 0.2, lambda: rng.random() < 0.1)

    assert some == each


@settings(max_examples=cases(10, thorough=100))
@given(story=stories(), how=st.sampled_from(["replayed", "dismissed", ""]))
def test_a_deployment_that_was_told_so_is_verified(story: Story, how: str) -> None:
    company, _ = told(story, "unreadable", how)

    report = verified(DriverRecording(company.driver), company)

    assert (report.code, report.differences) == (EQUAL, [])
