"""What this deployment does not judge because it was told not to, or was not told to; and where that is said."""

from __future__ import annotations

from collections.abc import Iterator

from streams.governance.model import Governance
from streams.kinds.table import KINDS
from streams.look.why import Explanation
from streams.suspects.table import KIND_OF, SUSPECT_KINDS

SWITCH = (
    "records of different customers are compared only with `suspects: true` in systems.yaml; set it, run `driftwise"
    " topics`, restart the workers; what a system holds already is compared once that is read anew (a captured"
    " database: `driftwise connect snapshot`)"
)


def switched_off(governance: Governance) -> Iterator[Explanation]:
    for name, entity in (*((kind.name, kind.entity) for kind in KINDS), *((kind, "") for kind in SUSPECT_KINDS)):
        if because := _off(governance, name):
            yield Explanation(name, "", entity, "", "off", f"not judged here: {because}")


def _off(governance: Governance, kind: str) -> str:
    if kind not in governance.kinds:
        return "kinds.yaml has no such kind"
    if not governance.wants(kind):
        return "`judged` in systems.yaml does not name it"
    return SWITCH if kind in KIND_OF.values() and not governance.suspects else ""
