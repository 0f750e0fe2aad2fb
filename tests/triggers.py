"""Companies that decide otherwise when facts hold."""

from __future__ import annotations

from typing import Any

from streams.governance import Governance
from streams.governance.triggers import Trigger


def deciding(governed: Governance, entity: str, fact: str, **decided: Any) -> Governance:
    """The same company, but for one fact: `when=...`."""
    trigger = Trigger.model_validate({**governed.triggers[entity][fact].model_dump(), **decided})
    triggers = {**governed.triggers, entity: {**governed.triggers[entity], fact: trigger}}
    return governed.model_copy(update={"triggers": triggers}).mapped(governed.mappings)
