"""A worker with judge as its only stage, in a process of its own, which writes down where its shards stand."""

from __future__ import annotations

import json
import logging
from pathlib import Path

import click

from streams.bench.serve import serve
from streams.bench.step.log import codec, governance
from streams.judge.stage import Judge
from streams.settings import Settings
from streams.worker.app import WorkerApp, build

_TELL_SECONDS = 0.05


@click.command()
@click.option("--bootstrap", required=True)
@click.option("--run", required=True, help="Names consumer group, stage and transactional ids.")
@click.option("--source", required=True, help="The topic of changes.")
@click.option("--instance", required=True, help="Name of the static member.")
@click.option("--standbys", type=int, required=True)
@click.option("--folder", required=True, type=click.Path(path_type=Path))
@click.option("--told", required=True, type=click.Path(path_type=Path), help="Where to write how it stands.")
def main(bootstrap: str, run: str, source: str, instance: str, standbys: int, folder: Path, told: Path) -> None:
    """Judge until told to stop by SIGTERM; the log goes to standard error."""
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(name)s: %(message)s")
    logging.getLogger("streams").setLevel(logging.INFO)
    governed = governance()
    settings = Settings(
        bootstrap, "", application=run, data_folder=folder, instance_id=instance, standby_replicas=standbys
    )
    folder.mkdir(parents=True, exist_ok=True)
    stage = Judge(governed)
    stage.name = run
    app = build(settings, {source: stage}, codec(), governed.partitions)
    raise SystemExit(serve(app, told, lambda: _standing(app), every_seconds=_TELL_SECONDS))


def _standing(app: WorkerApp) -> str:
    """Partition -> the next offset, as of the last commit, of each shard that runs; and the standbys' lag."""
    lag = app.shards.standby_lag()
    told = {
        "positions": {tp.partition: offset for tp, offset in app.shards.hints().items()},
        "lag": {partition: behind for (_, partition), behind in lag.items()},
    }
    return json.dumps(told)


if __name__ == "__main__":
    main()
