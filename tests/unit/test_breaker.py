"""The breaker: corrections that go wrong one after the other are only proposed, until somebody or time closes it."""

from __future__ import annotations

from typing import Any

import pytest

from schemas import topics
from schemas.instants import SECOND
from streams.asked import Asked
from streams.fleet import FLEET_KINDS, Fleet, breaker
from streams.governance import Governance
from streams.inputs import Input
from streams.look.why import explain
from streams.shard import Shard
from tables.view import Emit, MemoryView
from tests.look import micros
from tests.topology import Company, governance

RUN, OPEN_SECONDS, VERIFY_SECONDS = 3, 100, 10
DEAL, REFERENCE = "won_without_erp_customer", "external_id_writeback_missing"


def governed(*judged: str, **updates: Any) -> Governance:
    base = governance()
    rules = {"tolerance_absolute": RUN, "sla_seconds": OPEN_SECONDS}
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
        words = {"owner_system": "erp", "expected": "it", "amount_at_stake": None}
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
    once = rules.kinds[breaker.KIND].model_copy(update={"tolerance_absolute": 0})
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
    halt(made, name, 50, halted=False, scope=scope)
    win(made, "O3", 55)
    made.heard(80)

    assert modes(made) == {"O1": ("execute", ""), "O2": ("propose", "breaker"), "O3": ("execute", "")}
    assert [c["mode"] for c in made.commands()] == ["execute", "propose", "execute"]
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


def test_mass_drift_of_a_kind_stops_its_commands_while_it_lasts() -> None:
    rules = {"tolerance_relative": 0.05, "tolerance_absolute": 3, "sla_seconds": 10}
    base = governed(DEAL, "mass_drift")
    kinds = {**base.kinds, "mass_drift": base.kinds["mass_drift"].model_copy(update=rules)}
    made = Company(base.model_copy(update={"kinds": kinds}))
    for number in range(12):
        win(made, f"O{number:02}", 1)
    made.heard(20)
    win(made, "P", 12)
    made.heard(40)

    assert len(made.open("mass_drift")) == 1
    assert modes(made)["P"] == ("propose", "breaker")
