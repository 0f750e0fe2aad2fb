"""What became of a command, in the words that every executor uses."""

from dataclasses import dataclass
from typing import Literal

Status = Literal["applied", "noop_already_right", "fenced", "rejected", "failed"]


@dataclass(frozen=True)
class Outcome:
    """How a command ended.

    applied: the target shows the wanted value by our write. noop_already_right: it did so before. fenced: the values
    that the command rests on have changed, nothing was written. rejected: the target said a definite no. failed: it
    could not be done now; `reason` says whether a write may have happened.
    """

    status: Status
    reason: str = ""
