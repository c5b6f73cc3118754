"""A process that leaves sends reads to another server, where a proxy says that there is one (docs/adr/0035).

The proxy learns from it that it should ask others from now on. Writes that still come are done.
"""

from starlette.types import ASGIApp, Receive, Scope, Send

from faded_skies.platform.http.answers import Json
from faded_skies.platform.lifecycle import Lifecycle

MARK = b"x-another-server"
"""The header of a proxy that asks another server when this one answers STATUS."""

STATUS = 502
"""Nothing else in the API answers it, so no other failure takes a server out."""

_BODY = b'{"error":"This server is leaving. Try again.","code":"LEAVING"}'


class ElsewhereWhenLeaving:
    """Wraps HTTP and sockets."""

    def __init__(self, app: ASGIApp, *, lifecycle: Lifecycle) -> None:
        self._app = app
        self._lifecycle = lifecycle

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._lifecycle.is_leaving and _may_go_elsewhere(scope):
            # Of a WebSocket it is the answer to its handshake, which this extension of ASGI gives.
            await Json(_BODY, status_code=STATUS, headers={"connection": "close"})(scope, receive, send)
        else:
            await self._app(scope, receive, send)


def _may_go_elsewhere(scope: Scope) -> bool:
    if scope["type"] == "http":
        if scope["method"] not in {"GET", "HEAD"}:
            return False
    elif scope["type"] != "websocket" or "websocket.http.response" not in scope.get("extensions", {}):
        return False
    return any(name == MARK for name, _ in scope["headers"])
