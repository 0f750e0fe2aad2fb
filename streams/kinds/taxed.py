"""What an invoice says of how it is taxed: by its lines, where those state codes of their own, else by its head.

A head that names one code says nothing of the rate where the lines are taxed at several."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import NamedTuple

from schemas.money import CONTEXT
from streams.kinds.asof import AsOf, Found
from streams.kinds.shared import number


class Group(NamedTuple):
    """What is taxed by one code."""

    code: str
    taxed: tuple[Found, ...]
    """Lines, or the invoice itself."""
    net: Decimal | None
    """None: not all of it is known, in the currency of the tax."""
    tax: Decimal
    currency: str


class Taxed(NamedTuple):
    groups: tuple[Group, ...]
    """Empty where nothing is known of codes."""

    @property
    def codes(self) -> tuple[str, ...]:
        return tuple(group.code for group in self.groups)


def taxed(now: AsOf, invoice: Found) -> Taxed:
    head = invoice.attrs["tax_code"]
    lines = lines_of(now, invoice)
    if any(line.attrs["tax_code"] for line in lines):
        return Taxed(tuple(_of_lines(lines, head)))
    if not head or _at_several_rates(now, lines):
        return Taxed(())
    tax = invoice.attrs["tax"]
    return Taxed((Group(head, (invoice,), _net(invoice), number(tax), tax["currency"] if tax else ""),))


def lines_of(now: AsOf, invoice: Found) -> list[Found]:
    found = now.by_reference("invoice_line", "billing", "invoice_ref", invoice.native_id)
    return sorted((line for line in found if line.system == invoice.system), key=lambda line: line.native_id)


def _of_lines(lines: list[Found], head: str | None) -> Iterable[Group]:
    """A line without a code has that of the head."""
    codes = sorted({code for line in lines if (code := line.attrs["tax_code"] or head)})
    for code in codes:
        ours = tuple(line for line in lines if (line.attrs["tax_code"] or head) == code)
        currencies = {amount["currency"] if amount else None for line in ours for amount in _amounts(line)}
        known = len(currencies) == 1 and None not in currencies
        net, tax = (sum((number(line.attrs[name]) for line in ours), Decimal(0)) for name in ("net", "tax"))
        yield Group(code, ours, net if known else None, tax, str(currencies.pop()) if known else "")


def _amounts(line: Found) -> tuple[dict[str, str] | None, ...]:
    return line.attrs["net"], line.attrs["tax"]


def _at_several_rates(now: AsOf, lines: list[Found]) -> bool:
    """No one rate gives the tax of every line, each rounded to the smallest unit."""
    lowest, highest = Decimal("-Infinity"), Decimal("Infinity")
    for line in lines:
        net, tax = _amounts(line)
        if not net or not tax or number(net) == 0 or net["currency"] != tax["currency"]:
            continue
        unit = Decimal(1).scaleb(-now.governance.finance.currencies.get(tax["currency"], 2))
        ends = [CONTEXT.divide(number(tax) + rounding, number(net)) for rounding in (-unit, unit)]
        lowest, highest = max(lowest, min(ends)), min(highest, max(ends))
    return lowest > highest


def _net(invoice: Found) -> Decimal | None:
    """The net amount: as stated, else total less tax; in the currency of the tax."""
    net, tax, total = (invoice.attrs[name] for name in ("net", "tax", "total"))
    stated = net or total
    if not tax or not stated or stated["currency"] != tax["currency"]:
        return None
    return number(stated) if net else number(total) - number(tax)
