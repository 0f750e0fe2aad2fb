"""The deployable roles: topics, worker, poll, execute."""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
import time
from contextlib import ExitStack, closing
from pathlib import Path

import click

from connectors.salesforce import poller
from connectors.salesforce.settings import SalesforceSettings
from connectors.variables import variable
from schemas.errors import OperatorError
from streams.beat import Beat
from streams.commands.context import governance, running_stack, settings
from streams.commands.told import told_in_one_line
from streams.execute import Executor, run_all
from streams.governance.files import silent
from streams.governance.model import Governance
from streams.settings import Settings
from streams.targets import Targets, addressed
from streams.worker import main as worker_main
from streams.worker import wiring

log = logging.getLogger(__name__)
LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")


def log_to_stderr() -> None:
    level = (os.environ.get("DRIFTWISE_LOG") or "INFO").upper()
    if level not in LEVELS:
        raise OperatorError(f"DRIFTWISE_LOG is {level!r}: set it to one of {', '.join(LEVELS)}")
    logging.basicConfig(level=level, format="%(asctime)s %(levelname).1s %(name)s: %(message)s", stream=sys.stderr)
    for chatty in ("httpx", "httpx2", "aiokafka", "faust", "mode"):
        logging.getLogger(chatty).setLevel("WARNING")


FOLLOWED = "DRIFTWISE_FOLLOWS"
"""Process id of a parent that a role must not outlive: set by the demo, which leaves nothing behind even if killed."""


def begin() -> None:
    """What every role does first: log to stderr, and follow the parent that asked for it."""
    log_to_stderr()
    parent = os.environ.get(FOLLOWED)
    if parent is not None:
        threading.Thread(target=_follow, args=(int(parent),), name="follow", daemon=True).start()


def _deployed() -> Settings:
    found = settings()
    for text in silent(found.governance_folders):
        log.warning(text)
    return found


def _follow(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(0.5)
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(10)
    os._exit(1)


@click.command()
@click.option(
    "--replication",
    default=1,
    type=click.IntRange(1),
    show_default=True,
    help="Replicas of each topic; 3 on a real cluster.",
)
@told_in_one_line
def topics(replication: int) -> None:
    """Create the topics that are missing, check the others against governance, register the schemas."""
    found = settings()
    governed = governance(found)
    created = wiring.create_topics(found, governed, replication=replication)
    for name in created:
        click.echo(f"created {name}")
    wiring.register(found, governed)
    if not created:
        click.echo("every topic was there; their replication stays as it is")


@click.command()
@click.option("--port-file", type=click.Path(path_type=Path), help="Write the port of /metrics there.")
@told_in_one_line
def worker(port_file: Path | None) -> None:
    """Run a worker: canonicalize and identify, judge, watch over the sources."""
    begin()
    sys.exit(worker_main.run(_deployed(), port_file=port_file))


def stop_on_signals() -> threading.Event:
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    return stop


@click.command()
@click.argument("system")
@click.option(
    "--interval-seconds",
    default=30.0,
    type=click.FloatRange(0, min_open=True),
    show_default=True,
    help="Between two polls; grows as the day's allowance shrinks.",
)
@click.option(
    "--look-back-seconds",
    default=600,
    type=click.IntRange(1),
    show_default=True,
    help="How late a row may show; trails the watermark.",
)
@told_in_one_line
def poll(system: str, interval_seconds: float, look_back_seconds: int) -> None:
    """Run the polling connector of a system."""
    begin()
    found = _deployed()
    governed = governance(found)
    _require_polled(governed, system)
    try:
        polled = SalesforceSettings.from_environment(
            os.environ,
            system=system,
            bootstrap_servers=found.kafka_bootstrap,
            kafka_client=dict(found.kafka_client),
            registry_url=found.registry_url,
            registry_client=dict(found.registry_client),
            partitions=governed.partitions,
            objects=wiring.polled(governed, system),
            poll_interval_seconds=interval_seconds,
            look_back_seconds=look_back_seconds,
        )
        stop = stop_on_signals()
        # A poll may wait for the vendor, and the interval grows to an hour as the allowance shrinks.
        with Beat(found, silent_seconds_max=3600 + 600) as beat:
            poller.run(polled, stop, on_poll=beat.of(system))
    except ValueError as problem:
        raise click.ClickException(str(problem)) from None


def _require_polled(governed: Governance, system: str) -> None:
    polled = [name for name, rules in governed.systems.items() if rules.vendor in wiring.POLLED]
    if system in polled:
        return
    known = governed.systems.get(system)
    why = "is no system" if known is None else f"is {known.vendor}, which `driftwise connect apply` captures"
    raise click.ClickException(f"{system!r} {why}; polled by this governance: {', '.join(polled) or 'none'}")


@click.command()
@told_in_one_line
def execute() -> None:
    """Run the executor: perform the commands of the kinds that governance has switched on."""
    begin()
    found = _deployed()
    governed = governance(found)
    dsns = {name: _dsn(name) for name, rules in governed.systems.items() if rules.vendor == "postgresql"}
    stop = stop_on_signals()
    with ExitStack() as opened:
        targets = opened.enter_context(closing(Targets(dsns, os.environ)))
        targets.require(governed)
        beat = opened.enter_context(Beat(found, silent_seconds_max=120))
        executors = [opened.enter_context(Executor(found, governed, targets, each)) for each in _addressed(governed)]
        run_all([(executor, beat.of(executor.system)) for executor in executors], stop)


def _dsn(system: str) -> str:
    if given := os.environ.get(variable(system, "DSN")):
        return given
    stack = running_stack()
    return stack.postgres.dsn(system) if stack else ""


def _addressed(governed: Governance) -> list[str]:
    if systems := addressed(governed):
        return systems
    raise click.ClickException(
        "nothing can be performed: each kind with an executor is in mode `alert`, or no system has the role of its "
        "target; set `mode: propose` or `execute` in kinds.yaml"
    )
