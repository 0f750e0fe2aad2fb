"""What a kind of drift is: one row, whose predicate is a pure function of a customer's records as of an instant."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Literal, NamedTuple

from streams.governance.model import Governance
from streams.kinds.asof import AsOf
from streams.kinds.finding import Answer, Subject
from tables.versions import Version

SUBJECT = "@subject"
"""In `needs`: the subject's own system."""
ID = "@id"
"""In `Refers`: the native id, of the changed record or of the subject."""


class Itself(NamedTuple):
    """The changed record is the subject."""


class All(NamedTuple):
    """The change may touch any obligation of this kind that the customer has."""

    begins: bool = True
    """Whether it may begin one. If it can only end those that run, subjects in order need not stay within reach: so
    documents may be subjects, of which a customer has many."""


class Consulted(NamedTuple):
    """Looked at for what is to be said; a change of it alone changes no answer."""


class Siblings(NamedTuple):
    """Every record of the subject's entity that the customer has in the kind's roles, the changed one among them if it
    is such a record. For entities a customer has few of; one other than `customer` must be in `finds` with EVERY."""


class Refers(NamedTuple):
    """The subjects whose attribute has the changed record's value, through the reference index. The subject's ID: those
    that the changed record names; in its own system, where that is of the kind's roles. `a+b`: both attributes
    together."""

    subject_attribute: str
    change_attribute: str


class Through(NamedTuple):
    """The subjects that `way` finds, and with each of them those that say the same in `shared`: what is compared with
    one another, and a record that names only one of them."""

    way: Refers
    shared: str


class Either(NamedTuple):
    """The subjects that one of the ways finds."""

    ways: tuple[Refers, ...]


Reach = Itself | All | Consulted | Siblings | Refers | Through | Either
Place = tuple[str, str]
"""(role, entity)."""


class Kind(NamedTuple):
    number: str
    """In the catalogue."""
    name: str
    entity: str
    """Of the subject."""
    roles: tuple[str, ...]
    """Whose records of that entity are subjects."""
    clock: str
    """deadline: must be there by trigger + SLA. grace: must not differ for longer than the SLA; with an SLA of 0 any
    occurrence is a violation."""
    reach: dict[Place, Reach]
    """Everything that the predicate looks at, and which subjects a change of it concerns. A verdict waits until all of
    it has been heard."""
    judge: Callable[[AsOf, Subject], Answer]
    command: str
    """Empty: there is nothing to command; a person decides."""
    sort: str
    """copy or ask (contracts 10)."""
    condition: str
    """The Kubernetes-style condition of the customer that it decides; one kind, one condition."""
    finds: tuple[tuple[str, str], ...] = ()
    """(entity, attribute) by which the predicate finds records, beyond those named in `reach`."""
    optional: frozenset[Place] = frozenset()
    """Where no system of a deployment has it, the kind is judged without; where another place is missing, it is not
    judged at all."""

    begins: Callable[[Governance, Version], bool] | None = None
    """Whether a version of a subject could begin anything. Where none that is kept can, and nothing runs, there is
    nothing to judge. One that an earlier release stored may lack an attribute. None: any could."""
    compared_within: Literal["", "system", "customer"] = ""
    """Subjects are compared with one another, those of a system or all of the customer: one alone is in order."""
    compared_in: tuple[str, ...] = ()
    """The attributes in which they are: while all that is kept of the customer's records says one thing in each, or
    nothing, they are in order. For an entity in `finds` with EVERY, or `customer`."""
    counterpart: bool = False
    """A subject is held against records by which `Refers` finds it, and by no id: while there is none, it is in order.
    """
    regarded: Mapping[str, tuple[str, ...]] = {}
    """Entity -> what the predicate decides by, in the words of `tables.versions.Regard`, besides the attributes it
    finds by and those that are governed of the customer; of another entity all. A change that touches none of it is
    not judged."""
    demanded_by: Mapping[str, tuple[str, ...]] = {}
    """Of a deadline: entity -> what of it can demand, withdraw or move it, in the same words; of another entity all
    that is regarded. The rest can only answer it: until it is due that is not looked at."""
    answered_by: frozenset[Place] = frozenset()
    """The same of whole places: that their records come or go can only answer it, too."""
    booked_on: tuple[str, ...] | None = None
    """Of a deadline: it must be met before the accounting period closes into which the subject belongs, if that comes
    first (`streams/judge/closing.py`). The period is that of the trigger, or of one of these days of the subject where
    that is later; None: no period matters."""
    for_command: frozenset[Place] = frozenset()
    """What only its command looks at: a record missing there holds no verdict back, the command is only proposed."""
    several: bool = False
    """One of several rows of this name, each about another entity."""

    @property
    def row(self) -> str:
        """Under which name its obligations are kept and its gates are known."""
        return f"{self.name}:{self.entity}" if self.several else self.name

    def may_begin(self, governance: Governance, versions: Iterable[Version]) -> bool:
        """Whether one of these versions of a subject could begin anything."""
        begins = self.begins
        return begins is None or bool([v for v in versions if v["attrs"] is not None and begins(governance, v)])

    @property
    def references(self) -> tuple[tuple[str, Refers], ...]:
        """(entity, how its records name the subjects), wherever they do by a value."""
        return tuple((entity, way) for (_, entity), reach in self.reach.items() for way in _ways(reach))

    @property
    def needs(self) -> tuple[tuple[str, str], ...]:
        """(role or SUBJECT, entity): a verdict waits until these have been heard."""
        places = ((SUBJECT if self._is_own(place) else place[0], place[1]) for place in self.reach)
        return tuple(dict.fromkeys(places))

    def _is_own(self, place: Place) -> bool:
        """Whether the subject looks at its own system only. Subjects that look at one another, or that are of several
        roles, wait for all systems of the other's role."""
        role, entity = place
        alone = len(self.roles) == 1 and entity != self.entity
        return role in self.roles and (alone or isinstance(self.reach[place], Itself))


def _ways(reach: Reach) -> tuple[Refers, ...]:
    match reach:
        case Refers():
            return (reach,)
        case Through(way, _):
            return (way,)
        case Either(ways):
            return ways
    return ()
