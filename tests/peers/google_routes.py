"""Google's Routes API as its documents tell it, on 127.0.0.1.

What it takes and says goes through Google's own classes (`google-maps-routing`), which refuse what they do not know.
"""

from dataclasses import dataclass, field
from itertools import pairwise

import orjson
from google.maps.routing_v2 import types
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from faded_skies.platform.geo import distance_m

KEY = "AIzaSy-a-key-of-the-tests"
SPEED_M_S = 5.0
MOST_INTERMEDIATES = 25

Fault = int | str
"""What goes wrong with one call: an HTTP status, "hang", or a body that is sent with status 200."""


@dataclass
class GoogleRoutes:
    """The server, what it was asked, and what shall go wrong next."""

    faults: list[Fault] = field(default_factory=list)
    asked: list[types.ComputeRoutesRequest] = field(default_factory=list)

    @property
    def asgi(self) -> Starlette:
        return Starlette(routes=[Route("/directions/v2:computeRoutes", self._compute, methods=["POST"])])

    async def _compute(self, request: Request) -> Response:
        asked = types.ComputeRoutesRequest.from_json((await request.body()).decode())
        self.asked.append(asked)
        if self.faults:
            fault = self.faults.pop(0)
            if fault == "hang":
                while (await request.receive())["type"] != "http.disconnect":
                    pass
            if isinstance(fault, int):
                return _refusal(fault, "The peer was told to.")
            return Response(fault, media_type="application/json")
        if request.headers.get("x-goog-api-key") != KEY:
            return _refusal(400, "API key not valid.")
        if request.headers.get("x-goog-fieldmask") != "routes.legs.duration":
            return _refusal(400, "FieldMask is a required parameter.")
        if len(asked.intermediates) > MOST_INTERMEDIATES:
            return _refusal(400, "Too many intermediate waypoints.")
        return Response(_answer(asked), media_type="application/json")


def _answer(asked: types.ComputeRoutesRequest) -> bytes:
    found = [
        (one.location.lat_lng.latitude, one.location.lat_lng.longitude)
        for one in (asked.origin, *asked.intermediates, asked.destination)
    ]
    legs = []
    for one, other in pairwise(found):
        metres = round(distance_m(*one, *other))
        # As proto3 is written as JSON: what is zero is left out, except in messages.
        leg = {"distanceMeters": metres} if metres else {}
        legs.append({**leg, "duration": f"{round(metres / SPEED_M_S)}s"})
    body = orjson.dumps({"routes": [{"legs": legs}]})
    types.ComputeRoutesResponse.from_json(body.decode())
    return body


def _refusal(status: int, message: str) -> JSONResponse:
    return JSONResponse({"error": {"code": status, "message": message}}, status_code=status)
