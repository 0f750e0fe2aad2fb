"""Whether the org has what is to be polled, asked of its metadata before anything is read.

A field that the integration user may not see is missing from the describe result, and so is one that does not exist:
the vendor does not tell the two apart."""

from collections.abc import Iterable, Iterator
from difflib import get_close_matches

from connectors.errors import Stop
from connectors.salesforce.client import Metadata, SalesforceClient
from connectors.salesforce.cursor import SORTED_BY
from connectors.salesforce.objects import PolledObject


def check(client: SalesforceClient, system: str, objects: Iterable[PolledObject]) -> None:
    """Raises Stop with a line for each object or field that cannot be read, and what else the client raises."""
    problems = [problem for polled in objects for problem in _problems(polled, client.describe(polled.name))]
    if problems:
        raise Stop("\n".join((f"{system}: the org lacks what is to be polled", *problems)))


def _problems(polled: PolledObject, found: Metadata | None) -> Iterator[str]:
    if found is None:
        yield (
            f"{polled.named_in}: the org has no object {polled.name!r}, or hides it from us; correct the name, let the "
            f"integration user read the object, or map `{polled.name}: null`"
        )
        return
    fields = {field["name"]: field for field in found["fields"]}
    for name in polled.selected:
        if name not in fields:
            yield (
                f"{polled.place_of(name)}: {polled.name} has no field {name!r}{_did_you_mean(name, fields)}, or hides "
                "it from us; correct the name, or let the integration user read the field"
            )
    for name in SORTED_BY:
        if not (fields.get(name, {}).get("filterable") and fields.get(name, {}).get("sortable")):
            yield (
                f"{polled.named_in}: {polled.name} cannot be filtered and sorted by {name}, so it cannot be polled; "
                f"map `{polled.name}: null`, or an object that can"
            )


def _did_you_mean(name: str, known: Iterable[str]) -> str:
    """Field names are sent back as the org spells them, so another case is another name."""
    by_folded = {each.casefold(): each for each in known}
    close = get_close_matches(name.casefold(), by_folded, n=1)
    return f" (did you mean {by_folded[close[0]]!r}?)" if close else ""
