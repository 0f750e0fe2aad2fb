"""What a real cleaner leaves of a changelog tells the state of every commit that verification may begin with."""

from __future__ import annotations

import time
from contextlib import closing
from typing import Any

from connectors.stack import Endpoints
from schemas import topics
from streams.look.read import Cluster, Record
from streams.settings import Settings
from streams.verify.start import Search, Start
from tables.state import PROGRESS, decode
from tables.view import MemoryView
from tests.integration.changelogs import COMPACTING, Changelog, look_often

FIRST_COMMITS, LAST_COMMITS = 60, 8
CLEANED_SECONDS_MAX = 120


def test_each_commit_to_begin_with_has_its_state_however_far_the_cleaner_came(stack: Endpoints) -> None:
    look_often(stack.kafka_bootstrap)
    log = Changelog(stack.kafka_bootstrap, **COMPACTING)
    commits = [commit(log) for _ in range(FIRST_COMMITS)]
    with closing(Cluster(Settings(stack.kafka_bootstrap, stack.registry_url))) as cluster:
        deadline = time.monotonic() + CLEANED_SECONDS_MAX
        while progress_records(held(cluster, log)) > FIRST_COMMITS / 2:
            assert time.monotonic() < deadline, "never cleaned"
            commits.append(commit(log))  # the cleaner leaves the last segment alone, so another one is begun
            time.sleep(0.1)
        commits += [commit(log) for _ in range(LAST_COMMITS)]
        log.fence()
        records = held(cluster, log)

    starts = [found(records, reached) for reached in range(1, len(commits) + 1)]

    assert number(starts[0]) > FIRST_COMMITS / 2
    assert {number(start) for start in starts} == set(range(number(starts[0]), len(commits) + 1))
    for start in starts:
        assert dict(start.state.items()) == state_of(commits[: number(start)])


def commit(log: Changelog) -> dict[str, Any]:
    """Writes an entry anew, makes one, and takes one away."""
    n = log.commits
    written = {f"e/{n % 3}": {"n": n}, f"once/{n}": {"n": n}, f"once/{n - 7}": None}
    log.commit(written)
    return written


def held(cluster: Cluster, log: Changelog) -> list[Record]:
    return list(cluster.raw(log.topic))


def progress_records(records: list[Record]) -> int:
    return sum(record.key == PROGRESS for record in records)


def found(records: list[Record], reached: int) -> Start:
    search = Search(lambda positions: positions[topics.CHANGES] >= reached, None, MemoryView(), MemoryView())
    for record in records:
        value = None if record.data is None else decode(record.data)
        if record.key != PROGRESS:
            search.write(record.key, value)
        elif value is not None:
            search.commit(value["offsets"], record.timestamp_ms)
    search.end()
    assert search.found is not None
    return search.found


def number(start: Start) -> int:
    return start.positions[topics.CHANGES]


def state_of(commits: list[dict[str, Any]]) -> dict[str, Any]:
    merged = {key: value for written in commits for key, value in written.items()}
    return {key: value for key, value in merged.items() if value is not None}
