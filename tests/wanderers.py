"""Companies whose records go to another customer and come back, while what is demanded of them is under way."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any, NamedTuple

import orjson

from schemas import topics
from schemas.instants import SECOND
from streams.driver import Driver
from streams.governance import Governance
from streams.letters import Raw
from streams.verify.compare import Scope, compare
from streams.verify.outputs import plain
from streams.verify.report import Difference
from streams.verify.state_facts import STATE, plain_state
from tests.topology import Company, governance, hear

LASTS = 40
"""Seconds in which something happens."""
ENDS = 100
"""By then every verdict is due."""
STEP = 2
"""Seconds between two words of the sources."""
RETENTIONS = (5, 15, 30)
"""Seconds in which late evidence may come: shorter and longer than a deadline."""
DELAYS = (2, 6, 14, 30)
"""Seconds by which a row is told late, or only after others."""
CHANGES: Mapping[tuple[str, str, str], tuple[str, tuple[str | None, ...]]] = {
    # what changes about a record (system, object, native customer)
    ("billing", "account", "B"): ("tax_id", ("T1", "T2")),
    ("erp", "customer", "E"): ("legal_name", ("Acme", "Acme Ltd")),
    ("erp", "contract", "E"): ("value", ("1200.00", "900.00")),
    ("billing", "subscription", "B"): ("status", ("Draft", "Active", "Cancelled")),
    ("billing", "invoice", "B"): ("status", ("Draft", "Posted", "Voided")),
    ("erp", "ledger_posting", "E"): ("status", ("Draft", "Posted")),
    ("erp", "credit_memo", "E"): ("status", ("Draft", "Posted")),
    ("crm", "Opportunity", "A"): ("StageName", ("Negotiation", "Closed Won")),
}
LINKS = (("billing", "account", "crm_account_id"), ("erp", "customer", "external_id"))
OWNERS = ("A", None, "A2")
"""Whose a native customer says that it is; None: its own."""
Tell = Callable[[int], object]
"""What has happened up to a second, since it was asked last."""
Beside = Callable[[Driver, random.Random, Tell], Tell]
Log = Mapping[int, list[Raw]]
"""What judge was told: partition -> its records."""


class Row(NamedTuple):
    at: int
    system: str
    object: str
    id: str
    customer: str
    fields: dict[str, str | None]
    gone: bool = False


KNOWN = (
    Row(1, "crm", "Account", "A", "A", {}),
    Row(1, "crm", "Account", "A2", "A2", {}),
    Row(1, "billing", "account", "B", "B", {"crm_account_id": "A"}),
    Row(1, "billing", "subscription", "subscription", "B", {"status": "Active"}),
    Row(1, "erp", "customer", "E", "E", {"external_id": "A"}),
)
"""Two accounts, and what is linked to the first."""


@cache
def governed(late_retention_seconds: float, *judged: str, forgotten_after: float | None = None) -> Governance:
    """`forgotten_after`: seconds after which drifts that ended are forgotten; None: never."""
    updates = {"judged": judged, "ended_drift_retention_seconds": forgotten_after}
    return in_one_shard(governance().model_copy(update=updates), late_retention_seconds)


def in_one_shard(governed: Governance, late_retention_seconds: float) -> Governance:
    """Where no source counts as stale."""
    systems = {name: s.model_copy(update={"stale_after_seconds": 10.0 * ENDS}) for name, s in governed.systems.items()}
    updates = {"systems": systems, "partitions": 1, "late_retention_seconds": late_retention_seconds}
    return governed.model_copy(update=updates)


def with_mode(mode: str, governed: Governance) -> Governance:
    """Of every kind."""
    kinds = {name: kind.model_copy(update={"mode": mode}) for name, kind in governed.kinds.items()}
    return governed.model_copy(update={"kinds": kinds})


def history(rng: random.Random) -> list[Row]:
    """All is known and linked in the first second; then records change, and now and then go elsewhere."""
    held: dict[str, dict[str, str | None]] = {"account": {"crm_account_id": "A"}, "customer": {"external_id": "A"}}
    rows = [*KNOWN, *(_row(1, *place, held) for place in CHANGES)]
    for at in sorted(rng.randint(2, LASTS) for _ in range(rng.randint(4, 24))):
        if rng.random() < 0.5:
            system, object_, link = rng.choice(LINKS)
            place, field, value = (system, object_, _owner(object_)), link, rng.choice(OWNERS)
        else:
            place = rng.choice(list(CHANGES))
            field, values = CHANGES[place]
            value = rng.choice(values)
        held.setdefault(place[1], {})[field] = value
        rows.append(_row(at, *place, held))
    return rows


def _owner(object_: str) -> str:
    return "B" if object_ == "account" else "E"


def _row(at: int, system: str, object_: str, customer: str, held: dict[str, dict[str, str | None]]) -> Row:
    id_ = customer if object_ in ("account", "customer") else object_
    also: dict[str, str | None] = {"crm_opportunity_id": "Opportunity"} if object_ == "subscription" else {}
    return Row(at, system, object_, id_, customer, {**also, **held.get(object_, {})})


def told_to_judge(
    governed: Governance,
    rows: list[Row],
    rng: random.Random,
    *,
    lags: bool = True,
    gaps: bool = False,
    late: float = 0.0,
    beside: Beside | None = None,
) -> Log:
    """`late`: how many of the rows are told some seconds later; `beside`: what else is told."""
    company = Company(governed)
    in_order = not late or rng.random() < 0.5
    """By its version no row is older than one that was told before."""
    told_at = [(row.at + (rng.choice(DELAYS) if late and rng.random() < late else 0), row) for row in rows]

    def tell(until: int) -> None:
        for version, (at, row) in enumerate(told_at, 1):
            if until - STEP < at <= until:
                poll = None if in_order else version
                company.row(row.system, row.object, row.id, row.at, row.customer, poll=poll, run=False, **row.fields)

    told = tell if beside is None else beside(company.driver, rng, tell)
    return heard_by_judge(company.driver, told, rng, lags=lags, gaps=gaps)


def heard_by_judge(
    driver: Driver,
    tell: Callable[[int], object],
    rng: random.Random,
    *,
    lags: bool = True,
    gaps: bool = False,
    ends: int = ENDS,
) -> Log:
    """The sources are heard every few seconds; some of them lag for a while, or are lost. `tell` says what happened
    since."""
    systems = driver.governance.systems
    behind, heard = dict.fromkeys(systems, 0), dict.fromkeys(systems, 0)
    lost, epochs = dict.fromkeys(systems, False), dict.fromkeys(systems, 0)
    for second in range(0, ends, STEP):
        tell(second)
        for system in systems:
            behind[system] = rng.choice((0, 0, 12, 40)) if lags and rng.random() < 0.2 else behind[system]
            heard[system] = max(heard[system], second - behind[system])
            if gaps and rng.random() < (0.3 if lost[system] else 0.05):
                lost[system] = not lost[system]
                epochs[system] += lost[system]
                heard[system] = max(0, second - rng.choice((behind[system], 40)))  # a new epoch may begin before that
            until, phase = (None, "gap") if lost[system] else (heard[system] * SECOND, "streaming")
            hear(driver, system, until, phase=phase, epoch=epochs[system])
        driver.run()
    for system in systems:
        hear(driver, system, ends * SECOND, epoch=epochs[system])
    driver.run()
    return {partition: log for (topic, partition), log in driver.log.items() if topic == topics.CHANGES}


class Kept:
    """Judge's state: equal is what verification calls so."""

    def __init__(self, state: Mapping[str, Any]) -> None:
        self._state = sorted(state.items())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Kept) and not self.differences(other)

    def __repr__(self) -> str:
        return "Kept"

    def differences(self, other: Kept) -> list[Difference]:
        both = (plain_state(self._state), plain_state(other._state))
        return [apart for check in compare("judge", "", STATE["judge"], *both, Scope()) for apart in check.first]


