"""Switches that no Salesforce has: faults, hard deletes, dead sessions. For tests and demos, on loopback."""

from aiohttp import web
from pydantic import ValidationError

from connectors.salesforce.simulator.errors import ApiError
from connectors.salesforce.simulator.faults import Faults
from connectors.salesforce.simulator.replies import ORG, body_of, failure, reply


async def _get_faults(request: web.Request) -> web.Response:
    return reply(request.app[ORG].faults.model_dump())


async def _set_faults(request: web.Request) -> web.Response:
    """Changes the faults named in the body and leaves the others."""
    faults = request.app[ORG].faults
    try:
        changed = Faults.model_validate({**faults.model_dump(), **await body_of(request)})
    except ValidationError as error:
        return failure(ApiError(400, "INVALID_FAULT", str(error)))
    for name, value in changed:
        setattr(faults, name, value)
    return reply(faults.model_dump())


async def _hard_delete(request: web.Request) -> web.Response:
    body = await body_of(request)
    try:
        request.app[ORG].store.hard_delete(body["object"], body["id"])
    except ApiError as error:
        return failure(error)
    return web.Response(status=204)


async def _expire_sessions(request: web.Request) -> web.Response:
    request.app[ORG].sessions.expire_all()
    return web.Response(status=204)


async def _purge_deletions(request: web.Request) -> web.Response:
    request.app[ORG].store.deletions.purge()
    return web.Response(status=204)


ROUTES = (
    web.get("/simulator/faults", _get_faults),
    web.post("/simulator/faults", _set_faults),
    web.post("/simulator/hard-delete", _hard_delete),
    web.post("/simulator/expire-sessions", _expire_sessions),
    web.post("/simulator/purge-deletions", _purge_deletions),
)
