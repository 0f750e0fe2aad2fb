"""The process map: every kind with trigger, expected step, deadline, owner and command, as text and as picture."""

from __future__ import annotations

import json
import re
from pathlib import Path
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner

from streams.commands.process import process
from streams.governance import load
from streams.kinds.table import KINDS
from streams.look import shown
from streams.process_map import Row, rows
from streams.process_map.svg import svg
from streams.process_map.words import duration
from tests.unit.governance_folder import folder_of


def row_of(kind: str, *folders: Path) -> Row:
    return next(row for row in rows(load(*folders)) if row.kind == kind)


def test_every_kind_says_what_must_follow_what_and_who_owns_it() -> None:
    found = rows(load())

    assert [row.kind for row in found] == [kind.row for kind in KINDS]
    needed = ("trigger", "expected", "violated", "deadline", "owner", "command", "mode")
    assert [(row.kind, name) for row in found for name in needed if not getattr(row, name)] == []


def test_an_unposted_invoice_reads_as_a_step_of_the_process() -> None:
    row = row_of("invoice_not_posted")

    assert (row.number, row.trigger, row.expected, row.deadline, row.owner, row.command) == (
        "8", "invoice in billing", "invoices posted", "30 min", "finance-systems", "erp.invoice.post",
    )  # fmt: skip
    assert row.violated.startswith("an invoice is posted in billing, and ")


def test_segments_and_business_days_are_part_of_the_deadline(tmp_path: Path) -> None:
    kinds = "invoice_not_posted: {sla_business_days: 2, segments: {enterprise: {sla_seconds: 14400}}}"

    assert row_of("invoice_not_posted", folder_of(tmp_path, kinds=kinds)).deadline == "2 business days; enterprise: 4 h"


def test_the_close_of_periods_is_part_of_the_deadline_of_what_is_booked(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, entities="DE01: {monthly_periods: true}\nUS01: {period_ends: [2026-01-31]}")

    assert row_of("invoice_not_posted", folder).deadline == "30 min; at the latest as a period of DE01, US01 closes"
    assert row_of("won_without_erp_customer", folder).deadline == "15 min"


def test_only_what_is_wanted_is_on_the_map(tmp_path: Path) -> None:
    assert [row.kind for row in rows(load(folder_of(tmp_path, systems="judged: [invoice_not_posted]")))] == [
        "invoice_not_posted"
    ]


def test_what_nothing_captures_is_on_the_map_with_the_reason(tmp_path: Path) -> None:
    row = row_of("invoice_not_posted", folder_of(tmp_path, mappings__erp="ledger_posting: null"))

    assert row.missing == "not observed because nothing captures ledger posting from any erp system"


def test_the_picture_has_a_row_a_kind_and_is_valid_xml(tmp_path: Path) -> None:
    file = tmp_path / "map.svg"

    done = CliRunner().invoke(process, ["--svg", str(file)])

    assert done.exit_code == 0, done.output
    drawn = ElementTree.fromstring(file.read_text())
    groups = drawn.findall("{http://www.w3.org/2000/svg}g")
    assert len(groups) == len(rows(load()))
    assert "erp.invoice.post (propose)" in {text.text for text in drawn.iter("{http://www.w3.org/2000/svg}text")}


def test_what_companies_write_cannot_break_the_picture() -> None:
    row = row_of("invoice_not_posted")._replace(owner="R&D <team>")

    assert "R&D <team>" in {element.text for element in ElementTree.fromstring(svg([row])).iter()}


def test_on_a_narrow_terminal_no_word_of_the_map_is_broken_and_what_is_not_observed_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shown, "_PIPED_WIDTH", 80)
    folder = folder_of(tmp_path, mappings__erp="ledger_posting: null")
    said = CliRunner().invoke(process, [str(folder)]).output

    assert max(map(len, said.splitlines())) <= 80
    assert set(row_of("invoice_not_posted", folder).command.split()) <= set(re.split(r"[\s;]+", said))
    (rest,) = re.findall(r"invoices posted\n(.*?)\n\d", said, re.DOTALL)
    assert "mode not observed" in " ".join(rest.split())


def test_the_map_is_told_to_programs_as_well() -> None:
    done = CliRunner().invoke(process, ["--json"])

    assert [row["kind"] for row in json.loads(done.output)] == [row.kind for row in rows(load())]


@pytest.mark.parametrize(
    ("seconds", "said"), [(0, "0 s"), (0.5, "0.5 s"), (90, "90 s"), (900, "15 min"), (14_400, "4 h"), (172_800, "2 d")]
)
def test_spans_are_said_in_the_largest_unit_that_divides_them(seconds: float, said: str) -> None:
    assert duration(seconds) == said
