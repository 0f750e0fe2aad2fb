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
from streams.process_map.words import duration
from streams.suspects.table import SUSPECT_KINDS
from tests.dossiers.model import Dossier
from tests.dossiers.table import DOSSIERS

PAGE = Path(__file__).parents[2] / "ops" / "kinds.md"
INTRODUCTION = """# The kinds of drift

Generated from the code, its governed defaults and its dossiers (`python -m tests.dossiers.matrix > ops/kinds.md`); a
test holds it current. What a company decides about a kind - deadline, severity, owner, mode, tolerance - is in
`streams/governance/default/kinds.yaml` and overlaid from `ops/governance`. Severity: S1 ledger, cash or tax wrong; S2
finance-impacting timing; S3 visible to customers; S4 for information.
"""
ACROSS = """
## Kinds across customers

About who is who, not about one customer's records: 36 and 48 are judged where links are resolved
(`streams/crosswalk.py`), 44 and 45 where records are compared (`streams/suspects`, once `suspects` in `systems.yaml` is
true). Tested in `tests/unit/test_hierarchy_circles.py`, `test_identity_conflict.py` and `test_suspects.py`.
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
    head = ("#", "kind", "subject", "when", "deadline or grace", "severity", "owner", "command", "condition")
    catalogue = _table(head, (_row(rows, governance) for rows in _by_name()))
    across = _table(("#", "kind", "when", "grace", "severity", "owner", "command"), _across(governance))
    fleet = _table(("#", "kind", "when", "limit", "severity", "owner"), _fleet(governance))
    facts = _table(("kind", "1", "2", "3", "4", "5", "6", "7", "8"), (_facts(rows) for rows in _by_name()))
    return f"{INTRODUCTION}\n{catalogue}{ACROSS}\n{across}{FLEET}\n{fleet}{FACTS}\n{facts}"


def _by_name() -> Iterable[list[Kind]]:
    """The rows of each kind: one, or one for each entity that it watches."""
    named: dict[str, list[Kind]] = {}
    for kind in KINDS:
        named.setdefault(kind.name, []).append(kind)
    return named.values()


def _row(rows: list[Kind], governance: Governance) -> Sequence[str]:
    kind, rules = rows[0], governance.kinds[rows[0].name]
    text = (sys.modules[kind.judge.__module__].__doc__ or "").partition(":")[2].split("\n\n")[0]
    clock = "any occurrence" if rules.sla_seconds == 0 else f"{kind.clock} {_length(rules)}"
    clock += ", or the close of the period" if kind.booked_on is not None else ""
    subject = "; ".join(f"{row.entity.replace('_', ' ')} ({', '.join(row.roles)})" for row in rows)
    commands = ", ".join(dict.fromkeys(f"`{row.command}`" for row in rows if row.command))
    command = f"{commands} ({kind.sort})" if commands else "-"
    name = f"`{kind.name}`"
    return kind.number, name, subject, _line(text), clock, rules.severity, rules.owner_team, command, kind.condition


def _line(text: str) -> str:
    return " ".join(text.split()).rstrip(".")


def _across(governance: Governance) -> Iterable[Sequence[str]]:
    for name, kind in SUSPECT_KINDS.items():
        rules = governance.kinds[name]
        grace = _length(rules) if rules.sla_seconds else "any occurrence"
        yield kind.number, f"`{name}`", kind.when, grace, rules.severity, rules.owner_team, f"`{kind.command}`"


def _fleet(governance: Governance) -> Iterable[Sequence[str]]:
    for module in (letters, gaps, stale, corrections, mass, breaker):
        rules, when = governance.kinds[module.KIND], (module.__doc__ or "").partition(": ")[2].split("\n\n")[0]
        limit = "each system's own" if module is stale else duration(rules.sla_seconds) if rules.sla_seconds else "-"
        yield FLEET_KINDS[module.KIND], f"`{module.KIND}`", _line(when), limit, rules.severity, rules.owner_team


def _facts(rows: list[Kind]) -> Sequence[str]:
    ours = [dossier for dossier in DOSSIERS if dossier.kind == rows[0].name]
    return rows[0].name, *map(str, _counts(rows, ours))


def _counts(rows: list[Kind], ours: list[Dossier]) -> Iterable[object]:
    stories = len(ours)
    near_misses = sum(len(dossier.near_misses) for dossier in ours)
    words = sum(len(dossier.says) for dossier in ours)
    return stories, near_misses, _sources(rows), stories, stories * ORDERS, stories * RESTARTS, stories, words


def _sources(rows: list[Kind]) -> str:
    """How many roles a verdict waits for; of several rows the fewest and the most."""
    counts = {len({role for role, _ in row.reach}) for row in rows}
    return "-".join(map(str, sorted({min(counts), max(counts)})))


def _length(rules: Rules) -> str:
    days = rules.sla_business_days
    return f"{days} business day{'s' if days > 1 else ''}" if days else duration(rules.sla_seconds)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


if __name__ == "__main__":
    sys.stdout.write(page(load()))
