"""HTTP answers with exact numbers, and requests read without making floats."""

from typing import Any

from aiohttp import web

from connectors.salesforce.simulator.errors import ApiError
from connectors.salesforce.simulator.org import Org
from connectors.salesforce.wire import dumps, loads

ORG: web.AppKey[Org] = web.AppKey("org", Org)
USER: web.RequestKey[str] = web.RequestKey("user", str)


def reply(body: Any, status: int = 200) -> web.Response:
    return web.Response(status=status, text=dumps(body), content_type="application/json")


def failure(error: ApiError) -> web.Response:
    return reply(error.body(), error.status)


async def body_of(request: web.Request) -> dict[str, Any]:
    """The JSON object that the request carries."""
    try:
        body = loads(await request.read())
    except ValueError as error:
        raise ApiError(400, "JSON_PARSER_ERROR", str(error)) from None
    if not isinstance(body, dict):
        raise ApiError(400, "JSON_PARSER_ERROR", "the body must be a JSON object")
    return body
