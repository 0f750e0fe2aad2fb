"""`ops/dev test mutation`: how many mutants of what decides are killed, a module a row."""

from __future__ import annotations

import hashlib
import importlib
import multiprocessing
import os
import re
import sys
import time
from collections.abc import Iterable
from typing import Any

import click
import yaml
from rich.console import Console
from rich.table import Table

from tests.mutation.killers import ROOT, killers_of, modules, path_of
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


def candidates(only: str) -> list[Mutant]:
    known = equivalent().values()
    all_ = [m for name in modules() if only in name for m in mutants(name, path_of(name).read_text())]
    return [m for m in all_ if not any(pattern.fullmatch(m.place) for pattern in known)]


def sampled(found: Iterable[Mutant], size: int, seed: int) -> list[Mutant]:
    """The same for the same code and seed; a change in one function leaves the choice among the others as it was."""

    def lot(mutant: Mutant) -> str:
        return hashlib.sha256(f"{seed}/{mutant.place}".encode()).hexdigest()

    return sorted(sorted(found, key=lot)[:size], key=lambda m: (m.module, m.number))


def _tried(work: tuple[str, Mutant | None]) -> tuple[str, Mutant | None, bool]:
    return *work, is_killed(*work)


@click.command()
@click.option("--sample", default=SAMPLE, show_default=True, help="How many mutants; 0 for all.")
@click.option("--seed", default=0, show_default=True, help="Which ones.")
@click.option("--only", default="", help="Of modules whose name contains this.")
@click.option("--processes", default=os.cpu_count() or 1, show_default="cores")
@click.option("--unchecked", is_flag=True, help="The unit tests have just passed: do not try them without a mutant.")
def main(sample: int, seed: int, only: str, processes: int, unchecked: bool) -> None:
    """Try mutants of what decides; 0 only if at least nine in ten are killed."""
    console = Console()
    found = candidates(only)
    chosen = sampled(found, sample or len(found), seed)
    for library in HEAVY:
        importlib.import_module(library)
    began = time.monotonic()
    with multiprocessing.get_context("fork").Pool(processes, maxtasksperchild=1) as pool:
        results = _run(pool, [(m.module, m) for m in chosen], console)
        broken = [] if unchecked else _broken(pool, results)
    if broken:
        raise click.ClickException(f"these facts do not hold without a mutant either: {', '.join(broken)}")
    _show(console, results, len(found), time.monotonic() - began)
    sys.exit(sum(killed for _, killed in results) < PASSED_FROM * len(results))


def _run(pool: Any, work: list[tuple[str, Mutant]], console: Console) -> list[tuple[Mutant, bool]]:
    results = []
    for _, mutant, killed in pool.imap_unordered(_tried, work):
        results.append((mutant, killed))
        console.print(f"{len(results)} of {len(work)}", end="\r", highlight=False)
        if not killed:
            console.print(
                f"survived  line {mutant.line:3}  {mutant.place}", markup=False, highlight=False, soft_wrap=True
            )
    return results


def _broken(pool: Any, results: list[tuple[Mutant, bool]]) -> list[str]:
    """Modules whose facts do not hold without a mutant either: where every mutant was killed, that might be why."""
    spotless = {m.module for m, _ in results} - {m.module for m, killed in results if not killed}
    selections = {killers_of(module): module for module in sorted(spotless)}
    tried = pool.imap_unordered(_tried, [(module, None) for module in selections.values()])
    return [module for module, _, failed in tried if failed]


def _show(console: Console, results: list[tuple[Mutant, bool]], of: int, seconds: float) -> None:
    table = Table("module", "killed", "survived", "rate")
    for module in [*sorted({m.module for m, _ in results}), ""]:
        fates = [killed for m, killed in results if module in ("", m.module)]
        rate = f"{sum(fates) / len(fates):.0%}" if fates else ""
        table.add_row(module or f"{len(fates)} of {of}", str(sum(fates)), str(len(fates) - sum(fates)), rate)
    console.print(table)
    console.print(f"{seconds:.0f} seconds", highlight=False)


if __name__ == "__main__":
    main()
