"""One simulated org: its records, its sessions, its allowance, its open query cursors and the faults in force."""

from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from connectors.salesforce.simulator import query, soql
from connectors.salesforce.simulator.errors import ApiError
from connectors.salesforce.simulator.faults import Faults
from connectors.salesforce.simulator.ids import record_id
from connectors.salesforce.simulator.session import Allowance, ApiClient, Sessions
from connectors.salesforce.simulator.store import Store
from connectors.salesforce.simulator.values import render

OPEN_CURSORS_MAX = 10  # as on the platform, an eleventh cursor closes the oldest


class Org:
    """What the HTTP handlers talk to. `clock` gives seconds since the epoch."""

    def __init__(
        self,
        clients: Iterable[ApiClient],
        clock: Callable[[], float],
        *,
        seed: int,
        token_seconds: float,
        api_limit: int,
    ) -> None:
        self.clock = clock
        self.faults = Faults()
        self.store = Store(clock, self.faults, seed)
        self.sessions = Sessions(clients, clock, token_seconds)
        self.allowance = Allowance(api_limit, clock)
        self._cursors: OrderedDict[str, tuple[str, list[Mapping[str, Any]]]] = OrderedDict()
        self._cursor_number = 0
        self.shown: set[tuple[str, str]] = set()
        """(id, SystemModstamp) of every version that a query found, where it asked for both."""

    def query(self, text: str, version: str, batch_size: int, *, deleted: bool) -> dict[str, Any]:
        """Runs SOQL and answers the first page; more pages wait under nextRecordsUrl."""
        parsed = soql.parse(text)
        sobject = query.sobject_of(parsed)
        rows = query.run(parsed, self.store.visible(sobject.name, deleted=deleted))
        if not parsed.fields:
            return {"totalSize": len(rows), "done": True, "records": []}
        stamped = (row for row in rows if "Id" in row and "SystemModstamp" in row)
        self.shown.update((row["Id"], render(row["SystemModstamp"])) for row in stamped)
        self._cursor_number += 1
        locator = record_id("01g", self._cursor_number)
        if len(rows) > batch_size:
            self._cursors[locator] = (sobject.name, rows)
            if len(self._cursors) > OPEN_CURSORS_MAX:
                self._cursors.popitem(last=False)
        return _page(sobject.name, rows, locator, 0, version, batch_size)

    def more(self, locator: str, version: str, batch_size: int) -> dict[str, Any]:
        """A later page, of the result as it was when the query ran."""
        cursor_id, _, start = locator.rpartition("-")
        if cursor_id not in self._cursors or not start.isdigit():
            raise ApiError(400, "INVALID_QUERY_LOCATOR", "invalid query locator")
        object_name, rows = self._cursors[cursor_id]
        return _page(object_name, rows, cursor_id, int(start), version, batch_size)


def record(object_name: str, values: Mapping[str, Any], version: str) -> dict[str, Any]:
    """A record as the API shows it."""
    shown = {name: render(value) for name, value in values.items()}
    if "Id" not in shown:
        return {"attributes": {"type": object_name}, **shown}
    url = f"/services/data/{version}/sobjects/{object_name}/{shown['Id']}"
    return {"attributes": {"type": object_name, "url": url}, **shown}


def _page(
    object_name: str, rows: list[Mapping[str, Any]], locator: str, start: int, version: str, batch_size: int
) -> dict[str, Any]:
    end = start + batch_size
    done = end >= len(rows)
    following = {} if done else {"nextRecordsUrl": f"/services/data/{version}/query/{locator}-{end}"}
    records = [record(object_name, row, version) for row in rows[start:end]]
    return {"totalSize": len(rows), "done": done, **following, "records": records}
