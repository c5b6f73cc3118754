"""An OSRM server as its documents tell it, on 127.0.0.1: the Route service, with streets as straight as can be."""

from dataclasses import dataclass, field
from itertools import pairwise

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from faded_skies.platform.geo import distance_m

SPEED_M_S = 10.0

Fault = int | str
"""What goes wrong with one call: an HTTP status, "hang", or a body that is sent with status 200."""


@dataclass
class Osrm:
    """The server, what it was asked, and what shall go wrong next."""

    faults: list[Fault] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    @property
    def asgi(self) -> Starlette:
        return Starlette(routes=[Route("/route/v1/driving/{coordinates}", self._route)])

    async def _route(self, request: Request) -> Response:
        coordinates = request.path_params["coordinates"]
        self.asked.append(coordinates)
        if self.faults:
            fault = self.faults.pop(0)
            if fault == "hang":
                while (await request.receive())["type"] != "http.disconnect":
                    pass
            if isinstance(fault, int):
                return JSONResponse({"code": "NoRoute", "message": "Impossible route"}, status_code=fault)
            return Response(fault, media_type="application/json")
        assert dict(request.query_params) == {"overview": "false"}
        points = []
        for one in coordinates.split(";"):
            lng, lat = (float(number) for number in one.split(","))
            if not (-180 <= lng <= 180 and -90 <= lat <= 90):
                return JSONResponse({"code": "InvalidValue"}, status_code=400)
            points.append((lat, lng))
        if len(points) < 2:
            return JSONResponse({"code": "InvalidOptions"}, status_code=400)
        metres = [distance_m(*one, *other) for one, other in pairwise(points)]
        legs = [
            {"steps": [], "weight": way, "distance": way, "summary": "", "duration": way / SPEED_M_S}
            for way in metres
        ]
        route = {"legs": legs, "distance": sum(metres), "duration": sum(metres) / SPEED_M_S}
        return JSONResponse({"code": "Ok", "routes": [route], "waypoints": []})
