"""How Google Maps is asked: within a time, with one more try, and without telling anybody the key."""

import asyncio
import logging
import random
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import httpx
import orjson

from faded_skies.platform.bounded import read_up_to
from faded_skies.platform.outbound import refuse_inside_transaction

MOST_BYTES = 512 * 1024
"""The longest answer that is read; a geocoding result is about 3 kB."""

_CONNECT_SECONDS = 2.0
_SERVER_ERROR = 500
_PAUSE_SECONDS = (0.1, 0.3)


class MapsDownError(Exception):
    """Google Maps has not answered, or refuses to. `why` is a word for the log, never a quotation."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class Caller:
    """Asks Google Maps; every question ends within `patience` seconds, the second try included."""

    def __init__(self, http: httpx.AsyncClient, key: str, *, patience: float) -> None:
        self._http = http
        self._key = key
        self._patience = patience

    async def get_by_key_in_query(self, url: str, params: Mapping[str, str]) -> dict[str, Any]:
        """Ask the older APIs, which take the key in the query. Raises MapsDownError unless it answers 200."""
        status, body = await self._ask("GET", url, params={**params, "key": self._key}, again=_unknown_error)
        if status != httpx.codes.OK:
            raise MapsDownError(f"http_{status}")
        return body

    async def ask(
        self,
        method: str,
        url: str,
        *,
        fields: str,
        body: Mapping[str, Any] | None = None,
        params: Mapping[str, str] | None = None,
    ) -> tuple[int, dict[str, Any]]:
        """Ask the newer APIs for these fields; return status and body. Raises MapsDownError, also for 5xx."""
        headers = {"X-Goog-Api-Key": self._key, "X-Goog-FieldMask": fields}
        return await self._ask(method, url, headers=headers, json=body, params=params)

    async def _ask(
        self, method: str, url: str, *, again: Any = lambda _: False, **request: Any
    ) -> tuple[int, dict[str, Any]]:
        refuse_inside_transaction("Google Maps")
        try:
            async with asyncio.timeout(self._patience):
                try:
                    status, body = await self._once(method, url, **request)
                    failed = status >= _SERVER_ERROR or again(body)
                except httpx.TransportError:
                    failed = True
                if failed:
                    await asyncio.sleep(random.uniform(*_PAUSE_SECONDS))  # noqa: S311 - spreads callers, hides nothing
                    status, body = await self._once(method, url, **request)
        except (TimeoutError, httpx.HTTPError) as error:
            # Their texts may quote the address that was asked, and the key is in it.
            raise MapsDownError(type(error).__name__) from None
        if status >= _SERVER_ERROR:
            raise MapsDownError(f"http_{status}")
        return status, body

    async def _once(self, method: str, url: str, **request: Any) -> tuple[int, dict[str, Any]]:
        async with self._http.stream(method, url, **request) as answer:
            whole = await read_up_to(answer.aiter_bytes(), MOST_BYTES)
        if whole is None:
            raise MapsDownError("answer_too_long")
        if answer.status_code >= _SERVER_ERROR:
            return answer.status_code, {}
        try:
            body = orjson.loads(whole)
        except orjson.JSONDecodeError:
            raise MapsDownError("answer_not_json") from None
        if not isinstance(body, dict):
            raise MapsDownError("answer_not_an_object")
        return answer.status_code, body


def _unknown_error(body: Mapping[str, Any]) -> bool:
    return body.get("status") == "UNKNOWN_ERROR"


@asynccontextmanager
async def open_caller(key: str, *, patience: float = 4.0) -> AsyncIterator[Caller]:
    """Keep connections to Google Maps open until the end."""
    # It logs each address that is asked for, and one of them has the key in it.
    logging.getLogger("httpx").setLevel(logging.WARNING)
    limits = httpx.Limits(max_connections=50, max_keepalive_connections=10)
    timeout = httpx.Timeout(patience, connect=_CONNECT_SECONDS)
    async with httpx.AsyncClient(limits=limits, timeout=timeout, follow_redirects=False) as http:
        yield Caller(http, key, patience=patience)
