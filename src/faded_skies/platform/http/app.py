"""Builds the HTTP application: the framework, its error pages, and the layers in front of it."""

from collections.abc import Collection, Mapping, Sequence

import socketio
from fastapi import APIRouter, FastAPI
from fastapi.routing import iter_route_contexts
from starlette.middleware.cors import CORSMiddleware
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from faded_skies.platform.http import docs_page, errors
from faded_skies.platform.http.document import Api
from faded_skies.platform.http.fields import ErrorShape
from faded_skies.platform.http.front import Front, apologise
from faded_skies.platform.http.guards import Guards
from faded_skies.platform.http.hot import HotAnswers
from faded_skies.platform.http.large import LargeBodies
from faded_skies.platform.http.limits import RateLimit
from faded_skies.platform.lifecycle import Lifecycle
from faded_skies.platform.ports import Ports
from faded_skies.platform.ratelimit import Meter
from faded_skies.platform.tokens import AccessTokens

MOST_BODY_BYTES = 1024 * 1024
_EXPOSED = [
    "ETag",
    "RateLimit-Limit",
    "RateLimit-Remaining",
    "RateLimit-Reset",
    "Retry-After",
    "X-Request-ID",
]


def build_api(*, version: str, ports: Ports, routes: Sequence[BaseRoute]) -> FastAPI:
    """Return the FastAPI application with all routes and the error handlers."""
    api = Api(
        title="Faded Skies",
        version=version,
        description="The backend of a licensed cannabis retailer. Prices are dollars, times are UTC.",
        docs_url=None,
        # Its hooks cost 4 % of an empty request while nothing listens to them.
        telemetry={"tracing": False, "metrics": False, "logs": False},
        redoc_url=None,
    )
    api.state.ports = ports
    errors.install(api)
    docs_page.install(api)
    api.add_exception_handler(Exception, apologise)
    api.router.routes.extend(routes)
    return api


def included(routers: Sequence[APIRouter]) -> list[BaseRoute]:
    """Return the routes of all routers, for `build_api`."""
    carrier = APIRouter(
        responses={
            "4XX": {"model": ErrorShape, "description": "Refused; the sentence says what to do."},
            "5XX": {"model": ErrorShape, "description": "Our fault, or a dependency is down."},
        }
    )
    for router in routers:
        carrier.include_router(router)
    return carrier.routes


def doors_of(routes: Sequence[BaseRoute]) -> set[str]:
    """Return "METHOD /path" for each operation; mounted folders of files are no doors."""
    return {
        f"{method} {route.path_format}"
        for route in iter_route_contexts(routes)
        if route.methods
        for method in route.methods - {"HEAD"}
    }


class Dispatcher:
    """Sends Socket.IO traffic to its server and the rest through the layers to the API."""

    def __init__(self, http: ASGIApp, sockets: socketio.AsyncServer, guards: Guards) -> None:
        self._http = http
        self._guards = guards
        self._sockets = socketio.ASGIApp(sockets, socketio_path="socket.io")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] in {"http", "websocket"} and scope["path"].startswith("/socket.io"):
            polling = scope["type"] == "http"
            await self._sockets(scope, receive, self._guards.wrap(send, scope["path"]) if polling else send)
        else:
            await self._http(scope, receive, send)


def layered(
    api: ASGIApp,
    *,
    hot_paths: Collection[str],
    body_limits: Mapping[str, int],
    meter: Meter,
    apart: Mapping[str, Meter],
    tokens: AccessTokens,
    origins: list[str],
    guards: Guards,
    lifecycle: Lifecycle,
) -> ASGIApp:
    """Return the API behind its layers, outermost first: front, CORS, rate limit, kept answers, API.

    `body_limits` are the paths that take more than MOST_BODY_BYTES, and how much; `apart` those whose calls
    have a limit of their own.
    """
    limit = RateLimit(HotAnswers(api, paths=hot_paths), meter=meter, apart=apart, tokens=tokens)
    cors = CORSMiddleware(
        limit,
        allow_origins=origins,
        allow_credentials=True,
        allow_methods=["GET", "POST", "PUT", "PATCH", "DELETE"],
        allow_headers=["Authorization", "Content-Type", "Idempotency-Key", "If-None-Match", "X-Request-ID"],
        expose_headers=_EXPOSED,
    )
    return Front(
        cors,
        most_bytes=MOST_BODY_BYTES,
        large=LargeBodies(body_limits),
        guards=guards,
        lifecycle=lifecycle,
        hot_paths=hot_paths,
    )
