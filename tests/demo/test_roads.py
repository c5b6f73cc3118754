"""The simulator's cars keep to the map, to their speed and to their destination."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faded_skies.demo.people import CUSTOMERS
from faded_skies.demo.road_map import JUNCTIONS, ROADS, Point
from faded_skies.demo.roads import ACCESS_KMH, Position, drive, nearest, route, speed_mps
from faded_skies.platform.geo import distance_m

HOMES = [Point(c.address.latitude, c.address.longitude) for c in CUSTOMERS if c.address]
homes = st.sampled_from(HOMES)
# Anywhere a customer may live: both service areas and the country around them.
places = st.builds(Point, st.floats(29.9, 30.75), st.floats(-98.15, -97.3))
steps = st.floats(0.5, 120)


def length_m(path: list[Point]) -> float:
    return sum(distance_m(*a, *b) for a, b in pairwise(path))


def test_every_junction_lies_on_a_road_and_has_a_place_of_its_own() -> None:
    assert {name for road in ROADS for name in road.junctions} == set(JUNCTIONS)
    assert len(set(JUNCTIONS.values())) == len(JUNCTIONS)


def test_neighbouring_junctions_are_distinct_and_near_each_other() -> None:
    for road in ROADS:
        for a, b in pairwise(road.junctions):
            assert 100 < distance_m(*JUNCTIONS[a], *JUNCTIONS[b]) < 12_000, (road.name, a, b)


def test_every_junction_can_be_reached() -> None:
    downtown = JUNCTIONS["Congress at 6th"]
    for junction in JUNCTIONS.values():
        path = route(downtown, junction)
        assert (path[0], path[-1]) == (downtown, junction)


@given(homes, homes)
def test_any_two_homes_are_connected_by_road(a: Point, b: Point) -> None:
    path = route(a, b)

    assert path[0] == a
    assert path[-1] == b
    assert all(point in JUNCTIONS.values() for point in path[1:-1])
    assert len(set(path)) == len(path)
    assert length_m(path) >= distance_m(*a, *b) - 0.01


@given(homes, homes)
def test_the_way_back_takes_as_long(a: Point, b: Point) -> None:
    def seconds(path: list[Point]) -> float:
        return sum(distance_m(*p, *q) / speed_mps(p, q) for p, q in pairwise(path))

    assert seconds(route(a, b)) == pytest.approx(seconds(route(b, a)))


@given(places)
def test_the_nearest_junction_is_nearer_than_every_other(place: Point) -> None:
    found = distance_m(*place, *nearest(*place))
    assert found == min(distance_m(*place, *junction) for junction in JUNCTIONS.values())


@given(places, places, steps)
def test_a_car_never_outruns_its_speed(a: Point, b: Point, every: float) -> None:
    path = route(a, b)
    fastest = max((speed_mps(p, q) for p, q in pairwise(path)), default=0.0)
    positions = list(drive(path, every))

    for before, after in pairwise(positions):
        assert distance_m(before.lat, before.lng, after.lat, after.lng) <= fastest * every + 0.5
    for position in positions:
        assert 0 <= position.heading < 360
        assert 0 <= position.speed <= fastest


@given(homes, homes, steps)
def test_a_car_moves_along_its_path_and_arrives(a: Point, b: Point, every: float) -> None:
    path = route(a, b)
    positions = list(drive(path, every))

    assert positions[0][:2] == a
    assert positions[-1] == Position(*b, positions[-1].heading, 0.0)
    segment = 0
    for position in positions:
        # The first segment, from the last one on, that the position lies on: it must never be an earlier one.
        while segment < len(path) - 2 and not lies_on(position, path[segment], path[segment + 1]):
            segment += 1
        if len(path) > 1:
            assert lies_on(position, path[segment], path[segment + 1])


def lies_on(position: Position, a: Point, b: Point) -> bool:
    here = Point(position.lat, position.lng)
    # The straight line of degrees and the great circle differ by centimetres per kilometre.
    return distance_m(*a, *here) + distance_m(*here, *b) - distance_m(*a, *b) < 1.0


def test_positions_come_at_the_edge_speed() -> None:
    a, b = JUNCTIONS["I-35 at Oltorf"], JUNCTIONS["I-35 at Ben White"]
    first, second, *_ = drive([a, b], every=3)

    assert first.speed == second.speed == speed_mps(a, b) == pytest.approx(100 / 3.6)
    assert distance_m(first.lat, first.lng, second.lat, second.lng) == pytest.approx(
        3 * first.speed, rel=1e-3
    )
    assert 190 < first.heading < 220


def test_two_doors_at_one_junction_are_joined_directly() -> None:
    junction = JUNCTIONS["Congress at 6th"]
    a, b = Point(junction.lat + 0.001, junction.lng), Point(junction.lat + 0.002, junction.lng)

    assert route(a, b) == [a, b]
    assert speed_mps(a, b) == ACCESS_KMH / 3.6
    assert [position.speed > 0 for position in drive([a, b], every=10)] == [True, True, False]


def test_a_car_that_is_already_there_stands_still() -> None:
    home = HOMES[0]
    assert route(home, home) == [home]
    assert list(drive([home], every=3)) == [Position(*home, 0.0, 0.0)]


@pytest.mark.parametrize(("path", "every"), [([], 3.0), (HOMES[:2], 0.0), (HOMES[:2], -1.0)])
def test_a_drive_to_nowhere_or_without_time_is_refused(path: list[Point], every: float) -> None:
    with pytest.raises(ValueError, match="at least one point and a positive time"):
        next(drive(path, every))
