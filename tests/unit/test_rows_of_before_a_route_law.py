"""Whatever is heard first, rows or the links that send them elsewhere: what is told is what would be told if all had
been heard in the order in which it was committed. Also of systems that name nobody and are named by others, and where
each object of a system is read by itself (contracts 3 to 5)."""

from __future__ import annotations

import random
from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st

from schemas import topics
from schemas.instants import SECOND
from streams.governance import Governance
from streams.verify.report import EQUAL
from tests.depth import cases
from tests.recorded import DriverRecording
from tests.topology import FIELDS, Company, governance
from tests.unit.test_the_law import Outcome, fed, outcome
from tests.unit.test_verify import verified
from tests.wanderers import Row as Change
from tests.wanderers import in_one_shard

ENDS = 100
CRM, BILLING = "ERP_Customer_Id__c", "crm_account_id"
NAMING: tuple[dict[str, dict[str, str]], ...] = (
    {"crm": {}, "billing": {"crm_ref": "crm"}, "erp": {"crm_ref": "crm"}},  # as delivered
    {"crm": {"erp_ref": "erp"}, "billing": {"crm_ref": "crm"}, "erp": {}},
    {"crm": {"erp_ref": "erp"}, "billing": {"crm_ref": "erp"}, "erp": {}},
    {"crm": {"erp_ref": "erp", "billing_ref": "billing"}, "billing": {}, "erp": {}},
)
CUSTOMERS = {"crm": ("A", "A2"), "billing": ("B",), "erp": ("E",)}
LINKS = {
    # system: object of its customers, what names another, in the field of which attribute
    "crm": ("Account", {"erp_ref": CRM, "billing_ref": "Billing_Account_Id__c"}),
    "billing": ("account", {"crm_ref": BILLING}),
    "erp": ("customer", {"crm_ref": "external_id"}),
}
CHANGES: dict[str, dict[str, tuple[str, tuple[str, ...]]]] = {
    # system: what else changes there
    "crm": {"Opportunity": ("StageName", ("Negotiation", "Closed Won")), "Credit_Memo__c": ("Status__c", ("Posted",))},
    "billing": {
        "subscription": ("status", ("Draft", "Active", "Cancelled")),
        "invoice": ("status", ("Posted", "Draft", "Voided")),
    },
    "erp": {
        "ledger_posting": ("status", ("Posted", "Posted", "Posting", "Draft")),
        "credit_memo": ("status", ("Draft", "Posted")),
        "contract": ("value", ("1200.00", "900.00", "1200.50")),
    },
}

ROWS = [
    *((system, object_) for system, objects in CHANGES.items() for object_ in objects),
    *6 * [("erp", "ledger_posting")],
]


Option = tuple[str, tuple[str, int]]
"""What could be done next, and where."""


class History(NamedTuple):
    naming: int
    changes: list[Change]
    """In the order of their commits; their places are their versions."""


@cache
def governed(naming: int) -> Governance:
    base = in_one_shard(governance(), 0)
    systems = {name: s.model_copy(update={"links": NAMING[naming][name]}) for name, s in base.systems.items()}
    return base.model_copy(update={"systems": systems, "judged": (*base.judged, "stuck_in_flight")})


def history(rng: random.Random) -> History:
    """An invoice is posted; it may be answered, and its customers linked, at any time."""
    naming = rng.choice((2, 2, 2, 1, 3, 0))
    first = [Change(1, "billing", "account", "B", "B", _naming(naming, "billing", 0))]
    demanded = Change(2, "billing", "invoice", "invoice", "B", {"status": "Posted"})
    links = [_link(rng, naming) for _ in range(rng.randint(1, 3))]
    rows = [_row(rng) for _ in range(rng.randint(1, 5))]
    return History(naming, [*first, demanded, *sorted([*links, *rows], key=lambda change: change.at)])


def _naming(naming: int, system: str, which: int | None) -> dict[str, str | None]:
    """What a customer record says of others: which of them, or none."""
    fields = LINKS[system][1]
    said = NAMING[naming][system].items()
    return {
        fields[what]: None if which is None else CUSTOMERS[whose][which % len(CUSTOMERS[whose])] for what, whose in said
    }


