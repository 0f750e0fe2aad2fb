"""The keys of judge's state. Each begins with what it is; the customer follows, so a range stays with one customer.

e/CUSTOMER/ENTITY/SYSTEM/ID         versions of a record
r/CUSTOMER/ENTITY/ATTR/VALUE        reference index (streams/kinds/references.py)
o/CUSTOMER/KIND/SYSTEM/ID           obligation
h/CUSTOMER/SYSTEM/ENTITY/LETTER     hole in the evidence
g/SYSTEM/ENTITY/LETTER              hole of a customer nobody could read
a/COMMAND                           approval of a command (streams/judge/approvals.py)
n/DRIFT                             rejections of its commands (streams/judge/rejections.py)
y/CUSTOMER/KIND/SYSTEM/ID           its drift's command is rejected (streams/judge/reconsider.py)
l/CUSTOMER/SYSTEM/ENTITY/AT/LETTER  hole that is closed by now; of everyone: no customer
b/SCOPE/NAME/DRIFT                  what stops corrections (streams/judge/breaker.py)
f/CUSTOMER/SYSTEM/NATIVE            conflicts of identity that freeze commands (streams/judge/freeze.py)
u/CUSTOMER/KIND/SYSTEM/ID           waits for a record that nobody could read (streams/judge/unread.py)
w/CUSTOMER/LETTER                   verdict that nobody could write: from when on it is not given
d/DRIFT                             latest life of a drift: its customer and opening (streams/judge/lives.py)
c/CUSTOMER                          revision of the merged customer in the corrected state
p/CUSTOMER                          stage, counts and conditions
v/HASH                              a published governance version
o/~governance/rollout/-/BEGIN       how far what it concerns has been found (streams/judge/rollout.py)
q/INSTANT/CUSTOMER/ENTITY/SYSTEM/ID  document that may leave then (streams/judge/retention.py)
o/~retention/leave/-/INSTANT        documents wait for that instant
t/INSTANT/DRIFT                     drift that ended, whose tombstone is due then (streams/judge/lives.py)
t/INSTANT/KEY                       entry of another sort that is forgotten then (streams/judge/forgotten.py)
k/INSTANT/KEY                       the same, kept while there are holes or such verdicts
o/~tombstones/due/-/INSTANT         tombstones wait for that instant
~retention                          the first instant of leaving that is not decided
~governance                         which version is in force from when (streams/judge/published.py)
~marks                              watermarks
~rejected                           whether a drift's command was rejected here (streams/judge/reconsider.py)
~reached                            how far those were that a gap or a new epoch took back (streams/judge/reached.py)
"""

from __future__ import annotations

from typing import NamedTuple

from schemas.instants import Instant

EVERYTHING = 1_000_000
"""Limit of a range that must return all entries of one customer; only for rare cases."""
MARKS = "~marks"
UNREAD = "u/"
REACHED = "~reached"
APPROVALS = "a/"
REJECTIONS = "n/"
WAITING_REJECTED = "y/"
ANY_REJECTED = "~rejected"
HOLES = "h/"
ASIDE = "w/"
KEPT = "k/"
GOVERNANCE = "~governance"
OBLIGATIONS = "o/"
RETENTION = "~retention"
LEAVING = f"{OBLIGATIONS}{RETENTION}/"
TOMBSTONES = "~tombstones"
_BURYING = f"{OBLIGATIONS}{TOMBSTONES}/"
_ROLLOUTS = f"{OBLIGATIONS}{GOVERNANCE}/"
_OF_THE_SHARD = (_ROLLOUTS, LEAVING, _BURYING)
"""What lies among the obligations to be worked off as they are."""


class ObligationKey(NamedTuple):
    customer: str
    kind: str
    system: str
    native_id: str

    def text(self) -> str:
        return OBLIGATIONS + "/".join(self)

    @classmethod
    def parse(cls, key: str) -> ObligationKey:
        _, customer, kind, system, native_id = key.split("/", 4)
        return cls(customer, kind, system, native_id)


def obligations_prefix(customer: str, kind: str) -> str:
    """Prefix of a customer's obligations of a kind, by the name of its row."""
    return f"{OBLIGATIONS}{customer}/{kind}/"


def is_obligation(key: str) -> bool:
    return key.startswith(OBLIGATIONS) and not key.startswith(_OF_THE_SHARD)


def is_rollout(key: str) -> bool:
    return key.startswith(_ROLLOUTS)


def rollout_key(begins_at: Instant) -> str:
    return ObligationKey(GOVERNANCE, "rollout", "-", str(begins_at)).text()


def rollout_begin(key: str) -> Instant:
    return int(ObligationKey.parse(key).native_id)


def comes_last(key: str) -> bool:
    """Whether the entry is worked off only when nothing else is due by its instant."""
    return key.startswith((LEAVING, _BURYING))


def is_leaving(key: str) -> bool:
    return key.startswith(LEAVING)


def leaving_key(instant: Instant) -> str:
    """A key that sorts by the instant."""
    return ObligationKey(RETENTION, "leave", "-", f"{instant:020}").text()


def burying_key(instant: Instant) -> str:
    return ObligationKey(TOMBSTONES, "due", "-", f"{instant:020}").text()


def instant_of(key: str) -> Instant:
    """The instant of an entry that comes last."""
    return int(ObligationKey.parse(key).native_id)


def tombstones_prefix(instant: Instant) -> str:
    return f"t/{instant}/"


def tombstone_key(instant: Instant, what: str) -> str:
    return tombstones_prefix(instant) + what


def kept_key(instant: Instant, what: str) -> str:
    return f"{KEPT}{instant}/{what}"


def parse_kept(key: str) -> tuple[Instant, str]:
    instant, what = key.removeprefix(KEPT).split("/", 1)
    return int(instant), what


def document_key(version: str) -> str:
    return f"v/{version}"


def process_key(customer: str) -> str:
    return f"p/{customer}"


def holes_prefix(customer: str) -> str:
    return f"{HOLES}{customer}/"


def aside_prefix(customer: str) -> str:
    return f"{ASIDE}{customer}/"


def past_holes_prefix(customer: str) -> str:
    return f"l/{customer}/"


def past_hole_key(customer: str, of: str, at: Instant, letter: str) -> str:
    """`of`: system and entity."""
    return f"{past_holes_prefix(customer)}{of}/{at}/{letter}"


def freezes_prefix(customer: str) -> str:
    return f"f/{customer}/"


def approval_key(command_id: str) -> str:
    return f"{APPROVALS}{command_id}"


def rejections_key(drift_id: str) -> str:
    return f"{REJECTIONS}{drift_id}"


def drift_key(drift_id: str) -> str:
    return f"d/{drift_id}"
