"""A snapshot shows a row as it is known: its image remembers that, and judge is told nothing.

So a table that is read again costs a look at each of its rows, not a judgement. Only where a version from before such a
snapshot comes later is judge told what it showed: that it stood so again by then."""

from __future__ import annotations

from typing import Any

from schemas.source import SourceRow
from streams.governance.model import Governance
from streams.identify import images, keys, losses, sweeps
from streams.identify.again import Row
from streams.identify.images import Native
from streams.identify.stays import tell
from tables.versions import PRESENT, Version
from tables.view import Workspace

_SAID = ("op", "attrs", "since", "by")


def as_known(ws: Workspace, row: SourceRow, place: Row, last: Version, version: Version) -> bool:
    """And nothing of its customer is missing that could lie in between. What a customer's own record says is told
    again, for its links; what the first snapshot shows is, for it counts as there from the beginning."""
    return (
        row.snapshot
        and not version["snapshot"]
        and place.entity != "customer"
        and version["op"] == PRESENT
        and all(version[name] == last[name] for name in _SAID)
        and losses.lost(ws.get(keys.sweep_key(row.system)), place.entity, row.version) is None
        and not any(ws.range(keys.holes_prefix(row.system, of), 1) for of in (row.native_customer, ""))
    )


def keep(
    ws: Workspace, governance: Governance, place: Row, versions: list[Version], version: Version, native: Native | None
) -> None:
    came = sweeps.begun(ws.get(keys.sweep_key(place.system)))
    images.keep(ws, governance, place.key, [*versions, version], native, came=came, untold=version["version"])


def tell_behind(ws: Workspace, place: Row, image: dict[str, Any] | None, version: Version) -> None:
    """What was shown behind a version that comes only now."""
    untold = images.not_told(image)
    if image is not None and any(version["version"] < each for each in untold):
        for each in image["versions"]:
            if each["version"] in untold:
                tell(ws, place.local, each)
        ws.put(place.key, {name: value for name, value in image.items() if name != "untold"})
