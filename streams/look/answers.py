"""All that `driftwise why` answers about a customer: put together from what was read, by whomever."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from schemas.instants import Instant
from streams.governance.model import Governance
from streams.look import left
from streams.look.across import Stages, explain_across
from streams.look.parked import Parked
from streams.look.rules import rules_of
from streams.look.why import Explanation, explain, with_drifts, worst_first
from tables.view import View


class Known(NamedTuple):
    """What is known of a customer, as much as its answers need; judge's state was read first."""

    judge: View
    rows: Sequence[Mapping[str, Any]]
    """Its corrected state."""
    drifts: Iterable[Mapping[str, Any]]
    """Its drifts, and maybe those of others."""
    parked: Mapping[str, Parked]
    stages: Stages | None
    """The state of other stages; None: nobody asks for the kinds that are theirs."""


def answers(
    known: Known, folders: Governance, customer: str, now: Instant, subject: str | None = None
) -> list[Explanation]:
    """Worst first. `subject`: who is asked for, if not everyone; documents that have left are told one by one then."""
    governed = rules_of(known.judge, folders).in_force.at(now)
    found = explain(known.judge, governed, customer, now, known.parked)
    found += _left(known, folders, customer, now, subject)
    if known.stages is not None:
        found += explain_across(known.stages, folders, customer, now)
    return with_drifts(worst_first(found), known.drifts)


def _left(
    known: Known, governance: Governance, customer: str, now: Instant, subject: str | None
) -> Iterator[Explanation]:
    gone = left.left(known.judge, governance, customer, known.rows, now)
    if subject is None:
        return left.in_short(customer, gone)
    return left.of_subject(governance, customer, (each for each in gone if is_called(subject, each)))


def is_called(subject: str, it: Explanation | left.Left) -> bool:
    """A native id, or as `drifts` shows it."""
    return subject in (it.native_id, f"{it.system}/{it.entity}/{it.native_id}")
