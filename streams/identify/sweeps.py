"""Rows vanished without a record of each: a table was emptied, or a snapshot has ended that did not show them.

They are presumed deleted, a slice at a time. A row that something else concerns meanwhile is looked at first, and one
that has come since stays, so nothing depends on where the slices fell (`again.steps`)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from schemas.instants import Instant
from streams.governance.model import Governance
from streams.identify import images, keys, losses, mappings, parking, stays
from streams.identify.losses import Loss
from streams.identify.stays import Stay
from tables.versions import PRESENT, PRESUMED, Version
from tables.view import Value, Workspace


def begin(ws: Workspace, governance: Governance, system: str, entities: Iterable[str], loss: Loss) -> None:
    """Of these entities. Gone are the rows whose last version sorts before the oldest that is not lost; where that is
    not told, those that stood so before the instant."""
    key, entities = keys.sweep_key(system), sorted(entities)
    known = ws.get(key) or {"begun": 0, "sweeps": []}
    sweep = {
        "number": known["begun"] + 1,
        "mapping": mappings.number(ws.get(keys.mapping_key(system))),
        "entities": entities,
        "at": loss.at,
        "oldest_version": loss.oldest_version,
        "after": keys.system_prefix(system),
    }
    ws.put(key, {**known, "begun": sweep["number"], "sweeps": [*known["sweeps"], sweep]})
    if loss.oldest_version:
        losses.remember(ws, system, entities, loss)
    parking.vanish(ws, governance, system, lambda entity, version, since: _is_gone(sweep, entity, version, since))


def begun(known: Value | None) -> int:
    """How many there have been."""
    return 0 if known is None else int(known["begun"])


def pending(known: Value | None) -> list[Value]:
    """Those that have not seen every row, in the order in which they began."""
    return [] if known is None else list(known["sweeps"])


def is_pending(known: Value | None) -> bool:
    return known is not None and bool(known["sweeps"])


def read_so_far(ws: Workspace, system: str, key: str | None) -> None:
    """Images up to this key have been seen by the first that is pending; None: all."""
    known = ws.get(keys.sweep_key(system)) or {}
    first, *others = known["sweeps"]
    ws.put(keys.sweep_key(system), {**known, "sweeps": ([] if key is None else [{**first, "after": key}]) + others})


def take_away(ws: Workspace, governance: Governance, sweep: Value, row: tuple[str, str, str], image: Value) -> None:
    """`row`: system, entity, native id. Where it is gone; one that came since the sweep began is not."""
    last = image["versions"][-1]
    came_before = images.swept(image) < sweep["number"]
    if came_before and last["op"] == PRESENT and _is_gone(sweep, row[1], last["version"], last["at"]):
        presume(ws, governance, row, image["versions"], Loss(sweep["oldest_version"], sweep["at"]))


def presume(
    ws: Workspace,
    governance: Governance,
    row: stays.Row,
    versions: list[Version],
    loss: Loss,
    left: Sequence[Stay] = (),
) -> None:
    """The row with these versions is lost. `left`: with whom it was lacking."""
    last = versions[-1]
    gone = _gone(last, loss.oldest_version or f"{last['version']}.gone", max(loss.at, last["at"]))
    key = keys.row_key(row[0], last["customer"], *row[1:])
    images.keep(ws, governance, key, [*versions, gone])
    stays.tell(ws, governance, row, gone, left)
    stays.compare(ws, governance, row, last, gone)


def following(gone: Version, last: Version) -> Version:
    """A presumed deletion, behind this version: which one that was is known also when it has been folded away."""
    return {**gone, "follows": last["version"]}


def is_last_before(version: Version, versions: list[Version]) -> bool:
    """It comes late, and is the last that there was before the row was presumed to be deleted."""
    gone = versions[-1]
    return bool(gone["op"] == PRESUMED and gone.get("follows", gone["version"]) < version["version"] < gone["version"])


def _is_gone(sweep: Value, entity: str, version: str, since: Instant) -> bool:
    if entity not in sweep["entities"]:
        return False
    oldest = sweep["oldest_version"]
    return bool(version < oldest if oldest else since < sweep["at"])


def _gone(last: Version, version: str, at: Instant) -> Version:
    gone: dict[str, Any] = {"op": PRESUMED, "attrs": None, "since": {}, "at": at, "committed_at": at}
    return following({**last, **gone, "version": version, "by": "unknown"}, last)
