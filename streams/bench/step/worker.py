"""Our contestant: the worker's own app, shards, outbox and store, with judge as its only stage, in its own process."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import click

from schemas import topics
from streams.bench.serve import serve
from streams.bench.step.log import codec, governance
from streams.judge.stage import Judge
from streams.settings import Settings
from streams.worker.app import WorkerApp, build


@click.command()
@click.option("--bootstrap", required=True)
@click.option("--run", required=True, help="Names consumer group and transactional ids.")
@click.option("--folder", required=True, type=click.Path(path_type=Path))
@click.option("--done-file", required=True, type=click.Path(path_type=Path))
@click.option("--commit-interval-seconds", type=float, default=None)
@click.option("--all-kinds", is_flag=True)
def main(
    bootstrap: str, run: str, folder: Path, done_file: Path, commit_interval_seconds: float | None, all_kinds: bool
) -> None:
    """Judge until told to stop by SIGTERM; the log goes to standard error."""
    logging.basicConfig(level=logging.WARNING)
    given: dict[str, Any] = {}
    if commit_interval_seconds is not None:
        given["commit_interval_seconds"] = commit_interval_seconds
    governed = governance(all_kinds=all_kinds)
    settings = Settings(bootstrap, "", application=run, data_folder=folder, **given)
    app = build(settings, {topics.CHANGES: Judge(governed)}, codec(), governed.partitions)
    raise SystemExit(serve(app, done_file, lambda: _done(app)))


def _done(app: WorkerApp) -> str:
    """How many changes are committed, one less while verdicts about them are still to be given. The group's offsets
    are written too seldom to measure by."""
    unsettled = any(runner.shard.has_due() for runner in app.shards.runners.values())
    return str(sum(app.shards.hints().values()) - unsettled)


if __name__ == "__main__":
    main()
