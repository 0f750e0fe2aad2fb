"""Days begin without a record that says so: what a date names is judged when it comes."""

from __future__ import annotations

from schemas.instants import SECOND
from tests.dossiers.entitlement_divergence import LESS_THAN_CHARGED, MORE_THAN_CHARGED
from tests.dossiers.model import SLA_SECONDS, Dossier
from tests.dossiers.stage import Play

MIDNIGHT = 24 * 3600


def opened(dossier: Dossier, story: str, until: float) -> list[float]:
    play = Play(dossier).told(dossier.near_misses[story]).heard(until).run()
    return [drift["opened_at"] / SECOND for drift in play.drifts()]


def test_units_charged_from_tomorrow_are_missed_from_midnight_on() -> None:
    assert opened(LESS_THAN_CHARGED, "charged from tomorrow", MIDNIGHT + SLA_SECONDS - 1) == []
    assert opened(LESS_THAN_CHARGED, "charged from tomorrow", MIDNIGHT + SLA_SECONDS) == [MIDNIGHT + SLA_SECONDS]


def test_units_granted_from_tomorrow_are_too_many_from_midnight_on() -> None:
    assert opened(MORE_THAN_CHARGED, "more from tomorrow", MIDNIGHT + SLA_SECONDS) == [MIDNIGHT + SLA_SECONDS]
