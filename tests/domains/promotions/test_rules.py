"""Segments as they are kept, birthdays, and areas as polygons."""

import math
from datetime import date
from uuid import UUID

import pytest

from faded_skies.domains.promotions.rules import Segment, around, latest_birth, polygon_text, segment_of


def test_a_segment_comes_back_as_it_was_kept() -> None:
    for segment in (Segment(), Segment(30, 7, 10050, ("78701", "78702"), UUID(int=7), 100)):
        assert segment_of(segment.kept()) == segment


@pytest.mark.parametrize(
    ("today", "born"),
    [
        (date(2026, 11, 27), date(2005, 11, 27)),
        (date(2024, 2, 29), date(2003, 2, 28)),
        # Who is born on 29 February 2004 is 21 on 1 March 2025.
        (date(2025, 2, 28), date(2004, 2, 28)),
        (date(2025, 3, 1), date(2004, 3, 1)),
    ],
)
def test_the_latest_birth_of_somebody_of_21(today: date, born: date) -> None:
    assert latest_birth(today, 21) == born


def test_a_circle_as_a_ring() -> None:
    ring = around(latitude=30.0, longitude=-97.0, radius_m=10_000)
    assert len(ring) == 64
    for longitude, latitude in ring:
        east = (longitude + 97.0) * 111_320 * math.cos(math.radians(30.0))
        assert math.hypot(east, (latitude - 30.0) * 111_320) == pytest.approx(10_000)
    assert polygon_text([(1.0, 2.0), (-3.5, 4.0)]) == "((1.0,2.0),(-3.5,4.0))"
