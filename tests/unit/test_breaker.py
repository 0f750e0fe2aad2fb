"""The breaker: corrections that go wrong one after the other are only proposed, until somebody or time closes it."""

from __future__ import annotations

import random
from collections import Counter
from decimal import Decimal
from typing import Any

import pytest

from schemas import topics
from schemas.instants import SECOND
from streams.asked import Asked
from streams.backtest.canonical import read
from streams.fleet import FLEET_KINDS, Fleet, breaker, withheld
from streams.governance import Governance
from streams.inputs import Input
from streams.look.why import explain
from streams.shard import Shard
from streams.verify.examine import examine
from streams.verify.report import EQUAL
from tables.view import Emit, MemoryView
from tests.depth import cases
from tests.look import micros
from tests.recorded import DriverRecording
from tests.topology import Company, governance
from tests.unit.test_frozen_customers import shuffle

RUN, OPEN_SECONDS, VERIFY_SECONDS = 3, 100, 10
DEAL, REFERENCE = "won_without_erp_customer", "external_id_writeback_missing"


def governed(*judged: str, **updates: Any) -> Governance:
    base = governance()
    rules = {"tolerance_absolute": Decimal(RUN), "sla_seconds": OPEN_SECONDS}
    kinds = {**base.kinds, breaker.KIND: base.kinds[breaker.KIND].model_copy(update=rules)}
    return base.model_copy(update={"kinds": kinds, "judged": judged or tuple(FLEET_KINDS), **updates})


class Stage:
    """The fleet alone; times are seconds."""

    def __init__(self, rules: Governance | None = None) -> None:
        self.governance = rules or governed()
        self.shard = Shard(Fleet(self.governance), 0, MemoryView())
        self.effects: list[Emit] = []
        self.number = 0

    def take(self, record: str, value: dict[str, Any]) -> None:
        self.effects += self.shard.process(Input(topics.PROGRESS, 0, 0, "", record, value, {}))

    def asked(self, kind: str = DEAL) -> str:
        self.number += 1
        drift_id = f"d{self.number}"
        place = {"canonical_id": "crm:A", "system": "crm", "entity": "opportunity", "native_id": drift_id}
        words = {"owner_system": "erp", "expected": "it", "amount_at_stake": None, "restraint": ""}
        self.take("CorrectionAsked", {"drift_id": drift_id, "kind": kind, **place, **words})
        return drift_id

    def answered(self, status: str, at: float, kind: str = DEAL, target: str = "erp", reason: str = "") -> str:
        drift_id = self.asked(kind)
        self.told(drift_id, status, at, target, reason)
        return drift_id

    def told(self, drift_id: str, status: str, at: float, target: str = "erp", reason: str = "") -> None:
        named = {"command_id": f"c{drift_id}", "drift_id": drift_id, "type": "t", "target_system": target}
        answer = {"status": status, "reason": reason, "native_id": "", "attempt": 1, "finished_at": round(at * SECOND)}
        self.take("CommandResult", named | answer)

    def ended(self, drift_id: str, at: float, how: str = "corrected") -> None:
        self.take("DriftEnded", {"drift_id": drift_id, "closed_at": round(at * SECOND), "how": how})

    def clock(self, at: float) -> None:
        """What time it is; judge is as far."""
        instant = round(at * SECOND)
        for partition in range(self.governance.partitions):
            for system in self.governance.systems:
                self.take("CanaryDrifted", {"system": system, "partition": partition, "broken_at": instant})
        value = {"system": "erp", "partition": 0, "observed_at": instant, "watermark": instant}
        self.take("SourceObserved", value)

    def halt(self, name: str, at: float, *, halted: bool, scope: str = "system") -> None:
        value = {
            "scope": scope,
            "name": name,
            "halted": halted,
            "by": "me",
            "reason": "release",
            "at": round(at * SECOND),
        }
        self.take("HaltAsked", value)

    @property
    def drifts(self) -> dict[str, dict[str, Any]]:
        """The last word on each breaker."""
        told = [e.value for e in self.effects if e.topic == topics.DRIFTS and e.value]
        return {d["native_id"]: d for d in told if d["kind"] == breaker.KIND}

    @property
    def open(self) -> set[str]:
        return {scope for scope, drift in self.drifts.items() if drift["status"] == "open"}


