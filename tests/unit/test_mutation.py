"""Mutants: what is changed, what is left alone, and that a mutant is noticed."""

from __future__ import annotations

import ast
import textwrap

import pytest

import tables.versions
from tests.mutation.__main__ import equivalent, sampled
from tests.mutation.killers import ROOT, killers_of, modules, path_of
from tests.mutation.operators import Mutant, mutants, mutated
from tests.mutation.swap import body_of, swap


def changes(source: str) -> set[str]:
    return {m.place.removeprefix("m:module: ") for m in mutants("m", textwrap.dedent(source))}


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("a < b", {"a < b -> a <= b"}),
        ("a == b", {"a == b -> a != b"}),
        ("a is None", {"a is None -> a is not None"}),
        ("a and b", {"a and b -> a", "a and b -> b"}),
        ("not a", {"not a -> a"}),
        ("a + b", {"a + b -> a - b"}),
        ("f(1)", {"1 -> 2"}),
        ("f(at=1)", {"at=1 -> 2"}),
        ("f(True)", {"True -> False"}),
        ("f('paid')", {"'paid' -> 'paid~'"}),
        ("min(a, b)", {"min(a, b) -> max(a, b)"}),
        ("a if b else c", {"b -> not b"}),
        ("[a for a in b if c]", {"c -> (dropped)"}),
    ],
)
def test_one_operator_condition_or_value_is_changed(source: str, expected: set[str]) -> None:
    assert changes(source) == expected


@pytest.mark.parametrize(
    "source",
    [
        '"""What it is for."""',
        "f'{a} is late'",
        "assert a > 0",
        "a: Literal['x']",
        "a['status']",
        "', '.join(a.replace('_', ' '))",
        "def f(a):\n    name, b = a.number or a.id, a.b\n    return b, f'invoice {name}'",
        "Finding(expected='it is posted' if a else 'none', observed=_seen(a))\ndef _seen(a) -> str:\n    return 'none'",
    ],
)
def test_texts_and_names_of_fields_are_left_alone(source: str) -> None:
    assert changes(source) == set()


def test_each_mutant_is_another_program() -> None:
    source = path_of("tables.versions").read_text()
    programs = {ast.unparse(mutated(source, m.number)) for m in mutants("tables.versions", source)}

    assert len(programs) == len(mutants("tables.versions", source))
    assert ast.unparse(ast.parse(source)) not in programs


def test_a_sample_is_the_same_again_and_does_not_hang_on_line_numbers() -> None:
    found = [Mutant("m", n, f"m:f: {n} -> {n + 1}", n) for n in range(100)]
    moved = [m._replace(line=m.line + 7) for m in found]

    assert sampled(found, 10, 0) == sampled(reversed(found), 10, 0) != sampled(found, 10, 1)
    assert [m.place for m in sampled(moved, 10, 0)] == [m.place for m in sampled(found, 10, 0)]


def test_the_facts_that_kill_are_there() -> None:
    files = {selection.file for m in modules() for selection in killers_of(m)}

    assert [file for file in sorted(files) if not (ROOT / file).is_file()] == []


def test_what_is_called_equivalent_is_a_mutant() -> None:
    places = [m.place for name in modules() for m in mutants(name, path_of(name).read_text())]

    assert [named for named, pattern in equivalent().items() if not any(map(pattern.fullmatch, places))] == []


def test_what_several_rules_share_is_held_by_the_facts_of_each() -> None:
    told = next(s for s in killers_of("streams.kinds.books") if s.file.endswith("test_dossiers_told.py"))

    assert {"invoice_not_posted", "reversal_incomplete"} <= set(told.words)
    assert "hierarchy_divergence" not in told.words


def first_of(module: str, part: str) -> Mutant:
    return next(m for m in mutants(module, path_of(module).read_text()) if part in m.place)


def test_a_mutant_of_a_function_is_put_in_its_place_and_no_other() -> None:
    body = body_of(first_of("tables.versions", ":as_of: "))
    assert body is not None
    before = tables.versions.as_of.__code__
    others = {name: f.__code__ for name, f in vars(tables.versions).items() if hasattr(f, "__code__")}
    try:
        assert swap(body)
        changed = {name for name, code in others.items() if getattr(tables.versions, name).__code__ != code}
        assert changed == {"as_of"}
    finally:
        tables.versions.as_of.__code__ = before


def test_a_table_beside_the_functions_has_no_body_to_put_in_its_place() -> None:
    assert body_of(first_of("streams.kinds.rules.invoice_not_posted", "module: name=")) is None
