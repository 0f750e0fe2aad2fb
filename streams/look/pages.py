"""The pages a person sees: one function an answer, tables of plain text."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from rich.console import RenderableType

from schemas.instants import Instant, iso
from schemas.money import plain
from streams.judge.commands import restrained
from streams.look.corrected import Customer
from streams.look.drifts import Drift
from streams.look.lag import spoken
from streams.look.shown import ago, money, table
from streams.look.sources import Source
from streams.look.why import Explanation

Watermarks = Mapping[str, Instant | None]


def customer(found: Customer, watermarks: Watermarks, now: Instant) -> Iterator[RenderableType]:
    process = found.process or {}
    told = f"revision {process['revision']}; {_complete(process['complete_until'])}" if process else "revision 0"
    yield f"{found.canonical_id}: {process.get('stage', 'no process yet')} ({told})"
    yield f"members: {', '.join(process.get('members', [])) or 'none'}"
    open_ = process.get("open_drifts", {})
    yield f"open drifts: {', '.join(f'{kind} ({count})' for kind, count in sorted(open_.items())) or 'none'}\n"
    conditions = (_condition(c, now) for c in process.get("conditions", []))
    yield table(("condition", "status", "reason", "since"), conditions)
    for entity in found.entities:
        yield _entity(entity, now)
    yield f"read from {found.read_from}, its newest record of this customer written {ago(found.last_record_at, now)}"
    yield heard(watermarks, now)


def _condition(condition: Mapping[str, Any], now: Instant) -> Sequence[str]:
    since = condition["last_transition_at"]
    return condition["type"], condition["status"], condition["reason"], ago(since, now) if since is not None else ""


def _entity(entity: Mapping[str, Any], now: Instant) -> RenderableType:
    complete = _complete(entity["complete_until"])
    title = f"{entity['entity']} {entity['native_id']} (revision {entity['revision']}; {complete})"
    columns = ("attribute", "value", "owner", "committed", "agree", "diverge", "unheard")
    return table(columns, (_attribute(a, now) for a in entity["attributes"]), title=title)


def _complete(until: Instant | None) -> str:
    return "not heard in full yet" if until is None else f"complete up to {iso(until)} when it was written"


def _attribute(a: Mapping[str, Any], now: Instant) -> Sequence[str]:
    diverging = ", ".join(f"{system}: {_value(text)}" for system, text in sorted(a["diverge"].items()))
    owner = f"{a['owner']}:{a['native_id']}" if a["native_id"] else a["owner"]
    committed = ago(a["committed_at"], now) if a["committed_at"] is not None else ""
    agreeing, unheard = ", ".join(a["agree"]), ", ".join(a["unheard"])
    return a["name"], _value(a["value"]), owner, committed, agreeing, diverging, unheard


def _value(text: str | None) -> str:
    if text is None:
        return ""
    value = json.loads(text)
    if isinstance(value, dict):
        return money(value)
    return value if isinstance(value, str) else text


def heard(watermarks: Watermarks, now: Instant) -> str:
    """One line: up to when each system has been heard."""
    each = (
        f"{s} up to {iso(mark)} ({ago(mark, now)})" if mark else f"{s} not in full" for s, mark in watermarks.items()
    )
    return f"heard: {', '.join(each)}"


def drifts(found: Iterable[Drift], now: Instant) -> RenderableType:
    columns = (
        "severity",
        "kind",
        "subject",
        "customer",
        "at stake",
        "owner",
        "opened",
        "status",
        "command",
        "drift id",
    )
    return table(columns, (_drift(drift, now) for drift in found), head=3)


def _drift(d: Drift, now: Instant) -> Sequence[str]:
    return (
        d["severity"],
        d["kind"],
        f"{d['system']}/{d['entity']}/{d['native_id']}",
        d["canonical_id"],
        money(d["amount_at_stake"]),
        d["owner_team"],
        ago(d["opened_at"], now),
        f"{d['status']} ({d['how']})" if d["how"] else d["status"],
        command(d),
        d["drift_id"],
    )


def command(drift: Drift) -> str:
    """What becomes of its command, and what keeps that back."""
    words = restrained(drift)
    if not words:
        return str(drift["mode"])
    return f"{drift['mode']}: {words}" if drift["command_id"] else f"held: {words}"


def sources(found: Iterable[Source], now: Instant) -> RenderableType:
    columns = ("source", "phase", "heard up to", "age", "reported", "verdicts waiting", "at stake", "why")
    return table(columns, (_source(source, now) for source in found))


def _source(s: Source, now: Instant) -> Sequence[str]:
    amounts = ", ".join(f"{plain(amount)} {currency}" for currency, amount in sorted(s.amounts.items()) if amount)
    phase = f"{s.phase}, stale" if s.stale and s.watermark is not None else s.phase
    age = ago(s.watermark, now)
    return spoken(s.source), phase, iso(s.watermark), age, ago(s.reported_at, now), str(s.obligations), amounts, s.why


def why(found: Iterable[Explanation]) -> RenderableType:
    return table(("answer", "kind", "subject", "because"), (_explanation(e) for e in found), head=3)


def _explanation(e: Explanation) -> Sequence[str]:
    subject = f"{e.system}/{e.entity}/{e.native_id}" if e.native_id else ""
    return e.outcome, e.kind or "evidence", subject, e.because
