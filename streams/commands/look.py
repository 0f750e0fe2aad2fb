"""Look at what driftwise knows: state, drifts, check, sources, why."""

from __future__ import annotations

import sys
from dataclasses import asdict
from typing import Any

import click

from schemas import topics
from streams.commands.context import json_option
from streams.commands.kind_names import OF_ALL, OF_CUSTOMERS, KindName, is_called
from streams.commands.looking import Sight, sight
from streams.commands.told import told_in_one_line
from streams.governance.model import Governance
from streams.judge.keys import process_key
from streams.look import changelog, left, pages
from streams.look.across import read_stages
from streams.look.answers import Known, answers
from streams.look.answers import is_called as is_subject
from streams.look.corrected import read_customer
from streams.look.customers import resolve
from streams.look.drifts import read_drifts, selected
from streams.look.health import CANNOT_TELL, Verdict, verdict
from streams.look.off import switched_off
from streams.look.parked import PARKED, Parked, read_parked
from streams.look.progress import ages, read_progress
from streams.look.read import CannotLook
from streams.look.shown import console, print_json
from streams.look.sources import Waiting, waiting
from streams.look.sources import sources as list_sources
from streams.look.why import Explanation, worst_first
from streams.suspects.table import SUSPECT_KINDS
from tables.view import MemoryView


@click.command()
@click.argument("customer")
@json_option
@told_in_one_line
def state(customer: str, as_json: bool) -> None:
    """The corrected state of CUSTOMER: a canonical id, SYSTEM:ID, or a native customer id."""
    see = sight()
    found = read_customer(see.cluster, see.governance, resolve(see.cluster, see.governance, customer))
    watermarks = _watermarks(see)
    if as_json:
        print_json({**asdict(found), "watermarks": watermarks, "read_at": see.now})
    else:
        console().print(*pages.customer(found, watermarks, see.now), sep="\n")


@click.command()
@click.option("--all", "all_", is_flag=True, help="Closed ones and the baseline as well.")
@click.option(
    "--kind",
    type=KindName(OF_ALL),
    metavar="KIND",
    help="Name or number.",
)
@click.option("--customer", help="Canonical id, SYSTEM:ID, or a native customer id.")
@json_option
@told_in_one_line
def drifts(all_: bool, kind: str | None, customer: str | None, as_json: bool) -> None:
    """Open drifts, worst first: by severity, then by what is at stake."""
    see = sight()
    canonical = resolve(see.cluster, see.governance, customer) if customer else None
    found = selected(read_drifts(see.cluster), all_=all_, kind=kind, customer=canonical)
    if as_json:
        print_json(found)
        return
    out = console()
    out.print(pages.drifts(found, see.now) if found else "none" if all_ else "none open")
    out.print(pages.heard(_watermarks(see), see.now))


@click.command()
@json_option
@told_in_one_line
def check(as_json: bool) -> None:
    """Exit 0 if nothing is open and every source is heard, 2 if drift is open, 1 if it cannot tell."""
    found = _verdict()
    if as_json:
        print_json(found)
    else:
        click.echo(found.why)
    sys.exit(found.code)


def _verdict() -> Verdict:
    see = sight()
    try:
        progress = read_progress(see.cluster, see.governance, see.now)
        return verdict(read_drifts(see.cluster), progress, see.governance, see.now)
    except CannotLook as problem:
        return Verdict(CANNOT_TELL, f"cannot tell: {problem}")


@click.command()
@json_option
@told_in_one_line
def sources(as_json: bool) -> None:
    """Which source holds verdicts back, worst first: since when, why, and what waits for it."""
    see = sight()
    waits: list[Waiting] = []
    for partition in range(see.governance.partitions):
        waits += waiting(changelog.state(see.cluster, "judge", partition), see.governance, see.now)
    found = list_sources(read_progress(see.cluster, see.governance, see.now), see.governance, waits, see.now)
    if as_json:
        print_json(found)
    else:
        console().print(pages.sources(found, see.now))


@click.command()
@click.argument("customer")
@click.argument("kind", required=False, type=KindName(OF_CUSTOMERS), metavar="[KIND]")
@click.argument("subject", required=False)
@json_option
@told_in_one_line
def why(customer: str, kind: str | None, subject: str | None, as_json: bool) -> None:
    """Why something of CUSTOMER was raised, and why not; of one KIND (name or number) and SUBJECT (native id, or as
    `drifts` shows it)."""
    see = sight()
    canonical = resolve(see.cluster, see.governance, customer)
    found = [e for e in _explanations(see, canonical, kind, subject) if _meant(e, kind, subject)]
    watermarks = _watermarks(see)
    if as_json:
        explained = [e._asdict() for e in found]
        print_json({"customer": canonical, "read_at": see.now, "watermarks": watermarks, "explanations": explained})
        return
    out = console()
    out.print(f"{canonical}\n")
    out.print(pages.why(found) if found else _unknown(see.governance))
    out.print(pages.heard(watermarks, see.now))


def _unknown(governance: Governance) -> str:
    return "; ".join(filter(None, ("nothing of that kind and subject is known", left.meaning(governance))))


def _explanations(see: Sight, customer: str, kind: str | None, subject: str | None) -> list[Explanation]:
    partition = topics.partition_for(customer, see.governance.partitions)
    view = changelog.state(see.cluster, "judge", partition, changelog.about(customer))
    now = see.now  # judge is asked as of what it had heard: reading the rest takes time
    across = kind is None or any(is_called(name, kind) for name in SUSPECT_KINDS)
    known = Known(
        judge=view,
        rows=read_customer(see.cluster, see.governance, customer).entities,
        drifts=read_drifts(see.cluster, (partition,)),
        parked=_parked(see, view, customer),
        stages=read_stages(see.cluster, see.governance, view, customer) if across else None,
    )
    found = answers(known, see.governance, customer, now, subject)
    # A kind that nobody asked for need not say that it is off.
    return found if kind is None else worst_first([*found, *switched_off(see.governance)])


def _parked(see: Sight, view: MemoryView, customer: str) -> dict[str, Parked]:
    """Asked of identify only where judge's state has such a hole."""
    if not any(f"/{PARKED}" in key for key, _ in view.range(f"h/{customer}/", 1_000)):
        return {}
    members = (view.get(process_key(customer)) or {"members": []})["members"]
    return read_parked(see.cluster, see.governance, members)


def _meant(explanation: Explanation, kind: str | None, subject: str | None) -> bool:
    of_kind = kind is None or not explanation.kind or is_called(explanation.kind, kind)
    of_none = kind is not None and explanation.outcome in ("off", "not_observed")
    return of_kind and (subject is None or of_none or is_subject(subject, explanation))


def _watermarks(see: Sight) -> dict[str, Any]:
    return ages(read_progress(see.cluster, see.governance, see.now), see.governance, see.governance.systems)