@pytest.fixture
def stage() -> Stage:
    return Stage()


# -- what opens it


@pytest.mark.parametrize("status", ["rejected", "failed"])
def test_a_run_of_refusals_opens_the_breaker_of_the_kind_and_of_the_system(stage: Stage, status: str) -> None:
    for number in range(RUN - 1):
        stage.answered(status, number)
    assert stage.open == set()

    stage.answered(status, 5)

    assert stage.open == {f"kind/{DEAL}", "system/erp"}
    drift = stage.drifts["system/erp"]
    assert (drift["kind_number"], drift["system"], drift["opened_at"]) == ("C4", "erp", 5 * SECOND)
    assert "the last 3 were refused or not answered" in drift["observed"]
    assert "by itself 1970-01-01T00:01:45.000Z" in drift["observed"]


@pytest.mark.parametrize("status", ["applied", "noop_already_right"])
def test_an_answer_of_success_ends_the_run(stage: Stage, status: str) -> None:
    for at, said in enumerate(("rejected", "rejected", status, "rejected", "rejected")):
        stage.answered(said, at)

    assert stage.open == set()


@pytest.mark.parametrize(
    ("status", "reason"), [("fenced", ""), ("withheld", "identity_conflict"), ("withheld", "halted")]
)
def test_what_says_nothing_of_the_target_neither_counts_nor_ends_the_run(
    stage: Stage, status: str, reason: str
) -> None:
    for at, said in enumerate(("rejected", "rejected", status)):
        stage.answered(said, at, reason=reason)
    assert stage.open == set()

    stage.answered("rejected", 4)
    assert stage.open == {f"kind/{DEAL}", "system/erp"}


def test_an_answer_that_is_told_again_counts_once(stage: Stage) -> None:
    drift_id = stage.asked()
    for _ in range(RUN + 1):
        stage.told(drift_id, "rejected", 1)

    assert stage.open == set()


def test_where_one_is_too_many_the_first_opens_it_and_a_success_does_not() -> None:
    rules = governed()
    once = rules.kinds[breaker.KIND].model_copy(update={"tolerance_absolute": Decimal(0)})
    stage = Stage(rules.model_copy(update={"kinds": {**rules.kinds, breaker.KIND: once}}))
    stage.answered("applied", 1)
    assert stage.open == set()

    stage.answered("rejected", 2)
    assert stage.open == {f"kind/{DEAL}", "system/erp"}


def test_kinds_that_go_wrong_in_one_system_open_that_of_the_system_alone(stage: Stage) -> None:
    for number, kind in enumerate((DEAL, REFERENCE, "invoice_not_posted")):
        stage.answered("rejected", number, kind)

    assert stage.open == {"system/erp"}


def test_a_kind_that_goes_wrong_in_several_systems_opens_its_own(stage: Stage) -> None:
    for number, target in enumerate(("crm", "erp", "billing")):
        stage.answered("rejected", number, DEAL, target)

    assert stage.open == {f"kind/{DEAL}"}


def test_a_run_of_corrections_without_effect_opens_it_though_each_was_answered_well(stage: Stage) -> None:
    verify = stage.governance.kinds["correction_ineffective"].sla_seconds
    for number in range(RUN):
        stage.answered("applied", number)
    stage.clock(verify + RUN)

    assert stage.open == {f"kind/{DEAL}", "system/erp"}
    assert "the last 3 showed no effect" in stage.drifts["system/erp"]["observed"]


def test_a_correction_that_shows_ends_the_run(stage: Stage) -> None:
    verify = stage.governance.kinds["correction_ineffective"].sla_seconds
    stage.answered("applied", 0)
    stage.answered("applied", 0)
    stage.clock(verify + 1)
    stage.ended(stage.answered("applied", verify + 1), verify + 2)
    stage.answered("applied", verify + 3)
    stage.clock(3 * verify)

    assert stage.open == set()


def test_a_deployment_that_does_not_want_it_has_none() -> None:
    stage = Stage(governed("correction_ineffective"))
    for number in range(2 * RUN):
        stage.answered("rejected", number)

    assert stage.drifts == {}
    assert not [key for key, _ in stage.shard.state.items() if key.startswith("b/")]


