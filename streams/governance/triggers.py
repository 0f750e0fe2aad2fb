"""What begins an obligation: by which attributes of a record each fact holds that kinds count from.

The facts are fixed, as kinds are: code names them. When each holds is decided by a company."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator, TypeAdapter

from streams.governance.base import Governed
from streams.governance.files import read_file
from streams.governance.words import did_you_mean

FACTS: dict[str, dict[str, str]] = {
    # entity: {fact: what it means that it holds}
    "opportunity": {"won": "the deal was won", "ordered": "it was won, and the ERP is to deliver it by order"},
    "order": {"fulfilled": "everything was delivered"},
    "customer": {
        "active": "it is a customer in service",
        "set_up": "it became more than a prospect, whatever became of it",
        "linked": "it says to which CRM account it belongs",
    },
    "subscription": {
        "live": "it is, or is to be, in service",
        "pending": "it waits for its activation",
        "activated": "it was activated",
        "cancelled": "it was cancelled",
    },
    "invoice": {
        "live": "it was issued, or is about to be",
        "posted": "it was issued, and demands something",
        "voided": "it was voided",
        "owed": "something is left to pay, and no payment is on its way",
    },
    "payment": {"settled": "the money was received", "failed": "the attempt failed"},
    "refund": {"settled": "the money was given back"},
    "cash_application": {"applied": "the receivable is reduced by it", "reversed": "it was taken back"},
    "revenue_schedule": {"recognising": "some of it was recognised"},
    "credit_memo": {"live": "it was issued", "posted": "it was issued, and credits something"},
    "ledger_posting": {"live": "it stands in the books, or is about to"},
}

NEEDED: dict[tuple[str, str], str] = {
    ("customer", "linked"): "crm_ref",
    ("invoice", "posted"): "total",
    ("revenue_schedule", "recognising"): "recognised",
}
"""(entity, fact) -> the attribute without which kinds cannot tell what is demanded: it must be stated."""

OWED = ("open", "partially_paid", "failed")
"""Payment statuses of an invoice with something left to pay and no payment on its way."""
WITHIN: dict[tuple[str, str], tuple[str, tuple[str, ...]]] = {("invoice", "owed"): ("payment_status", OWED)}
"""(entity, fact) -> the attribute by which kinds find such records, and the states that they look for."""

COUNTED: frozenset[tuple[str, str]] = frozenset({
    ("opportunity", "won"), ("opportunity", "ordered"), ("customer", "linked"), ("subscription", "activated"),
    ("subscription", "cancelled"), ("invoice", "posted"), ("invoice", "voided"), ("payment", "settled"),
    ("refund", "settled"), ("credit_memo", "posted"),
})  # fmt: skip
"""Facts from which deadlines are counted, so that they may have a day. Others are only looked for, or compared."""

STATED, NOT_ZERO, UNLESS_ZERO = "stated", "not_zero", "unless_zero"
WORDS = (STATED, NOT_ZERO, UNLESS_ZERO)
OTHER_THAN = "other_than"


class OtherThan(Governed):
    other_than: tuple[str, ...]


def _condition(given: Any) -> Any:
    """Refuses what is none, in words; what it names is checked where governance is held against itself."""
    if isinstance(given, dict):
        if unknown := [key for key in given if key != OTHER_THAN]:
            hint = did_you_mean(str(unknown[0]), (OTHER_THAN,))
            raise ValueError(f"no condition has {unknown[0]!r}{hint}: write {{{OTHER_THAN}: [state, other_state]}}")
        _states(given.get(OTHER_THAN))
    elif isinstance(given, str):
        if given not in WORDS:
            hint = did_you_mean(given, WORDS)
            raise ValueError(f"{given!r} is no condition{hint}: write [{given}] for a state, or {', '.join(WORDS)}")
    elif not isinstance(given, (bool, OtherThan)):
        _states(given)
    return given


def _states(given: Any) -> None:
    if not isinstance(given, (list, tuple)) or not given or not all(isinstance(state, str) for state in given):
        raise ValueError(f"{given!r} is no list of states: write it as [state, other_state]")
    if twice := sorted({state for state in given if given.count(state) > 1}):
        raise ValueError(f"{', '.join(twice)} is listed twice: take one out")


Condition = Annotated[bool | str | tuple[str, ...] | OtherThan, BeforeValidator(_condition)]


class Trigger(Governed):
    """When a fact holds."""

    when: dict[str, Condition]
    """Attribute -> what it must say; all of them."""
    dated_by: str | None = None
    """The attribute that states on which day it began; None: deadlines count from the commit that told of it."""


Triggers = dict[str, Trigger]
"""Fact -> when it holds."""
_READ = TypeAdapter(dict[str, Triggers])
_FILE = Path(__file__).parent / "default" / "triggers.yaml"


@cache
def default() -> dict[str, Triggers]:
    """Entity -> its facts, by the defaults. Read once: what says nothing of them means these."""
    return _READ.validate_python(read_file(_FILE))


def decided(triggers: dict[str, Triggers], entity: str) -> Triggers:
    """Those of an entity that a company has decided otherwise than by default."""
    common = default().get(entity, {})
    return {fact: trigger for fact, trigger in triggers.get(entity, {}).items() if common.get(fact) != trigger}


def dated_as(triggers: dict[str, Triggers], others: dict[str, Triggers]) -> dict[str, Triggers]:
    """The facts that hold by the first, dated by the others."""

    def dated(entity: str, fact: str, trigger: Trigger) -> Trigger:
        other = others.get(entity, {}).get(fact)
        return trigger.model_copy(update={"dated_by": other.dated_by if other else None})

    return {entity: {fact: dated(entity, fact, t) for fact, t in facts.items()} for entity, facts in triggers.items()}


def states_of(condition: bool | str | tuple[str, ...] | OtherThan) -> tuple[str, ...]:
    """The states that it names."""
    named = condition.other_than if isinstance(condition, OtherThan) else condition
    return named if isinstance(named, tuple) else ()