class Said(NamedTuple):
    drifts: dict[str, Any]
    """The last word on each; None: it was forgotten."""
    lives: dict[str, Any]
    """What the state holds of them, and of what is to be forgotten."""
    commands: Counter[str]
    audit: Counter[str]
    corrected: dict[str, Any]
    """The last word on each record and process; None: it is gone."""
    kept: Kept

    @property
    def audited(self) -> list[dict[str, Any]]:
        """In the order of event time."""
        return sorted(map(orjson.loads, self.audit.elements()), key=lambda told: told["settled_at"])


def judged(governed: Governance, log: Log, commits: Callable[[], bool], crashes: Callable[[], bool]) -> Said:
    """What judge says of its input, where commits fall so; `crashes`: what is not committed is folded again."""
    driver = Driver(governed, {}, keep=False)
    for partition, records in log.items():
        for raw in records:
            driver.feed(raw)
        place = (topics.CHANGES, partition)
        while driver.queues[place]:
            driver.fold(place)
            if commits():
                while driver.commit("judge", partition):
                    pass
            elif crashes():
                driver.crash("judge", partition)
        while driver.commit("judge", partition):
            pass
    state = {key: value for n in log for key, value in driver.state("judge", n).items()}
    return Said(
        dict(_drifts(driver)),
        {key: value for key, value in state.items() if key.startswith(("d/", "t/"))},
        Counter(_told(driver, topics.COMMANDS)),
        Counter(_told(driver, topics.AUDIT)),
        dict(_corrected(driver)),
        Kept(state),
    )


def _drifts(driver: Driver) -> Iterator[tuple[str, Any]]:
    for written in driver.written[topics.DRIFTS]:
        held = None if written.value is None else plain(written.value)
        yield written.key, held and {name: value for name, value in held.items() if name != "watermarks"}


def _corrected(driver: Driver) -> Iterator[tuple[str, Any]]:
    """Without what says when it was published: once for what one commit changed."""
    for written in driver.written[topics.CORRECTED_STATE]:
        when = {"complete_until", "revision"} if "/customer/" in written.key else {"complete_until"}
        value = written.value
        yield written.key, value and {name: held for name, held in value.items() if name not in when}


def _told(driver: Driver, topic: str) -> Iterator[str]:
    values = (plain(written.value) for written in driver.written[topic])
    return (orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode() for value in values)
