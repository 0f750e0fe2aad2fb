"""Writes a cross-reference into the CRM: look, then act, and look again before acting twice."""

import time
from collections.abc import Callable
from typing import Any, Protocol

from connectors.errors import LookFirst, Refused, Retry
from connectors.outcome import Outcome

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
    reading the account first. Raises Stop only; every other end is an Outcome.
    """
    unclear = ""
    for pause_seconds in (*_PAUSES_SECONDS, None):
        try:
            ended = _look(client.get(ACCOUNT, account_id), field, value, expected_current)
            if ended is not None:
                return _by_our_write(unclear) if unclear and ended.status == "noop_already_right" else ended
            client.update(ACCOUNT, account_id, {field: value})
        except LookFirst as error:
            unclear = str(error)
        except Retry as error:
            return Outcome("failed", _with_history(str(error), unclear))
        except Refused as error:
            return Outcome("rejected", str(error))
        else:
            return Outcome("applied")
        if pause_seconds is not None:
            sleep(pause_seconds)
    return Outcome("failed", f"a write may have happened: {unclear}")


def _look(account: dict[str, Any] | None, field: str, value: str, expected_current: str | None) -> Outcome | None:
    """How it ends without a write, None if the write is to be made."""
    if account is None:
        return Outcome("rejected", "the account does not exist or was deleted")
    if field not in account:
        return Outcome("rejected", f"the account has no field {field}; compare the mapping with the org's metadata")
    current = account[field] or None
    if current == value:
        return Outcome("noop_already_right")
    if current != (expected_current or None):
        return Outcome("fenced", f"{field} is not what the command rests on any more")
    return None


def _by_our_write(unclear: str) -> Outcome:
    return Outcome("applied", f"found done when looking again after: {unclear}")


def _with_history(reason: str, unclear: str) -> str:
    return f"{reason}; an earlier write may have happened: {unclear}" if unclear else reason
