"""The state of a stage, as its changelog holds it: the latest value of each key, what was deleted left out."""

from __future__ import annotations

from collections.abc import Callable

from schemas import topics
from streams.judge.keys import GOVERNANCE, MARKS, document_key
from streams.look.read import CannotLook, Cluster
from tables.state import PROGRESS, UnknownStateVersion, decode
from tables.view import MemoryView, Value

Keep = Callable[[str], bool]


def state(cluster: Cluster, stage: str, partition: int, keep: Keep = lambda key: True) -> MemoryView:
    """One shard's state as of its last finished commit; only keys that `keep` wants are held in memory."""
    held: dict[str, Value | None] = {}
    try:
        for record in cluster.raw(topics.CHANGELOG + stage, (partition,)):
            if record.key != PROGRESS and keep(record.key):
                held[record.key] = None if record.data is None else decode(record.data)
    except UnknownStateVersion as problem:
        raise CannotLook(
            f"the state of {stage} was written by a newer driftwise ({problem}): update this one"
        ) from None
    view = MemoryView()
    view.apply(held)
    return view


def about(customer: str) -> Keep:
    """Keys of judge's state that concern one customer, and those that concern everyone."""

    def keep(key: str) -> bool:
        of_everyone = key == MARKS or key.startswith("g/") or is_about_rules(key)
        return of_everyone or key.split("/", 2)[1:2] == [customer]

    return keep


def is_about_rules(key: str) -> bool:
    """A key of judge's state that concerns published governance."""
    return key == GOVERNANCE or key.startswith(document_key(""))


def below(prefix: str) -> Keep:
    """Keys that begin with it."""
    return lambda key: key.startswith(prefix)
