"""Service areas as GeoJSON (RFC 7946), in and out. Circles, which it has not, are points with a radius."""

import re
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from faded_skies.domains.places.service import Circle, DrawnArea, Polygon, ServiceArea, geojson_of, polygon_of
from faded_skies.platform.http.fields import Body, Id, Line, Shape
from faded_skies.platform.money import Dollars, cents_of, to_dollars

MOST_AREAS = 50
_HOUR = 60
_CLOCK = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]|24:00")


def _time_of_day(text: str) -> str:
    if not _CLOCK.fullmatch(text):
        raise PydanticCustomError(
            "time_of_day", "Write the time as HH:MM, such as 09:00; the day ends at 24:00."
        )
    return text


def _closed(ring: list[Any]) -> list[Any]:
    if ring[0] != ring[-1]:
        raise PydanticCustomError("open_ring", "Close the ring: its last corner is its first (RFC 7946).")
    return ring


_Degrees = Annotated[float, Field(strict=True, ge=-180, le=180, allow_inf_nan=False, description="Degrees.")]
_Position = Annotated[
    list[_Degrees], Field(min_length=2, max_length=3, description="Longitude first, then latitude.")
]
_Ring = Annotated[list[_Position], Field(min_length=4, max_length=501), AfterValidator(_closed)]
_TimeOfDay = Annotated[str, AfterValidator(_time_of_day), Field(max_length=5, examples=["09:00"])]


class Geometry(Body):
    """A Polygon, its first ring the outside and the others holes; or a Point, the middle of a circle."""

    type: Literal["Polygon", "Point"]
    coordinates: Annotated[list[_Ring], Field(min_length=1, max_length=50)] | _Position

    def shape(self, radius_m: int | None) -> Circle | Polygon | None:
        """Return what is drawn; None when coordinates and radius do not fit the type."""
        first = self.coordinates[0]
        if self.type == "Point":
            if isinstance(first, list) or radius_m is None:
                return None
            longitude, latitude = self.coordinates[:2]
            return Circle(latitude, longitude, radius_m)  # type: ignore[arg-type]  # a position, as just asked
        return polygon_of(self.coordinates) if isinstance(first, list) else None  # type: ignore[arg-type]  # rings


class AreaProperties(Body):
    """Times are the shop's own; `radiusMetres` belongs to a Point."""

    name: Annotated[Line, Field(max_length=100)] | None = None
    delivery_fee: Dollars | None = None
    minimum_order: Dollars | None = None
    opens_at: _TimeOfDay | None = None
    closes_at: _TimeOfDay | None = None
    is_active: Annotated[bool, Field(strict=True)] | None = None
    radius_metres: Annotated[int, Field(strict=True, ge=1, le=200_000, description="Metres.")] | None = None

    def given(self) -> dict[str, Any]:
        """Return what was sent, as ServiceArea names it."""
        told = {
            "name": self.name,
            "fee_cents": None if self.delivery_fee is None else cents_of(self.delivery_fee),
            "minimum_cents": None if self.minimum_order is None else cents_of(self.minimum_order),
            "opens_minute": None if self.opens_at is None else _minute(self.opens_at),
            "closes_minute": None if self.closes_at is None else _minute(self.closes_at),
            "is_active": self.is_active,
        }
        return {name: value for name, value in told.items() if value is not None}


_EXAMPLE = {
    "type": "Feature",
    "geometry": {
        "type": "Polygon",
        "coordinates": [[[-97.8, 30.2], [-97.7, 30.2], [-97.7, 30.35], [-97.8, 30.35], [-97.8, 30.2]]],
    },
    "properties": {
        "name": "Central",
        "deliveryFee": 4.99,
        "minimumOrder": 40,
        "opensAt": "09:00",
        "closesAt": "21:00",
    },
}