def test_it_needs_no_other_kind_to_be_wanted() -> None:
    stage = Stage(governed(breaker.KIND))
    for number in range(RUN):
        stage.answered("rejected", number)
    stage.clock(90)

    assert stage.open == {f"kind/{DEAL}", "system/erp"}
    assert {e.value["kind"] for e in stage.effects if e.topic == topics.DRIFTS and e.value} == {breaker.KIND}


# -- what closes it


def refusing(stage: Stage) -> Stage:
    for number in range(RUN):
        stage.answered("rejected", number)
    assert stage.open
    return stage


def test_it_closes_by_itself_and_the_next_refusal_opens_it_again(stage: Stage) -> None:
    refusing(stage).clock(RUN - 1 + OPEN_SECONDS - 1)
    assert stage.open

    stage.clock(RUN - 1 + OPEN_SECONDS)
    closed = stage.drifts["system/erp"]
    assert (stage.open, closed["how"], closed["closed_at"]) == (set(), "expired", (RUN - 1 + OPEN_SECONDS) * SECOND)

    stage.answered("rejected", 200)
    assert stage.open == {f"kind/{DEAL}", "system/erp"}


def test_after_it_closed_a_success_brings_all_trust_back(stage: Stage) -> None:
    refusing(stage).clock(RUN + OPEN_SECONDS)
    stage.answered("applied", 200)
    stage.answered("rejected", 201)

    assert stage.open == set()


def test_somebody_closes_it_and_the_count_begins_anew(stage: Stage) -> None:
    refusing(stage).halt("erp", 10, halted=False)
    stage.answered("rejected", 11)

    assert stage.open == {f"kind/{DEAL}"}
    assert stage.drifts["system/erp"]["how"] == "accepted"


def test_somebody_halts_a_system_until_somebody_resumes_it(stage: Stage) -> None:
    stage.halt("erp", 10, halted=True)
    stage.clock(10_000)
    assert stage.open == {"system/erp"}
    assert "somebody halted them at 1970-01-01T00:00:10.000Z" in stage.drifts["system/erp"]["observed"]
    assert "release" in stage.drifts["system/erp"]["observed"]

    stage.halt("erp", 20_000, halted=False)
    assert stage.open == set()
    assert not [key for key, _ in stage.shard.state.items() if key.startswith("b/")]


def test_a_breaker_that_somebody_halts_too_does_not_close_by_itself(stage: Stage) -> None:
    refusing(stage).halt("erp", 10, halted=True)
    stage.clock(10_000)

    assert stage.open == {"system/erp"}


def test_to_resume_what_runs_changes_nothing(stage: Stage) -> None:
    stage.halt("erp", 10, halted=False)

    assert stage.effects == []


def test_judge_is_told_in_every_partition(stage: Stage) -> None:
    refusing(stage).halt("erp", 10, halted=False)

    told = [e for e in stage.effects if e.record == "BreakerTurned" and e.value and e.value["scope"] == "system"]
    assert [(e.partition, e.value["closed_at"]) for e in told if e.value] == [
        *((p, None) for p in range(4)),
        *((p, 10 * SECOND) for p in range(4)),
    ]


# -- what it does


def company(*judged: str) -> Company:
    return Company(governed(DEAL, *(judged or (breaker.KIND,))))


def halt(made: Company, name: str, at: float, *, halted: bool = True, scope: str = "system") -> None:
    value = {"scope": scope, "name": name, "halted": halted, "by": "me", "reason": "release", "at": micros(at)}
    made.driver.pipe(topics.PROGRESS, "", "HaltAsked", value, partition=0)
    made.driver.run()


def win(made: Company, deal: str, at: float) -> None:
    made.row("crm", "Account", f"A-{deal}", at)
    made.row("crm", "Opportunity", deal, at, f"A-{deal}", StageName="Closed Won")


def modes(made: Company) -> dict[str, tuple[str, str]]:
    return {d["native_id"]: (d["mode"], d["restraint"]) for d in made.drifts(DEAL)}


@pytest.mark.parametrize(("scope", "name"), [("system", "erp"), ("kind", DEAL)])
def test_while_it_is_open_commands_are_proposed_and_why_says_so(scope: str, name: str) -> None:
    made = company()
    win(made, "O1", 1)
    made.heard(20)
    halt(made, name, 20, scope=scope)
    win(made, "O2", 25)
    made.heard(50)

    assert modes(made) == {"O1": ("execute", ""), "O2": ("propose", "breaker")}
    assert [c["mode"] for c in made.commands()] == ["execute", "propose"]
    view = made.driver.state("judge", topics.partition_for("crm:A-O2", made.governance.partitions))
    (said,) = [e for e in explain(view, made.governance, "crm:A-O2", micros(90)) if e.kind == DEAL]
    assert said.because.endswith("its command is only proposed: breaker")


