"""What drifts ask for now, as far as q2c.drifts says: a command is performed only while its drift stands and asks for
it, and not while it is in conflict who the customer is. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any, NamedTuple

from streams.suspects.table import CONFLICT

EXECUTE = "execute"
WITHHELD = "withheld"
"""Status of a result: the target was not asked, for the command is no longer to be performed."""


class Ask(NamedTuple):
    customer: str
    command_id: str | None
    restraint: str


class Asked:
    def __init__(self) -> None:
        self._asks: dict[str, dict[int, Ask]] = defaultdict(dict)
        """Drift -> partition -> what it asks for; one that moved was told in two."""
        self._ended: set[str] = set()
        """Drifts that asked for something to be executed once."""
        self._conflicts: dict[str, set[str]] = defaultdict(set)
        """Customer -> drifts by which it is in conflict who that is."""

    def take(self, partition: int, drift_id: str, drift: Mapping[str, Any] | None) -> None:
        """The latest record of a drift in a partition; None: it was deleted long after its end."""
        if drift is None or drift["status"] == "closed":
            self._end(partition, drift_id, drift)
        elif drift["kind"] == CONFLICT:
            self._conflicts[drift["canonical_id"]].add(drift_id)
        else:
            ask = Ask(drift["canonical_id"], drift["command_id"], drift.get("restraint") or "")
            self._asks[drift_id][partition] = ask
            self._ended.discard(drift_id)

    def refusal(self, command: Mapping[str, Any]) -> str:
        """Why it is not to be performed, in a word; empty where it is."""
        drift_id = command["drift_id"]
        asks = self._asks.get(drift_id, {}).values()
        if not asks:
            return "drift_ended" if drift_id in self._ended else "drift_unknown"
        ask = next((ask for ask in asks if ask.command_id == command["command_id"]), None)
        if ask is None:
            return next((ask.restraint for ask in asks if ask.restraint), "superseded")
        return CONFLICT if self._conflicts.get(ask.customer) else ""

    def _end(self, partition: int, drift_id: str, drift: Mapping[str, Any] | None) -> None:
        if drift is not None and drift["kind"] == CONFLICT:
            self._conflicts[drift["canonical_id"]].discard(drift_id)
            return
        asks = self._asks.get(drift_id, {})
        asks.pop(partition, None)
        if drift is None:
            self._ended.discard(drift_id)
        elif not asks and drift["mode"] == EXECUTE:
            self._ended.add(drift_id)
        if not asks:
            self._asks.pop(drift_id, None)
