from __future__ import annotations

from tests.dossiers.model import Change, Dossier
from tests.dossiers.ownership_violation import customer

OURS, THEIRS = "pay@acme.example", "cfo@acme.example"


def ours(at: float) -> Change:
    return customer(at, "billing", "driftwise", email=OURS)


def theirs(at: float, by: str = "ada") -> Change:
    return customer(at, "billing", by, email=THEIRS)


DOSSIERS = (
    Dossier(
        kind="correction_oscillation",
        story=(theirs(3), ours(4), theirs(5), ours(6)),
        opens_at=6,
        near_misses={
            "put back twice": (theirs(3), ours(4), theirs(5)),
            "put back twice, and between these changed to something else": (
                theirs(3),
                ours(4),
                customer(5, "billing", "ada", email="ap@acme.example"),
                ours(6),
            ),
            "one writer who cannot decide": (
                theirs(3, "driftwise"),
                ours(4),
                theirs(5, "driftwise"),
                ours(6),
                theirs(7, "driftwise"),
            ),
            "other values each time": tuple(
                customer(at, "billing", by, email=f"{at}@acme.example")
                for at, by in ((3, "ada"), (4, "driftwise"), (5, "ada"), (6, "driftwise"), (7, "ada"))
            ),
            "in two systems": (
                theirs(3),
                ours(4),
                customer(5, "erp", email=THEIRS),
                customer(6, "erp", "driftwise", email=OURS),
            ),
        },
        late=(customer(6, "billing", "bob", email="ap@acme.example"),),
        amount=None,
        owner_system="billing",
        owner_team="integration",
        says=("email", "put back 3 times", "our correction", "a person"),
        resolved_by=(customer(40, "billing", "bob", email="ap@acme.example"),),
    ),
)
