"""What the broker says of a topic that is there, against what governance wants of it (contracts 2). Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from schemas.topics import Topic

CLEANUP, RETENTION = "cleanup.policy", "retention.ms"
_FOR_EVER = -1
_LOST = {
    # what it has to be: what would be lost
    "compact": "the broker would delete records that must be kept for ever",
    "delete": "the broker would keep one record of each key, and changes would be lost",
}


def losing(topic: Topic, found: Mapping[str, str]) -> Iterator[str]:
    """Why records would be lost, each with the remedy."""
    policy = found.get(CLEANUP)
    if policy is not None and {*policy.replace(" ", "").split(",")} != {topic.cleanup}:
        yield (
            f"topic {topic.name} has {CLEANUP}={policy} and needs {topic.cleanup}: {_LOST[topic.cleanup]}; "
            f"{_alter(topic, CLEANUP)}. What is gone already does not come back"
        )


def otherwise(topic: Topic, found: Mapping[str, str]) -> Iterator[str]:
    """What is kept for another time: less takes from how far back anything can be replayed, more costs disk."""
    wanted, kept = topic.config().get(RETENTION), found.get(RETENTION)
    if topic.cleanup != "delete" or wanted is None or kept is None or _span(kept) == _span(wanted):
        return
    how = "less time" if _span(kept) < _span(wanted) else "longer"
    yield f"topic {topic.name} keeps records for {how} than {_governed(topic)}: {_remedy(topic, found)}"


def _span(milliseconds: str) -> float:
    return float("inf") if int(milliseconds) == _FOR_EVER else int(milliseconds)


def _governed(topic: Topic) -> str:
    return f"{topic.kept_by} of systems.yaml says" if topic.kept_by else "driftwise needs"


def _remedy(topic: Topic, found: Mapping[str, str]) -> str:
    has, wants = found[RETENTION], topic.config()[RETENTION]
    alter = f"{RETENTION} is {has}, not {wants}; {_alter(topic, RETENTION)}"
    if topic.kept_by is None:
        return alter
    stated = "null" if int(has) == _FOR_EVER else f"{int(has) / 1000:g}"
    return f"{alter}, or govern {topic.kept_by}: {stated}"


def _alter(topic: Topic, key: str) -> str:
    return (
        f"`kafka-configs.sh --alter --entity-type topics --entity-name {topic.name} "
        f"--add-config {key}={topic.config()[key]}`"
    )
