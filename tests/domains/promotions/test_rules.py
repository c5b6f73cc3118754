"""Segments as they are kept, and areas as polygons."""

import math
from uuid import UUID

import pytest

from faded_skies.domains.promotions.rules import Segment, around, polygon_text, segment_of


def test_a_segment_comes_back_as_it_was_kept() -> None:
    for segment in (Segment(), Segment(30, 7, 10050, ("78701", "78702"), UUID(int=7), 100)):
        assert segment_of(segment.kept()) == segment


def test_a_circle_as_a_ring() -> None:
    ring = around(latitude=30.0, longitude=-97.0, radius_m=10_000)
    assert len(ring) == 64
    for longitude, latitude in ring:
        east = (longitude + 97.0) * 111_320 * math.cos(math.radians(30.0))
        assert math.hypot(east, (latitude - 30.0) * 111_320) == pytest.approx(10_000)
    assert polygon_text([(1.0, 2.0), (-3.5, 4.0)]) == "((1.0,2.0),(-3.5,4.0))"
