"""Decides whether a command may still be performed, by what q2c.drifts says now. Pure.

It may while its drift is open and asks for exactly this command, while the customer's identity is not in conflict, and
while no breaker stops its kind or target."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from streams.fleet import breaker, mass
from streams.fleet.corrections import HALTED
from streams.suspects.table import CONFLICT

EXECUTE = "execute"


class Ask(NamedTuple):
    customer: str
    command_id: str | None
    mode: str
    restraint: str


def _customer(canonical_id: str) -> str:
    return f"customer/{canonical_id}"


STOPS: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    # kind of drift: what stands still while one is open
    CONFLICT: lambda drift: _customer(drift["canonical_id"]),
    breaker.KIND: lambda drift: str(drift["native_id"]),
    mass.KIND: lambda drift: breaker.Scope("kind", drift["native_id"]).text,
}


class Asked:
    def __init__(self) -> None:
        self._asks: dict[str, dict[int, Ask]] = defaultdict(dict)
        """Drift -> partition -> what it asks for. A drift that moved has records in two partitions."""
        self._ended: set[str] = set()
        """Drifts that once asked for something to be executed and have ended."""
        self._stops: dict[str, set[str]] = defaultdict(set)
        """A customer, a kind or a system -> drifts that stop corrections there."""

    def take(self, partition: int, drift_id: str, drift: Mapping[str, Any] | None) -> None:
        """The latest record of a drift in a partition; None: it was deleted long after its end."""
        if drift is None or drift["status"] == "closed":
            self._end(partition, drift_id, drift)
        elif drift["kind"] in STOPS:
            if drift["kind"] == CONFLICT or breaker.halts(drift):
                self._stops[STOPS[drift["kind"]](drift)].add(drift_id)
        else:
            ask = Ask(drift["canonical_id"], drift["command_id"], drift["mode"], drift["restraint"])
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
        if ask.mode != EXECUTE:
            return ask.restraint or "only_proposed"
        if self._stops.get(_customer(ask.customer)):
            return CONFLICT
        scopes = (breaker.Scope("kind", command["kind"]), breaker.Scope("system", command["target_system"]))
        return HALTED if any(self._stops.get(scope.text) for scope in scopes) else ""

    def _end(self, partition: int, drift_id: str, drift: Mapping[str, Any] | None) -> None:
        if drift is not None and drift["kind"] in STOPS:
            self._stops[STOPS[drift["kind"]](drift)].discard(drift_id)
            return
        asks = self._asks.get(drift_id, {})
        asks.pop(partition, None)
        if drift is None:
            self._ended.discard(drift_id)
        elif not asks and drift["mode"] == EXECUTE:
            self._ended.add(drift_id)
        if not asks:
            self._asks.pop(drift_id, None)