def test_another_system_and_another_kind_are_served() -> None:
    made = company()
    halt(made, "billing", 1)
    halt(made, REFERENCE, 1, scope="kind")
    win(made, "O", 2)
    made.heard(50)

    assert modes(made) == {"O": ("execute", "")}


def test_what_was_commanded_before_is_withheld_by_the_executor() -> None:
    made = company()
    win(made, "O", 1)
    made.heard(20)
    halt(made, "erp", 20)

    asked = Asked()
    for written in made.driver.written[topics.DRIFTS]:
        asked.take(written.partition, written.key, written.value)
    (command,) = made.commands()
    assert asked.refusal(command) == "halted"


def test_a_correction_withheld_by_a_breaker_is_told_of_as_one_without_effect() -> None:
    stage = Stage()
    stage.answered("withheld", 1, reason="halted")
    stage.clock(1 + stage.governance.kinds["correction_ineffective"].sla_seconds)

    (told,) = [e.value for e in stage.effects if e.topic == topics.DRIFTS and e.value]
    assert told["kind"] == "correction_ineffective"
    assert "the target was not asked" in told["observed"]


def test_one_that_is_only_to_be_told_of_stops_nothing() -> None:
    rules = governed(DEAL, breaker.KIND)
    told = rules.kinds[breaker.KIND].model_copy(update={"mode": "alert"})
    made = Company(rules.model_copy(update={"kinds": {**rules.kinds, breaker.KIND: told}}))
    halt(made, "erp", 1)
    win(made, "O", 2)
    made.heard(50)

    assert len(made.open(breaker.KIND)) == 1
    assert modes(made) == {"O": ("execute", "")}


def surging() -> Company:
    """Twelve deals of as many customers, won at once: a mass drift where the ERP has none of them."""
    rules = {"tolerance_relative": 0.05, "tolerance_absolute": Decimal(3), "sla_seconds": 10}
    base = governed(DEAL, "mass_drift")
    kinds = {**base.kinds, "mass_drift": base.kinds["mass_drift"].model_copy(update=rules)}
    made = Company(base.model_copy(update={"kinds": kinds}))
    for number in range(12):
        win(made, f"O{number:02}", 1)
    return made


def test_mass_drift_of_a_kind_stops_its_commands_while_it_lasts() -> None:
    made = surging()
    made.heard(20)
    win(made, "P", 12)
    made.heard(40)

    assert len(made.open("mass_drift")) == 1
    assert modes(made)["P"] == ("propose", "breaker")


# -- what is asked for when it has ended


def looked(made: Company, at: float) -> None:
    """What time it is, as whoever looks at the sources says."""
    for system in made.governance.systems:
        for partition in range(made.governance.partitions):
            probe = {"system": system, "observed_at": micros(at)}
            made.driver.pipe(topics.source_topic(system), "", "SourceProbe", probe, partition=partition)
    made.driver.run()


def clock(made: Company, at: float) -> Company:
    """And every source is heard as far."""
    looked(made, at)
    made.heard(at)
    return made


def answered(made: Company, status: str, at: float, reason: str = "") -> None:
    """By the executor, of the command issued last."""
    command = made.commands()[-1]
    named = {name: command[name] for name in ("command_id", "drift_id", "type", "target_system")}
    said = {"status": status, "reason": reason, "native_id": "", "attempt": 1, "finished_at": micros(at)}
    made.driver.pipe(topics.PROGRESS, command["drift_id"], "CommandResult", named | said, partition=0)
    made.driver.run()


def proposed() -> Company:
    """While the ERP was halted, at 20 s, a command was only proposed, at 35 s."""
    made = company()
    halt(made, "erp", 20)
    win(made, "O", 25)
    return clock(made, 50)


def resumed(made: Company, at: float = 60, until: float = 80) -> Company:
    halt(made, "erp", at, halted=False)
    clock(made, at + 1)
    return clock(made, until)


def issued(made: Company) -> list[str]:
    return [c["mode"] for c in made.commands()]


