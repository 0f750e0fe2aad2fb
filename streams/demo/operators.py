"""People who look after the pipeline: some letters are dismissed, and what driftwise wrote in vain, or was refused, is
written again."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any

from connectors.salesforce.simulator import DRIFTWISE_USER_ID
from connectors.salesforce.simulator.errors import ApiError
from schemas import topics
from schemas.codec import Codec
from schemas.instants import Instant, seconds
from schemas.registry import HttpRegistry
from streams.demo import crm
from streams.demo.beyond import BREAKER, DEAD_LETTERED, INEFFECTIVE, SLA_SECONDS, dealt_with_after
from streams.demo.beyond_truth import Answer, Letter
from streams.demo.cluster import Cluster
from streams.demo.flaws import Flaw, Timing
from streams.demo.journal import Entry
from streams.demo.references import RECORDS, REFERENCES
from streams.demo.scenario import Plan
from streams.demo.script import INTEGRATION
from streams.demo.steps import Step, Write
from streams.demo.unreadable import RECORD
from streams.demo.watch import Watch
from streams.look.letters import dismiss, read_letters
from streams.look.read import CannotLook
from streams.look.read import Cluster as Topics
from streams.look.write import encoded, write_together


class Flow:
    """The CRM's own automation. It puts back what driftwise writes to some accounts: the write is answered as one that
    was saved. To others a rule lets driftwise write nothing, until somebody lifts it."""

    def __init__(self, accounts: Mapping[str, int], ruled: Mapping[str, int] = MappingProxyType({})) -> None:
        """`accounts`: account number -> customer; so are `ruled`, of those to which it is not let write."""
        self._accounts, self._ruled = accounts, ruled
        self.put_back: dict[int, tuple[str, Instant]] = {}
        """Customer -> its account, and when that was last written in vain."""
        self.refused: dict[int, tuple[str, Instant]] = {}
        """The same of what was refused first."""
        self.answers: list[Answer] = []
        self.lifted = False

    def __call__(
        self, object_name: str, before: Mapping[str, Any], changes: dict[str, Any], user_id: str
    ) -> dict[str, Any]:
        if object_name != "Account" or user_id != DRIFTWISE_USER_ID:
            return changes
        number, now = before.get("AccountNumber") or "", _now()
        ruled = None if self.lifted else self._ruled.get(number)
        self.answers.append(Answer(now, ruled is not None))
        if ruled is not None:
            self.refused.setdefault(ruled, (before["Id"], now))
            raise ApiError(400, "FIELD_CUSTOM_VALIDATION_EXCEPTION", "references are under review")
        customer = self._accounts.get(number)
        if customer is None:
            return changes
        self.put_back[customer] = (before["Id"], now)
        return {name: value for name, value in changes.items() if name not in REFERENCES.values()}


class Operators:
    """At work in a thread of their own. `letters` and `entries` are what they met and what they wrote."""

    def __init__(self, cluster: Cluster, watch: Watch, plan: Plan, slas: Mapping[str, float]) -> None:
        self._cluster, self._watch, self._plan, self._slas = cluster, watch, plan, slas
        flawed = {**plan.faults, **plan.near_misses}
        self._unreadable = {
            str(plan.written(f"{customer}/{RECORD}", "id")): flaw
            for customer, flaw in flawed.items()
            if flaw.kind == DEAD_LETTERED
        }
        self._in_vain = {customer: flaw for customer, flaw in flawed.items() if flaw.kind == INEFFECTIVE}
        self._flow = Flow(
            self._numbers(self._in_vain), self._numbers(c for c, b in plan.struck.items() if b.kind == BREAKER)
        )
        self._codec = Codec(HttpRegistry(cluster.settings.registry_url))
        self._topics = Topics(cluster.settings)
        self.letters: dict[str, Letter] = {}
        self.entries: list[Entry] = []
        self._written: set[int] = set()
        self._over = threading.Event()
        self._failure: Exception | None = None
        self._thread = threading.Thread(target=self._run, name="operators", daemon=True)

    def __enter__(self) -> Operators:
        self._cluster.simulator.store.before_save = self._flow
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()
        self._topics.close()

    def check(self) -> None:
        """Raises what went wrong in their thread."""
        if self._failure is not None:
            raise self._failure

    @property
    def at_work(self) -> bool:
        """Something that they are to do is still to come."""
        return bool({*self._in_vain, *list(self._flow.refused)} - self._written)

    @property
    def answers(self) -> list[Answer]:
        """The CRM's, to what driftwise wrote."""
        return list(self._flow.answers)

    def _numbers(self, customers: Iterable[int]) -> dict[str, int]:
        return {str(self._plan.written(f"{c}/crm.account", "AccountNumber")): c for c in customers}

    def _run(self) -> None:
        try:
            while not self._over.wait(0.25):
                self._meet_letters()
                self._dismiss()
                self._write_again()
                self._write_what_was_refused()
        except Exception as problem:  # noqa: BLE001 - raised again by whoever asks
            self._failure = problem

    def _meet_letters(self) -> None:
        for seen in self._watch.seen(topics.DEAD_LETTERS):
            letter = seen.record
            if letter is not None and letter["letter_id"] not in self.letters:
                native_id = self._native_id(letter["original_value"])
                self.letters[letter["letter_id"]] = Letter(
                    letter["letter_id"], letter["system"], native_id, letter["diverted_at"]
                )

    def _native_id(self, original: bytes) -> str:
        image = self._codec.decode(original).value.get("after") or {}
        return str(image.get("id"))

    def _dismiss(self) -> None:
        due = [letter for letter in self.letters.values() if self._is_due(letter)]
        if not due:
            return
        found = read_letters(self._topics)
        for letter in due:
            now = _now()
            try:
                effects = dismiss(found, self._cluster.governance, letter.letter_id, "no document of ours", "demo", now)
            except CannotLook:  # its hole is not told yet
                continue
            write_together(self._cluster.settings, [encoded(self._topics.codec, effect) for effect in effects])
            self.letters[letter.letter_id] = letter._replace(dismissed_at=now)

    def _is_due(self, letter: Letter) -> bool:
        flaw = self._unreadable.get(letter.native_id)
        if flaw is None or letter.dismissed_at is not None:
            return False
        return self._is_time(flaw, letter.written_at, letter.letter_id)

    def _is_time(self, flaw: Flaw, seen_at: Instant, native_id: str) -> bool:
        """`native_id`: of the drift that is to come of it, where nobody acts before that is told."""
        after = dealt_with_after(flaw.timing, self._slas[flaw.kind])
        if after is None or _now() < seen_at + seconds(after):
            return False
        return flaw.timing is Timing.JUST_IN_TIME or self._watch.told(flaw.kind, native_id)

    def _write_again(self) -> None:
        for customer, (account, at) in list(self._flow.put_back.items()):
            flaw = self._in_vain[customer]
            native_id = str(self._plan.written(f"{customer}/{RECORDS[flaw.where]}", "id"))
            if customer not in self._written and self._is_time(flaw, at, native_id):
                self._written.add(customer)
                self.entries += self._refer(customer, account, flaw.where, native_id)

    def _write_what_was_refused(self) -> None:
        """Once driftwise tells that it was refused too often, which is when the rule is lifted; or after a while."""
        self._flow.lifted = self._flow.lifted or self._watch.told(BREAKER, "system/crm")
        after = dealt_with_after(Timing.JUST_IN_TIME, SLA_SECONDS[INEFFECTIVE])
        assert after is not None
        for customer, (account, at) in list(self._flow.refused.items()):
            if customer not in self._written and (self._flow.lifted or _now() > at + seconds(after)):
                self._written.add(customer)
                native_id = str(self._plan.written(f"{customer}/{RECORDS['billing']}", "id"))
                self.entries += self._refer(customer, account, "billing", native_id)

    def _refer(self, customer: int, account: str, system: str, native_id: str) -> list[Entry]:
        values = {REFERENCES[system]: native_id}
        step = Step(0.0, customer, "crm", INTEGRATION, (Write("Account", f"{customer}/crm.account", values),))
        desk = crm.CrmDesk({INTEGRATION: self._cluster.access().crm_client(INTEGRATION)}, set())
        try:
            return desk.carry_out(step, {f"{customer}/crm.account": account})
        finally:
            desk.close()


def _now() -> Instant:
    return time.time_ns() // 1000
