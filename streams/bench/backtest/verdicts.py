"""Who noticed which deviation, and what a checker of the course of events has no notion of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

NOT_CHECKED: Mapping[str, str] = {
    # what pm4py's streaming checkers do not check: why
    "deadlines": "a step too late is a step; the temporal profile, another checker, needs both ends to have come",
    "absence": "nothing is said of a case until its next event, or until somebody says that it has ended",
    "sources": "a system that lags or is down looks like one in which nothing happened: there is no UNKNOWN",
    "values": "an event is an activity; amounts, currencies and tax that differ between systems are not looked at",
    "identity": "events carry one case id; which records of several systems are the same customer has to be known",
    "late evidence": "events are taken in the order in which they come, and no verdict is ever taken back",
    "consequences": "a deviating case has no amount at stake, no owner, no severity and no command",
}


def noticed(deviating: Mapping[str, str], by_contestant: Mapping[str, Iterable[str]]) -> dict[str, dict[str, Any]]:
    """Contestant -> deviation -> share of its cases that were noticed; `false`: conforming cases reported."""
    cases: dict[str, set[str]] = {}
    for case, deviation in deviating.items():
        cases.setdefault(deviation, set()).add(case)
    return {
        name: {
            **{which: round(len(there & set(found)) / len(there), 3) for which, there in sorted(cases.items())},
            "false": len(set(found) - deviating.keys()),
        }
        for name, found in by_contestant.items()
    }