def test_what_was_only_proposed_is_asked_for_once_by_the_same_id() -> None:
    made = resumed(proposed())
    clock(made, 100)

    (first, second) = made.commands()
    assert (first["mode"], second["mode"]) == ("propose", "execute")
    assert {**first, "mode": "", "not_after": 0} == {**second, "mode": "", "not_after": 0}
    (drift,) = made.drifts(DEAL)
    assert (drift["mode"], drift["restraint"], drift["opened_at"]) == ("execute", "", micros(35))
    assert micros(60) <= drift["released_at"] <= micros(80)


def commanded() -> Company:
    """One deal is won, and its customer asked for in the ERP."""
    made = company()
    win(made, "O", 1)
    return clock(made, 20)


def valid_until(made: Company) -> tuple[int, int]:
    """Its command was issued twice, and is the same but for that."""
    first, second = made.commands()
    assert {**first, "not_after": 0} == {**second, "not_after": 0}
    return first["not_after"], second["not_after"]


def test_what_an_executor_withheld_is_asked_for_once_more_by_the_same_id() -> None:
    made = commanded()
    halt(made, "erp", 20)
    answered(made, "withheld", 21, "halted")
    clock(made, 30)
    assert issued(made) == ["execute"]

    resumed(made)
    first, second = valid_until(made)
    assert (first < second, issued(made)) == (True, ["execute"] * 2)

    answered(made, "applied", 90)
    halt(made, "erp", 95)
    resumed(made, 100, 120)
    assert issued(made) == ["execute"] * 2


def test_what_it_answers_that_it_withheld_after_the_end_is_asked_for_at_once() -> None:
    made = commanded()
    halt(made, "erp", 20)
    resumed(made)
    assert issued(made) == ["execute"]

    answered(made, "withheld", 81, "halted")
    clock(made, 90)
    assert issued(made) == ["execute"] * 2


def test_what_came_too_late_to_be_performed_is_asked_for_once_more_as_of_then() -> None:
    made = commanded()
    answered(made, "expired", 40, "not after then")
    clock(made, 60)

    first, second = valid_until(made)
    assert second - first >= micros(40 - 11)

    answered(made, "applied", 61)
    clock(made, 80)
    assert issued(made) == ["execute"] * 2


def test_while_its_breaker_is_open_what_came_too_late_waits() -> None:
    made = commanded()
    halt(made, "erp", 20)
    answered(made, "expired", 40, "not after then")
    clock(made, 50)
    assert issued(made) == ["execute"]

    resumed(made)
    assert issued(made) == ["execute"] * 2


@pytest.mark.parametrize("status", ["applied", "rejected", "failed"])
def test_what_the_target_was_asked_for_is_not_asked_for_again(status: str) -> None:
    made = commanded()
    answered(made, status, 21)
    halt(made, "erp", 22)
    resumed(made)

    assert issued(made) == ["execute"]


def test_a_drift_that_ended_meanwhile_asks_for_nothing() -> None:
    made = proposed()
    made.row("erp", "customer", "E", 55, external_id="A-O")
    resumed(made)

    assert issued(made) == ["propose"]
    assert [d["status"] for d in made.drifts(DEAL)] == ["closed"]


def test_nor_one_that_ends_as_the_stop_does() -> None:
    made = proposed()
    halt(made, "erp", 60, halted=False)
    made.row("erp", "customer", "E", 59, external_id="A-O")
    clock(made, 61)
    clock(made, 80)

    assert issued(made) == ["propose"]


def test_one_that_is_only_held_open_is_asked_for_if_it_is_wrong_again() -> None:
    base = governed(DEAL, breaker.KIND)
    kinds = {**base.kinds, DEAL: base.kinds[DEAL].model_copy(update={"hold_down_seconds": 100})}
    made = Company(base.model_copy(update={"kinds": kinds}))
    halt(made, "erp", 20)
    win(made, "O", 25)
    clock(made, 50)
    made.row("erp", "customer", "E", 55, external_id="A-O")
    resumed(made)
    assert issued(made) == ["propose"]

    made.row("erp", "customer", "E", 85, external_id="A-O", status="Closed")
    clock(made, 90)
    assert issued(made) == ["propose", "execute"]


