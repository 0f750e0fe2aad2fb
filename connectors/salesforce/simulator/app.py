"""The REST API's addresses, each with the few lines that answer it."""

from datetime import datetime
from typing import Any

from aiohttp import web

from connectors.salesforce.simulator import admin
from connectors.salesforce.simulator.describe import describe
from connectors.salesforce.simulator.errors import ApiError
from connectors.salesforce.simulator.middleware import TOKEN_PATH, surround
from connectors.salesforce.simulator.objects import OBJECTS
from connectors.salesforce.simulator.org import Org, record
from connectors.salesforce.simulator.replies import ORG, USER, body_of, reply
from connectors.salesforce.simulator.session import OAuthError

BATCH_SIZE_DEFAULT, BATCH_SIZE_MIN, BATCH_SIZE_MAX = 2000, 200, 2000

_DATA = r"/services/data/{version:v\d+\.\d}"
_OBJECT = _DATA + "/sobjects/{object}"
_END = "{slash:/?}"  # clients differ in whether they end an address with a slash


def make_app(org: Org) -> web.Application:
    """The application around one org."""
    app = web.Application(middlewares=[surround])
    app[ORG] = org
    app.add_routes(
        [
            web.post(TOKEN_PATH, _token),
            web.get(_DATA + "/query" + _END, _query),
            web.get(_DATA + "/queryAll" + _END, _query),
            web.get(_DATA + "/{kind:query|queryAll}/{locator}", _more),
            web.get(_DATA + "/limits" + _END, _limits),
            web.get(_DATA + "/sobjects" + _END, _objects),
            web.post(_OBJECT + _END, _create),
            web.get(_OBJECT + "/describe" + _END, _describe),
            web.get(_OBJECT + "/deleted" + _END, _deleted),
            web.get(_OBJECT + "/{id}", _get),
            web.patch(_OBJECT + "/{id}", _update),
            web.delete(_OBJECT + "/{id}", _delete),
            web.get(_OBJECT + "/{key}/{value}", _get_by_external_id),
            web.patch(_OBJECT + "/{key}/{value}", _upsert),
            *admin.ROUTES,
        ]
    )
    return app


async def _token(request: web.Request) -> web.Response:
    form = {key: str(value) for key, value in (await request.post()).items()}
    try:
        token, user_id = request.app[ORG].sessions.login(form, request.headers.get("Authorization", ""))
    except OAuthError as error:
        return reply({"error": error.error, "error_description": error.description}, 400)
    origin = str(request.url.origin())
    issued_at = str(int(request.app[ORG].clock() * 1000))
    identity = f"{origin}/id/00D000000000000EAA/{user_id}"
    answer = {"access_token": token, "instance_url": origin, "id": identity}
    return reply({**answer, "token_type": "Bearer", "issued_at": issued_at, "scope": "api"})


async def _query(request: web.Request) -> web.Response:
    deleted = request.path.rstrip("/").endswith("queryAll")
    text, version = request.query.get("q", ""), request.match_info["version"]
    return reply(request.app[ORG].query(text, version, _batch_size(request), deleted=deleted))


async def _more(request: web.Request) -> web.Response:
    locator, version = request.match_info["locator"], request.match_info["version"]
    return reply(request.app[ORG].more(locator, version, _batch_size(request)))


def _batch_size(request: web.Request) -> int:
    for option in request.headers.get("Sforce-Query-Options", "").split(","):
        name, _, size = option.strip().partition("=")
        if name == "batchSize" and size.isdigit():
            return max(BATCH_SIZE_MIN, min(BATCH_SIZE_MAX, int(size)))
    return BATCH_SIZE_DEFAULT


async def _limits(request: web.Request) -> web.Response:
    allowance = request.app[ORG].allowance
    return reply({"DailyApiRequests": {"Max": allowance.limit, "Remaining": allowance.limit - allowance.used()}})


async def _objects(_request: web.Request) -> web.Response:
    briefs = [{"name": item.name, "keyPrefix": item.prefix, "queryable": True} for item in OBJECTS.values()]
    return reply({"encoding": "UTF-8", "maxBatchSize": 200, "sobjects": briefs})


async def _describe(request: web.Request) -> web.Response:
    return reply(describe(request.match_info["object"]))


async def _deleted(request: web.Request) -> web.Response:
    try:
        start, end = (datetime.fromisoformat(request.query[name]) for name in ("start", "end"))
    except (KeyError, ValueError):
        raise ApiError(400, "INVALID_REPLICATION_DATE", "start and end must be ISO 8601 times") from None
    return reply(request.app[ORG].store.deletions.between(request.match_info["object"], start, end))


async def _create(request: web.Request) -> web.Response:
    org, object_name = request.app[ORG], request.match_info["object"]
    new_id = org.store.create(object_name, await body_of(request), request[USER])
    return reply(_written(new_id), 201)


async def _get(request: web.Request) -> web.Response:
    return _shown(request, request.match_info["id"])


async def _get_by_external_id(request: web.Request) -> web.Response:
    info = request.match_info
    found = request.app[ORG].store.find(info["object"], info["key"], info["value"])
    if len(found) != 1:
        raise web.HTTPNotFound
    return _shown(request, found[0])


def _shown(request: web.Request, row_id: str) -> web.Response:
    object_name, version = request.match_info["object"], request.match_info["version"]
    shown = record(object_name, request.app[ORG].store.get(object_name, row_id), version)
    wanted = request.query.get("fields")
    names = ["attributes", *wanted.split(",")] if wanted else list(shown)
    unknown = [name for name in names if name not in shown]
    if unknown:
        raise ApiError(400, "INVALID_FIELD", f"No such column '{unknown[0]}' on entity '{object_name}'.")
    return reply({name: shown[name] for name in names})


async def _update(request: web.Request) -> web.Response:
    info = request.match_info
    request.app[ORG].store.update(info["object"], info["id"], await body_of(request), request[USER])
    return web.Response(status=204)


async def _delete(request: web.Request) -> web.Response:
    info = request.match_info
    request.app[ORG].store.delete(info["object"], info["id"], request[USER])
    return web.Response(status=204)


async def _upsert(request: web.Request) -> web.Response:
    info, body = request.match_info, await body_of(request)
    if info["key"] in body:
        raise ApiError(400, "INVALID_FIELD", f"The {info['key']} field should not be specified in the sobject data.")
    store = request.app[ORG].store
    row_id, created = store.upsert(info["object"], info["key"], info["value"], body, request[USER])
    return reply({**_written(row_id), "created": created}, 201 if created else 200)


def _written(row_id: str) -> dict[str, Any]:
    return {"id": row_id, "success": True, "errors": []}
