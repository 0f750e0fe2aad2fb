"""Which stage reads which topic."""

from __future__ import annotations

from collections.abc import Mapping

from schemas import topics
from schemas.source import Reader
from streams.crosswalk import Crosswalk
from streams.fleet import Fleet
from streams.governance.model import Governance
from streams.identify.stage import Identify
from streams.inputs import Stage
from streams.judge.stage import Judge
from streams.suspects.stage import Suspects
from streams.suspects.table import compared


def stages(governance: Governance, readers: Mapping[str, Reader]) -> dict[str, Stage]:
    """Input topic -> stage. Equal partition numbers of one stage's topics are one shard."""
    identify = Identify(governance, readers)
    found: dict[str, Stage] = {topics.source_topic(name): identify for name in governance.systems}
    if compared(governance):
        found[topics.BUSINESS_KEYS] = Suspects(governance)
    return found | {
        topics.CROSSWALK: identify,
        topics.LINKS: Crosswalk(governance),
        topics.CHANGES: Judge(governance),
        topics.PROGRESS: Fleet(governance),
    }
