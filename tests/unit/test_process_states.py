"""Where a customer stands: what explains a disagreement, and how long a row of the matrix is allowed."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.instants import SECOND
from streams.governance import load
from tests.dossiers.model import Dossier, Story
from tests.dossiers.process_state_disagreement import (
    DOSSIERS,
    PROSPECT,
    SERVED,
    customer,
    deal,
    profile,
    subscription,
)  # fmt: skip
from tests.dossiers.stage import Play

FAR = 100_000


def told(story: Story) -> list[dict[str, Any]]:
    return Play(Dossier(**{**DOSSIERS[0]._asdict(), "story": story})).told(story).heard(FAR).run().drifts()


CAUSES = {
    # what happened: (story, kinds that explain it)
    "nothing was sold to it": ((profile(2),), ["won_without_subscription"]),
    "billing waits": ((subscription(2, "draft"), profile(2)), ["activation_stalled"]),
    "the books are not ready": ((subscription(2),), ["erp_financial_profile_missing", "revenue_schedule_missing"]),
    "it left, and is billed": ((*SERVED, customer(5, "crm", status="churned")), ["cancellation_unpropagated"]),
    "nobody sold it": ((PROSPECT, *SERVED), ["step_skipped"]),
}


@pytest.mark.parametrize("what", CAUSES)
def test_a_disagreement_names_the_kinds_that_explain_it(what: str) -> None:
    story, causes = CAUSES[what]

    drift = told(story)[-1]

    assert drift["causes"] == causes


def test_it_is_as_severe_as_the_worst_of_its_causes() -> None:
    (drift,) = told((subscription(2), profile(2)))
    (worse,) = told((subscription(2),))

    assert (drift["causes"], drift["severity"]) == (["revenue_schedule_missing"], "S1")
    assert (worse["causes"][0], worse["severity"]) == ("erp_financial_profile_missing", "S1")
    assert load().kinds["erp_financial_profile_missing"].severity > "S1"


def test_all_that_it_is_served_with_is_at_stake() -> None:
    left = customer(5, "crm", status="churned")
    (drift,) = told((*SERVED, subscription(2, native_id="S2"), subscription(2, native_id="S3"), left))

    assert drift["amount_at_stake"]["amount"] == 3600


def test_a_state_that_is_allowed_for_a_time_disagrees_when_the_time_and_the_grace_are_over() -> None:
    within = load().process.allowed["being_set_up"].within_seconds
    assert within is not None

    (drift,) = told((PROSPECT, deal(3), subscription(4, "pending_activation")))

    assert drift["opened_at"] == (4 + within + 10) * SECOND
