"""Circles and polygons on the map: what lies in them is told twice, by two ways of counting, and must agree."""

from collections.abc import Sequence
from itertools import pairwise
from math import atan2, cos, isclose, nan, pi, sin
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from faded_skies.domains.places.rules.shapes import (
    MOST_CORNERS,
    Circle,
    Point,
    Polygon,
    Ring,
    geojson_of,
    polygon_of,
    problem_of,
)

SQUARE: Ring = ((30.0, -98.0), (30.0, -97.0), (31.0, -97.0), (31.0, -98.0))
HOLE: Ring = ((30.4, -97.6), (30.4, -97.4), (30.6, -97.4), (30.6, -97.6))
OTHER_HOLE: Ring = ((30.1, -97.9), (30.1, -97.8), (30.2, -97.8), (30.2, -97.9))


def winding(ring: Sequence[Point], latitude: float, longitude: float) -> int:
    """How often the ring turns round the point: the angles added up, which counts no crossings."""
    angles = [atan2(lat - latitude, lng - longitude) for lat, lng in ring]
    turns = 0.0
    for one, two in zip(angles, [*angles[1:], angles[0]], strict=True):
        turns += (two - one + pi) % (2 * pi) - pi
    return round(turns / (2 * pi))


def gap(ring: Sequence[Point], latitude: float, longitude: float) -> float:
    """How far the point is from the line, in degrees."""
    best = 9e9
    for (lat1, lng1), (lat2, lng2) in zip(ring, [*ring[1:], ring[0]], strict=True):
        dy, dx = lat2 - lat1, lng2 - lng1
        along = ((latitude - lat1) * dy + (longitude - lng1) * dx) / (dy * dy + dx * dx)
        along = min(1.0, max(0.0, along))
        best = min(best, ((latitude - lat1 - along * dy) ** 2 + (longitude - lng1 - along * dx) ** 2) ** 0.5)
    return best


@st.composite
def stars(draw: st.DrawFn) -> Ring:
    """A ring round a middle, with corners near and far: seldom convex, and it never crosses itself."""
    count = draw(st.integers(3, 14))
    lat, lng = draw(st.floats(-60, 60)), draw(st.floats(-170, 170))
    reach = st.floats(0.05, 0.5)
    return tuple(
        (lat + r * sin(2 * pi * i / count), lng + r * cos(2 * pi * i / count))
        for i, r in enumerate(draw(st.lists(reach, min_size=count, max_size=count)))
    )


offsets = st.tuples(st.floats(-0.6, 0.6), st.floats(-0.6, 0.6))


def near(ring: Ring, offset: tuple[float, float]) -> Point:
    return (
        sum(lat for lat, _ in ring) / len(ring) + offset[0],
        sum(lng for _, lng in ring) / len(ring) + offset[1],
    )


@given(stars(), offsets)
def test_a_point_lies_inside_when_the_line_turns_round_it(ring: Ring, offset: tuple[float, float]) -> None:
    point = near(ring, offset)
    assume(gap(ring, *point) > 1e-6)

    assert Polygon((ring,)).contains(*point) is (winding(ring, *point) != 0)


@given(stars(), offsets, st.integers(0, 13))
def test_it_does_not_matter_where_a_ring_begins_and_how_it_turns(
    ring: Ring, offset: tuple[float, float], start: int
) -> None:
    point = near(ring, offset)
    assume(gap(ring, *point) > 1e-6)
    turned = ring[start % len(ring) :] + ring[: start % len(ring)]

    told = {Polygon((one,)).contains(*point) for one in (ring, turned, ring[::-1])}

    assert len(told) == 1


@given(stars(), st.integers(0, 13), st.floats(0, 1))
def test_the_line_belongs_to_the_area(ring: Ring, side: int, along: float) -> None:
    (lat1, lng1), (lat2, lng2) = ring[side % len(ring)], ring[(side + 1) % len(ring)]

    assert Polygon((ring,)).contains(lat1 + along * (lat2 - lat1), lng1 + along * (lng2 - lng1))


