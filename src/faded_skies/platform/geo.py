"""Distances and directions on the globe; degrees in, metres and compass degrees out."""

from math import asin, atan2, cos, degrees, radians, sin, sqrt

EARTH_RADIUS_M = 6_371_008.8
"""Mean radius of the Earth (IUGG)."""

METRES_PER_MILE = 1_609.344


def distance_m(lat1: float, lng1: float, lat2: float, lng2: float) -> float:
    """Great-circle distance in metres (haversine)."""
    lat_half = radians(lat2 - lat1) / 2
    lng_half = radians(lng2 - lng1) / 2
    chord = sin(lat_half) ** 2 + cos(radians(lat1)) * cos(radians(lat2)) * sin(lng_half) ** 2
    # Rounding may carry the chord of two antipodes past 1, where asin is undefined.
    return 2 * EARTH_RADIUS_M * asin(sqrt(min(1.0, chord)))


def bearing_deg(lat1: float, lng1: float, lat2: float, lng2: float) -> float:
    """Compass direction in degrees, 0 ≤ bearing < 360 (0 north, 90 east), when setting out from 1 to 2."""
    turn = radians(lng2 - lng1)
    east = sin(turn) * cos(radians(lat2))
    north = cos(radians(lat1)) * sin(radians(lat2)) - sin(radians(lat1)) * cos(radians(lat2)) * cos(turn)
    # The second modulo: a tiny negative angle rounds to exactly 360.0 in the first.
    return degrees(atan2(east, north)) % 360 % 360