def _link(rng: random.Random, naming: int) -> Change:
    system = rng.choice([system for system, links in NAMING[naming].items() if links])
    customer, which = rng.choice(CUSTOMERS[system]), rng.choice((0, 0, 1, None))
    return Change(rng.randint(5, 45), system, LINKS[system][0], customer, customer, _naming(naming, system, which))


def _row(rng: random.Random) -> Change:
    system, object_ = rng.choice(ROWS)
    field, values = CHANGES[system][object_]
    fields: dict[str, str | None] = {field: rng.choice(values)}
    fields |= {"crm_opportunity_id": "Opportunity"} if object_ == "subscription" else {}
    return Change(rng.randint(2, 25), system, object_, object_, CUSTOMERS[system][0], fields, rng.random() < 0.1)


def tell(company: Company, change: Change, version: int) -> None:
    how = {"operation": "delete" if change.gone else "upsert", "poll": version, "run": False}
    fields: Any = {**FIELDS[change.system, change.object], BILLING: None, "external_id": None, **change.fields, **how}
    company.row(change.system, change.object, change.id, change.at, change.customer, **fields)


def in_order(story: History) -> Outcome:
    company = Company(governed(story.naming))
    for version, change in enumerate(story.changes, 1):
        tell(company, change, version)
        company.heard(change.at - 0.5)
    company.heard(ENDS)
    return outcome(company)


def inputs(story: History, polled: set[str]) -> dict[tuple[str, int], list[Any]]:
    """What each source writes, in its order. `polled`: systems that are asked for one object after the other, now and
    then."""
    company = Company(governed(story.naming))
    for system in CUSTOMERS:
        changes = [(n, change) for n, change in enumerate(story.changes, 1) if change.system == system]
        if system in polled:
            _poll(company, system, changes)
        else:
            for version, change in changes:
                tell(company, change, version)
                company.heard(change.at - 0.5, system, run=False)
            company.heard(ENDS, system, run=False)
    return {place: list(queue) for place, queue in company.driver.queues.items()}


def _poll(company: Company, system: str, changes: list[tuple[int, Change]]) -> None:
    since = 0
    for until in (15, 30, ENDS):
        for object_ in (LINKS[system][0], *sorted(company.governance.mappings[system].keys() - {LINKS[system][0]})):
            for version, change in changes:
                if change.object == object_ and since <= change.at < until:
                    tell(company, change, version)
            _heard(company, system, object_, until - 1)
        since = until


def _heard(company: Company, system: str, object_: str, until: int) -> None:
    mark = {"system": system, "object": object_, "epoch": 0, "phase": "streaming", "watermark": until * SECOND}
    for partition in range(company.governance.partitions):
        value = {**mark, "partition": partition, "observed_at": 0}
        company.driver.pipe(topics.source_topic(system), "", "SourceProgress", value, partition=partition)


def last(silent: str | None, rng: random.Random) -> Callable[[list[Option]], Option]:
    """In any order, but what this system says, which is heard once all else is done."""

    def choose(options: list[Option]) -> Option:
        others = [(what, place) for what, place in options if place[0] != topics.source_topic(silent or "")]
        return rng.choice(others or options)

    return choose


def told(story: History, rng: random.Random) -> Company:
    silent = rng.choice(("erp", "erp", "billing", "crm", None))
    polled = {name for name in CUSTOMERS if rng.random() < 0.3}
    return fed(
        Company(governed(story.naming)),
        inputs(story, polled),
        choose=last(silent, rng),
        duplicate=lambda: rng.random() < 0.1,
        crash=lambda: rng.random() < 0.05,
    )


@settings(max_examples=cases(80, thorough=2000))
@given(st.integers(0, 2**32))
def test_what_is_told_is_what_would_be(seed: int) -> None:
    rng = random.Random(seed)  # hundreds of choices, of which the simplest show nothing
    story = history(rng)

    assert outcome(told(story, rng)) == in_order(story)


@settings(max_examples=cases(8, thorough=100))
@given(st.integers(0, 2**32))
def test_a_deployment_that_was_told_so_is_verified(seed: int) -> None:
    rng = random.Random(seed)
    company = told(history(rng), rng)

    report = verified(DriverRecording(company.driver), company)

    assert (report.code, report.differences) == (EQUAL, [])
