"""TravelTimes by Google's Routes API, with today's traffic; while Google does not answer, the distance does.

https://developers.google.com/maps/documentation/routes/compute_route_directions
"""

from collections.abc import Mapping, Sequence
from typing import Any

import httpx
import structlog

from faded_skies.adapters.google_maps.caller import Caller, MapsDownError
from faded_skies.domains.delivery.ports import Leg, Point, TravelTimes, Way
from faded_skies.platform import vendor_news
from faded_skies.platform.outbound import refuse_inside_transaction

log = structlog.get_logger()

ROUTES = "https://routes.googleapis.com"

MOST_BETWEEN = 25
"""As many intermediate points Google takes in one question."""

_FIELDS = "routes.legs.duration"


class GoogleTimes:
    """Asks Google how long drives take now; long ways in several questions."""

    def __init__(self, caller: Caller, offline: TravelTimes, *, host: str = ROUTES) -> None:
        self._caller = caller
        self._offline = offline
        self._host = host

    async def along(self, points: Sequence[Point]) -> Way:
        refuse_inside_transaction("Google Maps")
        step = MOST_BETWEEN + 1
        try:
            legs: list[Leg] = []
            for start in range(0, len(points) - 1, step):
                legs += await self._ask(points[start : start + step + 1])
        except MapsDownError as down:
            log.warning("travel_times_fell_back", source="google", why=down.why)
            vendor_news.failed("routes", down.why)
            return await self._offline.along(points)
        vendor_news.answered("routes")
        return Way(legs, "google")

    async def _ask(self, points: Sequence[Point]) -> list[Leg]:
        origin, *between, destination = [_waypoint(point) for point in points]
        body: dict[str, Any] = {
            "origin": origin,
            "destination": destination,
            "travelMode": "DRIVE",
            "routingPreference": "TRAFFIC_AWARE",
        }
        if between:
            body["intermediates"] = between
        url = f"{self._host}/directions/v2:computeRoutes"
        status, answer = await self._caller.ask("POST", url, fields=_FIELDS, body=body)
        if status != httpx.codes.OK:
            raise MapsDownError(f"http_{status}")
        legs = _legs(answer)
        if len(legs) != len(points) - 1:
            raise MapsDownError("no_route")
        return legs


def _waypoint(point: Point) -> dict[str, Any]:
    return {"location": {"latLng": {"latitude": point[0], "longitude": point[1]}}}


def _legs(answer: Mapping[str, Any]) -> list[Leg]:
    """Return the legs of the first route; none where there is no way. What is zero Google leaves out."""
    try:
        routes = answer.get("routes", ())
        legs = routes[0].get("legs", ()) if routes else ()
        return [Leg(float(leg.get("duration", "0s").removesuffix("s"))) for leg in legs]
    except (KeyError, IndexError, TypeError, ValueError, AttributeError):
        raise MapsDownError("answer_of_another_shape") from None
