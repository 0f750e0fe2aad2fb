"""What surrounds every API call: outage, session, allowance, error envelope, headers, slowness, lost answers."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from email.utils import format_datetime

from aiohttp import web

from connectors.salesforce.simulator.errors import ApiError, SeveralMatches, not_found
from connectors.salesforce.simulator.org import Org
from connectors.salesforce.simulator.replies import ORG, USER, failure, reply

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

TOKEN_PATH = "/services/oauth2/token"  # noqa: S105 - an address
_WRITES = ("POST", "PATCH", "DELETE")


@web.middleware
async def surround(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answers as the platform's edge does, whatever the handler says."""
    if request.path.startswith("/simulator/"):
        return await handler(request)
    org = request.app[ORG]
    if org.faults.outage:
        return _dated(failure(ApiError(503, "SERVER_UNAVAILABLE", "the service is unavailable")), org)
    response = await _answer(request, handler, org)
    if org.faults.slow_seconds:
        await asyncio.sleep(org.faults.slow_seconds)
    if request.method in _WRITES and request.path != TOKEN_PATH and org.faults.take("lost_responses"):
        assert request.transport is not None
        request.transport.abort()
    return _dated(response, org)


async def _answer(request: web.Request, handler: Handler, org: Org) -> web.StreamResponse:
    if request.path == TOKEN_PATH:
        return await handler(request)
    try:
        request[USER] = org.sessions.user_of(request.headers.get("Authorization", ""))
        org.allowance.spend()
        if request.method in _WRITES and org.faults.take("lock_errors"):
            message = "unable to obtain exclusive access to this record or 1 records"
            raise ApiError(400, "UNABLE_TO_LOCK_ROW", message, [])
        response = await handler(request)
    except ApiError as error:
        response = failure(error)
    except SeveralMatches as several:
        folder = request.path.rstrip("/").rsplit("/", 2)[0]
        response = reply([f"{folder}/{row_id}" for row_id in several.ids], 300)
    except web.HTTPNotFound:
        response = failure(not_found())
    response.headers["Sforce-Limit-Info"] = f"api-usage={org.allowance.used()}/{org.allowance.limit}"
    return response


def _dated(response: web.StreamResponse, org: Org) -> web.StreamResponse:
    response.headers["Date"] = format_datetime(datetime.fromtimestamp(int(org.clock()), UTC), usegmt=True)
    return response
