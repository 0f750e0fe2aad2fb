"""The pen that a journey is written with: it collects steps and knows how this customer's answers come."""

from __future__ import annotations

import random
from collections.abc import Container, Mapping

from streams.demo.flaws import Flaw, Timing, answer_after
from streams.demo.profile import Profile
from streams.demo.steps import Journey, Ref, Step, System, Value, Write

INTEGRATION = "integration"
SALES = "sales"


class Script:
    """Steps of one customer, at seconds after the start of its journey."""

    def __init__(
        self,
        profile: Profile,
        flaw: Flaw | None,
        slas: Mapping[str, float],
        rng: random.Random,
        *,
        further: bool = False,
    ) -> None:
        """`further`: the company also has what only the further kinds look at, such as a payment processor."""
        self.profile = profile
        self.further = further
        self.grouped = False
        """The customer's account has a parent."""
        self.flaw = flaw
        self.rng = rng
        self._slas = slas
        self._steps: list[tuple[float, int, System, str, tuple[Write, ...]]] = []

    def soon(self, least: float, most: float) -> float:
        return self.rng.uniform(least, most)

    def chance(self, share: float) -> bool:
        return self.rng.random() < share

    def suffers(self, kind: str, where: str = "") -> bool:
        return self.flaw is not None and (self.flaw.kind, self.flaw.where) == (kind, where)

    def tells(self, kind: str) -> bool:
        """Whether this customer's flaw is of that kind, wherever it hits."""
        return self.flaw is not None and self.flaw.kind == kind

    def tells_of(self, kinds: Container[str]) -> bool:
        """Whether this customer's flaw is of one of those."""
        return self.flaw is not None and self.flaw.kind in kinds

    def answer(self, kind: str, where: str = "") -> float | None:
        """Seconds until the obligation of that kind is answered, as this customer's flaw has it; None: never."""
        timing = self.flaw.timing if self.flaw and self.suffers(kind, where) else Timing.USUAL
        return answer_after(kind, timing, self._slas[kind], self.rng)

    def flawed_answer(self, kind: str) -> float | None:
        """As `answer`, for the customer whose flaw is of that kind, wherever it hits."""
        assert self.flaw is not None
        return answer_after(kind, self.flaw.timing, self._slas[kind], self.rng)

    @property
    def tolerable(self) -> bool:
        """The flaw is a near miss because what is done is nothing wrong, whenever it is done."""
        return self.flaw is not None and self.flaw.within_tolerance

    def ref(self, name: str) -> Ref:
        return Ref(f"{self.profile.number}/{name}")

    def create(self, table: str, name: str, /, **values: Value) -> Write:
        return Write(table, self.ref(name).record, values, creates=True)

    def change(self, table: str, name: str, /, **values: Value) -> Write:
        return Write(table, self.ref(name).record, values)

    def add(self, at: float, system: System, by: str, *writes: Write) -> float:
        """Notes a step and returns its time."""
        self._steps.append((at, self.profile.number, system, by, writes))
        return at

    def add_beside(self, at: float, system: System, by: str, *writes: Write) -> None:
        """Notes a step of who is told of with this customer: one by itself, under the negative number."""
        self._steps.append((at, -self.profile.number, system, by, writes))

    def journey(self, starts_at_seconds: float) -> Journey:
        number = self.profile.number
        steps = sorted(self._steps, key=lambda step: step[0])
        return Journey(
            number,
            starts_at_seconds,
            tuple(
                Step(starts_at_seconds + at, customer, system, by, writes) for at, customer, system, by, writes in steps
            ),
        )
