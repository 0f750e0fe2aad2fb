"""What the answers of an ERP's database mean to erp.customer.upsert, without one."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from types import SimpleNamespace
from typing import Any, cast

import psycopg
import pytest
from psycopg import errors
from psycopg.pq import TransactionStatus

from connectors.erp.executor import REQUIRED, Connection, upsert_customer
from connectors.errors import Retry, Stop
from connectors.outcome import REJECTED, Outcome


class Answering:
    """A connection whose database answers every statement so."""

    info = SimpleNamespace(transaction_status=TransactionStatus.IDLE)

    def __init__(self, answer: type[psycopg.Error]) -> None:
        self._answer = answer

    def transaction(self) -> AbstractContextManager[None]:
        return nullcontext()

    def execute(self, *_: Any) -> None:
        raise self._answer("Ada Lovelace is blocked")


def upserted(answer: type[psycopg.Error]) -> Outcome:
    return upsert_customer(cast("Connection", Answering(answer)), dict.fromkeys(REQUIRED, "x"), "key")


@pytest.mark.parametrize(
    "answer", [errors.RaiseException, errors.AssertFailure, errors.NoDataFound, errors.CheckViolation]
)
def test_what_its_own_rules_refuse_is_rejected_and_not_quoted(answer: type[psycopg.Error]) -> None:
    assert upserted(answer) == Outcome(REJECTED, answer.__name__)


@pytest.mark.parametrize("answer", [errors.ReadOnlySqlTransaction, errors.DeadlockDetected, errors.AdminShutdown])
def test_what_passes_by_itself_is_tried_again(answer: type[psycopg.Error]) -> None:
    with pytest.raises(Retry) as caught:
        upserted(answer)
    assert "Ada" not in str(caught.value)


@pytest.mark.parametrize("answer", [errors.InsufficientPrivilege, errors.UndefinedTable, errors.UndefinedColumn])
def test_what_only_an_operator_can_help_stops_the_executor(answer: type[psycopg.Error]) -> None:
    with pytest.raises(Stop):
        upserted(answer)