@given(stars())
def test_a_star_is_well_drawn_and_its_middle_is_that_of_its_triangles(ring: Ring) -> None:
    polygon = Polygon((ring,))
    assert problem_of(polygon) is None
    surface = lat = lng = 0.0
    (y0, x0) = ring[0]
    for (y1, x1), (y2, x2) in pairwise(ring[1:]):
        size = (x1 - x0) * (y2 - y0) - (x2 - x0) * (y1 - y0)
        surface += size
        lat += size * (y0 + y1 + y2) / 3
        lng += size * (x0 + x1 + x2) / 3
    middle = polygon.middle
    assert isclose(middle[0], lat / surface, abs_tol=1e-6)
    assert isclose(middle[1], lng / surface, abs_tol=1e-6)


@given(st.floats(29.5, 31.5), st.floats(-98.5, -96.5))
def test_a_hole_is_outside_and_its_line_inside(latitude: float, longitude: float) -> None:
    polygon = Polygon((SQUARE, HOLE, OTHER_HOLE[::-1]))
    in_square = 30 <= latitude <= 31 and -98 <= longitude <= -97
    in_hole = 30.4 < latitude < 30.6 and -97.6 < longitude < -97.4
    in_other = 30.1 < latitude < 30.2 and -97.9 < longitude < -97.8
    assume(min(gap(ring, latitude, longitude) for ring in polygon.rings) > 1e-8)

    assert polygon.contains(latitude, longitude) is (in_square and not in_hole and not in_other)


@pytest.mark.parametrize(
    ("point", "inside"),
    [
        ((30.5, -97.5), False),
        ((30.4, -97.5), True),
        ((30.4, -97.6), True),
        ((30.0, -98.0), True),
        ((31.0, -97.5), True),
        ((30.5, -98.0), True),
        ((30.5, -98.00001), False),
        ((31.00001, -97.5), False),
        ((30.0, -96.9), False),
        ((31.0, -98.1), False),
    ],
)
def test_lines_and_corners(point: Point, inside: bool) -> None:
    assert Polygon((SQUARE, HOLE)).contains(*point) is inside


def test_the_middle_of_a_square_and_of_one_with_holes() -> None:
    assert Polygon((SQUARE,)).middle == pytest.approx((30.5, -97.5))
    assert Polygon((SQUARE, HOLE)).middle == pytest.approx((30.5, -97.5))
    hole = ((30.4, -97.4), (30.6, -97.4), (30.6, -97.1), (30.4, -97.1))
    # A square of 1 less 0.06 at -97.25: (-97.5 + 0.06 * 97.25) / 0.94
    west = pytest.approx((30.5, (-97.5 + 0.06 * 97.25) / 0.94))
    assert Polygon((SQUARE, hole)).middle == west
    assert Polygon((SQUARE[::-1], hole)).middle == west


