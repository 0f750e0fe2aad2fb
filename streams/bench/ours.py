"""Our contestant: the worker's own app, shards, outbox and store with the join stage, in a process of its own."""

from __future__ import annotations

import cProfile
import logging
from dataclasses import replace
from pathlib import Path

import click

from streams.bench.join import CollapsedJoin, Join, JoinCodec
from streams.bench.serve import serve
from streams.bench.workload import PARTITIONS
from streams.settings import Settings
from streams.worker.app import build

DONE_FILE = "done"
"""How many inputs are committed, as the worker itself says: for a collapsed output, which does not show it."""


@click.command()
@click.option("--bootstrap", required=True)
@click.option("--run", required=True, help="Names consumer group, stage and transactional ids.")
@click.option("--left", required=True)
@click.option("--right", required=True)
@click.option("--output", required=True)
@click.option("--folder", required=True, type=click.Path(path_type=Path))
@click.option("--commit-interval-seconds", type=float, default=None)
@click.option("--collapsed", is_flag=True)
@click.option("--profile", type=click.Path(path_type=Path), default=None)
def main(
    bootstrap: str,
    run: str,
    left: str,
    right: str,
    output: str,
    folder: Path,
    commit_interval_seconds: float | None,
    collapsed: bool,
    profile: Path | None,
) -> None:
    """Join two topics until told to stop by SIGTERM; the log goes to standard error."""
    logging.basicConfig(level=logging.WARNING)
    logging.getLogger("streams").setLevel(logging.INFO)
    settings = Settings(bootstrap, "", application=run, data_folder=folder)
    if commit_interval_seconds is not None:
        settings = replace(settings, commit_interval_seconds=commit_interval_seconds)
    stage = (CollapsedJoin if collapsed else Join)(run, left, output)
    profiler = cProfile.Profile() if profile else None
    if profiler:
        profiler.enable()
    app = build(settings, {left: stage, right: stage}, JoinCodec(), PARTITIONS)
    code = serve(app, folder / DONE_FILE, lambda: str(sum(app.shards.hints().values())))
    if profiler:
        profiler.disable()
        profiler.dump_stats(str(profile))
    raise SystemExit(code)


if __name__ == "__main__":
    main()
