"""The table of kinds is whole: what a change reaches, the index can find."""

from __future__ import annotations

from streams.kinds.table import ID, KINDS, REFERENCES, SUBJECT, Refers


def test_every_attribute_by_which_subjects_are_found_is_indexed() -> None:
    for kind in KINDS:
        for (_, entity), reach in kind.reach.items():
            if isinstance(reach, Refers):
                assert reach.subject_attribute == ID or reach.subject_attribute in REFERENCES[kind.entity], kind.name
                # A record that changes it concerns its old and its new subjects; the index tells that it changed.
                assert reach.change_attribute == ID or reach.change_attribute in REFERENCES[entity], kind.name


def test_what_a_verdict_waits_for_also_reaches_it() -> None:
    """A record that reaches no subject is folded without asking whose verdict still has to look behind the frontier."""
    for kind in KINDS:
        needs = {(r, entity) for role, entity in kind.needs for r in (kind.roles if role == SUBJECT else (role,))}
        assert needs == kind.reach.keys(), kind.name