CORNERS = "Draw at least three different corners."
CROSSES = "The line crosses or touches itself. Draw it so that it does not."
DEGREES = "Give corners in degrees: latitude -90 to 90, longitude -180 to 180."
WITHIN = "Draw each hole within the area, clear of its line."
APART = "Draw holes apart from each other."
SMALL = "This area is smaller than a city block. Draw a larger one."
LARGE = "Keep the area within 200 km of its middle."
WRONG: list[tuple[str, tuple[Ring, ...], str]] = [
    ("nothing", (), CORNERS),
    ("an empty ring", ((),), CORNERS),
    ("two corners", (SQUARE[:2],), CORNERS),
    ("two corners, told often", ((*SQUARE[:2], *SQUARE[:2]),), CORNERS),
    ("an hourglass", ((SQUARE[0], SQUARE[2], SQUARE[1], SQUARE[3]),), CROSSES),
    ("a spike", ((*SQUARE[:3], (32.0, -97.0), *SQUARE[2:]),), CROSSES),
    ("a line back and forth", (((30.0, -98.0), (30.0, -97.0), (30.0, -97.5)),), CROSSES),
    ("a corner on another side", (((30.0, -98.0), (30.0, -97.0), (31.0, -97.0), (30.0, -97.5)),), CROSSES),
    ("a corner visited twice", ((*SQUARE, (30.5, -97.5), (31.0, -97.0)),), CROSSES),
    ("no number", ((*SQUARE[:3], (nan, -98.0)),), DEGREES),
    ("infinity", ((*SQUARE[:3], (31.0, float("-inf"))),), DEGREES),
    ("off the globe", ((*SQUARE[:3], (91.0, -98.0)),), DEGREES),
    ("round the globe", ((*SQUARE[:3], (31.0, -198.0)),), DEGREES),
    ("a hole outside", (SQUARE, tuple((lat + 2, lng) for lat, lng in HOLE)), WITHIN),
    ("a hole over the line", (SQUARE, ((30.5, -97.5), (30.6, -96.5), (30.7, -97.5))), WITHIN),
    ("a hole on the line", (SQUARE, ((30.0, -97.6), (30.2, -97.5), (30.2, -97.6))), WITHIN),
    ("a hole in a hole", (SQUARE, HOLE, ((30.45, -97.55), (30.45, -97.45), (30.5, -97.5))), APART),
    ("holes that cross", (SQUARE, HOLE, ((30.5, -97.5), (30.5, -97.2), (30.7, -97.2))), APART),
    ("a yard", (((30.0, -98.0), (30.0, -97.9995), (30.0005, -97.9995)),), SMALL),
    ("a hole that leaves nothing", (SQUARE, tuple((lat, lng) for lat, lng in SQUARE)), WITHIN),
    ("half of Texas", (((28.0, -100.0), (28.0, -96.0), (33.0, -96.0), (33.0, -100.0)),), LARGE),
    ("over the antimeridian", (((52.0, 179.9), (52.0, -179.9), (52.5, -179.9), (52.5, 179.9)),), LARGE),
    ("at the pole", (((90.0, 0.0), (90.0, 90.0), (89.9, 45.0)),), SMALL),
]


@pytest.mark.parametrize(("rings", "message"), [pytest.param(*one[1:], id=one[0]) for one in WRONG])
def test_what_is_drawn_wrongly(rings: tuple[Ring, ...], message: str) -> None:
    assert problem_of(Polygon(rings)) == message


def test_no_more_corners_than_can_be_compared() -> None:
    def round_one(count: int) -> Polygon:
        return Polygon(
            (tuple((30 + sin(2 * pi * i / count), -97 + cos(2 * pi * i / count)) for i in range(count)),)
        )

    assert problem_of(round_one(MOST_CORNERS)) is None
    assert problem_of(round_one(MOST_CORNERS + 1)) == "Draw at most 500 corners."


@pytest.mark.parametrize(
    ("circle", "message"),
    [
        (Circle(30.0, -97.0, 200_000), None),
        (Circle(30.0, -97.0, 200_001), "Choose a radius of up to 200 km."),
        (Circle(30.0, -97.0, 0), "Choose a radius of up to 200 km."),
        (
            Circle(90.5, -97.0, 10),
            "Give the middle in degrees: latitude -90 to 90, longitude -180 to 180.",
        ),
        (Circle(30.0, nan, 10), "Give the middle in degrees: latitude -90 to 90, longitude -180 to 180."),
    ],
)
def test_circles(circle: Circle, message: str | None) -> None:
    assert problem_of(circle) == message


def test_a_circle_holds_what_is_near_its_middle() -> None:
    circle = Circle(30.0, -97.0, 1_112)  # a hundredth of a degree northwards is 1111.95 m

    assert circle.contains(30.01, -97.0)
    assert not circle.contains(30.01001, -97.0)
    assert circle.middle == (30.0, -97.0)


@given(stars())
def test_geojson_and_back(ring: Ring) -> None:
    polygon = Polygon((ring,))
    told = geojson_of(polygon)

    assert told["type"] == "Polygon"
    coordinates: Any = told["coordinates"]
    assert coordinates[0][0] == coordinates[0][-1] == [ring[0][1], ring[0][0]]
    assert polygon_of(coordinates) == polygon


def test_a_ring_may_be_open_and_a_corner_told_twice() -> None:
    corners = [[lng, lat] for lat, lng in SQUARE]
    drawn = [corners[0], *corners, corners[3]]

    assert polygon_of([corners]) == polygon_of([[*corners, corners[0]]]) == polygon_of([drawn])
