"""Limits of calls, before routing and before a body is read: keyed by person where the token tells, else by address."""

from collections.abc import Mapping

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from faded_skies.platform.actor import InvalidToken, TokenExpired
from faded_skies.platform.errors import Limited
from faded_skies.platform.http.answers import render
from faded_skies.platform.networks import neighbourhood
from faded_skies.platform.ratelimit import Meter
from faded_skies.platform.tokens import AccessTokens


def client_address(scope: Scope) -> str:
    """Return the address the request came from; `BehindProxies` has looked behind our own proxies."""
    client = scope.get("client")
    return str(client[0]) if client else "unknown"


def client_neighbourhood(scope: Scope) -> str:
    """Return what limits count by: the client's address, of IPv6 its /64 network."""
    return neighbourhood(client_address(scope))


class RateLimit:
    """Counts calls under /api/ and tells what is left in the RateLimit fields.

    `apart` are the paths that phones call by themselves, each with a meter of its own: what they send must not use up
    what people have, and they are counted here, since an endpoint never sees a call whose body or token is refused.
    """

    def __init__(
        self, app: ASGIApp, *, meter: Meter, apart: Mapping[str, Meter], tokens: AccessTokens
    ) -> None:
        self._app = app
        self._meter = meter
        self._apart = apart
        self._tokens = tokens

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith("/api/"):
            await self._app(scope, receive, send)
            return
        apart = self._apart.get(scope["path"])
        budget = (apart or self._meter).hit(self._subject(scope))
        # The fields tell of the general limit only, or a client would take one for the other.
        fields = [] if apart else budget.headers()

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).raw.extend(fields)
            await send(message)

        if budget.exceeded:
            refused = render(
                Limited(
                    f"That is more than {budget.limit} requests in one window. Wait {budget.reset} seconds.",
                    retryAfter=budget.reset,
                )
            )
            await refused(scope, receive, answer)
            return
        await self._app(scope, receive, answer)

    def _subject(self, scope: Scope) -> str:
        scheme, _, token = Headers(scope=scope).get("authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            try:
                return str(self._tokens.read(token.strip()).user_id)
            except (InvalidToken, TokenExpired):
                pass
        return client_neighbourhood(scope)
