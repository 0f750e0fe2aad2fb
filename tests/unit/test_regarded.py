"""A kind regards all that it decides by: had anything else been otherwise, it would have answered the same."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest

from schemas.instants import Instant
from streams.governance.model import Governance
from streams.judge import settle
from streams.judge.keys import ObligationKey
from streams.kinds.asof import ALL_OF_IT, AsOf
from streams.kinds.finding import Answer, Finding, Subject
from streams.kinds.sight import sight
from streams.kinds.table import KINDS, Kind
from tables.versions import PRESENT, Regard, Version, as_of, tells
from tables.view import Value, Workspace
from tests.dossiers.altered import altered
from tests.dossiers.model import Dossier, company
from tests.dossiers.noise import noise
from tests.dossiers.stage import Play
from tests.dossiers.table import DOSSIERS

CHOOSY = [d for d in DOSSIERS if any(k.name == d.kind and k.regarded for k in KINDS)]
every_choosy_kind = pytest.mark.parametrize("dossier", CHOOSY, ids=[f"{d.kind}-{n}" for n, d in enumerate(CHOOSY)])


class Watched(dict[str, Any]):
    """Attributes, and which of them somebody looked at."""

    def __init__(self, attributes: dict[str, Any]) -> None:
        super().__init__(attributes)
        self.looked: set[str] = set()

    def __getitem__(self, name: str) -> Any:
        self.looked.add(name)
        return super().__getitem__(name)

    def get(self, name: str, default: Any = None) -> Any:
        self.looked.add(name)
        return super().get(name, default)


class Seen(NamedTuple):
    """A record as somebody saw it."""

    entity: str
    value: Value
    version: Version


class Watching:
    """A view that keeps what was looked at, and says of some records what they are told to."""

    def __init__(self, view: Workspace, instant: Instant, instead: dict[str, Version] | None = None) -> None:
        self._view, self._instant, self._instead = view, instant, instead or {}
        self.seen: dict[str, Seen] = {}
        self.looked_up: dict[Any, Any] = {}

    def get(self, key: str) -> Value | None:
        value = self._view.get(key)
        version = as_of(value["versions"], self._instant) if value and key.startswith("e/") else None
        if value is None or version is None or version["op"] != PRESENT:
            return value
        if key not in self.seen:
            said = self._instead.get(key, {**version, "attrs": Watched(version["attrs"])})
            versions = [said if v is version else v for v in value["versions"]]
            self.seen[key] = Seen(key.split("/")[2], {**value, "versions": versions}, said)
        return self.seen[key].value

    def range(self, prefix: str, limit: int, after: str = "") -> list[tuple[str, Value]]:
        return self._view.range(prefix, limit, after)


class Noticing(AsOf):
    """Remembers when it is to look again."""

    def __init__(self, *of: Any, **how: Any) -> None:
        super().__init__(*of, **how)
        self.again: set[Instant] = set()

    def again_at(self, instant: Instant) -> None:
        super().again_at(instant)
        if instant > self.instant:
            self.again.add(instant)


class Asked(NamedTuple):
    ws: Workspace
    governance: Governance
    kind: Kind
    key: ObligationKey
    instant: Instant
    at_rest: bool

    def answered(self, view: Watching) -> tuple[Noticing, Answer]:
        governance, customer = self.governance, self.key.customer
        now = Noticing(Workspace(view), governance, customer, self.instant, ALL_OF_IT, at_rest=self.at_rest)
        return now, self.kind.judge(now, Subject(self.key.system, self.kind.entity, self.key.native_id))


def decided(kind: Kind, now: Noticing, answer: Answer) -> tuple[object, ...]:
    """What becomes of an obligation hangs on this."""
    again = tuple(sorted(now.again))
    if not isinstance(answer, Finding):
        return (answer, again)
    if kind.clock == "deadline":
        return (answer.satisfied, demanded(answer), again)
    # While a mismatch of the baseline lasts, another one is told by its evidence.
    named = () if answer.satisfied else tuple((e.found.native_id, e.field, e.value) for e in answer.evidence)
    return (answer.satisfied, named, again)


def demanded(answer: Answer) -> object:
    """What is demanded; that there is nothing is the same as that it could be."""
    if not isinstance(answer, Finding):
        return None
    return (answer.triggered_at, answer.trigger_version, answer.snapshot)


def has_let_pass(asked: Asked) -> Iterator[str]:
    """What would have made a difference, and is not regarded or not known to demand."""
    first = Watching(asked.ws, asked.instant)
    now, answer = asked.answered(first)
    expected = decided(asked.kind, now, answer)
    for key, record in list(first.seen.items()):
        regard, demanding = regarded(asked, key)
        for other in altered(record.entity, record.version, record.version["attrs"].looked):
            ignored, only_answers = (
                not tells(record.version, other, regard),
                not tells(record.version, other, demanding),
            )
            if not ignored and not only_answers:
                continue
            then, said = asked.answered(Watching(asked.ws, asked.instant, {key: other}))
            what = f"{asked.kind.row}: {key} {_difference(record.version, other)}"
            if ignored and decided(asked.kind, then, said) != expected:
                yield f"{what} is not regarded: {expected} {decided(asked.kind, then, said)}"
            if only_answers and demanded(said) != demanded(answer):
                yield f"{what} demands: {answer} {said}"
        if demanding == Regard():
            _, said = asked.answered(Watching(asked.ws, asked.instant, {key: {**record.version, "op": "delete"}}))
            if demanded(said) != demanded(answer):
                yield f"{asked.kind.row}: that {key} comes or goes demands: {answer} {said}"


def regarded(asked: Asked, key: str) -> tuple[Regard | None, Regard | None]:
    """What of a record is regarded, and what of it can demand; None: all."""
    _, _, entity, system, native_id = key.split("/", 4)
    seen, subject = sight(asked.governance, asked.kind), (asked.kind.entity, asked.key.system, asked.key.native_id)
    if (system, entity) in seen.answering and (entity, system, native_id) != subject:
        return seen.regarded.get(entity), Regard()
    return seen.regarded.get(entity), seen.demanding.get(entity)


def _difference(one: Version, other: Version) -> str:
    return str([(k, v, other["attrs"][k]) for k, v in one["attrs"].items() if v != other["attrs"][k]])


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Asked]:
    """Whatever was asked, with what was known then."""
    found: list[Asked] = []
    ask = settle._ask

    def watching(
        ws: Workspace,
        governance: Governance,
        kind: Kind,
        key: ObligationKey,
        instant: Instant,
        *,
        at_rest: bool = False,
    ) -> Any:
        found.append(Asked(ws, governance, kind, key, instant, at_rest))
        passed = list(has_let_pass(found[-1]))
        assert not passed, passed[0]
        return ask(ws, governance, kind, key, instant, at_rest=at_rest)

    monkeypatch.setattr(settle, "_ask", watching)
    return found


@pytest.mark.law
@every_choosy_kind
def test_what_a_kind_decides_by_it_regards(dossier: Dossier, asked: list[Asked]) -> None:
    rng = random.Random(dossier.kind)
    for story in ((*dossier.story, *dossier.resolved_by), *dossier.near_misses.values()):
        told = (*company(dossier.linked), *story)
        for changes in (0, 4):
            play = Play(dossier)
            play.tell(noise(rng, told, changes))
            play.heard(dossier.ends).run()

    assert any(one.kind.name == dossier.kind for one in asked)
