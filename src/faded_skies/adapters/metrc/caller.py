"""How Metrc is asked: keys, patience, and what its answers mean.

Metrc's getting-started pages and its collection for API v2: HTTP Basic with the vendor's key and the user's, the
licence in every query, arrays of at most ten objects (413 beyond), pages of at most twenty, 429 with Retry-After for
too many reads. What cannot go through is told in two shapes: a list of `{row, message}`, or `{Message}`.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, TypeAlias

import httpx
import orjson

from faded_skies.domains.traceability.ports import Rejected, Throttled, Unauthorised, Unreachable
from faded_skies.platform import vendor_news
from faded_skies.platform.bounded import read_up_to
from faded_skies.platform.outbound import refuse_inside_transaction

MOST_BYTES = 8 * 1024 * 1024
PAGE_SIZE = 20
_PATIENCE = 20.0
_READS_AT_ONCE = 5
_MOST_PAGES = 5000
_WITHOUT_ADVICE = timedelta(seconds=30)
_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)


@dataclass(frozen=True, slots=True)
class Absent:
    """There is no such thing."""


Json: TypeAlias = Any
Failed: TypeAlias = Unauthorised | Throttled | Unreachable | Rejected | Absent


class Caller:
    """Asks Metrc in the name of one licence."""

    def __init__(self, http: httpx.AsyncClient, *, license_no: str) -> None:
        self._http = http
        self._license_no = license_no
        self._reads = asyncio.Semaphore(_READS_AT_ONCE)

    async def read(self, path: str, **query: object) -> Json | Failed:
        """Return what stands under a path."""
        async with self._reads:
            return await self._ask("GET", path, query)

    async def write(
        self, method: str, path: str, body: Sequence[Mapping[str, Any]] | None = None
    ) -> Json | Failed:
        """Write an array, or nothing where the path says it all; an answer without a body is None."""
        return await self._ask(method, path, {}, body)

    async def read_all(self, path: str, **query: object) -> list[dict[str, Any]] | Failed:
        """Return all pages of a list."""
        found: list[dict[str, Any]] = []
        for page in range(1, _MOST_PAGES + 1):
            answer = await self.read(path, **query, pageNumber=page, pageSize=PAGE_SIZE)
            if isinstance(answer, Failed):
                return answer
            if not isinstance(answer, dict) or not isinstance(answer.get("Data"), list):
                return Unreachable("its list cannot be read", unsure=False)
            found += answer["Data"]
            if not answer["Data"] or page >= int(answer.get("TotalPages") or 0):
                return found
        return Unreachable("its list has no end", unsure=False)

    async def _ask(
        self, method: str, path: str, query: Mapping[str, object], body: object = None
    ) -> Json | Failed:
        refuse_inside_transaction("Metrc")
        answer = await self._answer(method, path, query, body)
        if isinstance(answer, Unauthorised | Throttled | Unreachable):
            vendor_news.failed("metrc", type(answer).__name__)
        else:
            vendor_news.answered("metrc")
        return answer

    async def _answer(
        self, method: str, path: str, query: Mapping[str, object], body: object
    ) -> Json | Failed:
        parameters = {"licenseNumber": self._license_no} | {name: str(value) for name, value in query.items()}
        try:
            async with (
                asyncio.timeout(_PATIENCE),
                self._http.stream(method, path, params=parameters, json=body) as answer,
            ):
                whole = await read_up_to(answer.aiter_bytes(), MOST_BYTES)
        except _NOT_SENT as error:
            return Unreachable(type(error).__name__, unsure=False)
        except (TimeoutError, httpx.HTTPError) as error:
            return Unreachable(type(error).__name__, unsure=True)
        if whole is None:
            return Unreachable("its answer has no end", unsure=True)
        return _read(answer, whole)


def _read(answer: httpx.Response, whole: bytes) -> Json | Failed:
    if not httpx.codes.is_success(answer.status_code):
        return _failure(answer, whole)
    if not whole.strip():
        return None
    try:
        return orjson.loads(whole)
    except orjson.JSONDecodeError:
        return Unreachable("its answer cannot be read", unsure=True)


def _failure(answer: httpx.Response, whole: bytes) -> Failed:
    match answer.status_code:
        case httpx.codes.UNAUTHORIZED | httpx.codes.FORBIDDEN as status:
            return Unauthorised(f"status {status}")
        case httpx.codes.NOT_FOUND:
            return Absent()
        case httpx.codes.TOO_MANY_REQUESTS:
            return Throttled(_wait(answer.headers.get("retry-after", "")))
        case status if httpx.codes.is_client_error(status):
            return _rejection(status, whole)
        case status:
            return Unreachable(f"status {status}", unsure=True)


def _rejection(status: int, whole: bytes) -> Rejected:
    rows: dict[int, str] = {}
    message: str | None = f"It was refused with status {status}."
    try:
        told = orjson.loads(whole)
    except orjson.JSONDecodeError:
        told = None
    if isinstance(told, dict):
        errors = told.get("ValidationErrors") or ()
        message = " ".join(map(str, (told.get("Message") or told.get("message") or message, *errors)))
    for one in told if isinstance(told, list) else ():
        if isinstance(one, dict) and isinstance(one.get("row"), int):
            text = str(one.get("message", ""))
            rows[one["row"]] = f"{rows[one['row']]} {text}" if one["row"] in rows else text
    return Rejected(rows, None if rows else message)


def _wait(text: str) -> timedelta:
    """Return how long Retry-After wants us to wait: seconds, or a date (RFC 9110 §10.2.3)."""
    if text.strip().isdigit():
        return timedelta(seconds=int(text))
    try:
        until = parsedate_to_datetime(text)
    except ValueError:
        return _WITHOUT_ADVICE
    return max(until - datetime.now(UTC), timedelta(0)) if until.tzinfo else _WITHOUT_ADVICE


@asynccontextmanager
async def open_caller(
    *,
    base: str,
    vendor_key: str,
    user_key: str,
    license_no: str,
    transport: httpx.AsyncBaseTransport | None = None,
) -> AsyncIterator[Caller]:
    """Keep connections to Metrc open until the end."""
    async with httpx.AsyncClient(
        base_url=base,
        auth=(vendor_key, user_key),
        follow_redirects=False,
        timeout=_PATIENCE,
        transport=transport,
    ) as http:
        yield Caller(http, license_no=license_no)
