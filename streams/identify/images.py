"""The image of a row: its versions, as far back as a link may still send them elsewhere."""

from __future__ import annotations

from streams.governance.model import Governance
from streams.identify import links
from tables.versions import Version, fold
from tables.view import Workspace


def versions_of(ws: Workspace, key: str) -> list[Version]:
    image = ws.get(key)
    versions: list[Version] = [] if image is None else image["versions"]
    return versions


def keep(ws: Workspace, governance: Governance, key: str, versions: list[Version]) -> None:
    ws.put(key, {"versions": fold(versions, links.frontier(ws, governance))})
