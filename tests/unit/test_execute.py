"""The executor: what may run, in whose words, and what becomes of a target that does not answer."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import psycopg
import pytest

from connectors.errors import Retry, Stop
from connectors.outcome import APPLIED, FAILED, FENCED, REJECTED, Outcome
from schemas import topics
from schemas.instants import SECOND
from streams import beat as beat_module
from streams import execute
from streams.asked import Asked
from streams.beat import Beat
from streams.budget import Budget
from streams.execute import PAUSE_SECONDS, Executor, Performed, _correlation, run_all
from streams.fleet.corrections import EXPIRED, WITHHELD
from streams.governance import Governance
from streams.governance.kind import Segment
from streams.kinds import KINDS
from streams.settings import Settings
from streams.targets import EXECUTORS, Targets, addressed, native_fields, targeted
from tests.look import drift
from tests.topology import default_governance

UPSERT = "erp.customer.upsert"


def governed(**modes: str) -> Governance:
    """The default one, which executes nothing, with these kinds switched."""
    found = default_governance()
    kinds = {name: kind.model_copy(update={"mode": modes.get(name, kind.mode)}) for name, kind in found.kinds.items()}
    return found.model_copy(update={"kinds": kinds})


def executor(governance: Governance) -> Any:
    """Without its connections: what it decides needs none."""
    found = object.__new__(Executor)
    found._governance, found._targets, found.system = governance, None, "erp"  # type: ignore[assignment]
    found._budget = Budget(time.monotonic)
    return found


def command(type_: str = UPSERT, mode: str = "execute", **fields: Any) -> dict[str, Any]:
    plain = {"command_id": "c", "drift_id": "d", "type": type_, "target_system": "erp", "target_id": "A", "mode": mode}
    plain |= {"approved_by": "", "not_after": None}
    kind = next((kind.name for kind in KINDS if kind.command == type_), "")
    return {**plain, "kind": kind, "idempotency_key": "c-0", "desired": {}, "expected": {}, **fields}


def test_a_command_speaks_the_words_of_its_target() -> None:
    desired = {"name": "Acme", "tax_id": None, "crm_ref": "A"}

    assert native_fields(default_governance(), "erp", "customer", desired) == {
        "legal_name": "Acme", "tax_registration": None, "external_id": "A",
    }  # fmt: skip


def test_the_same_attribute_is_another_field_elsewhere() -> None:
    assert native_fields(default_governance(), "crm", "customer", {"erp_ref": "E"}) == {"ERP_Customer_Id__c": "E"}


@pytest.mark.parametrize("attribute", ["status"])
def test_what_is_no_plain_field_cannot_be_set(attribute: str) -> None:
    with pytest.raises(ValueError, match=f"erp customer.{attribute} is no plain field"):
        native_fields(default_governance(), "erp", "customer", {attribute: "active"})


def test_a_command_runs_where_its_kind_is_switched_on() -> None:
    assert executor(governed(won_without_erp_customer="execute"))._may_run(command())


def test_a_command_runs_where_its_kind_is_switched_on_for_a_segment_alone() -> None:
    small = {"small": Segment(mode="execute"), "large": Segment(severity="S1")}
    base = governed()
    kinds = {name: kind.model_copy(update={"segments": small}) for name, kind in base.kinds.items()}
    segmented = base.model_copy(update={"kinds": kinds, "segments": tuple(small)})

    assert executor(segmented)._may_run(command())
    assert targeted(segmented) == ["erp", "crm"]
    assert targeted(base) == []


def test_commands_for_another_system_are_another_executor_s() -> None:
    assert not executor(governed(won_without_erp_customer="execute"))._may_run(command(target_system="erp-eu"))


def test_whom_an_approved_command_may_go_to_has_an_executor_too() -> None:
    alerting = dict.fromkeys(default_governance().kinds, "alert")

    assert addressed(governed()) == ["erp", "crm"]
    assert addressed(governed(**alerting | {"external_id_writeback_missing": "propose"})) == ["crm"]
    assert addressed(governed(**alerting)) == []


def test_a_command_of_a_kind_switched_off_since_does_not_run() -> None:
    assert not executor(governed())._may_run(command())
    assert not executor(governed(invoice_not_posted="execute"))._may_run(command())


def test_a_command_that_somebody_approved_runs_though_its_kind_is_not_switched_on() -> None:
    approved = command(approved_by="ada")

    assert executor(governed())._may_run(approved)
    assert not executor(governed(won_without_erp_customer="alert"))._may_run(approved)


@pytest.mark.parametrize("mode", ["propose", "alert", ""])
def test_a_proposal_never_runs(mode: str) -> None:
    assert not executor(governed(won_without_erp_customer="execute"))._may_run(command(mode=mode))


@pytest.mark.parametrize("type_", [*sorted({kind.command for kind in KINDS} - set(EXECUTORS)), "erp.drop"])
def test_what_nobody_can_perform_stays_a_proposal(type_: str) -> None:
    everything = governed(**dict.fromkeys(default_governance().kinds, "execute"))

    assert not executor(everything)._may_run(command(type_))


def test_every_command_that_can_be_performed_belongs_to_a_kind() -> None:
    assert set(EXECUTORS) <= {kind.command for kind in KINDS}


class Target:
    """Answers as told, one answer an attempt; the last one for ever."""

    def __init__(self, *answers: Outcome | Exception) -> None:
        self.answers = list(answers)
        self.attempts = 0

    def __call__(self, *_: object) -> Outcome:
        self.attempts += 1
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


Performing = Callable[..., Any]


@pytest.fixture
def paused(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses between attempts, without the waiting."""
    pauses: list[float] = []
    monkeypatch.setattr(execute.time, "sleep", pauses.append)
    return pauses


