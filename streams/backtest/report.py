"""What a run says: one JSON document, written piece by piece, or two tables for people."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import orjson
from rich.console import RenderableType

from schemas.instants import iso
from streams.backtest.findings import Findings
from streams.backtest.run import Ending
from streams.governance.model import Governance
from streams.governance.vocabulary import unknown
from streams.kinds.table import judged
from streams.look.shown import jsonable, money, table

_SHOWN = 20
"""Drifts, and diverted lines, that a person is shown."""


class Report(NamedTuple):
    governance: Governance
    ending: Ending
    findings: Findings
    odd: Mapping[tuple[str, str, str], int]

    def by_kind(self) -> dict[str, dict[str, int]]:
        """Of every kind that was judged: drifts opened, how many of them have ended, obligations that cannot be
        decided."""
        counted, unknown = self.findings.count(), self.ending.undecided["unknown"]
        return {
            kind.name: {
                "opened": counts["open"] + counts["closed"],
                "resolved": counts["closed"],
                "unknown": unknown[kind.name],
            }
            for kind in judged(self.governance)
            for counts in (counted.get(kind.name, Counter[str]()),)
        }

    def baseline(self) -> dict[str, int]:
        return {kind: counts["baseline"] for kind, counts in self.findings.count().items() if counts["baseline"]}

    def document(self) -> Iterator[str]:
        """The JSON text in pieces: there may be more drifts than fit into memory."""
        head: dict[str, Any] = {
            "changes": self.ending.changes,
            "by_kind": self.by_kind(),
            "baseline": self.baseline(),
            "pending": dict(self.ending.undecided["pending"]),
            "commands": self.findings.commands,
            "late": self.ending.late,
            "too_late": self.ending.too_late,
            "silent_systems": list(self.ending.silent),
            "ended_at": self.ending.ended_at,
            "diverted_count": self.findings.diverted_count,
            "diverted": self.findings.diverted,
        }
        yield orjson.dumps(jsonable(head)).decode().removesuffix("}") + ',"drifts":['
        for number, record in enumerate(self.findings.drifts()):
            yield ("," if number else "") + record.decode()
        yield "]}\n"

    def pages(self) -> Iterator[RenderableType]:
        pending, baseline = self.ending.undecided["pending"], self.baseline()
        kinds = {kind: (*n.values(), pending[kind], baseline.get(kind)) for kind, n in self.by_kind().items()}
        found = {kind: numbers for kind, numbers in kinds.items() if any(numbers)}
        if found:
            rows = ((kind, *(str(n or "·") for n in numbers)) for kind, numbers in found.items())
            yield table(("kind", "opened", "resolved", "unknown", "not due yet", "baseline"), rows)
        if quiet := len(kinds) - len(found):
            yield f"nothing of {quiet}{' other' if found else ''} kinds that were judged"
        yield from _worst(self.findings)
        until = iso(self.ending.ended_at)
        yield f"{self.ending.changes} changes up to {until}; {self.findings.diverted_count} lines diverted"
        for line in self.findings.diverted[:_SHOWN]:
            yield f"line {line.line}: {line.reason}: {line.detail}"

    def notes(self) -> Iterator[str]:
        """What somebody should know before believing the numbers."""
        ending = self.ending
        for (entity, attribute, word), line in self.odd.items():
            yield f"line {line}: {entity}.{attribute}: {unknown(entity, attribute, word)}"
        if ending.silent:
            yield (
                f"no change came from {', '.join(ending.silent)}: what is expected there counts as missing; if the log "
                "has none of it, take the system out (`systems: {NAME: null}`) in a folder given by --governance"
            )
        if waiting := ending.undecided["pending"].total():
            those = "1 obligation was" if waiting == 1 else f"{waiting} obligations were"
            yield f"{those} not due at {iso(ending.ended_at)}: --until T says what came of them by T"
        if ending.late:
            yield f"{ending.late} changes came behind a watermark line of their own source: verdicts were amended"
        if ending.too_late:
            yield f"{ending.too_late} of those came too late to amend what held then: they count from later on"


def _worst(findings: Findings) -> Iterator[RenderableType]:
    drifts = [orjson.loads(record) for record in findings.drifts(_SHOWN + 1)]
    columns = ("severity", "kind", "subject", "customer", "at stake", "opened", "status", "found")
    if drifts:
        yield table(columns, (_row(d) for d in drifts[:_SHOWN]), head=3)
    if len(drifts) > _SHOWN:
        yield f"the worst {_SHOWN}; --json has them all"


def _row(d: dict[str, Any]) -> tuple[str, ...]:
    subject = f"{d['system']}/{d['entity']}/{d['native_id']}"
    status = f"{d['status']} ({d['how']})" if d["how"] else d["status"]
    stake = money(d["amount_at_stake"])
    return d["severity"], d["kind"], subject, d["canonical_id"], stake, d["opened_at"], status, d["observed"]
