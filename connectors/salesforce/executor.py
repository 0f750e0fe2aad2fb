"""Writes a cross-reference into the CRM: look, then act, and look again before acting twice."""

import logging
import time
from collections.abc import Callable
from typing import Any, Protocol

from connectors.errors import LookFirst, Refused, Retry
from connectors.outcome import APPLIED, FAILED, FENCED, NOOP_ALREADY_RIGHT, REJECTED, Outcome

logger = logging.getLogger(__name__)

ACCOUNT = "Account"
_PAUSES_SECONDS = (0.5, 1.0, 2.0)  # a locked row is free again after moments; an outage is the caller's to wait out


class AccountClient(Protocol):
    """What the executor needs of `SalesforceClient`."""

    def get(self, object_name: str, record_id: str) -> dict[str, Any] | None: ...

    def update(self, object_name: str, record_id: str, fields: dict[str, Any]) -> None: ...


def write_external_ref(
    client: AccountClient,
    account_id: str,
    field: str,
    value: str,
    expected_current: str | None,
    *,
    sleep: Callable[[float], object] = time.sleep,
) -> Outcome:
    """Sets one reference field of an account from `expected_current` to `value`, exactly once.

    Never writes over a value other than the expected one, and never repeats a write whose outcome is unknown without
    reading the account first. A refusal's reason is Salesforce's errorCode. Raises Stop only.
    """
    outcome = _attempt(client, account_id, field, value, expected_current or None, sleep)
    return Outcome(*outcome, native_id=account_id)


def _attempt(
    client: AccountClient,
    account_id: str,
    field: str,
    value: str,
    expected_current: str | None,
    sleep: Callable[[float], object],
) -> tuple[str, str]:
    unclear = False
    for pause_seconds in (*_PAUSES_SECONDS, None):
        try:
            ended = _look(client.get(ACCOUNT, account_id), field, value, expected_current)
            if ended is not None:
                return (APPLIED, "found_after_lost_answer") if unclear and ended[0] == NOOP_ALREADY_RIGHT else ended
            client.update(ACCOUNT, account_id, {field: value})
        except LookFirst as error:
            logger.warning("%s of account %s: looking again before another write: %s", field, account_id, error)
            unclear = True
        except Retry as error:
            logger.warning("%s of account %s was not written now: %s", field, account_id, error)
            break
        except Refused as error:
            return REJECTED, error.code or f"http_{error.status}"
        else:
            return APPLIED, "written"
        if pause_seconds is not None:
            sleep(pause_seconds)
    return FAILED, "outcome_unknown" if unclear else "unreachable"


def _look(
    account: dict[str, Any] | None, field: str, value: str, expected_current: str | None
) -> tuple[str, str] | None:
    """How it ends without a write, None if the write is to be made."""
    if account is None:
        return REJECTED, "account_gone"
    if field not in account:
        return REJECTED, "no_such_field"
    current = account[field] or None
    if current == value:
        return NOOP_ALREADY_RIGHT, "exists"
    return None if current == expected_current else (FENCED, "value_changed")
