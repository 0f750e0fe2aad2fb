"""The table of kinds is whole: what a change reaches, the index can find."""

from __future__ import annotations

from schemas.entities import ENTITIES
from streams.governance.triggers import FACTS
from streams.judge.gates import needed
from streams.kinds.facts import KNOWN, STEPS, VALUES
from streams.kinds.references import EVERY, parts
from streams.kinds.sight import noticed_by
from streams.kinds.table import ID, KINDS, REFERENCES, SUBJECT, Refers, Through, judged
from tables.watermarks import LINKS
from tests.topology import default_governance


def test_every_attribute_by_which_subjects_are_found_is_indexed() -> None:
    for kind in KINDS:
        for entity, way in kind.references:
            assert way.subject_attribute == ID or way.subject_attribute in REFERENCES[kind.entity], kind.name
            # A record that changes it concerns its old and its new subjects; the index tells that it changed.
            assert way.change_attribute == ID or way.change_attribute in REFERENCES[entity], kind.name


def test_those_that_are_found_through_one_of_them_also_find_one_another() -> None:
    for kind in KINDS:
        for reach in kind.reach.values():
            if isinstance(reach, Through):
                assert Refers(reach.shared, reach.shared) in kind.reach.values(), kind.name


def test_what_a_verdict_waits_for_also_reaches_it() -> None:
    """A record that reaches no subject is folded without asking whose verdict still has to look behind the frontier."""
    for kind in KINDS:
        needs = {(r, entity) for role, entity in kind.needs for r in (kind.roles if role == SUBJECT else (role,))}
        assert needs == kind.reach.keys(), kind.name


NEEDED = {
    # of kinds that can do without some places: those, beside the subject's, without which it is not judged
    "won_without_subscription": {("billing", "subscription")},
    "revenue_schedule_missing": {("erp", "revenue_schedule")},
    "payment_status_not_shown": set(),
    "payment_status_unpropagated": set(),
    "delinquency_not_cleared": {("billing", "invoice")},
    "delinquency_unpropagated": {("billing", "invoice")},
    "payment_unmatched": {("erp", "cash_application")},
    "credit_memo_without_counterpart": {("billing", "credit_memo")},
    "refund_unpropagated": {("billing", "refund"), ("erp", "ledger_posting")},
    "amendment_unpropagated": {("erp", "contract")},
    "contract_value_mismatch": {("crm", "opportunity"), ("erp", "contract")},
    "cancellation_unpropagated": {("crm", "customer")},
    "reversal_incomplete": {("erp", "ledger_posting")},
    "invoice_amount_mismatch": {("erp", "ledger_posting")},
    "invoice_not_posted": {("erp", "ledger_posting")},
    "tax_treatment_divergence": {("erp", "ledger_posting"), ("crm", "customer")},
    "customer_attribute_divergence": {("billing", "customer"), ("erp", "customer")},
    "process_state_disagreement": {("billing", "customer"), ("billing", "subscription"), ("erp", "customer")},
    "state_regression:invoice": set(),
    "state_regression:payment": {("billing", "payment")},
    "step_skipped": {("crm", "opportunity")},
    "charged_twice": set(),
}


def test_what_a_kind_cannot_do_without() -> None:
    needed = {k.row: k.reach.keys() - k.optional - {(k.roles[0], k.entity)} for k in KINDS if k.optional}

    assert needed == NEEDED


ROLES = {"crm", "billing", "erp", "processor", "entitlement"}


def test_kinds_look_at_their_subjects_and_at_roles_that_there_are() -> None:
    for kind in KINDS:
        assert {(role, kind.entity) for role in kind.roles} <= kind.reach.keys(), kind.row
        assert {role for role, _ in kind.reach} <= ROLES, kind.row


def test_only_duplicates_compare_records_with_one_another() -> None:
    within = {kind.row: kind.compared_within for kind in KINDS if kind.compared_within}
    documents = {kind.row: "system" for kind in KINDS if kind.name in ("duplicate_document", "charged_twice")}
    assert within == {"duplicate_customer": "system", "customer_attribute_divergence": "customer", **documents}


def test_records_are_compared_in_attributes_that_there_are_and_found_by_their_customer() -> None:
    for kind in (each for each in KINDS if each.compared_in):
        assert set(kind.compared_in) <= attributes_of(kind.entity), kind.row
        assert EVERY in REFERENCES[kind.entity], kind.row


def test_what_a_kind_can_do_without_and_what_only_answers_is_among_what_it_looks_at() -> None:
    for kind in KINDS:
        assert kind.optional | kind.answered_by <= kind.reach.keys(), kind.name


def test_kinds_speak_of_entities_and_attributes_that_there_are() -> None:
    for kind in KINDS:
        named = {kind.entity, *(entity for _, entity in kind.reach), *(entity for entity, _ in kind.finds)}
        assert named <= ENTITIES.keys(), kind.name
        for entity, attribute in kind.finds:
            assert attribute == EVERY or attribute in attributes_of(entity), kind.name
        assert {*kind.regarded, *kind.demanded_by} <= named, kind.name
    for entity, found_by in REFERENCES.items():
        assert {part for name in found_by for part in parts(name)} - {EVERY} <= attributes_of(entity)


def attributes_of(entity: str) -> set[str]:
    return {a.name for a in ENTITIES[entity].attributes}


def test_every_kind_is_governed_and_counts_and_acts_in_a_known_way() -> None:
    governed = default_governance().kinds
    for kind in KINDS:
        assert kind.name in governed, kind.name
        assert kind.clock in ("deadline", "grace"), kind.name
        assert kind.sort in ("ask", "copy"), kind.name


def test_a_verdict_does_not_wait_for_what_no_system_carries() -> None:
    """Optional places that nobody captures would be waited for for ever."""
    governance = default_governance()
    for kind in judged(governance):
        for system in (s for role in kind.roles for s in governance.in_role(role)):
            if governance.carries(system, kind.entity):
                entities = [(s, entity) for s, entity in needed(governance, kind, system) if entity != LINKS]
                assert all(governance.carries(s, entity) for s, entity in entities), kind.name


def test_what_kinds_regard_there_is() -> None:
    for kind in KINDS:
        for entity, names in (*kind.regarded.items(), *kind.demanded_by.items()):
            once = (f"once_{STEPS[entity]}",) if entity in STEPS else ()
            facts = {f"@{fact}" for fact in (KNOWN, *FACTS.get(entity, ()), *once, *VALUES.get(entity, ()), "trail")}
            assert {name.partition("=")[0] for name in names} <= attributes_of(entity) | facts, (kind.row, entity)


def test_what_demands_is_regarded_and_has_a_deadline() -> None:
    for kind in KINDS:
        assert kind.clock == "deadline" or not kind.demanded_by, kind.row
        assert all(set(names) <= set(kind.regarded[entity]) for entity, names in kind.demanded_by.items()), kind.row


def test_a_counterpart_is_found_by_what_both_say() -> None:
    for kind in KINDS:
        refers = [way for _, way in kind.references]
        assert not kind.counterpart or (refers and not any(ID in reach for reach in refers)), kind.row


def test_kinds_that_find_their_subjects_together_find_them_in_one_way() -> None:
    governance = default_governance()
    for role, entity in {place for kind in KINDS for place in kind.reach}:
        for alike in noticed_by(governance, role, entity):
            assert {type(kind.reach[role, entity]) for kind in alike.kinds} == {type(alike.reach)}, alike
