"""How Jumio is asked: with a token for an hour, within ten seconds, and without telling anybody what was said.

OAuth 2.0 client credentials (RFC 6749 §4.4), as in Jumio's API guide, "Authentication".
"""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import orjson
import structlog

from faded_skies.platform import vendor_news
from faded_skies.platform.bounded import read_up_to
from faded_skies.platform.errors import Unavailable
from faded_skies.platform.outbound import refuse_inside_transaction

log = structlog.get_logger()

MOST_BYTES = 2 * 1024 * 1024
_PATIENCE = 10.0
_RENEWED_BEFORE = 60  # seconds
_OK = 200
_UNAUTHORIZED = 401


class JumioDown(Unavailable):
    sentence = "The check of IDs does not answer at the moment. Try again in a few minutes."


@dataclass(frozen=True, slots=True)
class Hosts:
    """Where Jumio's APIs are; `region` is amer-1, emea-1 or apac-1."""

    auth: str
    account: str
    retrieval: str

    @classmethod
    def of(cls, region: str) -> "Hosts":
        return cls(*(f"https://{name}.{region}.jumio.ai" for name in ("auth", "account", "retrieval")))


class Caller:
    """Asks Jumio in the shop's name."""

    def __init__(self, http: httpx.AsyncClient, hosts: Hosts, *, client_id: str, secret: str) -> None:
        self._http = http
        self._hosts = hosts
        self._login = (client_id, secret)
        self._turn = asyncio.Lock()
        self._token = ""
        self._good_until = 0.0

    async def ask(self, method: str, url: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Return the answer. Raises JumioDown for whatever is not a JSON object with status 200."""
        refuse_inside_transaction("Jumio")
        try:
            status, answer = await self._with_token(method, url, body)
            if status == _UNAUTHORIZED:
                self._good_until = 0.0  # revoked before its time: once more with a new one
                status, answer = await self._with_token(method, url, body)
        except JumioDown:
            vendor_news.failed("jumio", "no answer, or no token")
            raise
        if status != _OK:
            log.warning("jumio_refused", status=status)
            vendor_news.failed("jumio", f"status {status}")
            raise JumioDown
        vendor_news.answered("jumio")
        return answer

    async def _with_token(
        self, method: str, url: str, body: Mapping[str, Any] | None
    ) -> tuple[int, dict[str, Any]]:
        token = await self._current_token()
        return await self._send(method, url, headers={"Authorization": f"Bearer {token}"}, json=body)

    async def _current_token(self) -> str:
        async with self._turn:
            if time.monotonic() > self._good_until:
                status, answer = await self._send(
                    "POST",
                    f"{self._hosts.auth}/oauth2/token",
                    auth=self._login,
                    data={"grant_type": "client_credentials"},
                )
                token, lifetime = answer.get("access_token"), answer.get("expires_in")
                if status != _OK or not isinstance(token, str) or not isinstance(lifetime, int):
                    log.error("jumio_gave_no_token", status=status)
                    raise JumioDown
                self._token = token
                self._good_until = time.monotonic() + lifetime - _RENEWED_BEFORE
            return self._token

    async def _send(self, method: str, url: str, **request: Any) -> tuple[int, dict[str, Any]]:
        try:
            async with (
                asyncio.timeout(_PATIENCE),
                self._http.stream(method, url, **request) as answer,
            ):
                whole = await read_up_to(answer.aiter_bytes(), MOST_BYTES)
        except (TimeoutError, httpx.HTTPError) as error:
            log.warning("jumio_unreachable", why=type(error).__name__)
            raise JumioDown from None
        if whole is None:
            raise JumioDown
        if answer.status_code != _OK:
            return answer.status_code, {}
        try:
            body = orjson.loads(whole)
        except orjson.JSONDecodeError:
            body = None
        if not isinstance(body, dict):
            log.error("jumio_spoke_nonsense")
            raise JumioDown
        return _OK, body


@asynccontextmanager
async def open_caller(hosts: Hosts, *, client_id: str, secret: str, user_agent: str) -> AsyncIterator[Caller]:
    """Keep connections to Jumio open until the end. Jumio refuses calls whose User-Agent names nobody."""
    async with httpx.AsyncClient(headers={"User-Agent": user_agent}, follow_redirects=False) as http:
        yield Caller(http, hosts, client_id=client_id, secret=secret)
