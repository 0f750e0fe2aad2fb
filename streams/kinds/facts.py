"""Facts about one record whose beginning matters: since when, and since which version, has the fact held?

Identify stamps them on every change. So a deadline is counted from the right version however much history was folded,
and a record that moves to another customer takes its trigger along."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from decimal import Decimal
from typing import Any, NamedTuple

from schemas.instants import Instant

Attributes = Mapping[str, Any]

KNOWN = "known"
"""Holds since the first version, or the first after a deletion."""
PENDING_ACTIVATION = frozenset({"draft", "pending_activation", "pending_acceptance"})
_LIVE = PENDING_ACTIVATION | {"active", "suspended"}
OWED = ("open", "partially_paid", "failed")
"""Payment statuses of an invoice with something left to pay and no payment on its way."""
UNPAID = (*OWED, "pending")


def _issued(a: Attributes) -> bool:
    return a["status"] in ("posted", "paid") and bool(a["total"]) and Decimal(a["total"]["amount"]) != 0


FACTS: dict[str, dict[str, Callable[[Attributes], bool]]] = {
    # entity: {fact: does it hold?}
    "opportunity": {
        "won": lambda a: a["stage"] == "won",
        "ordered": lambda a: a["stage"] == "won" and a["order_managed"] is True,
    },
    "order": {"fulfilled": lambda a: a["status"] == "fulfilled"},
    "customer": {
        "active": lambda a: a["status"] == "active",
        "set_up": lambda a: a["status"] != "prospect",
        "linked": lambda a: bool(a["crm_ref"]) and a["status"] != "churned",
    },
    "subscription": {
        "live": lambda a: a["status"] in _LIVE,
        KNOWN: lambda a: True,
        "pending": lambda a: a["status"] in PENDING_ACTIVATION,
        "activated": lambda a: a["status"] in ("active", "suspended"),
        "cancelled": lambda a: a["status"] == "cancelled",
    },
    "invoice": {
        KNOWN: lambda a: True,
        "live": lambda a: a["status"] in ("posting", "posted", "paid"),
        "posted": _issued,
        "voided": lambda a: a["status"] == "voided",
        "owed": lambda a: a["status"] in ("posted", "paid") and a["payment_status"] in OWED,
    },
    "payment": {
        KNOWN: lambda a: True,
        # A disputed payment has been received until the dispute is lost.
        "settled": lambda a: a["status"] in ("settled", "disputed"),
        "failed": lambda a: a["status"] == "failed",
    },
    "refund": {KNOWN: lambda a: True, "settled": lambda a: a["status"] == "settled"},
    "cash_application": {
        KNOWN: lambda a: True,
        "applied": lambda a: a["status"] != "reversed",
        "reversed": lambda a: a["status"] == "reversed",
    },
    "revenue_schedule": {
        "recognising": lambda a: bool(a["recognised"]) and Decimal(a["recognised"]["amount"]) != 0,
    },
    "credit_memo": {
        KNOWN: lambda a: True,
        "live": lambda a: a["status"] == "posted",
        "posted": lambda a: a["status"] == "posted" and not (a["total"] and Decimal(a["total"]["amount"]) == 0),
    },
    "ledger_posting": {KNOWN: lambda a: True, "live": lambda a: a["status"] in ("posting", "posted")},
    "invoice_line": {KNOWN: lambda a: True},
    "usage": {KNOWN: lambda a: True},
}

LASTING: frozenset[tuple[str, str]] = frozenset({("customer", "set_up")})
"""Facts that, once begun, hold for ever: going back does not undo that the step was taken."""
STEPS: dict[str, str] = {"order": "fulfilled", "subscription": "activated", "invoice": "posted"}
"""Entity -> a step of which it is kept, as `once_STEP`, when it was taken first, once it was taken back."""

VALUES: dict[str, dict[str, Callable[[Attributes], object]]] = {
    # entity: {fact: its value}; a new value is a new fact
    "customer": {"tax_region": lambda a: a["tax_region"]},
    "subscription": {"version": lambda a: a["version_number"]},
}


class Since(NamedTuple):
    at: Instant
    version: str
    snapshot: bool
    """Whether it held already in its source's first snapshot."""
    seen: bool = True
    """False: a later snapshot showed it, so it began at some time before."""


def stamp(
    entity: str,
    attributes: Attributes,
    before: Mapping[str, str],
    at: Instant,
    version: str,
    snapshot: bool,
    *,
    seen: bool = True,
) -> dict[str, str]:
    """The facts that hold now, each with the instant and version in which it began."""
    now = f"{at}/{version}" + ("/snapshot" if snapshot else "" if seen else "/unseen")
    facts = FACTS.get(entity, {}).items()
    holding = [f for f, holds in facts if holds(attributes) or (f in before and (entity, f) in LASTING)]
    valued = ((fact, of(attributes)) for fact, of in VALUES.get(entity, {}).items())
    holding += [with_value(fact, value) for fact, value in valued if value is not None]
    return {fact: before.get(fact, now) for fact in holding} | _taken_back(entity, holding, before)


def _taken_back(entity: str, holding: Collection[str], before: Mapping[str, str]) -> dict[str, str]:
    step = STEPS.get(entity, "")
    first = before.get(f"once_{step}", None if step in holding else before.get(step))
    return {f"once_{step}": first} if first else {}


def first_since(stamped: Mapping[str, str], fact: str) -> Since | None:
    """Of a fact that holds: since it held first. A record of an earlier release knows since when it does, no more."""
    begun = [since(stamped, fact), since(stamped, f"once_{fact}")]
    return min((b for b in begun if b), key=lambda b: b.at) if begun[0] else None


def with_value(fact: str, value: object) -> str:
    """The name under which a fact of VALUES is stamped."""
    return f"{fact}:{value}"


def since(stamped: Mapping[str, str], fact: str) -> Since | None:
    text = stamped.get(fact)
    if text is None:
        return None
    at, version, *how = text.split("/")
    return Since(int(at), version, how == ["snapshot"], seen=not how)
