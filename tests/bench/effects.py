"""`python -m tests.bench.effects`: what judge says of the benchmarks' workload, as a digest of its bytes.

All kinds, over stores on disk."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory

from streams.bench.machine import core
from streams.bench.step.inprocess import Loop, by_partition
from streams.bench.step.log import codec, governance, records
from streams.judge.stage import Judge
from streams.shard import Shard
from tables.state import RocksState
from tables.view import Emit

CHANGES = 4_000
COMMIT_EVERY = 500
"""Records of a shard."""


class Told(Loop):
    """What it says in bytes goes into a digest."""

    digest = hashlib.sha256()

    def _encode(self, effects: Iterable[Emit]) -> None:
        for effect in effects:
            value = b"" if effect.value is None else self._codec.encode(effect.topic, effect.record, effect.value)
            self.digest.update(b"\0".join((effect.topic.encode(), effect.key.encode(), value)))


def main() -> None:
    governed, one = governance(all_kinds=True), codec()
    with TemporaryDirectory() as folder:
        for partition, waiting in enumerate(by_partition(records(1, CHANGES, governed), governed.partitions)):
            store = RocksState(Path(folder, str(partition)))
            loop = Told(Shard(Judge(governed), partition, store), one)
            for start in range(0, len(waiting), COMMIT_EVERY):
                loop.fold(waiting[start : start + COMMIT_EVERY])
                loop.commit()
                store.commit([*store.pending(), *loop.shard.deadlines.changes()], {"offsets": {}})
            store.close()
    print(core(), Told.digest.hexdigest())


if __name__ == "__main__":
    main()
