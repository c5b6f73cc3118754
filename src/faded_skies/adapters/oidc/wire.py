"""Calls of a provider, bounded in time and size, never inside a transaction."""

import asyncio
from collections.abc import Mapping
from typing import Any

import httpx
import orjson

from faded_skies.domains.identity.errors import ProviderUnavailable
from faded_skies.platform.bounded import read_up_to
from faded_skies.platform.outbound import refuse_inside_transaction

MOST_BYTES = 256 * 1024
_HEADERS = {"Accept": "application/json", "Accept-Encoding": "identity"}


class Wire:
    """Fetches JSON objects. `patience` bounds a whole call, in seconds."""

    def __init__(self, http: httpx.AsyncClient, *, patience: float = 10) -> None:
        self._http = http
        self._patience = patience

    async def get(self, url: str) -> dict[str, Any]:
        """Return the object at an address. Raises ProviderUnavailable."""
        status, body = await self._call("GET", url, form=None)
        if status != httpx.codes.OK:
            raise ProviderUnavailable
        return body

    async def post(self, url: str, form: Mapping[str, str]) -> tuple[int, dict[str, Any]]:
        """Send a form; return the status and the object. Raises ProviderUnavailable."""
        return await self._call("POST", url, form=form)

    async def _call(
        self, method: str, url: str, form: Mapping[str, str] | None
    ) -> tuple[int, dict[str, Any]]:
        refuse_inside_transaction("The sign-in provider")
        try:
            async with (
                asyncio.timeout(self._patience),
                self._http.stream(method, url, data=form, headers=_HEADERS) as answer,
            ):
                # Raw, so that a small answer cannot unpack into a large one.
                body = await read_up_to(answer.aiter_raw(), MOST_BYTES)
            if body is None:
                raise ProviderUnavailable
            parsed = orjson.loads(body)
        except (TimeoutError, httpx.HTTPError, httpx.InvalidURL, orjson.JSONDecodeError):
            raise ProviderUnavailable from None
        if not isinstance(parsed, dict):
            raise ProviderUnavailable
        return answer.status_code, parsed
