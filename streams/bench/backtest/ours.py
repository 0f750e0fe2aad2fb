"""`python -m streams.bench.backtest.ours OUT LOG [OPTION...]`: one run of `driftwise backtest --json`, with its cost.

Everything but the imports counts, so also loading governance and writing the document."""

from __future__ import annotations

import json
import sys
import time
from contextlib import redirect_stdout
from pathlib import Path

from streams.commands.backtest import backtest


def main(out: Path, arguments: list[str]) -> None:
    with out.open("w") as document, redirect_stdout(document):
        wall, cpu = time.perf_counter(), time.process_time()
        backtest.main([*arguments, "--json"], standalone_mode=False)
        cost = {"seconds": time.perf_counter() - wall, "cpu_seconds": time.process_time() - cpu}
    found = json.loads(out.read_text())
    cases = sorted({drift["canonical_id"].partition(":")[2] for drift in found["drifts"]})
    json.dump(cost | {"events": found["changes"], "noticed": cases}, sys.stdout)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