class AreaFeature(Body, json_schema_extra={"examples": [_EXAMPLE]}):
    """An area. With an `id` it is that one; without, the one of its name, else a new one."""

    type: Literal["Feature"]
    id: Id | None = None
    geometry: Geometry
    properties: AreaProperties
    bbox: Annotated[list[_Degrees], Field(max_length=6, description="Not looked at.")] | None = None

    def drawn(self, where: str, problems: list[tuple[str, str]]) -> DrawnArea:
        """Return the area as it is kept; adds to `problems` when its geometry is no area."""
        given = self.properties.given()
        shape = self.geometry.shape(self.properties.radius_metres)
        if shape is None:
            problems.append(
                (
                    f"{where}geometry",
                    "Draw a Polygon with rings, or a Point with radiusMetres in its properties.",
                )
            )
        else:
            given["shape"] = shape
        return DrawnArea(where, self.id, given)


class AreaCollection(
    Body, json_schema_extra={"examples": [{"type": "FeatureCollection", "features": [_EXAMPLE]}]}
):
    """Areas as a file."""

    type: Literal["FeatureCollection"]
    features: Annotated[list[AreaFeature], Field(min_length=1, max_length=MOST_AREAS)]
    bbox: Annotated[list[_Degrees], Field(max_length=6, description="Not looked at.")] | None = None
    name: Annotated[Line, Field(max_length=255, description="Not looked at.")] | None = None


class ChangeArea(Body, json_schema_extra={"examples": [{"properties": {"deliveryFee": 5.99}}]}):
    """What is sent is changed; a circle's middle and radius go together."""

    geometry: Geometry | None = None
    properties: AreaProperties | None = None

    def drawn(self, problems: list[tuple[str, str]]) -> DrawnArea:
        """Return the change; adds to `problems` when its geometry is no area."""
        properties = self.properties or AreaProperties()
        if self.geometry is None:
            if properties.radius_metres is not None:
                problems.append(("properties.radiusMetres", "Send the middle too, as a Point in geometry."))
            return DrawnArea("", None, properties.given())
        feature = AreaFeature(type="Feature", geometry=self.geometry, properties=properties)
        return feature.drawn("", problems)


class AreaPropertiesShape(Shape):
    name: str
    delivery_fee: float
    minimum_order: float
    opens_at: str
    closes_at: str
    is_active: bool
    radius_metres: int | None


class GeometryShape(Shape):
    type: Literal["Polygon", "Point"]
    coordinates: list[list[list[float]]] | list[float]


class AreaFeatureShape(Shape):
    """An area; one that is not active is not served."""

    type: Literal["Feature"]
    id: UUID
    geometry: GeometryShape
    properties: AreaPropertiesShape


class AreasAnswer(Shape):
    """All areas, as a file for maps."""

    type: Literal["FeatureCollection"]
    features: list[AreaFeatureShape]


class AreasTakenAnswer(Shape):
    """How many areas were added, changed, and are as they were."""

    dry_run: bool
    created: int
    changed: int
    unchanged: int


def present_area(area: ServiceArea) -> dict[str, object]:
    circle = area.shape if isinstance(area.shape, Circle) else None
    geometry = (
        geojson_of(area.shape)
        if isinstance(area.shape, Polygon)
        else {"type": "Point", "coordinates": [area.shape.longitude, area.shape.latitude]}
    )
    return {
        "type": "Feature",
        "id": area.id,
        "geometry": geometry,
        "properties": {
            "name": area.name,
            "deliveryFee": to_dollars(area.fee_cents),
            "minimumOrder": to_dollars(area.minimum_cents),
            "opensAt": _clock(area.opens_minute),
            "closesAt": _clock(area.closes_minute),
            "isActive": area.is_active,
            "radiusMetres": None if circle is None else circle.radius_m,
        },
    }


def _minute(text: str) -> int:
    hours, minutes = text.split(":")
    return int(hours) * _HOUR + int(minutes)


def _clock(minute: int) -> str:
    return f"{minute // _HOUR:02}:{minute % _HOUR:02}"
