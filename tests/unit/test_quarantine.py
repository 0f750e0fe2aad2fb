"""What is fought over is put into quarantine (kind M7): our commands about it are only proposed."""

from __future__ import annotations

import random
from typing import Any

from schemas import topics
from streams.backtest.canonical import read
from streams.driver import Driver
from streams.governance.process import Flapping, Process
from streams.kinds.quarrel import NAME
from streams.look.pages import command
from tests.dossiers.correction_oscillation import ours, theirs
from tests.dossiers.model import Story
from tests.dossiers.ownership_violation import customer
from tests.dossiers.stage import Play
from tests.dossiers.table import DOSSIERS
from tests.topology import Company, governance, seconds_of
from tests.unit.test_flapping import WINDOW_SECONDS, quarrel

KIND = "customer_attribute_divergence"
PROPOSED = ("propose", "oscillation")
EXECUTED = ("execute", "")


def played(
    story: Story, *, judged: tuple[str, ...] = (KIND, NAME), rng: random.Random | None = None, **governed: Any
) -> Play:
    play = Play(next(d for d in DOSSIERS if d.kind == KIND))
    play.governance = play.governance.model_copy(update={"judged": judged, **governed})
    play.driver = Driver(play.governance, dict.fromkeys(play.governance.systems, read))
    play.told(story).heard(1000)
    return play.run() if rng is None else play.run_in_any_order(rng, duplicates=0.2, crashes=0.2)


def of_attributes(play: Play) -> list[tuple[str, str]]:
    """Of each drift in the order in which they opened: how its command was issued last, and what kept it back."""
    drifts = sorted(play.drifts(), key=lambda d: d["opened_at"])
    modes = {w.value["command_id"]: w.value["mode"] for w in play.driver.written[topics.COMMANDS] if w.value}
    assert [modes[d["command_id"]] for d in drifts] == [d["mode"] for d in drifts]
    return [(d["mode"], d["restraint"]) for d in drifts]


QUARREL = (theirs(3), ours(4), theirs(5), ours(6))


def test_an_attribute_that_two_writers_put_back_in_turn_is_no_longer_set_by_us() -> None:
    play = played((*QUARREL, theirs(7)))

    assert of_attributes(play) == [PROPOSED]
    assert command(play.drifts()[0]) == "propose: oscillation"


def test_before_they_quarrel_it_is() -> None:
    assert of_attributes(played((theirs(3), ours(4), theirs(5)))) == [EXECUTED]


def test_another_attribute_of_the_record_still_is() -> None:
    assert of_attributes(played((*QUARREL, customer(20, "billing", email="pay@acme.example", name="Acme AG")))) == [
        EXECUTED
    ]


def test_the_same_attribute_of_another_record_still_is() -> None:
    assert of_attributes(played((*QUARREL, customer(20, "erp", email="cfo@acme.example")))) == [EXECUTED]


def test_once_somebody_settled_on_a_value_it_is_set_again() -> None:
    settled = customer(40, "billing", "bob", email="ap@acme.example")

    assert of_attributes(played((*QUARREL, settled, ours(55), theirs(70)))) == [EXECUTED, EXECUTED]


def test_a_deployment_that_does_not_judge_quarrels_knows_none() -> None:
    assert of_attributes(played((*QUARREL, theirs(7)), judged=(KIND,))) == [EXECUTED]


def test_any_interleaving_and_restart_propose_the_same() -> None:
    story = (*QUARREL, theirs(7), customer(40, "billing", "bob", email="ap@acme.example"), ours(60), theirs(70))
    expected = of_attributes(played(story))

    for seed in range(8):
        assert of_attributes(played(story, rng=random.Random(seed))) == expected


A_FEW_SECONDS = {"process": Process(flapping=Flapping(window_seconds=100))}
FOUGHT_OVER = (*QUARREL, theirs(7))
"""Put back at 5, at 6 and at 7."""


def test_once_no_window_holds_so_many_returns_it_is_set_again() -> None:
    (drift,) = played(FOUGHT_OVER, **A_FEW_SECONDS).drifts()

    assert ((drift["mode"], drift["restraint"]), seconds_of(drift["released_at"])) == (EXECUTED, 105)


def test_what_is_put_back_again_before_that_waits_longer() -> None:
    story = (*FOUGHT_OVER, ours(90), theirs(91))
    stood, stands = sorted(played(story, **A_FEW_SECONDS).drifts(), key=lambda d: d["opened_at"])

    assert (stood["status"], stood["released_at"]) == ("closed", None)
    assert seconds_of(stands["released_at"]) == 107  # of those at 7, 90 and 91 the first


def test_any_order_has_it_set_again_from_the_same_instant() -> None:
    for seed in range(8):
        (drift,) = played(FOUGHT_OVER, rng=random.Random(seed), **A_FEW_SECONDS).drifts()
        assert (drift["mode"], seconds_of(drift["released_at"])) == ("execute", 105)


# -- drift that flaps


def flapping(times: int, until: float, **updates: Any) -> Company:
    process = Process(flapping=Flapping(openings=2, window_seconds=WINDOW_SECONDS))
    governed = governance(mode="execute").model_copy(
        update={"judged": ("invoice_not_posted", NAME), "process": process, **updates}
    )
    company = quarrel(Company(governed), times)
    company.heard(until)
    return company


def modes(company: Company) -> list[tuple[float | None, str]]:
    found = sorted(company.drifts("invoice_not_posted"), key=lambda d: d["opened_at"])
    return [(seconds_of(d["opened_at"]), d["mode"]) for d in found]


def test_the_opening_that_is_one_too_many_and_those_after_it_only_propose() -> None:
    assert modes(flapping(4, 60)) == [(12, "execute"), (24, "execute"), (36, "propose"), (48, "propose")]


def test_one_that_stands_through_a_quiet_window_is_corrected_then() -> None:
    company = flapping(4, 108)

    assert modes(company)[-1] == (48, "execute")
    assert seconds_of(max(company.drifts("invoice_not_posted"), key=lambda d: d["opened_at"])["released_at"]) == 108


def test_after_a_quiet_window_it_is_corrected_again() -> None:
    company = flapping(3, 37)
    company.row("erp", "ledger_posting", "L", 38, "E", status="Posted")
    company.row("erp", "ledger_posting", "L", 200, "E", status="Draft")
    company.heard(300)

    assert modes(company)[-1] == (210, "execute")


def test_drifts_of_a_deployment_that_does_not_judge_it_flap_on() -> None:
    found = modes(flapping(4, 60, judged=("invoice_not_posted",)))
    assert {mode for _, mode in found} == {"execute"}
