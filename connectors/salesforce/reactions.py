"""What the client does about an answer that is not a success: one table, first match wins."""

from dataclasses import dataclass
from enum import Enum


class Reaction(Enum):
    """What an answer calls for."""

    LOGIN = "log in again once, then repeat"
    REPEAT = "nothing happened: repeat as is, later"
    LOOK = "it may have happened, or the record has moved: read before repeating a write"
    PAUSE = "the day's allowance is spent: nothing for a long while"
    REFUSE = "a definite no"
    STOP = "an operator must act"


@dataclass(frozen=True)
class Rule:
    """An answer matches if its status is listed (or none is), its errorCode is (or none is), and the rule applies."""

    reaction: Reaction
    statuses: tuple[int, ...] = ()
    codes: tuple[str, ...] = ()
    only_writes: bool = False

    def matches(self, status: int, code: str, *, writing: bool) -> bool:
        listed = (not self.statuses or status in self.statuses) and (not self.codes or code in self.codes)
        return listed and (writing or not self.only_writes)


# Retryable statuses as in the public Airbyte and Singer connectors; a 5xx to a write says nothing about its outcome.
RULES = (
    Rule(Reaction.LOGIN, (401,), ("INVALID_SESSION_ID",)),
    Rule(Reaction.PAUSE, (403,), ("REQUEST_LIMIT_EXCEEDED",)),
    Rule(Reaction.LOOK, codes=("UNABLE_TO_LOCK_ROW", "DUPLICATE_VALUE", "ENTITY_IS_DELETED"), only_writes=True),
    Rule(Reaction.REPEAT, codes=("INVALID_QUERY_LOCATOR", "QUERY_TIMEOUT")),  # the next poll asks anew
    Rule(Reaction.REPEAT, (406, 420, 429)),
    Rule(Reaction.LOOK, tuple(range(500, 600))),
    Rule(Reaction.STOP, (401,)),
    Rule(Reaction.REFUSE),
)
ALLOWANCE_PAUSE_SECONDS = 3600.0  # the allowance is a rolling day and the answer names no time; look again each hour


def reaction_to(status: int, code: str, *, writing: bool) -> Reaction:
    """What to do about an HTTP status and Salesforce's errorCode ("" if the body names none)."""
    return next(rule.reaction for rule in RULES if rule.matches(status, code, writing=writing))
