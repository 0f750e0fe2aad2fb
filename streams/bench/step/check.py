"""Whether a contestant's corrected state is right: a wrong one is void, however fast."""

from __future__ import annotations

from collections import Counter

from schemas import topics
from streams.bench.check import committed
from streams.bench.cluster import Cluster
from streams.bench.step.log import codec
from streams.identify.changes import ENTITY_OF_RECORD


def expected(cluster: Cluster) -> Counter[str]:
    """Key in the corrected state -> the revision it must end at: one for each change of the record. Merged customers
    are left out, for a contestant may merge several changes into one revision."""
    decode, found = codec().decode, Counter[str]()
    for message in committed(cluster, topics.CHANGES):
        if message.key():
            record, value = decode(message.value() or b"")
            entity = ENTITY_OF_RECORD[record]
            if entity != "customer":
                found[f"{value['canonical_id']}/{entity}/{value['system']}:{value['native_id']}"] += 1
    return found


def wrong(cluster: Cluster, topic: str, revisions: Counter[str]) -> str | None:
    """What is wrong with the last record of each key, or None."""
    held = {(message.key() or b"").decode(): message.value() or b"" for message in committed(cluster, topic)}
    decode = codec().decode
    for key, revision in revisions.items():
        if key not in held:
            return f"wrong output: nothing for {key}"
        found = decode(held[key]).value["revision"]
        if found != revision:
            return f"wrong output: {key} ends at revision {found}, not {revision}"
    return None
