"""The outermost layer of HTTP: request ids, log lines, body limits, what guards browsers, the last net for mistakes.

Pure ASGI, because each layer of Starlette's BaseHTTPMiddleware costs more than the whole of this.
"""

import re
import time
from collections.abc import Collection

import structlog
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from faded_skies.platform import metrics, tracing
from faded_skies.platform.audit import Origin, origin
from faded_skies.platform.http.answers import Json
from faded_skies.platform.http.guards import Guards
from faded_skies.platform.http.large import LargeBodies
from faded_skies.platform.ids import new_id
from faded_skies.platform.lifecycle import Lifecycle

log = structlog.get_logger()

_OUR_FAULT = 500
_LENGTH = re.compile(r"[0-9]{1,18}")
_WELL_FORMED = re.compile(r"[A-Za-z0-9._-]{8,128}")


class Front:
    """Wraps the application. `most_bytes` bounds every request body, except where `large` allows more.

    `hot_paths` are answered before routing.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        most_bytes: int,
        large: LargeBodies,
        guards: Guards,
        lifecycle: Lifecycle,
        hot_paths: Collection[str],
    ) -> None:
        self._app = app
        self._most_bytes = most_bytes
        self._large = large
        self._guards = guards
        self._lifecycle = lifecycle
        self._hot_paths = frozenset(hot_paths)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        tracer = tracing.active()
        if scope["type"] != "http":
            await self._app(scope, receive, send)
        elif tracer is None:
            await self._serve(scope, receive, send)
        else:
            with tracer.span(scope["method"], "server", {"http.request.method": scope["method"]}) as span:
                status = await self._serve(scope, receive, send)
                template = self._template(scope)
                span.rename(f"{scope['method']} {template}")
                span.tell({"http.route": template, "http.response.status_code": status})
                if status >= _OUR_FAULT:
                    span.fail(str(status))

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> int:
        """Answer; return the status, 0 where nobody waited for it."""
        started = time.perf_counter()
        headers = Headers(scope=scope)
        given = headers.get("x-request-id", "")
        request_id = given if _WELL_FORMED.fullmatch(given) else str(new_id())
        client = scope.get("client")
        origin.set(Origin(client[0] if client else None, headers.get("user-agent", "")[:300], request_id))
        status = 0

        async def answer(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"].append((b"x-request-id", request_id.encode()))
                if self._lifecycle.is_leaving:
                    message["headers"].append((b"connection", b"close"))
                self._guards.add(message, scope["path"])
            await send(message)

        try:
            more = self._large.most(scope["method"], scope["path"])
            if more is None:
                await self._app(scope, _bounded(self._most_bytes, headers, receive), answer)
            else:
                async with self._large.place(_bounded(more, headers, receive)) as patiently:
                    await self._app(scope, patiently, answer)
        except Exception:
            log.exception("request_failed", request_id=request_id, method=scope["method"], path=_route(scope))
            if status == 0:
                await _sorry(request_id)(scope, receive, answer)
        seconds = time.perf_counter() - started
        metrics.request_done(self._template(scope), scope["method"], status, seconds)
        log.info(
            "request",
            request_id=request_id,
            method=scope["method"],
            path=_route(scope),
            status=status,
            ms=round(seconds * 1000, 2),
        )
        return status

    def _template(self, scope: Scope) -> str:
        # What was answered before routing has no route; what leads nowhere must not make a label.
        if scope["path"] in self._hot_paths:
            return str(scope["path"])
        return str(getattr(scope.get("route"), "path", None) or "other")


def _bounded(most: int, headers: Headers, receive: Receive) -> Receive:
    declared = _declared_length(headers)
    if declared is not None and declared <= most:
        return receive  # the server itself holds a client to the length it declared
    read = 0

    async def counted() -> Message:
        nonlocal read
        if declared is not None:
            raise HTTPException(413)
        message = await receive()
        read += len(message.get("body", b""))
        if read > most:
            raise HTTPException(413)
        return message

    return counted


def _declared_length(headers: Headers) -> int | None:
    text = headers.get("content-length", "")
    return int(text) if _LENGTH.fullmatch(text) else None


def _route(scope: Scope) -> str:
    # The template, not the path itself: paths carry ids, tokens, and sometimes what people typed. Of a path that leads
    # nowhere, its first two parts.
    route = scope.get("route")
    return str(getattr(route, "path", None) or "/".join(scope["path"].split("/")[:3])[:100])


async def apologise(_: Request, __: Exception) -> Json:
    """Answer a mistake of ours within the framework, which otherwise answers in plain text before Front can."""
    return _sorry(origin.get().request_id)


def _sorry(request_id: str | None) -> Json:
    return Json(
        {
            "error": f"Something went wrong on our side. Try again; if it stays so, tell us this id: {request_id}",
            "code": "INTERNAL",
        },
        status_code=500,
    )
