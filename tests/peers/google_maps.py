"""Google Maps as its documents tell it, on 127.0.0.1: the Geocoding API and the Places API (New).

What it takes and says of places goes through Google's own classes (`google-maps-places`), which refuse what they do
not know. The Geocoding API has no such classes: its answers follow its documents and nothing checks that.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import orjson
from google.maps.places_v1 import types
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

KEY = "AIzaSy-a-key-of-the-tests"

Fault = int | str
"""What goes wrong with one call: an HTTP status, "hang", "not json", "long", "another shape" or a geocoding status."""


@dataclass(frozen=True)
class Known:
    """A house that the map knows."""

    id: str
    number: str
    street: str
    long_street: str
    town: str
    zip_code: str
    latitude: float
    longitude: float
    location_type: str = "ROOFTOP"

    @property
    def line1(self) -> str:
        return f"{self.number} {self.street}"

    @property
    def formatted(self) -> str:
        return f"{self.line1}, {self.town}, TX {self.zip_code}, USA"

    def components(self, long: str, short: str, *, numbered: bool = True) -> list[dict[str, Any]]:
        told = [
            (self.number, self.number, ["street_number"]),
            (self.long_street, self.street, ["route"]),
            (self.town, self.town, ["locality", "political"]),
            ("Travis County", "Travis County", ["administrative_area_level_2", "political"]),
            ("Texas", "TX", ["administrative_area_level_1", "political"]),
            ("United States", "US", ["country", "political"]),
            (self.zip_code, self.zip_code, ["postal_code"]),
        ]
        return [{long: one, short: two, "types": kinds} for one, two, kinds in told[0 if numbered else 1 :]]


HOME = Known("ChIJ-home", "2417", "Kinney Ave", "Kinney Avenue", "Austin", "78704", 30.24781, -97.76893)
INTERPOLATED = Known(
    "ChIJ-block", "5316", "Avenue G", "Avenue G", "Austin", "78751", 30.3146, -97.7214, "RANGE_INTERPOLATED"
)
HILLS = Known(
    "ChIJ-hills", "316", "Westlake Dr", "Westlake Drive", "West Lake Hills", "78746", 30.2956, -97.8052
)


@dataclass
class GoogleMaps:
    """The server, what it was asked, and what shall go wrong next."""

    houses: tuple[Known, ...] = (HOME, INTERPOLATED, HILLS)
    faults: list[Fault] = field(default_factory=list)
    asked: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    @property
    def asgi(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/maps/api/geocode/json", self._geocode),
                Route("/v1/places:autocomplete", self._autocomplete, methods=["POST"]),
                Route("/v1/places/{place_id}", self._details),
            ]
        )

    async def _fault(self, request: Request) -> Response | None:
        if not self.faults:
            return None
        fault = self.faults.pop(0)
        if fault == "hang":
            while (await request.receive())["type"] != "http.disconnect":
                pass
        bodies: dict[Fault, bytes] = {
            "not json": b"<html>",
            "long": b'{"results": "' + b"x" * 2_000_000 + b'"}',
            "another shape": b'{"status": "OK", "results": [{"geometry": 7}], "suggestions": [{"placePrediction": 7}]}',
            "a list": b"[]",
        }
        if isinstance(fault, int):
            return _refusal(fault, "The peer was told to.")
        if fault in bodies:
            return Response(bodies[fault], media_type="application/json")
        return JSONResponse({"status": fault, "results": [], "error_message": f"About {KEY}"})

    async def _geocode(self, request: Request) -> Response:
        query = dict(request.query_params)
        self.asked.append(("geocode", query))
        if fault := await self._fault(request):
            return fault
        if query.get("key") != KEY:
            body = {
                "status": "REQUEST_DENIED",
                "error_message": "The provided API key is invalid.",
                "results": [],
            }
            return JSONResponse(body)
        if not query.get("address"):
            return JSONResponse({"status": "INVALID_REQUEST", "results": []})
        results = self._located(query["address"])
        return JSONResponse({"status": "OK" if results else "ZERO_RESULTS", "results": results})

    def _located(self, address: str) -> list[dict[str, Any]]:
        line1 = address.partition(",")[0].lower()
        whole = next((one for one in self.houses if one.line1.lower() == line1), None)
        if whole:
            return [_result(whole, whole.location_type)]
        of_street = next((one for one in self.houses if one.street.lower() in line1), None)
        if of_street:
            return [_result(of_street, "GEOMETRIC_CENTER", numbered=False) | {"partial_match": True}]
        like = next((one for one in self.houses if one.street.lower()[:4] in line1), None)
        return [_result(like, "ROOFTOP") | {"partial_match": True}] if like else []

    async def _autocomplete(self, request: Request) -> Response:
        return await self._place_call(request, "autocomplete", self._predicted)

    async def _details(self, request: Request) -> Response:
        return await self._place_call(request, "details", self._described)

    async def _place_call(
        self, request: Request, name: str, answer: Callable[[Request, bytes], Response | dict[str, Any]]
    ) -> Response:
        body = await request.body()
        self.asked.append((name, orjson.loads(body) if body else dict(request.query_params)))
        if fault := await self._fault(request):
            return fault
        key, mask = request.headers.get("x-goog-api-key"), request.headers.get("x-goog-fieldmask")
        if key is None:
            return _refusal(403, "Method doesn't allow unregistered callers.")
        if key != KEY:
            return _refusal(400, "API key not valid.", reason="API_KEY_INVALID")
        if not mask:
            return _refusal(400, "FieldMask is a required parameter.")
        found = answer(request, body)
        return found if isinstance(found, Response) else JSONResponse(_masked(found, mask))

    def _predicted(self, _: Request, body: bytes) -> Response | dict[str, Any]:
        asked = types.AutocompletePlacesRequest.from_json(body.decode())
        if len(asked.session_token) > 36 or asked.location_bias.circle.radius > 50_000:
            return _refusal(400, "Invalid argument.")
        found = [one for one in self.houses if one.formatted.lower().startswith(asked.input.lower())]
        suggestions = [
            {
                "placePrediction": {
                    "place": f"places/{one.id}",
                    "placeId": one.id,
                    "text": {"text": one.formatted, "matches": [{"endOffset": len(asked.input)}]},
                    "types": ["street_address", "geocode"],
                }
            }
            for one in found
        ]
        answer: dict[str, Any] = {"suggestions": suggestions} if suggestions else {}
        types.AutocompletePlacesResponse.from_json(orjson.dumps(answer).decode())
        return answer

    def _described(self, request: Request, _: bytes) -> Response | dict[str, Any]:
        place_id = request.path_params["place_id"]
        if place_id == "ChIJ-elsewhere":
            return {"id": place_id, "addressComponents": [{"shortText": "CA", "types": ["country"]}]}
        house = next((one for one in self.houses if one.id == place_id), None)
        if house is None:
            return _refusal(404 if place_id.startswith("ChIJ") else 400, "The Place ID is no longer valid.")
        answer = {
            "name": f"places/{house.id}",
            "id": house.id,
            "formattedAddress": house.formatted,
            "addressComponents": house.components("longText", "shortText"),
            "location": {"latitude": house.latitude, "longitude": house.longitude},
            "types": ["street_address"],
        }
        types.Place.from_json(orjson.dumps(answer).decode())
        return answer


def _result(house: Known, location_type: str, *, numbered: bool = True) -> dict[str, Any]:
    return {
        "address_components": house.components("long_name", "short_name", numbered=numbered),
        "formatted_address": house.formatted if numbered else house.formatted.partition(" ")[2],
        "geometry": {
            "location": {"lat": house.latitude, "lng": house.longitude},
            "location_type": location_type,
        },
        "place_id": house.id,
        "types": ["street_address"] if numbered else ["route"],
    }


def _refusal(status: int, message: str, *, reason: str | None = None) -> JSONResponse:
    details = [{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": reason}] if reason else []
    return JSONResponse(
        {"error": {"code": status, "message": message, "details": details}}, status_code=status
    )


def _masked(answer: dict[str, Any], mask: str) -> dict[str, Any]:
    """Return only the fields that the mask names."""
    kept: dict[str, Any] = {}
    for path in mask.split(","):
        _keep(answer, kept, path.split("."))
    return kept


def _keep(whole: dict[str, Any], kept: dict[str, Any], path: list[str]) -> None:
    name, *rest = path
    if name not in whole:
        return
    value = whole[name]
    if not rest:
        kept[name] = value
    elif isinstance(value, list):
        parts = kept.setdefault(name, [{} for _ in value])
        for one, part in zip(value, parts, strict=True):
            _keep(one, part, rest)
    else:
        _keep(value, kept.setdefault(name, {}), rest)
