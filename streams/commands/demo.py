"""`driftwise demo`: the main job, end to end, on real parts, scored against the known truth."""

from __future__ import annotations

import json
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from streams.commands.context import home, json_option, running_stack
from streams.commands.roles import stop_on_signals
from streams.commands.told import told_in_one_line
from streams.demo import run as demo_run
from streams.demo.cluster import Cluster
from streams.demo.hold import describe, hold
from streams.demo.report import as_json as score_as_json
from streams.demo.report import render
from streams.demo.scenario import SPREAD_SECONDS
from streams.demo.stories import Story, story_of
from streams.demo.watch import Watch
from streams.look.shown import console as console_of_answers


def _story(_context: click.Context, _option: click.Parameter, names: str) -> Story:
    try:
        return story_of(names)
    except ValueError as problem:
        raise click.BadParameter(str(problem)) from None


@click.command()
@click.option("--seed", default=1, show_default=True, help="Another seed, another set of customers and faults.")
@click.option(
    "--seconds",
    default=SPREAD_SECONDS,
    type=click.FloatRange(SPREAD_SECONDS),
    show_default=True,
    help="Over how long the customers start, for more faults longer; the whole takes about 45 s more.",
)
@click.option(
    "--hold", "holding", is_flag=True, help="Keep the companies running without any fault, for you to make some."
)
@click.option(
    "--kinds",
    default="first",
    show_default=True,
    metavar="first|all|NAME[,NAME...]",
    callback=_story,
    help="What is injected and scored; with all, every kind is judged.",
)
@json_option
@told_in_one_line
def demo(seed: int, seconds: float, holding: bool, kinds: Story, as_json: bool) -> None:
    """Simulated companies with seeded faults through the real stack, scored; exit 1 if anything was missed or false."""
    if running_stack() is not None and not _leftover():
        raise click.ClickException(
            "a stack is running here; `driftwise stack down` first, or set DRIFTWISE_HOME elsewhere"
        )
    home().mkdir(parents=True, exist_ok=True)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # as Ctrl-C: what was started is stopped
    console = Console(stderr=True)
    started = time.monotonic()

    def show(line: str) -> None:
        console.print(f"[dim]{time.monotonic() - started:6.1f} s[/dim]  {line}", highlight=False)

    if holding:
        _hold(seed, kinds, show, as_json)
        return
    with _live_view(console) as live:
        result = demo_run.run(home(), seed, seconds, show, live, kinds)
    if as_json:
        click.echo(json.dumps(score_as_json(result)))
    else:
        console_of_answers().print(render(result))
    sys.exit(0 if result.passed else 1)


def _leftover() -> bool:
    """Endpoints of a stack whose processes are gone: an earlier demo was killed."""
    from connectors.stack.embedded import status
    from streams.commands.context import stack_folder

    return not any(service.state != "down" for service in status(stack_folder()))


def _hold(seed: int, story: Story, show: Callable[[str], None], as_json: bool) -> None:
    stop = stop_on_signals()
    with Cluster(home(), show, story) as cluster, Watch(cluster.settings, cluster.governance) as watch:
        demo_run.wait_until_heard(cluster, watch, show)
        place = describe(cluster)
        if as_json:
            click.echo(json.dumps(place))
        else:
            for name, value in place["reach"].items():
                click.echo(f"{name:<10} {value}")
        hold(cluster, seed, stop, show)


@contextmanager
def _live_view(console: Console) -> Iterator[Callable[[Watch, Callable[[], float]], object]]:
    """A bar of the plan and the drifts by state; where there is no terminal, a line every ten seconds."""
    over = threading.Event()
    threads: list[threading.Thread] = []

    def follow(watch: Watch, share: Callable[[], float]) -> None:
        thread = threading.Thread(target=_follow, args=(console, watch, share, over), daemon=True)
        thread.start()
        threads.append(thread)

    try:
        yield follow
    finally:
        over.set()
        for thread in threads:
            thread.join(2)


def _follow(console: Console, watch: Watch, share: Callable[[], float], over: threading.Event) -> None:
    if not console.is_terminal:
        while not over.wait(10):
            console.print(f"          {share():4.0%} of the events; drifts: {_states(watch)}", highlight=False)
        return
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), TextColumn("{task.fields[drifts]}"))
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("events", total=1.0, drifts="")
        while not over.wait(0.5):
            progress.update(task, completed=share(), drifts=_states(watch))


def _states(watch: Watch) -> str:
    return ", ".join(f"{number} {state}" for state, number in sorted(watch.counts().items())) or "none"
