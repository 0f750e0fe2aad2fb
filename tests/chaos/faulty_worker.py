"""A worker that breaks in one commit: `-m tests.chaos.faulty_worker FAULT STAGE NTH`, then the options of a worker."""

from __future__ import annotations

import sys

from streams.cli import driftwise
from streams.worker import opening
from tests.chaos.faults import FAULTS, outbox_with, tear_store

if __name__ == "__main__":
    name, stage, nth, *options = sys.argv[1:]
    fault = FAULTS[name]
    setattr(opening, "Outbox", outbox_with(fault, stage, int(nth)))  # noqa: B010 - the name it looks up
    if fault.tears_store:
        tear_store(stage, int(nth))
    driftwise(["worker", *options])
