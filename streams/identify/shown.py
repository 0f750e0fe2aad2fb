"""A snapshot shows a row as it is known: its image remembers that, and judge is told nothing.

So a table that is read again costs a look at each of its rows, not a judgement. Only where a version from before such a
snapshot comes later is judge told what it showed: that it stood so again by then. So that is kept also where another
version follows, as long as what is late is judged there.

Whether judge is told follows from the place of the row in its partition alone: not from where commits fell, from when a
link was heard of, or from how often a record came. `driftwise verify` looks for each version that was told, and ids of
drifts are made of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from schemas.source import SourceRow
from streams.governance.model import Governance
from streams.identify import gaps, images, keys, losses, sweeps
from streams.identify.again import Row, is_of_mapping
from streams.identify.images import Came, Native
from streams.identify.stays import Stay, tell
from tables.versions import PRESENT, Version
from tables.view import Workspace

_SAID = ("attrs", "since", "by")


def as_known(ws: Workspace, row: SourceRow, place: Row, last: Version, version: Version) -> bool:
    """And nothing of its customer is missing that could lie in between, nor may it have been shown elsewhere. What a
    customer's own record says is told again, for its links; what the first snapshot shows is, for it counts as there
    from the beginning."""
    return (
        row.snapshot
        and not version["snapshot"]
        and place.entity != "customer"
        and version["op"] == PRESENT
        and all(version[name] == last[name] for name in _SAID)
        and losses.lost(ws.get(keys.sweep_key(row.system)), place.entity, row.version) is None
        and not gaps.is_another_attempt(ws, row.system)
        and not any(_is_missing(ws, row.system, of) for of in (row.native_customer, ""))
    )


def _is_missing(ws: Workspace, system: str, customer: str) -> bool:
    """What a mapping cannot read was told when it came, and when it is looked at hangs on where slices fall."""
    holes = ws.range(keys.holes_prefix(system, customer), keys.EVERY_ROW)
    return not all(is_of_mapping(opened["letter_id"]) for _, opened in holes)


def keep(
    ws: Workspace, governance: Governance, place: Row, versions: list[Version], version: Version, native: Native | None
) -> None:
    """Of what was shown again and again the first and the last."""
    begun = sweeps.begun(ws.get(keys.sweep_key(place.system)))
    silent = images.not_told(ws.get(place.key))
    again = len(versions) > 1 and all(v["version"] in silent for v in versions[-2:])
    kept = [*(versions[:-1] if again else versions), version]
    images.keep(ws, governance, place.key, kept, Came(native, swept=begun, untold=True))


def tell_behind(
    ws: Workspace,
    governance: Governance,
    place: Row,
    image: dict[str, Any] | None,
    version: Version,
    left: Sequence[Stay],
) -> None:
    """What was shown behind a version that comes only now. `left`: with whom that was lacking."""
    silent = images.not_told(image)
    if image is None or not any(version["version"] < each for each in silent) or _is_known(image, version):
        return
    for each in image["versions"]:
        if each["version"] in silent:
            tell(ws, governance, place.local, each, left)
    ws.put(place.key, {name: value for name, value in image.items() if name != "untold"})


def _is_known(image: dict[str, Any], version: Version) -> bool:
    return any(each["version"] == version["version"] for each in image["versions"])
