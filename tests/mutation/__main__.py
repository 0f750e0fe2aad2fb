"""`ops/dev test mutation`: how many mutants of what decides are killed, a module a row."""

from __future__ import annotations

import hashlib
import importlib
import json
import multiprocessing
import os
import re
import sys
import time
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path

import click
import yaml
from rich.console import Console
from rich.table import Table

from tests.mutation import swapping
from tests.mutation.killers import GENERAL, ROOT, modules, path_of
from tests.mutation.operators import Mutant, mutants
from tests.mutation.trial import is_killed

EQUIVALENT = ROOT / "tests/mutation/equivalent.yaml"
SAMPLE = 200
PASSED_FROM = 0.90
HEAVY = ("aiokafka", "confluent_kafka.schema_registry.avro", "fastavro", "holidays", "pydantic", "rapidfuzz", "stdnum")
"""Imported once, for all trials; nothing of ours is, for each trial imports its own."""


def equivalent() -> dict[str, re.Pattern[str]]:
    """Mutants that no fact could tell from the original: how the file names them, and as what is to be looked for."""
    listed = yaml.safe_load(EQUIVALENT.read_text())
    places = [place for entry in listed for place in entry["mutants"]]
    return {place: re.compile(".*".join(re.escape(part) for part in place.split("*"))) for place in places}


def candidates(only: Sequence[str]) -> list[Mutant]:
    names = [name for name in modules() if not only or any(part in name for part in only)]
    return [m for name in names for m in mutants(name, path_of(name).read_text())]


def sampled(found: Iterable[Mutant], size: int, seed: int) -> list[Mutant]:
    """The same for the same code and seed; a change in one function leaves the choice among the others as it was."""

    def lot(mutant: Mutant) -> str:
        return hashlib.sha256(f"{seed}/{mutant.place}".encode()).hexdigest()

    return sorted(sorted(found, key=lot)[:size], key=lambda m: (m.module, m.number))


def _afresh(mutant: Mutant) -> tuple[Mutant, bool]:
    return mutant, is_killed(mutant)


@click.command()
@click.option("--sample", default=SAMPLE, show_default=True, help="How many mutants; 0 for all.")
@click.option("--seed", default=0, show_default=True, help="Which ones.")
@click.option("--only", multiple=True, help="Of modules whose name contains this; may be given again.")
@click.option("--processes", default=os.cpu_count() or 1, show_default="cores")
@click.option("--unchecked", is_flag=True, help="The unit tests have just passed: do not try them without a mutant.")
@click.option("--table", is_flag=True, help="Try none: show what is known.")
@click.option(
    "--known", type=click.Path(path_type=Path), help="Fates, a line each: goes on from there, and adds to it."
)
def main(
    sample: int, seed: int, only: tuple[str, ...], processes: int, unchecked: bool, table: bool, known: Path | None
) -> None:
    """Try mutants of what decides; 0 only if at least nine in ten are killed."""
    console = Console()
    began = time.monotonic()
    found = candidates(only)
    chosen = sampled(found, sample or len(found), seed)
    patterns = equivalent().values()
    alike = [m for m in chosen if any(pattern.fullmatch(m.place) for pattern in patterns)]
    others = [m for m in chosen if m not in alike]
    fates = Fates(known)
    # Those of what all rules stand on last: their facts take the longest. What survived before is tried after all else.
    todo = sorted(others, key=lambda m: m.module in GENERAL)
    batches = [[m for m in todo if fates.of(m) is before] for before in (None, False)]
    for library in HEAVY:
        importlib.import_module(library)
    broken = list[str]()
    for batch in batches if not table else ():
        broken += _run(batch, [] if unchecked else _controls(batch), processes, fates, console)
    if broken:
        raise click.ClickException(f"these facts do not hold without a mutant either: {', '.join(broken)}")
    tried = [(m, killed) for m in others if (killed := fates.of(m)) is not None]
    _show(console, tried, alike, len(found), time.monotonic() - began)
    sys.exit(sum(killed for _, killed in tried) < PASSED_FROM * len(tried))


def _controls(todo: list[Mutant]) -> list[str]:
    return sorted({m.module for m in todo})


def _run(todo: list[Mutant], controls: list[str], processes: int, fates: Fates, console: Console) -> list[str]:
    """The modules whose facts do not hold without a mutant either."""
    afresh, broken = list[Mutant](), list[str]()
    results = swapping.fates(todo, controls, processes) if todo else iter(())
    for work, killed in results:
        if isinstance(work, str):
            broken += [work] if killed else []
        elif killed is None:
            afresh.append(work)
        else:
            fates.add(work, killed, console)
    with multiprocessing.get_context("fork").Pool(processes, maxtasksperchild=1) as pool:
        for mutant, killed in pool.imap_unordered(_afresh, afresh):
            fates.add(mutant, killed, console)
    return broken


class Fates:
    """Of the mutants of modules as they are; facts that were added since kill no fewer."""

    def __init__(self, file: Path | None) -> None:
        self._file = file
        lines = file.read_text().splitlines() if file and file.exists() else []
        self._known: dict[str, bool] = dict(map(json.loads, lines))
        self._count = 0

    def of(self, mutant: Mutant) -> bool | None:
        """Whether it was killed; None: it was not tried."""
        return self._known.get(_key(mutant))

    def add(self, mutant: Mutant, killed: bool, console: Console) -> None:
        self._known[_key(mutant)] = killed
        if self._file:
            with self._file.open("a") as file:
                file.write(json.dumps([_key(mutant), killed]) + "\n")
        self._count += 1
        console.print(f"{self._count} tried", end="\r", highlight=False)
        if not killed:
            line = f"survived  line {mutant.line:3}  {mutant.place}"
            console.print(line, markup=False, highlight=False, soft_wrap=True)


def _key(mutant: Mutant) -> str:
    return f"{_source(mutant.module)} {mutant.place}"


@cache
def _source(module: str) -> str:
    return hashlib.sha256(path_of(module).read_bytes()).hexdigest()[:12]


def _show(console: Console, tried: list[tuple[Mutant, bool]], alike: list[Mutant], of: int, seconds: float) -> None:
    table = Table("module", "mutants", "killed", "equivalent", "survived", "rate")
    for module in [*sorted({m.module for m, _ in tried}), ""]:
        fates = [killed for m, killed in tried if module in ("", m.module)]
        same = sum(module in ("", m.module) for m in alike)
        counts = (len(fates) + same, sum(fates), same, len(fates) - sum(fates))
        rate = f"{sum(fates) / len(fates):.1%}" if fates else ""
        table.add_row(module or f"all, of {of}", *map(str, counts), rate)
    console.print(table)
    console.print(f"{seconds:.0f} seconds", highlight=False)


if __name__ == "__main__":
    main()
