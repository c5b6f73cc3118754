"""TravelTimes by the Route service of an OSRM server; while it does not answer, the distance does.

https://project-osrm.org/docs/v5.24.0/api/#route-service
"""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import httpx
import orjson
import structlog

from faded_skies.domains.delivery.ports import Leg, Point, TravelTimes, Way
from faded_skies.platform import vendor_news
from faded_skies.platform.bounded import read_up_to
from faded_skies.platform.outbound import refuse_inside_transaction

log = structlog.get_logger()

MOST_BYTES = 512 * 1024
_CONNECT_SECONDS = 2.0


class OsrmDownError(Exception):
    """The server has not answered with a route. `why` is a word for the log, never a quotation."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class OsrmTimes:
    """Asks one OSRM server; a question ends within `patience` seconds."""

    def __init__(self, http: httpx.AsyncClient, url: str, offline: TravelTimes, *, patience: float) -> None:
        self._http = http
        self._url = url.rstrip("/")
        self._offline = offline
        self._patience = patience

    async def along(self, points: Sequence[Point]) -> Way:
        refuse_inside_transaction("OSRM")
        try:
            way = Way(_legs(await self._ask(points), len(points) - 1), "osrm")
        except OsrmDownError as down:
            log.warning("travel_times_fell_back", source="osrm", why=down.why)
            vendor_news.failed("routes", down.why)
            return await self._offline.along(points)
        vendor_news.answered("routes")
        return way

    async def _ask(self, points: Sequence[Point]) -> Mapping[str, Any]:
        where = ";".join(f"{lng:.6f},{lat:.6f}" for lat, lng in points)
        try:
            async with (
                asyncio.timeout(self._patience),
                self._http.stream(
                    "GET", f"{self._url}/route/v1/driving/{where}", params={"overview": "false"}
                ) as answer,
            ):
                whole = await read_up_to(answer.aiter_bytes(), MOST_BYTES)
        except (TimeoutError, httpx.HTTPError) as error:
            raise OsrmDownError(type(error).__name__) from None
        if whole is None:
            raise OsrmDownError("answer_too_long")
        if answer.status_code != httpx.codes.OK:
            raise OsrmDownError(f"http_{answer.status_code}")
        try:
            body: Mapping[str, Any] = orjson.loads(whole)
        except orjson.JSONDecodeError:
            raise OsrmDownError("answer_not_json") from None
        return body


def _legs(answer: Mapping[str, Any], number: int) -> list[Leg]:
    try:
        legs = [Leg(float(leg["duration"])) for leg in answer["routes"][0]["legs"]]
    except (KeyError, IndexError, TypeError, ValueError):
        raise OsrmDownError("answer_of_another_shape") from None
    if len(legs) != number:
        raise OsrmDownError("other_number_of_legs")
    return legs


@asynccontextmanager
async def open_osrm(url: str, *, offline: TravelTimes, patience: float = 4.0) -> AsyncIterator[OsrmTimes]:
    """Keep connections to the server open until the end; `offline` stands in while it does not answer."""
    timeout = httpx.Timeout(patience, connect=_CONNECT_SECONDS)
    async with httpx.AsyncClient(timeout=timeout, follow_redirects=False) as http:
        yield OsrmTimes(http, url, offline, patience=patience)
