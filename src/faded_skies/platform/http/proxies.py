"""Where a request really comes from, when proxies of ours stand in front.

Only a peer that TRUSTED_PROXIES names is believed. To X-Forwarded-For each proxy appends whom it heard from, so the
list is read from the right, and the first that is no proxy of ours is the client: what a client writes there itself
stands further left and is never reached. uvicorn's own layer for this would take any text as an address.
"""

from collections.abc import Sequence
from functools import lru_cache

from starlette.types import ASGIApp, Receive, Scope, Send

from faded_skies.platform.networks import Network, find_address

_MOST_HOPS = 32


class BehindProxies:
    """Puts the client's address and scheme into the scope, for HTTP and sockets alike."""

    def __init__(self, app: ASGIApp, *, trusted: Sequence[Network]) -> None:
        self._app = app
        self._trusted = trusted
        self._trusts = lru_cache(maxsize=4096)(self._is_trusted)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if (
            scope["type"] in {"http", "websocket"}
            and scope.get("client")
            and self._trusts(scope["client"][0])
        ):
            scope = {**scope, **self._as_forwarded(scope)}
        await self._app(scope, receive, send)

    def _as_forwarded(self, scope: Scope) -> dict[str, object]:
        found: dict[str, object] = {}
        client = self._client(_values(scope, b"x-forwarded-for"))
        if client is not None:
            found["client"] = (client, 0)
        scheme = _values(scope, b"x-forwarded-proto")[-1:]  # the word of the nearest proxy
        if scheme in (["http"], ["https"]):
            found["scheme"] = scheme[0].replace("http", "ws") if scope["type"] == "websocket" else scheme[0]
        return found

    def _client(self, hops: Sequence[str]) -> str | None:
        """Return the client, None when what stands there tells none: then the peer itself is the client."""
        nearest = None
        for hop in reversed(hops[-_MOST_HOPS:]):
            address = find_address(_without_port(hop))
            if address is None:
                return nearest
            nearest = str(address)
            if not self._trusts(nearest):
                return nearest
        return nearest

    def _is_trusted(self, host: str) -> bool:
        address = find_address(host)
        return address is not None and any(address in network for network in self._trusted)


def _values(scope: Scope, name: bytes) -> list[str]:
    joined = b",".join(value for given, value in scope["headers"] if given == name)
    return [part.strip() for part in joined.decode("latin-1").split(",")] if joined else []


def _without_port(hop: str) -> str:
    """Leave the port out of 192.0.2.1:4711 and [2001:db8::1]:4711."""
    if hop.startswith("["):
        return hop[1:].partition("]")[0]
    host, colon, _ = hop.partition(":")
    return host if colon and hop.count(":") == 1 else hop