@pytest.fixture
def perform(monkeypatch: pytest.MonkeyPatch, paused: list[float]) -> Performing:
    def performed(target: Target) -> Any:
        monkeypatch.setitem(EXECUTORS, UPSERT, target)
        return executor(governed())._perform(command())

    return performed


@pytest.mark.parametrize("status", [APPLIED, FENCED, REJECTED])
def test_an_answer_is_an_answer(status: str, perform: Performing, paused: list[float]) -> None:
    target = Target(Outcome(status))

    assert perform(target) == (Outcome(status), 1)
    assert (target.attempts, paused) == (1, [])


@pytest.mark.parametrize("problem", [Retry("busy"), psycopg.OperationalError("gone")], ids=["busy", "gone"])
def test_a_target_that_does_not_answer_is_asked_again(
    problem: Exception, perform: Performing, paused: list[float]
) -> None:
    assert perform(Target(problem, problem, Outcome(APPLIED))) == (Outcome(APPLIED), 3)
    assert paused == list(PAUSE_SECONDS[:2])


def test_a_target_that_never_answers_leaves_a_failed_command(perform: Performing, paused: list[float]) -> None:
    target = Target(Retry("busy"))

    assert perform(target) == (Outcome(FAILED, "Retry"), execute.ATTEMPTS_MAX)
    assert (target.attempts, paused) == (execute.ATTEMPTS_MAX, list(PAUSE_SECONDS))


@pytest.mark.parametrize("problem", [ValueError("no plain field"), KeyError("crm2"), StopIteration()], ids=repr)
def test_a_command_that_cannot_be_addressed_is_rejected_at_once(
    problem: Exception, perform: Performing, paused: list[float]
) -> None:
    assert perform(Target(problem)) == (Outcome(REJECTED, f"cannot be addressed: {problem!r}"), 1)
    assert paused == []


def test_a_fault_of_our_own_stops_the_executor(perform: Performing) -> None:
    with pytest.raises(AttributeError):
        perform(Target(AttributeError("programming error")))


# -- what drifts say by now


class Told:
    """Instead of the topic: each look shows the next record of the command's drift, the last one for ever."""

    def __init__(self, *drifts: dict[str, Any] | None) -> None:
        self.drifts = list(drifts)

    def refusal(self, _: object) -> str:
        told = self.drifts.pop(0) if len(self.drifts) > 1 else self.drifts[0]
        asked = Asked()
        if told is not None:
            asked.take(0, "d", told)
        return asked.refusal(command())


def looking(*drifts: dict[str, Any] | None) -> Any:
    found = executor(governed())
    found._asked = Told(*drifts)
    found._look = lambda: None
    return found


ASKING = drift("d", mode="execute", command_id="c")
LONG_AGO_MS = 1_000


def test_what_its_drift_asks_for_is_performed(paused: list[float]) -> None:
    assert looking(ASKING)._refusal(command(), LONG_AGO_MS) == ""
    assert paused == []


