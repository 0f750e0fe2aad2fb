"""Is everything as it should be? Only somebody who has heard every source may say so."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from schemas.instants import NEVER, Instant, iso, seconds
from streams.fleet.stale import KIND as SOURCE_STALE
from streams.governance.model import Governance
from streams.look.drifts import Drift
from streams.look.progress import Progress

CLEAN, CANNOT_TELL, DRIFT = 0, 1, 2


class Verdict(NamedTuple):
    code: int
    """The exit code."""
    why: str


def verdict(drifts: Iterable[Drift], progress: Progress, governance: Governance, now: Instant) -> Verdict:
    """2 if drift is open; 1 if a source is stale or was never heard; 0 only if neither."""
    open_ = [drift for drift in drifts if drift["status"] == "open"]
    business = [drift for drift in open_ if drift["kind"] != SOURCE_STALE]
    if business:
        kinds = sorted({drift["kind"] for drift in business})
        return Verdict(DRIFT, f"{len(business)} open: {', '.join(kinds)}; see `driftwise drifts`")
    unsure = list(_unsure(progress, governance, now))
    if unsure:
        return Verdict(CANNOT_TELL, f"cannot tell: {'; '.join(unsure)}; see `driftwise sources`")
    if open_:
        stale = ", ".join(sorted(drift["native_id"] for drift in open_))
        return Verdict(CANNOT_TELL, f"cannot tell: {stale} was stale and is not yet seen to be young again")
    return Verdict(CLEAN, f"nothing is open and all of {', '.join(governance.systems)} are heard within their limits")


def _unsure(progress: Progress, governance: Governance, now: Instant) -> Iterable[str]:
    for name, system in governance.systems.items():
        mark = progress.complete_until(governance, name)
        if mark == NEVER:
            yield f"{name} has not been heard in full"
        elif now - mark > seconds(system.stale_after_seconds):
            limit = f"limit {system.stale_after_seconds:.0f} s"
            yield f"{name} has been heard only up to {iso(mark)}, {(now - mark) // 1_000_000} s ago ({limit})"
