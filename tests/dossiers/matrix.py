"""The catalogue of kinds and the matrix of kinds by facts, as `ops/kinds.md` shows them.

python -m tests.dossiers.matrix > ops/kinds.md"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from streams.fleet import FLEET_KINDS, breaker, corrections, gaps, letters, mass, stale
from streams.governance import Governance, load
from streams.governance.model import Kind as Rules
from streams.kinds.table import KINDS, Kind
from tests.dossiers.model import Dossier
from tests.dossiers.table import DOSSIERS

PAGE = Path(__file__).parents[2] / "ops" / "kinds.md"
INTRODUCTION = """# The kinds of drift

Generated from the code, its governed defaults and its dossiers (`python -m tests.dossiers.matrix > ops/kinds.md`); a
test holds it current. What a company decides about a kind - deadline, severity, owner, mode, tolerance - is in
`streams/governance/default/kinds.yaml` and overlaid from `ops/governance`. Severity: S1 ledger, cash or tax wrong; S2
finance-impacting timing; S3 visible to customers; S4 for information.
"""
FLEET = """
## Kinds of the fleet

About sources, letters, corrections and rates, not about one customer's records: judged in one stage from recorded
observations (`streams/fleet`), tested in `tests/unit/test_fleet.py` and `test_fleet_kinds.py`.
"""
FACTS = """
## The matrix: kinds by facts

Every kind has a dossier in `tests/dossiers`: stories, and eight facts that `tests/unit/test_dossiers.py` holds it to. A
number says how many stories, sources, orders or words a fact is tried with.

1. opens at the instant at which it has become certain, never before
2. near misses stay quiet
3. UNKNOWN while any of the systems it needs lags, and then the same verdict
4. late evidence retracts it, and it counts as false
5. the same verdicts in any order that keeps each source's own, with duplicates
6. the same verdicts with restarts in mid-life
7. the right amount and the right owner
8. a text that a finance person can read
"""
ORDERS, RESTARTS = 8, 4


def page(governance: Governance) -> str:
    head = ("#", "kind", "when", "deadline or grace", "severity", "owner", "command", "condition")
    catalogue = _table(head, (_row(kind, governance) for kind in KINDS))
    facts = ("kind", "1", "2", "3", "4", "5", "6", "7", "8")
    fleet = _table(("#", "kind", "when", "limit", "severity", "owner"), _fleet(governance))
    return f"{INTRODUCTION}\n{catalogue}{FLEET}\n{fleet}{FACTS}\n{_table(facts, (_facts(kind) for kind in KINDS))}"


def _row(kind: Kind, governance: Governance) -> Sequence[str]:
    rules = governance.kinds[kind.name]
    text = (sys.modules[kind.judge.__module__].__doc__ or "").partition(":")[2].split("\n\n")[0]
    when = " ".join(text.split()).rstrip(".")
    clock = "any occurrence" if rules.sla_seconds == 0 else f"{kind.clock} {_length(rules)}"
    command = f"`{kind.command}` ({kind.sort})" if kind.command else "-"
    return kind.number, f"`{kind.name}`", when, clock, rules.severity, rules.owner_team, command, kind.condition


def _fleet(governance: Governance) -> Iterable[Sequence[str]]:
    for module in (letters, gaps, stale, corrections, mass, breaker):
        rules, when = governance.kinds[module.KIND], (module.__doc__ or "").partition(": ")[2].split("\n\n")[0]
        limit = "each system's own" if module is stale else _span(rules.sla_seconds) if rules.sla_seconds else "-"
        text = " ".join(when.split()).rstrip(".")
        yield FLEET_KINDS[module.KIND], f"`{module.KIND}`", text, limit, rules.severity, rules.owner_team


def _facts(kind: Kind) -> Sequence[str]:
    ours = [dossier for dossier in DOSSIERS if dossier.kind == kind.name]
    if not ours:
        return kind.name, *["-"] * 8
    return kind.name, *map(str, _counts(kind, ours))


def _counts(kind: Kind, ours: list[Dossier]) -> Iterable[int]:
    stories = len(ours)
    near_misses = sum(len(dossier.near_misses) for dossier in ours)
    sources = len({role for role, _ in kind.reach})
    words = sum(len(dossier.says) for dossier in ours)
    return stories, near_misses, sources, stories, stories * ORDERS, stories * RESTARTS, stories, words


def _length(rules: Rules) -> str:
    days = rules.sla_business_days
    return f"{days} business day{'s' if days > 1 else ''}" if days else _span(rules.sla_seconds)


def _span(seconds: float) -> str:
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= size and seconds % size == 0:
            return f"{seconds / size:g} {unit}"
    return f"{seconds:g} s"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


if __name__ == "__main__":
    sys.stdout.write(page(load()))
