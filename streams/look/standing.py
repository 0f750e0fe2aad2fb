"""Where a subject stands under some governance, if its obligation had lived under it all along.

It is judged anew from what is kept of its records, by the same settling that the deployment does. What was folded away
since is forgotten: facts keep the instant they began, other beginnings count from the oldest version that is kept."""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

from schemas.instants import Instant
from streams.governance.in_force import InForce
from streams.governance.model import Governance
from streams.judge.gates import decidable_until, heard_by
from streams.judge.keys import ObligationKey
from streams.judge.obligation import Obligation
from streams.judge.settle import settle
from streams.kinds.table import Kind
from streams.look.drifts import Drift
from tables.view import View, Workspace

OUTCOMES: dict[str, str] = {
    "open": "a drift is open",
    "baseline": "listed as older than go-live",
    "unknown": "cannot be told yet: a source has not been heard far enough, or evidence is missing",
    "ignored": "violated, and an ignore rule lets that be",
    "pending": "demanded, and not due yet",
    "clean": "nothing is wrong by these rules",
    "not_judged": "the kind is not judged",
}


class Standing(NamedTuple):
    outcome: str
    """A key of OUTCOMES."""
    drift: Drift | None = None
    """The drift record as it would read, if it is open or baseline."""

    @property
    def is_listed(self) -> bool:
        return self.drift is not None


def standing(
    view: View, governance: Governance, kind: Kind, key: ObligationKey, began_at: Instant, now: Instant
) -> Standing:
    """`began_at`: the oldest instant of the subject that is kept. Nothing is written to `view`."""
    ws, text = Workspace(view), key.text()
    until = decidable_until(heard_by(ws, governance), governance, kind, key.system)[0]
    ws.put(text, {"next": began_at})
    settle(ws, InForce.only(governance), text, min(until, now))
    return _of(Obligation.from_json(ws.get(text)), until, now)


def _of(obligation: Obligation, until: Instant, now: Instant) -> Standing:
    if (drift := obligation.drift) is not None:
        money = drift["amount_at_stake"]
        amount = money and {**money, "amount": Decimal(money["amount"])}
        return Standing(drift["status"], {**drift, "amount_at_stake": amount})
    if obligation.held is not None or until < obligation.next <= now:
        return Standing("unknown")
    if obligation.ignored_until is not None:
        return Standing("ignored")
    return Standing("pending" if obligation.status == "armed" else "clean")
