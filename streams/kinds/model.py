"""What a kind of drift is: a row of data, and a predicate: a pure function of a customer's records as of an instant."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Literal, NamedTuple

from streams.governance.model import Governance
from streams.kinds.asof import AsOf
from streams.kinds.finding import Answer, Subject
from tables.versions import Version

SUBJECT = "@subject"
"""Stands in `needs` for the subject's own system."""
ID = "@id"
"""Stands in `Refers` for the native id, of the changed record or of the subject."""


class Itself(NamedTuple):
    """The changed record is the subject."""


class All(NamedTuple):
    """The change may touch any obligation of this kind that the customer has."""

    begins: bool = True
    """Whether the change may also begin one. If it can only end obligations, subjects in order need not be kept within
    reach; so documents may be subjects, although a customer has many."""


class Consulted(NamedTuple):
    """Looked at only for the words of a finding; a change of it alone changes no answer."""


class Siblings(NamedTuple):
    """Every record of the subject's entity that the customer has in the kind's roles, including the changed one if it
    is such a record. Only for entities of which a customer has few. Entities other than `customer` must be in `finds`
    with EVERY."""


class Refers(NamedTuple):
    """The subjects whose attribute has the same value as the changed record's, found through the reference index.

    With ID as the subject's attribute: the subjects that the changed record names by id, in its own system if that has
    one of the kind's roles. `a+b` stands for two attributes together."""

    subject_attribute: str
    change_attribute: str


class Through(NamedTuple):
    """The subjects that `way` finds, and all others with the same value in `shared`: subjects that are compared with
    one another, while the changed record names only one of them."""

    way: Refers
    shared: str


class Either(NamedTuple):
    """The subjects that at least one of the ways finds."""

    ways: tuple[Refers | Itself, ...]


Reach = Itself | All | Consulted | Siblings | Refers | Through | Either
Place = tuple[str, str]
"""(role, entity)."""


class Kind(NamedTuple):
    number: str
    """Its number in the catalogue."""
    name: str
    entity: str
    """The entity of the subject."""
    roles: tuple[str, ...]
    """Roles of the systems whose records of that entity are subjects."""
    clock: str
    """deadline: must be there by trigger + SLA. grace: must not differ for longer than the SLA; with an SLA of 0 any
    occurrence is a violation."""
    reach: dict[Place, Reach]
    """Everything that the predicate looks at, and which subjects a change of it concerns. A verdict waits until all of
    it has been heard."""
    judge: Callable[[AsOf, Subject], Answer]
    command: str
    """Type of the correcting command; empty: there is none, a person decides."""
    sort: str
    """copy or ask (contracts 10)."""
    condition: str
    """The Kubernetes-style condition of the customer that this kind decides, and no other kind does."""
    finds: tuple[tuple[str, str], ...] = ()
    """(entity, attribute) by which the predicate finds records, besides those named in `reach`."""
    optional: frozenset[Place] = frozenset()
    """Places that no system of a deployment need have: the kind is judged without them. If any other place is missing,
    the kind is not judged at all."""

    begins: Callable[[Governance, Version], bool] | None = None
    """Whether a version of a subject could begin an obligation; None: any could. If no kept version can, and no
    obligation exists, nothing is judged. A version stored by an earlier release may lack an attribute."""
    compared_within: Literal["", "system", "customer"] = ""
    """Subjects are compared with one another, within a system or all of the customer's: a single one is in order."""
    compared_in: tuple[str, ...] = ()
    """The compared attributes: while the customer's records have at most one value in each, they are in order. For an
    entity in `finds` with EVERY, or `customer`."""
    counterpart: bool = False
    """A subject is compared with records that refer to it by value, not by id: while there is none, it is in order."""
    regarded: Mapping[str, tuple[str, ...]] = {}
    """Entity -> what the predicate decides by, as `tables.versions.Regard.named` reads it; of other entities
    everything. A change that touches nothing of it is not judged. Attributes that it finds records by, and governed
    ones of the customer, are added by themselves."""
    demanded_by: Mapping[str, tuple[str, ...]] = {}
    """For deadlines: entity -> what can demand, withdraw or move it, in the same form; of other entities everything
    that is regarded. The rest can only answer, so it is not looked at until the deadline."""
    answered_by: frozenset[Place] = frozenset()
    """Whole places that can only answer, even by their records coming or going."""
    begins_with: str = ""
    """For deadlines: the fact of the subject that demands it, as `triggers.yaml` decides it; empty: none alone does."""
    put_off: bool = False
    """For deadlines: a day that a record states may put the trigger off. It is the same trigger then, due later."""
    booked_on: tuple[str, ...] | None = None
    """For deadlines: also due before the accounting period of the subject closes (`streams/judge/closing.py`). It is
    the period of the trigger, or of a later day in one of these attributes. None: no period matters."""
    for_command: frozenset[Place] = frozenset()
    """Places that only the command looks at. A record missing there holds no verdict back; the command is only
    proposed."""
    spared: Callable[[AsOf, Subject], str] | None = None
    """For people who ask: why nothing is demanded of a subject, where that does not show; empty where it does."""
    several: bool = False
    """True: there are several rows of this name, each about another entity."""

    @property
    def row(self) -> str:
        """The name in keys of its obligations and in its gates."""
        return f"{self.name}:{self.entity}" if self.several else self.name

    def may_begin(self, governance: Governance, versions: Iterable[Version]) -> bool:
        """Whether one of these versions of a subject could begin anything."""
        begins = self.begins
        return begins is None or bool([v for v in versions if v["attrs"] is not None and begins(governance, v)])

    @property
    def references(self) -> tuple[tuple[str, Refers], ...]:
        """(entity, how its records refer to subjects), for all places of `reach` that refer by a value."""
        return tuple((entity, way) for (_, entity), reach in self.reach.items() for way in _ways(reach))

    @property
    def needs(self) -> tuple[tuple[str, str], ...]:
        """(role or SUBJECT, entity) of the places that a verdict waits for."""
        places = ((SUBJECT if self._is_own(place) else place[0], place[1]) for place in self.reach)
        return tuple(dict.fromkeys(places))

    def _is_own(self, place: Place) -> bool:
        """Whether the subject looks only at its own system in this place. Subjects that look at one another, or that
        have several roles, wait for all systems of the role."""
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
            return tuple(way for way in ways if isinstance(way, Refers))
    return ()