def test_it_asks_for_what_is_right_by_then() -> None:
    made = proposed()
    made.row("crm", "Account", "A-O", 55, Name="Acme Holding")
    resumed(made)

    assert [c["desired"]["name"] for c in made.commands()] == ["Acme", "Acme Holding"]


def test_as_long_as_something_else_stops_it_it_waits() -> None:
    made = proposed()
    halt(made, DEAL, 55, scope="kind")
    resumed(made)
    assert issued(made) == ["propose"]

    halt(made, DEAL, 90, scope="kind", halted=False)
    clock(clock(made, 91), 100)
    assert issued(made) == ["propose", "execute"]


def test_where_it_is_halted_anew_before_judge_heard_of_the_end_it_waits_for_the_next() -> None:
    made = proposed()
    halt(made, "erp", 60, halted=False)
    looked(made, 61)
    halt(made, "erp", 62)
    clock(made, 80)
    assert modes(made) == {"O": ("propose", "breaker")}

    resumed(made, 90, 110)
    assert modes(made) == {"O": ("execute", "")}
    assert issued(made)[-1] == "execute"


def test_a_kind_that_is_not_to_be_performed_any_more_is_not() -> None:
    made = proposed()
    kinds = made.governance.kinds
    alert = {**kinds, DEAL: kinds[DEAL].model_copy(update={"mode": "alert"})}
    made.driver.publish(made.governance.model_copy(update={"kinds": alert}), micros(55))
    made.driver.run()
    resumed(made)

    assert (modes(made), issued(made)) == ({"O": ("alert", "")}, ["propose"])


def test_after_a_mass_drift_all_are_asked_for() -> None:
    made = surging()
    clock(made, 20)
    for number in range(5):
        win(made, f"P{number}", 12 + number)
    clock(made, 29)
    assert [m for deal, m in modes(made).items() if deal.startswith("P")] == [("propose", "breaker")] * 5

    for at in (60, 61, 80):
        clock(made, at)
    assert made.open("mass_drift") == []
    assert set(modes(made).values()) == {("execute", "")}
    assert issued(made).count("execute") == 17


def test_what_is_withheld_is_looked_through_in_slices(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(withheld, "SLICE", 2)
    made = company()
    halt(made, "erp", 20)
    for number in range(7):
        win(made, f"O{number}", 25)
    clock(made, 50)
    halt(made, "erp", 60, halted=False)
    for at in range(61, 70):
        clock(made, at)

    assert issued(made) == ["propose"] * 7 + ["execute"] * 7


@pytest.mark.law
@pytest.mark.parametrize("seed", range(cases(12, thorough=100)))
def test_any_interleaving_duplication_and_restart_ask_once_for_the_same(seed: int) -> None:
    def played(rng: random.Random | None) -> Any:
        made = company()
        for deal, at in (("O1", 1), ("O2", 25), ("O3", 70)):
            made.row("crm", "Account", f"A-{deal}", at, run=False)
            made.row("crm", "Opportunity", deal, at, f"A-{deal}", StageName="Closed Won", run=False)
        made.row("crm", "Account", "A-O2", 55, Name="Acme Holding", run=False)
        for at, halted in ((20, True), (60, False)):
            value = {"scope": "system", "name": "erp", "by": "me", "reason": "release", "at": micros(at)}
            made.driver.pipe(topics.PROGRESS, "", "HaltAsked", value | {"halted": halted}, partition=0)
        made.heard(100, run=False)
        if rng is None:
            made.driver.run()
        else:
            shuffle(made, rng)
        clock(clock(made, 110), 120)
        return (
            {(d["drift_id"], d["opened_at"], d["status"], d["mode"], d["restraint"]) for d in made.drifts(DEAL)},
            Counter(c["drift_id"] for c in made.commands() if c["mode"] == "execute"),
        )

    drifts, asked = played(random.Random(seed))
    assert (drifts, asked) == played(None)
    assert set(asked.values()) == {1}


def test_a_deployment_in_which_commands_were_stopped_and_released_is_verified_as_equal() -> None:
    made = proposed()
    made.row("crm", "Account", "A-O", 55, Name="Acme Holding")
    win(made, "P", 25)
    clock(made, 58)
    resumed(made)

    report = examine(DriverRecording(made.driver), made.governance, dict.fromkeys(made.governance.systems, read))

    assert (report.code, report.differences) == (EQUAL, [])
    assert issued(made).count("execute") == 2
