"""Which facts are about which module: the tests that may kill its mutants, the quick and likely ones first."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[2]


class Selection(NamedTuple):
    """Tests of one file; of those, where there are words, the ones that have one of them in their name."""

    file: str
    words: tuple[str, ...] = ()
    but: tuple[str, ...] = ()
    """Those with one of these are left out."""

    def has(self, item: pytest.Item) -> bool:
        name = item.name
        return (
            item.nodeid.startswith(f"{self.file}::")
            and (not self.words or any(word in name for word in self.words))
            and not any(word in name for word in self.but)
        )


RULES = "streams.kinds.rules"
_DOSSIERS = Selection("tests/unit/test_dossiers.py", but=("any_interleaving", "a_restart"))
"""Not in every order: those are many, about `step`, and a rule sees the same records in the end."""
_TABLE = Selection("tests/unit/test_kinds_table.py")
_PAGE = Selection("tests/unit/test_kinds_page.py", ("page",))
_DETAILS = tuple(f"tests/unit/test_details_of_{what}.py" for what in ("money", "customers", "contracts"))
_ANSWERS = tuple(
    f"tests/unit/test_{name}.py"
    for name in ("could_begin", "answers", "answers_of_contracts", "answers_of_customers", "answers_of_money")
)
_RECORD = Selection("tests/unit/test_dossiers_told.py")
_NEAR_MISSES = _DOSSIERS._replace(words=("near_miss",))
_JUDGE = tuple(Selection(f"tests/unit/test_{n}.py") for n in ("obligation", "verdicts", "process_states", "flapping"))
_STEP = tuple(
    Selection(f"tests/unit/test_{n}.py", but=("any_order",))
    for n in ("bad_input_of_the_judgement", "governance_ignore", "governance_segments")
)
_WHY = Selection("tests/unit/test_look_why.py")
_DAY_ONE = Selection("tests/unit/test_day_one.py", but=("forty_thousand",))
_CHOOSY = Selection("tests/unit/test_what_begins.py", ("changed_nothing[0-",))
_NEW_RULES = Selection("tests/unit/test_governance_in_band.py", ("tolerance", "armed", "grace_ends", "demanded_anew"))
_IN_BAND = Selection("tests/unit/test_governance_in_band.py", but=("wherever", "as_if_it_had_always", "a_replay_from"))
"""Without its laws."""
_CIRCLES = Selection("tests/unit/test_hierarchy_circles.py", but=("without_end", "any_order", "verification"))
_CONFLICTS = Selection("tests/unit/test_identity_conflict.py", but=("more_conflicts_than_a_slice",))
_ALL_OF_IT = (*_JUDGE, _RECORD, *_STEP, _WHY)


def _about(*names: str) -> tuple[Selection, ...]:
    return tuple(Selection(f"tests/unit/test_{name}.py") for name in names)


GENERAL: dict[str, tuple[Selection, ...]] = {
    "streams.fleet.breaker": _about("stops", "followed"),
    "streams.fleet.corrections": _about("followed", "fleet_kinds", "fleets_clock"),
    "streams.fleet.gaps": _about("gaps_and_letters", "fleet_kinds"),
    "streams.fleet.letters": _about("gaps_and_letters", "fleet_kinds", "fleets_clock"),
    "streams.fleet.mass": _about("mass", "stops", "fleet_kinds"),
    "streams.fleet.stage": _about("fleets_table", "fleets_clock", "fleet", "fleet_kinds", "graves"),
    "streams.fleet.stale": _about("fleet"),
    "streams.fleet.table": _about("fleets_table", "fleets_clock", "fleet_kinds", "fleet"),
    "streams.fleet.withheld": _about("stops"),
    "streams.identify.canonicalize": _about("canonicalize"),
    "streams.identify.changes": _about("rows_kept"),
    "streams.identify.clocks": _about("heard"),
    "streams.identify.furthest": _about("heard"),
    "streams.identify.gaps": _about("captured_anew", "rows_kept"),
    "streams.identify.holes": _about("holes"),
    "streams.identify.images": _about("rows_kept"),
    "streams.identify.keys": _about("rows_kept"),
    "streams.identify.letters": _about("holes"),
    "streams.identify.links": _about("holes"),
    "streams.identify.losses": _about("captured_anew", "rows_kept"),
    "streams.identify.onward": _about("heard"),
    "streams.identify.parking": _about("rows_kept", "mapping_published"),
    "streams.identify.progress": _about("heard"),
    "streams.identify.reroute": _about("rows_kept"),
    "streams.identify.routes": _about("holes"),
    "streams.identify.rows": _about("rows_read", "rows_kept", "mapping_published"),
    "streams.identify.stays": _about("stays", "stays_remembered", "holes_of_before", "rows_of_before_a_route"),
    "streams.identify.sweeps": _about("sweeps", "captured_anew", "rows_kept", "mapping_published"),
    "streams.identify.stage": _about("rows_read", "mapping_published"),
    "streams.identify.again": _about("mapping_published", "rows_read"),
    "streams.identify.mappings": _about("mapping_published", "rows_read"),
    "streams.judge.obligation": (*_ALL_OF_IT, _DAY_ONE),
    "streams.judge.settle": (*_about("settle", "announced"), *_ALL_OF_IT, _NEW_RULES, _DAY_ONE),
    "streams.judge.fold": (*_about("fold", "references"), *_ALL_OF_IT, _CHOOSY, *_about("retention")),
    "streams.judge.concerned": (*_about("fold", "references"), *_ALL_OF_IT, _CHOOSY, *_about("retention")),
    "streams.judge.arming": (*_about("fold", "references"), *_ALL_OF_IT, _CHOOSY, *_about("retention")),
    "streams.judge.gates": (*_about("gates"), *_ALL_OF_IT, _DOSSIERS._replace(words=("is_unknown",))),
    "streams.judge.announce": (
        *_about("settled_elsewhere", "announced", "frozen_customers", "fleet_kinds"),
        *_ALL_OF_IT,
        _DAY_ONE,
    ),
    "streams.judge.lives": _about("settled_elsewhere", "lives"),
    "streams.judge.process": (*_about("customers_process"), *_ALL_OF_IT),
    "streams.judge.answered": _about("answered", "conditions", "announced"),
    "streams.judge.approvals": _about("approved", "approvals", "limits", "rejected", "rejections"),
    "streams.judge.breaker": _about("forgotten", "commanded", "breaker"),
    "streams.judge.closing": (*_about("counts", "period_close", "obligation"), *_ALL_OF_IT),
    "streams.judge.commands": (
        *_about(
            "commanded",
            "books_shut",
            "quarantine",
            "limits",
            "posting",
            "flapping",
            "frozen_customers",
            "breaker",
            "approvals",
            "rejections",
        ),
        *_about("announced"),
        *_ALL_OF_IT,
    ),
    "streams.judge.corrected": _about(
        "corrected", "announced", "customers_process", "step_workload", "driver", "look_customers"
    ),
    "streams.judge.counting": (*_about("counts", "period_close"), *_ALL_OF_IT, _NEW_RULES, _DAY_ONE),
    "streams.judge.decisions": _about("approved", "rejected", "approvals"),
    "streams.judge.flapping": _about("flaps", "flapping"),
    "streams.judge.forgotten": _about("forgotten", "kept_for_holes"),
    "streams.judge.freeze": _about("freeze", "frozen_customers", "identity_conflict"),
    "streams.judge.horizon": _about("forgotten", "governance_command"),
    "streams.judge.kept": (*_about("kept"), _IN_BAND),
    "streams.judge.keys": _about("keys"),
    "streams.judge.lacking": _about("lacking"),
    "streams.judge.leaving": _about("leaving", "retention"),
    "streams.judge.openings": _about("openings", "flapping"),
    "streams.judge.posting": _about("books_shut", "posting"),
    "streams.judge.published": (*_about("rolled_out", "governance_publish"), _IN_BAND),
    "streams.judge.reached": _about("forgotten"),
    "streams.judge.reconsider": _about("rejected", "rejections"),
    "streams.judge.rejections": _about("rejected", "rejections", "judges_stage"),
    "streams.judge.release": _about("release", "breaker", "limits"),
    "streams.judge.retention": _about("retained", "keys", "leaving", "retention", "fold"),
    "streams.judge.rollout": (*_about("rolled_out", "keys"), _IN_BAND),
    "streams.judge.stage": (*_about("judges_stage"), *_ALL_OF_IT),
    "streams.judge.told": (*_about("remembered", "announced", "settle"), *_ALL_OF_IT),
    "streams.judge.turns": _about("turns"),
    "streams.judge.unread": _about("verdicts", "where_commits_fall"),
    "streams.suspects.circle": (*_about("circles"), _CIRCLES),
    "streams.suspects.conflict": (*_about("conflicts"), _CONFLICTS),
    "streams.suspects.held": _about("alike"),
    "streams.suspects.keys": _about("alike"),
    "streams.suspects.members": _about("alike"),
    "streams.suspects.suspicion": (*_about("suspicions", "circles", "conflicts"), _CONFLICTS, *_about("suspects")),
    "streams.suspects.tell": _about("alike"),
    "streams.kinds.asof": (*_about("as_of"), *_ALL_OF_IT, _CHOOSY),
    "streams.kinds.begun": _about("dated_triggers"),
    "streams.kinds.conditions": _about("triggers", "facts"),
    "streams.kinds.facts": (*_about("facts", "triggers"), _RECORD, _NEAR_MISSES),
    "streams.kinds.shared": (*_about("shared_words"), _RECORD, _NEAR_MISSES),
    "streams.kinds.standing": (*_about("standing", "governance_segments"),),
    "streams.kinds.references": (*_about("references"), *_ALL_OF_IT),
    "streams.worker.handover": _about("handover"),
    "streams.worker.inbox": _about("handover"),
    "streams.worker.pace": _about("pace"),
    "tables.versions": (*_about("versions"), *_JUDGE, _WHY),
}
_HELPERS = ("books", "lags", "overdue", "provision", "received", "shown_status", "states", "taxed", "trail")
"""Of `streams.kinds`: what several rules share. Held by the dossiers of the rules that use them."""

_MORE: dict[str, tuple[Selection, ...]] = {
    "process_state_disagreement": (Selection("tests/unit/test_process_states.py"),),
    "state_regression": (Selection("tests/unit/test_states_that_go_back.py"),),
    "states": (Selection("tests/unit/test_stands.py"),),
    "books": (Selection("tests/unit/test_postings_of.py"),),
    "trail": (Selection("tests/unit/test_trail.py"),),
    "overdue": (Selection("tests/unit/test_overdue.py"),),
    "provision": (Selection("tests/unit/test_provision.py"),),
    "received": (Selection("tests/unit/test_received.py"),),
}
"""Facts about one rule, or about what several share, beside their dossiers."""


def path_of(module: str) -> Path:
    return ROOT.joinpath(*module.split(".")).with_suffix(".py")


def modules() -> tuple[str, ...]:
    return (*GENERAL, *(f"streams.kinds.{name}" for name in _HELPERS), *_rules())


@cache
def _rules() -> tuple[str, ...]:
    return tuple(sorted(f"{RULES}.{p.stem}" for p in (ROOT / "streams/kinds/rules").glob("[!_]*.py")))


@cache
def killers_of(module: str) -> tuple[Selection, ...]:
    """A rule is held by the dossiers of its kind."""
    if module in GENERAL:
        return GENERAL[module]
    kinds = tuple(rule.rpartition(".")[2] for rule in _rules() if module in _uses(rule))
    more = (selection for name in (module.rpartition(".")[2], *kinds) for selection in _MORE.get(name, ()))
    return (
        _TABLE,
        *more,
        *(Selection(file, kinds) for file in _ANSWERS),
        _RECORD._replace(words=kinds),
        *(Selection(file, kinds) for file in _DETAILS),
        _NEAR_MISSES._replace(words=tuple(f"near_miss_stays_quiet[{kind}-" for kind in kinds)),
        Selection("tests/unit/test_regarded.py", kinds),
        _DOSSIERS._replace(words=kinds),
        _PAGE,
    )


@cache
def _uses(module: str) -> frozenset[str]:
    """The module and what it imports of `streams.kinds`, directly or not."""
    found = {name for name in _imported(module) if name.startswith("streams.kinds.") and path_of(name).is_file()}
    return frozenset({module}).union(*map(_uses, found - {module}))


def _imported(module: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(path_of(module).read_text())):
        if isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def in_order(selections: Iterable[Selection], items: Iterable[pytest.Item]) -> list[pytest.Item]:
    """Those of the tests that are selected, in the order of the selections."""
    known = list(items)
    return list(dict.fromkeys(item for selection in selections for item in known if selection.has(item)))
