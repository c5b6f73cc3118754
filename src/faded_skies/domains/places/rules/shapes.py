"""Areas on the map: circles, and polygons with holes. Points are (latitude, longitude) in degrees, WGS 84.

The sides of a polygon are straight lines in degrees, as GeoJSON draws them (RFC 7946 §3.1.1). No area may cross
the antimeridian.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, combinations
from math import cos, hypot, isfinite, radians

from faded_skies.platform.geo import EARTH_RADIUS_M, distance_m

Point = tuple[float, float]
Ring = tuple[Point, ...]
Side = tuple[Point, Point]

MOST_CORNERS = 500
"""Corners of one polygon; each pair of its sides is compared once, when it is drawn."""

MOST_REACH_M = 200_000
"""Farthest from the middle that an area may reach; nobody drives farther in one shift."""

LEAST_SURFACE_M2 = 10_000
"""A city block; anything smaller is a slip of the hand."""

_HAIR = 1e-9
"""Degrees, a tenth of a millimetre: so near to a side a point lies on it."""


@dataclass(frozen=True, slots=True)
class Circle:
    """All points within `radius_m` metres of the middle."""

    latitude: float
    longitude: float
    radius_m: int

    @property
    def middle(self) -> Point:
        return self.latitude, self.longitude

    def contains(self, latitude: float, longitude: float) -> bool:
        return distance_m(*self.middle, latitude, longitude) <= self.radius_m


@dataclass(frozen=True, slots=True)
class Polygon:
    """What lies within the first ring and in none of the others, the holes; the line itself belongs to it.

    A ring has at least three corners and closes by itself: its first corner is not repeated.
    """

    rings: tuple[Ring, ...]

    @property
    def middle(self) -> Point:
        """Its centre of gravity, holes taken out."""
        whole = latitude = longitude = 0.0
        # Measured from a corner: far from zero the small surface would drown in rounding.
        lat0, lng0 = self.rings[0][0]
        for number, ring in enumerate(self.rings):
            surface, lat_moment, lng_moment = _moments(ring, lat0, lng0)
            sign = -1.0 if (surface > 0) == (number > 0) else 1.0  # holes count against, however they turn
            whole += sign * surface
            latitude += sign * lat_moment
            longitude += sign * lng_moment
        return lat0 + latitude / whole, lng0 + longitude / whole

    def contains(self, latitude: float, longitude: float) -> bool:
        """Count the sides east of the point: an odd number surrounds it (even-odd rule)."""
        inside = False
        for side in chain.from_iterable(map(_sides, self.rings)):
            (lat1, lng1), (lat2, lng2) = side
            if _lies_on(side, latitude, longitude):
                return True
            if (lat1 > latitude) != (lat2 > latitude):
                crossing = lng1 + (latitude - lat1) / (lat2 - lat1) * (lng2 - lng1)
                inside ^= longitude < crossing
        return inside


Shape = Circle | Polygon


def problem_of(shape: Shape) -> str | None:
    """Say what is wrong with an area as it is drawn, None when nothing is."""
    return _circle_problem(shape) if isinstance(shape, Circle) else _polygon_problem(shape)


def geojson_of(polygon: Polygon) -> dict[str, object]:
    """Return a GeoJSON Polygon: longitude first, rings closed (RFC 7946 §3.1.6)."""
    rings = [[[lng, lat] for lat, lng in (*ring, ring[0])] for ring in polygon.rings]
    return {"type": "Polygon", "coordinates": rings}


def polygon_of(coordinates: Sequence[Sequence[Sequence[float]]]) -> Polygon:
    """Return the polygon of GeoJSON coordinates; a ring may be closed or not, and a corner may be told twice."""
    return Polygon(tuple(_ring([(lat, lng) for lng, lat, *_ in ring]) for ring in coordinates))


def _ring(corners: Sequence[Point]) -> Ring:
    once = [corner for corner, last in zip(corners, [None, *corners], strict=False) if corner != last]
    return tuple(once[:-1] if len(once) > 1 and once[0] == once[-1] else once)


def _circle_problem(circle: Circle) -> str | None:
    if not _is_on_earth(circle.middle):
        return "Give the middle in degrees: latitude -90 to 90, longitude -180 to 180."
    if not 0 < circle.radius_m <= MOST_REACH_M:
        return f"Choose a radius of up to {MOST_REACH_M // 1000} km."
    return None


def _polygon_problem(polygon: Polygon) -> str | None:
    corners = list(chain.from_iterable(polygon.rings))
    if not polygon.rings or any(len(set(ring)) < 3 for ring in polygon.rings):  # noqa: PLR2004 - a triangle
        return "Draw at least three different corners."
    if len(corners) > MOST_CORNERS:
        return f"Draw at most {MOST_CORNERS} corners."
    if not all(map(_is_on_earth, corners)):
        return "Give corners in degrees: latitude -90 to 90, longitude -180 to 180."
    return _line_problem(polygon) or _size_problem(polygon, corners)


def _line_problem(polygon: Polygon) -> str | None:
    if any(_crosses_itself(ring) for ring in polygon.rings):
        return "The line crosses or touches itself. Draw it so that it does not."
    outside, *holes = polygon.rings
    for hole in holes:
        if not Polygon((outside,)).contains(*hole[0]) or _meet(outside, hole):
            return "Draw each hole within the area, clear of its line."
    for one, other in combinations(holes, 2):
        nested = Polygon((one,)).contains(*other[0]) or Polygon((other,)).contains(*one[0])
        if nested or _meet(one, other):
            return "Draw holes apart from each other."
    return None


def _size_problem(polygon: Polygon, corners: Sequence[Point]) -> str | None:
    lat, lng = corners[0]
    if any(distance_m(lat, lng, *corner) > 2 * MOST_REACH_M for corner in corners):
        return f"Keep the area within {MOST_REACH_M // 1000} km of its middle."
    surface = sum(
        abs(_moments(ring, lat, lng)[0]) * (-1 if number else 1) for number, ring in enumerate(polygon.rings)
    )
    metres_per_degree = radians(1) * EARTH_RADIUS_M
    if surface * metres_per_degree**2 * cos(radians(lat)) < LEAST_SURFACE_M2:
        return "This area is smaller than a city block. Draw a larger one."
    middle = polygon.middle
    if any(distance_m(*middle, *corner) > MOST_REACH_M for corner in corners):
        return f"Keep the area within {MOST_REACH_M // 1000} km of its middle."
    return None


def _is_on_earth(point: Point) -> bool:
    latitude, longitude = point
    return isfinite(latitude) and isfinite(longitude) and abs(latitude) <= 90 and abs(longitude) <= 180  # noqa: PLR2004 - degrees


def _sides(ring: Ring) -> Iterator[Side]:
    return zip(ring, (*ring[1:], ring[0]), strict=True)


def _moments(ring: Ring, lat0: float, lng0: float) -> tuple[float, float, float]:
    """Return the signed surface in square degrees, and its moments in latitude and longitude."""
    surface = lat_moment = lng_moment = 0.0
    for (lat1, lng1), (lat2, lng2) in _sides(ring):
        y1, x1, y2, x2 = lat1 - lat0, lng1 - lng0, lat2 - lat0, lng2 - lng0
        cross = x1 * y2 - x2 * y1
        surface += cross / 2
        lat_moment += (y1 + y2) * cross / 6
        lng_moment += (x1 + x2) * cross / 6
    return surface, lat_moment, lng_moment


def _lies_on(side: Side, latitude: float, longitude: float) -> bool:
    (lat1, lng1), (lat2, lng2) = side
    if not (
        min(lat1, lat2) - _HAIR <= latitude <= max(lat1, lat2) + _HAIR
        and min(lng1, lng2) - _HAIR <= longitude <= max(lng1, lng2) + _HAIR
    ):
        return False
    cross = (lng2 - lng1) * (latitude - lat1) - (lat2 - lat1) * (longitude - lng1)
    return abs(cross) <= _HAIR * hypot(lat2 - lat1, lng2 - lng1)


def _crosses_itself(ring: Ring) -> bool:
    sides = list(_sides(ring))
    for (i, one), (j, other) in combinations(enumerate(sides), 2):
        neighbours = j == i + 1 or (i == 0 and j == len(sides) - 1)
        if neighbours:
            (start, corner), end = (one, other[1]) if j == i + 1 else (other, one[1])
            if _lies_on((start, corner), *end) or _lies_on((corner, end), *start):
                return True  # it turns back on itself
        elif _cross(one, other):
            return True
    return False


def _meet(one: Ring, other: Ring) -> bool:
    return any(_cross(a, b) for a in _sides(one) for b in _sides(other))


def _cross(one: Side, other: Side) -> bool:
    """Tell whether two sides share a point."""
    (a, b), (c, d) = one, other
    if (
        max(a[0], b[0]) < min(c[0], d[0])
        or max(c[0], d[0]) < min(a[0], b[0])
        or max(a[1], b[1]) < min(c[1], d[1])
        or max(c[1], d[1]) < min(a[1], b[1])
    ):
        return False
    if any(_lies_on(one, *point) for point in other) or any(_lies_on(other, *point) for point in one):
        return True
    return (_turn(a, b, c) > 0) != (_turn(a, b, d) > 0) and (_turn(c, d, a) > 0) != (_turn(c, d, b) > 0)


def _turn(a: Point, b: Point, c: Point) -> float:
    return (b[1] - a[1]) * (c[0] - a[0]) - (b[0] - a[0]) * (c[1] - a[1])
