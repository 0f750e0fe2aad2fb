"""The part of SOQL that a reader of changes needs, parsed into plain values.

SELECT fields | COUNT() FROM object [WHERE condition] [ORDER BY field [ASC|DESC] [NULLS FIRST|LAST], ...] [LIMIT n]
As on the platform, AND and OR may not be mixed at one level without parentheses.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Literal

from connectors.salesforce.simulator.errors import ApiError

_TOKEN = re.compile(
    r"\s*(?:(?P<string>'(?:[^'\\]|\\.)*')"
    r"|(?P<datetime>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d))"
    r"|(?P<date>\d{4}-\d\d-\d\d)"
    r"|(?P<number>-?\d+(?:\.\d+)?)"
    r"|(?P<symbol><=|>=|!=|<>|[=<>(),])"
    r"|(?P<word>[A-Za-z_][\w.]*))"
)
_READ: dict[str, Callable[[str], Any]] = {
    "string": lambda text: re.sub(r"\\(.)", r"\1", text[1:-1]),
    "datetime": lambda text: datetime.fromisoformat(text).astimezone(UTC),
    "date": date.fromisoformat,
    "number": Decimal,
}
_CONSTANTS = {"null": None, "true": True, "false": False}


@dataclass(frozen=True)
class Comparison:
    field: str
    operator: str
    value: Any  # a tuple for IN and NOT IN


@dataclass(frozen=True)
class Group:
    joined_by: Literal["AND", "OR"]
    parts: "tuple[Condition, ...]"


Condition = Comparison | Group


@dataclass(frozen=True)
class Order:
    field: str
    descending: bool
    nulls_last: bool


@dataclass(frozen=True)
class Query:
    fields: tuple[str, ...]  # empty for COUNT()
    object_name: str
    where: Condition | None
    order: tuple[Order, ...]
    limit: int | None


def parse(text: str) -> Query:
    """Parses a query; raises the platform's MALFORMED_QUERY."""
    return _Parser(text).query()


def _malformed(found: str) -> ApiError:
    return ApiError(400, "MALFORMED_QUERY", f"unexpected token: '{found or '<EOF>'}'")


def _tokens(text: str) -> list[tuple[str, str]]:
    tokens, at, end = [], 0, len(text.rstrip())
    while at < end:
        match = _TOKEN.match(text, at)
        if match is None or match.lastgroup is None:
            raise _malformed(text[at:].split()[0])
        tokens.append((match.lastgroup, match[match.lastgroup]))
        at = match.end()
    return [*tokens, ("end", "")]


class _Parser:
    def __init__(self, text: str) -> None:
        self._tokens = _tokens(text)
        self._at = 0

    def query(self) -> Query:
        self._expect("SELECT")
        fields = self._fields()
        self._expect("FROM")
        object_name = self._word()
        where = self._condition() if self._accept("WHERE") else None
        order: tuple[Order, ...] = ()
        if self._accept("ORDER"):
            self._expect("BY")
            order = tuple(self._listed(self._order))
        limit = self._limit() if self._accept("LIMIT") else None
        if self._kind() != "end":
            raise _malformed(self._peek())
        return Query(fields, object_name, where, order, limit)

    def _fields(self) -> tuple[str, ...]:
        if self._peek().upper() == "COUNT":
            for part in ("COUNT", "(", ")"):
                self._expect(part)
            return ()
        return tuple(self._listed(self._word))

    def _condition(self) -> Condition:
        parts = [self._term()]
        joined_by: Literal["AND", "OR"] = "OR" if self._peek().upper() == "OR" else "AND"
        while self._accept(joined_by):
            parts.append(self._term())
        if self._peek().upper() in ("AND", "OR"):
            raise _malformed(self._peek())
        return parts[0] if len(parts) == 1 else Group(joined_by, tuple(parts))

    def _term(self) -> Condition:
        if self._accept("("):
            inner = self._condition()
            self._expect(")")
            return inner
        field = self._word()
        if self._accept("IN"):
            return Comparison(field, "IN", self._values())
        if self._accept("NOT"):
            self._expect("IN")
            return Comparison(field, "NOT IN", self._values())
        operator = self._next()
        if operator not in ("=", "!=", "<>", "<", "<=", ">", ">="):
            raise _malformed(operator)
        return Comparison(field, "!=" if operator == "<>" else operator, self._value())

    def _values(self) -> tuple[Any, ...]:
        self._expect("(")
        values = tuple(self._listed(self._value))
        self._expect(")")
        return values

    def _value(self) -> Any:
        kind, text = self._kind(), self._next()
        if kind in _READ:
            return _READ[kind](text)
        if text.lower() not in _CONSTANTS:
            raise _malformed(text)
        return _CONSTANTS[text.lower()]

    def _order(self) -> Order:
        field = self._word()
        descending = self._accept("DESC")
        if not descending:
            self._accept("ASC")
        nulls_last = descending
        if self._accept("NULLS"):
            nulls_last = self._accept("LAST")
            if not nulls_last:
                self._expect("FIRST")
        return Order(field, descending, nulls_last)

    def _limit(self) -> int:
        kind, text = self._kind(), self._next()
        if kind != "number" or not text.isdigit():
            raise _malformed(text)
        return int(text)

    def _listed(self, read: Callable[[], Any]) -> list[Any]:
        found = [read()]
        while self._accept(","):
            found.append(read())
        return found

    def _word(self) -> str:
        kind, text = self._kind(), self._next()
        if kind != "word":
            raise _malformed(text)
        return text

    def _accept(self, text: str) -> bool:
        matches = self._kind() in ("word", "symbol") and self._peek().upper() == text
        self._at += matches
        return matches

    def _expect(self, text: str) -> None:
        if not self._accept(text):
            raise _malformed(self._peek())

    def _next(self) -> str:
        text = self._peek()
        self._at += self._at < len(self._tokens) - 1
        return text

    def _peek(self) -> str:
        return self._tokens[self._at][1]

    def _kind(self) -> str:
        return self._tokens[self._at][0]
