"""Sweeps: find the rows that vanished without a record of each, because a table was emptied or a snapshot did not show
them.

They are presumed deleted, a slice at a time. A row that is needed for anything else meanwhile is looked at first, and
one that came after the sweep began stays, so nothing depends on where the slices fall (`again.steps`)."""

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
    """Begin a sweep of these entities. Gone are rows whose last version sorts before the oldest that is not lost; if
    that is unknown, rows whose last version is from before the instant."""
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
    """How many sweeps of the system have begun."""
    return 0 if known is None else int(known["begun"])


def pending(known: Value | None) -> list[Value]:
    """Sweeps that have not been through all rows, in the order in which they began."""
    return [] if known is None else list(known["sweeps"])


def is_pending(known: Value | None) -> bool:
    return known is not None and bool(known["sweeps"])


def read_so_far(ws: Workspace, system: str, key: str | None) -> None:
    """The first pending sweep has seen the images up to this key; None: all."""
    known = ws.get(keys.sweep_key(system)) or {}
    first, *others = known["sweeps"]
    ws.put(keys.sweep_key(system), {**known, "sweeps": ([] if key is None else [{**first, "after": key}]) + others})


def take_away(ws: Workspace, governance: Governance, sweep: Value, row: tuple[str, str, str], image: Value) -> None:
    """Presume the row deleted, if it is gone. One that came after the sweep began is not. `row`: system, entity, id."""
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
    """Presume the row with these versions deleted. `left`: customers who lacked it before."""
    last = versions[-1]
    gone = _gone(last, loss.oldest_version or f"{last['version']}.gone", max(loss.at, last["at"]))
    key = keys.row_key(row[0], last["customer"], *row[1:])
    images.keep(ws, governance, key, [*versions, gone])
    stays.tell(ws, governance, row, gone, left)
    stays.compare(ws, governance, row, last, gone)


def following(gone: Version, last: Version) -> Version:
    """The presumed deletion, with the version that it follows: that stays known even once it is folded away."""
    return {**gone, "follows": last["version"]}


def is_last_before(version: Version, versions: list[Version]) -> bool:
    """Whether a late version is the last one before the row was presumed deleted."""
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