def test_a_drift_that_shows_a_moment_after_its_command_is_waited_for(paused: list[float]) -> None:
    assert looking(None, None, ASKING)._refusal(command(), time.time_ns() // 1_000_000) == ""
    assert len(paused) == 2


@pytest.mark.parametrize(("told", "why"), [({"command_id": "c2"}, "superseded"), ({"status": "closed"}, "drift_ended")])
def test_of_a_command_of_long_ago_that_is_not_asked_for_two_looks_are_enough(
    paused: list[float], told: dict[str, Any], why: str
) -> None:
    assert looking({**ASKING, **told})._refusal(command(), LONG_AGO_MS) == why
    assert len(paused) == 1


def test_what_is_withheld_asks_no_target_and_is_told(monkeypatch: pytest.MonkeyPatch, paused: list[float]) -> None:
    found, results = looking({**ASKING, "status": "closed"}), []
    target = Target(Outcome(APPLIED))
    monkeypatch.setitem(EXECUTORS, UPSERT, target)
    found._governance = governed(won_without_erp_customer="execute")
    monkeypatch.setattr(found, "_codec", Decoding(command()), raising=False)
    found._produce = lambda key, command, performed, headers: results.append(performed)

    assert found._handle(Message(), bool)

    assert (target.attempts, len(paused)) == (0, 1)
    assert results == [(Outcome(WITHHELD, "drift_ended"), 0)]


HOUR = 3600 * SECOND


@pytest.mark.parametrize(
    ("hours", "told", "becomes"),
    [
        (1, {}, (APPLIED, 1)),
        (None, {}, (APPLIED, 1)),
        (-1, {}, (EXPIRED, 0)),
        (-1, {"status": "closed"}, (WITHHELD, 0)),  # nobody asks for it any more, which says more
    ],
)
def test_what_comes_too_late_asks_no_target_and_says_so(
    monkeypatch: pytest.MonkeyPatch, hours: int | None, told: dict[str, Any], becomes: tuple[str, int]
) -> None:
    found, results = looking({**ASKING, **told}), []
    target = Target(Outcome(APPLIED))
    monkeypatch.setitem(EXECUTORS, UPSERT, target)
    found._governance = governed(won_without_erp_customer="execute")
    not_after = None if hours is None else time.time_ns() // 1_000 + hours * HOUR
    monkeypatch.setattr(found, "_codec", Decoding(command(not_after=not_after)), raising=False)
    found._produce = lambda key, command, performed, headers: results.append(performed)

    assert found._handle(Message(), bool)

    (performed,) = results
    assert (performed.outcome.status, performed.attempt) == becomes
    assert target.attempts == performed.attempt
    assert performed.outcome.reason.startswith("not after ") == (becomes[0] == EXPIRED)


class Decoding:
    def __init__(self, value: dict[str, Any]) -> None:
        self.value = value

    def decode(self, _: bytes) -> Any:
        return self


class Message:
    def value(self) -> bytes:
        return b""

    def key(self) -> bytes:
        return b"erp/A"

    def timestamp(self) -> tuple[int, int]:
        return 0, LONG_AGO_MS

    def headers(self) -> list[tuple[str, bytes]] | None:
        return [("their-own", b"x"), (topics.CORRELATION_HEADER, b"T-1")]


class Plain(Message):
    def headers(self) -> None:
        return None


class Sent:
    """A producer, and a codec, that show what they were given."""

    def __init__(self) -> None:
        self.headers: dict[str, Any] = {}

    def encode(self, *_: object) -> bytes:
        return b""

    def produce(self, topic: str, *_: object, headers: Any = None, **__: object) -> None:
        self.headers[topic] = headers


@pytest.mark.parametrize(("message", "headers"), [(Message(), [(topics.CORRELATION_HEADER, b"T-1")]), (Plain(), [])])
def test_a_result_names_the_business_transaction_of_its_command_and_nothing_else(message: Any, headers: Any) -> None:
    found, sent = executor(default_governance()), Sent()
    found._codec = found._producer = sent

    found._produce(b"erp/A", command(), Performed(Outcome(APPLIED), 1), _correlation(message))

    assert sent.headers == {topics.COMMAND_RESULTS: headers, topics.PROGRESS: None}


# -- how many a minute


class Clock:
    """Goes on by a second whenever somebody waits, and says how often that was."""

    def __init__(self, ends_after: int = 1_000) -> None:
        self.seconds, self.ends_after = 0, ends_after

    def __call__(self) -> float:
        return float(self.seconds)

    def goes_on(self) -> bool:
        self.seconds += 1
        return self.seconds < self.ends_after


def handled(
    monkeypatch: pytest.MonkeyPatch, clock: Clock, *told: dict[str, Any], per_minute_max: int | None, times: int
) -> tuple[list[float], bool]:
    """When each command was performed, and whether the last one was done with."""
    found, at = looking(*told), []
    base = governed(won_without_erp_customer="execute")
    erp = base.systems["erp"].model_copy(update={"corrections_per_minute_max": per_minute_max})
    found._governance = base.model_copy(update={"systems": {**base.systems, "erp": erp}})
    found._budget = Budget(clock)
    monkeypatch.setitem(EXECUTORS, UPSERT, lambda *_: at.append(clock()) or Outcome(APPLIED))
    monkeypatch.setattr(found, "_codec", Decoding(command()), raising=False)
    found._produce = lambda *_: None
    done = [found._handle(Message(), clock.goes_on) for _ in range(times)]
    return at, done[-1]


def test_no_more_are_performed_a_minute_than_the_system_s_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    at, done = handled(monkeypatch, Clock(), ASKING, per_minute_max=2, times=5)

    assert (at, done) == ([0, 0, 60, 60, 120], True)


def test_without_a_budget_nothing_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    at, done = handled(monkeypatch, Clock(), ASKING, per_minute_max=None, times=5)

    assert (at, done) == ([0] * 5, True)


def test_what_is_withheld_takes_nothing_of_the_budget(monkeypatch: pytest.MonkeyPatch, paused: list[float]) -> None:
    ended = {**ASKING, "status": "closed"}

    at, _ = handled(monkeypatch, Clock(), ended, ended, ASKING, per_minute_max=1, times=2)

    assert at == [0]


def test_a_command_that_still_waits_as_the_executor_ends_is_not_done_with(monkeypatch: pytest.MonkeyPatch) -> None:
    at, done = handled(monkeypatch, Clock(ends_after=30), ASKING, per_minute_max=1, times=2)

    assert (at, done) == ([0], False)


CRM = {f"DRIFTWISE_CRM_{name}": "x" for name in ("URL", "CLIENT_ID", "CLIENT_SECRET")}


def test_where_nothing_is_executed_no_target_need_be_known() -> None:
    Targets({}, {}).require(default_governance())


def test_where_commands_may_go_must_be_known_before_they_come() -> None:
    both = governed(won_without_erp_customer="execute", external_id_writeback_missing="execute")

    with pytest.raises(Stop, match=r"set DRIFTWISE_ERP_DSN; Salesforce: neither DRIFTWISE_CRM_URL nor"):
        Targets({"erp": ""}, {}).require(both)
    Targets({"erp": "dbname=erp"}, CRM).require(both)


def test_only_the_targets_of_what_is_switched_on_must_be_known() -> None:
    Targets({"erp": "dbname=erp"}, {}).require(governed(won_without_erp_customer="execute"))
    Targets({}, CRM).require(governed(external_id_writeback_missing="execute"))
    Targets({}, {}).require(governed(invoice_not_posted="execute"))  # stays a proposal for people


# -- several targets


class Loop:
    """An executor that comes round until it is told to stop, or ends as told."""

    def __init__(self, ends_with: Exception | None = None) -> None:
        self.ends_with, self.rounds = ends_with, 0

    def run(self, stop: threading.Event, on_round: Callable[[], None]) -> None:
        while not stop.is_set():
            self.rounds += 1
            on_round()
            if self.ends_with is not None:
                raise self.ends_with
            stop.wait(0.001)


def test_what_ends_one_executor_ends_all_and_is_told() -> None:
    stop, loops = threading.Event(), [Loop(), Loop(Stop("the broker does not take results")), Loop()]

    with pytest.raises(Stop, match="does not take results"):
        run_all([(loop, lambda: None) for loop in loops], stop)  # type: ignore[misc]

    assert stop.is_set()


def test_an_executor_that_does_not_come_round_is_named_whatever_the_others_do(monkeypatch: pytest.MonkeyPatch) -> None:
    beat, clock = Beat(Settings("127.0.0.1:1", "http://registry"), silent_seconds_max=120), [0.0]
    monkeypatch.setattr(beat_module.time, "monotonic", lambda: clock[0])
    erp, crm = beat.of("erp"), beat.of("crm")
    clock[0] = 119.0
    erp()
    assert beat._silent() is None

    clock[0] = 121.0
    erp()
    assert beat._silent() == "the loop of crm has not come round for 121 s"
    crm()
    assert beat._silent() is None
