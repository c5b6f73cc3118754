"""Distances and bearings against figures that are known from elsewhere."""

from math import pi

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faded_skies.platform.geo import EARTH_RADIUS_M, bearing_deg, distance_m

latitudes = st.floats(-90, 90)
longitudes = st.floats(-180, 180)


def test_a_degree_along_the_equator() -> None:
    assert distance_m(0, 0, 0, 1) == pytest.approx(EARTH_RADIUS_M * pi / 180)


def test_austin_to_round_rock() -> None:
    assert distance_m(30.2672, -97.7431, 30.5082, -97.6789) == pytest.approx(27_497, rel=1e-3)


def test_antipodes_are_half_the_circumference_apart() -> None:
    assert distance_m(90, 0, -90, 0) == pytest.approx(EARTH_RADIUS_M * pi)


@pytest.mark.parametrize(
    ("lat", "lng", "bearing"),
    [(31, -97, 0), (30, -96, 89.75), (29, -97, 180), (30, -98, 270.25)],
)
def test_the_four_winds(lat: float, lng: float, bearing: float) -> None:
    assert bearing_deg(30, -97, lat, lng) == pytest.approx(bearing, abs=0.01)


@given(latitudes, longitudes, latitudes, longitudes)
def test_distance_is_symmetric_and_bounded(lat1: float, lng1: float, lat2: float, lng2: float) -> None:
    there = distance_m(lat1, lng1, lat2, lng2)
    assert there == pytest.approx(distance_m(lat2, lng2, lat1, lng1))
    assert 0 <= there <= EARTH_RADIUS_M * pi + 0.01
    assert distance_m(lat1, lng1, lat1, lng1) == 0


@given(latitudes, longitudes, latitudes, longitudes)
def test_a_bearing_is_on_the_compass(lat1: float, lng1: float, lat2: float, lng2: float) -> None:
    assert 0 <= bearing_deg(lat1, lng1, lat2, lng2) < 360
