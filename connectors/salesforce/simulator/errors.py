"""Errors as the REST API words them: an HTTP status and an array of {message, errorCode, fields}."""

from collections.abc import Sequence
from typing import Any


class ApiError(Exception):
    """Ends a request with one entry of Salesforce's error array."""

    def __init__(self, status: int, code: str, message: str, fields: Sequence[str] | None = None) -> None:
        super().__init__(f"{status} {code}: {message}")
        self.status, self.code, self.message, self.fields = status, code, message, fields

    def body(self) -> list[dict[str, Any]]:
        entry: dict[str, Any] = {"message": self.message, "errorCode": self.code}
        return [entry if self.fields is None else {**entry, "fields": list(self.fields)}]


class SeveralMatches(Exception):
    """More than one record has the external id; the API answers 300 with their addresses and writes nothing."""

    def __init__(self, ids: Sequence[str]) -> None:
        super().__init__(f"{len(ids)} records match")
        self.ids = list(ids)


def not_found() -> ApiError:
    return ApiError(404, "NOT_FOUND", "The requested resource does not exist")


def no_such_column(field: str, object_name: str) -> ApiError:
    return ApiError(400, "INVALID_FIELD", f"No such column '{field}' on sobject of type {object_name}")
