"""Why, for every kind: each near miss has its reason, and while a source lags the answer names it."""

from __future__ import annotations

import pytest

from schemas import topics
from schemas.instants import SECOND
from streams.judge.gates import needed
from streams.kinds.table import KINDS
from streams.look.why import OUTCOMES, Explanation, explain
from tests.dossiers.model import Dossier
from tests.dossiers.stage import Play
from tests.dossiers.table import DOSSIERS

QUIET = frozenset(OUTCOMES) - {"open", "baseline", "unknown", "held", "parked"}
"""What can be said of a kind that has nothing to report, once every source was heard."""
UNDECIDED = {"unknown", "pending"}

every_kind = pytest.mark.parametrize(
    "dossier", DOSSIERS, ids=[f"{dossier.kind}-{number}" for number, dossier in enumerate(DOSSIERS)]
)
every_near_miss = pytest.mark.parametrize(
    ("dossier", "miss"),
    [pytest.param(d, why, id=f"{d.kind}-{why}") for d in DOSSIERS for why in d.near_misses],
)


def explained(play: Play, now: float) -> list[Explanation]:
    """What is said of the dossier's kind at every customer there is."""
    driver, found = play.driver, []
    for partition in range(play.governance.partitions):
        view = driver.state("judge", partition)
        customers = {key.split("/")[1] for key, _ in view.items() if key.startswith("e/")}
        for customer in sorted(customers):
            assert topics.partition_for(customer, play.governance.partitions) == partition
            found += explain(view, play.governance, customer, round(now * SECOND))
    return [e for e in found if e.kind == play.dossier.kind]


def readable(text: str) -> bool:
    strange = (" None", "{", "}", "frozenset", "Decimal", "null", "@", ": ;", ":;")
    return bool(text) and not text.endswith(": ") and not any(word in text for word in strange)


@every_near_miss
def test_a_near_miss_is_explained(dossier: Dossier, miss: str) -> None:
    play = Play(dossier).told(dossier.near_misses[miss]).heard(dossier.ends).run()

    answers = explained(play, dossier.ends)

    assert answers
    assert {a.outcome for a in answers} <= QUIET
    for answer in answers:
        assert readable(answer.because), answer


TOLD = {
    # (kind, near miss): what is said of it
    ("charged_twice", "the first was credited in full"): "found once; invoice INV-1 is credited in full",
    ("correction_oscillation", "put back twice"): "email was put back 2 times, by a person and our correction: it is a "
    "quarrel from 3 times on",
    ("correction_oscillation", "in two systems"): "email was put back once, by our correction: it is a quarrel",
    ("customer_attribute_divergence", "written in another way"): "case, spaces and punctuation do not count, as in tax "
    "id, name",
    ("duplicate_customer", "only a draft"): "expected one active customer record in erp; found E2 is not in use",
    ("duplicate_customer", "in another currency"): "found one; E2 is kept for another currency",
    ("duplicate_customer", "a subsidiary"): "found one; E2 is its parent or its child",
    ("duplicate_document", "a draft"): "found I2 does not count: it is draft",
    ("duplicate_document", "of another company"): "found one; I2 has another legal entity",
    (
        "duplicate_document",
        "reversed and posted again",
    ): "found 2, less what was reversed; R does not count: it is a rev",
    ("invoice_before_customer", "exactly within the tolerance"): "not demanded: invoice INV-7 was posted in the ledger "
    "5 minutes before customer E was set up in erp; clocks may differ by 5 minutes",
    ("invoice_before_customer", "never set up, which is another kind's"): "another record of the customer to change: "
    "customer; the ledger posting is posted",
    ("ownership_violation", "a value in other letters"): "found name, edited by a person: it says the same",
    ("revenue_schedule_divergence", "exactly within tolerance"): "within tolerance: they differ by 0.05 EUR",
    ("state_regression", "refunded before"): "from paid to open; refund F of processor says why",
    ("step_out_of_order", "exactly within the tolerance"): "5 minutes before that, in processor P; clocks may differ",
    ("step_out_of_order", "in order"): "found its payment was settled after that, in processor P",
}


@pytest.mark.parametrize(("kind", "miss"), TOLD)
def test_what_is_said_of_a_near_miss_says_why_it_is_none(kind: str, miss: str) -> None:
    dossier = next(d for d in DOSSIERS if d.kind == kind and miss in d.near_misses)
    play = Play(dossier).told(dossier.near_misses[miss]).heard(dossier.ends).run()

    assert any(TOLD[kind, miss] in answer.because for answer in explained(play, dossier.ends))


@every_kind
def test_while_a_source_lags_the_answer_names_it(dossier: Dossier) -> None:
    (drift,) = Play(dossier).told(dossier.story).heard(dossier.ends).run().drifts()
    subject = (drift["system"], drift["entity"], drift["native_id"])
    kind = next(k for k in KINDS if (k.name, k.entity) == (dossier.kind, drift["entity"]))
    systems = {s for s, _ in needed(Play(dossier).governance, kind, drift["system"])}
    for silent in sorted(systems):
        play = Play(dossier).told(dossier.story)
        others = [s for s in play.governance.systems if s != silent]
        play.heard(dossier.ends, *others).heard(dossier.opens_at - 0.001, silent).run()

        (answer,) = [e for e in explained(play, dossier.ends) if (e.system, e.entity, e.native_id) == subject]

        assert answer.outcome in UNDECIDED, f"{silent} was not heard far enough: {answer}"
        assert silent in answer.because
        assert readable(answer.because)


@every_kind
def test_an_open_drift_is_explained_as_such(dossier: Dossier) -> None:
    play = Play(dossier).told(dossier.story).heard(dossier.ends).run()
    (drift,) = play.drifts()

    said = [e for e in explained(play, dossier.ends) if e.drift_id == drift["drift_id"]]

    assert [(e.outcome, drift["expected"] in e.because) for e in said] == [("open", True)]
