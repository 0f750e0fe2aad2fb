"""What a kind of drift is: one row, whose predicate is a pure function of a customer's records as of an instant."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from streams.kinds.asof import AsOf
from streams.kinds.finding import Answer, Subject

SUBJECT = "@subject"
"""In `needs`: the subject's own system."""
ID = "@id"
"""In `Refers.change_attribute`: the changed record's native id."""


class Itself(NamedTuple):
    """The changed record is the subject."""


class All(NamedTuple):
    """The change may touch any obligation of this kind that the customer has."""


class Refers(NamedTuple):
    """The subjects whose attribute has the changed record's value, through the reference index."""

    subject_attribute: str
    change_attribute: str


Reach = Itself | All | Refers
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

    @property
    def needs(self) -> tuple[tuple[str, str], ...]:
        """(role or SUBJECT, entity): a verdict waits until these have been heard."""
        return tuple(dict.fromkeys((SUBJECT if role in self.roles else role, entity) for role, entity in self.reach))
