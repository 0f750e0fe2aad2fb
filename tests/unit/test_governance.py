"""Governance: defaults, overlays, and errors that name file, key and remedy."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from schemas.instants import NEVER, seconds
from streams.fleet import FLEET_KINDS
from streams.governance import load
from streams.kinds import KINDS
from streams.suspects.table import SUSPECT_KINDS
from tests.unit.governance_folder import folder_of, problem_of

Folder = Callable[..., Path]


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    """A governance folder of the given files."""
    return partial(folder_of, tmp_path)


def test_the_defaults_govern_every_kind() -> None:
    assert {kind.name for kind in KINDS} | set(FLEET_KINDS) | set(SUSPECT_KINDS) == set(load().kinds)


def test_nothing_is_executed_by_default() -> None:
    assert {kind.mode for kind in load().kinds.values()} == {"propose", "alert"}


def test_an_overlay_changes_what_it_names_and_nothing_else(folder: Folder) -> None:
    before = load()
    after = load(folder(kinds="invoice_not_posted: {sla_seconds: 5}"))

    changed = before.kinds["invoice_not_posted"].model_copy(update={"sla_seconds": 5})
    assert after.kinds == {**before.kinds, "invoice_not_posted": changed}
    assert after.systems == before.systems


def test_null_takes_a_system_of_the_default_away(folder: Folder) -> None:
    after = load(folder(systems="systems: {crm: null, billing: {links: null}, erp: {links: {crm_ref: null}}}"))

    assert list(after.systems) == ["billing", "erp"]
    assert [system.links for system in after.systems.values()] == [{}, {}]


def test_the_last_overlay_wins(tmp_path: Path) -> None:
    for number in ("1", "2"):
        (tmp_path / number).mkdir()
        (tmp_path / number / "kinds.yaml").write_text(f"invoice_not_posted: {{sla_seconds: {number}}}")

    assert load(tmp_path / "1", tmp_path / "2").kinds["invoice_not_posted"].sla == seconds(2)
    assert load(tmp_path / "2", tmp_path / "1").kinds["invoice_not_posted"].sla == seconds(1)


def test_a_word_is_added_to_a_vocabulary_by_naming_it_alone(folder: Folder) -> None:
    governed = load(folder(mappings__erp="customer: {attributes: {status: {map: {Dormant: suspended}}}}"))

    status = governed.mappings["erp"]["customer"].attributes["status"]
    assert not isinstance(status, str)
    assert status.model_dump()["map"] == {
        "Draft": "prospect", "Active": "active", "Blocked": "suspended", "Closed": "churned", "Dormant": "suspended",
    }  # fmt: skip


def test_a_list_is_replaced_as_a_whole(folder: Folder) -> None:
    assert load(folder(people="driftwise: [robot]")).people.driftwise == ["robot"]


def test_who_wrote_is_told_apart(folder: Folder) -> None:
    people = load(folder(people="integration: [etl]")).people

    assert [people.writer(name) for name in ("driftwise", "etl", "ada", None)] == [
        "driftwise", "integration", "person", "unknown",
    ]  # fmt: skip


def test_seniority_is_the_order_in_which_systems_are_named() -> None:
    assert load().seniority == ("crm", "billing", "erp")


def test_a_role_that_no_system_has_is_empty() -> None:
    governed = load()

    assert (governed.in_role("erp"), governed.in_role("processor")) == (("erp",), ())


def test_without_a_cut_over_date_everything_is_alive(folder: Folder) -> None:
    assert load().go_live == NEVER
    assert load(folder(systems="go_live_at: 1970-01-01T00:00:07Z")).go_live == seconds(7)


def test_clocks_may_differ_by_the_worst_of_the_systems_named(folder: Folder) -> None:
    governed = load(folder(systems="systems: {erp: {max_clock_skew_seconds: 3}}"))

    assert [governed.skew(systems) for systems in (("crm",), ("crm", "erp"), ())] == [0, seconds(3), 0]


BAD = {
    # what is wrong: (file, text, what the error must name)
    "a typo in a key": (
        "kinds", "invoice_not_posted: {sla_second: 5}", ("kinds.yaml", "invoice_not_posted.sla_second"),
    ),
    "a negative deadline": (
        "kinds", "invoice_not_posted: {sla_seconds: -1}", ("kinds.yaml", "invoice_not_posted.sla_seconds"),
    ),
    "a word that no mode has": (
        "kinds", "invoice_not_posted: {mode: exekute}", ("kinds.yaml", "invoice_not_posted.mode", "'execute'"),
    ),
    "a kind that does not exist": (
        "kinds", "brand_new: {sla_seconds: 5}", ("kinds.yaml", "brand_new", "no such kind", "invoice_not_posted"),
    ),
    "no partition": ("systems", "partitions: 0", ("systems.yaml", "partitions")),
    "a role that is none": ("systems", "systems: {erp: {role: bookkeeping}}", ("systems.yaml", "systems.erp.role")),
    "a system without a mapping": (
        "systems",
        "systems: {erp2: {vendor: postgresql, role: erp, stale_after_seconds: 1, horizon_seconds: 1}}",
        ("systems.yaml", "systems.erp2", "add mappings/erp2.yaml"),
    ),
    "a link to no system": (
        "systems", "systems: {erp: {links: {crm_ref: crm2}}}", ("systems.yaml", "systems.erp.links.crm_ref", "crm2"),
    ),
    "a link by an attribute that is not mapped": (
        "systems",
        "systems: {erp: {links: {billing_ref: crm}}}",
        ("systems.yaml", "systems.erp.links.billing_ref", "mappings/erp.yaml"),
    ),
    "a chain of links": (
        "systems",
        "systems: {erp: {links: {billing_ref: billing}}}",
        ("systems.yaml", "systems.erp.links.billing_ref", "the same senior one"),
    ),
    "an unknown entity": (
        "mappings__erp",
        "thing: {entity: thingy, id: id, customer: id, attributes: {}}",
        ("mappings/erp.yaml", "thing", "'thingy'", "invoice"),
    ),
    "an attribute that the entity does not have": (
        "mappings__erp",
        "customer: {attributes: {nick: nick}}",
        ("mappings/erp.yaml", "customer", "'nick'", "tax_id"),
    ),
    "money without its currency": (
        "mappings__erp",
        "contract: {attributes: {value: value}}",
        ("mappings/erp.yaml", "contract", "'value'", "{amount, currency}"),
    ),
    "a kept column that is no list": (
        "mappings__erp",
        "customer: {keep: nick}",
        ("mappings/erp.yaml", "customer.keep", "'nick'", "write it as [column, other_column]"),
    ),
    "a kept column that is listed twice": (
        "mappings__erp",
        "customer: {keep: [nick, nick]}",
        ("mappings/erp.yaml", "customer.keep", "nick is listed twice", "take one out"),
    ),
    "an owner that is no role": ("ownership", "customer: {name: sales}", ("ownership.yaml", "customer.name")),
}  # fmt: skip


@pytest.mark.parametrize("what", BAD)
def test_an_error_names_file_key_and_where_to_correct_it(what: str, folder: Folder) -> None:
    file, text, named = BAD[what]
    overlay = folder(**{file: text})

    problem = problem_of(overlay)

    assert [word for word in named if word not in problem] == []
    assert all(line.endswith(f"; correct it in {overlay}") for line in problem.splitlines())


def test_every_error_is_told_at_once(folder: Folder) -> None:
    problem = problem_of(folder(kinds="invoice_not_posted: {sla_second: 5, mode: no}"))

    assert len(problem.splitlines()) == 2


def test_a_file_that_nobody_reads_is_refused(folder: Folder) -> None:
    problem = problem_of(folder(kind="invoice_not_posted: {sla_seconds: 5}"))

    assert "kind.yaml" in problem
    assert "systems, kinds, people, ownership" in problem


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    assert "no such folder" in problem_of(tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: [", "no valid YAML: line 1, column 5: expected the node content, but found '<stream end>' (while parsing"),
        ("- a", "not list"),
    ],
)
def test_a_file_that_is_no_mapping_is_refused(text: str, said: str, folder: Folder) -> None:
    problem = problem_of(folder(kinds=text))

    assert "kinds.yaml" in problem
    assert said in problem


def test_a_file_that_is_named_as_others_name_theirs_is_not_passed_over(tmp_path: Path) -> None:
    (tmp_path / "mappings").mkdir()
    for name in ("kinds", "mappings/erp"):
        (path := tmp_path / f"{name}.yml").write_text("")
        assert f"{path}: is not read: call it {path.stem}.yaml" in problem_of(tmp_path)
        path.unlink()


def test_a_folder_that_cannot_be_read_is_not_taken_for_an_empty_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def closed(folder: Path) -> Iterator[Path]:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(folder))

    for name in ("iterdir", "_scandir"):  # the latter: of glob, which passes over what it may not read
        monkeypatch.setattr(Path, name, closed)
    assert problem_of(tmp_path) == f"{tmp_path}: cannot be read as a folder: Permission denied"


def test_mappings_that_are_no_folder_are_not_passed_over(tmp_path: Path) -> None:
    (tmp_path / "mappings").write_text("")

    assert "mappings: cannot be read as a folder: Not a directory" in problem_of(tmp_path)


def test_an_empty_file_changes_nothing(folder: Folder) -> None:
    assert load(folder(kinds="# nothing yet\n")) == load()


def test_a_misspelled_kind_is_named_even_with_all_its_fields(folder: Folder) -> None:
    rules = "{sla_seconds: 5, severity: S1, finance_impacting: true, owner_team: x, mode: alert}"

    told = problem_of(folder(kinds=f"invoice_not_postd: {rules}"))

    assert "kinds.yaml: invoice_not_postd: no such kind" in told
    assert "invoice_not_posted" in told


def test_a_file_that_is_no_text_is_named(tmp_path: Path) -> None:
    (tmp_path / "kinds.yaml").write_bytes(b"\xff\xfe")

    assert f"{tmp_path / 'kinds.yaml'}: cannot be read as text in UTF-8" in problem_of(tmp_path)


def test_what_has_a_file_of_its_own_is_no_part_of_systems(folder: Folder) -> None:
    assert "systems.yaml: kinds: has a file of its own: move it to kinds.yaml" in problem_of(
        folder(systems="kinds: {}")
    )


def test_a_deadline_is_finite(folder: Folder) -> None:
    said = problem_of(folder(kinds="invoice_not_posted: {sla_seconds: .inf}"))
    assert "kinds.yaml: invoice_not_posted.sla_seconds: Input should be a finite number" in said


def test_null_keeps_for_ever_where_it_is_said_to(folder: Folder) -> None:
    after = load(
        folder(
            systems="settled_retention_seconds: null\nended_drift_retention_seconds: null",
            kinds="invoice_not_posted: {command_valid_seconds: null}",
        )
    )

    assert (after.settled_retention_seconds, after.ended_drift_retention_seconds) == (None, None)
    assert after.kinds["invoice_not_posted"].command_valid_seconds is None
    assert after.kinds["won_without_erp_customer"].command_valid_seconds == 7 * 86400


@pytest.mark.parametrize(
    ("file", "text", "told"),
    [
        ("systems", "systems: {bill: null}", "systems.yaml: bill: null takes away what is there"),
        ("kinds", "invoice_not_postd: null", "kinds.yaml: invoice_not_postd: null takes away"),
        ("mappings__erp", "ledger_postin: null", "(did you mean 'ledger_posting'?)"),
    ],
)
def test_null_for_what_is_not_there_is_a_typo(folder: Folder, file: str, text: str, told: str) -> None:
    assert told in problem_of(folder(**{file: text}))


def test_two_folders_may_take_the_same_away(tmp_path: Path) -> None:
    for number in ("1", "2"):
        (tmp_path / number).mkdir()
        (tmp_path / number / "kinds.yaml").write_text("invoice_not_posted: null")

    assert "invoice_not_posted" not in load(tmp_path / "1", tmp_path / "2").kinds


def test_a_hint_spares_a_long_list(folder: Folder) -> None:
    told = problem_of(folder(kinds="invoice_not_postd: {sla_seconds: 5}", systems="judged: [invoice_not_postd]"))

    assert "did you mean 'invoice_not_posted'?" in told
    assert "won_without_erp_customer" not in told
